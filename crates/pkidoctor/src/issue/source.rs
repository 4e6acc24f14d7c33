//! Random numbers of the operating system, through ring, in the two dialects that the libraries ask in.

use std::convert::Infallible;

use crypto_bigint::rand_core::{TryCryptoRng, TryRng};
use p521::ecdsa::signature::rand_core as older;
use ring::rand::{SecureRandom as _, SystemRandom};

use super::key::KeyError;

/// A source that remembers its failure, because the libraries want one that cannot fail.
///
/// What was made with it counts only when [`Self::done`] says so.
pub(super) struct Source {
    system: SystemRandom,
    failed: bool,
}

impl Source {
    pub(super) fn new() -> Self {
        Self { system: SystemRandom::new(), failed: false }
    }

    /// # Errors
    /// [`KeyError::Random`] when the operating system refused at any time: nothing made since may be used.
    pub(super) fn done(&self) -> Result<(), KeyError> {
        if self.failed { Err(KeyError::Random) } else { Ok(()) }
    }

    fn fill(&mut self, bytes: &mut [u8]) {
        if self.system.fill(bytes).is_err() {
            // not zero, so that no library waits for another value
            bytes.fill(1);
            self.failed = true;
        }
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }
}

/// Fills `bytes`.
///
/// # Errors
/// [`KeyError::Random`].
pub(super) fn fill(bytes: &mut [u8]) -> Result<(), KeyError> {
    SystemRandom::new().fill(bytes).map_err(|_| KeyError::Random)
}

impl TryRng for Source {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_ne_bytes(self.array()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_ne_bytes(self.array()))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.fill(bytes);
        Ok(())
    }
}

impl TryCryptoRng for Source {}

impl older::RngCore for Source {
    fn next_u32(&mut self) -> u32 {
        u32::from_ne_bytes(self.array())
    }

    fn next_u64(&mut self) -> u64 {
        u64::from_ne_bytes(self.array())
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.fill(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), older::Error> {
        self.fill(bytes);
        Ok(())
    }
}

impl older::CryptoRng for Source {}
