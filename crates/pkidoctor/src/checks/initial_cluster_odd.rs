//! `initial-cluster-odd`: the list of members contradicts itself or the member.

use crate::check::{Check, Defect, Fact, Look, Remedy, Severity, fact};
use crate::checks::words;
use crate::cluster::Running;
use crate::cluster::url::{self, Endpoint, same_host};
use crate::exam::Exam;
use crate::links::etcd::{Etcd, Port, described};

pub(super) static CHECK: Check = Check {
    code: "initial-cluster-odd",
    title: "--initial-cluster contradicts the member",
    severity: Severity::Warning,
    citation: "etcd server/config ServerConfig.VerifyBootstrap, advertiseMatchesCluster, checkDuplicateURL",
    docs: "\
What it looks at: the names and URLs of --initial-cluster: whether the member itself is among them with \
the URLs of --initial-advertise-peer-urls, whether one name has two hosts, whether two names have one URL. \
A list that grew from node to node, as kubeadm join leaves it, is in order.

Why it matters: a member that has its data ignores the list, so the contradiction sleeps; one that starts \
without data (a restore, a replaced disk) stops with `--initial-cluster must include …`.

What to do: make the list say what the members are.

Example: --name=cp1 and --initial-cluster=master1=https://10.0.0.11:2380.",
    look,
};

type Members = Vec<(String, Endpoint)>;

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look { unobserved: words::unseen_etcds(exam), ..Look::default() };
    for (etcd, running) in described(exam.cluster) {
        let Some(members) = members(&running) else { continue };
        look.subjects += 1;
        let mut facts: Vec<Fact> = own_entry(&etcd, &running, &members).into_iter().collect();
        facts.extend(two_hosts(&running, &members));
        facts.extend(one_url(&members));
        let Some(first) = facts.first() else { continue };
        look.defects.push(Defect {
            severity: Severity::Warning,
            nodes: vec![etcd.node],
            subject: words::flag_subject(exam, etcd.node, &running, "initial-cluster"),
            message: format!("{}: {}", first.label, first.value),
            facts: facts
                .into_iter()
                .chain([
                    words::flag_fact(&running, "initial-cluster"),
                    words::flag_fact(&running, Port::Peer.advertise_flag()),
                ])
                .collect(),
            links: Vec::new(),
            remedy: Remedy::manual([
                "see what the members really are: etcdctl member list -w table".to_owned(),
                "make --initial-cluster, --name and --initial-advertise-peer-urls say the same".to_owned(),
                words::edit(&running),
            ])
            .avoid("expecting a running member to take the new list over: it is read at the first start only"),
        });
    }
    look
}

/// The entries that parse; `None` where etcd does not look at the list.
pub(super) fn members(running: &Running<'_>) -> Option<Members> {
    let discovers = ["discovery", "discovery-srv", "discovery-endpoints"]
        .iter()
        .any(|flag| running.flags.value(flag).is_some_and(|value| !value.is_empty()));
    let list = running.flags.value("initial-cluster").filter(|list| !list.is_empty() && !discovers)?;
    Some(url::parse_initial_cluster(list).into_iter().filter_map(|(name, url)| Some((name, url.ok()?))).collect())
}

pub(super) fn own_name<'a>(running: &Running<'a>) -> &'a str {
    running.flags.value("name").unwrap_or("default")
}

fn own_entry(etcd: &Etcd<'_>, running: &Running<'_>, members: &Members) -> Option<Fact> {
    let name = own_name(running);
    let own: Vec<&Endpoint> = members.iter().filter(|(member, _)| member == name).map(|(_, url)| url).collect();
    if own.is_empty() {
        return Some(fact("the member itself is not in the list", name));
    }
    let advertised = etcd.advertises(Port::Peer);
    // http against https is another story
    let listed_elsewhere = own.iter().find(|url| !advertised.iter().any(|other| may_be_same(url, other)));
    let not_listed = advertised.iter().find(|url| !own.iter().any(|other| may_be_same(url, other)));
    match (listed_elsewhere, not_listed) {
        (Some(url), _) => Some(fact(format!("the list calls {name} by a URL that it does not advertise"), &url.text)),
        (None, Some(url)) => Some(fact(format!("the list lacks a URL that {name} advertises"), &url.text)),
        (None, None) => None,
    }
}

/// etcd resolves names before it compares, so a name may stand for an address.
fn may_be_same(a: &Endpoint, b: &Endpoint) -> bool {
    let is_address = |host: &str| host.parse::<std::net::IpAddr>().is_ok();
    a.port == b.port && (same_host(&a.host, &b.host) || is_address(&a.host) != is_address(&b.host))
}

fn two_hosts(running: &Running<'_>, members: &Members) -> Option<Fact> {
    let others = members.iter().filter(|(name, _)| name != own_name(running));
    let second = |(name, url): &&(String, Endpoint)| {
        members.iter().any(|(other, known)| other == name && !same_host(&known.host, &url.host))
    };
    others.into_iter().find(second).map(|(name, _)| fact("one name has two hosts", name))
}

fn one_url(members: &Members) -> Option<Fact> {
    let shared = |(name, url): &&(String, Endpoint)| {
        members
            .iter()
            .any(|(other, known)| other != name && known.port == url.port && same_host(&known.host, &url.host))
    };
    members.iter().find(shared).map(|(_, url)| fact("two names have one URL", &url.text))
}
