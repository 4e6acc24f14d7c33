//! `scan --graph`: the trust map as text, for Mermaid and for Graphviz.

use std::fmt::Write as _;

use pkidoctor::report::{LinkReport, NodeReport, Report};

use super::clean::clean;
use super::trust::{ends, original};
use crate::args::Graph;

/// The map of every node.
pub(crate) fn text(report: &Report, graph: Graph) -> String {
    let maps: Vec<Map<'_>> = report.nodes.iter().map(Map::of).collect();
    match graph {
        Graph::Mermaid => mermaid(&maps),
        Graph::Dot => dot(&maps),
    }
}

/// A node: its components, its CAs, the links between them, and who trusts which CA.
struct Map<'r> {
    node: &'r NodeReport,
    parts: Vec<String>,
    links: Vec<(usize, usize, &'r LinkReport)>,
    authorities: Vec<(&'r str, Vec<usize>)>,
}

impl<'r> Map<'r> {
    fn of(node: &'r NodeReport) -> Self {
        let mut map = Self { node, parts: Vec::new(), links: Vec::new(), authorities: Vec::new() };
        for link in &node.links {
            let (client, server) = ends(&link.id);
            let (from, to) = (map.part(client), map.part(server));
            map.links.push((from, to, link));
            for (file, part) in [(&link.uses.client_trusts, from), (&link.uses.server_trusts, to)] {
                if let Some(file) = file {
                    map.trusts(original(node, file), part);
                }
            }
        }
        map
    }

    fn part(&mut self, name: String) -> usize {
        self.parts.iter().position(|part| *part == name).unwrap_or_else(|| {
            self.parts.push(name);
            self.parts.len() - 1
        })
    }

    fn trusts(&mut self, file: &'r str, part: usize) {
        match self.authorities.iter_mut().find(|(known, _)| *known == file) {
            Some((_, parts)) if parts.contains(&part) => {}
            Some((_, parts)) => parts.push(part),
            None => self.authorities.push((file, vec![part])),
        }
    }
}

/// `kubeadm->etcd 192.168.6.11: client refuses`.
fn label(link: &LinkReport) -> String {
    let name = link.name.as_ref().map_or_else(|| link.id.clone(), |name| format!("{} {name}", link.id));
    let by = if link.refused_by == Some("load") { link.load_side } else { link.refused_by };
    match (link.verdict, link.refused_by, by) {
        ("broken", Some("load"), Some(side)) => format!("{name}: {side} cannot load"),
        ("broken", _, Some(side)) => format!("{name}: {side} refuses"),
        ("ok", ..) => name,
        (verdict, ..) => format!("{name}: {verdict}"),
    }
}

fn color(verdict: &str) -> &'static str {
    match verdict {
        "ok" => "#1a6e3c",
        "broken" => "#b3261e",
        _ => "#777777",
    }
}

// writing to a string cannot fail, here and below
fn mermaid(maps: &[Map<'_>]) -> String {
    let mut out = String::from("flowchart LR\n");
    let (mut styles, mut count) = (String::new(), 0);
    for (number, map) in maps.iter().enumerate() {
        let _ = writeln!(out, "  subgraph n{number}[\"{}\"]", in_mermaid(&map.node.name));
        for (index, part) in map.parts.iter().enumerate() {
            let _ = writeln!(out, "    n{number}p{index}[\"{}\"]", in_mermaid(part));
        }
        for (index, (file, _)) in map.authorities.iter().enumerate() {
            let _ = writeln!(out, "    n{number}c{index}([\"CA {}\"])", in_mermaid(file));
        }
        let _ = writeln!(out, "  end");
        for (from, to, link) in &map.links {
            let arrow = if link.verdict == "ok" { "-->" } else { "-.->" };
            let _ = writeln!(out, "  n{number}p{from} {arrow}|\"{}\"| n{number}p{to}", in_mermaid(&label(link)));
            let wide = if link.verdict == "broken" { 3 } else { 1 };
            let _ = writeln!(styles, "  linkStyle {count} stroke:{},stroke-width:{wide}px", color(link.verdict));
            count += 1;
        }
        for (index, (_, parts)) in map.authorities.iter().enumerate() {
            for part in parts {
                let _ = writeln!(out, "  n{number}c{index} -.-|trusted by| n{number}p{part}");
                count += 1;
            }
        }
    }
    out + &styles
}

fn dot(maps: &[Map<'_>]) -> String {
    let mut out = String::from(
        "digraph pki {\n  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n  edge [fontname=\"sans-serif\", fontsize=10];\n",
    );
    for (number, map) in maps.iter().enumerate() {
        let _ = writeln!(out, "  subgraph cluster_{number} {{\n    label=\"{}\";", in_dot(&map.node.name));
        for (index, part) in map.parts.iter().enumerate() {
            let _ = writeln!(out, "    n{number}p{index} [label=\"{}\"];", in_dot(part));
        }
        for (index, (file, _)) in map.authorities.iter().enumerate() {
            let _ = writeln!(out, "    n{number}c{index} [label=\"CA {}\", shape=ellipse];", in_dot(file));
        }
        let _ = writeln!(out, "  }}");
        for (from, to, link) in &map.links {
            let style = if link.verdict == "ok" { "solid" } else { "dashed" };
            let _ = writeln!(
                out,
                "  n{number}p{from} -> n{number}p{to} [label=\"{}\", color=\"{}\", style={style}];",
                in_dot(&label(link)),
                color(link.verdict)
            );
        }
        for (index, (_, parts)) in map.authorities.iter().enumerate() {
            for part in parts {
                let _ = writeln!(
                    out,
                    "  n{number}c{index} -> n{number}p{part} [style=dotted, arrowhead=none, color=\"#2b5797\"];"
                );
            }
        }
    }
    out + "}\n"
}

/// Text between double quotes of Mermaid, where entities are written with a number sign.
fn in_mermaid(text: &str) -> String {
    let mut out = String::new();
    for c in clean(text).chars() {
        match c {
            '"' => out.push_str("#quot;"),
            '<' => out.push_str("#lt;"),
            '#' => out.push_str("#35;"),
            '&' => out.push_str("#amp;"),
            '`' => out.push_str("#96;"),
            c => out.push(c),
        }
    }
    out
}

/// Text between double quotes of DOT.
fn in_dot(text: &str) -> String {
    clean(text).replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    #[test]
    fn quotes_stay_inside() {
        assert_eq!(super::in_mermaid("a\"]; <b>`#&"), "a#quot;]; #lt;b>#96;#35;#amp;");
        assert_eq!(super::in_dot("a\\\"b"), "a\\\\\\\"b");
    }
}
