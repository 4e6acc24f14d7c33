//! Nothing that the doctor can say is missing in Chinese. What the wounds of the clinic make it say is held against the
//! tables where they are all inflicted, in `matrix`.

use pkidoctor::checks::CHECKS;
use pkidoctor::lang::Language::Chinese;
use pkidoctor::{logs, modes};

use crate::support::{Patient, untold};

#[test]
fn every_explanation_is_there_in_as_many_paragraphs() {
    let mut wrong = Vec::new();
    for check in CHECKS {
        let english = check.docs.split("\n\n").filter(|paragraph| !paragraph.trim().is_empty()).count();
        match Chinese.explanation(check.code) {
            Some((title, paragraphs)) if !title.is_empty() && paragraphs.len() == english => {
                let leads = ["看什么：", "为何重要：", "怎么办：", "例："];
                let led = paragraphs.iter().filter(|text| leads.iter().any(|lead| text.starts_with(lead))).count();
                if led != leads.len() {
                    wrong.push(format!("{}: leads", check.code));
                }
            }
            Some((_, paragraphs)) => {
                wrong.push(format!("{}: {} paragraphs of {english}", check.code, paragraphs.len()));
            }
            None => wrong.push(format!("{}: nothing", check.code)),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_our_own_opinion_is_said_in_words() {
    let own: Vec<&str> =
        CHECKS.iter().map(|check| check.citation).filter(|citation| citation.starts_with("opinion")).collect();
    assert!(own.len() > 2, "{own:?}");
    assert!(own.iter().all(|citation| Chinese.knows(citation)), "{own:?}");
}

#[test]
fn every_failure_mode_and_every_kind_of_line_is_there() {
    let mut missing = Vec::new();
    for mode in modes::every() {
        let advice = mode.avoid.iter().flat_map(|folk| [folk.advice, folk.really]);
        let texts = [mode.title, mode.confirm].into_iter().chain(mode.treatment.iter().copied()).chain(advice);
        missing.extend(texts.filter(|text| !is_bare(text) && !Chinese.knows(text)));
    }
    missing.extend(logs::rows().map(|row| row.meaning).filter(|text| !Chinese.knows(text)));
    missing.sort_unstable();
    missing.dedup();
    assert!(missing.is_empty(), "not in src/lang/zh:\n{}", missing.join("\n"));
}

/// A command and nothing else, which is the same in every language.
fn is_bare(text: &str) -> bool {
    let programs = [
        "pkidoctor ",
        "kubeadm ",
        "kubectl ",
        "openssl ",
        "systemctl ",
        "crictl ",
        "etcdctl ",
        "sha256sum ",
        "chmod ",
        "--",
        "cat ",
    ];
    programs.iter().any(|program| text.starts_with(program))
        && ![", ", ": ", "; ", " or "].iter().any(|glue| text.contains(glue))
}

#[test]
fn a_broken_cluster_is_told_in_chinese() {
    for at in [time::macros::datetime!(2028-01-01 00:00 UTC), time::macros::datetime!(2020-01-01 00:00 UTC)] {
        let report = Patient::real("stacked-single").at(at).scan();
        assert_eq!(untold(&report), [] as [String; 0]);
        let told = Chinese.report(&report);
        assert_eq!(told.findings.len(), report.findings.len());
        assert!(told.findings.iter().zip(&report.findings).all(|(one, other)| one.message != other.message));
        assert!(told.findings.iter().zip(&report.findings).all(|(one, other)| one.subject == other.subject));
    }
}
