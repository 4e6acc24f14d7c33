//! Root causes: findings that one treatment heals, folded into one.

use crate::check::{Defect, Severity};
use crate::exam::Exam;
use crate::report::{Cause, Finding};

/// Folds findings into causes, worst first. Infos are no cause of anything.
pub(crate) fn fold(_exam: &Exam<'_>, stamped: &[(&'static str, Defect)], findings: &[Finding]) -> Vec<Cause> {
    let mut causes: Vec<Cause> = Vec::new();
    for (index, ((_, defect), finding)) in stamped.iter().zip(findings).enumerate() {
        if defect.severity == Severity::Info || finding.ignored {
            continue;
        }
        let mut treatment: Vec<String> = finding.remedy.command.iter().cloned().collect();
        treatment.extend(finding.remedy.steps.iter().cloned());
        causes.push(Cause {
            title: format!("{}: {}", finding.subject, finding.message),
            confidence: "certain",
            findings: vec![index],
            links: finding.links.clone(),
            log_events: Vec::new(),
            treatment,
            avoid: finding.remedy.avoid.clone(),
        });
    }
    causes
}
