//! Trees that mean harm, or that somebody else's accident made: a clear finding that names the path, never a hang.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use clinic::rng::Rng;
use pkidoctor::cluster::State;
use pkidoctor::exam::Options;
use pkidoctor::read::{self, Request};
use pkidoctor::report::{self, Filter, Report};

use crate::support::{Patient, line};

const ETCD: &str = "../manifests/etcd.yaml";

fn patient() -> Patient {
    Patient::real("stacked-single")
}

/// Makes the manifests name the place where the patient lies, so that it is this machine's and no copy.
fn at_home(patient: &Patient) {
    let home = patient.path("").parent().expect("a parent").to_string_lossy().into_owned();
    for name in ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"] {
        let manifest = format!("../manifests/{name}.yaml");
        let text = patient.text(&manifest);
        patient.write(&manifest, text.replace("/etc/kubernetes", &home));
    }
}

#[test]
fn a_huge_file_is_not_read() {
    let patient = patient();
    for name in ["etcd/ca.crt", "junk.bin"] {
        File::create(patient.path(name)).and_then(|file| file.set_len(100 << 20)).expect("a sparse file");
    }
    let report = patient.expect(&["error file-too-large etcd/ca.crt"]);
    assert_eq!(report.findings[0].message, "has 100 MiB, too much for a certificate or key");
}

#[test]
fn a_fifo_is_not_opened() {
    let patient = patient();
    patient.remove("etcd/server.key");
    let made = Command::new("mkfifo").arg(patient.path("etcd/server.key")).status().expect("mkfifo");
    assert!(made.success());
    let report = patient.expect(&["error file-not-regular etcd/server.key"]);
    assert_eq!(report.findings[0].message, "is no file but a fifo");
}

#[test]
fn a_fifo_among_the_manifests_is_not_opened() {
    let patient = patient();
    patient.remove(ETCD);
    assert!(Command::new("mkfifo").arg(patient.path(ETCD)).status().expect("mkfifo").success());
    let report = patient.scan();
    assert!(
        report.findings.iter().any(|finding| finding.subject == "/etc/kubernetes/manifests/etcd.yaml"),
        "{}",
        told(&report)
    );
}

#[test]
fn a_socket_is_not_opened() {
    let patient = patient();
    patient.remove("sa.key");
    let _listener = UnixListener::bind(patient.path("sa.key")).expect("a socket");
    patient.expect(&["error file-not-regular sa.key"]);
}

#[test]
fn a_device_is_not_read() {
    let patient = patient();
    at_home(&patient);
    patient.remove("apiserver.key");
    symlink("/dev/zero", patient.path("apiserver.key")).expect("a link");
    let report = patient.scan();
    let found = report.findings.iter().find(|finding| finding.subject == "apiserver.key").expect("a finding");
    assert_eq!(line(found), "error file-not-regular apiserver.key");
    assert!(found.facts.iter().any(|fact| fact.value == "/dev/zero"));
}

#[test]
fn a_link_out_of_a_copy_is_not_followed() {
    let patient = patient();
    patient.remove("etcd/server.crt");
    symlink("/etc/passwd", patient.path("etcd/server.crt")).expect("a link");
    let report = patient.scan();
    let link = report.nodes[0].links.iter().find(|link| link.id == "kubeadm->etcd").expect("the link");
    assert_eq!(link.verdict, "unknown");
    assert!(report.findings.is_empty(), "{}", told(&report));
}

#[test]
fn directories_loops_and_dangling_links() {
    let patient = patient();
    patient.remove("etcd/server.crt").remove("etcd/peer.key").remove("apiserver.crt");
    fs::create_dir(patient.path("etcd/server.crt")).expect("a directory");
    symlink("peer.key", patient.path("etcd/peer.key")).expect("a link");
    symlink("nowhere", patient.path("apiserver.crt")).expect("a link");
    symlink("..", patient.path("etcd/up")).expect("a link");
    patient.expect(&[
        "error file-is-directory etcd/server.crt",
        "error link-loop etcd/peer.key",
        "error manifest-path-missing apiserver.crt",
    ]);
}

#[test]
fn names_that_are_no_text() {
    let patient = patient();
    for name in [&b"\xff\xfe.key"[..], b"\xff\xfd.key", b"line\nbreak.key"] {
        let path = patient.path("").join(OsStr::from_bytes(name));
        fs::copy(patient.path("sa.key"), &path).expect("copies");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("chmod");
    }
    let report = patient.scan();
    assert_eq!(report.findings.iter().filter(|finding| finding.code == "key-exposed").count(), 3, "{}", told(&report));
}

