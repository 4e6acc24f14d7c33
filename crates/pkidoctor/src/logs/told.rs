//! Lines that are no fault, but tell whose an address is, which files are in use, and when a program started.

use super::event::{Port, Told, Urls};
use super::reason::quoted_names;
use super::wrapper::{Form, Line};

/// More values than any such line has.
const MOST: usize = 32;

/// What a line tells, in its own order; mostly nothing.
pub(super) fn read(line: &Line) -> Vec<Told> {
    let mut told = match line.form {
        Form::Json => of_zap(line),
        Form::Klog => of_klog(line),
        _ => of_text(&line.text),
    };
    told.retain(|told| !matches!(told, Told::Urls { urls, .. } if urls.is_empty()));
    told
}

/// etcd with zap.
fn of_zap(line: &Line) -> Vec<Told> {
    let fields = &line.fields;
    let text = |key: &str| fields.text(key).filter(|text| !text.is_empty()).map(str::to_owned);
    let urls = |of, key: &str| {
        let list = fields.list(key).or_else(|| text(key).map(|one| vec![one]))?;
        Some(Told::Urls { of, urls: list.into_iter().take(MOST).collect() })
    };
    let lists = || {
        [
            urls(Urls::AdvertisePeer, "initial-advertise-peer-urls"),
            urls(Urls::ListenPeer, "listen-peer-urls"),
            urls(Urls::AdvertiseClient, "advertise-client-urls"),
            urls(Urls::ListenClient, "listen-client-urls"),
            urls(Urls::ListenMetrics, "listen-metrics-urls"),
        ]
    };
    match line.text.as_str() {
        "starting an etcd server" => {
            let mut told = vec![Told::Started { version: text("etcd-version") }];
            told.extend(text("go-version").map(Told::Go));
            told.extend(text("name").map(Told::Name));
            told.extend(lists().into_iter().flatten());
            told
        }
        "now serving peer/client/metrics" => lists().into_iter().flatten().collect(),
        "serving client traffic securely" => urls(Urls::ListenClient, "address").into_iter().collect(),
        "serving peer traffic" => urls(Urls::ListenPeer, "address").into_iter().collect(),
        "starting with client TLS" => files(Port::EtcdClient, fields.text("tls-info")),
        "starting with peer TLS" => files(Port::EtcdPeer, fields.text("tls-info")),
        "ready to serve client requests" => vec![Told::Ready],
        "received signal; shutting down" => vec![Told::Stopping],
        "added member" => member(fields.text("added-peer-id"), fields.list("added-peer-peer-urls")),
        message => leader(message),
    }
}

/// etcd with capnslog, with or without its date and package.
fn of_text(text: &str) -> Vec<Told> {
    let text = ["etcdmain: ", "embed: ", "etcdserver: ", "etcdserver/membership: ", "pkg/osutil: "]
        .iter()
        .find_map(|package| text.strip_prefix(package))
        .unwrap_or(text);
    let starts = |words: &str| text.strip_prefix(words).filter(|rest| !rest.is_empty());
    let urls = |of, rest: &str| {
        let urls = rest.split(',').map(str::trim).filter(|url| !url.is_empty()).take(MOST);
        vec![Told::Urls { of, urls: urls.map(str::to_owned).collect() }]
    };
    if let Some(version) = starts("etcd Version: ") {
        vec![Told::Started { version: Some(version.to_owned()) }]
    } else if let Some(version) = starts("Go Version: ") {
        vec![Told::Go(version.to_owned())]
    } else if let Some(name) = starts("name = ") {
        vec![Told::Name(name.to_owned())]
    } else if let Some(rest) = starts("advertise client URLs = ") {
        urls(Urls::AdvertiseClient, rest)
    } else if let Some(rest) = starts("initial advertise peer URLs = ") {
        urls(Urls::AdvertisePeer, rest)
    } else if let Some(rest) = starts("listening for peers on ") {
        urls(Urls::ListenPeer, rest)
    } else if let Some(rest) = starts("listening for client requests on ") {
        urls(Urls::ListenClient, rest)
    } else if let Some(rest) = starts("serving client requests on ") {
        urls(Urls::ListenClient, rest)
    } else if let Some(rest) = starts("listening for metrics on ") {
        urls(Urls::ListenMetrics, rest)
    } else if let Some(info) = starts("ClientTLS: ") {
        files(Port::EtcdClient, Some(info))
    } else if let Some(info) = starts("peerTLS: ") {
        files(Port::EtcdPeer, Some(info))
    } else if text == "ready to serve client requests" {
        vec![Told::Ready]
    } else if text.starts_with("received ") && text.ends_with(" signal, shutting down...") {
        vec![Told::Stopping]
    } else if let Some((id, rest)) = starts("added member ").and_then(|rest| rest.split_once(" [")) {
        member(Some(id), rest.split(']').next().map(quoted_names))
    } else {
        leader(text)
    }
}

