//! Diagnoses by the logs of real members: a wound, the log of the etcd that met it with real clients, and the files; the
//! wound is the first cause, and of two wounds each is among the first three.
//!
//! `PKIDOCTOR_DIAGNOSES=N` is how many clusters there are for each release (half of them with two wounds).

use crate::bounded::{self, Ended};
use crate::crew::wanted;
use crate::patient::{LOOPBACK, OWN, Patient};
use crate::release::Release;
use crate::run::pkidoctor;
use crate::server::{Etcd, State};
use crate::wounds::{self, Member, Wound};
use clinic::rng::Rng;
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Clusters for each release when nobody asks for more.
const CLUSTERS: usize = 48;
/// Members mostly wait for an election, and clients for an answer.
const HANDS: usize = 6;
/// The bound of a client's call.
const CALL: Duration = Duration::from_secs(6);

/// A finding: its code and its subject.
type Finding = (String, String);

/// What was counted.
#[derive(Default)]
struct Count {
    singles: usize,
    doubles: usize,
    /// wounds in pairs, and how many of them are among the first three causes
    of_pairs: usize,
    among_three: usize,
    lines: u64,
    joined: usize,
    wrong: Vec<String>,
    late: Vec<String>,
}

/// Random wounds, one and two at a time.
pub(crate) fn random(release: Release) {
    let clusters = std::env::var("PKIDOCTOR_DIAGNOSES").map_or(CLUSTERS, |text| text.parse().expect("a number"));
    let all = wounds::all();
    // a fault that neither files nor etcd's log know cannot be told from them
    let tells = |wound: &&Wound| wound.only.is_none_or(|only| only == release) && shows(wound) && wanted(wound.name);
    let all: Vec<&Wound> = all.iter().filter(tells).collect();
    let mut rng = Rng::new(release as u64 + 4711);
    let singles = rounds(&all, clusters.div_ceil(2), &mut rng).into_iter().map(|wound| vec![wound]);
    let pair = |rng: &mut Rng| vec![*rng.pick(&all), *rng.pick(&all)];
    let doubles: Vec<Vec<&Wound>> = (0..clusters / 2).map(|_| pair(&mut rng)).collect();
    let cases: Vec<Vec<&Wound>> = singles.chain(doubles).collect();
    let (next, count) = (AtomicUsize::new(0), Mutex::new(Count::default()));
    std::thread::scope(|scope| {
        for _ in 0..HANDS {
            scope.spawn(|| {
                while let Some((seed, case)) = take(&next, &cases) {
                    diagnosed(release, seed as u64, case, &count);
                }
            });
        }
    });
    let count = count.into_inner().expect("nobody panicked");
    let told = format!(
        "etcd {}: {} single wounds, {} first; {} pairs, {} of {} wounds among the first three; {} log lines, {} causes joined",
        release.version(),
        count.singles,
        count.singles - count.wrong.len(),
        count.doubles,
        count.among_three,
        count.of_pairs,
        count.lines,
        count.joined,
    );
    let _ = writeln!(std::io::stdout(), "{told}");
    assert!(count.wrong.is_empty(), "{told}\n{}", count.wrong.join("\n\n"));
    assert!(count.among_three * 100 >= count.of_pairs * 95, "{told}\n{}", count.late.join("\n\n"));
    assert!(count.lines > 0 && count.joined > 0, "{told}");
}

/// A probe's own connections, to each port one without a certificate and one without TLS, are no fault of the member.
pub(crate) fn own_probe(release: Release) {
    let mut patient = Patient::healthy(release, 99);
    patient.write();
    let mut etcd = Etcd::start(release, &patient, 0);
    assert_eq!(etcd.settled(), State::Serves, "{}", etcd.log());
    let log = patient.directory(0).join("etcd.log").to_string_lossy().into_owned();
    let told = pkidoctor(&patient, 0, &["diagnose", &log, "--probe", "--timeout", "3s"]);
    assert!(told.json["logs"]["ours"].as_u64() > Some(0), "{}", told.words);
    let events = told.json["events"].as_array().cloned().unwrap_or_default();
    let heard: Vec<&Value> = events.iter().filter(|event| event["noise"] == false).collect();
    assert!(heard.is_empty(), "{heard:#?}");
}

fn take<'c, C>(next: &AtomicUsize, cases: &'c [C]) -> Option<(usize, &'c C)> {
    let number = next.fetch_add(1, Ordering::Relaxed);
    cases.get(number).map(|case| (number, case))
}

/// So many wounds: all of them before one comes again.
fn rounds<'w>(all: &[&'w Wound], wanted: usize, rng: &mut Rng) -> Vec<&'w Wound> {
    let mut round: Vec<&Wound> = Vec::new();
    let mut taken = Vec::new();
    while taken.len() < wanted {
        if round.is_empty() {
            round.extend(all);
        }
        let at = rng.below(round.len());
        taken.push(round.swap_remove(at));
    }
    taken
}

/// Whether files or etcd's log show it.
fn shows(wound: &Wound) -> bool {
    let healthy = wound.name.starts_with("healthy") || wound.links.is_empty() && wound.member == Member::Serves;
    let silent = [
        "https in the manifest",
        "kube-apiserver dials another port",
        "a member that is down",
        "server key of P-521",
        "peer from an address",
    ];
    !healthy && !silent.iter().any(|name| wound.name.starts_with(name))
}

