//! What is made, against the real trees, against Go and kubeadm's own code, and against openssl.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use clinic::name::{self, Attribute, Name};
use pkidoctor::go::{GoVersion, parse};
use pkidoctor::issue::{
    Authority, AuthorityError, AuthorityTemplate, Container, IssueError, KeyError, KeyKind, MatchedPair, PairError,
    PrivateKey, Subject, Template, certificate_pem, issue, new_authority, request,
};
use pkidoctor::x509::certificate::{Certificate, hex_lower};
use pkidoctor::x509::pem::{self, Search};
use serde_json::{Value, json};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use crate::support::NOW;

const TREES: [&str; 4] = ["stacked-single", "ecdsa", "ipv6", "ha/cp1"];
const LEAVES: [(&str, &str); 7] = [
    ("apiserver", "ca"),
    ("apiserver-kubelet-client", "ca"),
    ("front-proxy-client", "front-proxy-ca"),
    ("apiserver-etcd-client", "etcd/ca"),
    ("etcd/server", "etcd/ca"),
    ("etcd/peer", "etcd/ca"),
    ("etcd/healthcheck-client", "etcd/ca"),
];
/// How openssl makes CA keys of every kind that can sign here.
const CA_KEYS: [&[&str]; 7] = [
    &["RSA", "rsa_keygen_bits:2048"],
    &["RSA", "rsa_keygen_bits:3072"],
    &["RSA", "rsa_keygen_bits:4096"],
    &["EC", "ec_paramgen_curve:P-256"],
    &["EC", "ec_paramgen_curve:P-384"],
    &["EC", "ec_paramgen_curve:P-521"],
    &["ED25519"],
];

// ---- helpers

