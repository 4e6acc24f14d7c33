//! `environment-shadowed`: a variable and a flag set the same thing, and etcd dies of it.

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::checks::words;
use crate::cluster::flags::Origin;
use crate::cluster::manifest::Variable;
use crate::cluster::{Node, Running};
use crate::exam::Exam;
use crate::links::etcd::described;

pub(super) static CHECK: Check = Check {
    code: "environment-shadowed",
    title: "a variable and a flag of etcd set the same thing",
    severity: Severity::Error,
    citation: "etcd pkg/flags verifyEnv; etcd-io/etcd#9382",
    docs: "\
What it looks at: ETCD_… variables whose flag stands on the command line, too.

Why it matters: etcd does not choose: it stops at its next start with `conflicting environment variable \
\"ETCD_NAME\" is shadowed by corresponding command-line flag`, even when both say the same.

What to do: remove one of the two.

Example: the variable ETCD_CERT_FILE beside --cert-file.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look { unobserved: words::unseen_etcds(exam), ..Look::default() };
    for (etcd, running) in described(exam.cluster) {
        // with a configuration file etcd looks at neither
        if running.flags.value("config-file").is_some() {
            continue;
        }
        let variables = variables(&exam.cluster.nodes[etcd.node], &running);
        look.subjects += 1;
        let mut told: Vec<&str> = Vec::new();
        for flag in running.flags.iter().filter(|flag| flag.origin == Origin::Argument) {
            let name = format!("ETCD_{}", flag.name.to_uppercase().replace('-', "_"));
            let Some(variable) = variables.iter().find(|variable| variable.name == name) else { continue };
            if told.contains(&flag.name.as_str()) {
                continue;
            }
            told.push(&flag.name);
            let line = variable.line.map_or_else(String::new, |line| format!(" (line {line})"));
            look.defects.push(Defect {
                severity: Severity::Error,
                nodes: vec![etcd.node],
                subject: words::flag_subject(exam, etcd.node, &running, &flag.name),
                message: format!("etcd stops at its next start: the variable {name} sets it, too"),
                facts: vec![
                    fact(format!("--{}", flag.name), flag.line.map_or_else(|| flag.value.clone(), |line| format!("{} (line {line})", flag.value))),
                    fact(&name, format!("{}{line}", variable.value.as_deref().unwrap_or("from elsewhere"))),
                    fact(
                        "etcd says",
                        format!("conflicting environment variable \"{name}\" is shadowed by corresponding command-line flag (either unset environment variable or disable flag)"),
                    ),
                ],
                links: Vec::new(),
                remedy: Remedy::manual([format!("remove the variable {name} or the flag --{}", flag.name), words::edit(&running)]),
            });
        }
    }
    look
}

/// The variables that a component is started with, as far as its own file says.
pub(super) fn variables<'a>(node: &'a Node, running: &Running<'a>) -> &'a [Variable] {
    match (running.pod, &node.etcd_config) {
        (Some((_, container)), _) => &container.environment,
        (None, Some(config)) => config.parsed.as_ref().map_or(&[], |parsed| parsed.variables.as_slice()),
        (None, None) => &[],
    }
}
