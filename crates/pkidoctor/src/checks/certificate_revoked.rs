//! `certificate-revoked`: a client's serial number is on etcd's revocation list.

use crate::check::{Check, Defect, Look, Severity, fact};
use crate::checks::crl_missing::{held_against, lists};
use crate::checks::words;
use crate::exam::Exam;
use crate::links::reference::Reference;
use crate::links::revocation::List;

pub(super) static CHECK: Check = Check {
    code: "certificate-revoked",
    title: "a client certificate is on etcd's revocation list",
    severity: Severity::Error,
    citation: "etcd client/pkg/transport checkCRL",
    docs: "\
What it looks at: the serial numbers of every certificate that a client or peer shows to etcd against the \
lists of --client-crl-file and --peer-crl-file. etcd compares serial numbers alone, not issuers.

Why it matters: etcd closes the connection after TLS has succeeded and logs `transport: certificate serial … \
revoked`; the client sees only `EOF`. A list of another CA shuts out whoever has the same number.

What to do: issue the certificate again: the new one gets a new number. If it was not revoked, the list is \
the wrong one.

Example: apiserver-etcd-client.crt was put on the list together with the certificates of a lost laptop.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    for list in lists(exam) {
        let Some((parsed, _)) = list.read(exam.cluster) else {
            look.unobserved += 1;
            continue;
        };
        for (reference, links) in shown_to(exam, &list) {
            look.subjects += 1;
            let Some(material) = reference.material(exam.cluster) else { continue };
            let Some((number, revoked)) =
                material.parsed().enumerate().find(|(_, certificate)| parsed.names(certificate))
            else {
                continue;
            };
            let own = reference.subject(exam.cluster);
            let subject = if number == 0 { own } else { format!("{own}#{}", number + 1) };
            if let Some(known) =
                look.defects.iter_mut().find(|defect| defect.nodes == [reference.node] && defect.subject == subject)
            {
                known.links.extend(links);
                known.severity = exam.severity(&known.links);
                continue;
            }
            look.defects.push(Defect {
                severity: exam.severity(&links),
                nodes: vec![reference.node],
                subject,
                message: "its serial number is on etcd's revocation list: the connection is closed after TLS"
                    .to_owned(),
                facts: vec![
                    fact("certificate", &revoked.subject),
                    fact("serial number", revoked.serial_hex()),
                    fact("list", list.file.subject(exam.cluster)),
                    fact("issuer of the list", &parsed.issuer),
                    fact("issuer of the certificate", &revoked.issuer),
                ],
                links,
                remedy: words::remake(exam, Some(reference))
                    .avoid("removing the list: whoever was revoked on purpose gets in again"),
            });
        }
    }
    look
}

/// The certificate files that links show to the port, each with its links.
fn shown_to<'e>(exam: &'e Exam<'_>, list: &List<'_>) -> Vec<(&'e Reference, Vec<usize>)> {
    let mut all: Vec<(&Reference, Vec<usize>)> = Vec::new();
    for index in held_against(exam, list) {
        let Some(pair) = &exam.links[index].client_pair else { continue };
        let same = |known: &&mut (&Reference, Vec<usize>)| {
            known.0.node == pair.certificate.node && known.0.path() == pair.certificate.path()
        };
        match all.iter_mut().find(same) {
            Some((_, links)) => links.push(index),
            None => all.push((&pair.certificate, vec![index])),
        }
    }
    all
}
