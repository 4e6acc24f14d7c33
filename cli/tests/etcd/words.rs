//! Lines of a log, made comparable.

/// The text without the instant that an expiry names, which is another one each time.
pub(crate) fn timeless(text: &str) -> String {
    replaced(text, "current time ", ' ', "NOW")
}

/// The text without the client's address, which is another one for each client.
pub(crate) fn anonymous(text: &str) -> String {
    let text = replaced(text, "rejected connection from \"", '"', "CLIENT");
    replaced(&text, "\"remote-addr\":\"", '"', "CLIENT")
}

/// Puts `new` in place of what stands between `before` and `end`, everywhere.
fn replaced(text: &str, before: &str, end: char, new: &str) -> String {
    let mut parts = text.split(before);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.find(end).map_or("", |at| &part[at..]);
        out += before;
        out += new;
        out += rest;
    }
    out
}

/// What x509 said, without the words that Go's packages put before it in some versions.
pub(crate) fn complaint(text: &str) -> &str {
    let tail = text.find("x509: ").map_or(text, |at| &text[at..]);
    // advice that came and went
    tail.split(", use SANs").next().unwrap_or(tail)
}

/// The lines in which a member says that it turned somebody away.
pub(crate) fn rejections(log: &str) -> String {
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("rejected connection")).collect();
    lines.join("\n")
}

#[test]
fn only_what_must_differ_is_masked() {
    let line = r#"rejected connection from "127.0.0.1:7" (error "current time 2026-11-23T10:00:00Z is after B")"#;
    let masked = r#"rejected connection from "CLIENT" (error "current time NOW is after B")"#;
    assert_eq!(anonymous(&timeless(line)), masked);
    assert_eq!(anonymous(r#""remote-addr":"[::1]:7","server-name":"""#), r#""remote-addr":"CLIENT","server-name":"""#);
    assert_eq!(complaint("tls: failed to verify certificate: x509: no"), "x509: no");
}