#[test]
fn a_yaml_bomb_in_place_of_a_manifest() {
    let patient = patient();
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..30 {
        let refers = vec![format!("*a{}", level - 1); 9].join(", ");
        writeln!(bomb, "a{level}: &a{level} [{refers}]").expect("a String");
    }
    patient.write(ETCD, bomb);
    named_manifest(&patient.scan());
    patient.write(ETCD, "[".repeat(200_000));
    named_manifest(&patient.scan());
    patient.write(ETCD, Rng::new(1).bytes(100_000));
    named_manifest(&patient.scan());
}

#[track_caller]
fn named_manifest(report: &Report) {
    let named = report
        .findings
        .iter()
        .any(|finding| finding.severity == "error" && finding.subject == "/etc/kubernetes/manifests/etcd.yaml");
    assert!(named, "{}", told(report));
}

#[test]
fn a_yaml_bomb_in_place_of_a_kubeconfig() {
    let patient = patient();
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..30 {
        writeln!(bomb, "a{level}: &a{level} [*a{0}, *a{0}, *a{0}]", level - 1).expect("a String");
    }
    patient.write("../admin.conf", bomb);
    let report = patient.scan();
    assert!(
        report.findings.iter().any(|finding| finding.subject.starts_with("/etc/kubernetes/admin.conf")),
        "{}",
        told(&report)
    );
}

#[test]
fn ten_thousand_files() {
    let patient = patient();
    let certificate = patient.text("ca.crt");
    fs::create_dir(patient.path("many")).expect("a directory");
    for number in 0..10_000 {
        let text = if number % 100 == 0 { certificate.as_str() } else { "nothing" };
        fs::write(patient.path(&format!("many/{number}.txt")), text).expect("writes");
    }
    patient.expect(&[]);
}

#[test]
fn more_files_than_are_looked_at() {
    let patient = patient();
    fs::create_dir(patient.path("many")).expect("a directory");
    for number in 0..20_100 {
        File::create(patient.path(&format!("many/{number}"))).expect("a file");
    }
    let report = patient.scan();
    assert_eq!(report.verdict, "incomplete", "{}", told(&report));
    assert!(
        report
            .findings
            .iter()
            .any(|finding| finding.code == "unreadable" && finding.message.contains("too many files")),
        "{}",
        told(&report)
    );
}

#[test]
fn a_bundle_of_a_hundred_certificates() {
    let patient = patient();
    let (own, other) = (patient.text("etcd/ca.crt"), patient.text("front-proxy-ca.crt"));
    patient.write("etcd/ca.crt", format!("{own}{}", other.repeat(99)));
    let report = patient.scan();
    assert!(report.findings.iter().all(|finding| finding.severity != "error"), "{}", told(&report));
    assert_eq!(
        report.nodes[0].files.iter().find(|file| file.path == "etcd/ca.crt").map(|file| file.certificates.len()),
        Some(100)
    );
    // and a thousand half ones
    patient.write("etcd/ca.crt", format!("{own}{}", "-----BEGIN CERTIFICATE-----\nMIIB\n".repeat(1_000)));
    patient.expect(&["warning ca-pool-partial etcd/ca.crt"]);
}

// what this process may not read

#[test]
fn what_cannot_be_read_is_incomplete_not_healthy() {
    let patient = patient();
    let request = Request { paths: patient.paths.clone(), ..Request::default() };
    let mut cluster = read::cluster(&request, patient.now, patient.go).expect("a PKI");
    let node = &mut cluster.nodes[0];
    for name in ["etcd/server.key", "ca.key"] {
        let path = node.layout(name);
        node.files.get_mut(&path).expect("a file").state = State::Unreadable("permission denied".to_owned());
    }
    node.obstacles.push((node.layout("private"), "permission denied".to_owned()));
    let report = report::examine(&cluster, &Options::default(), &Filter::default());
    let lines: Vec<String> = report.findings.iter().map(line).collect();
    assert_eq!(
        lines,
        ["warning unreadable ca.key", "warning unreadable etcd/server.key", "warning unreadable private"]
    );
    assert_eq!(report.verdict, "incomplete");
    let etcd = report.nodes[0].links.iter().find(|link| link.id == "kubeadm->etcd").expect("the link");
    assert_eq!((etcd.verdict, etcd.findings.as_slice()), ("unknown", &[1][..]));
}

