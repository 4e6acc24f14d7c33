//! `scan --graph`: the trust map as text, for Mermaid and for Graphviz.

use std::fmt::Write as _;

use pkidoctor::report::{LinkReport, Report};

use super::clean::clean;
use super::links;
use super::trust::Trust;
use crate::args::Graph;
use crate::language::tr;

/// The map of every node.
pub(crate) fn text(report: &Report, graph: Graph) -> String {
    let maps: Vec<Trust<'_>> = report.nodes.iter().map(Trust::of).collect();
    match graph {
        Graph::Mermaid => mermaid(&maps),
        Graph::Dot => dot(&maps),
    }
}

/// `kubeadm->etcd 192.168.6.11: client refuses`.
fn label(link: &LinkReport) -> String {
    let name = links::name(link);
    let told = match (link.verdict, link.refused_by, links::guilty(link)) {
        ("broken", Some("load"), Some(side)) => format!("{side} cannot load"),
        ("broken", _, Some(side)) => format!("{side} refuses"),
        ("ok", ..) => return name,
        (verdict, ..) => verdict.to_owned(),
    };
    format!("{name}: {}", tr(&told))
}

fn color(verdict: &str) -> &'static str {
    match verdict {
        "ok" => "#1a6e3c",
        "broken" => "#b3261e",
        _ => "#777777",
    }
}

// writing to a string cannot fail, here and below
fn mermaid(maps: &[Trust<'_>]) -> String {
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
                let _ = writeln!(out, "  n{number}c{index} -.-|{}| n{number}p{part}", tr("trusted by"));
                count += 1;
            }
        }
    }
    out + &styles
}

fn dot(maps: &[Trust<'_>]) -> String {
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
