//! What a report advises, typed as it stands: no `regen` that would be refused, and steps that heal.

use std::path::PathBuf;

use pkidoctor::plan::Options;
use pkidoctor::repair::{self, Selection};
use pkidoctor::report::{Finding, Report};
use time::macros::datetime;

use crate::cure::setting;
use crate::support::{Patient, line, untold};

const ALL: [&str; 3] = ["ha/cp1", "ha/cp2", "ha/cp3"];

/// Three nodes, of which the second has files of another cluster, each with its key or without.
fn foreign(files: &[&str]) -> Patient {
    let mut patient = Patient::real_nodes(&[ALL[0], ALL[1], ALL[2], "stacked-single"]);
    for file in files {
        std::fs::copy(patient.paths[3].join(file), patient.paths[1].join(file)).expect("copies");
    }
    patient.paths.truncate(3);
    patient
}

/// The same for a single node.
fn replaced(files: &[&str]) -> Patient {
    let mut patient = Patient::real_nodes(&["stacked-single", "ha/cp1"]);
    for file in files {
        std::fs::copy(patient.paths[1].join(file), patient.paths[0].join(file)).expect("copies");
    }
    patient.paths.truncate(1);
    patient
}

fn place(patient: &Patient, node: usize, path: &str) -> PathBuf {
    let relative = path.strip_prefix("/etc/kubernetes/").expect("a path of the node");
    patient.paths[node].parent().expect("a parent").join(relative)
}

fn number(name: &str) -> usize {
    ALL.iter().position(|node| node.ends_with(name)).expect("a node")
}

/// Does what steps say, as far as they copy and move files; how many of them did.
fn typed(patient: &Patient, steps: &[String]) -> usize {
    let mut done = 0;
    for step in steps {
        let (node, step) = match step.strip_prefix("on ").and_then(|step| step.split_once(": ")) {
            Some((name, step)) => (number(name), step),
            None => (0, step.as_str()),
        };
        let step = step.strip_prefix("keep what lies there now: ").unwrap_or(step);
        let words: Vec<&str> = step.split(' ').collect();
        match words.as_slice() {
            ["cp", "-p", from, to] => {
                std::fs::copy(place(patient, node, from), place(patient, node, to)).expect("copies");
            }
            ["scp", "-p", from, to] => {
                let (name, from) = from.strip_prefix("root@").and_then(|from| from.split_once(':')).expect("a host");
                std::fs::copy(place(patient, number(name), from), place(patient, node, to)).expect("copies");
            }
            ["mv", from, to] => {
                std::fs::rename(place(patient, node, from), place(patient, node, to)).expect("moves");
            }
            _ => continue,
        }
        done += 1;
    }
    done
}

fn errors(report: &Report) -> Vec<String> {
    report.findings.iter().filter(|finding| finding.severity == "error").map(line).collect()
}

fn found<'r>(report: &'r Report, code: &str) -> &'r Finding {
    report.findings.iter().find(|finding| finding.code == code).expect("the finding")
}

/// No command of a finding is refused, and all of it is there in Chinese.
#[track_caller]
fn accepted(patient: &Patient) -> Report {
    let report = patient.scan();
    assert_ne!(errors(&report), [] as [String; 0]);
    for finding in report.findings.iter().filter(|finding| finding.severity != "info") {
        let target = finding.remedy.command.as_ref().and_then(|command| command.strip_prefix("pkidoctor regen "));
        let Some(target) = target.and_then(|target| target.strip_suffix(" --backup")) else { continue };
        if let Err(why) = repair::regen(&setting(patient, 0), &[target.to_owned()], &Options::default()) {
            panic!("{}: {why}", line(finding));
        }
    }
    assert_eq!(untold(&report), [] as [String; 0]);
    report
}

