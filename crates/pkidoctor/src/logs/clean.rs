//! Text out of a log that may be shown: no control characters, nothing that could be a key.

use super::find;

/// Stands for a character that is not shown.
const HIDDEN: char = '\u{fffd}';
/// Stands for what may be a secret.
const SECRET: &str = "[…]";
/// So long is a line of PEM, the shortest thing that is worth hiding.
const RUN: usize = 64;

/// Appends a character of a log, unless a terminal would obey it.
pub(super) fn push(out: &mut String, c: char) {
    match c {
        '\n' | '\r' | '\t' => out.push(' '),
        _ if obeyed(c) => out.push(HIDDEN),
        _ => out.push(c),
    }
}

/// Appends a text of a log, cleaned.
pub(super) fn push_str(out: &mut String, text: &str) {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        out.push_str(text);
    } else {
        text.chars().for_each(|c| push(out, c));
    }
}

/// Controls, and the format characters that turn or hide what stands beside them.
pub(super) fn obeyed(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// At most `limit` characters.
pub(super) fn clip(text: &str, limit: usize) -> &str {
    text.char_indices().nth(limit).map_or(text, |(end, _)| &text[..end])
}

/// Long runs of base64 (PEM bodies, tokens, data of kubeconfigs), and all that follows the head of a private key, are
/// left out. Paths stay: base64 has a slash in 64 characters, a path has one in ten.
pub(super) fn without_secrets(text: &str) -> String {
    let text = find::at(text, "PRIVATE KEY-----").map_or(text, |at| &text[..at]);
    if !has_long_run(text) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(base64) {
        let (before, from) = rest.split_at(start);
        let (run, after) = from.split_at(from.find(|c| !base64(c)).unwrap_or(from.len()));
        out.push_str(before);
        let slashes = run.bytes().filter(|byte| *byte == b'/').count();
        out.push_str(if run.len() >= RUN && slashes * 8 < run.len() { SECRET } else { run });
        rest = after;
    }
    out.push_str(rest);
    out
}

fn has_long_run(text: &str) -> bool {
    let mut run = 0;
    text.bytes().any(|byte| {
        run = if base64(char::from(byte)) { run + 1 } else { 0 };
        run >= RUN
    })
}

fn base64(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '-' | '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_tokens_are_hidden_and_paths_are_not() {
        let key = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj";
        assert_eq!(without_secrets(&format!("a {key} b")), "a […] b");
        assert_eq!(without_secrets("x -----BEGIN PRIVATE KEY-----\nMIIE"), "x -----BEGIN ");
        let path = "open /var/lib/rancher/rke2/server/tls/etcd/server-client/with/a/long/name/server.crt: no such file";
        assert_eq!(without_secrets(path), path);
    }
}
