//! `Certificate.Verify`: critical extensions, dates, name, chain, policies, usage, constraints.
//!
//! Go stops at its first complaint, and that is what stands in a log. A doctor wants the next ones too:
//! whoever mends the date of a certificate that also lacks a name only meets the second fault. So
//! [`Verifier::examine`] returns every complaint in Go's order; the first is Go's verdict.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use time::OffsetDateTime;

use crate::x509::certificate::Certificate;
use crate::x509::key::PublicKey;
use crate::x509::oid;
use crate::x509::signature::{self, Algorithm, Family};

use super::constraints;
use super::hostname::{self, HostnameError};
use super::load::Pool;
use super::policy;
use super::quote::quote;
use super::version::GoVersion;

/// What a certificate is to be used for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// `ExtKeyUsageServerAuth`, Go's default.
    Server,
    /// `ExtKeyUsageClientAuth`.
    Client,
    /// `ExtKeyUsageAny`.
    Any,
}

impl Purpose {
    fn oid(self) -> Option<&'static [u8]> {
        match self {
            Self::Server => Some(oid::EKU_SERVER_AUTH),
            Self::Client => Some(oid::EKU_CLIENT_AUTH),
            Self::Any => None,
        }
    }
}

/// Where a complaint about dates lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dates {
    /// After notAfter.
    Expired,
    /// Before notBefore.
    NotYetValid,
}

/// Why a candidate could not have signed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SignatureError {
    /// basicConstraints or keyUsage forbid it.
    NotACa,
    /// Go has no way to check this algorithm or key.
    Unsupported,
    /// Go refuses the algorithm.
    Insecure(Algorithm, GoVersion),
    /// Signed with an algorithm of another kind of key.
    OtherKind {
        /// What the algorithm needs.
        family: Family,
        /// Go's type of the candidate's key.
        key: &'static str,
    },
    /// The candidate's RSA key is refused before any mathematics.
    WeakKey(String),
    /// The candidate's key did not make this signature.
    Wrong(Family),
}

impl fmt::Display for SignatureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotACa => {
                f.write_str("x509: invalid signature: parent certificate cannot sign this kind of certificate")
            }
            Self::Unsupported => f.write_str("x509: cannot verify signature: algorithm unimplemented"),
            Self::Insecure(algorithm, go) => {
                let named = matches!(algorithm, Algorithm::Rsa(_) | Algorithm::Ecdsa(_));
                let hint = if named && go.mentions_sha1_override() {
                    " (temporarily override with GODEBUG=x509sha1=1)"
                } else {
                    ""
                };
                write!(f, "x509: cannot verify signature: insecure algorithm {}{hint}", algorithm.go_name())
            }
            Self::OtherKind { family, key } => {
                let family = match family {
                    Family::Rsa => "RSA",
                    Family::Dsa => "DSA",
                    Family::Ecdsa => "ECDSA",
                    Family::Ed25519 => "Ed25519",
                };
                write!(
                    f,
                    "x509: signature algorithm specifies an {family} public key, but have public key of type {key}"
                )
            }
            Self::WeakKey(text) => f.write_str(text),
            Self::Wrong(Family::Rsa) => f.write_str("crypto/rsa: verification error"),
            Self::Wrong(Family::Ecdsa) => f.write_str("x509: ECDSA verification failure"),
            Self::Wrong(_) => f.write_str("x509: Ed25519 verification failure"),
        }
    }
}

/// Why one candidate was not taken as parent.
#[derive(Clone, Debug)]
pub enum Rejection {
    /// Its signature check failed.
    Signature(SignatureError),
    /// It is not valid itself.
    Invalid(Box<VerifyError>),
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signature(error) => error.fmt(f),
            Self::Invalid(error) => error.fmt(f),
        }
    }
}

