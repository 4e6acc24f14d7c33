//! Single chains at random: a few authorities with few names and few keys, certified by one another in every odd way,
//! and a leaf below one of them.
//!
//! What a cluster rarely shows is common here: several paths to a root, circles, policies, constraints and path
//! lengths that contradict each other, and so the order in which Go finds and reports them.

use crate::algorithm::{Algorithm, Digest};
use crate::certificate::{Certificate, KeyId, Signer, Spoil};
use crate::cluster::DAY;
use crate::der::tag;
use crate::extension::{
    ANY_POLICY, AltName, BASIC_CONSTRAINTS, EXTENDED_KEY_USAGE, Extension, KEY_USAGE, Purpose, Subtree, usage_bit,
};
use crate::key::{Key, Kind};
use crate::name::Name;
use crate::pem;
use crate::rng::Rng;
use crate::truth::rfc3339;
use serde::{Deserialize, Serialize};

/// One question: would Go accept this leaf?
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Chain {
    /// the leaf's file, perhaps with certificates behind it
    pub leaf: String,
    /// the trusted certificates
    pub ca: String,
    /// certificates that may be used and are not trusted
    pub untrusted: String,
    /// `server`, `client` or `any`
    pub usage: String,
    /// the name that is called, or nothing
    pub name: String,
    /// when
    pub at: String,
}

const AT: i64 = 1_795_402_800;
const POLICIES: [&[u64]; 3] = [&[1, 2, 3, 1], &[1, 2, 3, 2], ANY_POLICY];
const HOSTS: [&str; 8] =
    ["etcd.example", "a.b.etcd.example", "localhost", "127.0.0.1", "10.0.0.1", "::1", "other.test", "UPPER.example"];

/// An authority: a name and a key, which several certificates may share.
struct Authority {
    name: Name,
    key: Key,
}

/// Chain `index` of the series `seed`.
pub fn random(seed: u64, index: u64) -> Chain {
    let mut rng = Rng::for_patient(seed ^ 0x0063_6861_696e, index);
    let rng = &mut rng;
    let authorities = authorities(rng);
    let count = 1 + rng.below(5);
    let certificates: Vec<String> = (0..count).map(|_| authority_certificate(&authorities, rng)).collect();
    let mut trusted: Vec<String> = certificates.iter().filter(|_| rng.chance(45)).cloned().collect();
    trusted.extend((0..=rng.below(2)).map(|_| root_certificate(&authorities, rng)));
    shuffle(&mut trusted, rng);
    let mut untrusted = certificates;
    shuffle(&mut untrusted, rng);
    let behind: Vec<String> = untrusted.iter().filter(|_| rng.chance(40)).cloned().collect();
    let leaf = leaf_certificate(&authorities, rng);
    Chain {
        leaf: leaf + &behind.concat(),
        ca: trusted.concat(),
        untrusted: untrusted.concat(),
        usage: (*rng.pick(&["server", "server", "client", "any"])).to_owned(),
        name: if rng.chance(50) { (*rng.pick(&HOSTS)).to_owned() } else { String::new() },
        at: rfc3339(AT),
    }
}

fn authorities(rng: &mut Rng) -> Vec<Authority> {
    let names = ["alpha", "beta", "gamma"];
    (0..2 + rng.below(3))
        .map(|_| Authority {
            name: {
                let text = *rng.pick(&names);
                name(text, rng)
            },
            key: Key::generate(kind(rng), rng),
        })
        .collect()
}

fn name(text: &str, rng: &mut Rng) -> Name {
    match rng.below(20) {
        0 => Name::common_typed(tag::UTF8_STRING, text),
        1 => Name::empty(),
        _ => Name::common(text),
    }
}

fn kind(rng: &mut Rng) -> Kind {
    match rng.below(40) {
        0 => Kind::Rsa(512),
        1 => Kind::Rsa(768),
        2 => Kind::Rsa(1024),
        3..7 => Kind::Rsa(2048),
        7 => Kind::P224,
        8 => Kind::P384,
        9 => Kind::P521,
        10 => Kind::Ed25519,
        _ => Kind::P256,
    }
}

