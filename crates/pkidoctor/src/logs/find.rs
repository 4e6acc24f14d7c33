//! Words in a text, found with vectors: a line is asked for a hundred of them.

/// Where the words begin.
pub(super) fn at(text: &str, words: &str) -> Option<usize> {
    memchr::memmem::find(text.as_bytes(), words.as_bytes())
}

/// Whether the words are there.
pub(super) fn has(text: &str, words: &str) -> bool {
    at(text, words).is_some()
}

/// What follows the words.
pub(super) fn after<'t>(text: &'t str, words: &str) -> Option<&'t str> {
    at(text, words).map(|at| &text[at + words.len()..])
}

/// What stands between two of them.
pub(super) fn between<'t>(text: &'t str, from: &str, to: &str) -> Option<&'t str> {
    after(text, from).and_then(|rest| at(rest, to).map(|end| &rest[..end]))
}
