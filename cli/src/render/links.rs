//! The table of links: broken ones with the words of each side, unknown ones with the reason, the rest in brief.

use pkidoctor::report::{LinkReport, NodeReport};

use super::page::{DIM, GREEN, PLAIN, Page, RED, Span, YELLOW, widest};
use crate::words::plural;

/// Columns of the verdict.
const VERDICT: usize = 7;
/// Where the words of a link stand.
const UNDER: usize = 2 + VERDICT + 2;
/// All links of a node.
pub(crate) fn table(page: &mut Page, node: &NodeReport, verbose: bool) {
    let of = |verdict: &str| node.links.iter().filter(|link| link.verdict == verdict).collect::<Vec<_>>();
    let (broken, unknown, ok) = (of("broken"), of("unknown"), of("ok"));
    for group in
        alike(&broken, |link| (link.refused_by, link.load_side, &link.client_error, &link.server_error, &link.facts))
    {
        refused(page, &group);
    }
    for group in alike(&unknown, |link| &link.facts) {
        rows(page, &group, (YELLOW, "unknown"));
        notes(page, group[0]);
    }
    if verbose {
        for link in ok {
            rows(page, &[link], (GREEN, "ok"));
            notes(page, link);
        }
    } else if !ok.is_empty() {
        page.labelled(2, (GREEN, "ok"), VERDICT, (PLAIN, &in_brief(&ok)));
    }
}

/// `kube-apiserver->etcd 127.0.0.1`.
pub(super) fn name(link: &LinkReport) -> String {
    link.name.as_ref().map_or_else(|| link.id.clone(), |name| format!("{} {name}", link.id))
}

/// The same, and whether it matters yet.
pub(super) fn title(link: &LinkReport) -> String {
    let weight = if link.weight == "vital" { String::new() } else { format!(" ({})", link.weight) };
    name(link) + &weight
}

/// Links of which the same is to be said, together, in the order of the first of each.
pub(super) fn alike<'l, K: PartialEq>(
    links: &[&'l LinkReport],
    key: impl Fn(&'l LinkReport) -> K,
) -> Vec<Vec<&'l LinkReport>> {
    let mut groups: Vec<(K, Vec<&LinkReport>)> = Vec::new();
    for link in links {
        let key = key(link);
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, group)) => group.push(link),
            None => groups.push((key, vec![link])),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

fn rows(page: &mut Page, group: &[&LinkReport], verdict: Span<'_>) {
    for link in group {
        page.labelled(2, verdict, VERDICT, (PLAIN, &title(link)));
    }
}

/// Links that fail alike: their rows, then what each side prints, whoever refuses first.
fn refused(page: &mut Page, group: &[&LinkReport]) {
    for link in group {
        rows(page, &[link], (if link.weight == "vital" { RED } else { YELLOW }, "broken"));
    }
    let one = group[0];
    let mut sides = [(label(one, "client"), &one.client_error), (label(one, "server"), &one.server_error)];
    if guilty(one) == Some("server") {
        sides.reverse();
    }
    let wide = widest(sides.iter().filter(|(_, words)| words.is_some()).map(|(label, _)| label.as_str()), UNDER * 2);
    for (label, words) in &sides {
        if let Some(words) = words {
            page.labelled(UNDER, (DIM, label), wide, (PLAIN, words));
        }
    }
    notes(page, one);
}

/// The side that refuses, or whose file does not load.
pub(super) fn guilty(link: &LinkReport) -> Option<&'static str> {
    if link.refused_by == Some("load") { link.load_side } else { link.refused_by }
}

/// `server refuses`, `client cannot load`, or what the other side prints.
fn label(link: &LinkReport, side: &str) -> String {
    let does = match (guilty(link) == Some(side), link.refused_by) {
        (true, Some("load")) => "cannot load",
        (true, _) => "refuses",
        (false, _) if side == "server" => "logs",
        (false, _) => "says",
    };
    format!("{side} {does}")
}

fn notes(page: &mut Page, link: &LinkReport) {
    for fact in &link.facts {
        page.labelled(UNDER, (DIM, "note"), 4, (PLAIN, fact));
    }
}

/// `11 links: kube-apiserver->etcd, pod->kube-apiserver (2)`
pub(super) fn in_brief(links: &[&LinkReport]) -> String {
    let named: Vec<String> = alike(links, |link| &link.id)
        .iter()
        .map(|group| if group.len() == 1 { group[0].id.clone() } else { format!("{} ({})", group[0].id, group.len()) })
        .collect();
    format!("{}: {}", plural(links.len(), "link"), named.join(", "))
}
