//! Logs joined with files: the twenty real logs with the wound that each is named after, and the story's lines alone.

use std::path::{Path, PathBuf};

use clinic::Cluster;
use clinic::certificate::Time;
use clinic::cluster::{DAY, Issuer, Role};
use clinic::extension::{AltName, Purpose};
use clinic::file::File;
use clinic::key::Kind;
use clinic::name::Name;
use clinic::rng::Rng;
use pkidoctor::exam::Options;
use pkidoctor::go::GoVersion;
use pkidoctor::logs::{Journal, Reader, Reason, Settings};
use pkidoctor::read::{self, Request};
use pkidoctor::report::{self, EventReport, Filter, Report};
use time::OffsetDateTime;

use crate::support::{NOW, Patient};

fn log(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/logs").join(name)
}

fn listen(now: OffsetDateTime, logs: &[(&str, &[u8])]) -> Journal {
    let mut reader = Reader::new(Settings::at(now));
    for (name, bytes) in logs {
        let source = reader.source(name);
        reader.feed(source, bytes);
        reader.end(source);
    }
    reader.finish()
}

fn alone(text: &str) -> Report {
    report::diagnose_logs(&listen(NOW, &[("-", text.as_bytes())]), NOW, GoVersion::NEWEST)
}

fn joined(patient: &Patient, journal: &Journal) -> Report {
    let request = Request { paths: patient.paths.clone(), ..patient.request.clone() };
    let cluster = read::cluster(&request, patient.now, patient.go).expect("a PKI");
    report::diagnose(&cluster, None, journal, &Options::default(), &Filter::default())
}

/// What is done to a cluster; the instant is the one at which the log says that a certificate ended.
type Inflict = fn(&mut Cluster, &mut Rng, Option<i64>);

fn expire(cluster: &mut Cluster, role: Role, at: Option<i64>) {
    let leaf = &mut cluster.leaf(0, role).expect("a leaf").certificate;
    leaf.not_before = Time::At(at.expect("the log tells when") - 30 * DAY);
    leaf.not_after = Time::At(at.expect("the log tells when"));
}

fn other_key(cluster: &mut Cluster, rng: &mut Rng, kind: Kind) {
    let key = cluster.new_key(kind, rng);
    cluster.nodes[0].files.insert(clinic::config::pki("etcd/server.key"), File::key(&key));
}

/// The part of a log's name after its release, the wound, the finding that it is, the mode.
const WOUNDS: [(&str, Inflict, &str, &str, &str); 10] = [
    (
        "client-expired",
        |cluster, _, at| expire(cluster, Role::EtcdHealthcheckClient, at),
        "expired",
        "etcd/healthcheck-client.crt",
        "time-healthcheck-client-expired",
    ),
    (
        "client-from-another-ca",
        |cluster, rng, _| {
            let mut certificate = cluster.authority(0, clinic::cluster::Authority::Etcd).certificate.clone();
            certificate.subject = Name::common("somebody-else");
            let key = cluster.new_key(Kind::Rsa(2048), rng);
            let other = cluster.issue(certificate, key, Issuer::Itself);
            cluster.leaf(0, Role::EtcdHealthcheckClient).expect("a leaf").issuer = Issuer::Other(other);
        },
        "signed-by-other-ca",
        "etcd/healthcheck-client.crt",
        "chain-wrong-ca",
    ),
    (
        "client-lacks-clientauth",
        |cluster, _, _| {
            let leaf = cluster.leaf(0, Role::EtcdHealthcheckClient).expect("a leaf");
            leaf.certificate.set_purposes(&[Purpose::Server]);
        },
        "missing-client-auth",
        "etcd/healthcheck-client.crt",
        "usage-client-serverauth-only",
    ),
    (
        "client-sends-no-cert",
        |cluster, _, _| {
            let apiserver = &mut cluster.nodes[0].apiserver;
            (apiserver.etcd_cert, apiserver.etcd_key) = (None, None);
        },
        "client-certificate-missing",
        "/etc/kubernetes/manifests/kube-apiserver.yaml:--etcd-certfile",
        "cfg-apiserver-etcd-client-missing",
    ),
    (
        "server-expired",
        |cluster, _, at| expire(cluster, Role::EtcdServer, at),
        "expired",
        "etcd/server.crt",
        "time-etcd-server-expired",
    ),
    (
        "server-key-swapped",
        |cluster, rng, _| other_key(cluster, rng, Kind::Rsa(2048)),
        "key-mismatch",
        "etcd/server.key",
        "pair-mismatch-live",
    ),
    (
        "server-key-type-swapped",
        |cluster, rng, _| other_key(cluster, rng, Kind::P256),
        "key-type-mismatch",
        "etcd/server.key",
        "pair-mismatch-live",
    ),
    (
        "server-lacks-clientauth",
        |cluster, _, _| {
            cluster.leaf(0, Role::EtcdServer).expect("a leaf").certificate.set_purposes(&[Purpose::Server]);
        },
        "missing-client-auth",
        "etcd/server.crt",
        "usage-server-without-clientauth",
    ),
    (
        "server-lacks-san",
        |cluster, _, _| {
            let names = ["pi-master1", "localhost"].map(AltName::host);
            cluster.leaf(0, Role::EtcdServer).expect("a leaf").certificate.set_names(&names);
        },
        "san-missing",
        "etcd/server.crt",
        "san-server-missing-localhost",
    ),
    (
        "start-with-mismatched-key",
        |cluster, rng, _| other_key(cluster, rng, Kind::Rsa(2048)),
        "key-mismatch",
        "etcd/server.key",
        "pair-cert-key-mismatch",
    ),
];

