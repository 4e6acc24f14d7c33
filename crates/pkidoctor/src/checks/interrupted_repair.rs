//! `interrupted-repair`: a repair was neither finished nor undone.

use crate::check::{Check, Defect, Look, Remedy, RemedyKind, Severity, fact};
use crate::exam::Exam;
use crate::profile;

pub(super) static CHECK: Check = Check {
    code: "interrupted-repair",
    title: "a repair was interrupted",
    severity: Severity::Error,
    citation: "pkidoctor's own journal",
    docs: "\
What it looks at: the journal that pkidoctor keeps in the PKI directory while it replaces files.

Why it matters: the machine went down, or the process was killed, between two files. Some are new and some \
are old; pairs may not fit until the repair is finished or undone.

What to do: `pkidoctor recover` finishes it where everything is prepared, else undoes it.

Example: a power cut during pkidoctor regen all.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    for (index, node) in exam.cluster.nodes.iter().enumerate() {
        look.subjects += 1;
        for file in node.tree().filter(|file| file.path.rsplit('/').next() == Some(profile::JOURNAL)) {
            let subject = node.shown(&file.path).to_owned();
            look.defects.push(Defect {
                severity: Severity::Error,
                nodes: vec![index],
                message: "a repair was begun and neither finished nor undone".to_owned(),
                facts: vec![fact("journal", &file.path)],
                links: Vec::new(),
                remedy: Remedy::command(RemedyKind::Manual, &subject, "pkidoctor recover")
                    .avoid("deleting the journal: it is the only record of which files belong together"),
                subject,
            });
        }
    }
    look
}
