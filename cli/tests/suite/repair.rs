//! `regen`, `fix`, `restore`, `recover` as their users meet them. What a crash leaves is the business of `scripts/crash`.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use clinic::Cluster;
use clinic::rng::Rng;
use serde_json::Value;

use crate::support::{Ran, Ward, files};

/// A control plane of today, so that the real clock fits it.
fn today(wounds: &[&str]) -> Ward {
    let mut cluster = Cluster::kubeadm(2);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970").as_secs();
    cluster.bring_to(i64::try_from(now).expect("this century"));
    for name in wounds {
        let wound = clinic::wounds::find(name).unwrap_or_else(|| panic!("no wound {name}"));
        assert!(cluster.inflict(wound, &mut Rng::new(3)), "{name} finds no subject");
    }
    let ward = Ward::new();
    cluster.write(&ward.directory).expect("writes");
    ward
}

/// Every file with its mode, owner and content.
fn tree(ward: &Ward) -> BTreeMap<PathBuf, (u32, u32, Vec<u8>)> {
    let all = files(&ward.directory).into_iter().filter(|path| !path.starts_with(ward.path("pkidoctor-backups")));
    all.map(|path| {
        let meta = std::fs::symlink_metadata(&path).expect("a file");
        let bytes = std::fs::read(&path).expect("reads");
        (path, (meta.mode(), meta.uid(), bytes))
    })
    .collect()
}

fn json(ran: &Ran) -> Value {
    ran.json()
}

fn is_healthy(ward: &Ward) -> bool {
    let ran = ward.run(&["scan", "pki", "--format", "json"]);
    ran.code == 0
}

