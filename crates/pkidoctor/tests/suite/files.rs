//! Pairing, encoding and files: every wound with the exact findings that a careful operator wants.

use std::os::unix::fs::symlink;

use clinic::cluster::{Authority, Role};
use clinic::config::pki;
use clinic::key::{Container, Key, Kind};
use clinic::rng::Rng;
use clinic::{Cluster, der, pem};
use pkidoctor::read::Request;
use pkidoctor::report::{Finding, Report};

use crate::support::Patient;

const ETCD: &str = "../manifests/etcd.yaml";
const APISERVER: &str = "../manifests/kube-apiserver.yaml";
const MANAGER: &str = "../manifests/kube-controller-manager.yaml";

fn patient() -> Patient {
    Patient::real("stacked-single")
}

#[track_caller]
fn finding<'r>(report: &'r Report, code: &str) -> &'r Finding {
    report.findings.iter().find(|finding| finding.code == code).expect("such a finding")
}

fn fact(finding: &Finding, label: &str) -> String {
    finding.facts.iter().find(|fact| fact.label == label).map(|fact| fact.value.clone()).unwrap_or_default()
}

fn remedy(finding: &Finding) -> (&str, Option<&str>) {
    (finding.remedy.kind, finding.remedy.command.as_deref())
}

/// The first PEM block as DER.
fn der_of(text: &str) -> Vec<u8> {
    pem::decode_all(text).swap_remove(0)
}

// missing

#[test]
fn a_file_that_only_the_layout_names() {
    let report =
        patient().remove("etcd/healthcheck-client.key").expect(&["error file-missing etcd/healthcheck-client.key"]);
    assert_eq!(remedy(&report.findings[0]), ("regen", Some("pkidoctor regen etcd-healthcheck-client --backup")));
    assert_eq!(report.findings[0].links, ["kubeadm->etcd"]);
}

#[test]
fn a_missing_half_is_put_back_from_the_tree() {
    let patient = patient();
    patient.copy("etcd/server.key", "etcd/old/server.key.1").remove("etcd/server.key");
    let report = patient.expect(&["error manifest-path-missing etcd/server.key"]);
    assert_eq!(remedy(&report.findings[0]).0, "put-back");
    assert!(report.findings[0].remedy.steps[0].contains("etcd/old/server.key.1"));
}

#[test]
fn both_halves_missing_are_one_story() {
    let report = patient()
        .remove("etcd/peer.crt")
        .remove("etcd/peer.key")
        .expect(&["error manifest-path-missing etcd/peer.crt"]);
    assert_eq!(fact(&report.findings[0], "missing as well"), "etcd/peer.key");
    assert_eq!(
        fact(&report.findings[0], "named by"),
        "--peer-cert-file in /etc/kubernetes/manifests/etcd.yaml line 27"
    );
}

#[test]
fn a_missing_ca_is_told_once_for_flags_and_layout() {
    let report = patient().remove("etcd/ca.crt").expect(&["error manifest-path-missing etcd/ca.crt"]);
    let links = &report.findings[0].links;
    assert!(
        ["kube-apiserver->etcd", "kubeadm->etcd", "etcd-peer->etcd-peer"]
            .iter()
            .all(|link| links.iter().any(|known| known == link)),
        "{links:?}"
    );
    assert_eq!(remedy(&report.findings[0]), ("manual", None));
}

#[test]
fn a_missing_cluster_ca_lies_in_the_kubeconfigs() {
    let report = patient().remove("ca.crt").expect(&["error manifest-path-missing ca.crt"]);
    let step = &report.findings[0].remedy.steps[0];
    assert!(step.starts_with("kubectl --kubeconfig /etc/kubernetes/admin.conf config view --raw "), "{step}");
    assert!(step.ends_with(" | base64 -d > /etc/kubernetes/pki/ca.crt"), "{step}");
}

#[test]
fn a_link_that_leads_nowhere_is_missing() {
    let patient = patient();
    patient.remove("apiserver.crt");
    symlink("gone/apiserver.crt", patient.path("apiserver.crt")).expect("a link");
    let report = patient.expect(&["error manifest-path-missing apiserver.crt"]);
    assert_eq!(fact(&report.findings[0], "a link that leads nowhere"), "gone/apiserver.crt");
}

#[test]
fn links_that_lead_somewhere_are_healthy() {
    let patient = patient();
    std::fs::rename(patient.path("etcd/server.key"), patient.path("etcd/server.key.2026")).expect("moves");
    symlink("server.key.2026", patient.path("etcd/server.key")).expect("a link");
    patient.expect(&[]);
}

#[test]
fn a_kubeconfig_that_names_a_lost_file() {
    let patient = patient();
    let text = patient.text("../admin.conf");
    let named: Vec<String> = text
        .lines()
        .map(|line| {
            if line.trim_start().starts_with("client-key-data:") {
                "    client-key: /etc/kubernetes/pki/admin.key".to_owned()
            } else {
                line.to_owned()
            }
        })
        .collect();
    patient.write("../admin.conf", named.join("\n"));
    let report = patient.expect(&["error kubeconfig-path-missing admin.key"]);
    assert_eq!(report.findings[0].links, ["admin.conf->kube-apiserver"]);
}

