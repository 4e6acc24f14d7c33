//! `repeated-flag`: a flag is given twice with different values.

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::checks::words;
use crate::cluster::flags::Origin;
use crate::cluster::manifest::Component;
use crate::exam::Exam;

pub(super) static CHECK: Check = Check {
    code: "repeated-flag",
    title: "a flag is given twice",
    severity: Severity::Info,
    citation: "Go flag.FlagSet.Parse; spf13/pflag",
    docs: "\
What it looks at: flags of etcd and the control-plane components that stand twice on the command line with \
different values. Flags that collect their values are left out.

Why it matters: the last one wins and nobody says so. Whoever edits the first one wonders why nothing \
changes.

What to do: keep one.

Example: --trusted-ca-file=/etc/kubernetes/pki/ca.crt and, further down, \
--trusted-ca-file=/etc/kubernetes/pki/etcd/ca.crt.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    for (index, node) in exam.cluster.nodes.iter().enumerate() {
        look.unobserved += usize::from(!node.has_manifests);
        for running in Component::ALL.into_iter().filter_map(|component| node.running(component)) {
            look.subjects += 1;
            let mut told: Vec<&str> = Vec::new();
            for (loser, winner) in running.flags.overridden() {
                let both_arguments = loser.origin == Origin::Argument && winner.origin == Origin::Argument;
                if !both_arguments || told.contains(&loser.name.as_str()) {
                    continue;
                }
                told.push(&loser.name);
                let place = |line: Option<u64>| line.map_or_else(String::new, |line| format!(" (line {line})"));
                look.defects.push(Defect {
                    severity: Severity::Info,
                    nodes: vec![index],
                    subject: words::flag_subject(exam, index, &running, &loser.name),
                    message: "is given twice, and the last one counts".to_owned(),
                    facts: vec![
                        fact("without effect", format!("{}{}", loser.value, place(loser.line))),
                        fact("in effect", format!("{}{}", winner.value, place(winner.line))),
                    ],
                    links: Vec::new(),
                    remedy: Remedy::manual([
                        format!("remove the line of --{} that is without effect", loser.name),
                        words::edit(&running),
                    ]),
                });
            }
        }
    }
    look
}
