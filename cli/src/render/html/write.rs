//! HTML in the making: what comes from a report goes through `text`, what we wrote ourselves through `raw`.

use base64ct::{Base64, Encoding as _};
use sha2::{Digest as _, Sha256};

use crate::language::tr;
use crate::render::clean::clean;

/// A page.
pub(super) struct Html {
    page: String,
}

impl Html {
    pub(super) fn new() -> Self {
        Self { page: String::with_capacity(64 * 1024) }
    }

    pub(super) fn into_text(self) -> String {
        self.page
    }

    /// Markup of our own: never anything that was read.
    pub(super) fn raw(&mut self, markup: &str) {
        self.page.push_str(markup);
    }

    /// Text, whatever it holds; it may stand in an attribute between double quotes, too.
    pub(super) fn text(&mut self, text: &str) {
        self.name(&tr(text));
    }

    /// A name, which is the same in every language.
    fn name(&mut self, name: &str) {
        for c in clean(name).chars() {
            match c {
                '&' => self.page.push_str("&amp;"),
                '<' => self.page.push_str("&lt;"),
                '>' => self.page.push_str("&gt;"),
                '"' => self.page.push_str("&quot;"),
                '\'' => self.page.push_str("&#39;"),
                c => self.page.push(c),
            }
        }
    }

    /// A path, a subject or the name of a link: lines break behind a slash or comma and before an arrow, in no word.
    pub(super) fn place(&mut self, place: &str) {
        for (at, part) in place.split("->").enumerate() {
            self.raw(if at == 0 { "" } else { "<wbr><span class=\"arrow\">-&gt;</span>" });
            for piece in part.split_inclusive(['/', ',']) {
                self.name(piece);
                self.raw(if piece.ends_with(['/', ',']) { "<wbr>" } else { "" });
            }
        }
    }

    /// `<name attributes>text</name>`, where the attributes are our own.
    pub(super) fn element(&mut self, name: &str, attributes: &str, text: &str) {
        self.raw("<");
        self.raw(name);
        if !attributes.is_empty() {
            self.raw(" ");
            self.raw(attributes);
        }
        self.raw(">");
        self.text(text);
        self.raw("</");
        self.raw(name);
        self.raw(">\n");
    }
}

/// The digest by which a content security policy admits an inline style or script (CSP Level 3, section 2.3.1).
pub(super) fn digest(source: &str) -> String {
    Base64::encode_string(&Sha256::digest(source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_was_read_is_markup() {
        let mut html = Html::new();
        html.element("p", "", "<script>alert('1')</script>\"&\u{1b}[2J\u{202e}");
        assert_eq!(
            html.into_text(),
            "<p>&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot;&amp;\\u{1b}[2J\\u{202e}</p>\n"
        );
        let mut html = Html::new();
        html.place("a->b/<c>");
        assert_eq!(html.into_text(), "a<wbr><span class=\"arrow\">-&gt;</span>b/<wbr>&lt;c&gt;");
    }
}
