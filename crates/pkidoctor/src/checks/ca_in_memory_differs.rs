//! `ca-in-memory-differs`: the running process trusts another CA than the file says.

use crate::check::{Check, Defect, Fact, Look, Remedy, Severity, fact};
use crate::checks::seen;
use crate::exam::Exam;
use crate::go::handshake::{Complaint, Side};
use crate::go::verify::VerifyError;
use crate::links::under::is_of_etcd;
use crate::links::{Link, Verdict};
use crate::live::judge::ca_names;
use crate::live::{LiveVerdict, NoReason, SeenLink};

pub(super) static CHECK: Check = Check {
    code: "ca-in-memory-differs",
    title: "a running server trusts another CA than its file holds",
    severity: Severity::Error,
    citation: "RFC 8446 section 4.2.4 (certificate_authorities); etcd reads --trusted-ca-file once, at its start \
(etcd-io/etcd#11555)",
    docs: "\
What it looks at: the names of CAs that each server sends when it asks for a client certificate, and whom it takes, \
against the CA file that its manifest names.

Why it matters: etcd reads its certificate at every handshake, but its trusted CA only once. A CA that was replaced \
beside a running etcd does nothing until the next restart; then everything that the old one signed is refused.

What to do: where the files are right, restart the server. Where they are wrong, put the old CA back first: the \
restart would break what works now.

Example: etcd/ca.crt was made anew an hour ago; etcd still takes the old clients and refuses the new ones.",
    look,
};

/// What tells that memory and file differ, on one link.
enum Sign {
    /// The names differ.
    Names(Vec<String>, Vec<String>),
    /// It refuses whom the file would take.
    Refuses,
    /// It takes whom the file would refuse.
    Takes,
}

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    for (index, link, seen) in exam.seen() {
        let Some(node) = seen::answering_node(exam, link, seen) else { continue };
        if !seen.seen.asks_for_certificate || link.server_trust.is_none() {
            continue;
        }
        look.subjects += 1;
        let Some(sign) = sign(exam, link, seen) else { continue };
        let subject = link.server_trust.as_ref().map(|trust| trust.subject(exam.cluster)).unwrap_or_default();
        let facts = facts(exam, link, seen, &sign);
        let known = look.defects.iter_mut().find(|defect| defect.nodes == [node] && defect.subject == subject);
        match known {
            Some(defect) => {
                defect.facts.extend(facts.into_iter().filter(|fact| !defect.facts.contains(fact)).collect::<Vec<_>>());
                defect.links.push(index);
            }
            None => look.defects.push(Defect {
                severity: Severity::Error,
                nodes: vec![node],
                subject,
                message: "is not what the running process trusts".to_owned(),
                facts,
                links: vec![index],
                remedy: Remedy::manual([""; 0]),
            }),
        }
    }
    for defect in &mut look.defects {
        finish(exam, defect);
    }
    look
}

fn sign(exam: &Exam<'_>, link: &Link, seen: &SeenLink<'_>) -> Option<Sign> {
    if let Some((on_disk, in_memory)) = names(exam, link, seen) {
        return Some(Sign::Names(on_disk, in_memory));
    }
    match seen.no_reason {
        // the file would have taken it
        Some(NoReason::OtherKeyInMemory | NoReason::CaNotInMemory) if !file_refuses(link, seen) => Some(Sign::Refuses),
        _ if seen.verdict == LiveVerdict::Ok && file_refuses(link, seen) => Some(Sign::Takes),
        _ => None,
    }
}

/// Whether a server of this Go would refuse this client as a stranger by the file, or not even load it.
fn file_refuses(link: &Link, seen: &SeenLink<'_>) -> bool {
    let stranger = seen
        .by_files
        .iter()
        .any(|refusal| matches!(refusal.complaint, Complaint::Verify(VerifyError::UnknownAuthority { .. })));
    let unusable = link.faults.iter().any(|(side, fault)| *side == Side::Server && fault.pair.is_none());
    stranger || unusable
}