/// When the certificate ended that a log complains of.
fn end(journal: &Journal) -> Option<i64> {
    journal.events.iter().find_map(|event| match event.reason {
        Reason::Expired { after: Some(at), .. } => Some(at.unix_timestamp()),
        _ => None,
    })
}

#[test]
fn every_real_log_with_its_wound_is_certain_and_without_it_suspected() {
    for release in ["34", "35"] {
        for (name, inflict, code, subject, mode) in WOUNDS {
            let name = format!("{release}-{name}.etcd.log");
            let bytes = std::fs::read(log(&name)).expect("a log");
            let mut cluster = Cluster::kubeadm(7);
            let now = OffsetDateTime::from_unix_timestamp(cluster.at).expect("an instant");
            let journal = listen(now, &[(&name, &bytes)]);
            inflict(&mut cluster, &mut Rng::new(7), end(&journal));
            let report = joined(&Patient::clinic(&cluster), &journal);
            let top = report.causes.first().unwrap_or_else(|| panic!("{name}: no cause"));
            let finding = &report.findings[top.findings[0]];
            assert_eq!((finding.code, finding.subject.as_str()), (code, subject), "{name}");
            assert_eq!((top.confidence, top.mode), ("certain", Some(mode)), "{name}");
            assert!(!top.log_events.is_empty() && top.since.is_some(), "{name}: nothing joins: {:#?}", report.events);
            assert!(!top.treatment.is_empty(), "{name}");
            let text = String::from_utf8_lossy(&bytes);
            let by_log = report::diagnose_logs(&listen(now, &[(&name, text.as_bytes())]), now, GoVersion::NEWEST);
            let suspects: Vec<_> = by_log.causes.iter().filter_map(|cause| cause.mode).collect();
            assert!(!suspects.is_empty(), "{name}");
            if !name.contains("client-") || name.contains("clientauth") {
                // what a client shows is on its own machine: by the log alone it may be any client
                assert_eq!(suspects.first(), Some(&mode), "{name}: {suspects:?}");
            }
        }
    }
}

fn events(report: &Report) -> &[EventReport] {
    report.events.as_deref().expect("logs were read")
}

