//! Root causes: findings that one treatment heals, folded into one, with what logs and live evidence say of it.
//!
//! Three foldings, from the widest: leaves that one CA file no longer fits, on one node or because it differs between
//! nodes, certificates that ran out together, and all faults of one pair (making it anew heals every one of them).
//! Infos are no cause of anything. Events of logs join the findings that foretell them; what no finding foretells has a
//! cause of its own, by its words alone.

mod evidence;
mod heard;
mod naming;
mod rest;
mod who;

use crate::check::{Defect, INSTEAD, RemedyKind, Severity};
use crate::exam::Exam;
use crate::links::Weight;
use crate::logs::{Event, Journal, Port, Reason, Writer};
use crate::modes::{self, Mode};
use crate::report::{Cause, EventReport, Finding, RemedyReport};

use heard::Heard;

/// The check that compares the CAs of the nodes.
const DIFFERS: &str = "ca-differs-between-nodes";

/// What findings have in common.
#[derive(Clone, PartialEq, Eq)]
enum Root {
    /// A CA file whose key is not the one that signed.
    Authority(Vec<usize>, String),
    /// Leaves of one node that ended.
    Expiry(Vec<usize>),
    /// A pair, a kubeconfig, a flag: whatever the subject stands in.
    Place(Vec<usize>, String),
}

/// Findings with one root, and the events that they foretell.
struct Group {
    root: Root,
    members: Vec<usize>,
    events: Vec<usize>,
}

/// What a report says of causes and of the events behind them.
#[derive(Default)]
pub(crate) struct Folded {
    pub(crate) causes: Vec<Cause>,
    pub(crate) events: Vec<EventReport>,
}

/// What a scan has found, as far as causes need it.
struct Scan<'s> {
    exam: &'s Exam<'s>,
    stamped: &'s [(&'static str, Defect)],
    findings: &'s [Finding],
}