#[test]
fn what_is_advised_is_not_refused() {
    let authorities =
        [("etcd/ca", "etcd/server.crt"), ("ca", "apiserver.crt"), ("front-proxy-ca", "front-proxy-client.crt")];
    for (stem, leaf) in authorities {
        let (certificate, key) = (format!("{stem}.crt"), format!("{stem}.key"));
        accepted(&replaced(&[&certificate, &key]));
        accepted(&replaced(&[&certificate]));
        let patient = replaced(&[&key]);
        patient.remove(leaf);
        accepted(&patient);
        let patient = Patient::real("stacked-single");
        patient.remove(&key).remove(leaf);
        accepted(&patient);
        patient.remove(&certificate);
        accepted(&patient);
    }
    let patient = Patient::real("stacked-single");
    patient.remove("sa.key").remove("sa.pub");
    accepted(&patient);
}

#[test]
fn a_kubeconfig_without_anything_to_replace_is_moved_away_first() {
    for text in ["", "garbage", "apiVersion: v1\nkind: Config\n"] {
        let patient = Patient::real("stacked-single");
        patient.write("../scheduler.conf", text);
        let report = accepted(&patient);
        let remedy = &report.findings[0].remedy;
        assert_eq!(remedy.steps[1], "pkidoctor regen scheduler.conf --backup");
        assert_eq!(typed(&patient, &remedy.steps), 1);
        let wanted = ["scheduler.conf".to_owned()];
        assert!(repair::regen(&setting(&patient, 0), &wanted, &Options::default()).is_ok());
    }
    // and where nothing tells where the API server is, kubeadm has to make it
    let patient = Patient::real("stacked-single");
    for name in ["admin.conf", "kubelet.conf", "controller-manager.conf"] {
        patient.remove(&format!("../{name}"));
    }
    patient.write("../scheduler.conf", "");
    let report = accepted(&patient);
    let steps = report.findings.iter().flat_map(|finding| &finding.remedy.steps);
    let kubeadm = steps.filter(|step| step.starts_with("kubeadm init phase kubeconfig ")).count();
    assert_eq!(kubeadm, 4, "{:?}", errors(&report));
}

#[test]
fn where_the_key_of_the_ca_is_elsewhere_by_design_it_is_asked() {
    let patient = Patient::real("external-etcd");
    patient.remove("apiserver-etcd-client.key");
    let report = accepted(&patient);
    let remedy = &report.findings[0].remedy;
    assert_eq!(remedy.command.as_deref(), Some("pkidoctor regen apiserver-etcd-client --csr requests"));
    assert_eq!(remedy.steps[1], "pkidoctor regen apiserver-etcd-client --install requests");
    let options = Options { without_ca_key: true, ..Options::default() };
    assert!(repair::requests(&setting(&patient, 0), &["apiserver-etcd-client".to_owned()], &options).is_ok());
    // a key that only got lost is looked for
    let patient = Patient::real("stacked-single");
    patient.remove("etcd/ca.key").remove("etcd/server.key");
    let report = accepted(&patient);
    assert!(found(&report, "manifest-path-missing").remedy.steps[0].starts_with("find the key of etcd/ca.crt"));
}

#[test]
fn a_replaced_ca_goes_back_from_where_it_still_lies() {
    let patient = Patient::real("stacked-single");
    for ending in ["crt", "key"] {
        patient.copy(&format!("etcd/ca.{ending}"), &format!("etcd/old/ca.{ending}"));
    }
    let other = Patient::real("ha/cp1");
    for ending in ["crt", "key"] {
        let file = format!("etcd/ca.{ending}");
        patient.write(&file, other.text(&file));
    }
    let report = accepted(&patient);
    let remedy = &found(&report, "ca-regenerated").remedy;
    assert_eq!((remedy.kind, &remedy.command), ("put-back", &None));
    assert_eq!(typed(&patient, &remedy.steps), 4);
    assert_eq!(errors(&patient.scan()), [] as [String; 0]);
}

