//! The trust map of a node: its CAs, each with a letter; components, with the letters of the CAs that signed what they
//! show and of those that they trust; the links between them. Drawn as SVG.
//!
//! A link is a line from client to server and itself a link of the page to its row in the table, so that it can be
//! reached by keyboard and reads without a script. Verdicts are told by colour, by dashes and in words.

use std::fmt::Write as _;

use pkidoctor::report::{LinkReport, NodeReport, Report};

use super::write::Html;
use crate::language::tr;
use crate::render::links::{self, guilty};
use crate::render::trust::Trust;

/// Where the columns of components begin, and how wide they are.
const COLUMNS: [i32; 4] = [10, 300, 590, 880];
const WIDE: i32 = 180;
const ROW: i32 = 44;
const GAP: i32 = 12;
/// The authorities stand above.
const TOP: i32 = 84;
const LETTERS: [&str; 8] = ["A", "B", "C", "D", "E", "F", "G", "H"];

/// A component, or whoever holds a pair.
struct Part {
    name: String,
    column: usize,
    y: i32,
    height: i32,
}

/// A line: all links of one client and one server that bear one name.
struct Edge<'r> {
    id: &'r str,
    from: usize,
    to: usize,
    links: Vec<(usize, &'r LinkReport)>,
}

/// Draws a node's map.
pub(super) fn draw(html: &mut Html, report: &Report, number: usize, node: &NodeReport) {
    if node.links.is_empty() {
        return;
    }
    let mut trust = Trust::of(node);
    trust.authorities.sort_unstable();
    let authorities: Vec<&str> = trust.authorities.iter().map(|(file, _)| *file).collect();
    let mut map = Map::of(&trust);
    let height = map.arrange(if authorities.len() > 4 { TOP + 56 } else { TOP });
    let has_others = map.parts.iter().any(|part| part.column == 3);
    let wide = if has_others { COLUMNS[3] + WIDE + 20 } else { COLUMNS[2] + WIDE + 80 };
    html.raw("<figure class=\"map\"><figcaption>");
    html.text(&format!("{} ({})", node.name, node.path));
    html.raw("</figcaption>\n<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"");
    html.text(&format!("Trust map of {}", node.name));
    html.raw(&format!("\">\n<svg viewBox=\"0 0 {wide} {height}\" width=\"{wide}\" height=\"{height}\" aria-label=\""));
    html.text(&format!("Links of {}: each line leads to its row in the table below", node.name));
    html.raw("\">\n");
    Map::draw_authorities(html, report, node, &authorities);
    for edge in &map.edges {
        map.edge(html, number, edge);
    }
    for (index, part) in map.parts.iter().enumerate() {
        part.draw(html, map.is_broken(index), &words(&trust, &authorities, index));
    }
    html.raw("</svg></div>\n<p class=\"legend\">");
    for (class, words) in [("ok", "ok"), ("broken", "broken, ✕ at who refuses"), ("unknown", "not known here")] {
        html.element("span", &format!("class=\"{class}\""), words);
    }
    html.raw("</p></figure>\n");
}

struct Map<'r> {
    parts: Vec<Part>,
    edges: Vec<Edge<'r>>,
}

impl<'r> Map<'r> {
    fn of(trust: &Trust<'r>) -> Self {
        let mut edges: Vec<Edge<'_>> = Vec::new();
        for (index, &(from, to, link)) in trust.links.iter().enumerate() {
            match edges.iter_mut().find(|edge| edge.id == link.id) {
                Some(edge) => edge.links.push((index, link)),
                None => edges.push(Edge { id: &link.id, from, to, links: vec![(index, link)] }),
            }
        }
        let part =
            |index: usize| Part { name: trust.parts[index].clone(), column: column(trust, index), y: 0, height: ROW };
        Self { parts: (0..trust.parts.len()).map(part).collect(), edges }
    }

    /// Gives every part its place: tall enough for its lines, each column in the middle. The height of it all.
    fn arrange(&mut self, top: i32) -> i32 {
        for index in 0..self.parts.len() {
            let many = [self.lines(index, true).len(), self.lines(index, false).len()];
            let many = i32::try_from(many.into_iter().max().unwrap_or(1)).unwrap_or(1);
            self.parts[index].height = ROW.max(many * 26);
        }
        let tall = |parts: &[Part], column: usize| -> i32 {
            parts.iter().filter(|part| part.column == column).map(|part| part.height + GAP).sum()
        };
        let tallest = (0..COLUMNS.len()).map(|column| tall(&self.parts, column)).max().unwrap_or_default();
        for column in 0..COLUMNS.len() {
            let mut y = top + (tallest - tall(&self.parts, column)) / 2;
            for part in self.parts.iter_mut().filter(|part| part.column == column) {
                part.y = y;
                y += part.height + GAP;
            }
        }
        top + tallest + 10
    }

