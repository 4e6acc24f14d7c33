//! Many lines: chunks, wrappers, times, bounds.

use proptest::prelude::*;
use time::OffsetDateTime;
use time::macros::{datetime, offset};

use pkidoctor::logs::{Event, Journal, MAX_EVENTS, MAX_KEPT, Own, Reader, Reason, Settings, Told, Urls, Writer};

use crate::logs::{NOW, journal};

/// Every real log, one behind the other.
fn all_real() -> Vec<u8> {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/logs");
    let mut names: Vec<_> =
        std::fs::read_dir(directory).expect("lists").map(|entry| entry.expect("an entry").path()).collect();
    names.sort();
    names.iter().flat_map(|path| std::fs::read(path).expect("reads")).collect()
}

fn in_chunks(bytes: &[u8], mut next: impl FnMut() -> usize) -> Journal {
    let mut reader = Reader::new(Settings::at(NOW));
    let source = reader.source("");
    let mut rest = bytes;
    while !rest.is_empty() {
        let (chunk, after) = rest.split_at(next().clamp(1, rest.len()));
        reader.feed(source, chunk);
        rest = after;
    }
    reader.finish()
}

#[test]
fn chunks_do_not_matter() {
    let bytes = all_real();
    let whole = journal("", &bytes);
    assert!(whole.events.len() > 20 && whole.facts.len() > 30, "{} {}", whole.events.len(), whole.facts.len());
    assert_eq!(in_chunks(&bytes, || 1), whole);
    let mut state = 7_u32;
    for _ in 0..5 {
        let random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as usize % 5000
        };
        assert_eq!(in_chunks(&bytes, random), whole);
    }
}

fn one(line: &str) -> Event {
    let mut read = journal("", line.as_bytes());
    assert_eq!(read.events.len(), 1, "{line}");
    read.events.remove(0)
}

const REJECTED: &str =
    r#"rejected connection from "192.168.6.11:55660" (error "remote error: tls: bad certificate", ServerName "")"#;