#[test]
fn a_cluster_s_own_ca_is_adopted_with_its_kubeconfigs() {
    let patient = replaced(&["ca.crt", "ca.key"]);
    let report = accepted(&patient);
    let steps = &found(&report, "ca-regenerated").remedy.steps;
    let advice = steps.iter().find_map(|step| step.split_once("pkidoctor regen ")).expect("the other way").1;
    let targets = advice.split_once(" --adopt-ca").expect("the flag").0;
    let targets: Vec<String> = targets.split(' ').map(str::to_owned).collect();
    let options = Options { adopt_ca: true, ..Options::default() };
    if let Err(why) = repair::regen(&setting(&patient, 0), &targets, &options) {
        panic!("{why}");
    }
}

#[test]
fn an_odd_node_gets_the_ca_of_the_others() {
    for stem in ["etcd/ca", "ca", "front-proxy-ca"] {
        let (certificate, key) = (format!("{stem}.crt"), format!("{stem}.key"));
        for (files, copied) in [(vec![certificate.as_str(), key.as_str()], 4), (vec![certificate.as_str()], 2)] {
            let patient = foreign(&files);
            let report = patient.scan();
            assert_eq!(untold(&report), [] as [String; 0]);
            let first = &report.causes[0];
            assert_eq!(report.findings[first.findings[0]].code, "ca-differs-between-nodes");
            assert!(first.title.ends_with("is another CA on cp2 than on cp1, cp3"), "{}", first.title);
            // what follows from it is no cause of its own
            let followers = report.causes.iter().filter(|cause| cause.title.contains(stem)).count();
            assert_eq!(followers, 1, "{:?}", errors(&report));
            assert_eq!(typed(&patient, &first.treatment), copied, "{:?}", first.treatment);
            patient.expect(&[]);
        }
    }
}

#[test]
fn the_ca_that_the_leaves_are_of_is_right_even_where_most_nodes_have_another() {
    let patient = foreign(&["etcd/ca.crt", "etcd/ca.key"]);
    for ending in ["crt", "key"] {
        let file = format!("etcd/ca.{ending}");
        std::fs::copy(patient.paths[1].join(&file), patient.paths[2].join(&file)).expect("copies");
    }
    let report = patient.scan();
    assert_eq!(found(&report, "ca-differs-between-nodes").message, "is another CA on cp2, cp3 than on cp1");
    assert_eq!(typed(&patient, &report.causes[0].treatment), 8);
    patient.expect(&[]);
}

/// What a node is called stands in a file, like everything else in a command.
#[test]
fn a_host_is_one_word_of_the_shell() {
    let patient = foreign(&["etcd/ca.crt"]);
    patient.edit("../manifests/etcd.yaml", "--name=cp1", "--name=$(reboot)");
    let report = patient.scan();
    let steps = &report.causes[0].treatment;
    let copies = steps.iter().filter(|step| step.contains("scp ")).collect::<Vec<_>>();
    assert_eq!(copies.len(), 1, "{steps:?}");
    assert!(copies[0].contains("scp -p 'root@$(reboot):/etc/kubernetes/pki/etcd/ca.crt' /"), "{}", copies[0]);
}

/// From its own CA everything can be made anew, only nobody else would take it.
#[test]
fn nothing_is_made_anew_from_an_odd_ca() {
    let patient = foreign(&["etcd/ca.crt", "etcd/ca.key", "etcd/server.crt"]);
    let report = patient.scan();
    for finding in &report.findings {
        assert_eq!(finding.remedy.command, None, "{}", line(finding));
    }
    let mismatch = found(&report, "key-mismatch");
    assert!(mismatch.remedy.steps[2].starts_with("scp -p root@cp1:"), "{:?}", mismatch.remedy.steps);
    assert_eq!(mismatch.remedy.steps.last().map(String::as_str), Some("then: pkidoctor regen etcd-server --backup"));
}