#[test]
fn an_error_beats_what_cannot_be_read() {
    let patient = patient();
    patient.remove("apiserver.crt");
    let request = Request { paths: patient.paths.clone(), ..Request::default() };
    let mut cluster = read::cluster(&request, patient.now, patient.go).expect("a PKI");
    let path = cluster.nodes[0].layout("etcd/server.key");
    cluster.nodes[0].files.get_mut(&path).expect("a file").state = State::Unreadable("permission denied".to_owned());
    assert_eq!(report::examine(&cluster, &Options::default(), &Filter::default()).verdict, "broken");
}

#[test]
fn a_path_of_ten_thousand_directories_costs_nothing() {
    let patient = patient();
    patient.edit(
        "../manifests/etcd.yaml",
        "  hostNetwork: true",
        "  securityContext:\n    runAsUser: 4711\n  hostNetwork: true",
    );
    let long = "/a".repeat(40_000);
    patient.edit(
        "../manifests/etcd.yaml",
        "--cert-file=/etc/kubernetes/pki/etcd/server.crt",
        &format!("--cert-file=/etc/kubernetes/pki/etcd{long}"),
    );
    let begin = std::time::Instant::now();
    let report = scan(&patient.paths[0]);
    assert_eq!(report.verdict, "broken");
    // it took 42 seconds and 1.6 GB once
    assert!(begin.elapsed() < std::time::Duration::from_secs(10));
}

/// Modes keep root out of nothing: when the tests run as root, this one runs itself again as nobody.
#[test]
fn an_ordinary_user_sees_no_keys() {
    let patient = patient();
    if fs::metadata(patient.path("sa.key")).expect("a file").uid() != 0 {
        for name in ["etcd/server.key", "../admin.conf"] {
            patient.chmod(name, 0o000);
        }
        unreadable_but_named(&patient.paths[0]);
        return;
    }
    let copy = patient.directory.join("suite");
    fs::copy(std::env::current_exe().expect("this test"), &copy).expect("copies");
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).expect("chmod");
    fs::set_permissions(patient.path("etcd"), fs::Permissions::from_mode(0o700)).expect("chmod");
    let mut child = Command::new("setpriv");
    child.args(["--reuid", "65534", "--regid", "65534", "--clear-groups", "--"]).arg(&copy);
    child
        .args(["--exact", "hostile::as_an_ordinary_user", "--ignored"])
        .env("PATIENT", patient.path(""))
        .current_dir("/");
    // no setpriv, no test: the rest of it is covered above
    let Ok(output) = child.output() else { return };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
#[ignore = "run by an_ordinary_user_sees_no_keys, as nobody"]
fn as_an_ordinary_user() {
    let Some(path) = std::env::var_os("PATIENT") else { return };
    let report = scan(Path::new(&path));
    let told = told(&report);
    assert_eq!(report.verdict, "incomplete", "{told}");
    for subject in
        ["sa.key", "apiserver.key", "etcd", "/etc/kubernetes/admin.conf", "/etc/kubernetes/manifests/etcd.yaml"]
    {
        assert!(
            report.findings.iter().any(|finding| finding.code == "unreadable" && finding.subject == subject),
            "{subject} in {told}"
        );
    }
    let links = &report.nodes[0].links;
    assert!(links.iter().all(|link| link.verdict != "broken"), "{told}");
    // what could not be read may well run: kubeadm's layout says which links there are
    for id in ["kube-apiserver->etcd", "kubeadm->etcd", "admin.conf->kube-apiserver"] {
        assert!(links.iter().any(|link| link.id == id && link.verdict == "unknown"), "{id} in {told}");
    }
}

fn unreadable_but_named(path: &Path) {
    let report = scan(path);
    for subject in ["etcd/server.key", "/etc/kubernetes/admin.conf"] {
        assert!(
            report.findings.iter().any(|finding| finding.code == "unreadable" && finding.subject == subject),
            "{}",
            told(&report)
        );
    }
    assert_eq!(report.verdict, "incomplete");
}

fn scan(path: &Path) -> Report {
    let request = Request { paths: vec![path.to_path_buf()], ..Request::default() };
    let cluster = read::cluster(&request, crate::support::NOW, pkidoctor::go::GoVersion::NEWEST).expect("a PKI");
    report::examine(&cluster, &Options::default(), &Filter::default())
}

fn told(report: &Report) -> String {
    let lines: Vec<String> =
        report.findings.iter().map(|finding| format!("{}: {}", line(finding), finding.message)).collect();
    lines.join("\n")
}
