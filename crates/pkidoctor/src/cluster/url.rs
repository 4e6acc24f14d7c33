//! URLs of the flags and kubeconfigs, read as Go's `net/url` reads them.
//!
//! Only what the links need is kept: scheme, host, port and path. What etcd itself insists on is a separate question,
//! [`Endpoint::etcd_objection`], because clients are more tolerant than listeners.

/// A parsed URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// In lower case; empty when the text is a bare `host:port`.
    pub scheme: String,
    /// Without brackets; with its zone if it has one. Empty is possible (`https://:2379`, `unix:///run/x`).
    pub host: String,
    /// As written in the URL; `None` when it names none.
    pub port: Option<u16>,
    /// What follows the authority, query and fragment included; empty in most flags.
    pub path: String,
    /// The text it was read from, without the blanks around it.
    pub text: String,
}

impl Endpoint {
    /// Whether the scheme is one that etcd speaks TLS on.
    pub fn is_tls(&self) -> bool {
        matches!(self.scheme.as_str(), "https" | "unixs")
    }

    /// The same with this port where it names none.
    #[must_use]
    pub fn or_port(self, default: u16) -> Self {
        Self { port: self.port.or(Some(default)), ..self }
    }

    /// Scheme, host and port as a URL, whatever text it was read from.
    pub fn url(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let scheme = if self.scheme.is_empty() { "https" } else { self.scheme.as_str() };
        match self.port {
            Some(port) => format!("{scheme}://{host}:{port}"),
            None => format!("{scheme}://{host}"),
        }
    }

    /// Why etcd would refuse this URL in one of its listen, advertise or cluster flags, in etcd's words
    /// (`client/pkg/types/urls.go: NewURLs`); `None` if it would not.
    pub fn etcd_objection(&self) -> Option<String> {
        let text = &self.text;
        match self.scheme.as_str() {
            "http" | "https" if self.port.is_none() => {
                Some(format!("URL address does not have the form \"host:port\": {text}"))
            }
            "http" | "https" if !self.path.is_empty() => Some(format!("URL must not contain a path: {text}")),
            "http" | "https" | "unix" | "unixs" => None,
            _ => Some(format!("URL scheme must be http, https, unix, or unixs: {text}")),
        }
    }
}

/// Whether a host is this very machine: `localhost`, or an address of its loopback.
pub fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whether two hosts are written alike: addresses by value, names without regard to case.
pub fn same_host(a: &str, b: &str) -> bool {
    match (a.parse::<std::net::IpAddr>(), b.parse::<std::net::IpAddr>()) {
        (Ok(a), Ok(b)) => a == b,
        _ => a.eq_ignore_ascii_case(b),
    }
}

/// Reads one URL. A text without a scheme is a bare `host:port`, which gRPC clients accept.
///
/// # Errors
/// Go's objection, without the quoted text before it.
pub fn parse(text: &str) -> Result<Endpoint, String> {
    let text = text.trim();
    if text.chars().any(char::is_control) {
        return Err("invalid control character in URL".to_owned());
    }
    let (scheme, rest) = split_scheme(text)?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    // what stands before `@` is a user name, never an address
    let address = authority.rsplit_once('@').map_or(authority, |(_, address)| address);
    let (host, port) = if scheme.starts_with("unix") { (address.to_owned(), None) } else { split_address(address)? };
    Ok(Endpoint { scheme, host, port, path: path.to_owned(), text: text.to_owned() })
}

/// Reads every item of a list.
pub fn parse_list(items: &[String]) -> Vec<Result<Endpoint, String>> {
    items.iter().map(|item| parse(item)).collect()
}

/// Reads `--initial-cluster`: pairs of a member's name and one of its peer URLs. A name may come more than once.
pub fn parse_initial_cluster(text: &str) -> Vec<(String, Result<Endpoint, String>)> {
    let pairs = text.split(',').filter(|item| !item.trim().is_empty());
    let split = |item: &str| match item.split_once('=') {
        Some((name, url)) => (name.trim().to_owned(), parse(url)),
        None => (item.trim().to_owned(), Err("no URL for this name".to_owned())),
    };
    pairs.map(split).collect()
}

fn split_scheme(text: &str) -> Result<(String, &str), String> {
    let Some((scheme, rest)) = text.split_once("://") else {
        return Ok((String::new(), text));
    };
    let well_formed = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    if well_formed {
        Ok((scheme.to_ascii_lowercase(), rest))
    } else if scheme.is_empty() {
        Err("missing protocol scheme".to_owned())
    } else {
        Err("first path segment in URL cannot contain colon".to_owned())
    }
}

fn split_address(address: &str) -> Result<(String, Option<u16>), String> {
    if let Some(inside) = address.strip_prefix('[') {
        let (host, after) = inside.rsplit_once(']').ok_or("missing ']' in host")?;
        return Ok((host.replace("%25", "%"), read_port(after)?));
    }
    let (host, port) = match address.split_once(':') {
        Some((host, _)) => (host, address.get(host.len()..).unwrap_or_default()),
        None => (address, ""),
    };
    if let Some(odd) = host.chars().find(|c| c.is_ascii() && !is_host_character(*c)) {
        return Err(format!("invalid character {:?} in host name", odd.to_string()));
    }
    if port.matches(':').count() > 1 {
        return Err("too many colons in address; an IPv6 address needs brackets".to_owned());
    }
    Ok((host.to_owned(), read_port(port)?))
}

