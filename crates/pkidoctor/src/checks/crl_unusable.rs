//! `crl-unusable`: etcd cannot read its revocation list, or believes one that it should not.

use crate::check::{Check, Defect, Fact, Look, Remedy, Severity, fact};
use crate::checks::crl_missing::{held_against, lists};
use crate::checks::words;
use crate::exam::Exam;
use crate::go::crl::RevocationList;
use crate::links::etcd::Port;
use crate::links::reference::Reference;
use crate::links::revocation::{Found, List};

pub(super) static CHECK: Check = Check {
    code: "crl-unusable",
    title: "etcd's revocation list is unusable, stale or foreign",
    severity: Severity::Error,
    citation: "etcd client/pkg/transport checkCRL; Go x509.ParseCRL, ParseRevocationList; RFC 5280 section 5",
    docs: "\
What it looks at: whether the files of --client-crl-file and --peer-crl-file parse in the encoding that this \
etcd reads (up to 3.5 PEM or DER, from 3.6 DER only), are signed by a CA that the port trusts, and are not \
past nextUpdate.

Why it matters: a list that does not parse refuses *every* client after TLS has succeeded. A stale or \
foreign one is believed in silence: etcd compares serial numbers and looks neither at signature, issuer nor \
dates, so revoked certificates get in, and strangers with the same serial number are shut out.

What to do: put a current list of the trusted CA there, in DER. No restart is needed.

Example: a PEM list that etcd 3.5 read, after the upgrade to 3.6.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    for list in lists(exam) {
        // what no file stands for is told as missing, or not at all
        if list.file.file(exam.cluster).is_none() {
            continue;
        }
        let found = list.found(exam.cluster);
        match found {
            Found::Missing { .. } => continue,
            Found::Unseen => {
                look.unobserved += 1;
                continue;
            }
            Found::Unusable(_) | Found::List { .. } => look.subjects += 1,
        }
        let Some(verdict) = judge(exam, &list, &found) else { continue };
        let flag = list.port.crl_flag();
        let links = if verdict.severity == Severity::Error { held_against(exam, &list) } else { Vec::new() };
        let told = list.file.told_by(exam.cluster).map(|told| fact("named by", told));
        look.defects.push(Defect {
            severity: verdict.severity,
            nodes: vec![list.file.node],
            subject: list.file.subject(exam.cluster),
            message: verdict.message,
            facts: verdict.facts.into_iter().chain(told).collect(),
            links,
            remedy: Remedy::manual([
                format!("put a current revocation list of the CA that --{} trusts there, in DER (openssl crl -outform DER), or remove --{flag} from {}", trust_flag(list.port), list.manifest),
                "no restart is needed for the file: etcd reads it at every connection".to_owned(),
            ]),
        });
    }
    look.defects.dedup_by(|a, b| a.nodes == b.nodes && a.subject == b.subject);
    look
}

struct Judgement {
    severity: Severity,
    message: String,
    facts: Vec<Fact>,
}

fn judge(exam: &Exam<'_>, list: &List<'_>, found: &Found) -> Option<Judgement> {
    match found {
        Found::Unseen | Found::Missing { .. } => None,
        Found::Unusable(why) => Some(Judgement {
            severity: Severity::Error,
            message: format!("etcd cannot read the revocation list and refuses everybody: {why}"),
            facts: vec![fact("every client gets", "EOF, after a handshake that succeeds"), fact("found", why)],
        }),
        Found::List { is_pem: true, .. } if list.takes_pem().is_none() => Some(Judgement {
            severity: Severity::Warning,
            message: "the revocation list is PEM, which etcd from 3.6 does not read".to_owned(),
            facts: vec![fact("found", "PEM"), fact("etcd's version", "not known here")],
        }),
        Found::List { list: parsed, .. } => believed(exam, list, parsed),
    }
}

/// What etcd does not look at.
fn believed(exam: &Exam<'_>, list: &List<'_>, parsed: &RevocationList) -> Option<Judgement> {
    let mut wrong = Vec::new();
    let mut facts = vec![fact("issuer", &parsed.issuer), fact("revoked certificates", parsed.serials.len())];
    if let Some(due) = parsed.next_update.filter(|due| *due < exam.now()) {
        wrong.push("stale");
        facts.push(fact("next update was due", words::instant(exam.now(), due)));
    }
    let pool = trusted(exam, list);
    if !pool.is_empty() && !pool.iter().any(|authority| parsed.is_from(authority)) {
        wrong.push("not signed by a CA that this port trusts");
        facts.extend(pool.first().map(|authority| fact("trusted", &authority.subject)));
    }
    let message = format!("the revocation list is {}; etcd believes it all the same", wrong.join(" and "));
    (!wrong.is_empty()).then_some(Judgement { severity: Severity::Warning, message, facts })
}

fn trusted(exam: &Exam<'_>, list: &List<'_>) -> Vec<std::sync::Arc<crate::x509::certificate::Certificate>> {
    let trust = Reference::flag(list.file.node, &list.running, trust_flag(list.port));
    trust.material(exam.cluster).map(|material| material.trusted().cloned().collect()).unwrap_or_default()
}

fn trust_flag(port: Port) -> &'static str {
    match port {
        Port::Client => "trusted-ca-file",
        Port::Peer => "peer-trusted-ca-file",
    }
}