#[test]
fn what_the_signer_names_must_exist() {
    let report = patient().remove("ca.key").expect(&["error manifest-path-missing ca.key"]);
    assert!(report.findings[0].links.is_empty());
    assert!(report.findings[0].remedy.avoid[0].contains("new CA"));
}

#[test]
fn an_external_ca_is_only_noted() {
    let patient = patient();
    patient
        .remove("ca.key")
        .remove("front-proxy-ca.key")
        .remove("etcd/ca.key")
        .edit(MANAGER, "--cluster-signing-cert-file=/etc/kubernetes/pki/ca.crt", "--cluster-signing-cert-file=")
        .edit(MANAGER, "--cluster-signing-key-file=/etc/kubernetes/pki/ca.key", "--cluster-signing-key-file=");
    let report = patient.expect(&[
        "info ca-key-missing ca.key",
        "info ca-key-missing etcd/ca.key",
        "info ca-key-missing front-proxy-ca.key",
    ]);
    assert_eq!(report.verdict, "healthy");
}

#[test]
fn one_lost_ca_key_among_others() {
    patient().remove("etcd/ca.key").expect(&["warning ca-key-missing etcd/ca.key"]);
    patient().remove("front-proxy-ca.key").expect(&["warning ca-key-missing front-proxy-ca.key"]);
    // external etcd: its key is elsewhere by design
    Patient::real("external-etcd").expect(&[]);
}

// something else than a file, or not for the process

#[test]
fn a_path_outside_every_mount() {
    let patient = patient();
    patient.edit(ETCD, "--cert-file=/etc/kubernetes/pki/etcd/server.crt", "--cert-file=/etc/ssl/etcd/server.crt");
    let report = patient.expect(&["error path-not-mounted /etc/kubernetes/manifests/etcd.yaml:--cert-file"]);
    assert_eq!(fact(&report.findings[0], "mounted"), "/var/lib/etcd, /etc/kubernetes/pki/etcd");
}

#[test]
fn a_directory_in_place_of_a_file() {
    let patient = patient();
    patient.remove("apiserver.key");
    std::fs::create_dir(patient.path("apiserver.key")).expect("a directory");
    let report = patient.expect(&["error file-is-directory apiserver.key"]);
    assert!(report.findings[0].remedy.steps[0].starts_with("rmdir "));
}

#[test]
fn links_in_a_circle() {
    let patient = patient();
    patient.remove("etcd/server.key");
    symlink("server.key", patient.path("etcd/server.key")).expect("a link");
    patient.expect(&["error link-loop etcd/server.key"]);
}

#[test]
fn a_user_that_may_not_read() {
    let patient = patient();
    // the files belong to whoever runs the tests
    patient.edit(ETCD, "  hostNetwork: true", "  securityContext:\n    runAsUser: 4711\n  hostNetwork: true");
    let report = patient.expect(&["error permission-denied etcd/peer.key", "error permission-denied etcd/server.key"]);
    let told = report.findings.iter().find(|finding| finding.subject == "etcd/server.key").expect("the server's");
    assert_eq!(fact(told, "read by user"), "4711");
    assert_eq!(
        told.remedy.command.as_deref(),
        Some("chown 4711 /etc/kubernetes/pki/etcd/server.key && chmod 0600 /etc/kubernetes/pki/etcd/server.key")
    );
}

#[test]
fn a_user_that_may_not_enter() {
    let patient = patient();
    patient.edit(ETCD, "  hostNetwork: true", "  securityContext:\n    runAsUser: 4711\n  hostNetwork: true");
    patient.chmod("etcd", 0o700);
    // what lies above the mounted directory is not in the way
    patient.chmod("", 0o700);
    let report = patient.expect(&["error permission-denied etcd"]);
    let told = &report.findings[0];
    assert_eq!([fact(told, "read by user"), fact(told, "mode")], ["4711", "0700"]);
    assert_eq!(told.remedy.command.as_deref(), Some("chmod a+x /etc/kubernetes/pki/etcd"));
    assert!(told.links.iter().any(|link| link == "kube-apiserver->etcd"), "{told:?}");
}

#[test]
fn the_top_of_a_copy_says_nothing_of_the_node() {
    const MANAGER: &str = "../manifests/kube-controller-manager.yaml";
    let patient = patient();
    patient.edit(MANAGER, "  hostNetwork: true", "  securityContext:\n    runAsUser: 4711\n  hostNetwork: true");
    for key in ["sa.key", "ca.key", "../controller-manager.conf"] {
        patient.chmod(key, 0o640);
    }
    for directory in ["", ".."] {
        patient.chmod(directory, 0o700);
    }
    let report = patient.scan();
    assert!(report.findings.iter().all(|finding| finding.code != "permission-denied"), "{:?}", report.findings);
    // below another root the same directories are the node's: one story, told once
    let patient = patient.below_root();
    let report = patient.scan();
    let denied: Vec<_> = report.findings.iter().filter(|finding| finding.code == "permission-denied").collect();
    assert_eq!(denied.len(), 1, "{denied:?}");
    assert_eq!(denied[0].subject, "/etc/kubernetes/pki", "{denied:?}");
}