fn shuffle(items: &mut [String], rng: &mut Rng) {
    for last in (1..items.len()).rev() {
        items.swap(last, rng.below(last + 1));
    }
}

fn root_certificate(authorities: &[Authority], rng: &mut Rng) -> String {
    let subject = rng.pick(authorities);
    signed_authority(subject, subject, rng)
}

fn authority_certificate(authorities: &[Authority], rng: &mut Rng) -> String {
    let (subject, issuer) = (rng.pick(authorities), rng.pick(authorities));
    signed_authority(subject, issuer, rng)
}

fn signed_authority(subject: &Authority, issuer: &Authority, rng: &mut Rng) -> String {
    let mut certificate = Certificate::authority(subject.name.clone());
    certificate.serial = vec![1 + (rng.draw() & 0x7e) as u8];
    certificate.authority_key_id = key_id(rng);
    certificate.subject_key_id = key_id(rng);
    bend_authority(&mut certificate, rng);
    bend(&mut certificate, issuer, rng);
    written(&certificate, &subject.key, issuer, rng)
}

fn leaf_certificate(authorities: &[Authority], rng: &mut Rng) -> String {
    let mut hosts: Vec<AltName> = HOSTS.iter().filter(|_| rng.chance(40)).map(|host| AltName::host(host)).collect();
    if rng.chance(8) {
        hosts.push(AltName::dns("*.etcd.example"));
    }
    if rng.chance(5) {
        hosts.push(AltName::Email(b"root@etcd.example".to_vec()));
        hosts.push(AltName::Uri(b"https://etcd.example:2379/x".to_vec()));
    }
    let issuer = rng.pick(authorities);
    let purposes = purposes(rng);
    let subject = if rng.chance(5) { issuer.name.clone() } else { Name::common("etcd.example") };
    let mut certificate = Certificate::leaf(subject, &purposes, &hosts);
    if purposes.is_empty() {
        certificate.drop_extension(EXTENDED_KEY_USAGE);
    }
    certificate.authority_key_id = key_id(rng);
    policies(&mut certificate, rng, 15);
    if rng.chance(3) {
        certificate.put(Extension::basic_constraints(true, Some(0)));
    }
    bend(&mut certificate, issuer, rng);
    let key = Key::generate(Kind::P256, rng);
    if rng.chance(3) {
        // its own issuer
        let own = Authority { name: certificate.subject.clone(), key: key.clone() };
        return written(&certificate, &key, &own, rng);
    }
    written(&certificate, &key, issuer, rng)
}

fn written(certificate: &Certificate, key: &Key, issuer: &Authority, rng: &mut Rng) -> String {
    let signer = Signer { name: issuer.name.clone(), key: issuer.key.clone() };
    pem::encode("CERTIFICATE", &certificate.sign(key, &signer, rng))
}

fn key_id(rng: &mut Rng) -> KeyId {
    match rng.below(10) {
        0 => KeyId::Absent,
        1 => KeyId::Bytes(vec![0xaa; 20]),
        2 => KeyId::Bytes(vec![0xbb; 20]),
        _ => KeyId::Proper,
    }
}

fn purposes(rng: &mut Rng) -> Vec<Purpose> {
    match rng.below(12) {
        0 => Vec::new(),
        1 => vec![Purpose::Server],
        2 => vec![Purpose::Client],
        3 => vec![Purpose::Any],
        4 => vec![Purpose::Unknown],
        5 => vec![Purpose::Email, Purpose::NetscapeServer],
        _ => vec![Purpose::Server, Purpose::Client],
    }
}

