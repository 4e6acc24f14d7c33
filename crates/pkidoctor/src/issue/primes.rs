//! Prime numbers for RSA, searched on all cores.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crypto_bigint::{Encoding, RandomBits, RandomMod, U1024, U1536, U2048, UnsignedWithMontyForm};
use crypto_primes::hazmat::{SetBits, SmallFactorsSieveFactory};
use crypto_primes::{Flavor, is_prime, sieve_and_find};
use zeroize::{Zeroize, Zeroizing};

use super::key::KeyError;
use super::rsa::EXPONENT;
use super::source::Source;

/// A prime, big endian, exactly as long as it was asked for.
pub(super) type Prime = Zeroizing<Vec<u8>>;

/// One prime for each of these widths in bits (1024, 1536 or 2048), in the same order.
///
/// The two highest bits are set, so a product of two has its full length; e = 65537 does not divide p - 1.
///
/// # Errors
/// [`KeyError::Random`]; [`KeyError::Bug`] for another width.
pub(super) fn search(widths: &[u32]) -> Result<Vec<Prime>, KeyError> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get).min(widths.len());
    let next = AtomicUsize::new(0);
    let work = || take_turns(widths, &next);
    let mut found = thread::scope(|scope| {
        // a thread that the system refuses is work for the others
        let others: Vec<_> = (1..cores).filter_map(|_| thread::Builder::new().spawn_scoped(scope, work).ok()).collect();
        let mut found = work()?;
        for other in others {
            found.extend(other.join().map_err(|_| KeyError::Bug("the search for a prime stopped"))??);
        }
        Ok::<_, KeyError>(found)
    })?;
    found.sort_by_key(|(at, _)| *at);
    Ok(found.into_iter().map(|(_, prime)| prime).collect())
}

fn take_turns(widths: &[u32], next: &AtomicUsize) -> Result<Vec<(usize, Prime)>, KeyError> {
    let mut found = Vec::new();
    loop {
        let at = next.fetch_add(1, Ordering::Relaxed);
        let Some(width) = widths.get(at) else { return Ok(found) };
        found.push((at, prime(*width)?));
    }
}

fn prime(width: u32) -> Result<Prime, KeyError> {
    match width {
        1024 => of_width::<U1024>(width),
        1536 => of_width::<U1536>(width),
        2048 => of_width::<U2048>(width),
        _ => Err(KeyError::Bug("no prime of this width")),
    }
}

fn of_width<T>(width: u32) -> Result<Prime, KeyError>
where
    T: UnsignedWithMontyForm + RandomBits + RandomMod + Encoding<Repr: Zeroize> + Zeroize,
{
    let bug = |_| KeyError::Bug("the search for a prime cannot start");
    loop {
        let mut source = Source::new();
        let sieve = SmallFactorsSieveFactory::<T>::new(Flavor::Any, width, SetBits::TwoMsb).map_err(bug)?;
        let found = sieve_and_find(&mut source, sieve, |_, candidate| is_prime(Flavor::Any, candidate)).map_err(bug)?;
        source.done()?;
        let Some(number) = found.map(Zeroizing::new) else { continue };
        let bytes = Zeroizing::new(Zeroizing::new(number.to_be_bytes()).as_ref().to_vec());
        if remainder(&bytes, EXPONENT) != 1 {
            return Ok(bytes);
        }
    }
}

fn remainder(number: &[u8], divisor: u32) -> u32 {
    let divisor = u64::from(divisor);
    let rest = number.iter().fold(0, |rest, byte| (rest << 8 | u64::from(*byte)) % divisor);
    u32::try_from(rest).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn primes_come_in_the_order_asked_for_with_their_two_highest_bits() {
        let found = search(&[1024, 1536, 1024, 2048]).expect("primes");
        let lengths: Vec<usize> = found.iter().map(|prime| prime.len() * 8).collect();
        assert_eq!(lengths, [1024, 1536, 1024, 2048]);
        assert!(found.iter().all(|prime| prime[0] >= 0xc0 && prime[prime.len() - 1] % 2 == 1));
        assert_ne!(*found[0], *found[2]);
        assert_eq!(search(&[512]), Err(KeyError::Bug("no prime of this width")));
    }

    #[test]
    fn remainders() {
        assert_eq!(remainder(&[1, 0, 2], 65_537), 1);
        assert_eq!(remainder(&65_537_u32.to_be_bytes(), 65_537), 0);
        assert_eq!(remainder(&u64::MAX.to_be_bytes(), 65_537), 0);
    }
}