#[test]
fn a_systemd_user_that_may_not_read() {
    let patient = Patient::real("external-etcd");
    for name in ["server", "peer"] {
        for ending in ["crt", "key"] {
            let from = std::fs::read(format!(
                "{}/../../testdata/clusters/ha/cp1/pki/etcd/{name}.{ending}",
                env!("CARGO_MANIFEST_DIR")
            ))
            .expect("reads");
            patient.write(&format!("etcd/{name}.{ending}"), from);
            patient.chmod(&format!("etcd/{name}.{ending}"), if ending == "key" { 0o600 } else { 0o644 });
        }
    }
    let unit = patient.directory.join("etcd.service");
    let pair = |prefix: &str, stem: &str| {
        format!(
            "--{prefix}cert-file=/etc/kubernetes/pki/etcd/{stem}.crt --{prefix}key-file=/etc/kubernetes/pki/etcd/{stem}.key"
        )
    };
    let urls = "--listen-client-urls=https://10.0.0.21:2379 --advertise-client-urls=https://10.0.0.21:2379";
    std::fs::write(
        &unit,
        format!("[Service]\nUser=4711\nExecStart=/usr/bin/etcd --name=e1 {urls} {}\n", pair("", "server")),
    )
    .expect("writes");
    let mut patient = patient;
    patient.request = Request { etcd_config: Some(unit), ..Request::default() };
    let report = patient.scan();
    assert!(
        report
            .findings
            .iter()
            .any(|finding| (finding.code, finding.subject.as_str()) == ("permission-denied", "etcd/server.key")),
        "{:?}",
        report.findings
    );
    for name in ["etcd/server.crt", "etcd/server.key"] {
        patient.chmod(name, 0o644);
    }
    patient.chmod("etcd", 0o700);
    let report = patient.scan();
    let denied = report.findings.iter().find(|finding| finding.code == "permission-denied").expect("a finding");
    assert_eq!(denied.subject, "etcd");
}

// empty, not PEM, other labels

#[test]
fn an_empty_key() {
    let report = patient().write("apiserver.key", "").expect(&["error file-empty apiserver.key"]);
    assert_eq!(fact(&report.findings[0], "size"), "0 bytes");
    patient().write("etcd/server.crt", "\n \n").expect(&["error file-empty etcd/server.crt"]);
}

#[test]
fn an_empty_file_that_nobody_uses() {
    patient().copy("sa.pub", "old/spare.pem").write("old/spare.pem", "").expect(&["info file-empty old/spare.pem"]);
}

#[test]
fn an_empty_cluster_ca_stops_its_readers() {
    patient().write("ca.crt", "").expect(&["error file-empty ca.crt"]);
}

#[test]
fn an_empty_etcd_ca_lets_etcd_start_and_refuse_everybody() {
    let report = patient().write("etcd/ca.crt", "").expect(&["error ca-pool-empty etcd/ca.crt"]);
    assert_eq!(fact(&report.findings[0], "certificates that Go loads"), "0");
    assert!(report.findings[0].links.iter().any(|link| link == "etcd-gateway->etcd"));
}

#[test]
fn an_etcd_ca_that_is_not_pem() {
    for (damage, repairable) in damages() {
        let patient = patient();
        let text = patient.text("etcd/ca.crt");
        patient.write("etcd/ca.crt", damage(&text));
        let report = patient.expect(&["error ca-pool-empty etcd/ca.crt"]);
        assert_eq!(remedy(&report.findings[0]).0 == "rewrite", repairable, "{:?}", report.findings[0]);
    }
}

type Damage = fn(&str) -> Vec<u8>;

