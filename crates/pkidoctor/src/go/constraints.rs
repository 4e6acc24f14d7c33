//! Name constraints (RFC 5280 section 4.2.1.10) as Go checks them, in both of its generations.
//!
//! Up to 1.25 a constraining CA is held against the names while chains are built, excluded subtrees
//! first (`checkNameConstraints`). From 1.26 finished chains are checked, permitted subtrees first, with
//! sorted sets and a binary search (`constraints.go`); the search is repeated here because its corner
//! cases are part of the verdict.

use std::cmp::Ordering;
use std::net::IpAddr;
use std::sync::Arc;

use crate::x509::certificate::{AlternativeName, Certificate, Subtrees, ip_address};

use super::quote::quote;
use super::uri;
use super::version::GoVersion;

/// Whether Go takes `domain` for a DNS name (`domainNameValid`, before 1.24 `domainToReverseLabels`).
pub(crate) fn domain_valid(domain: &str, constraint: bool, go: GoVersion) -> bool {
    if !go.new_domain_check() {
        let domain = if constraint { domain.strip_prefix('.').unwrap_or(domain) } else { domain };
        return reverse_labels(domain, go).is_some();
    }
    if domain.is_empty() {
        return true;
    }
    let domain = if constraint { domain.strip_prefix('.').unwrap_or(domain) } else { domain };
    domain.split('.').all(|label| !label.is_empty()) && domain.bytes().all(|byte| (33..=126).contains(&byte))
}

/// `domainToReverseLabels`.
fn reverse_labels(domain: &str, go: GoVersion) -> Option<Vec<&str>> {
    if domain.is_empty() {
        return Some(Vec::new());
    }
    let mut labels: Vec<&str> = domain.rsplit('.').collect();
    // up to 1.22 an empty first label was lost, so ".a" passed for "a"
    if go < GoVersion::minor(23) && domain.starts_with('.') && domain.len() > 1 {
        labels.pop();
    }
    let fine = |label: &&str| !label.is_empty() && label.bytes().all(|byte| (33..=126).contains(&byte));
    labels.iter().all(fine).then_some(labels)
}

/// A mailbox of RFC 2821 section 4.1.2.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Mailbox {
    local: Vec<u8>,
    domain: String,
}

/// `parseRFC2821Mailbox`.
pub(crate) fn parse_mailbox(text: &str, go: GoVersion) -> Option<Mailbox> {
    let bytes = text.as_bytes();
    let (local, rest) = if bytes.first()? == &b'"' { quoted_local(&bytes[1..])? } else { plain_local(bytes)? };
    let domain = std::str::from_utf8(rest.strip_prefix(b"@")?).ok()?;
    let fine = if go.canonical_addresses() {
        domain_valid(domain, false, go) && !domain.contains('@')
    } else {
        reverse_labels(domain, go).is_some()
    };
    fine.then(|| Mailbox { local, domain: domain.to_owned() })
}

fn quoted_local(mut rest: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut local = Vec::new();
    loop {
        let (&byte, after) = rest.split_first()?;
        rest = after;
        match byte {
            b'"' => return Some((local, rest)),
            b'\\' => {
                let (&escaped, after) = rest.split_first()?;
                if !matches!(escaped, 11 | 12 | 1..=9 | 14..=127) {
                    return None;
                }
                local.push(escaped);
                rest = after;
            }
            11 | 12 | 32 | 33 | 127 | 1..=8 | 14..=31 | 35..=91 | 93..=126 => local.push(byte),
            _ => return None,
        }
    }
}

fn plain_local(bytes: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut local = Vec::new();
    let mut rest = bytes;
    while let Some((&byte, after)) = rest.split_first() {
        if byte == b'\\' {
            let (&escaped, after) = after.split_first()?;
            local.push(escaped);
            rest = after;
        } else if byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&byte) {
            local.push(byte);
            rest = after;
        } else {
            break;
        }
    }
    let dots =
        local.first() == Some(&b'.') || local.last() == Some(&b'.') || local.windows(2).any(|pair| pair == b"..");
    (!local.is_empty() && !dots).then_some((local, rest))
}