/// A complaint of `Certificate.Verify`; `Display` gives Go's words.
#[derive(Clone, Debug)]
pub enum VerifyError {
    /// A critical extension that Go does not know.
    UnhandledCriticalExtension(Arc<Certificate>),
    /// Outside its dates: the leaf, an intermediate or the CA; Go's text does not say which.
    Dates {
        /// Whose dates.
        certificate: Arc<Certificate>,
        /// Which end.
        end: Dates,
        /// The instant of judgement.
        now: OffsetDateTime,
    },
    /// The name dialled is not in it.
    Hostname(HostnameError),
    /// No trusted CA signed it.
    UnknownAuthority {
        /// The certificate whose issuer was not found.
        certificate: Arc<Certificate>,
        /// The first candidate of the right name and why it was not taken.
        hint: Option<(Arc<Certificate>, Rejection)>,
    },
    /// An intermediate that is not a CA.
    NotAuthorizedToSign(Arc<Certificate>),
    /// A path length limit.
    TooManyIntermediates(Arc<Certificate>),
    /// The usage is missing in the leaf or in a CA above it.
    IncompatibleUsage(Option<Arc<Certificate>>),
    /// A CA may not sign one of the names.
    NameConstraint(String),
    /// Every chain fails a certificate policy (and perhaps the usage).
    NoValidChains(String),
    /// Another text of Go's.
    Other(String),
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnhandledCriticalExtension(_) => f.write_str("x509: unhandled critical extension"),
            Self::Dates { certificate, end, now } => {
                let (word, at) = match end {
                    Dates::NotYetValid => ("before", certificate.not_before),
                    Dates::Expired => ("after", certificate.not_after),
                };
                write!(
                    f,
                    "x509: certificate has expired or is not yet valid: current time {} is {word} {}",
                    rfc3339(*now),
                    rfc3339(at)
                )
            }
            Self::Hostname(error) => f.write_str(&error.text),
            Self::UnknownAuthority { hint, .. } => {
                f.write_str("x509: certificate signed by unknown authority")?;
                let Some((candidate, rejection)) = hint else { return Ok(()) };
                write!(
                    f,
                    " (possibly because of {} while trying to verify candidate authority certificate {})",
                    quote(&rejection.to_string()),
                    quote(&hint_name(candidate))
                )
            }
            Self::NotAuthorizedToSign(_) => {
                f.write_str("x509: certificate is not authorized to sign other certificates")
            }
            Self::TooManyIntermediates(_) => f.write_str("x509: too many intermediates for path length constraint"),
            Self::IncompatibleUsage(_) => f.write_str("x509: certificate specifies an incompatible key usage"),
            Self::NameConstraint(detail) => {
                write!(f, "x509: a root or intermediate certificate is not authorized to sign for this name: {detail}")
            }
            Self::NoValidChains(detail) => write!(f, "x509: no valid chains built: {detail}"),
            Self::Other(text) => f.write_str(text),
        }
    }
}

/// Go's `time.RFC3339`: whole seconds, `Z` or the offset.
pub fn rfc3339(at: OffsetDateTime) -> String {
    let at = at.replace_nanosecond(0).unwrap_or(at);
    at.format(&time::format_description::well_known::Rfc3339).unwrap_or_else(|_| at.to_string())
}

/// How Go names a candidate: common name, else organization, else serial number.
fn hint_name(certificate: &Certificate) -> String {
    let name = certificate.subject.common_name();
    if !name.is_empty() {
        return name.to_owned();
    }
    match certificate.subject.organizations().first() {
        Some(organization) => (*organization).to_owned(),
        None => format!("serial:{}", certificate.serial_decimal()),
    }
}

/// Signature checks already made, as one Go version judges them: another version needs another cache.
///
/// Kubeconfigs and nodes hold copies of the same CA, so contents count.
#[derive(Default)]
pub struct SignatureCache {
    /// The short way, by the addresses of child and parent; their owners are kept, so that no address comes back.
    by_address: RefCell<HashMap<(usize, usize), (Pair, SignatureVerdict)>>,
    by_content: RefCell<HashMap<Pair, SignatureVerdict>>,
}

