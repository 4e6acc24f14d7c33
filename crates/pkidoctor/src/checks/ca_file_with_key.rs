//! `ca-file-with-key`: a private key stands in a CA file, and etcd parses it as a certificate.

use crate::check::{Check, Look, Remedy, Severity, fact};
use crate::checks::load;
use crate::checks::words::Told;
use crate::exam::{Exam, Group};
use crate::links::reference::FaultKind;

pub(super) static CHECK: Check = Check {
    code: "ca-file-with-key",
    title: "a private key stands in a CA file",
    severity: Severity::Error,
    citation: "etcd client/pkg/tlsutil NewCertPool",
    docs: "\
What it looks at: the labels of the blocks in every CA file that etcd, kubeadm or kube-apiserver's etcd \
client reads.

Why it matters: they parse *every* block as a certificate, whatever its label, so a key stops them with \
`x509: malformed tbs certificate` or an asn1 error that says nothing of a key.

What to do: remove the key from the file. If others could read the file, the CA key is no secret any more.

Example: `cat ca.crt ca.key > etcd/ca.crt`.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    load::look(exam, CHECK.code, tell)
}

fn tell(exam: &Exam<'_>, group: &Group<'_, '_>) -> Told {
    let mut facts = vec![fact("expected", "certificates only")];
    if let Some(FaultKind::Pool(pool)) = load::fault(group).map(|fault| &fault.kind) {
        let line = pool.line.map_or_else(String::new, |line| format!(" at line {line}"));
        facts.push(fact("found", format!("{}{line}", pool.label.as_deref().unwrap_or("a private key"))));
    }
    let material = group.first().guilty.as_ref().and_then(|guilty| guilty.material(exam.cluster));
    let with_certificate = material.is_some_and(|material| material.parsed().next().is_some());
    let remedy = match group.first().guilty.as_ref() {
        Some(guilty) if !with_certificate => load::restore_ca(exam, guilty),
        _ => Remedy::manual([
            format!("remove the private key block from {} and keep it in its own file of mode 0600", group.subject),
            "restart what trusts the file: CA files are read once, at start".to_owned(),
        ]),
    };
    let message = if with_certificate {
        "a private key stands among the CA certificates"
    } else {
        "holds a private key instead of the CA certificate"
    };
    Told { message: message.to_owned(), facts, remedy }
}
