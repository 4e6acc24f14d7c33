//! `live-differs`: the files say one thing, what runs does another.

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::checks::{ca_in_memory_differs, plain_http_answers, seen, served_not_on_disk};
use crate::exam::Exam;
use crate::links::{Link, RefusedBy, Verdict};
use crate::live::{End, Failure, LiveVerdict, NoReason, SeenLink};

pub(super) static CHECK: Check = Check {
    code: "live-differs",
    title: "a link works by the files and not live, or the other way round",
    severity: Severity::Error,
    citation: "opinion: two witnesses who disagree have not seen the same thing",
    docs: "\
What it looks at: for every link that was dialled, the verdict from the files against what happened; where the \
served certificate or the CA in memory explains the difference, their own findings tell it.

Why it matters: a difference means that the files here are not what the process uses: it was started with other \
flags or from another directory, another process owns the port, its clock is another, or it has not been restarted since a \
file was changed.

What to do: mend nothing until the difference is understood; a certificate made anew in the wrong place heals nothing.

Example: the server says `expired certificate` of one that is valid here: its clock is a year ahead.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    let told_elsewhere =
        [served_not_on_disk::CHECK.look, ca_in_memory_differs::CHECK.look, plain_http_answers::CHECK.look];
    let explained: Vec<usize> = told_elsewhere
        .into_iter()
        .map(|look| look(exam))
        .flat_map(|look| look.defects)
        .flat_map(|defect| defect.links)
        .collect();
    for (index, link, seen) in exam.seen() {
        look.subjects += 1;
        if seen::agree(link, seen) || explained.contains(&index) {
            continue;
        }
        let name = link.name.as_ref().map_or_else(String::new, |name| format!(" {name}"));
        let (message, remedy) = told(exam, link, seen);
        let mut facts = vec![fact("endpoint", seen.endpoint.url())];
        facts.extend(seen::both(link, seen));
        if seen::answering_node(exam, link, seen).is_none() {
            facts.push(fact("who answers", "perhaps another node: no file here says that this address is its own"));
        }
        if seen.go != exam.cluster.go {
            facts.push(fact("the server was built with", format!("Go {}", seen.go)));
        }
        look.defects.push(Defect {
            severity: severity(exam, index, seen),
            nodes: vec![link.node],
            subject: format!("{}{name}", link.id),
            message: message.to_owned(),
            facts,
            links: vec![index],
            remedy,
        });
    }
    look
}

/// What the files refuse has its own error; that it still works live is a reprieve.
fn severity(exam: &Exam<'_>, index: usize, seen: &SeenLink<'_>) -> Severity {
    if seen.verdict == LiveVerdict::Ok { Severity::Warning } else { exam.severity(&[index]) }
}

fn told(exam: &Exam<'_>, link: &Link, seen: &SeenLink<'_>) -> (&'static str, Remedy) {
    let port = seen.endpoint.port.unwrap_or_default();
    let who = || {
        format!("who listens, since when, with which flags: ss -ltnp 'sport = :{port}', then ps -o lstart,args -p PID")
    };
    let mounts =
        || "what its container sees: crictl inspect ID, under mounts, and the directory behind them".to_owned();
    if seen.verdict == LiveVerdict::Ok && seen.go < exam.cluster.go && seen.by_files.is_empty() {
        return (
            "works, because the server was built with an older Go, which still takes what a newer one refuses",
            Remedy::manual(["mend what the other finding names before the server is upgraded"]),
        );
    }
    if seen.verdict == LiveVerdict::Ok {
        let message = "works, though by its files it does not: the process has not read them, or reads others";
        return (
            message,
            Remedy::manual([who(), mounts()]).avoid("a restart before the files are mended: it may end what works"),
        );
    }
    match (&seen.seen.end, seen.no_reason) {
        (End::Failed(Failure::PlainHttp | Failure::NotTls | Failure::TooMuch | Failure::Protocol(_)), _) => {
            ("what listens there does not speak this TLS: another process owns the port", Remedy::manual([who()]))
        }
        (_, Some(NoReason::Clock)) => (
            "the server's clock is not this machine's",
            Remedy::manual(["compare `date -u` on both machines, and mend time synchronisation (chronyc tracking)"])
                .avoid("making certificates anew: they are valid"),
        ),
        (_, Some(NoReason::OtherPair)) => (
            "the server cannot load its pair, though the files here are sound: it reads others",
            Remedy::manual([who(), mounts()]),
        ),
        _ if seen.seen.key_proved == Some(false) => {
            ("the server does not hold the key of the certificate that it shows", Remedy::manual([who(), mounts()]))
        }
        _ if link.verdict() == Verdict::Broken => {
            ("fails otherwise than its files say: the process uses others", Remedy::manual([who(), mounts()]))
        }
        _ => {
            let message = if seen.refused_by == Some(RefusedBy::Client) {
                "the client refuses what is shown, though by the files it would not"
            } else {
                "the server refuses, though by the files it would not"
            };
            (message, Remedy::manual([who(), mounts()]))
        }
    }
}