type SignatureVerdict = Result<(), SignatureError>;

/// Child and parent, told apart by their bytes.
#[derive(Clone)]
struct Pair(Arc<Certificate>, Arc<Certificate>);

impl PartialEq for Pair {
    fn eq(&self, other: &Self) -> bool {
        self.0.raw == other.0.raw && self.1.raw == other.1.raw
    }
}

impl Eq for Pair {}

impl Hash for Pair {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.raw.hash(state);
        self.1.raw.hash(state);
    }
}

/// Judges certificates at an instant, as one Go version does.
pub struct Verifier<'a> {
    /// Whose rules.
    pub go: GoVersion,
    /// When.
    pub now: OffsetDateTime,
    /// Signatures checked so far.
    pub signatures: &'a SignatureCache,
}

/// A chain, leaf first, trust anchor last.
pub type Chain = Vec<Arc<Certificate>>;

/// What [`Verifier::examine`] found.
pub struct Examination {
    /// Every complaint in Go's order; the first one is what Go says. Empty when Go accepts.
    pub complaints: Vec<VerifyError>,
    /// The chains that were built.
    pub chains: Vec<Chain>,
}

const MAX_SIGNATURE_CHECKS: usize = 100;

impl Verifier<'_> {
    /// `Certificate.Verify`.
    ///
    /// # Errors
    /// Go's complaint.
    pub fn verify(
        &self,
        leaf: &Arc<Certificate>,
        intermediates: &Pool,
        roots: &Pool,
        name: Option<&str>,
        purpose: Purpose,
    ) -> Result<Vec<Chain>, VerifyError> {
        let examination = self.examine(leaf, intermediates, Some(roots), name, purpose);
        match examination.complaints.into_iter().next() {
            None => Ok(examination.chains),
            Some(complaint) => Err(complaint),
        }
    }

    /// All complaints about `leaf`; without `roots` only those that need no trust anchor.
    pub fn examine(
        &self,
        leaf: &Arc<Certificate>,
        intermediates: &Pool,
        roots: Option<&Pool>,
        name: Option<&str>,
        purpose: Purpose,
    ) -> Examination {
        let mut complaints = Vec::new();
        if !leaf.unhandled_critical.is_empty() {
            complaints.push(VerifyError::UnhandledCriticalExtension(Arc::clone(leaf)));
        }
        complaints.extend(self.check_dates(leaf).err());
        if let Some(name) = name.filter(|name| !name.is_empty()) {
            complaints.extend(hostname::verify(leaf, name, self.go).err().map(VerifyError::Hostname));
        }
        let own_usage = || {
            (!usage_nests(&[Arc::clone(leaf)], purpose)).then(|| VerifyError::IncompatibleUsage(Some(Arc::clone(leaf))))
        };
        let Some(roots) = roots else {
            complaints.extend(own_usage());
            return Examination { complaints, chains: Vec::new() };
        };
        match self.candidate_chains(leaf, intermediates, roots) {
            Err(error) => {
                complaints.push(error);
                complaints.extend(own_usage());
                Examination { complaints, chains: Vec::new() }
            }
            Ok(candidates) => {
                let (chains, refusal) = self.filter(candidates, purpose);
                complaints.extend(refusal);
                Examination { complaints, chains }
            }
        }
    }

    fn candidate_chains(
        &self,
        leaf: &Arc<Certificate>,
        intermediates: &Pool,
        roots: &Pool,
    ) -> Result<Vec<Chain>, VerifyError> {
        if roots.contains(leaf) {
            return Ok(vec![vec![Arc::clone(leaf)]]);
        }
        let mut builder = Builder { verifier: self, intermediates, roots, checks: 0 };
        builder.build(&[Arc::clone(leaf)])
    }

    /// What Go does with finished chains: policies, usage, and from 1.26 name constraints.
    fn filter(&self, candidates: Vec<Chain>, purpose: Purpose) -> (Vec<Chain>, Option<VerifyError>) {
        let (mut bad_policies, mut bad_usage, mut constraint) = (0, 0, None);
        let first = candidates.first().cloned().unwrap_or_default();
        let mut kept = Vec::new();
        for chain in candidates {
            if self.go.checks_policies() && !policy::valid(&chain) {
                bad_policies += 1;
            } else if !usage_nests(&chain, purpose) {
                bad_usage += 1;
            } else if let Some(detail) =
                self.go.constraints_after_building().then(|| constraints::check_chain(&chain, self.go).err()).flatten()
            {
                constraint.get_or_insert(detail);
            } else {
                kept.push(chain);
            }
        }
        if !kept.is_empty() {
            return (kept, None);
        }
        let refusal = if let Some(detail) = constraint {
            VerifyError::NameConstraint(detail)
        } else if bad_usage > 0 && bad_policies == 0 {
            VerifyError::IncompatibleUsage(usage_culprit(&first, purpose))
        } else {
            VerifyError::NoValidChains(self.no_chains_detail(bad_usage, bad_policies))
        };
        (kept, Some(refusal))
    }

    fn no_chains_detail(&self, usage: usize, policies: usize) -> String {
        if !self.go.constraints_after_building() {
            return if usage == 0 {
                "all candidate chains have invalid policies".to_owned()
            } else {
                format!("{usage} chains with incompatible key usage, {policies} chains with invalid policies")
            };
        }
        let mut details = Vec::new();
        if usage > 0 {
            details.push(format!("{usage} candidate chains with incompatible key usage"));
        }
        if policies > 0 {
            details.push(format!("{policies} candidate chains with invalid policies"));
        }
        details.join(", ")
    }

    /// Both ends belong to the validity.
    fn check_dates(&self, certificate: &Arc<Certificate>) -> Result<(), VerifyError> {
        let end = if self.now < certificate.not_before {
            Dates::NotYetValid
        } else if self.now > certificate.not_after {
            Dates::Expired
        } else {
            return Ok(());
        };
        Err(VerifyError::Dates { certificate: Arc::clone(certificate), end, now: self.now })
    }

    /// `CheckSignatureFrom`, remembered.
    ///
    /// # Errors
    /// Why `parent` did not sign `child`, as Go puts it.
    pub fn check_signature(&self, child: &Arc<Certificate>, parent: &Arc<Certificate>) -> Result<(), SignatureError> {
        if !parent.may_sign() {
            return Err(SignatureError::NotACa);
        }
        let Some(key) = &parent.key else { return Err(SignatureError::Unsupported) };
        let address = (Arc::as_ptr(child).addr(), Arc::as_ptr(parent).addr());
        if let Some((_, known)) = self.signatures.by_address.borrow().get(&address) {
            return known.clone();
        }
        let pair = Pair(Arc::clone(child), Arc::clone(parent));
        let mut by_content = self.signatures.by_content.borrow_mut();
        let verdict = by_content.entry(pair.clone()).or_insert_with(|| self.signature_verdict(child, key)).clone();
        self.signatures.by_address.borrow_mut().insert(address, (pair, verdict.clone()));
        verdict
    }

    fn signature_verdict(&self, child: &Certificate, key: &PublicKey) -> Result<(), SignatureError> {
        let algorithm = child.algorithm;
        let Some(family) = algorithm.family() else { return Err(SignatureError::Unsupported) };
        if algorithm == Algorithm::Md5Rsa || algorithm.is_sha1() && self.go.refuses_sha1() {
            return Err(SignatureError::Insecure(algorithm, self.go));
        }
        let fits = match key {
            PublicKey::Rsa { .. } => family == Family::Rsa,
            PublicKey::Ec { .. } => family == Family::Ecdsa,
            PublicKey::Ed25519(_) => family == Family::Ed25519,
            PublicKey::Dsa => return Err(SignatureError::Unsupported),
        };
        if !fits {
            return Err(SignatureError::OtherKind { family, key: key.go_type() });
        }
        if let Some(text) = self.weak_rsa(key) {
            return Err(SignatureError::WeakKey(text));
        }
        if signature::verifies(algorithm, key, child.tbs_bytes(), &child.signature) {
            Ok(())
        } else {
            Err(SignatureError::Wrong(family))
        }
    }

    /// RSA keys that Go from 1.24 does not even try.
    fn weak_rsa(&self, key: &PublicKey) -> Option<String> {
        let PublicKey::Rsa { modulus, exponent } = key else { return None };
        if let Some(text) = small_rsa(key).filter(|_| self.go.refuses_small_rsa()) {
            return Some(text);
        }
        if !self.go.checks_rsa_keys() {
            return None;
        }
        let text = if modulus.last().is_some_and(|byte| byte % 2 == 0) {
            "crypto/rsa: public modulus is even"
        } else if *exponent < 2 {
            "crypto/rsa: public exponent too small or negative"
        } else if exponent % 2 == 0 {
            "crypto/rsa: public exponent is even"
        } else if *exponent > (1 << 31) - 1 {
            "crypto/rsa: public exponent too large"
        } else {
            return None;
        };
        Some(text.to_owned())
    }

    /// `isValid` for a certificate above the leaf.
    fn valid_issuer(
        &self,
        candidate: &Arc<Certificate>,
        root: bool,
        below: &[Arc<Certificate>],
    ) -> Result<(), VerifyError> {
        if !candidate.unhandled_critical.is_empty() {
            return Err(VerifyError::UnhandledCriticalExtension(Arc::clone(candidate)));
        }
        self.check_dates(candidate)?;
        if !self.go.constraints_after_building() {
            constraints::check_while_building(candidate, below, self.go).map_err(|violation| {
                if violation.for_name {
                    VerifyError::NameConstraint(violation.text)
                } else {
                    VerifyError::Other(violation.text)
                }
            })?;
        }
        if !root && !candidate.is_ca() {
            return Err(VerifyError::NotAuthorizedToSign(Arc::clone(candidate)));
        }
        let limit = candidate.basic_constraints.map_or(-1, |constraints| constraints.max_path_len);
        let intermediates = i64::try_from(below.len()).unwrap_or(i64::MAX) - 1;
        if limit >= 0 && intermediates > limit {
            return Err(VerifyError::TooManyIntermediates(Arc::clone(candidate)));
        }
        Ok(())
    }
}

