//! A page of text: every string is cleaned on its way in, wrapped to the paper's width, perhaps in colour.

pub(crate) use anstyle::Style;
use anstyle::{AnsiColor, Color};
use unicode_width::UnicodeWidthStr as _;

use super::clean::clean;
use crate::language::tr;

/// After these, which are as wide as two characters, no blank follows.
const FULL_STOPS: [char; 6] = ['，', '。', '；', '：', '、', '）'];

/// What is written on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Paper {
    /// Whether it takes colour.
    pub(crate) color: bool,
    /// Columns.
    pub(crate) width: usize,
}

pub(crate) const PLAIN: Style = Style::new();
pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const RED: Style = color(AnsiColor::Red).bold();
pub(crate) const YELLOW: Style = color(AnsiColor::Yellow).bold();
pub(crate) const GREEN: Style = color(AnsiColor::Green).bold();
pub(crate) const CYAN: Style = color(AnsiColor::Cyan);

const fn color(color: AnsiColor) -> Style {
    Style::new().fg_color(Some(Color::Ansi(color)))
}

/// Words of one style.
pub(crate) type Span<'t> = (Style, &'t str);

/// Text in the making.
pub(crate) struct Page {
    paper: Paper,
    text: String,
}

impl Page {
    /// An empty page.
    pub(crate) fn new(paper: Paper) -> Self {
        Self { paper, text: String::new() }
    }

    /// What stands on it.
    pub(crate) fn into_text(self) -> String {
        self.text
    }

