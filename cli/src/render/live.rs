//! The table of links as files and live evidence see them, side by side; then what etcd says of itself.

use pkidoctor::report::{EtcdReport, LinkReport, LiveReport, NodeReport, PortReport};

use super::links::{alike, guilty, in_brief, title};
use super::page::{BOLD, DIM, GREEN, PLAIN, Page, RED, Span, YELLOW, widest};
use crate::words::plural;

/// Columns of each verdict.
const FILES: usize = 7;
const LIVE: usize = 11;
/// Where a link's name and its words stand.
const UNDER: usize = 2 + FILES + 2 + LIVE + 2;

/// Whether anybody looked.
pub(super) fn is_probed(node: &NodeReport) -> bool {
    node.links.iter().any(|link| link.live.is_some())
}

/// All links of a node, the worst first.
pub(super) fn table(page: &mut Page, node: &NodeReport, verbose: bool) {
    page.row(2, &[((DIM, "files"), FILES), ((DIM, "live"), LIVE), ((DIM, "link"), 0)]);
    let links: Vec<&LinkReport> = node.links.iter().collect();
    let (bad, good): (Vec<&LinkReport>, Vec<&LinkReport>) = links.into_iter().partition(|link| is_bad(link));
    for group in alike(&bad, |link| (link.verdict, without_ports(link), &link.facts)) {
        for link in &group {
            row(page, link, &title(link));
        }
        tell(page, group[0]);
    }
    if verbose {
        for link in good {
            let took = seen(link).map_or_else(String::new, |live| format!(" ({})", told_by(live)));
            row(page, link, &format!("{}{took}", title(link)));
            notes(page, link);
        }
        return;
    }
    let mut groups = alike(&good, |link| (link.verdict, live_word(link).1));
    groups.sort_by_key(|group| seen(group[0]).is_none());
    for group in groups {
        row(page, group[0], &in_brief(&group));
        let mut told: Vec<&str> = Vec::new();
        for why in group.iter().filter_map(|link| why_not(link)) {
            if !told.contains(&why) {
                told.push(why);
                page.labelled(UNDER, (DIM, "note"), 4, (PLAIN, &format!("not dialled: {why}")));
            }
        }
    }
}

/// Why a link that leads somewhere was not dialled.
fn why_not(link: &LinkReport) -> Option<&str> {
    link.facts.iter().find_map(|fact| fact.split_once(" not dialled: ")).map(|(_, why)| why)
}

fn seen(link: &LinkReport) -> Option<&LiveReport> {
    link.live.as_ref()?.as_ref()
}

/// Whether more than a line is to be said of it.
fn is_bad(link: &LinkReport) -> bool {
    link.verdict == "broken" || seen(link).is_some_and(|live| live.verdict != "ok")
}

fn files_word(link: &LinkReport) -> Span<'static> {
    match link.verdict {
        "ok" => (GREEN, "ok"),
        "broken" if link.weight == "vital" => (RED, "broken"),
        "broken" => (YELLOW, "broken"),
        _ => (YELLOW, "unknown"),
    }
}

fn live_word(link: &LinkReport) -> Span<'static> {
    let bad = if link.weight == "vital" { RED } else { YELLOW };
    match seen(link) {
        None => (DIM, "-"),
        Some(live) => match (live.verdict, live.refused_by) {
            ("ok", _) => (GREEN, "ok"),
            ("unreachable", _) => (bad, "unreachable"),
            (_, Some("load")) => (bad, "cannot load"),
            _ => (bad, "refused"),
        },
    }
}

fn row(page: &mut Page, link: &LinkReport, text: &str) {
    let (files, live) = (files_word(link), live_word(link));
    page.columns(2, &[(files, FILES), (live, LIVE)], (PLAIN, text));
}

/// What each side says, whoever refuses first: live where anybody looked, else by the files.
fn words(link: &LinkReport) -> Vec<(&'static str, String)> {
    let Some(live) = seen(link) else {
        let sides = [("client says", &link.client_error), ("server logs", &link.server_error)];
        let mut sides: Vec<_> = sides.into_iter().filter_map(|(side, words)| Some((side, words.clone()?))).collect();
        if guilty(link) == Some("server") {
            sides.reverse();
        }
        return sides;
    };
    let logs = live.log.server.as_ref().map(|line| ("server logs", line.clone()));
    let error = live.error.clone();
    match live.refused_by {
        Some("client") => error.map(|error| ("client refuses", error)).into_iter().chain(logs).collect(),
        Some(by) => {
            let does = if by == "load" { "server cannot load" } else { "server refuses" };
            let reason = live.server_error.clone().map(|reason| (does, reason));
            let alert = live.alert.as_ref().filter(|_| reason.is_none()).map(|alert| (does, format!("alert {alert}")));
            let says = error.map(|error| ("client says", error));
            reason.into_iter().chain(alert).chain(says).chain(logs).collect()
        }
        None => error.map(|error| ("client says", error)).into_iter().collect(),
    }
}