/// The first act: the line that started it all, from the node's own address, every few seconds.
const REFUSED: &str = "\
2021-07-27 08:41:14.208723 I | embed: rejected connection from \"192.168.6.11:55660\" (error \"remote error: tls: bad certificate\", ServerName \"\")
2021-07-27 08:41:18.208723 I | embed: rejected connection from \"192.168.6.11:55668\" (error \"remote error: tls: bad certificate\", ServerName \"\")
2021-07-27 08:41:22.208723 I | embed: rejected connection from \"192.168.6.11:55674\" (error \"remote error: tls: bad certificate\", ServerName \"\")
";
const KUBEADM: &str = "error syncing endpoints with etcd: context deadline exceeded\n";
const FOREIGN_KEY: &str =
    "2021-07-27 09:12:03.100200 C | etcdmain: tls: private key type does not match public key type\n";

#[test]
fn the_story_s_lines_alone_have_the_right_direction_and_order() {
    let report = alone(REFUSED);
    let event = &events(&report)[0];
    assert_eq!((event.direction, event.count, event.noise), ("client-refused-server", 3, false));
    assert_eq!(report.causes[0].mode, Some("san-server-missing-localhost"));
    assert!(report.causes.len() > 1, "the words leave it open");
    for cause in &report.causes {
        assert!(!cause.title.contains("client certificate"), "{}", cause.title);
        let blames_a_client = ["usage-client-serverauth-only", "time-apiserver-etcd-client-expired", "cli-no-cert"];
        assert!(cause.mode.is_none_or(|mode| !blames_a_client.contains(&mode)), "{:?}", cause.mode);
    }

    let report = alone(FOREIGN_KEY);
    assert_eq!(events(&report)[0].direction, "writer-cannot-load");
    assert_eq!(report.causes[0].mode, Some("pair-type-mismatch"));
    assert_eq!(report.causes.len(), 1, "the words leave nothing open");

    let report = alone(KUBEADM);
    assert_eq!(events(&report)[0].writer, "kubeadm");
    assert_eq!(report.causes[0].mode, Some("mn-join-dead-endpoint"));
}

#[test]
fn what_hides_the_reason_is_laid_to_what_tells_it() {
    let report = alone(&[REFUSED, KUBEADM].concat());
    let top = &report.causes[0];
    assert_eq!((top.mode, top.log_events.len()), (Some("san-server-missing-localhost"), 2));
    let all = alone(&[REFUSED, KUBEADM, FOREIGN_KEY].concat());
    let first: Vec<_> = all.causes.iter().take(2).filter_map(|cause| cause.mode).collect();
    assert_eq!(first, ["san-server-missing-localhost", "pair-type-mismatch"]);
}

#[test]
fn the_story_with_its_files_is_certain() {
    for (act, lines, code, links) in [
        ("act-1", [REFUSED, KUBEADM].concat(), "san-missing", vec!["kubeadm->etcd"]),
        (
            "act-2",
            [REFUSED, KUBEADM, FOREIGN_KEY].concat(),
            "key-type-mismatch",
            vec!["kube-apiserver->etcd", "kubeadm->etcd", "etcd-gateway->etcd"],
        ),
    ] {
        let tree = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/story").join(act).join("pki");
        let patient = Patient::on_disk(vec![tree], NOW);
        let report = joined(&patient, &listen(NOW, &[("-", lines.as_bytes())]));
        let top = &report.causes[0];
        assert_eq!(report.findings[top.findings[0]].code, code, "{act}");
        assert_eq!((top.confidence, &top.links), ("certain", &links.iter().map(|id| (*id).to_owned()).collect()));
        assert!(events(&report).iter().all(|event| event.causes.contains(&0)), "{act}: one cause for everything");
        let who = events(&report)[0].remote_is.as_deref().unwrap_or_default();
        assert!(who.contains("kubeadm"), "{act}: {who}");
        assert!(top.title.contains("log lines"), "{}", top.title);
    }
}

#[test]
fn logs_that_speak_of_nothing_leave_the_findings_as_they_are() {
    let quiet = listen(NOW, &[("etcd.log", b"2026-11-23 03:28:45.470506 I | embed: ready to serve client requests\n")]);
    let healthy = joined(&Patient::real("stacked-single"), &quiet);
    assert!(healthy.causes.is_empty() && healthy.verdict == "healthy");
    let tree = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/story/act-1/pki");
    let wounded = joined(&Patient::on_disk(vec![tree], NOW), &quiet);
    let top = &wounded.causes[0];
    assert_eq!((top.confidence, top.log_events.len()), ("certain", 0));
    let confirm = top.confirm.as_deref().expect("what only files show can be confirmed");
    assert!(confirm.contains("remote error: tls: bad certificate"), "{confirm}");
}