/// The names on disk and in memory, where they differ. An API server adds its other CAs to what it asks for.
fn names(exam: &Exam<'_>, link: &Link, seen: &SeenLink<'_>) -> Option<(Vec<String>, Vec<String>)> {
    let material = link.server_trust.as_ref()?.material(exam.cluster)?;
    let mut on_disk: Vec<&Vec<u8>> = material.parsed().map(|ca| &ca.subject.raw).collect();
    let mut in_memory: Vec<&Vec<u8>> = seen.seen.trusted_ca_names.iter().collect();
    for list in [&mut on_disk, &mut in_memory] {
        list.sort();
        list.dedup();
    }
    let same = if is_of_etcd(link) {
        on_disk == in_memory
    } else {
        in_memory.is_empty() || on_disk.iter().all(|name| in_memory.contains(name))
    };
    let told = || material.parsed().map(|ca| ca.subject.to_string()).collect();
    (!same).then(|| (told(), ca_names(exam.cluster, seen.seen)))
}

fn facts(exam: &Exam<'_>, link: &Link, seen: &SeenLink<'_>, sign: &Sign) -> Vec<Fact> {
    let some = |names: &[String]| if names.is_empty() { "no CA at all".to_owned() } else { names.join(" · ") };
    let at = fact("endpoint", seen.endpoint.url());
    match sign {
        Sign::Names(on_disk, in_memory) => {
            let mut facts = vec![at, fact("in the file", some(on_disk)), fact("in memory", some(in_memory))];
            if on_disk == in_memory {
                facts.push(fact("difference", "the names read alike, but their bytes differ: another CA"));
            }
            facts
        }
        Sign::Refuses => {
            let shown = link.client_pair.as_ref().map(|pair| pair.certificate.subject(exam.cluster));
            let mut facts = vec![at, fact("refused", shown.unwrap_or_default())];
            facts.extend(seen.server_error.as_ref().map(|words| fact("the server says", words)));
            facts.push(fact("by the file", "it would be taken"));
            facts
        }
        Sign::Takes => vec![
            at,
            fact(
                "taken",
                link.client_pair.as_ref().map(|pair| pair.certificate.subject(exam.cluster)).unwrap_or_default(),
            ),
            fact("by the file", link.server_error().unwrap_or_else(|| "it would be refused".to_owned())),
        ],
    }
}

/// Whether only an alert that an old Go sends for everything speaks for it.
fn rests_on_an_alert_alone(exam: &Exam<'_>, defect: &Defect) -> bool {
    let vague = |seen: &SeenLink<'_>| {
        seen.no_reason == Some(NoReason::OtherKeyInMemory)
            && !seen.go.telling_alerts()
            && seen.seen.http_status.is_none()
    };
    exam.seen().any(|(index, _, seen)| defect.links.contains(&index) && vague(seen))
}

/// Severity and cure follow from what the next restart does.
fn finish(exam: &Exam<'_>, defect: &mut Defect) {
    let live_broken =
        |index: &usize| exam.seen().any(|(at, _, seen)| at == *index && seen.verdict == LiveVerdict::Broken);
    let offline_broken = |index: &usize| exam.links[*index].verdict() == Verdict::Broken;
    let broken: Vec<usize> = defect.links.iter().copied().filter(live_broken).collect();
    let at_restart: Vec<usize> = defect.links.iter().copied().filter(offline_broken).collect();
    let concerned = if broken.is_empty() { &at_restart } else { &broken };
    defect.severity =
        if concerned.is_empty() { Severity::Warning } else { exam.severity(concerned).min(Severity::Warning) };
    let (Some(node), Some(link)) = (defect.nodes.first(), defect.links.first()) else { return };
    let (node, link) = (&exam.cluster.nodes[*node], &exam.links[*link]);
    let server = if is_of_etcd(link) { "etcd" } else { "kube-apiserver" };
    defect.remedy = if at_restart.is_empty() {
        let mut remedy = seen::restart_remedy(node, link);
        remedy.steps.insert(0, format!("the files are right: restart {server}, one member at a time"));
        if rests_on_an_alert_alone(exam, defect) {
            let clocks = "first compare `date -u` on both machines: to a server of that age a wrong clock looks alike";
            remedy.steps.insert(0, clocks.to_owned());
        }
        remedy
    } else {
        Remedy::manual([
            format!("mend the files first: put the CA back that signed the certificates in use, or make those anew from the CA in {}", defect.subject),
            format!("then restart {server}, one member at a time"),
        ])
        .avoid(format!("restarting {server} now: with these files it refuses what it still takes"))
        .avoid(seen::NO_RESTART)
    };
}