/// A host of a URI, ready to be matched.
fn constrained_uri_host(uri_text: &str, go: GoVersion) -> Result<String, String> {
    let whole = uri::host(uri_text, go).unwrap_or_default();
    let whole = if go.constraints_after_building() { whole.to_lowercase() } else { whole };
    if whole.is_empty() {
        return Err(format!("URI with empty host ({}) cannot be matched against constraints", quote(uri_text)));
    }
    let bracketed = |host: &str| host.starts_with('[') && host.ends_with(']');
    let host = if whole.contains(':') && !whole.ends_with(']') {
        let (host, _) = whole.rsplit_once(':').unwrap_or((&whole, ""));
        if bracketed(host) { host[1..host.len() - 1].to_owned() } else { host.to_owned() }
    } else {
        whole
    };
    if bracketed(&host) || host.parse::<IpAddr>().is_ok() {
        return Err(format!("URI with IP ({}) cannot be matched against constraints", quote(uri_text)));
    }
    Ok(host)
}

// ---- up to Go 1.25: while building ----

/// Comparisons of names with constraints that Go makes before it gives up (`maxConstraintComparisons`).
const MAX_COMPARISONS: usize = 250_000;

/// Why a constraining certificate refuses a name: `for_name` when Go wraps it as "not authorized to
/// sign for this name", else printed bare.
pub(crate) struct Violation {
    pub(crate) for_name: bool,
    pub(crate) text: String,
}

/// The check inside `isValid` of Go up to 1.25: `ca` against the names of the chain below it.
pub(crate) fn check_while_building(
    ca: &Certificate,
    chain: &[Arc<Certificate>],
    go: GoVersion,
) -> Result<(), Violation> {
    if ca.extension(&[0x55, 0x1d, 30]).is_none() {
        return Ok(());
    }
    let whole_chain = go.constraints_on_whole_chain();
    let below = chain.iter().take(if whole_chain { chain.len() } else { 1 }).map(AsRef::as_ref);
    let itself = (!whole_chain).then_some(ca);
    let mut comparisons = 0;
    for certificate in below.chain(itself).filter(|certificate| certificate.san_extension().is_some()) {
        for name in &certificate.names.order {
            comparisons += constraints_on(ca, name);
            if comparisons > MAX_COMPARISONS {
                // Go has a reason for this, but no words
                return Err(Violation { for_name: false, text: "x509: unknown error".to_owned() });
            }
            check_name_old(ca, name, go)?;
        }
    }
    Ok(())
}

/// How many constraints of its kind a name is held against.
fn constraints_on(ca: &Certificate, name: &AlternativeName) -> usize {
    let sides = [&ca.constraints.permitted, &ca.constraints.excluded].into_iter();
    sides
        .map(|trees| match name {
            AlternativeName::Dns(_) => trees.dns.len(),
            AlternativeName::Email(_) => trees.email.len(),
            AlternativeName::Ip(_) => trees.ip.len(),
            AlternativeName::Uri(_) => trees.uri.len(),
        })
        .sum()
}

fn check_name_old(ca: &Certificate, name: &AlternativeName, go: GoVersion) -> Result<(), Violation> {
    let bare = |text: String| Violation { for_name: false, text };
    let wrapped = |text: String| Violation { for_name: true, text };
    let (permitted, excluded) = (&ca.constraints.permitted, &ca.constraints.excluded);
    match name {
        AlternativeName::Email(text) => {
            let Some(mailbox) = parse_mailbox(text, go) else {
                // Go prints the empty mailbox that it failed to parse
                return Err(bare("x509: cannot parse rfc822Name {\"\" \"\"}".to_owned()));
            };
            let matches = |constraint: &str, excluded: bool| match_mailbox(&mailbox, constraint, excluded, go);
            let show = |constraint: &String| quote(constraint);
            check_list("email address", &quote(text), &excluded.email, &permitted.email, |c, x| matches(c, x), show)
                .map_err(wrapped)
        }
        AlternativeName::Dns(text) => {
            if !(if go.new_domain_check() { domain_valid(text, false, go) } else { reverse_labels(text, go).is_some() })
            {
                return Err(bare(format!("x509: cannot parse dnsName {}", quote(text))));
            }
            let matches = |constraint: &String, excluded: bool| match_domain(text, constraint, excluded, go);
            check_list("DNS name", &quote(text), &excluded.dns, &permitted.dns, matches, |c| quote(c)).map_err(wrapped)
        }
        AlternativeName::Uri(text) => {
            let matches = |constraint: &String, excluded: bool| {
                match_domain(&constrained_uri_host(text, go)?, constraint, excluded, go)
            };
            check_list("URI", &quote(text), &excluded.uri, &permitted.uri, matches, |c| quote(c)).map_err(wrapped)
        }
        AlternativeName::Ip(bytes) => {
            let matches = |constraint: &(Vec<u8>, Vec<u8>), _: bool| Ok(in_network_old(bytes, constraint));
            let shown = quote(&ip_text(bytes));
            check_list("IP address", &shown, &excluded.ip, &permitted.ip, matches, |c| quote(&network_text(c)))
                .map_err(wrapped)
        }
    }
}

