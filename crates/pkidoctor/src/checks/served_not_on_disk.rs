//! `served-not-on-disk`: what answers shows another certificate than the file that it should read.

use std::sync::Arc;

use crate::check::{Check, Defect, Fact, Look, Remedy, Severity, fact};
use crate::checks::{seen, words};
use crate::exam::Exam;
use crate::go::load::Presented;
use crate::links::Link;
use crate::links::under::is_of_etcd;
use crate::live::judge::served;
use crate::live::{LiveVerdict, SeenLink};
use crate::x509::certificate::Certificate;

pub(super) static CHECK: Check = Check {
    code: "served-not-on-disk",
    title: "a server shows another certificate than the one on disk",
    severity: Severity::Error,
    citation: "etcd client/pkg/transport/listener.go (GetCertificate reads the files at every handshake); \
Kubernetes dynamiccertificates",
    docs: "\
What it looks at: the certificate that each server really shows, against the file that its manifest names.

Why it matters: etcd reads its pair again at every handshake, and kube-apiserver within a minute. Where they show \
something else, the files that one mends are not the files that count: another process owns the port, the container \
mounts another directory, or a proxy stands in between.

What to do: find out who listens, and what its container sees, before any certificate is made anew.

Example: an etcd that an administrator started by hand months ago still holds port 2379.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    for (index, link, seen) in exam.seen() {
        let Some((node, subject, on_disk)) = expected(exam, link, seen) else { continue };
        let Some(shown) = served(seen.seen, exam.cluster.go).into_iter().next() else { continue };
        look.subjects += 1;
        if shown.raw == on_disk.raw {
            continue;
        }
        let facts = facts(exam, link, seen, &shown);
        let known = look.defects.iter_mut().find(|defect| defect.nodes == [node] && defect.subject == subject);
        if let Some(defect) = known {
            // the same at another endpoint, or yet another certificate there
            defect.facts.extend(facts.into_iter().filter(|fact| !defect.facts.contains(fact)).collect::<Vec<_>>());
            defect.links.push(index);
        } else {
            look.defects.push(Defect {
                severity: Severity::Error,
                nodes: vec![node],
                subject,
                message: format!("is not what is shown at {}", seen.endpoint.url()),
                facts: [fact("on disk", told(exam, &on_disk))].into_iter().chain(facts).collect(),
                links: vec![index],
                remedy: remedy(exam, node, link, seen),
            });
        }
    }
    for defect in &mut look.defects {
        defect.severity = severity(exam, &defect.links);
    }
    look
}

/// The certificate that the server should show: node, subject in reports, certificate.
fn expected(exam: &Exam<'_>, link: &Link, seen: &SeenLink<'_>) -> Option<(usize, String, Arc<Certificate>)> {
    let node = seen::answering_node(exam, link, seen)?;
    let file = &link.server_pair.as_ref()?.certificate;
    let leaf = Arc::clone(Presented::of(file.material(exam.cluster)?)?.leaf());
    Some((node, file.subject(exam.cluster), leaf))
}

/// An error where a link is refused over it; else it will be one when the files are believed.
fn severity(exam: &Exam<'_>, links: &[usize]) -> Severity {
    let refused = |index: &usize| exam.seen().any(|(at, _, seen)| at == *index && seen.verdict == LiveVerdict::Broken);
    let broken: Vec<usize> = links.iter().copied().filter(refused).collect();
    if broken.is_empty() { Severity::Warning } else { exam.severity(&broken) }
}

fn told(exam: &Exam<'_>, certificate: &Certificate) -> String {
    format!(
        "{}, serial {}, issued by {}, not after {}",
        certificate.subject,
        certificate.serial_hex(),
        certificate.issuer,
        words::instant(exam.now(), certificate.not_after)
    )
}

fn facts(exam: &Exam<'_>, link: &Link, seen: &SeenLink<'_>, shown: &Certificate) -> Vec<Fact> {
    let mut facts = vec![fact("endpoint", seen.endpoint.url()), fact("shown there", told(exam, shown))];
    if is_of_etcd(link) && !seen.seen.asks_for_certificate {
        facts.push(fact("asks for a client certificate", "no: a proxy that terminates TLS, or another program"));
    }
    facts
}

fn remedy(exam: &Exam<'_>, node: usize, link: &Link, seen: &SeenLink<'_>) -> Remedy {
    let port = seen.endpoint.port.unwrap_or_default();
    let mut remedy = Remedy::manual([
        format!("who listens: ss -ltnp 'sport = :{port}'"),
        "what its container sees: crictl inspect ID, under mounts, and the directory behind them".to_owned(),
    ]);
    if !is_of_etcd(link) {
        remedy.steps.extend(seen::restart(&exam.cluster.nodes[node], link));
    }
    remedy.avoid("making certificates anew here: whoever answers does not read these files")
}