fn expired_a_minute_ago(cluster: &mut Cluster, role: Role) {
    let at = cluster.at - 60;
    expire(cluster, role, Some(at));
}

/// What a scan says of a cluster to which this was done.
fn scanned_after(inflict: impl Fn(&mut Cluster)) -> Report {
    let mut cluster = Cluster::kubeadm(7);
    inflict(&mut cluster);
    Patient::clinic(&cluster).scan()
}

#[test]
fn a_cause_is_named_by_what_is_at_fault() {
    for (role, mode) in [
        (Role::Apiserver, "time-apiserver-expired"),
        (Role::FrontProxyClient, "time-front-proxy-client-expired"),
        (Role::ApiserverEtcdClient, "time-apiserver-etcd-client-expired"),
        (Role::ApiserverKubeletClient, "cli-apiserver-kubelet-client"),
        (Role::EtcdServer, "time-etcd-server-expired"),
    ] {
        let report = scanned_after(|cluster| expired_a_minute_ago(cluster, role));
        assert_eq!(report.causes[0].mode, Some(mode), "{}", report.causes[0].title);
    }
    let report = scanned_after(|cluster| {
        for role in [Role::Apiserver, Role::EtcdServer, Role::ApiserverEtcdClient, Role::FrontProxyClient] {
            expired_a_minute_ago(cluster, role);
        }
    });
    assert_eq!(report.causes[0].mode, Some("time-mass-expiry"));
    // one command for all of them
    let regen = "pkidoctor regen apiserver-etcd-client apiserver etcd-server front-proxy-client --backup";
    assert_eq!(report.causes[0].treatment[0], regen);
    assert!(!report.causes[0].treatment[1..].iter().any(|step| step.starts_with("pkidoctor")));
    // who dials the name that is missing
    for (names, role, mode) in [
        (&["127.0.0.1", "localhost"][..], Role::EtcdServer, "cfg-advertise-not-covered"),
        (&["192.168.6.11", "localhost"], Role::EtcdServer, "san-server-missing-localhost"),
        (&["127.0.0.1"], Role::EtcdPeer, "san-peer-target"),
        (&["127.0.0.1"], Role::Apiserver, "kc-server-not-in-san"),
    ] {
        let report = scanned_after(|cluster| {
            let names: Vec<AltName> = names.iter().map(|name| AltName::host(name)).collect();
            cluster.leaf(0, role).expect("a leaf").certificate.set_names(&names);
        });
        assert_eq!(report.causes[0].mode, Some(mode), "{names:?}: {}", report.causes[0].title);
    }
}

#[test]
fn what_would_confirm_a_cause_is_not_what_another_one_makes_them_say() {
    let report = scanned_after(|cluster| {
        let key = cluster.new_key(Kind::Rsa(2048), &mut Rng::new(7));
        cluster.nodes[0].files.insert(clinic::config::pki("apiserver-etcd-client.key"), File::key(&key));
        let server = &mut cluster.leaf(0, Role::EtcdServer).expect("a leaf").certificate;
        server.set_names(&[AltName::host("elsewhere")]);
    });
    let of = |code: &str| {
        let mut causes = report.causes.iter();
        causes.find(|cause| cause.findings.iter().any(|at| report.findings[*at].code == code)).expect("a cause")
    };
    let lacks_names = of("san-missing");
    assert!(lacks_names.links.iter().any(|link| link == "kube-apiserver->etcd"), "{:?}", lacks_names.links);
    let confirm = lacks_names.confirm.as_deref().expect("a link of its own");
    assert_eq!(
        confirm,
        "in the log of etcd: remote error: tls: bad certificate; or pkidoctor probe --link 'kubeadm->etcd'"
    );
    assert!(of("key-mismatch").confirm.as_deref().is_some_and(|words| words.contains("kube-apiserver->etcd")));
}
