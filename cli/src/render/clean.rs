//! Text from certificates and files may be hostile: nothing that moves a cursor or turns writing around
//! reaches a terminal.

use std::borrow::Cow;

/// The text with every control, bidirectional and invisible character spelled out: `\u{1b}`.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_unsafe(c) { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
    Cow::Owned(out)
}

/// Whether a terminal or a reader's eye could be deceived by it.
pub(crate) fn is_unsafe(c: char) -> bool {
    match c {
        ' '..='~' => false,
        // C0, DEL, C1
        _ if c.is_control() => true,
        // soft hyphen, Arabic letter mark, fillers, Mongolian separator
        '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{3164}'
        | '\u{ffa0}' => true,
        // zero width, direction marks, line separators, embeddings, isolates, invisible operators
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' => true,
        // variation selectors, byte order mark, annotations, tags
        '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}' => true,
        // blanks that are not the blank
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn plain_text_is_borrowed() {
        assert!(matches!(clean("CN=Zürich 東京, it's 9 o'clock"), std::borrow::Cow::Borrowed(_)));
    }

    #[test]
    fn what_deceives_is_spelled_out() {
        let hostile = "a\u{1b}]0;owned\u{7}\r\n\t\u{9b}31m\u{202e}gnp\u{200b}\u{feff}\u{e0041}\u{7f}";
        let shown = clean(hostile);
        assert_eq!(
            shown,
            "a\\u{1b}]0;owned\\u{7}\\u{d}\\u{a}\\u{9}\\u{9b}31m\\u{202e}gnp\\u{200b}\\u{feff}\\u{e0041}\\u{7f}"
        );
    }
}