/// `768f24955bf833b1 elected leader … at term 2`.
fn leader(text: &str) -> Vec<Told> {
    if text.contains(" elected leader ") {
        vec![Told::LeaderElected]
    } else if text.contains(" lost leader ") {
        vec![Told::LeaderLost]
    } else {
        Vec::new()
    }
}

fn member(id: Option<&str>, urls: Option<Vec<String>>) -> Vec<Told> {
    let hex = |id: &&str| !id.is_empty() && id.len() <= 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    match id.filter(hex) {
        Some(id) => vec![Told::Member { id: id.to_owned(), urls: urls.unwrap_or_default() }],
        None => Vec::new(),
    }
}

/// `cert = P, key = P, client-cert=, client-key=, trusted-ca = P, client-cert-auth = true, crl-file = `.
fn files(port: Port, info: Option<&str>) -> Vec<Told> {
    let Some(info) = info else { return Vec::new() };
    let value = |key: &str| {
        let of_key = |part: &str| {
            let (name, value) = part.split_once('=')?;
            (name.trim() == key).then(|| value.trim().to_owned())
        };
        info.split(", ").find_map(of_key).unwrap_or_default()
    };
    vec![Told::Files {
        port,
        cert: value("cert"),
        key: value("key"),
        trusted_ca: value("trusted-ca"),
        crl: value("crl-file"),
        client_cert_auth: value("client-cert-auth") == "true",
    }]
}

/// kube-apiserver and kubelet.
fn of_klog(line: &Line) -> Vec<Told> {
    let text = line.text.as_str();
    let one = |of, address: &str| vec![Told::Urls { of, urls: vec![address.to_owned()] }];
    if let Some(address) = text.strip_prefix("external host was not specified, using ") {
        one(Urls::Own, address)
    } else if let Some(address) = text.strip_prefix("Serving securely on ") {
        one(Urls::Serving, address)
    } else if let Some(version) = text.strip_prefix("Version: ").filter(|version| version.starts_with('v')) {
        vec![Told::Started { version: Some(version.to_owned()) }]
    } else if let Some(watched) =
        text.strip_prefix("Starting ").filter(|rest| rest.contains("::/") || rest.contains("::"))
    {
        watched_files(watched)
    } else if let Some(version) = line.fields.any(&["kubeletVersion", "version"]).filter(|_| text.contains("ersion")) {
        vec![Told::Started { version: Some(version.to_owned()) }]
    } else {
        Vec::new()
    }
}

/// `serving-cert::P::P`, also with a name in quotes behind `controller`.
fn watched_files(text: &str) -> Vec<Told> {
    let mut parts = text.split("::").map(|part| part.trim_matches('"'));
    let role = parts.next().unwrap_or_default();
    let paths: Vec<String> = parts.filter(|path| path.contains('.')).take(4).map(str::to_owned).collect();
    let known = ["serving-cert", "client-ca-bundle", "request-header", "aggregator-proxy-cert"];
    if known.contains(&role) && !paths.is_empty() {
        vec![Told::Watched { role: role.to_owned(), paths }]
    } else {
        Vec::new()
    }
}
