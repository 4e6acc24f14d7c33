//! What an etcd says of itself, through its own API: read-only calls over a recorded connection.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use etcd_client::{AlarmAction, AlarmResponse, AlarmType, Channel, Client, Error, MemberListResponse};
use hyper_util::rt::TokioIo;
use pkidoctor::live::{EtcdState, Member};
use tokio::time::timeout;
use tonic::Code;
use tonic::transport::Endpoint;
use tower::service_fn;

use crate::identity::Identity;
use crate::observe::{Dial, Manner, open};
use crate::probe::MOST_MEMBERS;

/// How long a quorum may take, which needs a millisecond where it is well.
const QUORUM: Duration = Duration::from_millis(700);

/// Bytes of all answers together: a member takes about 200, and empty ones unfold to fifty times their bytes.
const MAX_ANSWERS: usize = 40 << 10;

/// The key that etcdctl reads to see whether the cluster has a quorum; nothing need be there.
const HEALTH: &str = "health";

/// Everything that is asked, one call after the other on one connection.
///
/// # Errors
/// The first call's failure: then nothing is known. Later ones leave their part empty.
pub(crate) async fn ask(
    dial: Dial,
    identity: Option<Identity>,
    manner: Manner,
    trusted: impl Fn(&[Vec<u8>], Option<bool>) -> bool + Clone + Send + Sync + 'static,
) -> Result<EtcdState, String> {
    let patience = manner.timeout;
    let asked = timeout(patience, calls(dial, identity, manner, trusted)).await;
    asked.unwrap_or_else(|_| Err("context deadline exceeded".to_owned()))
}

async fn calls(
    dial: Dial,
    identity: Option<Identity>,
    manner: Manner,
    trusted: impl Fn(&[Vec<u8>], Option<bool>) -> bool + Clone + Send + Sync + 'static,
) -> Result<EtcdState, String> {
    // only a name for gRPC's headers: where it leads is the connector's affair
    let authority = if dial.host.contains(':') { format!("[{}]", dial.host) } else { dial.host.clone() };
    let address = format!("http://{authority}:{}", dial.port);
    let endpoint = Endpoint::from_shared(address).map_err(|error| error.to_string())?;
    let call = Arc::new((dial, identity, manner));
    let patience = (call.2.timeout / 2).min(QUORUM);
    let connector = service_fn(move |_| {
        let (call, trusted) = (Arc::clone(&call), trusted.clone());
        async move {
            let (dial, identity, manner) = &*call;
            let stream = open(dial, identity.as_ref(), manner, trusted).await;
            let bounded = stream.map(|mut stream| {
                stream.get_mut().0.allow(MAX_ANSWERS);
                TokioIo::new(stream)
            });
            bounded.map_err(|end| io::Error::other(end.words()))
        }
    });
    let channel = Channel::Tonic(endpoint.connect_with_connector_lazy(connector));
    let mut client = Client::from_channel(channel, None).await.map_err(|error| words(&error))?;
    let status = client.status().await.map_err(|error| words(&error))?;
    let members = permitted(client.member_list().await)?;
    let health = health(&mut client, patience).await;
    // etcd puts this question to its quorum, too
    let alarms = match &health {
        Ok(()) => alarms(&mut client, patience).await?,
        Err(_) => None,
    };
    Ok(EtcdState {
        version: status.version().to_owned(),
        member: status.header().map_or(0, etcd_client::ResponseHeader::member_id),
        leader: status.leader(),
        is_learner: status.is_learner(),
        health,
        alarms: alarms
            .iter()
            .flat_map(AlarmResponse::alarms)
            .take(MOST_MEMBERS)
            .map(|alarm| (alarm.member_id(), kind(alarm.alarm()).to_owned()))
            .collect(),
        errors: status.errors().iter().take(MOST_MEMBERS).cloned().collect(),
        members: members
            .iter()
            .flat_map(MemberListResponse::members)
            .take(MOST_MEMBERS)
            .map(|member| Member {
                id: member.id(),
                name: member.name().to_owned(),
                peer_urls: member.peer_urls().to_vec(),
                client_urls: member.client_urls().to_vec(),
                is_learner: member.is_learner(),
            })
            .collect(),
    })
}

/// A linearizable read, as `etcdctl endpoint health` makes it; who may not read the key has seen a quorum, too.
async fn health(client: &mut Client, patience: Duration) -> Result<(), String> {
    match timeout(patience, client.get(HEALTH, None)).await {
        Ok(answer) => permitted(answer).map(|_| ()),
        Err(_) => Err(format!("no linearizable read within {patience:?}: no quorum, or far too slow")),
    }
}

async fn alarms(client: &mut Client, patience: Duration) -> Result<Option<AlarmResponse>, String> {
    let asked = timeout(patience, client.alarm(AlarmAction::Get, AlarmType::None, None)).await;
    // what the member itself knows of alarms stands in its status
    asked.map_or(Ok(None), permitted)
}

/// An answer; none where etcd's own access control withholds it, which is no fault of a link.
fn permitted<T>(answer: Result<T, Error>) -> Result<Option<T>, String> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(Error::GRpcStatus(status)) if matches!(status.code(), Code::PermissionDenied | Code::Unauthenticated) => {
            Ok(None)
        }
        Err(error) => Err(words(&error)),
    }
}

const fn kind(alarm: AlarmType) -> &'static str {
    match alarm {
        AlarmType::None => "NONE",
        AlarmType::Nospace => "NOSPACE",
        AlarmType::Corrupt => "CORRUPT",
    }
}

/// etcd's own words where it has said any; the library's else.
fn words(error: &Error) -> String {
    match error {
        Error::GRpcStatus(status) if !status.message().is_empty() => status.message().to_owned(),
        other => other.to_string(),
    }
}