    /// The lines that begin or end at a part, from top to bottom by where they lead.
    fn lines(&self, part: usize, begins: bool) -> Vec<usize> {
        let mut lines: Vec<usize> = (0..self.edges.len())
            .filter(|at| if begins { self.edges[*at].from == part } else { self.edges[*at].to == part })
            .collect();
        lines.sort_by_key(|at| {
            let other = if begins { self.edges[*at].to } else { self.edges[*at].from };
            (self.parts[other].y, *at)
        });
        lines
    }

    /// Where a line touches a part: its share of the height.
    fn touch(&self, edge: usize, begins: bool) -> i32 {
        let part = if begins { self.edges[edge].from } else { self.edges[edge].to };
        let lines = self.lines(part, begins);
        let at = lines.iter().position(|line| *line == edge).unwrap_or_default();
        let share = |number: usize| i32::try_from(number).unwrap_or_default();
        self.parts[part].y + self.parts[part].height * (2 * share(at) + 1) / (2 * share(lines.len()).max(1))
    }

    fn edge(&self, html: &mut Html, node: usize, edge: &Edge<'_>) {
        let at = self.edges.iter().position(|other| std::ptr::eq(other, edge)).unwrap_or_default();
        let (from, to) = (&self.parts[edge.from], &self.parts[edge.to]);
        let (y1, y2) = (self.touch(at, true), self.touch(at, false));
        let x1 = COLUMNS[from.column] + WIDE;
        let is_loop = edge.from == edge.to;
        let (path, middle) = if is_loop {
            let (top, low) = (from.y + from.height / 3, from.y + from.height * 2 / 3);
            (
                format!("M{x1} {top} C{} {} {} {} {x1} {low}", x1 + 60, top - 8, x1 + 60, low + 8),
                [x1 + 46, i32::midpoint(top, low)],
            )
        } else {
            let x2 = COLUMNS[to.column];
            let bend = (x2 - x1) / 2;
            (format!("M{x1} {y1} C{} {y1} {} {y2} {x2} {y2}", x1 + bend, x2 - bend), [x1 + bend, i32::midpoint(y1, y2)])
        };
        let worst = worst(edge);
        let first = edge.links.iter().find(|(_, link)| link.verdict == worst).map_or(0, |(index, _)| *index);
        html.raw(&format!("<a class=\"edge {worst}\" href=\"#link-{node}-{first}\" aria-label=\""));
        let told = told(edge);
        html.text(&told);
        html.raw("\"><title>");
        html.text(&told);
        html.raw(&format!("</title><path class=\"wide\" d=\"{path}\"/><path class=\"line\" d=\"{path}\"/>"));
        if let Some(side) = edge.links.iter().find_map(|(_, link)| guilty(link)) {
            let (x, y) = match (side, is_loop) {
                ("client", false) => (x1 + 12, y1),
                (_, false) => (COLUMNS[to.column] - 12, y2),
                _ => (middle[0], middle[1]),
            };
            html.raw(&format!("<text class=\"cross\" x=\"{x}\" y=\"{}\">✕</text>", y + 5));
        }
        html.raw("</a>\n");
    }

    /// Whether a part refuses something, or cannot load its files.
    fn is_broken(&self, part: usize) -> bool {
        let fails = |edge: &Edge<'_>| {
            edge.links.iter().any(|(_, link)| {
                (edge.from == part && link.sides.client == "broken")
                    || (edge.to == part && link.sides.server == "broken")
            })
        };
        self.edges.iter().any(fails)
    }

    fn draw_authorities(html: &mut Html, report: &Report, node: &NodeReport, authorities: &[&str]) {
        for (index, file) in authorities.iter().enumerate().take(LETTERS.len()) {
            let place = i32::try_from(index).unwrap_or_default();
            let (x, y) = (10 + 250 * (place % 4), 10 + 56 * (place / 4));
            let faulty = report.findings.iter().any(|finding| {
                !finding.ignored
                    && finding.severity != "info"
                    && finding.node.as_deref() == Some(&node.name)
                    && (finding.subject == *file || finding.subject.starts_with(&format!("{file}#")))
            });
            html.raw(&format!(
                "<g class=\"authority {}\"><rect x=\"{x}\" y=\"{y}\" width=\"230\" height=\"46\" rx=\"23\"/><text class=\"letter\" x=\"{}\" y=\"{}\">{}</text><text x=\"{}\" y=\"{}\">",
                if faulty { "broken" } else { "ok" },
                x + 24,
                y + 30,
                LETTERS[index],
                x + 128,
                y + 20
            ));
            html.text(&clipped(file, 24));
            html.raw(&format!("</text><text class=\"small\" x=\"{}\" y=\"{}\">", x + 128, y + 36));
            let until = until(node, file);
            html.text(
                &until
                    .map_or_else(|| "CA".to_owned(), |until| format!("CA until {}", until.get(..10).unwrap_or(until))),
            );
            html.raw("</text></g>\n");
        }
    }
}

