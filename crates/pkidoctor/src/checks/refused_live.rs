//! `refused-live`: a link of which the files tell only half is refused.

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::checks::seen;
use crate::exam::Exam;
use crate::links::{RefusedBy, Verdict};
use crate::live::LiveVerdict;

pub(super) static CHECK: Check = Check {
    code: "refused-live",
    title: "a server outside these files refuses, or is refused",
    severity: Severity::Error,
    citation: "RFC 8446 section 6.2; Go crypto/tls",
    docs: "\
What it looks at: links of which one side lies elsewhere (external etcd, another member, a kubelet), dialled.

Why it matters: by the files alone such a link is unknown. Live, the side that refuses gives its reason, or at least an \
alert.

What to do: where the client refuses, its reason is exact: the server's certificate has to be mended there. Where the \
server refuses, its log holds the reason; the line is told.

Example: an external etcd whose CA was changed refuses the API server's client certificate.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    for (index, link, seen) in exam.seen() {
        if link.verdict() != Verdict::Unknown {
            continue;
        }
        look.subjects += 1;
        if seen.verdict != LiveVerdict::Broken {
            continue;
        }
        let message = match seen.refused_by {
            Some(RefusedBy::Client) => "the client refuses the certificate that is shown",
            Some(RefusedBy::Load) => "the server cannot load its own pair",
            _ => "the server refuses the client",
        };
        let mut facts = vec![fact("endpoint", seen.endpoint.url())];
        facts.extend(seen::both(link, seen).into_iter().skip(1));
        facts.extend(seen.log.server.as_ref().map(|line| fact("in the server's log", line)));
        let name = link.name.as_ref().map_or_else(String::new, |name| format!(" {name}"));
        look.defects.push(Defect {
            severity: exam.severity(&[index]),
            nodes: vec![link.node],
            subject: format!("{}{name}", link.id),
            message: message.to_owned(),
            facts,
            links: vec![index],
            remedy: remedy(seen.refused_by),
        });
    }
    look
}

fn remedy(by: Option<RefusedBy>) -> Remedy {
    match by {
        Some(RefusedBy::Client) => Remedy::manual([
            "on that server: pkidoctor scan, which names the certificate and what is wrong with it",
            "or give this client the CA that signed it, if that CA is meant to be trusted",
        ])
        .avoid("--insecure-skip-tls-verify: whoever answers would be believed"),
        Some(RefusedBy::Load) => {
            Remedy::manual(["on that server: pkidoctor scan, which names the file that does not load"])
        }
        _ => Remedy::manual([
            "look for this client's address and port in that server's log: the line holds the reason",
            "issue the client certificate from the CA that the server trusts",
        ]),
    }
}
