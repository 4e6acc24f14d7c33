//! `proxy-environment`: a proxy variable draws the control plane's own connections to a proxy.

use std::net::IpAddr;

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::checks::environment_shadowed::variables;
use crate::checks::words;
use crate::cluster::manifest::{Component, Variable};
use crate::cluster::url;
use crate::cluster::{Node, Running};
use crate::exam::Exam;

pub(super) static CHECK: Check = Check {
    code: "proxy-environment",
    title: "a proxy variable hijacks connections inside the control plane",
    severity: Severity::Warning,
    citation: "golang.org/x/net/http/httpproxy; grpc-go internal/transport/proxy.go",
    docs: "\
What it looks at: HTTPS_PROXY in the environment of etcd and the control-plane components, and whether \
NO_PROXY covers the hosts that each of them dials: the members of etcd, --etcd-servers, the server of its \
kubeconfig. Loopback addresses never go through a proxy.

Why it matters: gRPC and Go's HTTP client follow the variable. The error names the proxy's address, not \
etcd's: `dial tcp 10.1.1.1:3128: connection refused`, or a certificate that the proxy made. Tests on the \
node itself succeed, because localhost is exempt.

What to do: add the node, pod and service networks to NO_PROXY.

Example: HTTPS_PROXY=http://proxy:3128 without NO_PROXY in kube-apiserver.yaml, and \
--etcd-servers=https://10.0.0.21:2379.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    for (index, node) in exam.cluster.nodes.iter().enumerate() {
        look.unobserved += usize::from(!node.has_manifests);
        for component in Component::ALL {
            let Some(running) = node.running(component) else { continue };
            look.subjects += 1;
            let variables = variables(node, &running);
            let Some(proxy) = value(variables, ["HTTPS_PROXY", "https_proxy"]) else { continue };
            let exempt = value(variables, ["NO_PROXY", "no_proxy"]);
            if exempt.is_some_and(|variable| variable.value.is_none()) {
                look.unobserved += 1;
                continue;
            }
            let exempt = exempt.and_then(|variable| variable.value.as_deref()).unwrap_or_default();
            let drawn: Vec<String> = dialled(node, component, &running)
                .into_iter()
                .filter(|(host, port)| !is_exempt(host, *port, exempt))
                .map(|(host, _)| host)
                .collect();
            if !drawn.is_empty() {
                look.defects.push(defect(index, node, component, &running, proxy, exempt, drawn));
            }
        }
    }
    look
}

fn defect(
    index: usize,
    node: &Node,
    component: Component,
    running: &Running<'_>,
    proxy: &Variable,
    exempt: &str,
    mut drawn: Vec<String>,
) -> Defect {
    drawn.sort();
    drawn.dedup();
    let hosts = drawn.join(", ");
    let line = proxy.line.map_or_else(String::new, |line| format!(" (line {line})"));
    Defect {
        severity: Severity::Warning,
        nodes: vec![index],
        subject: node.shown(running.manifest).to_owned(),
        message: format!("{} dials {hosts} through a proxy", component.name()),
        facts: vec![
            // a proxy's URL may carry a password
            fact(&proxy.name, format!("set{line}")),
            fact("NO_PROXY", if exempt.is_empty() { "not given" } else { exempt }),
            fact("not covered", &hosts),
        ],
        links: Vec::new(),
        remedy: Remedy::manual([
            format!("add {hosts}, better the whole node, pod and service networks, to NO_PROXY"),
            words::edit(running),
        ])
        .avoid("testing with localhost: it never goes through the proxy"),
    }
}

fn value<'a>(variables: &'a [Variable], names: [&str; 2]) -> Option<&'a Variable> {
    let set = |variable: &&Variable| variable.value.as_deref() != Some("");
    names.into_iter().find_map(|name| variables.iter().rev().find(|variable| variable.name == name).filter(set))
}

/// The hosts that a component of this node dials.
fn dialled(node: &Node, component: Component, running: &Running<'_>) -> Vec<(String, Option<u16>)> {
    let urls = match component {
        Component::Etcd => super::initial_cluster_odd::members(running)
            .unwrap_or_default()
            .into_iter()
            .filter(|(name, _)| name != super::initial_cluster_odd::own_name(running))
            .map(|(_, url)| url)
            .collect(),
        Component::KubeApiserver => {
            url::parse_list(&running.flags.list("etcd-servers")).into_iter().flatten().collect()
        }
        Component::KubeControllerManager => server_of(node, "controller-manager.conf"),
        Component::KubeScheduler => server_of(node, "scheduler.conf"),
    };
    urls.into_iter().map(|url| (url.host, url.port)).collect()
}

fn server_of(node: &Node, name: &str) -> Vec<url::Endpoint> {
    let parsed = node.kubeconfig(name).and_then(|file| file.parsed.as_ref().ok());
    let target = parsed.and_then(|parsed| parsed.current().ok()).and_then(|current| current.cluster.ok());
    target
        .and_then(|target| target.server.as_ref())
        .and_then(|server| url::parse(&server.it).ok())
        .into_iter()
        .collect()
}

/// `httpproxy.Config.useProxy`.
fn is_exempt(host: &str, port: Option<u16>, exempt: &str) -> bool {
    let address: Option<IpAddr> = host.parse().ok();
    if host.eq_ignore_ascii_case("localhost") || address.is_some_and(|address| address.is_loopback()) {
        return true;
    }
    let host = host.to_ascii_lowercase();
    exempt.split(',').map(|item| item.trim().to_ascii_lowercase()).filter(|item| !item.is_empty()).any(|item| {
        if item == "*" {
            return true;
        }
        if let (Some(address), Some(network)) = (address, item.split_once('/')) {
            return contains(network, address);
        }
        let (name, wanted_port) = match item.rsplit_once(':') {
            Some((name, digits)) if !name.contains(':') || name.ends_with(']') => {
                (name.trim_matches(['[', ']']).to_owned(), digits.parse().ok())
            }
            _ => (item.trim_matches(['[', ']']).to_owned(), None),
        };
        if wanted_port.is_some() && wanted_port != port {
            return false;
        }
        if let Some(address) = address {
            return name.parse::<IpAddr>().is_ok_and(|known| known == address);
        }
        let suffix = name.trim_start_matches('*');
        match suffix.strip_prefix('.') {
            Some(_) => host.ends_with(suffix),
            None => host == suffix || host.ends_with(&format!(".{suffix}")),
        }
    })
}

fn contains((network, length): (&str, &str), address: IpAddr) -> bool {
    let (Ok(network), Ok(length)) = (network.parse::<IpAddr>(), length.parse::<u32>()) else { return false };
    match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            let mask = u32::MAX.checked_shl(32_u32.saturating_sub(length)).unwrap_or(0);
            u32::from(network) & mask == u32::from(address) & mask
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => {
            let mask = u128::MAX.checked_shl(128_u32.saturating_sub(length)).unwrap_or(0);
            u128::from(network) & mask == u128::from(address) & mask
        }
        _ => false,
    }
}
