//! `diagnose` as it is typed: ages, pipes, machine-readable lines, logs that grow.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::schema::{valid, validator};
use crate::support::{NOW, Ward, finish, testdata};

const STORY: &str = "story/etcd.log";

/// One refused handshake at an instant.
fn refused(at: &str) -> String {
    format!(
        "{at} I | embed: rejected connection from \"192.168.6.11:55660\" (error \"remote error: tls: bad certificate\", ServerName \"\")\n"
    )
}

/// How many log lines the events of a report stand for.
fn lines_of(report: &serde_json::Value) -> u64 {
    report["events"].as_array().expect("events").iter().map(|event| event["count"].as_u64().expect("a count")).sum()
}

#[test]
fn older_lines_are_left_out() {
    let ward = Ward::new();
    let text = refused("2026-11-22 03:00:00.000000") + &refused("2026-11-23 03:30:00.000000");
    std::fs::write(ward.path("etcd.log"), text).expect("writes");
    let count = |more: &[&str], code| {
        let words = [&["diagnose", "etcd.log", "--no-pki", "--format", "json", "--at", NOW], more].concat();
        lines_of(&ward.run(&words).code(code).json())
    };
    assert_eq!(count(&[], 1), 2);
    assert_eq!(count(&["--since", "2h"], 1), 1);
    assert_eq!(count(&["--since", "2026-11-23T03:30:01Z"], 0), 0);
    // the line's clock is an hour ahead of ours
    assert_eq!(count(&["--since", "2026-11-23T02:30:01Z", "--zone", "+01:00"], 0), 0);
    assert_eq!(count(&["--since", "2026-11-23T02:29:59Z", "--zone", "+01:00"], 1), 1);
    ward.run(&["diagnose", "etcd.log", "--no-pki", "--since", "yesterday"]).code(2);
}

#[test]
fn a_pipe_is_read_plain_or_packed() {
    let ward = Ward::new();
    let text = std::fs::read(testdata().join(STORY)).expect("reads");
    let packed = {
        let mut gzip = std::process::Command::new("gzip")
            .arg("-c")
            .stdin(std::fs::File::open(testdata().join(STORY)).expect("opens"))
            .stdout(Stdio::piped())
            .spawn()
            .expect("runs gzip");
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(gzip.stdout.as_mut().expect("a pipe"), &mut bytes).expect("reads");
        assert!(gzip.wait().expect("ends").success());
        bytes
    };
    let told = |bytes: &[u8]| {
        std::fs::write(ward.path("in"), bytes).expect("writes");
        // a pipe, not the file itself
        let mut cat =
            std::process::Command::new("cat").arg(ward.path("in")).stdout(Stdio::piped()).spawn().expect("runs cat");
        let mut command = ward.command(&["diagnose", "-", "--no-pki", "--format", "json", "--at", NOW]);
        command.stdin(cat.stdout.take().expect("a pipe"));
        let report = finish(command).code(1).json();
        cat.wait().expect("ends");
        report
    };
    let (plain, unpacked) = (told(&text), told(&packed));
    assert!(lines_of(&plain) > 0);
    assert_eq!(plain["events"], unpacked["events"]);
    assert_eq!(plain["causes"], unpacked["causes"]);
}

#[test]
fn every_line_of_ndjson_is_valid_and_events_are_among_them() {
    let ward = Ward::act("act-1");
    std::fs::copy(testdata().join(STORY), ward.path("etcd.log")).expect("copies");
    let words = ["diagnose", "etcd.log", "--pki", "act-1/pki", "--at", NOW, "--format"];
    let whole = ward.run(&[&words[..], &["json"]].concat()).code(1).json();
    valid(&validator(false), &whole);
    let lines = ward.run(&[&words[..], &["ndjson"]].concat()).code(1).lines();
    let validator = validator(true);
    for line in &lines {
        valid(&validator, line);
    }
    let in_lines: u64 = lines.iter().filter(|line| line["events"].is_array()).map(lines_of).sum();
    assert_eq!(in_lines, lines_of(&whole));
    assert!(in_lines > 0);
}

/// What a program prints, as it comes.
fn telling(child: &mut std::process::Child) -> Receiver<serde_json::Value> {
    let (sender, receiver) = channel();
    let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    std::thread::spawn(move || {
        for line in stdout.lines().map_while(Result::ok) {
            let _ = sender.send(serde_json::from_str(&line).expect("JSON"));
        }
    });
    receiver
}

#[test]
fn a_log_that_grows_is_followed_through_its_rotation() {
    let ward = Ward::new();
    let log = ward.path("etcd.log");
    std::fs::write(&log, refused("2026-11-23 03:00:00.000000")).expect("writes");
    let mut command = ward.command(&["diagnose", "etcd.log", "--no-pki", "--follow", "--format", "json", "--at", NOW]);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("runs");
    let reports = telling(&mut child);
    let next = || reports.recv_timeout(Duration::from_secs(20)).expect("another report");
    let append = |text: &str| {
        std::fs::OpenOptions::new().append(true).open(&log).and_then(|mut file| file.write_all(text.as_bytes()))
    };
    assert_eq!(lines_of(&next()), 1);
    // half a line tells nothing yet
    let line = refused("2026-11-23 03:00:05.000000");
    let (front, back) = line.split_at(60);
    append(front).expect("appends");
    std::thread::sleep(Duration::from_millis(1200));
    assert!(reports.try_recv().is_err(), "half a line");
    append(back).expect("appends");
    assert_eq!(lines_of(&next()), 1);
    append("2026-11-23 03:00:06.000000 I | etcdserver: nothing of interest\n").expect("appends");
    std::fs::rename(&log, ward.path("etcd.log.1")).expect("rotates");
    std::fs::write(&log, line.repeat(3)).expect("writes");
    assert_eq!(lines_of(&next()), 3);
    child.kill().expect("ends");
    child.wait().expect("ends");
}

#[test]
fn what_could_not_be_read_is_not_healthy() {
    let ward = Ward::new();
    let ran = ward.run(&["diagnose", "--no-pki", "absent.log", "--format", "json"]).code(2);
    assert_eq!(ran.json()["verdict"], "incomplete");
    let told = ward.run(&["diagnose", "--no-pki", "absent.log"]).code(2).stdout;
    assert!(told.contains("could be read") && !told.contains("neither"), "{told}");
    // PowerShell writes UTF-16
    let wide: Vec<u8> = "etcd: rejected connection\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    std::fs::write(ward.path("wide.log"), wide).expect("writes");
    let told = ward.run(&["diagnose", "--no-pki", "wide.log"]).code(0).stdout;
    assert!(told.contains("UTF-8"), "{told}");
}
