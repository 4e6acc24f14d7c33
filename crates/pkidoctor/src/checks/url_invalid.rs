//! `url-invalid`: a URL that etcd or kube-apiserver cannot use.

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::checks::words;
use crate::cluster::Running;
use crate::cluster::manifest::Component;
use crate::cluster::url::{self, Endpoint};
use crate::exam::Exam;
use crate::links::etcd::described;

pub(super) static CHECK: Check = Check {
    code: "url-invalid",
    title: "a URL that etcd refuses",
    severity: Severity::Error,
    citation: "etcd client/pkg/types NewURLs; embed.checkBindURLs, checkHostURLs; Go net/url",
    docs: "\
What it looks at: every URL of etcd's listen, advertise and cluster flags by etcd's own rules (a scheme, \
host:port, no path, an IP address to listen on), and the URLs of --etcd-servers by Go's.

Why it matters: etcd does not start: `URL must not contain a path`, `URL address does not have the form \
\"host:port\"`, `expected IP in URL for binding`. A URL of --etcd-servers that does not parse is a member \
that kube-apiserver never reaches.

What to do: write the URL as scheme://ADDRESS:PORT. An IPv6 address needs brackets.

Example: --listen-client-urls=https://127.0.0.1:2379/.",
    look,
};

/// What a URL is for decides what etcd insists on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Listen,
    Advertise,
    Cluster,
    Dial,
}

const ETCD_FLAGS: [(&str, Use); 7] = [
    ("listen-client-urls", Use::Listen),
    ("listen-peer-urls", Use::Listen),
    ("listen-metrics-urls", Use::Listen),
    ("listen-client-http-urls", Use::Listen),
    ("advertise-client-urls", Use::Advertise),
    ("initial-advertise-peer-urls", Use::Advertise),
    ("initial-cluster", Use::Cluster),
];

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look { unobserved: words::unseen_etcds(exam), ..Look::default() };
    for (etcd, running) in described(exam.cluster) {
        for (flag, used) in ETCD_FLAGS {
            judge(exam, &mut look, etcd.node, &running, flag, used);
        }
    }
    for (index, node) in exam.cluster.nodes.iter().enumerate() {
        if let Some(running) = node.running(Component::KubeApiserver) {
            judge(exam, &mut look, index, &running, "etcd-servers", Use::Dial);
        }
    }
    look
}

fn judge(exam: &Exam<'_>, look: &mut Look, node: usize, running: &Running<'_>, flag: &str, used: Use) {
    let Some(value) = running.flags.value(flag).filter(|value| !value.is_empty()) else { return };
    let items: Vec<(String, Result<Endpoint, String>)> = match used {
        Use::Cluster => url::parse_initial_cluster(value),
        _ => running.flags.list_raw(flag).into_iter().map(|item| (item.trim().to_owned(), url::parse(&item))).collect(),
    };
    look.subjects += items.len();
    let wrong: Vec<(String, String)> =
        items.into_iter().filter_map(|(item, parsed)| Some((item, objection(&parsed, used)?))).collect();
    let Some((_, first)) = wrong.first() else { return };
    let (message, step) = match used {
        Use::Dial => {
            (format!("kube-apiserver cannot read the URL: {first}"), "write each URL as https://HOST:PORT".to_owned())
        }
        _ => (
            format!("etcd refuses to start: {first}"),
            "write each URL as scheme://ADDRESS:PORT, without a path; an IPv6 address needs brackets".to_owned(),
        ),
    };
    let mut facts = vec![words::flag_fact(running, flag)];
    facts.extend(wrong.iter().map(|(item, objection)| fact(format!("{item:?}"), objection)));
    look.defects.push(Defect {
        severity: Severity::Error,
        nodes: vec![node],
        subject: words::flag_subject(exam, node, running, flag),
        message,
        facts,
        links: Vec::new(),
        remedy: Remedy::manual([step, words::edit(running)]),
    });
}

fn objection(parsed: &Result<Endpoint, String>, used: Use) -> Option<String> {
    let endpoint = match parsed {
        Ok(endpoint) => endpoint,
        Err(text) => return Some(text.clone()),
    };
    if used == Use::Dial {
        return None;
    }
    if let Some(objection) = endpoint.etcd_objection() {
        return Some(objection);
    }
    if endpoint.scheme.starts_with("unix") {
        return None;
    }
    let address = endpoint.host == "localhost" || endpoint.host.parse::<std::net::IpAddr>().is_ok();
    match used {
        Use::Listen if !address => Some(format!("expected IP in URL for binding ({})", endpoint.text)),
        Use::Advertise if endpoint.host.is_empty() => Some(format!("unexpected empty host ({})", endpoint.text)),
        _ => None,
    }
}