/// What an authority may be odd in.
fn bend_authority(certificate: &mut Certificate, rng: &mut Rng) {
    match rng.below(24) {
        0 => certificate.put(Extension::basic_constraints(false, None)),
        1 => certificate.drop_extension(BASIC_CONSTRAINTS),
        2 | 3 => certificate.put(Extension::basic_constraints(true, Some(0))),
        4 => certificate.put(Extension::basic_constraints(true, Some(1))),
        5 => certificate.put(Extension::key_usage(&[usage_bit::CRL_SIGN])),
        6 => certificate.drop_extension(KEY_USAGE),
        7 => {
            certificate.version = 1;
            certificate.extensions.clear();
            certificate.subject_key_id = KeyId::Absent;
            certificate.authority_key_id = KeyId::Absent;
            return;
        }
        _ => {}
    }
    if rng.chance(12) {
        certificate.set_purposes(&purposes(rng));
    }
    if rng.chance(15) {
        let (permitted, excluded) = (subtrees(rng), subtrees(rng));
        let halves = match rng.below(3) {
            0 => (permitted, Vec::new()),
            1 => (Vec::new(), excluded),
            _ => (permitted, excluded),
        };
        certificate.put(Extension::name_constraints(&halves.0, &halves.1));
    }
    policies(certificate, rng, 12);
    if rng.chance(8) {
        let skip = |rng: &mut Rng| rng.chance(60).then(|| (rng.draw() % 3) as u8);
        let (explicit, mapping) = (skip(rng), skip(rng));
        certificate.put(Extension::policy_constraints(explicit, mapping));
    }
    if rng.chance(5) {
        certificate.put(Extension::inhibit_any_policy((rng.draw() % 3) as u8));
    }
    if rng.chance(6) {
        let (from, to) = (*rng.pick(&POLICIES), *rng.pick(&POLICIES));
        let mut mapping = Extension::policy_mapping(from, to);
        mapping.critical = rng.chance(30);
        certificate.put(mapping);
    }
}

fn policies(certificate: &mut Certificate, rng: &mut Rng, percent: usize) {
    if rng.chance(percent) {
        let chosen: Vec<&[u64]> = POLICIES.into_iter().filter(|_| rng.chance(50)).collect();
        if !chosen.is_empty() {
            certificate.put(Extension::policies(&chosen));
        }
    }
}

fn subtrees(rng: &mut Rng) -> Vec<Subtree> {
    let all = [
        Subtree::Dns("example"),
        Subtree::Dns("etcd.example"),
        Subtree::Dns(".example"),
        Subtree::Dns("localhost"),
        Subtree::Dns("A.B.etcd.example"),
        Subtree::Dns(""),
        Subtree::Ip(vec![10, 0, 0, 0, 255, 0, 0, 0]),
        Subtree::Ip(vec![127, 0, 0, 1, 255, 255, 255, 255]),
        Subtree::Ip([&[0; 15][..], &[1], &[255; 16]].concat()),
        Subtree::Email("etcd.example"),
        Subtree::Uri("etcd.example"),
        Subtree::Uri(".example"),
    ];
    let mut chosen: Vec<Subtree> = all.iter().filter(|_| rng.chance(25)).cloned().collect();
    if chosen.is_empty() {
        chosen.push(rng.pick(&all).clone());
    }
    chosen
}

/// What any certificate may be odd in.
fn bend(certificate: &mut Certificate, issuer: &Authority, rng: &mut Rng) {
    let (from, until) = match rng.below(60) {
        0 => (AT - 20 * DAY, AT - 1),
        1 => (AT + 1, AT + 20 * DAY),
        2 => (AT, AT),
        _ => (AT - 30 * DAY, AT + 300 * DAY),
    };
    *certificate = certificate.clone().valid(from, until);
    match rng.below(120) {
        0 => certificate.put(Extension::unknown(true)),
        1 => certificate.put(Extension::unknown(false)),
        2 => certificate.spoils.push(Spoil::Signature),
        3 | 4 => {
            certificate.algorithm = Some(match issuer.key.kind() {
                Kind::Rsa(_) => Algorithm::Rsa(Digest::Sha1),
                Kind::Ed25519 => Algorithm::Ed25519,
                _ => Algorithm::Ecdsa(Digest::Sha1),
            });
        }
        5 => certificate.algorithm = Some(Algorithm::Ecdsa(Digest::Sha384)),
        6 => certificate.algorithm = Some(Algorithm::RsaPss(Digest::Sha256)),
        7 if rng.chance(20) => certificate.serial = vec![0x80],
        8 => certificate.extensions.reverse(),
        _ => {}
    }
}