fn openssl(directory: &Path, words: &str) -> String {
    let ran = Command::new("openssl").args(words.split(' ')).current_dir(directory).output().expect("openssl runs");
    assert!(ran.status.success(), "{words}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8_lossy(&ran.stdout).into_owned()
}

#[test]
fn a_dry_run_writes_nothing() {
    let ward = today(&[]);
    let before = tree(&ward);
    for words in [&["regen", "all", "--dry-run", "--pki", "pki"][..], &["fix", "--dry-run", "--pki", "pki"]] {
        ward.run(words).code(0);
    }
    assert_eq!(tree(&ward), before);
    assert!(!ward.path("pkidoctor-backups").exists());
}

#[test]
fn every_target_is_made_anew_and_everything_can_be_put_back() {
    let ward = today(&[]);
    let before = tree(&ward);
    let ran =
        ward.run(&["regen", "all", "kubelet.conf", "sa.pub", "--yes", "--pki", "pki", "--format", "json"]).code(0);
    let report = json(&ran);
    assert_eq!(report["outcome"], "done");
    let after = tree(&ward);
    let changed: Vec<&PathBuf> = before.keys().filter(|path| before[*path].2 != after[*path].2).collect();
    assert_eq!(changed.len(), 18, "{changed:?}");
    for (path, (mode, owner, _)) in &before {
        assert_eq!((mode, owner), (&after[path].0, &after[path].1), "{}", path.display());
    }
    assert_eq!(before.len(), after.len(), "nothing is left over");
    assert!(is_healthy(&ward));
    let name = report["backup"].as_str().and_then(|path| path.rsplit('/').next()).expect("a backup").to_owned();
    assert_eq!(std::fs::metadata(ward.path("pkidoctor-backups")).expect("there").mode() & 0o077, 0);
    let listed = ward.run(&["restore", "--pki", "pki", "--format", "json"]).code(0).json();
    assert_eq!(listed["backups"].as_array().map(Vec::len), Some(1));
    let restored = ward.run(&["restore", &name, "--pki", "pki"]).code(0);
    assert!(restored.stdout.contains("no restart  etcd reads its certificates"), "{}", restored.stdout);
    assert_eq!(tree(&ward), before);
    // what was there was backed up again, and an untouched tree needs nothing
    let again = ward.run(&["restore", &name, "--pki", "pki"]).code(0);
    assert!(again.stdout.contains("every file is as it was saved"), "{}", again.stdout);
}

#[test]
fn what_has_changed_since_is_not_overwritten() {
    let ward = today(&[]);
    let made = ward.run(&["regen", "etcd-server", "--pki", "pki", "--format", "json"]).code(0).json();
    let backup = made["backup"].as_str().expect("a backup");
    std::fs::write(ward.path("pki/etcd/server.crt"), "by hand").expect("writes");
    let before = tree(&ward);
    let ran = ward.run(&["restore", backup, "--pki", "pki", "--format", "json"]).code(3);
    assert_eq!(ran.json()["refusal"]["code"], "changed-since");
    assert_eq!(tree(&ward), before);
    ward.run(&["restore", backup, "--pki", "pki", "--force"]).code(0);
    assert!(is_healthy(&ward));
}

#[test]
fn what_asks_is_refused_where_nobody_answers() {
    let ward = today(&[]);
    let before = tree(&ward);
    let asking: [&[&str]; 4] = [
        &["regen", "all"],
        &["regen", "etcd-server", "--only-san"],
        &["regen", "etcd-server", "--key-type", "p384"],
        &["regen", "etcd-server", "--adopt-ca"],
    ];
    for words in asking {
        let ran = ward.run(&[words, &["--pki", "pki"]].concat()).code(3);
        assert!(ran.stderr.contains("--yes"), "{}", ran.stderr);
        assert_eq!(tree(&ward), before, "{words:?}");
    }
    ward.run(&["regen", "etcd-server", "--key-type", "p384", "--yes", "--pki", "pki"]).code(0);
    assert!(openssl(&ward.directory, "x509 -in pki/etcd/server.crt -noout -text").contains("secp384r1"));
}

#[test]
fn the_key_can_stay() {
    let ward = today(&[]);
    let key = || std::fs::read(ward.path("pki/etcd/server.key")).expect("a key");
    let (before, certificate) = (key(), tree(&ward)[&ward.path("pki/etcd/server.crt")].2.clone());
    ward.run(&["regen", "etcd-server", "--keep-key", "--pki", "pki"]).code(0);
    assert_eq!(key(), before);
    assert_ne!(tree(&ward)[&ward.path("pki/etcd/server.crt")].2, certificate);
    assert!(is_healthy(&ward));
}

#[test]
fn names_are_added_and_dropped() {
    let ward = today(&[]);
    let names = || openssl(&ward.directory, "x509 -in pki/etcd/server.crt -noout -ext subjectAltName");
    ward.run(&["regen", "etcd-server", "--san", "etcd.example.com", "--san", "10.9.8.7", "--pki", "pki"]).code(0);
    assert!(names().contains("DNS:etcd.example.com") && names().contains("IP Address:10.9.8.7"), "{}", names());
    // what is there stays, unless asked otherwise
    ward.run(&["regen", "etcd-server", "--pki", "pki"]).code(0);
    assert!(names().contains("DNS:etcd.example.com"), "{}", names());
    ward.run(&["regen", "etcd-server", "--only-san", "--yes", "--pki", "pki"]).code(0);
    assert!(!names().contains("example.com") && names().contains("DNS:localhost"), "{}", names());
}

#[test]
fn the_key_of_the_ca_may_be_elsewhere() {
    let ward = today(&[]);
    std::fs::rename(ward.path("pki/etcd/ca.key"), ward.path("ca.key")).expect("moves");
    let before = tree(&ward);
    let refused = ward.run(&["regen", "etcd-server", "--pki", "pki", "--format", "json"]).code(3).json();
    assert_eq!(refused["refusal"]["code"], "ca-key-missing");
    ward.run(&["regen", "etcd-server", "--csr", "requests", "--pki", "pki"]).code(0);
    for path in ["requests/etcd-server.key", "requests/etcd-server.csr"] {
        assert_eq!(std::fs::metadata(ward.path(path)).expect("there").mode() & 0o777, 0o600, "{path}");
    }
    // nothing is overwritten, not even a request
    let again = ward.run(&["regen", "etcd-server", "--csr", "requests", "--pki", "pki", "--format", "json"]).code(3);
    assert_eq!(again.json()["refusal"]["code"], "requests-exist");
    assert!(again.stdout.contains("--install"), "{}", again.stdout);
    let unsigned = ward.run(&["regen", "etcd-server", "--install", "requests", "--pki", "pki", "--format", "json"]);
    assert_eq!(unsigned.code(3).json()["refusal"]["code"], "not-signed");
    openssl(
        &ward.directory,
        "x509 -req -in requests/etcd-server.csr -CA pki/etcd/ca.crt -CAkey ca.key -set_serial 77 -copy_extensions copy -days 90 -out requests/etcd-server.crt",
    );
    std::fs::rename(ward.path("requests"), ward.path("signed")).expect("moves");
    assert_eq!(tree(&ward).len(), before.len() + 3, "nothing of the PKI has changed");
    ward.run(&["regen", "etcd-server", "--install", "signed", "--pki", "pki"]).code(0);
    assert!(openssl(&ward.directory, "x509 -in pki/etcd/server.crt -noout -serial").contains("4D"));
    let report = ward.run(&["scan", "pki", "--format", "json"]).code(0).json();
    assert!(!report.to_string().contains("\"verdict\":\"broken\""), "{report}");
    // an authority may hand out DER
    openssl(&ward.directory, "x509 -in signed/etcd-server.crt -outform DER -out der");
    std::fs::rename(ward.path("der"), ward.path("signed/etcd-server.crt")).expect("moves");
    let installed = tree(&ward)[&ward.path("pki/etcd/server.crt")].2.clone();
    ward.run(&["regen", "etcd-server", "--pki", "pki", "--install", "signed"]).code(0);
    assert_eq!(tree(&ward)[&ward.path("pki/etcd/server.crt")].2, installed);
}

/// The kubelet would run what lies among the manifests; a key in the PKI would be taken for one of its own.
#[test]
fn requests_go_elsewhere() {
    let ward = today(&[]);
    let before = tree(&ward);
    for place in ["pki", "pki/etcd/requests", "manifests/new", "pki/../manifests"] {
        let ran = ward.run(&["regen", "etcd-server", "--csr", place, "--pki", "pki"]).code(3);
        assert!(ran.stdout.contains("backups and requests go"), "{place}: {}", ran.stdout);
    }
    assert_eq!(tree(&ward), before);
    assert!(!ward.path("pki/etcd/requests").exists() && !ward.path("manifests/new").exists());
}

/// What signs is put back first, even where nobody asked for it.
#[test]
fn a_key_that_is_to_sign_is_brought_back_with_what_it_signs() {
    let ward = today(&["key-of-another-pair"]);
    std::fs::rename(ward.path("pki/etcd/ca.key"), ward.path("pki/etcd/ca.key.bak")).expect("moves");
    let fixed = ward.run(&["fix", "--yes", "--pki", "pki", "--format", "json"]).code(0).json();
    let steps = fixed["steps"].as_array().expect("steps").iter();
    let steps: Vec<_> = steps.map(|step| format!("{} {}", step["kind"], step["target"]).replace('"', "")).collect();
    assert_eq!(steps, ["put-back etcd/ca.key", "regen etcd-peer"]);
    assert!(is_healthy(&ward));
}

#[test]
fn what_lies_in_each_others_place_is_exchanged() {
    let exchanges = [
        ("pki/etcd/server.key", "pki/etcd/peer.key"),
        ("pki/apiserver.crt", "pki/apiserver-kubelet-client.crt"),
        ("pki/ca.key", "pki/etcd/ca.key"),
    ];
    for (one, other) in exchanges {
        let ward = today(&[]);
        let before = tree(&ward);
        let (first, second) = (before[&ward.path(one)].2.clone(), before[&ward.path(other)].2.clone());
        std::fs::write(ward.path(one), second).expect("writes");
        std::fs::write(ward.path(other), first).expect("writes");
        assert!(!is_healthy(&ward), "{one}");
        let fixed = ward.run(&["fix", "--yes", "--pki", "pki"]).code(0);
        assert!(fixed.stdout.contains("the two change places"), "{one}: {}", fixed.stdout);
        assert_eq!(tree(&ward), before, "{one}");
    }
}

/// What cannot be replaced stands in nobody else's way.
#[test]
fn a_fifo_is_left_to_hands() {
    let ward = today(&["key-of-another-pair"]);
    std::fs::remove_file(ward.path("pki/sa.pub")).expect("removes");
    let made = Command::new("mkfifo").arg(ward.path("pki/sa.pub")).status().expect("mkfifo runs");
    assert!(made.success());
    let fixed = ward.run(&["fix", "--yes", "--pki", "pki", "--format", "json"]).code(1).json();
    assert_eq!((&fixed["outcome"], fixed["steps"].as_array().map(Vec::len)), (&"done".into(), Some(1)), "{fixed}");
    assert!(fixed.to_string().contains("it is a fifo"), "{fixed}");
}

/// kubeadm leaves etcd's certificates out where etcd is external; so does a group of targets, and says so.
#[test]
fn what_an_external_etcd_signs_is_left_out_of_a_group() {
    let ward = Ward::with(&["external-etcd"]);
    let pki = ward.path("external-etcd/pki");
    assert!(!pki.join("etcd/ca.key").exists());
    let ran = ward.run(&["regen", "all", "--dry-run", "--pki", "external-etcd/pki", "--format", "json"]).code(0).json();
    assert_eq!(ran["left_out"][0]["target"], "apiserver-etcd-client", "{ran}");
    let steps = ran["steps"].as_array().expect("steps");
    assert!(steps.len() > 5 && steps.iter().all(|step| step["target"] != "apiserver-etcd-client"), "{ran}");
    let named = ward.run(&["regen", "apiserver-etcd-client", "--dry-run", "--pki", "external-etcd/pki"]).code(3);
    assert!(named.stdout.contains("whoever runs it has the key"), "{}", named.stdout);
}

/// Every kubeconfig holds the cluster's CA; but not every one holds this cluster's.
#[test]
fn the_ca_that_is_gone_is_taken_from_a_kubeconfig() {
    let ward = today(&[]);
    let before = tree(&ward);
    std::fs::remove_file(ward.path("pki/ca.crt")).expect("removes");
    ward.run(&["fix", "--yes", "--pki", "pki"]).code(0);
    assert_eq!(tree(&ward)[&ward.path("pki/ca.crt")].2, before[&ward.path("pki/ca.crt")].2);
    assert!(is_healthy(&ward));
    // another cluster's kubeconfigs
    std::fs::remove_file(ward.path("pki/ca.crt")).expect("removes");
    openssl(&ward.directory, "genrsa -out pki/ca.key 2048");
    let fixed = ward.run(&["fix", "--yes", "--pki", "pki"]).code(1);
    assert!(!ward.path("pki/ca.crt").exists(), "{}", fixed.stdout);
}

/// A certificate of another role in the place lends no names.
#[test]
fn names_of_another_role_are_not_carried_on() {
    let ward = today(&[]);
    for ending in ["crt", "key"] {
        let from = ward.path(&format!("pki/apiserver.{ending}"));
        std::fs::copy(from, ward.path(&format!("pki/etcd/server.{ending}"))).expect("a copy");
    }
    ward.run(&["fix", "--yes", "--pki", "pki"]).code(0);
    let names = openssl(&ward.directory, "x509 -in pki/etcd/server.crt -noout -ext subjectAltName");
    assert!(names.contains("DNS:localhost") && !names.contains("kubernetes"), "{names}");
}

#[test]
fn a_kubeconfig_that_is_written_anew_says_from_where() {
    let ward = today(&[]);
    std::fs::remove_file(ward.path("admin.conf")).expect("removes");
    let ran = ward.run(&["regen", "admin.conf", "--pki", "pki"]).code(0);
    assert!(ran.stdout.contains("as in kubelet.conf"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("does not verify"), "{}", ran.stdout);
    assert!(is_healthy(&ward));
}

/// Who has to be restarted for a CA is not told beside it that a leaf alone would not ask for it.
#[test]
fn an_adopted_ca_says_one_thing_about_restarts() {
    let ward = today(&["authority-regenerated"]);
    openssl(&ward.directory, "genrsa -out new.key 2048");
    openssl(&ward.directory, "req -x509 -new -key new.key -subj /CN=etcd-ca -days 3650 -out new.crt");
    std::fs::copy(ward.path("new.key"), ward.path("pki/etcd/ca.key")).expect("a copy");
    std::fs::copy(ward.path("new.crt"), ward.path("pki/etcd/ca.crt")).expect("a copy");
    let ran = ward.run(&["regen", "etcd", "--adopt-ca", "--yes", "--pki", "pki"]).code(0);
    assert!(ran.stdout.contains("restart") && !ran.stdout.contains("no restart"), "{}", ran.stdout);
}

#[test]
fn a_fault_is_healed_and_nothing_to_do_is_success() {
    let ward = today(&["key-of-another-pair"]);
    assert!(!is_healthy(&ward));
    ward.run(&["fix", "--pki", "pki"]).code(3);
    let ran = ward.run(&["fix", "--yes", "--pki", "pki", "--format", "json"]).code(0).json();
    assert_eq!(ran["outcome"], "done");
    assert!(is_healthy(&ward));
    let again = ward.run(&["fix", "--yes", "--pki", "pki", "--format", "json"]).code(0).json();
    assert_eq!(again["outcome"], "nothing-to-do");
}

#[test]
fn misuse_is_told_with_empty_stdout() {
    let ward = today(&[]);
    let misuses: [&[&str]; 15] = [
        &["regen"],
        &["regen", "etcd-servr"],
        &["regen", "etcd-server", "--at", "2026-11-23T03:00:00Z"],
        &["regen", "etcd-server", "--san", "not a name"],
        &["regen", "etcd-server", "--backup=x", "--no-backup"],
        &["regen", "etcd-server", "--keep-key", "--key-type", "p256"],
        // what would have no effect
        &["regen", "admin.conf", "--san", "example.com"],
        &["regen", "etcd-healthcheck-client", "--only-san"],
        &["regen", "etcd-server", "--csr", "requests", "--days", "9"],
        &["regen", "etcd-ca", "--csr", "requests"],
        &["regen", "etcd-ca", "--step", "bundle", "--days", "9"],
        &["regen", "etcd-ca", "--keep-key"],
        &["regen", "admin.conf", "--organization", ""],
        &["regen", "admin.conf", "--organization", "a\nb"],
        &["regen", "etcd-server", "--san", "http.-x"],
    ];
    for words in misuses {
        let ran = ward.run(words).code(2);
        assert_eq!(ran.stdout, "", "{words:?}");
    }
    assert!(ward.run(&["regen", "etcd-servr", "--pki", "pki"]).stderr.contains("did you mean etcd-server?"));
    assert_eq!(ward.run(&["regen", "etcd-server", "--pki", "nowhere"]).code, 2);
}

#[test]
fn a_journal_stands_in_the_way_until_it_is_recovered() {
    let ward = today(&[]);
    std::fs::write(ward.path("pki/.pkidoctor-journal"), "").expect("writes");
    let before = tree(&ward);
    let report = ward.run(&["scan", "pki", "--format", "json"]).code(1);
    assert!(report.stdout.contains("interrupted-repair"));
    for words in [&["regen", "etcd-server"][..], &["regen", "etcd-server", "--csr", "requests"], &["fix", "--yes"]] {
        let ran = ward.run(&[words, &["--pki", "pki"]].concat()).code(3);
        assert!(ran.stdout.contains("pkidoctor recover --pki pki"), "{words:?}: {}", ran.stdout);
        assert_eq!(tree(&ward), before, "{words:?}");
    }
    ward.run(&["recover", "--pki", "pki"]).code(0);
    assert!(is_healthy(&ward));
    ward.run(&["recover", "--pki", "pki"]).code(0);
}

#[test]
fn what_was_done_stands_where_it_cannot_be_told() {
    let ward = today(&[]);
    let regen = ["regen", "etcd-server", "--pki", "pki"];
    let untold = |stdout: Stdio| code_untold(&ward, &regen, stdout);
    let full = || File::options().write(true).open("/dev/full").expect("a full device").into();
    let before = tree(&ward);
    assert_eq!(untold(full()), 2, "done, and nobody knows");
    assert_ne!(tree(&ward), before);
    assert_eq!(untold(closed()), 0, "done, and nobody wants to know");
    std::fs::write(ward.path("pki/.pkidoctor-journal"), "").expect("writes");
    assert_eq!(untold(full()), 3, "refused");
    assert_eq!(untold(closed()), 3, "refused");
}

/// A pipe that nobody reads.
fn closed() -> Stdio {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    writer.into()
}

fn code_untold(ward: &Ward, words: &[&str], stdout: Stdio) -> i32 {
    let status = ward.command(words).stdout(stdout).stderr(Stdio::null()).status().expect("the binary runs");
    status.code().expect("an exit code")
}

#[test]
fn no_key_is_ever_told() {
    let ward = today(&["key-of-another-pair"]);
    let mut told = String::new();
    for words in [&["fix", "--yes"][..], &["regen", "all", "--yes"], &["restore"], &["recover"]] {
        for format in ["json", "human"] {
            let ran = ward.run(&[words, &["--pki", "pki", "-v", "--format", format]].concat());
            told += &ran.stdout;
            told += &ran.stderr;
        }
    }
    let secrets = tree(&ward).into_iter().filter(|(path, _)| path.extension().is_some_and(|ending| ending == "key"));
    for (path, (_, _, bytes)) in secrets {
        let text = String::from_utf8(bytes).expect("PEM");
        for line in text.lines().filter(|line| !line.starts_with("---") && line.len() > 16) {
            assert!(!told.contains(line), "{} is told", path.display());
        }
    }
    assert!(!told.contains("PRIVATE KEY"));
}

/// Flags may name files anywhere, and a backup may go anywhere: what a kill leaves of both is recovered.
#[test]
fn a_killed_repair_of_files_elsewhere_is_recovered() {
    for at in 2..6 {
        let ward = today(&[]);
        let (here, elsewhere) = (ward.directory.display().to_string(), ward.path("elsewhere"));
        std::fs::create_dir_all(&elsewhere).expect("a directory");
        for name in ["server.crt", "server.key"] {
            std::fs::rename(ward.path("pki/etcd").join(name), elsewhere.join(name)).expect("moves");
        }
        std::fs::create_dir(ward.path("node")).expect("a directory");
        for name in ["pki", "manifests", "admin.conf", "controller-manager.conf", "scheduler.conf", "kubelet.conf"] {
            std::fs::rename(ward.path(name), ward.path("node").join(name)).expect("moves");
        }
        for manifest in files(&ward.path("node/manifests")) {
            let text = std::fs::read_to_string(&manifest).expect("reads");
            let text = text.replace("/etc/kubernetes/pki/etcd/server.", &format!("{here}/elsewhere/server."));
            std::fs::write(&manifest, text.replace("/etc/kubernetes", &format!("{here}/node"))).expect("writes");
        }
        let before = tree(&ward);
        let binary = env!("CARGO_BIN_EXE_pkidoctor");
        let inject = format!("inject=renameat,renameat2:signal=KILL:when={at}");
        let words =
            ["-f", "-o", "/dev/null", "-e", "trace=renameat,renameat2", "-e", &inject, binary, "regen", "etcd-server"];
        let (pki, backup) = (format!("{here}/node/pki"), format!("--backup={here}/backups"));
        let killed = Command::new("strace").args(words).args(["--pki", &pki, &backup]).output().expect("strace runs");
        assert!(!killed.status.success(), "it came to its end: {at}");
        ward.run(&["recover", "--pki", &pki]).code(0);
        let again = ward.run(&["recover", "--pki", &pki]).code(0);
        assert!(again.stdout.contains("nothing was interrupted"), "{}", again.stdout);
        let after = tree(&ward);
        let changed: Vec<_> = before.keys().filter(|path| before.get(*path) != after.get(*path)).collect();
        let pair = ["server.crt", "server.key"].map(|name| elsewhere.join(name));
        assert!(
            changed.is_empty() || changed.iter().all(|path| pair.contains(path)) && changed.len() == 2,
            "{changed:?}"
        );
        // the pod does not mount that directory; nothing else is wrong
        let report = ward.run(&["scan", &pki, "--format", "json"]).code(1).json();
        let findings = report["findings"].as_array().expect("findings");
        assert!(findings.iter().all(|finding| finding["code"] == "path-not-mounted"), "{findings:?}");
    }
}

#[test]
fn a_backup_goes_elsewhere() {
    let ward = today(&[]);
    let before = tree(&ward);
    for place in ["pki", "pki/backups", "manifests/backups"] {
        let backup = format!("--backup={place}");
        let ran = ward.run(&["regen", "etcd-server", "--pki", "pki", &backup, "--format", "json"]).code(3);
        assert!(ran.stdout.contains("outside of the PKI and of the manifests"), "{}", ran.stdout);
        assert_eq!(tree(&ward), before, "{place}");
    }
}

/// etcd's own certificate and the one for its peers bear one name: what lies beside as the other one is not put back.
#[test]
fn a_pair_of_another_role_is_not_put_back() {
    let mut cluster = Cluster::kubeadm(2);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970").as_secs();
    cluster.bring_to(i64::try_from(now).expect("this century"));
    let names = ["localhost", "127.0.0.1"].map(clinic::extension::AltName::host);
    cluster.leaf(0, clinic::cluster::Role::EtcdServer).expect("a certificate").certificate.set_names(&names);
    let ward = Ward::new();
    cluster.write(&ward.directory).expect("writes");
    std::fs::create_dir(ward.path("pki/etcd.bak")).expect("a directory");
    for name in ["server.crt", "server.key", "peer.crt", "peer.key"] {
        std::fs::copy(ward.path("pki/etcd").join(name), ward.path("pki/etcd.bak").join(name)).expect("a copy");
    }
    std::fs::copy(ward.path("pki/apiserver.key"), ward.path("pki/etcd/server.key")).expect("a wound");
    let planned = ward.run(&["fix", "--dry-run", "--pki", "pki", "--format", "json"]).code(0).json();
    let steps = planned["steps"].as_array().expect("steps");
    assert_eq!((steps.len(), &steps[0]["kind"], &steps[0]["target"]), (1, &"regen".into(), &"etcd-server".into()));
}

#[test]
fn the_same_again_is_nothing_to_do() {
    let ward = today(&[]);
    let before = tree(&ward);
    for more in [&["--dry-run"][..], &[]] {
        let ran = ward.run(&[&["regen", "sa.pub", "--pki", "pki", "--format", "json"], more].concat()).code(0);
        assert_eq!(json(&ran)["outcome"], "nothing-to-do");
    }
    assert_eq!(tree(&ward), before);
}

#[test]
fn a_node_has_a_name_that_kubernetes_takes() {
    let ward = today(&[]);
    std::fs::remove_file(ward.path("pki/etcd/server.crt")).expect("removes");
    for bad in ["Bad Name", "-a", "a..b", "a_b", ""] {
        ward.run(&["regen", "etcd-server", "--pki", "pki", "--node-name", bad, "--dry-run"]).code(2);
    }
    // as kubeadm: in lower case
    ward.run(&["regen", "etcd-server", "--pki", "pki", "--node-name", "PI-Master1"]).code(0);
    assert!(openssl(&ward.directory, "x509 -noout -subject -in pki/etcd/server.crt").contains("pi-master1"));
}

/// The two CAs' keys, exchanged: whoever does what is told, step by step, loses neither.
#[test]
fn steps_by_hand_lose_no_key() {
    let ward = today(&[]);
    let read = |path: &str| std::fs::read(ward.path(path)).expect("reads");
    let (one, other) = (read("pki/ca.key"), read("pki/etcd/ca.key"));
    std::fs::write(ward.path("pki/ca.key"), &other).expect("writes");
    std::fs::write(ward.path("pki/etcd/ca.key"), &one).expect("writes");
    let report = ward.run(&["scan", "pki", "--format", "json"]).code(1).json();
    let findings = report["findings"].as_array().expect("findings");
    let swapped: Vec<&Value> = findings.iter().filter(|finding| finding["code"] == "ca-key-mismatch").collect();
    assert_eq!(swapped.len(), 2, "{report}");
    for finding in &swapped {
        let remedy = &finding["remedy"];
        assert_eq!((&remedy["kind"], &remedy["command"]), (&"put-back".into(), &"pkidoctor fix".into()));
        // the same for both: doing it twice would undo it
        assert_eq!(finding["remedy"]["steps"], swapped[0]["remedy"]["steps"]);
    }
    let by_hand = swapped[0]["remedy"]["steps"][0].as_str().unwrap_or_default().replace("/etc/kubernetes/", "");
    for step in by_hand.trim_start_matches("by hand instead: ").split(" && ") {
        let [_, from, to] = step.split(' ').collect::<Vec<_>>()[..] else { panic!("{step}") };
        assert!(step.starts_with("mv ") && !ward.path(to).exists(), "{step}");
        std::fs::rename(ward.path(from), ward.path(to)).expect("moves");
    }
    assert_eq!((read("pki/ca.key"), read("pki/etcd/ca.key")), (one, other));
}

/// A name is what whoever made the file liked; a command is typed by a shell.
#[test]
fn commands_quote_what_files_are_called() {
    use std::os::unix::fs::PermissionsExt as _;
    let ward = today(&[]);
    let name = "$(touch PWNED);a b.key";
    std::fs::copy(ward.path("pki/apiserver.key"), ward.path("pki").join(name)).expect("a copy");
    std::fs::set_permissions(ward.path("pki").join(name), std::fs::Permissions::from_mode(0o644)).expect("chmod");
    let report = ward.run(&["scan", "pki", "--format", "json", "--fail-on", "never"]).code(0).json();
    let findings = report["findings"].as_array().expect("findings");
    let commands = findings.iter().filter_map(|finding| finding["remedy"]["command"].as_str());
    let chmod = commands.filter(|command| command.contains("PWNED")).collect::<Vec<_>>();
    assert_eq!(chmod.len(), 1, "{report}");
    assert!(chmod[0].ends_with(&format!("{name}'")) && chmod[0].starts_with("chmod 0600 '/"), "{}", chmod[0]);
}
