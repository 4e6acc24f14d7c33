//! `kubelet-current-broken`: the kubelet's link to its newest client certificate leads nowhere, or is no link.

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::checks::words;
use crate::cluster::State;
use crate::exam::{Exam, Group, Why};
use crate::go::load::{Half, PairFault};
use crate::links::reference::FaultKind;

pub(super) static CHECK: Check = Check {
    code: "kubelet-current-broken",
    title: "kubelet-client-current.pem is broken",
    severity: Severity::Error,
    citation: "client-go util/certificate fileStore.Current, updateSymlink",
    docs: "\
What it looks at: /var/lib/kubelet/pki/kubelet-client-current.pem, when kubelet.conf names it: it must be a \
symbolic link to a file with a certificate *and* its key.

Why it matters: a kubelet that starts without it falls back to its bootstrap kubeconfig, which is gone: \
`unable to load bootstrap kubeconfig: stat /etc/kubernetes/bootstrap-kubelet.conf: no such file or \
directory`. A plain file in place of the link works until the next rotation, which fails with `expected … \
to be a symlink but it is a file`.

What to do: point the link at the newest intact kubelet-client-*.pem, or make a new kubelet.conf.

Example: the link points to kubelet-client-2024-01-01-00-00-00.pem, which somebody cleaned away.",
    look,
};

const CURRENT: &str = "/var/lib/kubelet/pki/kubelet-client-current.pem";

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    for group in exam.groups(CHECK.code) {
        let links = group.links();
        let mut facts = words::told_by(exam, group.first().guilty.as_ref());
        facts.extend(words::go_says(&group));
        look.defects.push(Defect {
            severity: Severity::Error,
            nodes: vec![group.node],
            subject: group.subject.to_owned(),
            message: message(exam, &group),
            facts,
            links,
            remedy: remedy(),
        });
    }
    for (index, node) in exam.cluster.nodes.iter().enumerate() {
        let Some(file) = node.file(CURRENT) else {
            look.unobserved += 1;
            continue;
        };
        look.subjects += 1;
        let is_link = file.meta.as_ref().is_some_and(|meta| meta.link.is_some());
        let told = look.defects.iter().any(|defect| defect.nodes == [index]);
        if file.content().is_none() || is_link || told {
            continue;
        }
        look.defects.push(Defect {
            severity: Severity::Warning,
            nodes: vec![index],
            subject: CURRENT.to_owned(),
            message: "is a plain file: the kubelet's next rotation fails, because it expects a symbolic link"
                .to_owned(),
            facts: vec![fact("expected", "a symbolic link to kubelet-client-DATE.pem"), fact("found", "a plain file")],
            links: Vec::new(),
            remedy: Remedy::manual([
                format!("mv {CURRENT} /var/lib/kubelet/pki/kubelet-client-restored.pem"),
                format!("ln -s /var/lib/kubelet/pki/kubelet-client-restored.pem {CURRENT}"),
                "systemctl restart kubelet".to_owned(),
            ]),
        });
    }
    look
}

fn message(exam: &Exam<'_>, group: &Group<'_, '_>) -> String {
    let state = exam.cluster.nodes[group.node].file(CURRENT).map(|file| &file.state);
    let Why::Fault(fault) = group.first().why else { return "does not load".to_owned() };
    match (&fault.kind, state) {
        (FaultKind::Missing, Some(State::Missing { link: Some(target) })) => {
            format!("points to {target}, which does not exist")
        }
        (FaultKind::Missing, _) => "does not exist".to_owned(),
        (FaultKind::Directory, _) => "is a directory".to_owned(),
        (FaultKind::LinkLoop, _) => "is a symbolic link that leads in a circle".to_owned(),
        (FaultKind::Pair(PairFault::NoPem(_)), _) => "holds neither certificate nor key".to_owned(),
        (FaultKind::Pair(PairFault::WrongLabels(Half::Key, _) | PairFault::CertificateInPlaceOfKey), _) => {
            "holds a certificate but no key".to_owned()
        }
        (FaultKind::Pair(PairFault::WrongLabels(Half::Certificate, _) | PairFault::KeyInPlaceOfCertificate), _) => {
            "holds a key but no certificate".to_owned()
        }
        (FaultKind::Pair(PairFault::Mismatch | PairFault::TypeMismatch), _) => {
            "holds a certificate and a key that do not belong together".to_owned()
        }
        _ => "does not load".to_owned(),
    }
}

pub(super) fn remedy() -> Remedy {
    Remedy::manual([
        "ls -l /var/lib/kubelet/pki: if an intact kubelet-client-DATE.pem with certificate and key is there, point the link at the newest one".to_owned(),
        format!("ln -sf /var/lib/kubelet/pki/kubelet-client-DATE.pem {CURRENT}"),
        "else: pkidoctor regen kubelet.conf --backup".to_owned(),
        "systemctl restart kubelet".to_owned(),
    ])
    .avoid("making it a plain file: rotation needs the link")
    .avoid("deleting /var/lib/kubelet/pki: without a bootstrap kubeconfig the kubelet cannot come back")
}