/// Folds findings and events into causes; the one that explains most comes first.
pub(crate) fn fold(
    exam: &Exam<'_>,
    stamped: &[(&'static str, Defect)],
    findings: &[Finding],
    journal: Option<&Journal>,
) -> Folded {
    let scan = Scan { exam, stamped, findings };
    let mut groups = scan.groups();
    let empty = Journal::default();
    let journal = journal.unwrap_or(&empty);
    let heard = heard::listen(Some(exam), journal);
    let mut unexplained = Vec::new();
    for (index, event) in heard.iter().enumerate() {
        let foretellers = scan.foretellers(event);
        let mut explained = false;
        for group in groups.iter_mut().filter(|group| group.members.iter().any(|member| foretellers.contains(member))) {
            group.events.push(index);
            explained = true;
        }
        if !explained {
            unexplained.push(index);
        }
    }
    unexplained.retain(|index| {
        let event = &heard[*index];
        !(scan.is_suspected(event, *index, &mut groups) || scan.is_consequence(event, *index, &mut groups))
    });
    groups.sort_by_key(|group| scan.rank(group));
    let mut causes: Vec<Cause> = groups.iter().map(|group| scan.cause(group, &heard, journal)).collect();
    let alone = rest::causes(Some(&scan), &heard, &unexplained);
    // what has been heard and stands in no file comes before what is only dated or exposed
    let is_error = |cause: &&Cause| cause.findings.iter().any(|at| findings[*at].severity == "error");
    let at = causes.iter().take_while(|cause| is_error(cause) || !cause.log_events.is_empty()).count();
    causes.splice(at..at, alone);
    let events = evidence::events(Some(exam), journal, &heard, &causes);
    Folded { causes, events }
}

/// The same for logs alone.
pub(crate) fn of_logs(journal: &Journal) -> Folded {
    let heard = heard::listen(None, journal);
    let all: Vec<usize> = (0..heard.len()).collect();
    let causes = rest::causes(None, &heard, &all);
    let events = evidence::events(None, journal, &heard, &causes);
    Folded { causes, events }
}

impl Scan<'_> {
    fn groups(&self) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        for (index, (code, defect)) in self.stamped.iter().enumerate() {
            if defect.severity == Severity::Info || self.findings[index].ignored {
                continue;
            }
            let root = self.between_nodes(root_of(self.exam, code, defect), defect);
            match groups.iter_mut().find(|known| known.root == root) {
                Some(group) => group.members.push(index),
                None => groups.push(Group { root, members: vec![index], events: Vec::new() }),
            }
        }
        groups
    }

    /// A node's CA file that fits nothing because it is not that of the other nodes has the root that all of them share.
    fn between_nodes(&self, root: Root, defect: &Defect) -> Root {
        let Root::Authority(nodes, place) = &root else { return root };
        // one leaf of another CA, which can be made anew, is a fault of its own
        if defect.remedy.kind == RemedyKind::Regen {
            return root;
        }
        let is_its = |(code, other): &&(&str, Defect)| {
            *code == DIFFERS
                && place_of(&other.subject) == *place
                && nodes.iter().all(|node| other.nodes.contains(node))
        };
        match self.stamped.iter().find(is_its) {
            Some((_, other)) => Root::Authority(other.nodes.clone(), place.clone()),
            None => root,
        }
    }

    /// The finding of a group that tells how a CA differs between nodes.
    fn difference(&self, group: &Group) -> Option<&Finding> {
        group.members.iter().map(|member| &self.findings[*member]).find(|finding| finding.code == DIFFERS)
    }

    /// The nodes to which a group's certificate was copied.
    fn copies(&self, group: &Group) -> Vec<usize> {
        let reasons = self.exam.reasons.iter().filter(|reason| reason.code == "copied-from-other-node");
        let mut nodes: Vec<usize> = reasons
            .filter(|reason| {
                group.members.iter().any(|member| {
                    let (code, defect) = &self.stamped[*member];
                    *code == reason.code && defect.subject == reason.subject && defect.nodes.contains(&reason.node)
                })
            })
            .map(|reason| reason.node)
            .collect();
        nodes.sort_unstable();
        nodes.dedup();
        nodes
    }

    /// The only node that a group concerns, where there are others.
    fn only_node(&self, group: &Group) -> Option<String> {
        let (Root::Authority(nodes, _) | Root::Expiry(nodes) | Root::Place(nodes, _)) = &group.root;
        // of a certificate that lies on several nodes, the one that it was made for has nothing to do
        let copies = self.copies(group);
        let [node] = (if copies.is_empty() { nodes } else { &copies })[..] else { return None };
        (self.exam.cluster.nodes.len() > 1).then(|| self.exam.cluster.nodes[node].name.clone())
    }

    /// The findings whose reasons foretell an event.
    fn foretellers(&self, event: &Heard<'_>) -> Vec<usize> {
        let reasons = event.reasons.iter().map(|(which, _)| &self.exam.reasons[*which]);
        let finding = |reason: &crate::exam::Reason<'_>| {
            self.stamped.iter().position(|(code, defect)| {
                *code == reason.code && defect.nodes == [reason.node] && defect.subject == reason.subject
            })
        };
        reasons.filter_map(finding).collect()
    }

    /// Whether a finding is what an event may be about, though not in these very words: a certificate that has been
    /// replaced since by another bad one, a client that is not known. It then belongs to that finding's group.
    fn is_suspected(&self, heard: &Heard<'_>, index: usize, groups: &mut [Group]) -> bool {
        if heard.event.is_noise() || is_hidden(heard.event) {
            return false;
        }
        let modes = heard.event.causes.iter().filter_map(|slug| modes::mode(slug));
        let speaks = |group: &Group, mode: &Mode| {
            let codes = group.members.iter().map(|member| self.stamped[*member].0);
            codes.into_iter().any(|code| mode.codes.contains(&code))
                && self.is_near(group, heard.event)
                && !self.is_of_another_name(group, heard.event)
        };
        for mode in modes {
            if let Some(group) = groups.iter_mut().find(|group| speaks(group, mode)) {
                group.events.push(index);
                return true;
            }
        }
        false
    }

    /// Whether a group's findings are about the port of an event, as far as both tell.
    fn is_near(&self, group: &Group, event: &Event) -> bool {
        let links: Vec<usize> =
            group.members.iter().flat_map(|member| self.stamped[*member].1.links.iter().copied()).collect();
        links.is_empty() || links.iter().any(|link| who::may_be_at(&self.exam.links[*link], event))
    }

    /// Whether an event misses a name that no link of a group dials: the files say of that name that it is there.
    fn is_of_another_name(&self, group: &Group, event: &Event) -> bool {
        let (Reason::Name { wanted, .. } | Reason::NoIpSans { wanted } | Reason::NoNames { wanted }) = &event.reason
        else {
            return false;
        };
        let members = group.members.iter().flat_map(|member| &self.stamped[*member].1.links);
        let mut dialled = members.filter_map(|link| self.exam.links[*link].dials.as_ref()).peekable();
        dialled.peek().is_some() && !dialled.any(|endpoint| crate::cluster::url::same_host(&endpoint.host, wanted))
    }

    /// Whether an event is what follows when a link of a group fails: a deadline, a port where nobody listens. It then
    /// belongs to that group.
    fn is_consequence(&self, heard: &Heard<'_>, index: usize, groups: &mut [Group]) -> bool {
        if !is_hidden(heard.event) || heard.event.is_noise() {
            return false;
        }
        let breaks = |group: &Group| {
            let links = group.members.iter().flat_map(|member| &self.stamped[*member].1.links);
            let mut links = links.map(|link| &self.exam.links[*link]);
            links.any(|link| rest::may_follow(heard.event, link))
        };
        let worst = groups.iter_mut().filter(|group| breaks(group)).min_by_key(|group| self.rank(group));
        worst.map(|group| group.events.push(index)).is_some()
    }

    fn rank(&self, group: &Group) -> (Severity, bool, bool, std::cmp::Reverse<usize>) {
        let vital = |member: &&usize| {
            self.stamped[**member].1.links.iter().any(|link| self.exam.links[*link].weight == Weight::Vital)
        };
        let worst = group.members.iter().map(|member| self.stamped[*member].1.severity).min();
        let broken = group.members.iter().filter(vital).map(|member| self.stamped[*member].1.links.len()).sum();
        // while nodes have different CAs, nothing that one of them makes is taken by the others
        let is_within = self.difference(group).is_none();
        (worst.unwrap_or(Severity::Info), group.events.is_empty(), is_within, std::cmp::Reverse(broken))
    }

    fn cause(&self, group: &Group, heard: &[Heard<'_>], journal: &Journal) -> Cause {
        let mut links: Vec<String> = Vec::new();
        let mut avoid: Vec<String> = Vec::new();
        for finding in group.members.iter().map(|member| &self.findings[*member]) {
            links.extend(finding.links.iter().filter(|link| !links.contains(link)).cloned().collect::<Vec<_>>());
            avoid.extend(finding.remedy.avoid.iter().filter(|text| !avoid.contains(text)).cloned().collect::<Vec<_>>());
        }
        let mode = naming::mode(self, group, heard);
        // what others advise is told where somebody has met the fault, not beside every finding of a scan
        if let Some(mode) = mode.filter(|_| !group.events.is_empty()) {
            avoid.extend(
                folk(mode).filter(|text| !avoid.iter().any(|told| advises(told) == advises(text))).collect::<Vec<_>>(),
            );
        }
        let node = self.only_node(group);
        let (title, (commands, steps)) = (self.title(group, heard), self.treatment(group));
        // where there is no command, whoever does the first step is on the right machine for the others
        let placed = commands.len().max(1);
        let mut treatment = each_once(commands.iter().chain(&steps));
        let unnamed = node.iter().find(|name| !title.contains(&format!("on {name} ")));
        let title = unnamed.map(|name| format!("on {name}: {title}")).unwrap_or(title);
        if let Some(name) = &node {
            treatment.iter_mut().take(placed).for_each(|step| *step = format!("on {name}: {step}"));
        }
        Cause {
            node,
            title,
            mode: mode.map(|mode| mode.slug),
            // it stands in the files, or was seen
            confidence: "certain",
            since: evidence::since(&group.events, heard),
            findings: group.members.clone(),
            links,
            log_events: group.events.clone(),
            evidence: evidence::of_group(self, group, heard, journal),
            confirm: evidence::foretold(self, group),
            treatment,
            avoid,
        }
    }

    fn title(&self, group: &Group, heard: &[Heard<'_>]) -> String {
        let (members, findings) = (&group.members, self.findings);
        let several = members.len() > 1;
        let told = match &group.root {
            Root::Authority(_, authority) if self.difference(group).is_some() => {
                let told = self.difference(group).map(|finding| format!("{}: {}", finding.subject, finding.message));
                told.unwrap_or_else(|| authority.clone())
            }
            Root::Authority(_, authority) if several => {
                let orphans = members.iter().filter(|member| findings[**member].code != "ca-key-mismatch").count();
                let what = if orphans == 1 { "a certificate".to_owned() } else { format!("{orphans} certificates") };
                let since = self.regenerated(group).map(|when| format!(" (made anew at {when})")).unwrap_or_default();
                format!("the CA {authority} is not the one that signed {what}{since}")
            }
            Root::Expiry(_) if several => format!("{} certificates have expired", members.len()),
            _ => {
                let told = members.iter().map(|at| format!("{}: {}", findings[*at].subject, findings[*at].message));
                told.collect::<Vec<_>>().join("; ")
            }
        };
        let lines: u64 = group.events.iter().map(|event| heard[*event].event.count).sum();
        if lines == 0 { told } else { format!("{told}: {}", evidence::lines(lines)) }
    }

    /// When the CA of an authority's group became valid, where it is the one that was made anew.
    fn regenerated(&self, group: &Group) -> Option<String> {
        let reasons = self.exam.reasons.iter().filter(|reason| reason.code == "ca-regenerated");
        let of_group = |reason: &&crate::exam::Reason<'_>| {
            group.members.iter().any(|member| {
                let (code, defect) = &self.stamped[*member];
                *code == reason.code && defect.subject == reason.subject && defect.nodes == [reason.node]
            })
        };
        let reason = reasons.into_iter().find(of_group)?;
        let trusted = reason.trust.as_ref()?.material(self.exam.cluster)?;
        let leaf = reason.certificate.as_ref()?;
        let ca = trusted.parsed().find(|ca| ca.is_ca() && ca.not_before > leaf.not_before)?;
        Some(crate::go::verify::rfc3339(ca.not_before))
    }

    /// The commands of the members, as few as do it, and what is done besides. A pair that is made anew needs no other
    /// cure, nor does a node that gets the CA of the others.
    fn treatment(&self, group: &Group) -> (Vec<String>, Vec<String>) {
        let is_remade = |member: &&usize| self.stamped[**member].1.remedy.kind == RemedyKind::Regen;
        let remade: Vec<usize> = group.members.iter().filter(is_remade).copied().collect();
        let differs: Vec<usize> =
            group.members.iter().filter(|member| self.findings[**member].code == DIFFERS).copied().collect();
        let telling = match (differs.is_empty(), remade.is_empty()) {
            (false, _) => &differs,
            (true, true) => &group.members,
            (true, false) => &remade,
        };
        let remedies = || telling.iter().map(|member| &self.findings[*member].remedy);
        let together = regen_together(remedies());
        let is_together = |command: &&String| together.is_some() && regen_target(command).is_some();
        let others = remedies().filter_map(|remedy| remedy.command.as_ref()).filter(|command| !is_together(command));
        let steps = remedies().flat_map(|remedy| &remedy.steps);
        // the other way to the same end would undo it
        (each_once(together.iter().chain(others)), each_once(steps.filter(|step| !step.starts_with(INSTEAD))))
    }
}