#[test]
fn a_rotation_that_is_half_way_goes_on() {
    let patient = foreign(&[]);
    let (old, new) = (patient.text("etcd/ca.crt"), Patient::real("ecdsa").text("etcd/ca.crt"));
    patient.write("etcd/ca.crt", format!("{old}{new}"));
    let report = patient.scan();
    assert_eq!(untold(&report), [] as [String; 0]);
    let finding = found(&report, "ca-differs-between-nodes");
    let half_way = "a change of the CA is half-way: cp1 trusts a CA that is not trusted on cp2, cp3";
    assert_eq!((finding.message.as_str(), finding.severity), (half_way, "warning"));
    let (wide, narrow) = (&finding.facts[0], &finding.facts[1]);
    assert_eq!((wide.label.as_str(), narrow.label.as_str()), ("cp1", "cp2, cp3"));
    assert!(wide.value.starts_with(&format!("{} and ", narrow.value)), "{wide:?} {narrow:?}");
    assert_eq!(typed(&patient, &finding.remedy.steps), 4);
    patient.expect(&[]);
}

#[test]
fn the_end_of_a_rotation_is_not_its_beginning() {
    let patient = foreign(&[]);
    let (now, old) = (patient.text("etcd/ca.crt"), Patient::real("stacked-single").text("etcd/ca.crt"));
    // every leaf is of the younger CA, and two nodes trust no other any more
    patient.write("etcd/ca.crt", format!("{now}{old}"));
    let report = patient.scan();
    let steps = &found(&report, "ca-differs-between-nodes").remedy.steps;
    assert!(steps[0].starts_with("on cp1: take the old CA out of etcd/ca.crt"), "{steps:?}");
}

#[test]
fn it_is_said_on_which_node() {
    let patient = foreign(&["etcd/server.crt"]);
    let report = patient.scan();
    let cause = &report.causes[0];
    assert_eq!(cause.node.as_deref(), Some("cp2"));
    assert!(cause.title.starts_with("on cp2: etcd/server.key: "), "{}", cause.title);
    assert_eq!(cause.treatment[0], "on cp2: pkidoctor regen etcd-server --backup");
    // of a copied certificate, where it does not belong
    let patient = foreign(&[]);
    for file in ["etcd/server.crt", "etcd/server.key"] {
        std::fs::copy(patient.paths[0].join(file), patient.paths[1].join(file)).expect("copies");
    }
    let report = patient.scan();
    assert_eq!(report.causes[0].node.as_deref(), Some("cp2"));
    assert_eq!(report.causes[0].treatment[0], "on cp2: pkidoctor regen etcd-server --backup");
    // with one node there is no choice
    let patient = Patient::real("stacked-single");
    patient.remove("etcd/server.key");
    let cause = &patient.scan().causes[0];
    assert_eq!((&cause.node, cause.treatment[0].as_str()), (&None, "pkidoctor regen etcd-server --backup"));
}

#[test]
fn keys_of_two_cas_that_were_exchanged_change_places_once() {
    let patient = Patient::real("stacked-single");
    patient.copy("ca.key", "x").copy("etcd/ca.key", "ca.key").copy("x", "etcd/ca.key").remove("x");
    let report = accepted(&patient);
    let of_keys = report.causes.iter().filter(|cause| cause.title.contains("ca.key")).count();
    assert_eq!(of_keys, 1, "doing it twice undoes it");
    assert_eq!(report.causes[0].treatment, ["pkidoctor fix"]);
    let by_hand = &found(&report, "ca-key-mismatch").remedy.steps[0];
    let by_hand = by_hand.strip_prefix("by hand instead: ").expect("another way");
    let by_hand: Vec<String> = by_hand.split(" && ").map(str::to_owned).collect();
    assert_eq!(typed(&patient, &by_hand), 3);
    patient.expect(&[]);
}