/// `checkNameConstraints`: no excluded subtree may match, and one permitted must if there are any.
fn check_list<C>(
    kind: &str,
    shown: &str,
    excluded: &[C],
    permitted: &[C],
    matches: impl Fn(&C, bool) -> Result<bool, String>,
    show: impl Fn(&C) -> String,
) -> Result<(), String> {
    for constraint in excluded {
        if matches(constraint, true)? {
            return Err(format!("{kind} {shown} is excluded by constraint {}", show(constraint)));
        }
    }
    if permitted.is_empty() {
        return Ok(());
    }
    for constraint in permitted {
        if matches(constraint, false)? {
            return Ok(());
        }
    }
    Err(format!("{kind} {shown} is not permitted by any constraint"))
}

fn match_mailbox(mailbox: &Mailbox, constraint: &str, excluded: bool, go: GoVersion) -> Result<bool, String> {
    if !constraint.contains('@') {
        return match_domain(&mailbox.domain, constraint, excluded, go);
    }
    let Some(other) = parse_mailbox(constraint, go) else {
        return Err(format!("x509: internal error: cannot parse constraint {}", quote(constraint)));
    };
    Ok(mailbox.local == other.local && mailbox.domain.eq_ignore_ascii_case(&other.domain))
}

/// `matchDomainConstraint`.
fn match_domain(domain: &str, constraint: &str, excluded: bool, go: GoVersion) -> Result<bool, String> {
    if constraint.is_empty() {
        return Ok(true);
    }
    let unparsable = |text: &str| format!("x509: internal error: cannot parse domain {}", quote(text));
    let mut labels = reverse_labels(domain, go).ok_or_else(|| unparsable(domain))?;
    let subdomains_only = constraint.starts_with('.');
    let constraint = constraint.strip_prefix('.').unwrap_or(constraint);
    let mut wanted = reverse_labels(constraint, go).ok_or_else(|| unparsable(constraint))?;
    if labels.len() < wanted.len() || subdomains_only && labels.len() == wanted.len() {
        return Ok(false);
    }
    if excluded && go.wildcard_meets_exclusion() && domain.starts_with('*') && labels.len() > 1 && !wanted.is_empty() {
        labels.pop();
        wanted.pop();
    }
    Ok(wanted.iter().zip(&labels).all(|(wanted, label)| wanted.eq_ignore_ascii_case(label))
        && wanted.len() <= labels.len())
}

fn in_network_old(address: &[u8], (network, mask): &(Vec<u8>, Vec<u8>)) -> bool {
    address.len() == network.len() && address.iter().zip(network).zip(mask).all(|((a, n), m)| a & m == n & m)
}

// ---- from Go 1.26: finished chains ----

/// `checkChainConstraints`; the text goes behind "not authorized to sign for this name".
pub(crate) fn check_chain(chain: &[Arc<Certificate>], go: GoVersion) -> Result<(), String> {
    let limits: Vec<(usize, Limits)> = chain
        .iter()
        .enumerate()
        .filter(|(_, certificate)| certificate.extension(&[0x55, 0x1d, 30]).is_some())
        .map(|(at, certificate)| (at, Limits::of(certificate, go)))
        .collect();
    for (at, certificate) in chain.iter().enumerate() {
        if certificate.san_extension().is_none() {
            continue;
        }
        let above: Vec<&Limits> = limits.iter().filter(|(index, _)| *index > at).map(|(_, limits)| limits).collect();
        if above.is_empty() {
            return Ok(());
        }
        let names = Names::of(certificate, go)?;
        for limits in above {
            limits.check(&names, go)?;
        }
    }
    Ok(())
}

