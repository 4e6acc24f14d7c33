//! `unreadable`: this process may not read something that it would have to look at.

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::checks::load;
use crate::cluster::{File, KubeconfigProblem, State};
use crate::exam::Exam;

pub(super) static CHECK: Check = Check {
    code: "unreadable",
    title: "this process may not read a file",
    severity: Severity::Warning,
    citation: "open(2) EACCES",
    docs: "\
What it looks at: files and directories that pkidoctor itself could not read: those that a link or a signer \
needs, manifests, kubeconfigs, and what else in the tree is called like a certificate or key.

Why it matters: nothing can be said of what was not seen. Links that need the file are unknown, not ok, and \
the whole verdict is incomplete.

What to do: run it again as root, or on a copy that keeps owner and mode.

Example: a scan as an ordinary user sees the certificates but none of the keys.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    let needed = load::needed(exam);
    for (node, file) in exam.files() {
        look.subjects += 1;
        let State::Unreadable(why) = &file.state else { continue };
        look.unobserved += 1;
        let kubeconfig = exam.cluster.nodes[node].kubeconfigs.iter().find(|known| known.path == file.path);
        let needed = kubeconfig.is_some() || needed.contains(&(node, file.path.clone()));
        if needed || is_called_pki(file) {
            look.defects.push(defect(exam, node, &file.path, why, needed));
        }
    }
    for (node, here) in exam.cluster.nodes.iter().enumerate() {
        for kubeconfig in here.kubeconfigs.iter().filter(|known| here.file(&known.path).is_none()) {
            if let Err(KubeconfigProblem::Unreadable(why)) = &kubeconfig.parsed {
                look.defects.push(defect(exam, node, &kubeconfig.path, why, true));
            }
        }
        for (path, why) in &here.obstacles {
            let told = look.defects.iter().any(|defect| defect.nodes == [node] && defect.subject == here.shown(path));
            if !told {
                look.defects.push(defect(exam, node, path, why, true));
            }
        }
    }
    look
}

fn is_called_pki(file: &File) -> bool {
    ["crt", "key", "pem", "pub", "conf"].contains(&load::ending(&file.path))
}

fn defect(exam: &Exam<'_>, node: usize, path: &str, why: &str, needed: bool) -> Defect {
    let here = &exam.cluster.nodes[node];
    let links = exam.links_using(node, path);
    let file = here.file(path);
    let mut facts = vec![fact("reason", why)];
    facts.extend(file.map(load::mode_facts).unwrap_or_default());
    Defect {
        severity: if needed { Severity::Warning } else { Severity::Info },
        nodes: vec![node],
        subject: here.shown(path).to_owned(),
        message: format!("could not be read: {why}"),
        facts,
        links,
        remedy: Remedy::manual([format!("run it as root: sudo pkidoctor scan {}", here.path)])
            .avoid("chmod 0644 on a key so that it can be scanned: it trades a report for a leak"),
    }
}