/// `validEncoded` of net/url for a host, without percent encoding.
fn is_host_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_.~!$&'()*+,;=:[]<>\"%".contains(c)
}

/// Reads `:port`; nothing and a lone colon are no port.
fn read_port(text: &str) -> Result<Option<u16>, String> {
    if text.is_empty() || text == ":" {
        return Ok(None);
    }
    let digits = text.strip_prefix(':').filter(|port| port.bytes().all(|b| b.is_ascii_digit()));
    let digits = digits.ok_or_else(|| format!("invalid port {text:?} after host"))?;
    digits.parse().map(Some).map_err(|_| format!("address {digits}: invalid port"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three(text: &str) -> (String, String, Option<u16>) {
        let url = parse(text).expect(text);
        (url.scheme, url.host, url.port)
    }

    fn expect(text: &str, scheme: &str, host: &str, port: Option<u16>) {
        assert_eq!(three(text), (scheme.to_owned(), host.to_owned(), port), "{text}");
    }

    #[test]
    fn urls_of_real_manifests() {
        expect("https://192.168.6.11:2379", "https", "192.168.6.11", Some(2379));
        expect(" https://127.0.0.1:2379 ", "https", "127.0.0.1", Some(2379));
        expect("https://[fd00:10::2]:2380", "https", "fd00:10::2", Some(2380));
        expect("https://kubernetes.default.svc", "https", "kubernetes.default.svc", None);
        expect("HTTPS://Example.org:6443/", "https", "Example.org", Some(6443));
        expect("https://lb.example:6443/k8s/clusters/c-1?x=1#y", "https", "lb.example", Some(6443));
        expect("https://[fe80::1%25eth0]:2380", "https", "fe80::1%eth0", Some(2380));
        expect("https://[::1]", "https", "::1", None);
        expect("https://user:pw@h:1", "https", "h", Some(1));
        expect("https://:2379", "https", "", Some(2379));
    }

    #[test]
    fn without_a_scheme() {
        expect("127.0.0.1:2379", "", "127.0.0.1", Some(2379));
        expect("localhost", "", "localhost", None);
        expect("[::1]:2379", "", "::1", Some(2379));
        expect("", "", "", None);
    }

    #[test]
    fn unix_sockets() {
        let url = parse("unix:///var/run/etcd.sock").expect("a socket");
        assert_eq!((url.host.as_str(), url.path.as_str()), ("", "/var/run/etcd.sock"));
        expect("unix://localhost:2379", "unix", "localhost:2379", None);
        assert!(parse("unixs://localhost:1").expect("a socket").is_tls());
    }

    #[test]
    fn refused() {
        for text in [
            "https://[::1:2379",
            "https://::1:2379",
            "https://fe80::1",
            "https://h:port",
            "https://h:99999999999999999999",
            "https://h:70000",
            "https://a b:1",
            "https://[::1]x:1",
            "://h:1",
            "ht tp://h:1",
            "https://h\n:1",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert_eq!(parse("https://[::1"), Err("missing ']' in host".to_owned()));
        assert_eq!(parse("https://h:p"), Err("invalid port \":p\" after host".to_owned()));
    }

    #[test]
    fn what_etcd_insists_on() {
        let objection = |text: &str| parse(text).expect(text).etcd_objection();
        assert_eq!(objection("https://h:1"), None);
        assert_eq!(objection("https://h:1/"), Some("URL must not contain a path: https://h:1/".to_owned()));
        assert!(objection("https://h").is_some_and(|o| o.contains("host:port")));
        assert!(objection("h:1").is_some_and(|o| o.contains("scheme")));
        assert_eq!(objection("unix://a:1"), None);
    }

    #[test]
    fn initial_cluster() {
        let read = parse_initial_cluster("cp1=https://10.0.0.1:2380,cp2=https://[fd::2]:2380,,cp1=http://x:1,odd");
        let names: Vec<_> = read.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["cp1", "cp2", "cp1", "odd"]);
        assert_eq!(read[1].1.as_ref().map(|u| u.host.as_str()), Ok("fd::2"));
        assert!(read[3].1.is_err());
        assert!(parse_initial_cluster("").is_empty());
    }

    #[test]
    fn a_bad_item_does_not_hide_the_others() {
        let read = parse_list(&["https://a:1".to_owned(), "https://[".to_owned()]);
        assert!(read[0].is_ok() && read[1].is_err());
    }

    #[test]
    fn hostile_texts() {
        for text in
            ["[", "]", "[]", "@", ":", "::", "://", "%", "https://@", "https://[%25]", "é://", "https://é:1", "\0"]
        {
            let _ = parse(text);
        }
        let _ = parse(&":".repeat(100_000));
        assert!(parse_initial_cluster(&"=".repeat(10_000)).len() == 1);
    }
}