#[test]
fn what_is_no_error_has_to_be_asked_for() {
    let patient = Patient::real("stacked-single");
    patient.copy("etcd/ca.key", "etcd/ca.key.bak").chmod("etcd/ca.key.bak", 0o600).remove("etcd/ca.key");
    let report = patient.expect(&["warning ca-key-missing etcd/ca.key"]);
    assert_eq!(report.findings[0].remedy.command.as_deref(), Some("pkidoctor fix --select ca-key-missing"));
    let found = |select: &[&str]| {
        let select = select.iter().map(|code| (*code).to_owned()).collect();
        let planned = repair::fix(&setting(&patient, 0), &Selection { select, ignore: Vec::new() });
        planned.map_or(0, |prescription| prescription.plan.steps.len())
    };
    assert_eq!((found(&[]), found(&["ca-key-missing"])), (0, 1));
}

/// etcd's peer key lies over its server key: the server's certificate is sound, only its key is lost.
#[test]
fn the_pair_of_another_role_is_not_put_in_the_place_of_this_one() {
    let patient = Patient::real("stacked-single");
    patient.copy("etcd/peer.key", "etcd/server.key");
    let report = accepted(&patient);
    assert_eq!(report.findings[0].remedy.command.as_deref(), Some("pkidoctor regen etcd-server --backup"));
}

#[test]
fn a_key_of_service_accounts_comes_from_the_others() {
    for files in [vec!["sa.key"], vec!["sa.key", "sa.pub"]] {
        let patient = foreign(&files);
        let report = patient.scan();
        assert_eq!(untold(&report), [] as [String; 0]);
        let steps: Vec<String> = report.causes[0].treatment.iter().map(|step| on_cp2(step)).collect();
        assert_eq!(typed(&patient, &steps), 2 * files.len(), "{steps:?}");
        patient.expect(&[]);
    }
    let patient = foreign(&[]);
    std::fs::remove_file(patient.paths[1].join("sa.key")).expect("removes");
    let steps: Vec<String> = patient.scan().causes[0].treatment.iter().map(|step| on_cp2(step)).collect();
    assert_eq!(typed(&patient, &steps), 1, "{steps:?}");
    assert_eq!(errors(&patient.scan()), [] as [String; 0]);
}

/// Whoever has done the first step is on that node.
fn on_cp2(step: &str) -> String {
    if step.starts_with("on ") { step.to_owned() } else { format!("on cp2: {step}") }
}

#[test]
fn an_expired_ca_is_renewed_by_the_command_that_is_named() {
    let patient = Patient::real("stacked-single").at(datetime!(2036-11-21 00:00 UTC));
    let report = accepted(&patient);
    let of_ca = |finding: &&Finding| finding.code == "expired" && finding.subject == "etcd/ca.crt";
    let steps = &report.findings.iter().find(of_ca).expect("the finding").remedy.steps;
    let pki = patient.paths[0].to_str().expect("a path").to_owned();
    // the instant of judgement is not that of the machine
    let command = steps[1].replace("/etc/kubernetes/pki", &pki).replace("-days 3650", "-days 36500");
    assert!(std::process::Command::new("sh").args(["-c", &command]).status().expect("runs").success(), "{command}");
    assert_eq!(typed(&patient, steps), 1, "{steps:?}");
    let told: Vec<String> = errors(&patient.scan()).into_iter().filter(|line| line.contains("etcd/ca.crt")).collect();
    assert_eq!(told, [] as [String; 0]);
    // its leaves are still its own
    let report = patient.scan();
    assert!(report.findings.iter().all(|finding| finding.code == "expired" || finding.severity != "error"));
}

#[test]
fn a_kubelet_with_the_name_of_another_node() {
    let patient = foreign(&[]);
    let own = patient.paths[1].join("../kubelet.conf");
    std::fs::copy(patient.path("../kubelet.conf"), own).expect("copies");
    let report = patient.expect(&["warning node-identity-mismatch /etc/kubernetes/kubelet.conf#client"]);
    assert_eq!(report.findings[0].node.as_deref(), Some("cp2"));
}