#[test]
fn wrappers_are_taken_off_in_any_nesting() {
    let inner = format!("2026-11-20 08:41:14.208723 I | embed: {REJECTED}");
    let escaped = inner.replace('"', "\\\"");
    let docker = format!(r#"{{"log":"{escaped}\n","stream":"stderr","time":"2026-11-20T08:41:15.5Z"}}"#);
    let journald = format!(
        r#"{{"__REALTIME_TIMESTAMP":"1795164075500000","SYSLOG_IDENTIFIER":"etcd","MESSAGE":"{escaped}","PRIORITY":"6"}}"#
    );
    let bytes: Vec<String> = inner.bytes().map(|byte| byte.to_string()).collect();
    let journald_bytes =
        format!(r#"{{"__REALTIME_TIMESTAMP":"1795164075500000","MESSAGE":[{}],"PRIORITY":"6"}}"#, bytes.join(","));
    let complete = datetime!(2026-11-20 08:41:15.5 UTC);
    let local = datetime!(2026-11-20 08:41:14.208723 UTC);
    for (line, time) in [
        (inner.clone(), local),
        (format!("2026-11-20T08:41:15.5Z stderr F {inner}"), complete),
        (format!("2026-11-20T16:41:15.5+08:00 stderr F {docker}"), complete),
        (docker.clone(), complete),
        (format!("Nov 20 08:41:15 cp1 dockerd[1]: {docker}"), complete),
        (journald, complete),
        (journald_bytes, complete),
        (format!("Nov 20 08:41:15 cp1 etcd[9508]: {REJECTED}"), datetime!(2026-11-20 08:41:15 UTC)),
        // the year is certain in the inner one only
        (format!("Nov 20 08:41:15 cp1 etcd[9508]: {inner}"), local),
        (format!("2026-11-20T08:41:15.5+0000 cp1 etcd[9508]: {REJECTED}"), complete),
        (format!("Fri 2026-11-20 08:41:15.5 UTC cp1 etcd[9508]: {REJECTED}"), complete),
        (format!("[pod/etcd-cp1/etcd] 2026-11-20T08:41:15.5Z {REJECTED}"), complete),
    ] {
        let event = one(&line);
        assert_eq!(event.row.id, "etcd-client-bad-certificate", "{line}");
        assert_eq!(event.first.time, Some(time), "{line}");
        assert_eq!(event.remote.as_deref(), Some("192.168.6.11"), "{line}");
        assert_eq!(event.remote_ports, [55660], "{line}");
        assert_eq!(event.server_name.as_deref(), Some(""), "{line}");
        assert_eq!(event.writer, Writer::Etcd, "{line}");
    }
}

#[test]
fn years_and_zones_that_are_left_out_come_from_the_reader() {
    let settings = Settings { zone: offset!(+8), ..Settings::at(datetime!(2027-01-02 00:00 UTC)) };
    let mut reader = Reader::new(settings);
    let source = reader.source("kube-apiserver.log");
    reader.feed(source, b"E1231 23:00:00.5   1 authentication.go:53] Unable to authenticate the request due to an error: invalid bearer token\n");
    reader.feed(source, b"Error: tls: private key does not match public key\n");
    let read = reader.finish();
    let time = datetime!(2026-12-31 15:00:00.5 UTC);
    assert_eq!(read.events[0].first.time, Some(time));
    assert_eq!(read.events[1].first.time, Some(time), "of the line before");
    assert_eq!((read.sources[0].first, read.sources[0].last), (Some(time), Some(time)));
}

#[test]
fn the_time_of_the_line_before_is_found_however_far_it_is() {
    let mut text = String::from("2026-11-23T03:00:00Z something else\n");
    text.push_str(&"no time here\n".repeat(20_000));
    text.push_str("Error: tls: private key does not match public key\n");
    let read = journal("", text.as_bytes());
    assert_eq!(read.events[0].first.time, Some(datetime!(2026-11-23 03:00 UTC)));
    assert_eq!(read.events[0].first.line, 20_002);
    assert_eq!(in_chunks(text.as_bytes(), || 100), read);
}

#[test]
fn parts_of_a_line_are_joined() {
    let (head, tail) = REJECTED.split_at(60);
    let text = format!(
        "2026-11-20T08:41:15.5Z stderr P {head}\n2026-11-20T08:41:15.6Z stdout F between\n2026-11-20T08:41:15.7Z stderr F {tail}\n"
    );
    let read = journal("", text.as_bytes());
    assert_eq!(read.events.len(), 1, "{read:?}");
    assert_eq!(read.events[0].row.id, "etcd-client-bad-certificate");
    assert_eq!(read.events[0].first.time, Some(datetime!(2026-11-20 08:41:15.5 UTC)));
    // a part without an end is a line
    let read = journal("", format!("2026-11-20T08:41:15.5Z stderr P {REJECTED}\n").as_bytes());
    assert_eq!(read.events.len(), 1, "{read:?}");
}

#[test]
fn older_lines_are_left_out() {
    let at = |second: u32| format!("2026-11-23 03:00:{second:02}.000000 I | embed: {REJECTED}\n");
    let text: String = (0..10).map(at).collect();
    let mut reader = Reader::new(Settings { since: Some(datetime!(2026-11-23 03:00:04 UTC)), ..Settings::at(NOW) });
    let source = reader.source("");
    reader.feed(source, text.as_bytes());
    let read = reader.finish();
    assert_eq!((read.events[0].count, read.unknown), (6, 4));
    assert_eq!(read.events[0].first.line, 5);
}

#[test]
fn the_doctors_own_connections_are_counted_apart() {
    let own = Own { port: 55660, from: datetime!(2026-11-23 03:00:10 UTC), to: datetime!(2026-11-23 03:00:11 UTC) };
    let mut reader = Reader::new(Settings { ours: vec![own], ..Settings::at(NOW) });
    let source = reader.source("");
    for second in [5, 8, 10, 13, 14] {
        reader.feed(source, format!("2026-11-23 03:00:{second:02}.000000 I | embed: {REJECTED}\n").as_bytes());
    }
    reader.feed(
        source,
        format!("2026-11-23 03:00:10.000000 I | embed: {}\n", REJECTED.replace("55660", "55661")).as_bytes(),
    );
    let read = reader.finish();
    assert_eq!(read.ours, 3, "two seconds around");
    assert_eq!(read.events.iter().map(|event| event.count).sum::<u64>(), 3);
    assert_eq!(read.events[0].remote_ports, [55660, 55661]);
}

#[test]
fn equal_lines_are_one_event_and_different_ones_are_not() {
    let line = |port: u32, host: &str, after: &str| {
        format!(
            "2026-11-23 03:00:{:02}.000000 I | embed: rejected connection from \"{host}:{port}\" (error \"x509: certificate has expired or is not yet valid: current time 2026-11-23T03:00:{:02}Z is after {after}\", ServerName \"\")\n",
            port % 60,
            port % 60
        )
    };
    let mut text: String = (40_000..40_100).map(|port| line(port, "10.0.0.1", "2026-10-19T03:28:45Z")).collect();
    text.push_str(&line(50_000, "10.0.0.2", "2026-10-19T03:28:45Z"));
    text.push_str(&line(50_000, "10.0.0.1", "2026-10-20T03:28:45Z"));
    let read = journal("", text.as_bytes());
    let counts: Vec<u64> = read.events.iter().map(|event| event.count).collect();
    assert_eq!(read.events.len(), 3, "{counts:?}");
    let first = read.events.iter().find(|event| event.count == 100).expect("the hundred");
    assert_eq!(first.remote_ports, (40_000..40_016).collect::<Vec<u16>>());
    assert_eq!((first.first.line, first.last.line), (1, 100));
    assert!(
        matches!(first.reason, Reason::Expired { now: Some(_), after: Some(after) } if after == datetime!(2026-10-19 03:28:45 UTC))
    );
}

#[test]
fn there_is_a_bound_on_everything() {
    // more different events than are kept
    let mut text = String::new();
    for host in 0..5000 {
        text.push_str(&REJECTED.replace("192.168.6.11", &format!("10.0.{}.{}", host / 250, host % 250)));
        text.push('\n');
    }
    let read = journal("", text.as_bytes());
    assert_eq!(read.events.len(), MAX_EVENTS);
    assert_eq!(read.dropped, 5000 - MAX_EVENTS as u64);
    // a line without an end
    let mut long = REJECTED.as_bytes().to_vec();
    long.resize(300_000, b'x');
    let read = journal("", &long);
    assert_eq!((read.cut, read.events.len()), (1, 1));
    assert!(read.events[0].example.chars().count() <= 1000);
    // nothing but garbage
    let garbage: Vec<u8> = (0..200_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    assert_eq!(journal("", &garbage).events, []);
}

#[test]
fn facts_tell_addresses_files_and_starts() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/logs/35-client-expired.etcd.log");
    let read = journal(path, &std::fs::read(path).expect("reads"));
    let told = |what: &Told| read.facts.iter().any(|fact| fact.what == *what);
    let urls = |of, url: &str| Told::Urls { of, urls: vec![url.to_owned()] };
    assert!(told(&Told::Started { version: Some("3.5.30".to_owned()) }));
    assert!(told(&Told::Go("go1.26.4".to_owned())));
    assert!(told(&Told::Name("pi-master1".to_owned())));
    assert!(told(&urls(Urls::ListenClient, "https://127.0.0.1:22379")));
    assert!(told(&urls(Urls::AdvertisePeer, "https://127.0.0.1:22380")));
    assert!(told(&Told::Ready) && told(&Told::Stopping) && told(&Told::LeaderElected));
    let files = read.facts.iter().find_map(|fact| match &fact.what {
        Told::Files { port, cert, trusted_ca, client_cert_auth, .. } if port.name() == "etcd-client" => {
            Some((cert.as_str(), trusted_ca.as_str(), *client_cert_auth))
        }
        _ => None,
    });
    assert_eq!(files, Some(("/etc/kubernetes/pki/etcd/server.crt", "/etc/kubernetes/pki/etcd/ca.crt", true)));
    let starts = read.starts(read.facts[0].source);
    assert_eq!(starts, [datetime!(2026-11-23 03:29:58.065_326 UTC)]);
    let path =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/logs/apiserver-120-client-certificates-refused.log");
    let read = journal(path, &std::fs::read(path).expect("reads"));
    let told = |what: &Told| read.facts.iter().any(|fact| fact.what == *what);
    assert!(told(&urls(Urls::Own, "192.168.6.11")) && told(&urls(Urls::Serving, "127.0.0.1:36443")));
    let paths = vec!["k/pki/apiserver.crt".to_owned(), "k/pki/apiserver.key".to_owned()];
    assert!(told(&Told::Watched { role: "serving-cert".to_owned(), paths }));
}

/// No string of an event may hold anything that a terminal obeys.
fn assert_clean(event: &Event) {
    // Debug would escape them, so the strings are looked at one by one
    let mut strings = vec![event.error.as_str(), event.example.as_str()];
    strings.extend(
        [&event.remote, &event.target, &event.server_name, &event.member].into_iter().flatten().map(String::as_str),
    );
    if let Some(names) = &event.names {
        strings.extend(names.addresses.iter().chain(&names.dns).map(String::as_str));
    }
    if let Some(ids) = &event.certificate {
        strings.extend([&ids.serial, &ids.skid, &ids.akid].into_iter().flatten().map(String::as_str));
    }
    let reason = format!("{:?}", event.reason);
    assert!(!reason.contains("\\u{") && !reason.contains("\\x"), "{reason}");
    for text in strings {
        assert!(!text.chars().any(char::is_control), "{text:?}");
    }
    assert!(event.remote_ports.len() <= 16 && event.example.chars().count() <= 1000);
}

#[test]
fn escape_sequences_and_keys_do_not_come_through() {
    let event = one(
        "etcd: rejected connection from \"1.2.3.4:5\" (error \"remote error: tls: bad certificate\x1b[31m\", ServerName \"\x07\u{202e}\")",
    );
    assert_clean(&event);
    assert!(event.example.contains('\u{fffd}'));
    let json = r#"{"level":"warn","msg":"rejected connection","remote-addr":"1.2.3.4:5","server-name":"\u001b]0;x\u0007","error":"open /a\u001b[2J/b: no such file or directory"}"#;
    assert_clean(&one(json));
    let key = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj";
    let event =
        one(&format!("Error: tls: private key does not match public key: -----BEGIN RSA PRIVATE KEY-----\\n{key}"));
    assert!(!format!("{event:?}").contains("MIIEvQ"), "{event:?}");
    let event = one(&format!(
        "Unable to connect to the server: x509: certificate signed by unknown authority (client-key-data: {key}{key})"
    ));
    assert!(!format!("{event:?}").contains("MIIEvQ"), "{event:?}");
}

/// Lines of real logs and of the table.
fn telling_lines() -> Vec<Vec<u8>> {
    let real = all_real();
    let real = real.split(|byte| *byte == b'\n').map(<[u8]>::to_vec);
    real.chain(pkidoctor::logs::rows().map(|row| row.example.as_bytes().to_vec()))
        .filter(|line| !line.is_empty())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn flipped_bytes_never_panic_and_never_reach_a_terminal(
        seed in any::<prop::sample::Index>(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        cut in any::<prop::sample::Index>(),
    ) {
        let lines = telling_lines();
        let mut line = seed.get(&lines).clone();
        for (at, byte) in flips {
            let at = at.index(line.len());
            line[at] = byte;
        }
        line.truncate(cut.index(line.len() * 2).max(1));
        line.push(b'\n');
        let read = journal("", &line);
        read.events.iter().for_each(assert_clean);
        prop_assert_eq!(in_chunks(&line, || 7), read);
    }
}

#[test]
fn nothing_else_is_asked_of_an_empty_reader() {
    let mut reader = Reader::new(Settings::at(OffsetDateTime::UNIX_EPOCH));
    let source = reader.source("etcd.log");
    reader.feed(source, b"");
    reader.end(source);
    let read = reader.finish();
    assert_eq!((read.sources.len(), read.unknown, read.sources[0].lines), (1, 0, 0));
    assert_eq!(read.sources[0].first, None);
}

/// Long lines that differ: few of them are kept, all are counted.
#[test]
fn what_is_kept_is_bounded_in_bytes() {
    let line = |number: usize| {
        let names = "a".repeat(20_000);
        format!(
            "{{\"level\":\"warn\",\"ts\":\"2026-11-23T03:00:00Z\",\"caller\":\"embed/config_logging.go:287\",\"msg\":\"rejected connection on client endpoint\",\"remote-addr\":\"10.0.0.1:40000\",\"server-name\":\"{number}.{names}\",\"error\":\"EOF\"}}\n"
        )
    };
    let text: String = (0..1000).map(line).collect();
    let read = journal("", text.as_bytes());
    let length = line(0).len();
    assert!(read.events.len() > 300 && read.events.len() * length <= MAX_KEPT, "{}", read.events.len());
    assert_eq!(read.events.iter().map(|event| event.count).sum::<u64>() + read.dropped, 1000);
}

/// A key that somebody put where a name belongs is no name.
#[test]
fn fields_hold_no_secrets() {
    let key = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKjMzEfYyjiWA4R4";
    let line = format!(
        "{{\"level\":\"warn\",\"ts\":\"2026-11-23T03:00:00Z\",\"caller\":\"embed/config_logging.go:287\",\"msg\":\"rejected connection on client endpoint\",\"remote-addr\":\"10.0.0.1:40000\",\"server-name\":\"{key}\",\"ip-addresses\":[\"{key}\"],\"dns-names\":[\"{key}\"],\"error\":\"tls: {key}\"}}\n"
    );
    let read = journal("", line.as_bytes());
    assert_eq!(read.events.len(), 1);
    assert!(!format!("{read:?}").contains(&key[..40]), "{read:#?}");
}
