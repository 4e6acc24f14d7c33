//! `etcd-unhealthy`: etcd takes the client, but does not work.

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::exam::Exam;
use crate::live::{EtcdSeen, EtcdState};

pub(super) static CHECK: Check = Check {
    code: "etcd-unhealthy",
    title: "etcd answers, but has no leader, no quorum or an alarm",
    severity: Severity::Error,
    citation: "etcd api/etcdserverpb (Maintenance.Status, Alarm); etcdctl endpoint health",
    docs: "\
What it looks at: with a link that works: status, alarms, and one linearizable read of the key `health`, as etcdctl \
makes it. Nothing is written.

Why it matters: TLS is not the fault then. Without a quorum every request ends in `context deadline exceeded`, like \
after a refused certificate; with the alarm NOSPACE every write is refused.

What to do: bring the missing members back (the endpoints that do not answer are named beside), or compact and \
defragment, then disarm the alarm.

Example: two of three members are down; the third still shakes hands with everybody.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    for etcd in exam.live.iter().flat_map(|live| &live.evidence.etcds) {
        look.subjects += 1;
        if etcd.state.as_ref().is_ok_and(EtcdState::is_healthy) {
            continue;
        }
        look.defects.push(defect(exam, etcd));
    }
    look
}

fn defect(exam: &Exam<'_>, etcd: &EtcdSeen) -> Defect {
    let (mut facts, mut steps) = (Vec::new(), Vec::new());
    let message = match &etcd.state {
        Err(why) => {
            facts.push(fact("it says", why));
            "takes the client, but answers no call"
        }
        Ok(state) => {
            facts.extend(state.complaints().into_iter().map(|alarm| fact("alarm", alarm)));
            facts.extend(state.health.as_ref().err().map(|why| fact("a linearizable read", why)));
            facts.push(fact("members", state.members.len()));
            if state.leader == 0 {
                "has no leader"
            } else if state.health.is_err() {
                "has no quorum, or does not answer in time"
            } else {
                "raises an alarm"
            }
        }
    };
    if let Ok(state) = &etcd.state {
        if state.alarms.iter().any(|(_, kind)| kind == "NOSPACE") {
            steps.push(
                "etcdctl compact REVISION, etcdctl defrag on one member after the other, then etcdctl alarm disarm",
            );
        }
        if state.alarms.iter().any(|(_, kind)| kind == "CORRUPT") {
            steps.push(
                "take the corrupt member out (etcdctl member remove), empty its data directory and let it join again",
            );
        }
    }
    if steps.is_empty() {
        steps.push("bring back the members that do not answer: a quorum is more than half of the member list");
    }
    Defect {
        severity: Severity::Error,
        nodes: vec![exam.links[etcd.link].node],
        subject: etcd.endpoint.url(),
        message: message.to_owned(),
        facts,
        links: vec![etcd.link],
        remedy: Remedy::manual(steps).avoid("making certificates anew: TLS works here"),
    }
}