/// A directory of its own.
fn scratch() -> PathBuf {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let directory = std::env::temp_dir().join(format!("pkidoctor-issue-{}-{number}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a directory");
    directory
}

fn tree(cluster: &str, file: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/clusters").join(cluster).join("pki");
    std::fs::read(path.join(file)).expect("a file of the tree")
}

fn first_block(text: &[u8]) -> Vec<u8> {
    pem::read(text, Search::Backward).blocks.first().expect("a block").bytes.to_vec()
}

fn read_certificate(text: &[u8]) -> Arc<Certificate> {
    parsed(&first_block(text))
}

fn parsed(der: &[u8]) -> Arc<Certificate> {
    Arc::new(parse::certificate(der, GoVersion::NEWEST).expect("parses"))
}

fn key(text: impl AsRef<[u8]>) -> PrivateKey {
    PrivateKey::from_pem(text.as_ref()).expect("a key")
}

fn authority(certificate: &[u8], key_text: impl AsRef<[u8]>) -> Authority {
    let pair = MatchedPair::new(read_certificate(certificate), key(key_text)).expect("a pair");
    Authority::new(pair, Vec::new(), NOW).expect("an authority")
}

/// The extensions with everything around them, up to the end of the signed part.
fn extension_block(certificate: &Certificate) -> &[u8] {
    let tbs = certificate.tbs_bytes();
    let after = certificate.spki.end - certificate.tbs.start;
    assert!(tbs.len() > after, "no extensions");
    &tbs[after..]
}

/// Runs a program on `input`; what it wrote to stdout, or to stderr when it failed.
fn program(name: impl AsRef<std::ffi::OsStr>, arguments: &[&str], input: &[u8]) -> Result<Vec<u8>, String> {
    let mut child = Command::new(name)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("scripts/setup test installs it");
    // a program that reads no input may be gone already
    let _ = child.stdin.take().expect("piped").write_all(input);
    let done = child.wait_with_output().expect("ends");
    if done.status.success() { Ok(done.stdout) } else { Err(String::from_utf8_lossy(&done.stderr).into_owned()) }
}

#[track_caller]
fn openssl(arguments: &str, input: &[u8]) -> Vec<u8> {
    let arguments: Vec<&str> = arguments.split(' ').collect();
    program("openssl", &arguments, input).unwrap_or_else(|error| panic!("openssl {arguments:?}: {error}"))
}

/// A new key by openssl, in PKCS#8.
fn openssl_key(kind: &[&str]) -> Vec<u8> {
    let mut command = format!("genpkey -algorithm {}", kind[0]);
    for option in &kind[1..] {
        write!(command, " -pkeyopt {option}").expect("writes");
    }
    openssl(&command, b"")
}

/// kubeadm's own code around Go's `crypto/x509` (`issue.go`), built once.
fn reference(jobs: &[Value]) -> Vec<Vec<u8>> {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    let program_path = PROGRAM.get_or_init(|| {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/suite/issue.go");
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("issue-reference");
        let target_text = target.to_str().expect("a text");
        program("go", &["build", "-o", target_text, source], b"").expect("builds");
        target
    });
    let input = serde_json::to_vec(jobs).expect("serialises");
    let output = program(program_path, &[], &input).expect("Go does all of it");
    let texts: Vec<String> = serde_json::from_slice(&output).expect("a list");
    texts.into_iter().map(String::into_bytes).collect()
}

fn job(make: &str, template: &Template, key: &[u8]) -> Value {
    json!({
        "make": make,
        "key": text(key),
        "common_name": template.subject.common_name,
        "organizations": template.subject.organizations,
        "dns": template.dns,
        "ips": template.ips,
        "server": template.server,
        "client": template.client,
        "basic_constraints": template.basic_constraints,
        "not_before": template.not_before.unix_timestamp(),
        "not_after": template.not_after.unix_timestamp(),
    })
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("text")
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn addresses(texts: &[&str]) -> Vec<IpAddr> {
    texts.iter().map(|text| text.parse().expect("an address")).collect()
}

/// An authority of any name, as PEM, and its RSA key.
fn clinic_authority(name: &Name, identifier: clinic::certificate::KeyId) -> (Vec<u8>, String) {
    let key = clinic::key::Key::rsa(2048, 0);
    let (from, to) = (NOW.unix_timestamp() - 1, NOW.unix_timestamp() + 400 * 86_400);
    let mut draft = clinic::certificate::Certificate::authority(name.clone()).valid(from, to);
    draft.subject_key_id = identifier;
    let signer = clinic::certificate::Signer { name: name.clone(), key: key.clone() };
    let der = draft.sign(&key, &signer, &mut clinic::rng::Rng::new(1));
    (certificate_pem(&der).expect("text"), key.to_pem(&clinic::key::Container::Native))
}

/// `etcd/server` of a newer kubeadm.
fn etcd_server() -> Template {
    Template {
        subject: Subject { common_name: "cp1".into(), organizations: Vec::new() },
        dns: strings(&["cp1", "localhost"]),
        ips: addresses(&["192.168.6.11", "127.0.0.1", "::1"]),
        server: true,
        client: true,
        basic_constraints: true,
        not_before: datetime!(2026-11-23 03:55 UTC),
        not_after: datetime!(2027-11-23 04:00 UTC),
    }
}

fn etcd_ca() -> AuthorityTemplate {
    AuthorityTemplate {
        subject: Subject { common_name: "etcd-ca".into(), organizations: Vec::new() },
        dns: strings(&["etcd-ca"]),
        not_before: datetime!(2026-11-23 03:55 UTC),
        not_after: datetime!(2036-11-20 04:00 UTC),
    }
}

fn odd_templates() -> Vec<Template> {
    let subject = |common_name: &str, organizations: &[&str]| Subject {
        common_name: common_name.to_owned(),
        organizations: strings(organizations),
    };
    let base = etcd_server();
    vec![
        base.clone(),
        Template { server: false, ..base.clone() },
        Template { client: false, basic_constraints: false, ..base.clone() },
        Template { server: false, client: false, ..base.clone() },
        Template { dns: Vec::new(), ips: Vec::new(), ..base.clone() },
        Template { dns: strings(&["*.example.com"]), ips: addresses(&["::ffff:10.0.0.1", "fd00::1"]), ..base.clone() },
        Template { subject: subject("kube-apiserver", &["system:masters"]), ..base.clone() },
        Template { subject: subject("admin", &["longer group", "b", "a", "zz"]), ..base.clone() },
        Template { subject: subject("node_1", &["Caf\u{e9}", "plain"]), ..base.clone() },
        Template { subject: subject("*", &["a'b (c)+,-./:=? 9"]), ..base.clone() },
        Template { subject: subject("a&b", &["c@d"]), ..base.clone() },
        Template { subject: subject("", &[]), ..base.clone() },
        Template { subject: subject("", &["only a group"]), ..base.clone() },
        Template { not_after: datetime!(2049-12-31 23:59:59 UTC), ..base.clone() },
        Template { not_after: datetime!(2050-01-01 00:00 UTC), ..base.clone() },
        Template { not_before: datetime!(2026-11-23 05:55:00.75 +2), ..base },
    ]
}

// ---- certificates

#[test]
fn every_leaf_of_the_real_trees_comes_out_again() {
    for cluster in TREES {
        for (leaf, ca) in LEAVES {
            let file = |stem: &str, ending: &str| tree(cluster, &format!("{stem}.{ending}"));
            let authority = authority(&file(ca, "crt"), file(ca, "key"));
            let old = read_certificate(&file(leaf, "crt"));
            let spki = key(file(leaf, "key")).spki().to_vec();
            assert_eq!(spki, old.spki_bytes(), "{cluster} {leaf}");
            let new = parsed(&issue(&authority, &Template::like(&old), &spki).expect("issues"));
            assert_eq!(new.subject.raw, old.subject.raw, "{cluster} {leaf}");
            assert_eq!(new.issuer.raw, old.issuer.raw, "{cluster} {leaf}");
            assert_eq!(extension_block(&new), extension_block(&old), "{cluster} {leaf}");
            assert_eq!((new.not_before, new.not_after), (old.not_before, old.not_after), "{cluster} {leaf}");
            assert_eq!(new.algorithm, old.algorithm, "{cluster} {leaf}");
            assert_ne!(new.serial, old.serial);
        }
    }
}

#[test]
fn every_kubeconfig_of_the_real_trees_comes_out_again() {
    for cluster in TREES {
        let authority = authority(&tree(cluster, "ca.crt"), tree(cluster, "ca.key"));
        for conf in ["admin", "controller-manager", "scheduler", "kubelet"] {
            let [certificate, key_text] = credentials(cluster, conf);
            let old = read_certificate(&certificate);
            let new = parsed(&issue(&authority, &Template::like(&old), key(key_text).spki()).expect("issues"));
            assert_eq!(new.subject.raw, old.subject.raw, "{cluster} {conf}");
            assert_eq!(new.spki_bytes(), old.spki_bytes(), "{cluster} {conf}");
            assert_eq!(extension_block(&new), extension_block(&old), "{cluster} {conf}");
        }
    }
}

/// Certificate and key that a kubeconfig holds.
fn credentials(cluster: &str, conf: &str) -> [Vec<u8>; 2] {
    let file = text(&tree(cluster, &format!("../{conf}.conf"))).to_owned();
    let data = |field: &str| {
        let line = file.lines().find_map(|line| line.trim().strip_prefix(field)).expect("data");
        pkidoctor::x509::base64::decode(line.trim().as_bytes()).expect("base64").to_vec()
    };
    [data("client-certificate-data:"), data("client-key-data:")]
}

#[test]
fn go_makes_the_same_certificates() {
    let leaf = PrivateKey::generate(KeyKind::P256).expect("a key");
    let leaf_text = leaf.pem(Container::Sec1).expect("text");
    for kind in CA_KEYS {
        let ca_text = openssl_key(kind);
        let ca_key = key(&ca_text);
        let ca = certificate_pem(&new_authority(&etcd_ca(), &ca_key).expect("an authority")).expect("text");
        let authority = authority(&ca, &ca_text);
        let made: Vec<_> = odd_templates()
            .iter()
            .map(|template| parsed(&issue(&authority, template, leaf.spki()).expect("issues")))
            .collect();
        let jobs: Vec<Value> = odd_templates()
            .iter()
            .zip(&made)
            .map(|(template, made)| {
                let mut job = job("certificate", template, &leaf_text);
                job["serial"] = made.serial_hex().into();
                job["authority"] = text(&ca).into();
                job["authority_key"] = text(&ca_text).into();
                job
            })
            .collect();
        for ((made, by_go), template) in made.iter().zip(reference(&jobs)).zip(odd_templates()) {
            let by_go = read_certificate(&by_go);
            assert_eq!(hex_lower(made.tbs_bytes()), hex_lower(by_go.tbs_bytes()), "{kind:?} {template:?}");
            assert_eq!(made.algorithm, by_go.algorithm);
            if kind[0] != "EC" {
                assert_eq!(made.raw, by_go.raw, "these signatures leave nothing to chance");
            }
        }
    }
}

#[test]
fn openssl_accepts_what_every_kind_of_authority_signs() {
    let directory = scratch();
    let leaf = PrivateKey::generate(KeyKind::Rsa2048).expect("a key");
    for kind in CA_KEYS {
        let ca_text = openssl_key(kind);
        let ca = certificate_pem(&new_authority(&etcd_ca(), &key(&ca_text)).expect("an authority")).expect("text");
        let made = issue(&authority(&ca, &ca_text), &etcd_server(), leaf.spki()).expect("issues");
        std::fs::write(directory.join("ca.crt"), &ca).expect("writes");
        std::fs::write(directory.join("leaf.crt"), certificate_pem(&made).expect("text")).expect("writes");
        let path = directory.display();
        for purpose in ["sslserver", "sslclient"] {
            openssl(
                &format!(
                    "verify -x509_strict -attime 1795406400 -purpose {purpose} -CAfile {path}/ca.crt {path}/leaf.crt"
                ),
                b"",
            );
        }
    }
    std::fs::remove_dir_all(directory).expect("removes");
}

#[test]
fn any_name_of_an_authority_is_repeated_byte_for_byte() {
    const STATE: &[u64] = &[2, 5, 4, 8];
    const EMAIL: &[u64] = &[1, 2, 840, 113_549, 1, 9, 1];
    const X121: &[u64] = &[2, 5, 4, 24];
    let attribute = |kind: &[u64], tag: u8, text: &str| Attribute::typed(kind, tag, text);
    let (printable, utf8, numeric, t61, ia5, bmp) = (0x13, 0x0c, 0x12, 0x14, 0x16, 0x1e);
    let names = [
        Name::common("plain"),
        Name::empty()
            .with(name::ORGANIZATION, "Acme")
            .with(name::ORGANIZATIONAL_UNIT, "a")
            .with(name::ORGANIZATIONAL_UNIT, "b")
            .with(name::COMMON_NAME, "etcd-ca"),
        Name {
            parts: vec![
                vec![attribute(name::DOMAIN_COMPONENT, ia5, "com")],
                vec![attribute(name::DOMAIN_COMPONENT, ia5, "example")],
                vec![attribute(name::COMMON_NAME, utf8, "etcd-ca")],
            ],
        },
        Name::common("one").with(name::COMMON_NAME, "two"),
        Name { parts: vec![vec![attribute(name::COMMON_NAME, printable, "a"), attribute(STATE, utf8, "b")]] },
        Name::common_typed(utf8, "could be printable"),
        Name::common_typed(t61, "teletex"),
        Name::common_typed(bmp, "wide"),
        Name { parts: vec![vec![attribute(X121, numeric, "123 456")], vec![attribute(EMAIL, ia5, "a@example.com")]] },
    ];
    let directory = scratch();
    for ca_name in names {
        let (ca, ca_text) = clinic_authority(&ca_name, clinic::certificate::KeyId::Proper);
        let leaf = PrivateKey::generate(KeyKind::P256).expect("a key");
        let made = issue(&authority(&ca, &ca_text), &etcd_server(), leaf.spki()).expect("issues");
        assert_eq!(hex_lower(&parsed(&made).issuer.raw), hex_lower(&ca_name.to_der()));
        std::fs::write(directory.join("ca.crt"), &ca).expect("writes");
        let path = directory.display();
        let leaf_text = certificate_pem(&made).expect("text");
        openssl(&format!("verify -x509_strict -attime 1795406400 -CAfile {path}/ca.crt"), &leaf_text);
    }
    std::fs::remove_dir_all(directory).expect("removes");
}

#[test]
fn a_name_that_is_not_der_is_refused() {
    const STATE: &[u64] = &[2, 5, 4, 8];
    let ca_name = Name { parts: vec![vec![Attribute::new(STATE, "b"), Attribute::new(name::COMMON_NAME, "a")]] };
    let (ca, ca_text) = clinic_authority(&ca_name, clinic::certificate::KeyId::Proper);
    let leaf = PrivateKey::generate(KeyKind::P256).expect("a key");
    let error = issue(&authority(&ca, ca_text), &etcd_server(), leaf.spki()).expect_err("a set out of order");
    assert_eq!(error, IssueError::AuthorityName);
}

#[test]
fn the_authority_key_identifier_is_left_out_where_go_leaves_it_out() {
    use clinic::certificate::KeyId;
    let leaf = PrivateKey::generate(KeyKind::P256).expect("a key");
    let leaf_text = leaf.pem(Container::Sec1).expect("text");
    for (ca_name, identifier, written) in
        [("etcd-ca", KeyId::Proper, true), ("etcd-ca", KeyId::Absent, false), ("cp1", KeyId::Proper, false)]
    {
        let (ca, ca_text) = clinic_authority(&Name::common(ca_name), identifier);
        let made = parsed(&issue(&authority(&ca, &ca_text), &etcd_server(), leaf.spki()).expect("issues"));
        let mut job = job("certificate", &etcd_server(), &leaf_text);
        job["serial"] = made.serial_hex().into();
        job["authority"] = text(&ca).into();
        job["authority_key"] = ca_text.into();
        assert_eq!(made.raw, first_block(&reference(&[job])[0]), "{ca_name}");
        assert_eq!(!made.authority_key_id.is_empty(), written, "{ca_name}");
    }
}

#[test]
fn serial_numbers_are_positive_and_never_the_same() {
    let ca_key = PrivateKey::generate(KeyKind::P256).expect("a key");
    let ca = parsed(&new_authority(&etcd_ca(), &ca_key).expect("an authority"));
    let pair = MatchedPair::new(ca, ca_key).expect("a pair");
    let authority = Authority::new(pair, Vec::new(), NOW).expect("an authority");
    let spki = PrivateKey::generate(KeyKind::P256).expect("a key").spki().to_vec();
    let serials: BTreeSet<Vec<u8>> =
        (0..1000).map(|_| parsed(&issue(&authority, &etcd_server(), &spki).expect("issues")).serial.clone()).collect();
    assert_eq!(serials.len(), 1000);
    for serial in serials {
        assert!(serial.len() <= 8 && serial[0] & 0x80 == 0 && serial.iter().any(|byte| *byte != 0), "{serial:?}");
    }
}

#[test]
fn what_cannot_be_written_is_refused() {
    let ca_key = PrivateKey::generate(KeyKind::P384).expect("a key");
    let ca = parsed(&new_authority(&etcd_ca(), &ca_key).expect("an authority"));
    let authority = Authority::new(MatchedPair::new(ca, ca_key).expect("a pair"), Vec::new(), NOW).expect("one");
    let leaf = PrivateKey::generate(KeyKind::P256).expect("a key");
    let refused = |template: Template, spki: &[u8]| issue(&authority, &template, spki).expect_err("refused");
    let base = etcd_server();
    let dns = Template { dns: strings(&["caf\u{e9}"]), ..base.clone() };
    assert_eq!(refused(dns, leaf.spki()), IssueError::DnsName("caf\u{e9}".into()));
    let empty = Template { dns: strings(&[""]), ..base.clone() };
    assert_eq!(refused(empty, leaf.spki()), IssueError::DnsName(String::new()));
    let dates = Template { not_after: base.not_before, ..base.clone() };
    assert_eq!(refused(dates, leaf.spki()), IssueError::Dates);
    let early = Template { not_before: datetime!(1969-12-31 23:59:59 UTC), ..base.clone() };
    assert_eq!(refused(early, leaf.spki()), IssueError::Dates);
    let twice = Subject { common_name: "a".into(), organizations: strings(&["b", "b"]) };
    assert!(matches!(refused(Template { subject: twice, ..base.clone() }, leaf.spki()), IssueError::Subject(_)));
    assert!(matches!(refused(base.clone(), &leaf.spki()[1..]), IssueError::PublicKey(_)));
    assert!(matches!(refused(base, &[leaf.spki(), &[0]].concat()), IssueError::PublicKey(_)));
}

// ---- authorities

#[test]
fn go_makes_the_same_authorities() {
    for kind in CA_KEYS {
        let ca_text = openssl_key(kind);
        let ca_key = key(&ca_text);
        for template in [etcd_ca(), AuthorityTemplate { dns: Vec::new(), ..etcd_ca() }] {
            let made = parsed(&new_authority(&template, &ca_key).expect("an authority"));
            let like = Template {
                subject: template.subject,
                dns: template.dns,
                ips: Vec::new(),
                server: false,
                client: false,
                basic_constraints: true,
                not_before: template.not_before,
                not_after: template.not_after,
            };
            let mut job = job("authority", &like, &ca_text);
            job["serial"] = made.serial_hex().into();
            job["key_id"] = encode_base64(&made.subject_key_id).into();
            let by_go = read_certificate(&reference(&[job])[0]);
            assert_eq!(hex_lower(made.tbs_bytes()), hex_lower(by_go.tbs_bytes()), "{kind:?}");
        }
    }
}

fn encode_base64(bytes: &[u8]) -> String {
    text(&openssl("base64 -A", bytes)).to_owned()
}

#[test]
fn a_new_authority_differs_from_the_real_one_in_its_key_identifier_only() {
    let old = read_certificate(&tree("stacked-single", "etcd/ca.crt"));
    let template = AuthorityTemplate {
        subject: Subject::of(&old.subject),
        dns: Vec::new(),
        not_before: old.not_before,
        not_after: old.not_after,
    };
    let made = new_authority(&template, &key(tree("stacked-single", "etcd/ca.key"))).expect("an authority");
    let new = parsed(&made);
    let without_id = |certificate: &Certificate| {
        let block = hex_lower(extension_block(certificate));
        block.replace(&hex_lower(&certificate.subject_key_id), "")
    };
    assert_eq!(without_id(&new), without_id(&old));
    assert_eq!(new.subject_key_id.len(), 20);
    assert_eq!(new.subject.raw, old.subject.raw);
}

#[test]
fn only_a_ca_within_its_dates_signs() {
    let pair = |certificate: &str, key_file: &str| {
        let certificate = read_certificate(&tree("stacked-single", certificate));
        MatchedPair::new(certificate, key(tree("stacked-single", key_file)))
    };
    let ca = || pair("etcd/ca.crt", "etcd/ca.key").expect("a pair");
    let refused = |pair, chain, at: OffsetDateTime| Authority::new(pair, chain, at).err();
    let (from, to) = (ca().certificate().not_before, ca().certificate().not_after);
    assert_eq!(refused(ca(), Vec::new(), from), None);
    assert_eq!(refused(ca(), Vec::new(), to), None);
    assert_eq!(refused(ca(), Vec::new(), from - Duration::SECOND), Some(AuthorityError::NotYetValid(from)));
    assert_eq!(refused(ca(), Vec::new(), to + Duration::SECOND), Some(AuthorityError::Expired(to)));
    let leaf = pair("etcd/server.crt", "etcd/server.key").expect("a pair");
    assert_eq!(refused(leaf, Vec::new(), NOW), Some(AuthorityError::MayNotSign));
    let itself = vec![Arc::clone(ca().certificate())];
    assert_eq!(refused(ca(), itself, NOW), None);
    let other = vec![read_certificate(&tree("stacked-single", "ca.crt"))];
    assert!(matches!(refused(ca(), other, NOW), Some(AuthorityError::Chain { position: 1, .. })));
    // same name, other key
    let stranger = vec![read_certificate(&tree("ha/cp1", "etcd/ca.crt"))];
    assert!(matches!(refused(ca(), stranger, NOW), Some(AuthorityError::Chain { position: 1, .. })));
}

#[test]
fn a_key_belongs_to_its_certificate_or_there_is_no_pair() {
    let certificate = || read_certificate(&tree("stacked-single", "etcd/server.crt"));
    let paired = |text: Vec<u8>| MatchedPair::new(certificate(), key(text)).err();
    assert_eq!(paired(tree("stacked-single", "etcd/server.key")), None);
    assert_eq!(paired(tree("stacked-single", "etcd/peer.key")), Some(PairError::OtherKey));
    let kinds = PairError::OtherKind { certificate: "rsa2048".into(), key: "p256".into() };
    assert_eq!(paired(tree("ecdsa", "etcd/server.key")), Some(kinds));
}

// ---- keys

#[test]
fn keys_are_written_as_openssl_and_go_write_them() {
    for kind in CA_KEYS {
        let pkcs8 = openssl_key(kind);
        let ours = key(&pkcs8);
        let written = |container| ours.pem(container).expect("text").to_vec();
        let mut wanted = vec![("pkcs8", written(Container::Pkcs8)), ("public", ours.public_pem().expect("text"))];
        assert_eq!(text(&ours.public_pem().expect("text")), text(&openssl("pkey -pubout", &pkcs8)));
        match kind[0] {
            "RSA" => {
                assert_eq!(written(Container::Pkcs1), openssl("rsa -traditional", &pkcs8), "{kind:?}");
                assert!(matches!(ours.pem(Container::Sec1), Err(KeyError::Unsupported(_))));
                assert_eq!(ours.usual_container(), Container::Pkcs1);
                wanted.push(("pkcs1", written(Container::Pkcs1)));
            }
            "EC" => {
                assert_eq!(written(Container::Sec1), openssl("ec", &pkcs8), "{kind:?}");
                assert!(matches!(ours.pem(Container::Pkcs1), Err(KeyError::Unsupported(_))));
                assert_eq!(ours.usual_container(), Container::Sec1);
                wanted.push(("sec1", written(Container::Sec1)));
            }
            _ => assert!(ours.pem(Container::Pkcs1).is_err() && ours.pem(Container::Sec1).is_err()),
        }
        assert_eq!(written(Container::Pkcs8), pkcs8, "{kind:?}");
        let jobs: Vec<Value> = wanted.iter().map(|(make, _)| job(make, &etcd_server(), &pkcs8)).collect();
        for ((make, ours), by_go) in wanted.iter().zip(reference(&jobs)) {
            assert_eq!(text(ours), text(&by_go), "{kind:?} {make}");
        }
    }
}

#[test]
fn the_real_trees_keys_come_out_again() {
    for cluster in TREES {
        for file in LEAVES.iter().map(|(leaf, _)| *leaf).chain(["ca", "etcd/ca", "front-proxy-ca", "sa"]) {
            let text = tree(cluster, &format!("{file}.key"));
            let key = key(&text);
            assert_eq!(*key.pem(key.usual_container()).expect("text"), text, "{cluster} {file}");
        }
        let public = key(tree(cluster, "sa.key")).public_pem().expect("text");
        assert_eq!(public, tree(cluster, "sa.pub"), "{cluster}");
    }
}

#[test]
fn keys_are_read_whatever_their_label_and_container() {
    use clinic::key::{Container as Written, Key, Kind};
    let mut rng = clinic::rng::Rng::new(7);
    for kind in [Kind::Rsa(2048), Kind::Rsa(4096), Kind::P256, Kind::P384, Kind::P521, Kind::Ed25519] {
        let made = Key::generate(kind, &mut rng);
        let mut containers = vec![
            Written::Native,
            Written::Pkcs8,
            Written::Labelled("ANY PRIVATE KEY"),
            Written::Pkcs8Labelled("EC PRIVATE KEY"),
        ];
        if matches!(kind, Kind::P256 | Kind::P384 | Kind::P521) {
            containers.extend([Written::Sec1WithParameters, Written::Sec1WithoutPublic]);
        }
        for container in containers {
            let text = made.to_pem(&container);
            let read = PrivateKey::from_pem(text.as_bytes()).unwrap_or_else(|error| panic!("{kind:?}: {error}"));
            assert_eq!(read.spki(), made.public_info(), "{kind:?} {container:?}");
            let block = first_block(read.pem(read.usual_container()).expect("text").as_slice());
            assert_eq!(PrivateKey::from_der(&block).expect("a key").spki(), read.spki());
        }
    }
}

#[test]
fn keys_that_cannot_be_used_say_why() {
    use clinic::key::{Container as Written, Key, Kind};
    let mut rng = clinic::rng::Rng::new(7);
    let mut made = |kind, container| Key::generate(kind, &mut rng).to_pem(&container).into_bytes();
    let why = |text: &[u8]| PrivateKey::from_pem(text).err().expect("refused");
    let unsupported = |error: &KeyError, part: &str| {
        assert!(matches!(error, KeyError::Unsupported(text) if text.contains(part)), "{error}");
    };
    assert_eq!(why(b""), KeyError::NotFound(Vec::new()));
    let certificate = tree("ecdsa", "ca.crt");
    assert_eq!(why(&certificate), KeyError::NotFound(strings(&["CERTIFICATE"])));
    assert_eq!(why(&made(Kind::Rsa(2048), Written::EncryptedTraditional)), KeyError::Encrypted);
    assert_eq!(why(&made(Kind::P256, Written::EncryptedPkcs8)), KeyError::Encrypted);
    assert!(matches!(why(&made(Kind::Rsa(2048), Written::Inconsistent)), KeyError::Inconsistent(_)));
    assert!(matches!(why(b"-----BEGIN PRIVATE KEY-----\naGk=\n-----END PRIVATE KEY-----\n"), KeyError::Malformed(_)));
    unsupported(&why(&made(Kind::P224, Written::Native)), "p224");
    unsupported(&why(&openssl("ecparam -genkey -noout -name secp256k1", b"")), "Go cannot use");
    unsupported(&why(&openssl("genrsa 1024", b"")), "1024 bits");
    unsupported(&why(&openssl("genrsa 2047", b"")), "2047 bits");
    unsupported(&why(&openssl("genrsa -3 2048", b"")), "exponent 3");
    unsupported(&why(&openssl("genrsa 4112", b"")), "4112 bits");
    unsupported(&why(&openssl("genrsa -primes 3 2048", b"")), "2048 bits");
}

#[test]
fn a_damaged_key_is_an_error_or_another_key_but_never_a_panic() {
    let (mut refused, mut read) = (0, 0);
    for kind in [KeyKind::Rsa2048, KeyKind::P256, KeyKind::P384] {
        let good = PrivateKey::generate(kind).expect("a key");
        for container in [good.usual_container(), Container::Pkcs8] {
            let der = first_block(&good.pem(container).expect("text"));
            for at in 0..der.len() {
                let mut damaged = der.clone();
                damaged[at] ^= 1 << (at % 8);
                match PrivateKey::from_der(&damaged) {
                    Ok(key) => read += usize::from(key.pem(container).is_ok()),
                    Err(_) => refused += 1,
                }
                assert!(PrivateKey::from_der(&der[..at]).is_err(), "{kind} {container:?} cut at {at}");
            }
        }
    }
    assert!(refused > 2000 && read > 50, "{refused} refused, {read} read");
}

#[test]
fn new_keys_are_good_ones() {
    let keys = PrivateKey::generate_many(&KeyKind::ALL).expect("keys");
    for (key, kind) in keys.iter().zip(KeyKind::ALL) {
        assert_eq!(KeyKind::of(key.public()), Some(kind));
        let text = key.pem(key.usual_container()).expect("text");
        let program = if key.usual_container() == Container::Pkcs1 { "rsa" } else { "ec" };
        openssl(&format!("{program} -check -noout"), &text);
        assert_eq!(self::key(text.as_slice()).spki(), key.spki());
        let jobs = [job("pkcs8", &etcd_server(), &text)];
        assert_eq!(reference(&jobs)[0], *key.pem(Container::Pkcs8).expect("text"));
    }
    let others = PrivateKey::generate_many(&KeyKind::ALL).expect("keys");
    assert!(keys.iter().zip(&others).all(|(one, other)| one.spki() != other.spki()));
    assert_eq!(PrivateKey::generate_many(&[]).expect("none").len(), 0);
}

#[test]
fn kinds_of_keys_have_names() {
    for kind in KeyKind::ALL {
        assert_eq!(kind.to_string().parse(), Ok(kind));
    }
    let error = "rsa1024".parse::<KeyKind>().expect_err("no such kind");
    assert_eq!(error.to_string(), "\"rsa1024\" is none of rsa2048, rsa3072, rsa4096, p256 and p384");
}

// ---- requests

#[test]
fn go_makes_the_same_requests_and_openssl_accepts_them() {
    for kind in CA_KEYS {
        let key_text = openssl_key(kind);
        let key = key(&key_text);
        let carried = |template: &Template| {
            let groups = &template.subject.organizations;
            groups.len() <= 1 && !groups.iter().any(|group| group.contains('?'))
        };
        let mut templates: Vec<Template> = odd_templates().into_iter().filter(carried).collect();
        let subject = Subject { common_name: "*?".into(), organizations: strings(&["a'b (c)+,-./:= 9"]) };
        templates.push(Template { subject, ..etcd_server() });
        if kind.contains(&"ec_paramgen_curve:P-521") {
            let error = request(&etcd_server(), &key).expect_err("refused");
            assert!(matches!(error, IssueError::Key(KeyError::Unsupported(_))), "{error}");
            continue;
        }
        let jobs: Vec<Value> = templates.iter().map(|template| job("request", template, &key_text)).collect();
        for (template, by_go) in templates.iter().zip(reference(&jobs)) {
            let ours = request(template, &key).expect("a request");
            openssl("req -verify -noout", &ours);
            let (ours, by_go) = (first_block(&ours), first_block(&by_go));
            if template.subject == Subject::default() {
                // the names are critical in rcgen's request and not in Go's; an authority decides for itself
                continue;
            }
            assert_eq!(hex_lower(requested(&ours)), hex_lower(requested(&by_go)), "{kind:?} {template:?}");
            if kind[0] != "EC" {
                assert_eq!(ours, by_go);
            }
        }
    }
}

/// The signed part of a request.
fn requested(der: &[u8]) -> &[u8] {
    use pkidoctor::x509::der::{Der, tag};
    Der::new(der).sequence().and_then(|mut fields| fields.element(tag::SEQUENCE)).expect("a request").whole
}

#[test]
fn a_request_is_refused_rather_than_cut() {
    let key = PrivateKey::generate(KeyKind::P256).expect("a key");
    let refused = |common_name: &str, organizations: &[&str]| {
        let subject = Subject { common_name: common_name.to_owned(), organizations: strings(organizations) };
        let error = request(&Template { subject, ..etcd_server() }, &key).expect_err("refused");
        assert!(matches!(error, IssueError::Subject(_)), "{error}");
    };
    refused("a", &["b", "c"]);
    refused("a?", &[]);
    refused("a", &["?"]);
    let dns = Template { dns: strings(&["caf\u{e9}"]), ..etcd_server() };
    assert_eq!(request(&dns, &key), Err(IssueError::DnsName("caf\u{e9}".into())));
}

#[test]
fn no_character_ends_in_a_panic() {
    let ca_key = PrivateKey::generate(KeyKind::P256).expect("a key");
    let ca = parsed(&new_authority(&etcd_ca(), &ca_key).expect("an authority"));
    let authority = Authority::new(MatchedPair::new(ca, ca_key).expect("a pair"), Vec::new(), NOW).expect("one");
    let key = PrivateKey::generate(KeyKind::P256).expect("a key");
    for character in (0..=255).map(char::from).chain(['\u{fffe}', '\u{1f600}']) {
        let word = character.to_string();
        let subject = Subject { common_name: word.clone(), organizations: vec![word.clone()] };
        let named = Template { subject, ..etcd_server() };
        assert!(issue(&authority, &named, key.spki()).is_ok(), "{word:?}");
        assert_eq!(request(&named, &key).is_ok(), character != '?', "{word:?}");
        let dns = Template { dns: vec![word.clone()], ..etcd_server() };
        assert_eq!(issue(&authority, &dns, key.spki()).is_ok(), character.is_ascii(), "{word:?}");
        assert_eq!(request(&dns, &key).is_ok(), character.is_ascii(), "{word:?}");
    }
}
