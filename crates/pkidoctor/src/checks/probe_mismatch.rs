//! `probe-mismatch`: the kubelet's probe asks a port that cannot answer it.

use std::net::IpAddr;

use crate::check::{Check, Defect, Fact, Look, Remedy, Severity, fact};
use crate::checks::words;
use crate::cluster::flags::{Flags, Placed};
use crate::cluster::manifest::{Component, Container, HostPath, Pod, Probe, ProbeAction};
use crate::cluster::url::{self, Endpoint};
use crate::cluster::{Node, Running, State};
use crate::exam::Exam;
use crate::links::etcd::{Etcd, Port};

pub(super) static CHECK: Check = Check {
    code: "probe-mismatch",
    title: "a probe does not fit the listener",
    severity: Severity::Warning,
    citation: "kubelet prober/http (never shows a client certificate); etcd --listen-metrics-urls",
    docs: "\
What it looks at: scheme, address, port and path of the probes of etcd and the control-plane components \
against the URLs and ports on which they listen; for probes that run etcdctl, its certificates.

Why it matters: a probe that cannot succeed lets the kubelet restart a healthy container again and again. \
A probe against etcd's client port is refused every few seconds, because the kubelet shows no certificate; \
etcd then logs `tls: client didn't provide a certificate` or `first record does not look like a TLS \
handshake`.

What to do: let the probe ask the metrics URL, which kubeadm makes http on port 2381 of the loopback \
address.

Example: livenessProbe with scheme HTTPS and port 2379.",
    look,
};

/// What a component listens on.
struct Listener {
    tls: bool,
    /// Empty for every address.
    host: String,
    port: u16,
    demands_certificate: bool,
}

/// What an HTTP probe asks for.
struct Asked<'a> {
    tls: bool,
    host: Option<&'a str>,
    port: u16,
    path: &'a str,
}

fn look(exam: &Exam<'_>) -> Look {
    let mut look = Look::default();
    for (index, node) in exam.cluster.nodes.iter().enumerate() {
        look.unobserved += usize::from(!node.has_manifests);
        for component in Component::ALL {
            let Some(running) = node.running(component) else { continue };
            let Some((_, container)) = running.pod else { continue };
            look.subjects += container.probes.len();
            let listeners = listeners(exam, index, component, &running);
            let faults: Vec<Fact> = container
                .probes
                .iter()
                .filter_map(|probe| fault(exam, index, component, &running, &listeners, probe))
                .collect();
            if !faults.is_empty() {
                look.defects.push(defect(index, node, component, &running, &listeners, faults));
            }
        }
    }
    look
}

/// What is wrong with a probe, under its name.
fn fault(
    exam: &Exam<'_>,
    node: usize,
    component: Component,
    running: &Running<'_>,
    listeners: &[Listener],
    probe: &Probe,
) -> Option<Fact> {
    let wrong = match &probe.action {
        ProbeAction::HttpGet { scheme, host, port: Some(port), path } => unanswered(
            listeners,
            component,
            &Asked { tls: scheme.eq_ignore_ascii_case("https"), host: host.as_deref(), port: *port, path },
        ),
        ProbeAction::Exec(words) if component == Component::Etcd => {
            etcdctl(&exam.cluster.nodes[node], &Etcd::on(exam.cluster, node)?, running.pod?, words)
        }
        _ => None,
    };
    let line = probe.line.map_or_else(String::new, |line| format!(" (line {line})"));
    wrong.map(|wrong| fact(format!("{}Probe{line}", probe.kind), wrong))
}

fn defect(
    index: usize,
    node: &Node,
    component: Component,
    running: &Running<'_>,
    listeners: &[Listener],
    mut facts: Vec<Fact>,
) -> Defect {
    let message =
        facts.first().map(|first| format!("the {} cannot succeed: {}", first.label, first.value)).unwrap_or_default();
    let listens: Vec<String> = listeners.iter().map(Listener::told).collect();
    facts.push(fact(format!("{} listens on", component.name()), listens.join(", ")));
    Defect {
        severity: Severity::Warning,
        nodes: vec![index],
        subject: node.shown(running.manifest).to_owned(),
        message,
        facts,
        links: Vec::new(),
        remedy: remedy(component, running, listeners),
    }
}

fn remedy(component: Component, running: &Running<'_>, listeners: &[Listener]) -> Remedy {
    let usable = listeners.iter().find(|listener| !listener.demands_certificate);
    let step = match (component, usable) {
        (Component::Etcd, Some(listener)) => format!("let the probe ask {} with the path /health", listener.told()),
        (Component::Etcd, None) => "set --listen-metrics-urls=http://127.0.0.1:2381 and let the probe ask http, host 127.0.0.1, port 2381, path /health".to_owned(),
        (_, Some(listener)) => format!("let the probe ask {}", listener.told()),
        (_, None) => "let the probe ask the secure port".to_owned(),
    };
    let remedy = Remedy::manual([step, words::edit(running)]);
    if component == Component::Etcd {
        remedy
            .avoid("switching off client authentication so that the probe gets through: it lets everybody else in, too")
    } else {
        remedy
    }
}

impl Listener {
    fn of(endpoint: &Endpoint, demands_certificate: bool) -> Option<Self> {
        let tls = endpoint.is_tls();
        Some(Self {
            tls,
            host: endpoint.host.clone(),
            port: endpoint.port?,
            demands_certificate: tls && demands_certificate,
        })
    }

    fn told(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        let demand = if self.demands_certificate { " (client certificate demanded)" } else { "" };
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        format!("{scheme}://{host}:{}{demand}", self.port)
    }

    /// Whether the kubelet reaches it at this host; no host is the pod's own address.
    fn answers(&self, host: Option<&str>) -> bool {
        let parsed: Option<IpAddr> = self.host.parse().ok();
        if self.host.is_empty() || parsed.is_some_and(|address| address.is_unspecified()) {
            return true;
        }
        let own_loopback = url::is_loopback(&self.host);
        match host {
            None => !own_loopback,
            Some(host) if url::is_loopback(host) => own_loopback,
            Some(host) => match (parsed, host.parse::<IpAddr>()) {
                (Some(own), Ok(asked)) => own == asked,
                // a name may stand for any address, but hardly for the loopback one
                _ => !own_loopback,
            },
        }
    }
}

fn listeners(exam: &Exam<'_>, node: usize, component: Component, running: &Running<'_>) -> Vec<Listener> {
    let flags = running.flags;
    match component {
        Component::Etcd => etcd_listeners(exam, node, flags),
        Component::KubeApiserver => {
            kube_listeners(flags, ("secure-port", 6443), ("insecure-port", "insecure-bind-address", "127.0.0.1", 8080))
        }
        Component::KubeControllerManager => {
            kube_listeners(flags, ("secure-port", 10257), ("port", "address", "0.0.0.0", 10252))
        }
        Component::KubeScheduler => {
            kube_listeners(flags, ("secure-port", 10259), ("port", "address", "0.0.0.0", 10251))
        }
    }
}

fn etcd_listeners(exam: &Exam<'_>, node: usize, flags: &Flags) -> Vec<Listener> {
    let Some(etcd) = Etcd::on(exam.cluster, node) else { return Vec::new() };
    let demands = etcd.demands_certificate(Port::Client);
    let others = ["listen-metrics-urls", "listen-client-http-urls"]
        .into_iter()
        .flat_map(|flag| url::parse_list(&flags.list(flag)))
        .flatten();
    let all = etcd.listens(Port::Client).into_iter().chain(others);
    all.filter_map(|endpoint| Listener::of(&endpoint, demands)).collect()
}

/// The secure port, and the insecure one that old releases open unless told otherwise.
fn kube_listeners(
    flags: &Flags,
    (secure, secure_default): (&str, u16),
    (plain, address, host, plain_default): (&str, &str, &str, u16),
) -> Vec<Listener> {
    let port = |flag: &str, default: u16| flags.value(flag).map_or(Some(default), |value| value.parse().ok());
    let secure = port(secure, secure_default).map(|port| Listener {
        tls: true,
        host: flags.value("bind-address").unwrap_or("0.0.0.0").to_owned(),
        port,
        demands_certificate: false,
    });
    let plain = port(plain, plain_default).map(|port| Listener {
        tls: false,
        host: flags.value(address).unwrap_or(host).to_owned(),
        port,
        demands_certificate: false,
    });
    secure.into_iter().chain(plain).filter(|listener| listener.port != 0).collect()
}

/// Why no listener gives the probe what it asks for.
fn unanswered(listeners: &[Listener], component: Component, asked: &Asked<'_>) -> Option<String> {
    let on_port: Vec<&Listener> = listeners.iter().filter(|listener| listener.port == asked.port).collect();
    if on_port.is_empty() {
        return Some(format!("nothing listens on port {}", asked.port));
    }
    let Some(listener) = on_port.iter().find(|listener| listener.answers(asked.host)) else {
        return Some(format!("port {} is not open on {}", asked.port, asked.host.unwrap_or("the pod's own address")));
    };
    if listener.tls != asked.tls {
        let (wanted, spoken) = if asked.tls { ("https", "http") } else { ("http", "https") };
        return Some(format!("it asks {wanted}, port {} speaks {spoken}", asked.port));
    }
    if listener.demands_certificate {
        return Some(format!("port {} demands a client certificate, and the kubelet shows none", asked.port));
    }
    let known = ["/health", "/livez", "/readyz", "/metrics", "/version", "/v3", "/debug"];
    let unknown_path = component == Component::Etcd && !known.iter().any(|path| asked.path.starts_with(path));
    unknown_path.then(|| format!("etcd has no path {}", asked.path))
}

/// Why an etcdctl that a probe runs cannot reach etcd.
fn etcdctl(node: &Node, etcd: &Etcd<'_>, (pod, container): (&Pod, &Container), words: &[String]) -> Option<String> {
    let words: Vec<&str> = words.iter().flat_map(|word| word.split_whitespace()).collect();
    let at = words.iter().position(|word| word.rsplit('/').next() == Some("etcdctl"))?;
    let arguments: Vec<Placed<String>> =
        words.iter().skip(at.saturating_add(1)).map(|word| Placed::at((*word).to_owned(), None)).collect();
    let flags = Flags::from_arguments(&arguments);
    let told = |flag: &str, variable: &str| {
        let from_environment =
            || container.environment.iter().find(|known| known.name == variable).and_then(|known| known.value.clone());
        flags.value(flag).map(str::to_owned).or_else(from_environment)
    };
    let files = [("cacert", "ETCDCTL_CACERT"), ("cert", "ETCDCTL_CERT"), ("key", "ETCDCTL_KEY")]
        .map(|(flag, variable)| (flag, told(flag, variable)));
    let speaks_tls = etcd.listens(Port::Client).iter().any(Endpoint::is_tls);
    let endpoints = told("endpoints", "ETCDCTL_ENDPOINTS").unwrap_or_default();
    if speaks_tls
        && endpoints.split(',').any(|endpoint| endpoint.starts_with("http://"))
        && !etcd.listens(Port::Client).iter().any(|listen| listen.scheme == "http")
    {
        return Some("etcdctl asks http, etcd's client port speaks https".to_owned());
    }
    let unmet = |flag: &str| {
        if flag == "cacert" {
            speaks_tls && !flags.is_true("insecure-skip-tls-verify")
        } else {
            speaks_tls && etcd.demands_certificate(Port::Client)
        }
    };
    for (flag, file) in &files {
        match file {
            None if unmet(flag) => return Some(format!("etcdctl is given no --{flag}")),
            Some(path) if is_absent(node, pod, container, path) => {
                return Some(format!("etcdctl's --{flag} names {path}, which the container does not see"));
            }
            _ => {}
        }
    }
    None
}

fn is_absent(node: &Node, pod: &Pod, container: &Container, path: &str) -> bool {
    match pod.host_path(container, path) {
        HostPath::Mapped { path, .. } => {
            node.file(&path).is_some_and(|file| matches!(file.state, State::Missing { .. }))
        }
        HostPath::NotMounted => path.starts_with('/'),
        HostPath::OtherVolume(_) => false,
    }
}
