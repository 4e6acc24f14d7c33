//! `net/url.Parse` as far as certificates meet it: a URI that it refuses makes the certificate unparsable.
//!
//! Source: Go `net/url/url.go`, 1.19 to 1.27.

use std::net::IpAddr;

use super::quote::quote;
use super::version::GoVersion;

/// What part of a URI is unescaped.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Host,
    Zone,
    Other,
}

/// The authority's host with its port (`url.URL.Host`), empty where there is none.
///
/// # Errors
/// Go's `url.Error`: `parse "…": reason`.
pub(crate) fn host(uri: &str, go: GoVersion) -> Result<String, String> {
    let (whole, fragment) = uri.split_once('#').unwrap_or((uri, ""));
    let host = parse(whole, go).map_err(|reason| format!("parse {}: {reason}", quote(whole)))?;
    check_escapes(fragment, Part::Other).map_err(|reason| format!("parse {}: {reason}", quote(uri)))?;
    Ok(host)
}

fn parse(uri: &str, go: GoVersion) -> Result<String, String> {
    if uri.bytes().any(|byte| byte < 0x20 || byte == 0x7f) {
        return Err("net/url: invalid control character in URL".to_owned());
    }
    if uri == "*" {
        return Ok(String::new());
    }
    let (scheme, rest) = split_scheme(uri)?;
    let rest = rest.split('?').next().unwrap_or_default();
    if !rest.starts_with('/') {
        let segment = rest.split('/').next().unwrap_or_default();
        if !scheme.is_empty() {
            return Ok(String::new());
        }
        if segment.contains(':') {
            return Err("first path segment in URL cannot contain colon".to_owned());
        }
        check_escapes(rest, Part::Other)?;
        return Ok(String::new());
    }
    let authority = rest.strip_prefix("//").filter(|_| !scheme.is_empty() || !rest.starts_with("///"));
    let Some(authority) = authority else {
        check_escapes(rest, Part::Other)?;
        return Ok(String::new());
    };
    let (authority, path) = authority.split_at(authority.find('/').unwrap_or(authority.len()));
    let host = parse_authority(scheme, authority, go)?;
    check_escapes(path, Part::Other)?;
    Ok(host)
}

/// `getScheme`; the scheme in lower case.
fn split_scheme(uri: &str) -> Result<(&'static str, &str), String> {
    for (at, byte) in uri.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if at > 0 => {}
            b':' if at == 0 => return Err("missing protocol scheme".to_owned()),
            b':' => {
                // only these two are ever asked for
                let scheme = match uri[..at].to_ascii_lowercase().as_str() {
                    "http" | "https" => "http",
                    _ => "other",
                };
                return Ok((scheme, &uri[at + 1..]));
            }
            _ => break,
        }
    }
    Ok(("", uri))
}

fn parse_authority(scheme: &str, authority: &str, go: GoVersion) -> Result<String, String> {
    let Some((user, host)) = authority.rsplit_once('@') else { return parse_host(scheme, authority, go) };
    let parsed = parse_host(scheme, host, go)?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(c);
    if !user.chars().all(allowed) {
        return Err("net/url: invalid userinfo".to_owned());
    }
    check_escapes(user, Part::Other)?;
    Ok(parsed)
}

fn parse_host(scheme: &str, host: &str, go: GoVersion) -> Result<String, String> {
    match host.rfind('[') {
        Some(open) if open > 0 && go >= GoVersion::minor(26) => return Err("invalid IP-literal".to_owned()),
        // 1.24 and 1.25 take any bracket for the start of a literal
        Some(open) if open == 0 || (24..=25).any(|minor| go == GoVersion::minor(minor)) => {
            return bracketed(&host[open..], go);
        }
        _ => {}
    }
    let first = host.find(':').filter(|_| go >= GoVersion::minor(26) && scheme == "http");
    if let Some(colon) = first.or_else(|| host.rfind(':')) {
        check_port(&host[colon..])?;
    }
    unescape(host, Part::Host)
}