fn each_once<'s>(steps: impl Iterator<Item = &'s String>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for step in steps {
        if !all.contains(step) {
            all.push(step.clone());
        }
    }
    all
}

/// The target of a command that makes one anew and does nothing else.
fn regen_target(command: &str) -> Option<&str> {
    let target = command.strip_prefix("pkidoctor regen ")?.strip_suffix(" --backup")?;
    (!target.contains(' ')).then_some(target)
}

/// `pkidoctor regen A B C --backup`, where several remedies say it of one target each.
fn regen_together<'r>(remedies: impl Iterator<Item = &'r RemedyReport>) -> Option<String> {
    let mut targets: Vec<&str> = Vec::new();
    for target in remedies.filter_map(|remedy| regen_target(remedy.command.as_deref()?)) {
        if !targets.contains(&target) {
            targets.push(target);
        }
    }
    (targets.len() > 1).then(|| format!("pkidoctor regen {} --backup", targets.join(" ")))
}

/// What others advise, and what it would really do.
fn folk(mode: &Mode) -> impl Iterator<Item = String> {
    mode.avoid.iter().map(|folk| format!("{}: {}", folk.advice, folk.really))
}

/// The advice before the colon, by its letters.
fn advises(text: &str) -> String {
    text.split(": ").next().unwrap_or(text).chars().filter(char::is_ascii_alphanumeric).collect()
}