impl Part {
    fn draw(&self, html: &mut Html, broken: bool, words: &str) {
        let x = COLUMNS[self.column];
        html.raw(&format!(
            "<g class=\"part {}\"><rect x=\"{x}\" y=\"{}\" width=\"{WIDE}\" height=\"{}\" rx=\"8\"/><text x=\"{}\" y=\"{}\">",
            if broken { "broken" } else { "ok" },
            self.y,
            self.height,
            x + WIDE / 2,
            self.y + self.height / 2 - 2
        ));
        html.text(&clipped(&tr(&self.name), 23));
        html.raw(&format!(
            "</text><text class=\"small\" x=\"{}\" y=\"{}\">",
            x + WIDE / 2,
            self.y + self.height / 2 + 14
        ));
        html.text(words);
        html.raw("</text></g>\n");
    }
}

fn clipped(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    text.chars().take(limit - 1).chain(['…']).collect()
}

/// Where a component stands: by the first link that it takes part in.
fn column(trust: &Trust<'_>, part: usize) -> usize {
    let first = trust.links.iter().find(|(from, to, _)| *from == part || *to == part);
    match (first, trust.parts[part].as_str()) {
        (_, "kube-apiserver") => 1,
        (Some((from, ..)), "kubeadm" | "etcd-gateway") if *from == part => 1,
        (Some((from, ..)), "etcd") if *from == part => 2,
        (Some((from, ..)), _) if *from == part => 0,
        // its peers stand behind it
        (Some((from, ..)), _) if trust.parts[*from] == "etcd" => 3,
        _ => 2,
    }
}

/// `shows A B, trusts A`.
fn words(trust: &Trust<'_>, authorities: &[&str], part: usize) -> String {
    let shown = trust
        .links
        .iter()
        .flat_map(|(from, to, link)| [(*from, &link.uses.client_shows), (*to, &link.uses.server_shows)]);
    let shown = shown.filter(|(at, _)| *at == part).filter_map(|(_, shown)| shown.as_deref());
    let mut signers: Vec<usize> = shown.filter_map(|file| signer(trust.node, authorities, file)).collect();
    signers.sort_unstable();
    signers.dedup();
    let trusts = (0..trust.authorities.len()).filter(|index| trust.authorities[*index].1.contains(&part)).collect();
    let letters = |what: &str, indices: Vec<usize>| {
        let letters: Vec<&str> = indices.into_iter().filter_map(|index| LETTERS.get(index).copied()).collect();
        (!letters.is_empty()).then(|| format!("{what} {}", letters.join(" ")))
    };
    [letters("shows", signers), letters("trusts", trusts)].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn worst(edge: &Edge<'_>) -> &'static str {
    let any = |verdict: &str| edge.links.iter().any(|(_, link)| link.verdict == verdict);
    if any("broken") {
        "broken"
    } else if any("unknown") {
        "unknown"
    } else {
        "ok"
    }
}

/// A line in words: what it is, its verdict, and what each side says.
fn told(edge: &Edge<'_>) -> String {
    let mut lines = Vec::new();
    for (_, link) in &edge.links {
        let mut line = format!("{}: {}", links::name(link), tr(&super::verdict(link)));
        for (says, words) in [("the client says", &link.client_error), ("the server says", &link.server_error)] {
            if let Some(words) = words {
                // writing to a string cannot fail
                let _ = write!(line, "; {}: {words}", tr(says));
            }
        }
        lines.push(line);
    }
    lines.join(" — ")
}

/// The CA that signed what is shown, by its name.
fn signer(node: &NodeReport, authorities: &[&str], shown: &str) -> Option<usize> {
    let path = shown.split('#').next().unwrap_or(shown);
    let certificate = |path: &str| node.files.iter().find(|file| file.path == path)?.certificates.first();
    let issuer = &certificate(path)?.issuer;
    authorities.iter().position(|file| certificate(file).is_some_and(|ca| ca.subject == *issuer))
}

fn until<'r>(node: &'r NodeReport, file: &str) -> Option<&'r str> {
    let file = node.files.iter().find(|known| known.path == file)?;
    file.certificates.first().map(|certificate| certificate.not_after.as_str())
}