/// The same words whatever port they came from: links that fail alike differ in it.
fn without_ports(link: &LinkReport) -> Vec<(&'static str, String)> {
    let port = seen(link).and_then(|live| live.source_port).map(|port| format!(":{port}\""));
    let mut words = words(link);
    for (_, line) in &mut words {
        *line = port.as_ref().map_or_else(|| line.clone(), |port| line.replace(port.as_str(), "\""));
    }
    words
}

fn tell(page: &mut Page, link: &LinkReport) {
    let words = words(link);
    let wide = widest(words.iter().map(|(label, _)| *label), UNDER);
    for (label, words) in &words {
        page.labelled(UNDER, (DIM, label), wide, (PLAIN, words));
    }
    notes(page, link);
}

fn notes(page: &mut Page, link: &LinkReport) {
    for fact in &link.facts {
        page.labelled(UNDER, (DIM, "note"), 4, (PLAIN, fact));
    }
}

/// `TLS 1.3, h2, 2.1 ms`
fn told_by(live: &LiveReport) -> String {
    let tls = live.tls.map(|version| format!("TLS {version}"));
    let parts = tls.into_iter().chain(live.alpn.clone()).chain([format!("{:.1} ms", live.took_ms)]);
    parts.collect::<Vec<_>>().join(", ")
}

/// What etcd says of itself, and what will become of `kubeadm upgrade`.
pub(super) fn etcd(page: &mut Page, node: &NodeReport, verbose: bool) {
    let mut told: Vec<&str> = Vec::new();
    for live in node.links.iter().filter_map(seen) {
        let Some(etcd) = live.etcd.as_ref().filter(|_| !told.contains(&live.endpoint.as_str())) else { continue };
        told.push(&live.endpoint);
        let (style, text) = of_etcd(etcd);
        page.wrapped(0, 2, &[(BOLD, "etcd"), (PLAIN, &live.endpoint), (style, &text)]);
        if verbose {
            for member in &etcd.member_list {
                let urls = member.client_urls.join(", ");
                let learner = if member.learner { " (learner)" } else { "" };
                page.wrapped(
                    4,
                    6,
                    &[(DIM, "member"), (PLAIN, &format!("{}{learner} {} {urls}", member.name, member.id))],
                );
            }
        }
    }
    if verbose {
        for port in &node.ports {
            page.wrapped(0, 2, &[(BOLD, port.serves), (PLAIN, &port.endpoint), (PLAIN, &of_port(port))]);
        }
    }
    let Some(upgrade) = &node.kubeadm_upgrade else { return };
    let because = upgrade.because.join("; ");
    let (style, text) = match upgrade.verdict {
        "passes" => {
            (GREEN, "will pass etcd: the member list came, and every member answered healthcheck-client".to_owned())
        }
        "hangs" => (RED, format!("will hang for 2 minutes and fail, because {because}")),
        _ => (YELLOW, format!("not known: {because}")),
    };
    page.wrapped(0, 2, &[(BOLD, "kubeadm upgrade"), (style, &text)]);
}

fn of_etcd(etcd: &EtcdReport) -> Told {
    let version = etcd.version.as_deref().unwrap_or("?");
    let members = plural(etcd.members, "member");
    if etcd.health {
        let learner = if etcd.learner { ", a learner" } else { "" };
        return (GREEN, format!("{version} healthy{learner}, {members}"));
    }
    let why = etcd.error.iter().cloned().chain(etcd.alarms.iter().cloned()).collect::<Vec<_>>().join("; ");
    let why = if why.is_empty() && etcd.leader.is_none() { "no leader".to_owned() } else { why };
    (RED, format!("{version} not healthy, {members}: {why}"))
}

/// A style with words of its own.
type Told = (anstyle::Style, String);

fn of_port(port: &PortReport) -> String {
    let mut parts = Vec::new();
    if let Some(stranger) = &port.without_certificate {
        parts.push(match (&stranger.alert, &stranger.error) {
            _ if stranger.served => "serves without a certificate".to_owned(),
            (Some(alert), _) => format!("without a certificate: {alert}"),
            (None, Some(error)) => format!("without a certificate: {error}"),
            (None, None) => "without a certificate: nothing".to_owned(),
        });
    }
    if let Some(plain) = &port.plain_http {
        let status = plain.status.map_or_else(|| "nothing".to_owned(), |status| status.to_string());
        parts.push(format!("without TLS: {status}"));
    }
    parts.extend(port.etcd_version.as_ref().map(|version| format!("etcd {version}")));
    parts.extend(port.go.as_ref().map(|go| format!("go {go}")));
    parts.join(", ")
}