struct Names<'a> {
    dns: &'a [String],
    ip: &'a [Vec<u8>],
    uri: Vec<(&'a str, String)>,
    email: Vec<Mailbox>,
}

impl<'a> Names<'a> {
    fn of(certificate: &'a Certificate, go: GoVersion) -> Result<Self, String> {
        let names = &certificate.names;
        let mut uri = Vec::new();
        for text in &names.uri {
            uri.push((text.as_str(), constrained_uri_host(text, go)?));
        }
        let mut email = Vec::new();
        for text in &names.email {
            let Some(mut mailbox) = parse_mailbox(text, go) else {
                return Err(format!("cannot parse rfc822Name {}", quote(text)));
            };
            mailbox.domain = mailbox.domain.to_lowercase();
            email.push(mailbox);
        }
        Ok(Self { dns: &names.dns, ip: &names.ip, uri, email })
    }
}

struct Limits {
    permitted: Sets,
    excluded: Sets,
}

struct Sets {
    ip: Option<IpSets>,
    dns: Option<DomainSet>,
    uri: Option<DomainSet>,
    email: Option<MailboxSet>,
}

impl Limits {
    fn of(certificate: &Certificate, go: GoVersion) -> Self {
        let sets = |trees: &Subtrees, permitted: bool| Sets {
            ip: IpSets::new(&trees.ip),
            dns: DomainSet::new(&trees.dns, permitted),
            uri: DomainSet::new(&trees.uri, permitted),
            email: MailboxSet::new(&trees.email, permitted, go),
        };
        Self {
            permitted: sets(&certificate.constraints.permitted, true),
            excluded: sets(&certificate.constraints.excluded, false),
        }
    }

    fn check(&self, names: &Names<'_>, go: GoVersion) -> Result<(), String> {
        let (permitted, excluded) = (&self.permitted, &self.excluded);
        for ip in names.ip {
            let find = |sets: &IpSets| sets.find(ip).map(|network| network_text(&network));
            verdict("IP address", &ip_text(ip), permitted.ip.as_ref().map(find), excluded.ip.as_ref().map(find))?;
        }
        for name in names.dns {
            if !domain_valid(name, false, go) {
                return Err(format!("x509: cannot parse dnsName {}", quote(name)));
            }
            let find = |set: &DomainSet| set.find(name);
            verdict("DNS name", name, permitted.dns.as_ref().map(find), excluded.dns.as_ref().map(find))?;
        }
        for (uri, host) in &names.uri {
            if !domain_valid(host, false, go) {
                return Err(format!("x509: internal error: URI SAN {} failed to parse", quote(uri)));
            }
            let find = |set: &DomainSet| set.find(host);
            verdict("URI", uri, permitted.uri.as_ref().map(find), excluded.uri.as_ref().map(find))?;
        }
        for mailbox in &names.email {
            let shown = format!("{}@{}", String::from_utf8_lossy(&mailbox.local), mailbox.domain);
            if !domain_valid(&mailbox.domain, false, go) {
                return Err(format!("x509: cannot parse rfc822Name {}", quote(&shown)));
            }
            let find = |set: &MailboxSet| set.find(mailbox);
            verdict("email address", &shown, permitted.email.as_ref().map(find), excluded.email.as_ref().map(find))?;
        }
        Ok(())
    }
}

/// `checkConstraints`: outer `None` is "no such constraint", inner what was found.
fn verdict(
    kind: &str,
    shown: &str,
    permitted: Option<Option<String>>,
    excluded: Option<Option<String>>,
) -> Result<(), String> {
    if permitted.is_some_and(|found| found.is_none()) {
        return Err(format!("{kind} {} is not permitted by any constraint", quote(shown)));
    }
    match excluded {
        Some(Some(constraint)) => {
            Err(format!("{kind} {} is excluded by constraint {}", quote(shown), quote(&constraint)))
        }
        _ => Ok(()),
    }
}