    /// An empty line, unless there is one or the page is empty.
    pub(crate) fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// Words, wrapped; further lines hang `hang` columns deep.
    pub(crate) fn wrapped(&mut self, indent: usize, hang: usize, spans: &[Span<'_>]) {
        let mut column = 0;
        self.indent(&mut column, indent);
        let mut fresh = true;
        for (style, text) in spans {
            let text = tr(text);
            for word in clean(&text).split(' ').filter(|word| !word.is_empty()) {
                for (at, part) in breakable(word).into_iter().enumerate() {
                    let blank = usize::from(at == 0 && !fresh && !self.text.ends_with(FULL_STOPS));
                    let wide = part.width();
                    if !fresh && column + blank + wide > self.paper.width {
                        self.text.push('\n');
                        column = 0;
                        self.indent(&mut column, hang);
                    } else if blank > 0 {
                        self.text.push(' ');
                        column += 1;
                    }
                    self.styled(*style, part);
                    column += wide;
                    fresh = false;
                }
            }
        }
        self.text.push('\n');
    }

    /// `label  text`, the text wrapped in its own column of which `label_width` columns are the label's.
    pub(crate) fn labelled(&mut self, indent: usize, label: Span<'_>, label_width: usize, text: Span<'_>) {
        let name = clean(&tr(label.1)).into_owned();
        // a long label stands alone rather than pushing the text to the edge
        let place = if self.paper.width < indent + label_width + 30 { indent + 2 } else { indent + label_width + 2 };
        let mut column = 0;
        self.indent(&mut column, indent);
        self.styled(label.0, &name);
        column += name.width();
        if column + 2 > place {
            self.text.push('\n');
            column = 0;
        }
        let blanks = place - column;
        self.indent(&mut column, blanks);
        let rest = self.text.len();
        self.wrapped(place, place, &[text]);
        // `wrapped` indents its first line, which has been done already
        self.text.replace_range(rest..rest + place, "");
    }

    /// Short cells side by side, then text wrapped in the column that is left.
    pub(crate) fn columns(&mut self, indent: usize, cells: &[(Span<'_>, usize)], text: Span<'_>) {
        let mut column = 0;
        self.indent(&mut column, indent);
        for ((style, cell), wide) in cells {
            let cell = tr(cell);
            let cell = clean(&cell);
            self.styled(*style, &cell);
            let blanks = wide.saturating_sub(cell.width()) + 2;
            self.indent(&mut column, blanks);
        }
        let place = indent + cells.iter().map(|(_, wide)| wide + 2).sum::<usize>();
        let rest = self.text.len();
        self.wrapped(place, place, &[text]);
        // `wrapped` indents its first line, which has been done already
        self.text.replace_range(rest..rest + place, "");
    }

    /// Cells side by side, each padded to its width, never wrapped.
    pub(crate) fn row(&mut self, indent: usize, cells: &[(Span<'_>, usize)]) {
        let mut column = 0;
        self.indent(&mut column, indent);
        for (at, ((style, text), wide)) in cells.iter().enumerate() {
            let text = tr(text);
            let text = clean(&text);
            self.styled(*style, &text);
            if at + 1 < cells.len() {
                let blanks = wide.saturating_sub(text.width()) + 2;
                self.indent(&mut column, blanks);
            }
        }
        self.text.push('\n');
    }

    /// A command, on a line of its own and never broken, so that it can be copied.
    pub(crate) fn command(&mut self, indent: usize, command: &str) {
        let mut column = 0;
        self.indent(&mut column, indent);
        self.styled(BOLD, &clean(command));
        self.text.push('\n');
    }

    fn indent(&mut self, column: &mut usize, blanks: usize) {
        self.text.extend(std::iter::repeat_n(' ', blanks));
        *column += blanks;
    }

    fn styled(&mut self, style: Style, text: &str) {
        use std::fmt::Write as _;
        if self.paper.color && style != PLAIN {
            // writing to a string cannot fail
            let _ = write!(self.text, "{style}{text}{style:#}");
        } else {
            self.text.push_str(text);
        }
    }
}

/// Where a word may be broken: Chinese has no blanks, and may be broken before any character that opens something new.
fn breakable(word: &str) -> Vec<&str> {
    use unicode_width::UnicodeWidthChar as _;
    let is_wide = |c: char| c.width() == Some(2);
    let mut parts = Vec::new();
    let (mut start, mut before) = (0, None);
    for (at, c) in word.char_indices() {
        let may_break = before.is_some_and(|before| (is_wide(c) || is_wide(before)) && before != '（');
        if may_break && !FULL_STOPS.contains(&c) {
            parts.push(&word[start..at]);
            start = at;
        }
        before = Some(c);
    }
    parts.push(&word[start..]);
    parts
}

/// Columns of the widest of these, as they will be shown, up to a limit.
pub(crate) fn widest<'t>(texts: impl Iterator<Item = &'t str>, limit: usize) -> usize {
    texts.map(|text| clean(&tr(text)).width()).max().unwrap_or_default().min(limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(width: usize) -> Page {
        Page::new(Paper { color: false, width })
    }

    #[test]
    fn words_wrap_and_hang() {
        let mut page = page(40);
        page.wrapped(0, 4, &[(PLAIN, "one two three four five six seven eight nine"), (RED, "ten")]);
        assert_eq!(page.into_text(), "one two three four five six seven eight\n    nine ten\n");
    }

    #[test]
    fn chinese_breaks_between_characters_and_not_before_a_stop() {
        let mut page = page(40);
        page.wrapped(
            0,
            2,
            &[(PLAIN, "证书"), (PLAIN, "在各节点上不是同一个 CA：请先备份，然后把它复制到其他节点。"), (PLAIN, "next")],
        );
        let text = page.into_text();
        assert_eq!(text, "证书 在各节点上不是同一个 CA：请先备份，\n  然后把它复制到其他节点。next\n");
        assert!(text.lines().all(|line| line.width() <= 40));
    }

    #[test]
    fn labels_stand_beside_their_text() {
        let mut page = page(60);
        page.labelled(
            2,
            (PLAIN, "names"),
            8,
            (PLAIN, "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda"),
        );
        page.labelled(2, (PLAIN, "much too long"), 8, (PLAIN, "alpha"));
        let expected = "  names     alpha beta gamma delta epsilon zeta eta theta\n            iota kappa lambda\n  much too long\n            alpha\n";
        assert_eq!(page.into_text(), expected);
    }

    #[test]
    fn nothing_raw_gets_through() {
        let mut page = Page::new(Paper { color: true, width: 80 });
        page.wrapped(0, 0, &[(PLAIN, "a\u{1b}[2Jb\nc")]);
        page.row(0, &[((PLAIN, "\u{202e}x"), 4)]);
        page.labelled(0, (PLAIN, "\u{7}"), 6, (PLAIN, "\u{9b}"));
        let text = page.into_text();
        assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{7}', '\u{9b}']), "{text:?}");
        assert_eq!(text.lines().count(), 3);
    }
}
