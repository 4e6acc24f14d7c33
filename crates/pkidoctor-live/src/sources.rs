//! The ports from which a tour has dialled, so that its own lines in the servers' logs can be told from others.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::TcpStream;

/// The ports of one tour.
#[derive(Clone, Default)]
pub(crate) struct Sources(Arc<Mutex<Vec<u16>>>);

tokio::task_local! {
    /// Those of the tour to which a question belongs; there are none outside of a tour.
    static OF_TOUR: Sources;
}

impl Sources {
    /// Answers a question of this tour.
    pub(crate) async fn of<F: Future>(self, question: F) -> F::Output {
        OF_TOUR.scope(self, question).await
    }

    /// What has been noted, each port once.
    pub(crate) fn ports(&self) -> Vec<u16> {
        let mut ports = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        ports.sort_unstable();
        ports.dedup();
        ports
    }
}

/// Notes the port of a connection that stands.
pub(crate) fn note(stream: &TcpStream) {
    let Ok(local) = stream.local_addr() else { return };
    // outside of a tour nobody asks for it
    let _ = OF_TOUR.try_with(|sources| {
        sources.0.lock().unwrap_or_else(PoisonError::into_inner).push(local.port());
    });
}