/// Everything after which Go finds no block, and whether nothing is lost.
fn damages() -> [(Damage, bool); 7] {
    [
        (|text| [b"\xef\xbb\xbf", text.as_bytes()].concat(), true),
        (|text| text.lines().flat_map(|line| ["  ", line, "\n"]).collect::<String>().into_bytes(), true),
        (|text| der_of(text), true),
        (|text| base64(text.as_bytes()).into_bytes(), true),
        (|text| [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect(), true),
        (|text| text.as_bytes()[..text.len() / 2].to_vec(), false),
        (|_| b"certificate: see the wiki\n".to_vec(), false),
    ]
}

/// Base64 as a Secret holds it.
fn base64(bytes: &[u8]) -> String {
    pem::encode("X", bytes).lines().filter(|line| !line.starts_with('-')).collect()
}

#[test]
fn a_certificate_that_is_not_pem_is_told_exactly() {
    let words = [
        "byte order mark",
        "before BEGIN",
        "DER, the binary form, of a certificate",
        "base64 of PEM",
        "UTF-16",
        "END line is missing",
        "no BEGIN line",
    ];
    for ((damage, repairable), words) in damages().into_iter().zip(words) {
        let patient = patient();
        let text = patient.text("etcd/server.crt");
        patient.write("etcd/server.crt", damage(&text));
        let report = patient.expect(&["error not-pem etcd/server.crt"]);
        assert!(report.findings[0].message.contains(words), "{}", report.findings[0].message);
        let expected = if repairable {
            ("rewrite", Some("pkidoctor fix"))
        } else {
            ("regen", Some("pkidoctor regen etcd-server --backup"))
        };
        assert_eq!(remedy(&report.findings[0]), expected, "{words}");
    }
}

#[test]
fn harmless_forms_are_silent() {
    let patient = patient();
    let text = patient.text("etcd/server.crt");
    patient.write("etcd/server.crt", format!("subject=etcd\n{}", text.replace('\n', "\r\n")));
    let key = patient.text("etcd/server.key");
    patient.write("etcd/server.key", format!("{}\n\n", key.trim_end()));
    patient.expect(&[]);
}

#[test]
fn what_nobody_uses_is_at_most_an_info() {
    let patient = patient();
    patient.copy("ca.crt", "old/ca.crt").write("old/ca.crt", der_of(&patient.text("ca.crt")));
    patient
        .copy("ca.crt", "old/glued.pem")
        .write("old/glued.pem", format!("{0}{1}{0}", patient.text("ca.crt"), "-----BEGIN CERTIFICATE-----\nMIIB\n"));
    patient.expect(&["info not-pem old/ca.crt", "info pem-skipped old/glued.pem"]);
}

#[test]
fn a_request_instead_of_the_certificate() {
    let patient = patient();
    patient.write("etcd/server.crt", pem::encode("CERTIFICATE REQUEST", &der_of(&patient.text("etcd/server.crt"))));
    let report = patient.expect(&["error wrong-pem-label etcd/server.crt"]);
    assert_eq!(fact(&report.findings[0], "found"), "CERTIFICATE REQUEST");
}

#[test]
fn a_trusted_certificate_is_written_again() {
    let patient = patient();
    let der = der_of(&patient.text("etcd/server.crt"));
    patient.write("etcd/server.crt", pem::encode("TRUSTED CERTIFICATE", &der));
    let report = patient.expect(&["error wrong-pem-label etcd/server.crt"]);
    assert_eq!(remedy(&report.findings[0]).0, "rewrite");
    // etcd takes any label in a CA file
    let patient = self::patient();
    patient.write("etcd/ca.crt", pem::encode("TRUSTED CERTIFICATE", &der_of(&patient.text("etcd/ca.crt"))));
    // but kubeadm, which signs with it, does not
    let report = patient.expect(&["warning wrong-pem-label etcd/ca.crt"]);
    assert!(report.nodes[0].links.iter().all(|link| link.verdict == "ok" || link.verdict == "unknown"));
}

#[test]
fn a_public_key_instead_of_the_private_one() {
    let patient = patient();
    patient.write("etcd/server.key", patient.text("sa.pub"));
    patient.expect(&["error wrong-pem-label etcd/server.key"]);
}

// pairs

#[test]
fn flags_exchanged() {
    let patient = patient();
    patient
        .edit(ETCD, "--cert-file=/etc/kubernetes/pki/etcd/server.crt", "--cert-file=X")
        .edit(ETCD, "--key-file=/etc/kubernetes/pki/etcd/server.key", "--key-file=/etc/kubernetes/pki/etcd/server.crt")
        .edit(ETCD, "--cert-file=X", "--cert-file=/etc/kubernetes/pki/etcd/server.key");
    let report = patient.expect(&["error pair-swapped etcd/server.key"]);
    assert!(report.findings[0].remedy.steps[0].contains("exchange the values of --cert-file and --key-file"));
}

#[test]
fn contents_exchanged() {
    let patient = patient();
    let (certificate, key) = (patient.text("apiserver.crt"), patient.text("apiserver.key"));
    patient.write("apiserver.crt", key).write("apiserver.key", certificate);
    // the key lies in a file of mode 0644 now
    let report = patient.expect(&["error pair-swapped apiserver.crt", "warning key-exposed apiserver.crt"]);
    assert!(finding(&report, "pair-swapped").remedy.steps[0].starts_with("mv "));
}

#[test]
fn a_certificate_copied_over_the_key() {
    let patient = patient();
    patient.write("etcd/server.key", patient.text("etcd/server.crt"));
    let report = patient.expect(&["error pair-swapped etcd/server.key"]);
    assert_eq!(remedy(&report.findings[0]).0, "regen");
}

#[test]
fn keys_of_other_kinds() {
    let mut rng = Rng::new(7);
    let elliptic = Key::generate(Kind::P256, &mut rng).to_pem(&Container::Native);
    let report = patient().write("etcd/server.key", elliptic).expect(&["error key-type-mismatch etcd/server.key"]);
    assert_eq!(
        (fact(&report.findings[0], "certificate key"), fact(&report.findings[0], "private key")),
        ("rsa2048".to_owned(), "p256".to_owned())
    );
    let rsa = Key::rsa(2048, 900);
    for (container, code) in [
        (Container::EncryptedPkcs8, "encrypted-key"),
        (Container::EncryptedTraditional, "encrypted-key"),
        (Container::Inconsistent, "key-inconsistent"),
    ] {
        patient().write("etcd/server.key", rsa.to_pem(&container)).expect(&[&format!("error {code} etcd/server.key")]);
    }
    let curve = Key::generate(Kind::X25519, &mut rng).to_pem(&Container::Native);
    patient().write("etcd/server.key", curve).expect(&["error unsupported-key etcd/server.key"]);
    patient()
        .write("etcd/server.key", pem::encode("RSA PRIVATE KEY", &[1, 2, 3]))
        .expect(&["error malformed-key etcd/server.key"]);
}

#[test]
fn an_encrypted_token_key() {
    let patient = patient();
    patient.write("sa.key", Key::rsa(2048, 901).to_pem(&Container::EncryptedPkcs8));
    let report = patient.expect(&["error encrypted-key sa.key"]);
    assert!(report.findings[0].remedy.steps[0].contains("openssl pkey -in /etc/kubernetes/pki/sa.key"));
}

#[test]
fn a_damaged_certificate() {
    let patient = patient();
    let mut der = der_of(&patient.text("etcd/server.crt"));
    der.truncate(der.len() - 1);
    patient.write("etcd/server.crt", pem::encode("CERTIFICATE", &der));
    let report = patient.expect(&["error malformed-certificate etcd/server.crt"]);
    assert_eq!(remedy(&report.findings[0]), ("regen", Some("pkidoctor regen etcd-server --backup")));
    // an undamaged copy in the tree is put back
    let patient = self::patient();
    patient.copy("etcd/server.crt", "etcd.bak/server.crt").write("etcd/server.crt", pem::encode("CERTIFICATE", &der));
    let report = patient.expect(&["error malformed-certificate etcd/server.crt"]);
    assert_eq!(remedy(&report.findings[0]).0, "put-back");
}

#[test]
fn damage_in_a_file_that_nobody_uses() {
    let patient = patient();
    patient.copy("ca.crt", "old/x.crt").write("old/x.crt", pem::encode("CERTIFICATE", b"no certificate"));
    patient.expect(&["info malformed-certificate old/x.crt"]);
}

#[test]
fn the_ca_before_the_leaf() {
    let patient = patient();
    patient.write("etcd/server.crt", format!("{}{}", patient.text("etcd/ca.crt"), patient.text("etcd/server.crt")));
    let report = patient.expect(&["error wrong-certificate-first etcd/server.crt"]);
    assert_eq!(remedy(&report.findings[0]), ("rewrite", Some("pkidoctor fix")));
    // the other order is how it should be
    let patient = self::patient();
    patient.write("etcd/server.crt", format!("{}{}", patient.text("etcd/server.crt"), patient.text("etcd/ca.crt")));
    patient.expect(&[]);
}

#[test]
fn a_key_in_the_ca_file() {
    let patient = patient();
    patient.write("etcd/ca.crt", format!("{}{}", patient.text("etcd/ca.crt"), patient.text("etcd/ca.key")));
    patient.expect(&["error ca-file-with-key etcd/ca.crt", "warning key-exposed etcd/ca.crt"]);
    patient.chmod("etcd/ca.crt", 0o600).expect(&["error ca-file-with-key etcd/ca.crt"]);
    // kube-apiserver takes only the certificates of its client CA
    let patient = self::patient();
    patient.write("ca.crt", format!("{}{}", patient.text("ca.crt"), patient.text("ca.key")));
    patient.expect(&["warning key-exposed ca.crt"]);
    patient.chmod("ca.crt", 0o600).expect(&["info key-in-certificate-file ca.crt"]);
}

#[test]
fn one_file_for_certificate_and_key_is_fine() {
    let patient = patient();
    patient.write("etcd/server.key", format!("{}{}", patient.text("etcd/server.crt"), patient.text("etcd/server.key")));
    patient.edit(
        ETCD,
        "--cert-file=/etc/kubernetes/pki/etcd/server.crt",
        "--cert-file=/etc/kubernetes/pki/etcd/server.key",
    );
    patient.remove("etcd/server.crt").expect(&[]);
}

// pools of which a part is lost

#[test]
fn a_new_ca_behind_a_missing_line_break() {
    let patient = patient();
    let (ca, other) = (patient.text("etcd/ca.crt"), patient.text("front-proxy-ca.crt"));
    // Go drops both of two glued blocks, or one; a third keeps the pool from being empty
    patient.write("etcd/ca.crt", format!("{other}{}{other}", ca.trim_end()));
    let report = patient.expect(&["error ca-pool-partial etcd/ca.crt"]);
    assert_eq!(fact(&report.findings[0], "hidden"), "CN=etcd-ca");
    assert_eq!(remedy(&report.findings[0]).0, "rewrite");
}

#[test]
fn a_part_that_nobody_misses_yet() {
    let patient = patient();
    patient.write("etcd/ca.crt", format!("{}  {}", patient.text("etcd/ca.crt"), patient.text("front-proxy-ca.crt")));
    patient.expect(&["warning ca-pool-partial etcd/ca.crt"]);
    let patient = self::patient();
    patient.write("etcd/server.crt", format!("{}  {}", patient.text("etcd/server.crt"), patient.text("etcd/ca.crt")));
    patient.expect(&["info ca-pool-partial etcd/server.crt"]);
    let patient = self::patient();
    patient
        .write("etcd/server.key", format!("{}-----BEGIN RSA PRIVATE KEY-----\nMIIB", patient.text("etcd/server.key")));
    patient.expect(&["info pem-skipped etcd/server.key"]);
}

// exposure

#[test]
fn a_tree_copied_with_open_modes() {
    let patient = patient();
    let mut keys: Vec<String> = Vec::new();
    for entry in ["", "etcd/"] {
        for file in std::fs::read_dir(patient.path(entry)).expect("a directory").flatten() {
            let name = file.file_name().into_string().expect("UTF-8");
            if file.path().is_file() {
                patient.chmod(&format!("{entry}{name}"), 0o644);
                keys.extend(name.contains(".key").then(|| format!("warning key-exposed {entry}{name}")));
            }
        }
    }
    assert_eq!(keys.len(), 11);
    let report = patient.expect(&keys.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(report.verdict, "warnings");
    assert_eq!(
        remedy(&report.findings[0]),
        ("chmod", Some("chmod 0600 /etc/kubernetes/pki/apiserver-etcd-client.key"))
    );
}

#[test]
fn every_bit_for_group_and_others_counts() {
    for mode in [0o640, 0o610, 0o604, 0o620, 0o601] {
        patient().chmod("sa.key", mode).expect(&["warning key-exposed sa.key"]);
    }
    for mode in [0o400, 0o600, 0o700] {
        patient().chmod("sa.key", mode).expect(&[]);
    }
}

#[test]
fn keys_in_other_clothes() {
    let patient = patient();
    patient.chmod("../admin.conf", 0o644).copy("etcd/ca.key", "backup/ca.key.2025").chmod("backup/ca.key.2025", 0o644);
    patient
        .copy("sa.key", "backup/bom.pem")
        .write("backup/bom.pem", [b"\xef\xbb\xbf", patient.text("sa.key").as_bytes()].concat())
        .chmod("backup/bom.pem", 0o644);
    patient
        .copy("sa.key", "backup/key.der")
        .write("backup/key.der", der_of(&patient.text("sa.key")))
        .chmod("backup/key.der", 0o644);
    patient.copy("../admin.conf", "backup/admin.conf.old").chmod("backup/admin.conf.old", 0o644);
    patient.expect(&[
        "warning key-exposed /etc/kubernetes/admin.conf",
        "warning key-exposed backup/admin.conf.old",
        "warning key-exposed backup/bom.pem",
        "warning key-exposed backup/ca.key.2025",
        "warning key-exposed backup/key.der",
        "info not-pem backup/bom.pem",
    ]);
}

// CAs and tokens

#[test]
fn a_ca_key_of_another_ca() {
    let patient = patient();
    patient.write("etcd/ca.key", patient.text("front-proxy-ca.key"));
    let report = patient.expect(&["error ca-key-mismatch etcd/ca.key"]);
    assert_eq!(fact(&report.findings[0], "the key belongs to"), "front-proxy-ca.crt");
    assert!(report.findings[0].remedy.avoid.iter().any(|avoid| avoid.contains("certs renew")));
}

#[test]
fn a_ca_key_that_lies_elsewhere() {
    let patient = patient();
    patient.copy("ca.key", "vault/ca-2026.key").write("ca.key", patient.text("sa.key"));
    let report = patient.expect(&["error ca-key-mismatch ca.key"]);
    assert_eq!(remedy(&report.findings[0]).0, "put-back");
    // another node has it
    let patient = Patient::real_nodes(&["ha/cp1", "ha/cp2"]);
    patient.write("ca.key", patient.text("sa.key"));
    let report = patient.expect(&["error ca-key-mismatch ca.key"]);
    assert!(report.findings[0].remedy.steps[0].contains("copy ca.key from cp2"));
}

#[test]
fn a_ca_certificate_of_another_ca() {
    // the leaves say whose the key is: here the certificate is the stray
    let patient = patient();
    patient.write("front-proxy-ca.crt", patient.text("etcd/ca.crt"));
    let report = patient.scan();
    let told = finding(&report, "ca-key-mismatch");
    assert_eq!((told.severity, told.subject.as_str()), ("error", "front-proxy-ca.key"));
    // a leaf in its place is told as such, and once
    let patient = self::patient();
    patient.write("etcd/ca.crt", patient.text("apiserver.crt"));
    assert!(patient.scan().findings.iter().all(|finding| finding.code != "ca-key-mismatch"));
}

#[test]
fn a_ca_key_that_does_not_load() {
    patient().write("ca.key", "").expect(&["error file-empty ca.key"]);
    patient()
        .write("etcd/ca.key", Key::rsa(2048, 902).to_pem(&Container::EncryptedPkcs8))
        .expect(&["warning encrypted-key etcd/ca.key"]);
    let elliptic = Key::generate(Kind::P256, &mut Rng::new(3)).to_pem(&Container::Native);
    patient().write("front-proxy-ca.key", elliptic).expect(&["error ca-key-mismatch front-proxy-ca.key"]);
}

#[test]
fn the_public_half_of_another_token_key() {
    let patient = patient();
    let other = Key::rsa(2048, 903);
    patient.write("sa.pub", other.to_pem(&Container::Public));
    let report = patient.expect(&["error sa-key-mismatch sa.pub"]);
    assert_eq!(remedy(&report.findings[0]), ("regen", Some("pkidoctor regen sa.pub --backup")));
    // the old key is still here: then the tokens that are out there can stay valid
    patient.copy("sa.key", "old/sa.key").write("old/sa.key", other.to_pem(&Container::Native));
    assert_eq!(remedy(&patient.expect(&["error sa-key-mismatch sa.pub"]).findings[0]).0, "put-back");
}

#[test]
fn several_verifiers_are_enough() {
    let patient = patient();
    patient.copy("sa.pub", "sa-new.pub").write("sa.pub", Key::rsa(2048, 904).to_pem(&Container::Public));
    let flag = "--service-account-key-file=/etc/kubernetes/pki/sa.pub";
    patient.edit(APISERVER, flag, &format!("{flag}\n    - --service-account-key-file=/etc/kubernetes/pki/sa-new.pub"));
    patient.expect(&[]);
}

// manifests

#[test]
fn a_backup_in_the_manifests_directory() {
    let patient = patient();
    patient.copy(ETCD, "../manifests/etcd.yaml.bak").edit("../manifests/etcd.yaml.bak", "https://127.0.0.1:2379,", "");
    let report = patient.expect(&["error duplicate-pod /etc/kubernetes/manifests/etcd.yaml.bak"]);
    assert_eq!(fact(&report.findings[0], "--listen-client-urls here"), "https://192.168.6.11:2379");
    // what starts with a dot is not read
    let patient = self::patient();
    patient.copy(ETCD, "../manifests/.etcd.yaml.swp").expect(&[]);
}

#[test]
fn several_documents_in_a_manifest() {
    let patient = patient();
    let scheduler = patient.text("../manifests/kube-scheduler.yaml");
    patient.write(
        "../manifests/kube-scheduler.yaml",
        format!("{scheduler}\n---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: extra\nspec:\n  containers: []\n"),
    );
    patient.expect(&["warning duplicate-pod /etc/kubernetes/manifests/kube-scheduler.yaml"]);
}

#[test]
fn a_certificate_mounted_as_a_file() {
    let patient = patient();
    patient
        .edit(ETCD, "    - mountPath: /etc/kubernetes/pki/etcd\n", "    - mountPath: /srv/server.crt\n      name: leaf\n    - mountPath: /etc/kubernetes/pki/etcd\n")
        .edit(ETCD, "  volumes:\n", "  volumes:\n  - hostPath:\n      path: /etc/kubernetes/pki/etcd/server.crt\n      type: File\n    name: leaf\n")
        .edit(ETCD, "--cert-file=/etc/kubernetes/pki/etcd/server.crt", "--cert-file=/srv/server.crt");
    let report = patient.expect(&["info file-bind-mount etcd/server.crt"]);
    assert_eq!(fact(&report.findings[0], "volume type"), "File");
}

// revocation lists

const LIST: &str = "/etc/kubernetes/pki/etcd/crl";

/// A cluster whose etcd has a revocation list, and a list of its CA with these serial numbers.
fn revoking(port: &str, serials: &[Vec<u8>], due: &str) -> (Patient, Vec<u8>) {
    let mut cluster = Cluster::kubeadm(11);
    let etcd = cluster.nodes[0].etcd.as_mut().expect("etcd");
    etcd.extra.push((format!("{port}-crl-file"), LIST.to_owned()));
    let list = list(&mut cluster, Authority::Etcd, serials, due);
    (Patient::clinic(&cluster), list)
}

fn list(cluster: &mut Cluster, authority: Authority, serials: &[Vec<u8>], due: &str) -> Vec<u8> {
    let issued = cluster.authority(0, authority);
    let algorithm = issued.key.usual_algorithm();
    let time = |text: &str| der::tlv(der::tag::GENERALIZED_TIME, text.as_bytes());
    let entries: Vec<Vec<u8>> =
        serials.iter().map(|serial| der::sequence(&[der::unsigned(serial), time("20200101000000Z")])).collect();
    let signed = der::sequence(&[
        der::integer(&[1]),
        algorithm.to_der(),
        issued.certificate.subject.to_der(),
        time("20200101000000Z"),
        time(due),
        der::sequence(&entries),
    ]);
    let signature = issued.key.sign(&algorithm, &signed, &mut Rng::new(1));
    der::sequence(&[signed, algorithm.to_der(), der::bit_string(&signature)])
}

fn serial(cluster: &mut Cluster, role: Role) -> Vec<u8> {
    cluster.leaf(0, role).expect("a leaf").certificate.serial.clone()
}

const FUTURE: &str = "20990101000000Z";

#[test]
fn a_missing_list_refuses_everybody() {
    let (patient, list) = revoking("client", &[], FUTURE);
    let report = patient.expect(&["error crl-missing etcd/crl"]);
    assert!(report.findings[0].links.iter().any(|link| link == "kube-apiserver->etcd"));
    assert_eq!(refused(&report, "kube-apiserver->etcd"), format!("open {LIST}: no such file or directory"));
    assert_eq!(refused(&report, "kubeadm->etcd"), format!("open {LIST}: no such file or directory"));
    patient.write("etcd/crl", list).expect(&[]);
}

/// What etcd logs of a link that it closes after TLS.
fn refused(report: &Report, id: &str) -> String {
    let link = report.nodes[0].links.iter().find(|link| link.id == id).expect("a link");
    assert_eq!((link.verdict, link.refused_by, link.client_error.as_deref()), ("broken", Some("server"), Some("EOF")));
    link.server_error.clone().unwrap_or_default()
}

#[test]
fn a_list_that_etcd_cannot_read() {
    let (patient, list) = revoking("client", &[], FUTURE);
    patient.write("etcd/crl", "").expect(&["error crl-unusable etcd/crl"]);
    let pem = pem::encode("X509 CRL", &list);
    patient.write("etcd/crl", &pem);
    for (tag, expected) in [("3.5.16-0", None), ("3.6.1-0", Some("error crl-unusable etcd/crl"))] {
        let manifest = patient.text(ETCD);
        let image = manifest.lines().find(|line| line.trim_start().starts_with("image:")).expect("an image").to_owned();
        patient.edit(ETCD, &image, &format!("    image: registry.k8s.io/etcd:{tag}"));
        patient.expect(&expected.into_iter().collect::<Vec<_>>());
    }
    patient.write("etcd/crl", &list).expect(&[]);
}

#[test]
fn a_stale_or_foreign_list_is_believed() {
    let (patient, stale) = revoking("client", &[], "20210101000000Z");
    let report = patient.write("etcd/crl", stale).expect(&["warning crl-unusable etcd/crl"]);
    assert!(report.findings[0].message.contains("stale"));
    let mut cluster = Cluster::kubeadm(11);
    let foreign = list(&mut cluster, Authority::FrontProxy, &[], FUTURE);
    let report = patient.write("etcd/crl", foreign).expect(&["warning crl-unusable etcd/crl"]);
    assert!(report.findings[0].message.contains("not signed by a CA"));
}

#[test]
fn a_revoked_client() {
    let serial = serial(&mut Cluster::kubeadm(11), Role::ApiserverEtcdClient);
    let (patient, list) = revoking("client", std::slice::from_ref(&serial), FUTURE);
    let report = patient.write("etcd/crl", list).expect(&["error certificate-revoked apiserver-etcd-client.crt"]);
    assert_eq!(report.findings[0].links, ["kube-apiserver->etcd"]);
    let hex = serial.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    assert_eq!(refused(&report, "kube-apiserver->etcd"), format!("transport: certificate serial {hex} revoked"));
    assert!(report.nodes[0].links.iter().all(|link| link.verdict == "ok" || link.id == "kube-apiserver->etcd"));
    // a single member dials no peer yet
    let serial = self::serial(&mut Cluster::kubeadm(11), Role::EtcdPeer);
    let (patient, list) = revoking("peer", &[serial], FUTURE);
    patient.write("etcd/crl", list).expect(&["warning certificate-revoked etcd/peer.crt"]);
}

#[test]
fn the_layout_of_the_clinic_is_the_real_one() {
    assert_eq!(pki("etcd/crl"), LIST);
}

/// Another CA was copied over etcd's: its key lies beside, but it is the key in place that signed what is there.
#[test]
fn a_ca_whose_key_signed_the_leaves_is_not_given_another_key() {
    let patient = Patient::real("stacked-single");
    patient.copy("etcd/ca.crt", "etcd/ca.crt.old");
    patient.copy("ca.crt", "etcd/ca.crt");
    let report = patient.scan();
    let finding = report.findings.iter().find(|finding| finding.code == "ca-key-mismatch").expect("found");
    assert_eq!((finding.subject.as_str(), finding.remedy.kind), ("etcd/ca.key", "put-back"));
    assert_eq!(finding.remedy.steps[1], "cp -p /etc/kubernetes/pki/etcd/ca.crt.old /etc/kubernetes/pki/etcd/ca.crt");
    assert!(!finding.remedy.steps.iter().any(|step| step.contains("ca.key")));
    // and the other way round it is the key that is to be replaced
    let patient = Patient::real("stacked-single");
    patient.copy("etcd/ca.key", "etcd/ca.key.old");
    patient.copy("ca.key", "etcd/ca.key");
    let report = patient.scan();
    let finding = report.findings.iter().find(|finding| finding.code == "ca-key-mismatch").expect("found");
    assert_eq!((finding.subject.as_str(), finding.remedy.kind), ("etcd/ca.key", "put-back"));
}