/// `nameConstraintsSet.sortAndPrune`.
fn sort_and_prune<T>(set: &mut Vec<T>, cmp: impl Fn(&T, &T) -> Ordering, subset: impl Fn(&T, &T) -> bool) {
    set.sort_by(cmp);
    set.dedup_by(|later, kept| subset(kept, later));
}

/// `nameConstraintsSet.search`: only the nearest constraint at or below `target` is looked at.
fn search<T>(set: &[T], cmp: impl Fn(&T) -> Ordering, matches: impl Fn(&T) -> bool) -> Option<&T> {
    let at = set.partition_point(|constraint| cmp(constraint) == Ordering::Less);
    if let Some(exact) = set.get(at).filter(|constraint| cmp(constraint) == Ordering::Equal) {
        return Some(exact);
    }
    set.get(at.saturating_sub(1)).filter(|constraint| matches(constraint))
}

type Network = (Vec<u8>, Vec<u8>);

struct IpSets {
    four: Vec<Network>,
    sixteen: Vec<Network>,
}

impl IpSets {
    fn new(networks: &[Network]) -> Option<Self> {
        if networks.is_empty() {
            return None;
        }
        let masked = |(address, mask): &Network| (address.iter().zip(mask).map(|(a, m)| a & m).collect(), mask.clone());
        let of_length = |length: usize| {
            let mut set: Vec<Network> =
                networks.iter().map(masked).filter(|(address, _): &Network| address.len() == length).collect();
            sort_and_prune(&mut set, Ord::cmp, |outer, inner| {
                let broadcast: Vec<u8> = inner.0.iter().zip(&inner.1).map(|(a, m)| a | !m).collect();
                contains(outer, &inner.0) && contains(outer, &broadcast)
            });
            set
        };
        Some(Self { four: of_length(4), sixteen: of_length(16) })
    }

    fn find(&self, address: &[u8]) -> Option<Network> {
        let set = if address.len() == 4 { &self.four } else { &self.sixteen };
        search(set, |(network, _)| network.as_slice().cmp(address), |network| contains(network, address)).cloned()
    }
}

/// `net.IPNet.Contains`, which folds IPv4-mapped addresses first.
fn contains((network, mask): &Network, address: &[u8]) -> bool {
    let folded = match ip_address(address) {
        Some(IpAddr::V4(four)) => four.octets().to_vec(),
        _ => address.to_vec(),
    };
    folded.len() == network.len() && folded.iter().zip(network).zip(mask).all(|((a, n), m)| a & m == n & m)
}

struct DomainSet {
    all: bool,
    permitted: bool,
    set: Vec<String>,
}

impl DomainSet {
    fn new(domains: &[String], permitted: bool) -> Option<Self> {
        if domains.is_empty() {
            return None;
        }
        let all = domains.iter().any(String::is_empty);
        let mut set = if all { Vec::new() } else { domains.to_vec() };
        sort_and_prune(&mut set, |a, b| domain_cmp(a, b), |outer, inner| has_suffix(outer, inner));
        Some(Self { all, permitted, set })
    }

    fn find(&self, name: &str) -> Option<String> {
        if self.all {
            return Some(String::new());
        }
        if let Some(found) =
            search(&self.set, |constraint| domain_cmp(constraint, name), |constraint| has_suffix(constraint, name))
        {
            return Some(found.clone());
        }
        if self.permitted || !name.starts_with('*') {
            return None;
        }
        // an excluded host below the wildcard excludes the wildcard; the last such constraint wins
        let lower = name.to_lowercase();
        let trimmed = trim_first_label(&lower);
        let parent = |constraint: &&String| {
            let constraint = constraint.to_lowercase();
            let parent = trim_first_label(&constraint);
            !parent.is_empty() && parent == trimmed
        };
        self.set.iter().rev().find(parent).map(|constraint| constraint.to_lowercase())
    }
}

fn trim_first_label(name: &str) -> &str {
    name.find('.').map_or("", |dot| &name[dot..])
}

/// `dnsCompare`: from the last byte, case folded, dots before everything.
fn domain_cmp(a: &str, b: &str) -> Ordering {
    let fold = |byte: u8| if byte == b'.' { 0 } else { byte.to_ascii_lowercase() };
    a.bytes().rev().map(fold).cmp(b.bytes().rev().map(fold))
}