/// Go's text for an RSA key below 1024 bits (from 1.24).
pub(crate) fn small_rsa(key: &PublicKey) -> Option<String> {
    let bits = key.rsa_bits().filter(|bits| *bits < 1024)?;
    Some(format!("crypto/rsa: {bits}-bit keys are insecure (see https://go.dev/pkg/crypto/rsa#hdr-Minimum_key_size)"))
}

/// `buildChains`, with its one error variable that later candidates overwrite.
struct Builder<'a, 'b> {
    verifier: &'a Verifier<'b>,
    intermediates: &'a Pool,
    roots: &'a Pool,
    checks: usize,
}

impl Builder<'_, '_> {
    fn build(&mut self, below: &[Arc<Certificate>]) -> Result<Vec<Chain>, VerifyError> {
        let Some(child) = below.last().cloned() else { return Ok(Vec::new()) };
        let mut chains = Vec::new();
        let mut error = None;
        let mut hint = None;
        'candidates: for root in [true, false] {
            let pool = if root { self.roots } else { self.intermediates };
            for candidate in potential_parents(pool, &child) {
                let limited = self.consider(&candidate, root, &child, below, &mut chains, &mut error, &mut hint);
                if limited && self.verifier.go.counts_candidates_first() {
                    break 'candidates;
                }
            }
        }
        if !chains.is_empty() {
            return Ok(chains);
        }
        Err(error.unwrap_or(VerifyError::UnknownAuthority { certificate: child, hint }))
    }

    /// Go's `considerCandidate`; whether the limit of signature checks was hit.
    #[expect(clippy::too_many_arguments, reason = "the closure it stands for captures all of these")]
    fn consider(
        &mut self,
        candidate: &Arc<Certificate>,
        root: bool,
        child: &Arc<Certificate>,
        below: &[Arc<Certificate>],
        chains: &mut Vec<Chain>,
        error: &mut Option<VerifyError>,
        hint: &mut Option<(Arc<Certificate>, Rejection)>,
    ) -> bool {
        let go = self.verifier.go;
        let passed_over = candidate.key.is_none() && go.skips_keyless_candidates() || already_in(candidate, below);
        if passed_over && !go.counts_candidates_first() {
            return false;
        }
        self.checks += 1;
        if self.checks > MAX_SIGNATURE_CHECKS {
            let text = "x509: signature check attempts limit reached while verifying certificate chain";
            *error = Some(VerifyError::Other(text.to_owned()));
            return true;
        }
        if passed_over {
            return false;
        }
        if let Err(reason) = self.verifier.check_signature(child, candidate) {
            hint.get_or_insert_with(|| (Arc::clone(candidate), Rejection::Signature(reason)));
            return false;
        }
        match self.verifier.valid_issuer(candidate, root, below) {
            Err(reason) => {
                hint.get_or_insert_with(|| (Arc::clone(candidate), Rejection::Invalid(Box::new(reason.clone()))));
                *error = Some(reason);
                return false;
            }
            Ok(()) => *error = None,
        }
        let mut longer = below.to_vec();
        longer.push(Arc::clone(candidate));
        if root {
            chains.push(longer);
        } else {
            match self.build(&longer) {
                Ok(found) => chains.extend(found),
                Err(reason) => *error = Some(reason),
            }
        }
        false
    }
}

