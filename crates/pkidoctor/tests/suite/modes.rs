//! The table of failure modes: whole, exact, and in the house's words. That the commands in it parse is tested where
//! they are parsed: in the command line.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use pkidoctor::check::Remedy;
use pkidoctor::modes::{self, Folk, Mode};
use pkidoctor::{checks, plan};

/// How a title may begin with a capital letter.
const NAMES: [&str; 2] = ["RSA", "SHA-1"];

fn source(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The third column of `docs/coverage.tsv`, by slug.
fn coverage() -> BTreeMap<String, String> {
    let table = source("../../docs/coverage.tsv");
    let rows = table.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    rows.map(|line| {
        let fields: Vec<&str> = line.split('\t').collect();
        let [slug, _, by] = fields[..] else { panic!("three fields: {line}") };
        (slug.to_owned(), by.to_owned())
    })
    .collect()
}

fn only_a_reason(by: &str) -> bool {
    ["live: ", "log: ", "never: "].iter().any(|kind| by.starts_with(kind))
}

/// Every text of a mode, with where it stands.
fn texts(mode: &Mode) -> Vec<(&'static str, &'static str)> {
    let mut texts = vec![("title", mode.title), ("confirm", mode.confirm)];
    texts.extend(mode.treatment.iter().map(|step| ("treatment", *step)));
    texts.extend(mode.avoid.iter().flat_map(|folk| [("advice", folk.advice), ("really", folk.really)]));
    texts
}

/// As a report tells it.
fn told(folk: &Folk) -> String {
    format!("{}: {}", folk.advice, folk.really)
}

#[test]
fn every_known_failure_has_one_mode_and_no_other_exists() {
    let known: Vec<String> = coverage().into_keys().collect();
    let mut slugs: Vec<&str> = modes::every().map(|mode| mode.slug).collect();
    slugs.sort_unstable();
    assert_eq!(slugs, known);
    for mode in modes::every() {
        assert_eq!(modes::mode(mode.slug), Some(mode));
    }
    assert_eq!(modes::mode("pair"), None);
    assert_eq!(modes::mode(""), None);
}

#[test]
fn the_codes_are_those_of_the_coverage() {
    for (slug, by) in coverage() {
        let mode = modes::mode(&slug).expect("tested above");
        let expected: Vec<&str> = if only_a_reason(&by) { Vec::new() } else { by.split(", ").collect() };
        assert_eq!(mode.codes, expected, "{slug}");
        for code in mode.codes {
            assert!(checks::by_code(code).is_some(), "{slug}: no check {code}");
        }
    }
}

#[test]
fn titles_are_short_sentences_of_their_own() {
    let mut titles = BTreeSet::new();
    for mode in modes::every() {
        let first = mode.title.split([' ', '\'']).next().unwrap_or_default();
        let begins_well = !first.starts_with(char::is_uppercase) || NAMES.contains(&first);
        assert!(begins_well, "{}: {}", mode.slug, mode.title);
        assert!(titles.insert(mode.title), "{}: the title stands twice: {}", mode.slug, mode.title);
        assert!(mode.title.len() <= 120, "{}: {}", mode.slug, mode.title);
    }
}

#[test]
fn every_line_is_short_and_plain() {
    for mode in modes::every() {
        assert!(!mode.treatment.is_empty(), "{}", mode.slug);
        for (place, text) in texts(mode) {
            let place = format!("{} {place}: {text}", mode.slug);
            assert!(text.chars().count() <= 200, "{} characters: {place}", text.chars().count());
            assert!(text.len() > 3 && text == text.trim() && !text.contains("  "), "{place}");
            assert!(!text.ends_with('.') && !text.contains(". "), "a full stop: {place}");
            assert!(!text.chars().any(char::is_control), "{place:?}");
        }
        for folk in mode.avoid {
            assert!(!folk.advice.contains(": "), "{}: reads badly before its own colon: {}", mode.slug, folk.advice);
            assert!(told(folk).chars().count() <= 200, "{}: {}", mode.slug, told(folk));
        }
    }
}

#[test]
fn nothing_is_said_twice() {
    for mode in modes::every() {
        let mut lines: Vec<&str> = mode.treatment.to_vec();
        lines.extend(mode.avoid.iter().map(|folk| folk.advice));
        let all = lines.len();
        lines.sort_unstable();
        lines.dedup();
        assert_eq!(lines.len(), all, "{}: a line stands twice", mode.slug);
    }
}

#[test]
fn what_looks_wrong_and_works_is_left_alone() {
    let alone = ["chain-aki-mismatch", "usage-odd-but-accepted", "enc-harmless", "san-peer-none"];
    let leave: Vec<&str> = modes::every()
        .filter(|mode| mode.treatment[0].starts_with("nothing is to be done"))
        .map(|mode| mode.slug)
        .collect();
    for slug in alone {
        assert!(leave.contains(&slug), "{slug}");
    }
    for (slug, by) in coverage() {
        assert!(!by.starts_with("never: ") || alone.contains(&slug.as_str()), "{slug}");
    }
    for mode in modes::every().filter(|mode| alone.contains(&mode.slug)) {
        let commands = mode.treatment.iter().filter(|step| step.starts_with("pkidoctor ")).count();
        assert_eq!(commands, 0, "{}: a command for what needs none", mode.slug);
    }
}

#[test]
fn every_folk_remedy_is_warned_of_somewhere() {
    for folk in modes::FOLK {
        assert!(modes::every().any(|mode| mode.avoid.contains(folk)), "{}", told(folk));
    }
    let mut advice: Vec<&str> = modes::FOLK.iter().map(|folk| folk.advice).collect();
    advice.sort_unstable();
    advice.dedup();
    assert_eq!(advice.len(), modes::FOLK.len());
}

#[test]
fn a_restart_is_told_as_after_a_repair() {
    let [how, _] = plan::how_to_restart();
    for mode in modes::every() {
        for step in mode.treatment.iter().filter(|step| step.contains("out of the manifests directory")) {
            assert!(*step == how || mode.slug == "file-manifest-backup", "{}: {step}", mode.slug);
        }
    }
    assert_eq!(modes::mode("op-mirror-pod-delete").expect("is there").treatment, [how]);
    // what needs no restart is said in the words of the plan
    let restarts = source("src/plan/restart.rs");
    let needless = |step: &&&str| step.ends_with(": no restart");
    for step in modes::every().flat_map(|mode| mode.treatment).filter(needless) {
        assert!(restarts.contains(*step), "{step}");
    }
}

#[test]
fn the_way_by_hand_is_that_of_the_findings() {
    let prefix = "by hand: back up and move the old files away";
    let known: BTreeSet<String> = plan::Target::every()
        .iter()
        .flat_map(|target| Remedy::regen(target.name()).steps)
        .filter(|step| step.starts_with(prefix))
        .collect();
    let told: Vec<&str> =
        modes::every().flat_map(|mode| mode.treatment).copied().filter(|step| step.starts_with(prefix)).collect();
    assert!(told.len() > 20, "{}", told.len());
    for step in told {
        assert!(known.contains(step), "{step}");
    }
}

#[test]
fn a_client_that_refuses_is_never_healed_with_a_certificate_of_its_own() {
    // modes of a server's certificate: its client complains, and only the server's side can be made anew
    for slug in ["san-server-missing-localhost", "time-etcd-server-expired", "usage-server-clientauth-only"] {
        let mode = modes::mode(slug).expect("is there");
        assert!(mode.avoid.iter().any(|folk| folk.advice == "making the client's certificate anew"), "{slug}");
        for client in ["apiserver-etcd-client", "healthcheck-client"] {
            assert!(mode.treatment.iter().all(|step| !step.contains(client)), "{slug}: {client}");
        }
    }
}

#[test]
fn a_command_of_ours_is_not_explained_within_brackets() {
    for step in modes::every().flat_map(|mode| mode.treatment) {
        assert!(!step.starts_with("pkidoctor ") || !step.contains(" ("), "{step}");
    }
}