fn diagnosed(release: Release, seed: u64, case: &[&Wound], count: &Mutex<Count>) {
    let names: Vec<&str> = case.iter().map(|wound| wound.name).collect();
    let seed = seed + 9000;
    let (report, both, state) = treated(release, seed, case);
    let truths: Vec<BTreeSet<Finding>> = case.iter().map(|wound| own(release, seed, wound)).collect();
    let causes = report["causes"].as_array().cloned().unwrap_or_default();
    let events = report["events"].as_array().cloned().unwrap_or_default();
    let heard = |event: &&Value| event["noise"] == false;
    let mut count = count.lock().expect("nobody panicked");
    count.lines += events.iter().filter(heard).filter_map(|event| event["count"].as_u64()).sum::<u64>();
    let joins = |cause: &Value| {
        let findings = !cause["findings"].as_array().is_none_or(Vec::is_empty);
        findings && !cause["log_events"].as_array().is_none_or(Vec::is_empty)
    };
    count.joined += usize::from(causes.iter().any(joins));
    let told = || {
        let of = |value: &Value| {
            format!("{} {} {} {}", value["confidence"], value["mode"], value["title"], value["log_events"])
        };
        let heard = |event: &Value| {
            format!("{} {} {} x{}", event["direction"], event["remote"], event["error"], event["count"])
        };
        let causes: Vec<String> = causes.iter().map(of).collect();
        let events: Vec<String> = events.iter().map(heard).collect();
        format!("{names:?} {truths:?}\n  {}\n  heard:\n  {}", causes.join("\n  "), events.join("\n  "))
    };
    if let [wound] = case {
        count.singles += 1;
        let first = causes.first().is_some_and(|cause| is_of(cause, &report, &truths[0]) || is_named(cause, wound));
        if !first {
            count.wrong.push(told());
        }
        return;
    }
    count.doubles += 1;
    for (wound, truth) in case.iter().zip(&truths) {
        // what the other wound has hidden is not there; what only a running process has, a stopped one has not
        let is_hidden = if truth.is_empty() { state != State::Serves } else { truth.is_disjoint(&both) };
        if is_hidden {
            continue;
        }
        count.of_pairs += 1;
        if causes.iter().take(3).any(|cause| is_of(cause, &report, truth) || is_named(cause, wound)) {
            count.among_three += 1;
        } else {
            let text = format!("{}: {}", wound.name, told());
            count.late.push(text);
        }
    }
}

/// Inflicts, lets real clients come, and diagnoses; the report, what a scan finds, and what became of etcd's start.
fn treated(release: Release, seed: u64, case: &[&Wound]) -> (Value, BTreeSet<Finding>, State) {
    let mut patient = Patient::healthy(release, seed);
    for wound in case {
        (wound.before)(&mut patient);
    }
    patient.write();
    let mut etcd = Etcd::start(release, &patient, 0);
    let state = etcd.settled();
    for after in case.iter().filter_map(|wound| wound.after) {
        after(&mut patient);
        patient.write();
    }
    if state == State::Serves {
        call(release, &patient, LOOPBACK, "apiserver-etcd-client");
        call(release, &patient, OWN, "etcd/healthcheck-client");
    }
    let log = patient.directory(0).join("etcd.log");
    std::fs::write(&log, etcd.log()).expect("the log");
    let path = log.to_string_lossy().into_owned();
    let told = pkidoctor(&patient, 0, &["diagnose", &path]);
    assert!(!told.json["causes"].is_null(), "{}", told.words);
    (told.json, found(&patient), state)
}

/// A real client, as kube-apiserver and kubeadm are.
fn call(release: Release, patient: &Patient, host: &str, stem: &str) {
    let directory = patient.directory(0);
    let pki = directory.join("pki");
    let mut command = Command::new(release.program("etcdctl"));
    command.env_clear().env("ETCDCTL_API", "3").args(["--debug", "--endpoints"]);
    command.arg(format!("https://{host}:{}", patient.ports[0].client));
    command.arg("--cert").arg(pki.join(format!("{stem}.crt"))).arg("--key").arg(pki.join(format!("{stem}.key")));
    command.arg("--cacert").arg(pki.join("etcd/ca.crt"));
    command.args(["--dial-timeout=4s", "--command-timeout=4s", "get", "key"]);
    let Ended { .. } = bounded::run(command, &directory, CALL, |said| said.contains("createTransport failed"));
}

/// What a scan finds on the files, infos left out.
fn found(patient: &Patient) -> BTreeSet<Finding> {
    let scan = pkidoctor(patient, 0, &["scan"]);
    let findings = scan.json["findings"].as_array().cloned().unwrap_or_default();
    findings.iter().filter(|finding| finding["severity"] != "info").map(key).collect()
}

fn key(finding: &Value) -> Finding {
    let text = |field: &str| finding[field].as_str().unwrap_or_default().to_owned();
    (text("code"), text("subject"))
}

/// What one wound alone leaves in the files.
fn own(release: Release, seed: u64, wound: &Wound) -> BTreeSet<Finding> {
    let mut patient = Patient::healthy(release, seed);
    (wound.before)(&mut patient);
    if let Some(after) = wound.after {
        after(&mut patient);
    }
    patient.write();
    found(&patient)
}

fn is_of(cause: &Value, report: &Value, truth: &BTreeSet<Finding>) -> bool {
    let findings = cause["findings"].as_array().into_iter().flatten();
    let findings = findings.filter_map(|index| report["findings"].get(usize::try_from(index.as_u64()?).ok()?));
    findings.map(key).any(|finding| truth.contains(&finding))
}

/// Whether a cause of the logs alone is what only a running process has.
fn is_named(cause: &Value, wound: &Wound) -> bool {
    let modes: &[&str] = match wound.name {
        name if name.contains("another pair in the manifest") => &["srv-served-not-disk"],
        name if name.contains("under a running etcd") || name.contains("authority") => {
            &["srv-stale-ca", "op-ca-regenerated", "chain-same-name-other-key"]
        }
        _ => return false,
    };
    cause["mode"].as_str().is_some_and(|mode| modes.contains(&mode))
}