/// `findPotentialParents`: subjects equal to the issuer, best key identifier first.
fn potential_parents(pool: &Pool, child: &Certificate) -> Vec<Arc<Certificate>> {
    let mut named: Vec<_> =
        pool.certificates.iter().filter(|candidate| candidate.subject.raw == child.issuer.raw).cloned().collect();
    named.sort_by_key(|candidate| {
        let (subject, authority) = (&candidate.subject_key_id, &child.authority_key_id);
        if subject == authority {
            0
        } else if subject.is_empty() != authority.is_empty() {
            1
        } else {
            2
        }
    });
    named
}

/// `alreadyInChain`: same subject, key and alternative names.
fn already_in(candidate: &Certificate, chain: &[Arc<Certificate>]) -> bool {
    let names = |certificate: &Certificate| certificate.san_extension().map(|extension| extension.value.clone());
    for known in chain {
        if known.subject.raw != candidate.subject.raw || known.spki_bytes() != candidate.spki_bytes() {
            continue;
        }
        match (names(candidate), names(known)) {
            (None, None) => return true,
            (Some(a), Some(b)) if a == b => return true,
            (Some(_), Some(_)) => {}
            _ => return false,
        }
    }
    false
}

/// `checkChainForKeyUsage` for one wanted usage: no certificate of the chain excludes it.
fn usage_nests(chain: &[Arc<Certificate>], purpose: Purpose) -> bool {
    let Some(wanted) = purpose.oid() else { return true };
    chain.iter().all(|certificate| certificate.allows_usage(wanted))
}

/// The certificate that excludes the usage, from the root down as Go walks.
fn usage_culprit(chain: &[Arc<Certificate>], purpose: Purpose) -> Option<Arc<Certificate>> {
    let wanted = purpose.oid()?;
    chain.iter().rev().find(|certificate| !certificate.allows_usage(wanted)).cloned()
}