/// Whether the words hide the reason: it stands in another line, of the same or of another program.
fn is_hidden(event: &Event) -> bool {
    let hides = |reason: &Reason| {
        matches!(
            reason,
            Reason::Deadline | Reason::Consequence | Reason::Timeout | Reason::Refused | Reason::Unauthorized
        )
    };
    // etcd as the client of its own gateway: what refused it says so in the same log
    let is_own_quarrel = event.writer == Writer::Etcd && event.target.is_some() && event.port != Port::EtcdPeer;
    hides(&event.reason) || is_own_quarrel && matches!(event.reason, Reason::Alert(_) | Reason::Reset | Reason::Eof)
}

fn root_of(exam: &Exam<'_>, code: &str, defect: &Defect) -> Root {
    let nodes = defect.nodes.clone();
    let reason = || {
        exam.reasons
            .iter()
            .find(|reason| reason.code == code && defect.nodes == [reason.node] && reason.subject == defect.subject)
    };
    match code {
        "ca-regenerated" | "signed-by-other-ca" | "ca-renamed" => {
            let trust = reason().and_then(|reason| reason.trust.as_ref()).map(|trust| trust.subject(exam.cluster));
            Root::Authority(nodes, place_of(trust.as_ref().unwrap_or(&defect.subject)))
        }
        // two keys that were exchanged are put right at once, by the same steps
        "key-mismatch" | "ca-key-mismatch" if defect.remedy.steps.iter().any(|step| step.starts_with(INSTEAD)) => {
            Root::Place(nodes, defect.remedy.steps.concat())
        }
        // a CA certificate that was replaced fits neither its leaves nor its key
        "ca-key-mismatch" | DIFFERS => Root::Authority(nodes, place_of(&defect.subject)),
        "expired"
            if reason()
                .and_then(|reason| reason.certificate.as_ref())
                .is_some_and(|certificate| !certificate.is_ca()) =>
        {
            Root::Expiry(nodes)
        }
        _ => Root::Place(nodes, place_of(&defect.subject)),
    }
}

/// The pair or file in which a subject stands: `etcd/server.key` and `etcd/server.crt#2` are one pair.
fn place_of(subject: &str) -> String {
    let file = subject.split('#').next().unwrap_or_default();
    file.strip_suffix(".crt").or_else(|| file.strip_suffix(".key")).unwrap_or(file).to_owned()
}