fn bracketed(host: &str, go: GoVersion) -> Result<String, String> {
    let Some(close) = host.rfind(']') else { return Err("missing ']' in host".to_owned()) };
    let port = &host[close + 1..];
    check_port(port)?;
    let inner = &host[1..close];
    let unescaped = match inner.find("%25") {
        Some(zone) => format!("{}{}", unescape(&inner[..zone], Part::Host)?, unescape(&inner[zone..], Part::Zone)?),
        None => unescape(inner, Part::Host)?,
    };
    if go >= GoVersion::minor(24) {
        let address = unescaped.split_once('%').map_or(unescaped.as_str(), |(address, _)| address);
        match address.parse() {
            Ok(IpAddr::V6(_)) => {}
            Ok(IpAddr::V4(_)) => return Err("invalid IP-literal".to_owned()),
            Err(_) => return Err(format!("invalid host: ParseAddr({}): unable to parse IP", quote(&unescaped))),
        }
    }
    Ok(format!("[{unescaped}]{port}"))
}

fn check_port(port: &str) -> Result<(), String> {
    let fine =
        port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()));
    if fine { Ok(()) } else { Err(format!("invalid port {} after host", quote(port))) }
}

fn check_escapes(text: &str, part: Part) -> Result<(), String> {
    unescape(text, part).map(drop)
}

/// `unescape`; bytes above ASCII come out as replacement characters, which no name check lets pass.
fn unescape(text: &str, part: Part) -> Result<String, String> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte != b'%' {
            if part != Part::Other && byte.is_ascii() && !allowed_in_host(byte) {
                return Err(format!("invalid character {} in host name", quote(&char::from(byte).to_string())));
            }
            out.push(byte);
            at += 1;
            continue;
        }
        let digits = bytes.get(at + 1).zip(bytes.get(at + 2)).and_then(|(high, low)| Some((hex(*high)?, hex(*low)?)));
        let shown = || text.get(at..(at + 3).min(text.len())).unwrap_or("%").to_owned();
        let Some((high, low)) = digits else { return Err(format!("invalid URL escape {}", quote(&shown()))) };
        let value = high << 4 | low;
        let refused = match part {
            Part::Host => high < 8 && shown() != "%25",
            Part::Zone => shown() != "%25" && value != b' ' && value.is_ascii() && !allowed_in_host(value),
            Part::Other => false,
        };
        if refused {
            return Err(format!("invalid URL escape {}", quote(&shown())));
        }
        out.push(value);
        at += 3;
    }
    Ok(String::from_utf8_lossy(&out).into_owned())
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// `shouldEscape` of a host, turned round.
fn allowed_in_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:[]<>\"".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host_of(uri: &str) -> Result<String, String> {
        host(uri, GoVersion::NEWEST)
    }

    #[test]
    fn hosts() {
        assert_eq!(host_of("spiffe://cluster.local/ns/x").as_deref(), Ok("cluster.local"));
        assert_eq!(host_of("urn:a:b").as_deref(), Ok(""));
        assert_eq!(host_of("https://u:p@h:8443/x?y#z").as_deref(), Ok("h:8443"));
        assert_eq!(host_of("https://[fd00::1]:1/").as_deref(), Ok("[fd00::1]:1"));
        assert_eq!(host_of("/a/b").as_deref(), Ok(""));
    }

    #[test]
    fn refusals() {
        let cases = [
            ("http://host/%zz", "parse \"http://host/%zz\": invalid URL escape \"%zz\""),
            (":x", "parse \":x\": missing protocol scheme"),
            ("https://h:x/", "parse \"https://h:x/\": invalid port \":x\" after host"),
            ("http://a b/", "parse \"http://a b/\": invalid character \" \" in host name"),
            ("http://[::1", "parse \"http://[::1\": missing ']' in host"),
            ("a:b\u{7f}", "parse \"a:b\\x7f\": net/url: invalid control character in URL"),
            ("http://h/#%x", "parse \"http://h/#%x\": invalid URL escape \"%x\""),
        ];
        for (uri, text) in cases {
            assert_eq!(host_of(uri).as_ref().err().map(String::as_str), Some(text), "{uri}");
        }
    }
}