/// `dnsHasSuffix`: `name` lies in the subtree of `constraint`.
fn has_suffix(constraint: &str, name: &str) -> bool {
    let (constraint, name) = (constraint.as_bytes(), name.as_bytes());
    let Some(offset) = name.len().checked_sub(constraint.len()) else { return false };
    if !name[offset..].eq_ignore_ascii_case(constraint) {
        return false;
    }
    constraint.first() == Some(&b'.') || offset == 0 || name[offset - 1] == b'.'
}

struct MailboxSet {
    exact: Vec<Mailbox>,
    domains: Option<DomainSet>,
}

impl MailboxSet {
    fn new(constraints: &[String], permitted: bool, go: GoVersion) -> Option<Self> {
        if constraints.is_empty() {
            return None;
        }
        let (mailboxes, domains): (Vec<&String>, Vec<&String>) =
            constraints.iter().partition(|constraint| constraint.contains('@'));
        let exact = mailboxes.into_iter().filter_map(|text| parse_mailbox(text, go));
        let exact = exact.map(|mailbox| Mailbox { domain: mailbox.domain.to_lowercase(), ..mailbox }).collect();
        let domains: Vec<String> = domains.into_iter().cloned().collect();
        Some(Self { exact, domains: DomainSet::new(&domains, permitted) })
    }

    fn find(&self, mailbox: &Mailbox) -> Option<String> {
        if self.exact.contains(mailbox) {
            return Some(format!("{}@{}", String::from_utf8_lossy(&mailbox.local), mailbox.domain));
        }
        self.domains.as_ref()?.find(&mailbox.domain)
    }
}

/// Go's text of an address in a certificate (`net.IP.String`).
pub(crate) fn ip_text(bytes: &[u8]) -> String {
    ip_address(bytes).map_or_else(|| "?".to_owned(), |address| address.to_string())
}

/// `net.IPNet.String`.
fn network_text((address, mask): &Network) -> String {
    let ones: u32 = mask.iter().map(|byte| byte.count_ones()).sum();
    format!("{}/{ones}", ip_text(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: fn() -> GoVersion = || GoVersion::minor(22);
    const NEW: fn() -> GoVersion = || GoVersion::NEWEST;

    #[test]
    fn domains() {
        for go in [OLD(), NEW()] {
            assert!(domain_valid("a.example", false, go));
            assert!(domain_valid("", false, go));
            assert!(domain_valid(".example", true, go));
            assert!(!domain_valid("a.example.", false, go));
            assert!(!domain_valid("a..b", false, go));
            assert!(!domain_valid("a b", false, go));
        }
        assert!(domain_valid(".a", false, OLD()));
        assert!(!domain_valid(".a", false, NEW()));
    }

    #[test]
    fn subtrees_match_whole_labels() {
        assert!(has_suffix("example.com", "a.Example.com"));
        assert!(has_suffix("example.com", "example.com"));
        assert!(!has_suffix("example.com", "badexample.com"));
        assert!(has_suffix(".example.com", "a.example.com"));
        assert!(!has_suffix(".example.com", "example.com"));
        assert_eq!(match_domain("a.example.com", ".example.com", false, OLD()), Ok(true));
        assert_eq!(match_domain("example.com", ".example.com", false, OLD()), Ok(false));
    }

    #[test]
    fn wildcards_meet_exclusions() {
        let set = DomainSet::new(&["secret.example.com".to_owned()], false).expect("not empty");
        assert_eq!(set.find("*.example.com").as_deref(), Some("secret.example.com"));
        assert_eq!(set.find("a.example.com"), None);
        assert_eq!(match_domain("*.example.com", "secret.example.com", true, GoVersion::minor(24)), Ok(true));
        assert_eq!(match_domain("*.example.com", "secret.example.com", true, OLD()), Ok(false));
    }

    #[test]
    fn mailboxes() {
        assert!(parse_mailbox("a.b@example.com", NEW()).is_some());
        assert!(parse_mailbox("\"a b\"@example.com", NEW()).is_some());
        for bad in ["", "a", "@x", ".a@x", "a..b@x", "a@x.", "a b@x"] {
            assert!(parse_mailbox(bad, NEW()).is_none(), "{bad}");
        }
    }
}
