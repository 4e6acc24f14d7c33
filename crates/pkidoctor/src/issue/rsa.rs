//! RSA private keys out of two primes (RFC 8017 section 3.2, FIPS 186-5 appendix A.1).

use std::cmp::Ordering;

use crypto_bigint::{BoxedUint, NonZero, Odd, Resize as _};
use x509_cert::der::Encode as _;
use x509_cert::der::asn1::UintRef;
use zeroize::Zeroizing;

/// The public exponent that Go and OpenSSL use.
pub(super) const EXPONENT: u32 = 65_537;

type Number = Zeroizing<BoxedUint>;

/// The key as PKCS#1; `None` when these primes do not make a good one, which never happens by chance.
///
/// The primes are equally long. Asked for: |p - q| > 2^(bits/2 - 100), d > 2^(bits/2) (FIPS 186-5 appendix
/// A.1.1), a modulus of full length.
pub(super) fn pkcs1(p: &[u8], q: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let bits = u32::try_from((p.len() + q.len()) * 8).ok()?;
    let number = |bytes: &[u8]| BoxedUint::from_be_slice(bytes, bits).ok().map(Zeroizing::new);
    let (p, q) = (number(p)?, number(q)?);
    // ring and OpenSSL want the larger one first
    let (p, q) = if p.cmp_vartime(&*q) == Ordering::Less { (q, p) } else { (p, q) };
    let modulus: Number = Zeroizing::new(p.wrapping_mul(&*q));
    let (p_less_one, q_less_one) = (less_one(&p)?, less_one(&q)?);
    let totient = nonzero(p_less_one.wrapping_mul(&**q_less_one))?;
    let e = BoxedUint::from(EXPONENT).resize(bits);
    let d: Number = Zeroizing::new(Option::from(e.invert_mod(&totient))?);
    let far_apart = Zeroizing::new(p.wrapping_sub(&*q)).bit_width() > bits / 2 - 100;
    if !far_apart || d.bit_width() <= bits / 2 || modulus.bit_width() != bits {
        return None;
    }
    let odd_p = Zeroizing::new(Option::<Odd<BoxedUint>>::from(Odd::new((*p).clone()))?);
    let q_inverse: Number = Zeroizing::new(Option::from(q.invert_odd_mod(&odd_p))?);
    let (dp, dq) = (d.rem(&*p_less_one), d.rem(&*q_less_one));
    encode([&modulus, &d, &p, &q, &Zeroizing::new(dp), &Zeroizing::new(dq), &q_inverse])
}

fn less_one(prime: &BoxedUint) -> Option<Zeroizing<NonZero<BoxedUint>>> {
    nonzero(prime.wrapping_sub(BoxedUint::one_with_precision(prime.bits_precision())))
}

fn nonzero(number: BoxedUint) -> Option<Zeroizing<NonZero<BoxedUint>>> {
    Option::<NonZero<BoxedUint>>::from(NonZero::new(number)).map(Zeroizing::new)
}

/// n, d, p, q, d mod (p - 1), d mod (q - 1), 1/q mod p.
fn encode(numbers: [&BoxedUint; 7]) -> Option<Zeroizing<Vec<u8>>> {
    let bytes = numbers.map(|number| Zeroizing::new(number.to_be_bytes()));
    let [modulus, private_exponent, prime1, prime2, exponent1, exponent2, coefficient] =
        bytes.each_ref().map(|bytes| UintRef::new(bytes));
    let exponent = EXPONENT.to_be_bytes();
    let key = pkcs1::RsaPrivateKey {
        modulus: modulus.ok()?,
        public_exponent: UintRef::new(&exponent).ok()?,
        private_exponent: private_exponent.ok()?,
        prime1: prime1.ok()?,
        prime2: prime2.ok()?,
        exponent1: exponent1.ok()?,
        exponent2: exponent2.ok()?,
        coefficient: coefficient.ok()?,
        other_prime_infos: None,
    };
    key.to_der().ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::pkcs1;
    use crate::issue::primes;

    #[test]
    fn primes_too_close_or_too_small_make_no_key() {
        let found = primes::search(&[1024, 1024]).expect("primes");
        let [p, q] = &found[..] else { panic!("two primes") };
        assert!(pkcs1(p, q).is_some());
        assert!(pkcs1(p, p).is_none());
        let mut near = p.clone();
        // not a prime, but near enough to be refused before that could matter
        near[127] ^= 2;
        assert!(pkcs1(p, &near).is_none());
        let short = [&[0; 64], &q[64..]].concat();
        assert!(pkcs1(p, &short).is_none());
    }

    #[test]
    fn the_order_of_the_primes_does_not_matter() {
        let found = primes::search(&[1024, 1024]).expect("primes");
        assert_eq!(pkcs1(&found[0], &found[1]), pkcs1(&found[1], &found[0]));
    }
}
