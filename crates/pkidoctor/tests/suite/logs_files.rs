//! Where logs lie and how they are read.

use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use pkidoctor::logs::{Journal, Reader, Settings};
use pkidoctor::read::logs::{Follow, LogError, News, Piece, found, open};

use crate::logs::{NOW, journal};

/// A directory that is removed afterwards.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("pkidoctor-logs-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("makes a directory");
        Self(path)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("makes a directory");
        std::fs::write(&path, bytes).expect("writes");
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const LINE: &str = "2026-11-23 03:00:00.000000 I | embed: rejected connection from \"10.0.0.1:40000\" (error \"remote error: tls: bad certificate\", ServerName \"\")\n";

fn read(path: &Path) -> Journal {
    let mut reader = Reader::new(Settings::at(NOW));
    let source = reader.source("");
    open(path, false).expect("opens").read_into(&mut reader, source).expect("reads");
    reader.finish()
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("packs");
    encoder.finish().expect("packs")
}

#[test]
fn logs_of_the_control_plane_are_found_once_each() {
    let node = Scratch::new("found");
    node.write("var/log/pods/kube-system_etcd-cp1_0a/etcd/0.log", LINE);
    node.write("var/log/pods/kube-system_etcd-cp1_0a/etcd/0.log.20261120-010203.gz", packed(LINE.as_bytes()));
    node.write("var/log/pods/kube-system_etcd-backup_0a/x/note.txt", "no log");
    node.write("var/log/pods/kube-system_coredns-0_0a/coredns/0.log", LINE);
    node.write("var/log/pods/default_etcd-mine_0a/etcd/0.log", LINE);
    node.write("var/lib/docker/containers/aa/aa-json.log", LINE);
    std::fs::create_dir_all(node.0.join("var/log/pods/kube-system_kube-apiserver-cp1_0b/kube-apiserver"))
        .expect("makes");
    // absolute, and so inside of the node
    symlink(
        "/var/lib/docker/containers/aa/aa-json.log",
        node.0.join("var/log/pods/kube-system_kube-apiserver-cp1_0b/kube-apiserver/0.log"),
    )
    .expect("links");
    symlink("0.log", node.0.join("var/log/pods/kube-system_etcd-cp1_0a/etcd/again.log")).expect("links");
    let (logs, problems) = found(Some(&node.0));
    let mut names: Vec<&str> = logs.iter().map(|log| log.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(problems, [] as [String; 0]);
    assert_eq!(
        names,
        [
            "/var/log/pods/kube-system_etcd-cp1_0a/etcd/0.log",
            "/var/log/pods/kube-system_etcd-cp1_0a/etcd/0.log.20261120-010203.gz",
            "/var/log/pods/kube-system_kube-apiserver-cp1_0b/kube-apiserver/0.log",
        ]
    );
    assert!(logs.iter().all(|log| read(&log.path).events.len() == 1));
}

#[test]
fn the_links_of_containers_are_taken_where_there_are_no_pods() {
    let node = Scratch::new("containers");
    node.write("var/lib/docker/containers/aa/aa-json.log", LINE);
    std::fs::create_dir_all(node.0.join("var/log/containers")).expect("makes");
    for name in ["etcd-cp1_kube-system_etcd-aa.log", "etcd-cp1_kube-system_etcd-ab.log", "etcd-x_default_etcd-aa.log"] {
        symlink("/var/lib/docker/containers/aa/aa-json.log", node.0.join("var/log/containers").join(name))
            .expect("links");
    }
    let (logs, _) = found(Some(&node.0));
    let names: Vec<&str> = logs.iter().map(|log| log.name.as_str()).collect();
    assert_eq!(names, ["/var/log/containers/etcd-cp1_kube-system_etcd-aa.log"]);
    let empty = Scratch::new("none");
    assert_eq!(found(Some(&empty.0)).0, []);
}

#[test]
fn gzip_is_told_by_its_first_bytes() {
    let scratch = Scratch::new("gzip");
    // rotated logs may be several streams, one behind the other
    let mut bytes = packed(LINE.as_bytes());
    bytes.extend(packed(LINE.as_bytes()));
    let path = scratch.write("etcd.log.1", &bytes);
    assert_eq!(read(&path).events[0].count, 2);
    let path = scratch.write("plain.gz", LINE);
    assert_eq!(read(&path).events[0].count, 1);
    // what can be read of a damaged one is read
    let long = LINE.repeat(5000);
    let mut cut = packed(long.as_bytes());
    cut.truncate(cut.len() / 2);
    let path = scratch.write("cut.gz", &cut);
    let mut reader = Reader::new(Settings::at(NOW));
    let source = reader.source("");
    assert!(open(&path, false).expect("opens").read_into(&mut reader, source).is_err());
    assert!(reader.finish().events[0].count > 100);
}

#[test]
fn a_pipe_may_be_packed_too() {
    let scratch = Scratch::new("pipe");
    for (bytes, count) in [(packed(LINE.as_bytes()), 1), (LINE.repeat(2).into_bytes(), 2), (vec![0x1f], 0)] {
        let fifo = scratch.0.join("fifo");
        assert!(std::process::Command::new("mkfifo").arg(&fifo).status().expect("runs mkfifo").success());
        let log = open(&fifo, true).expect("asked for");
        let mut writer = std::fs::OpenOptions::new().write(true).open(&fifo).expect("opens");
        writer.write_all(&bytes).expect("writes");
        drop(writer);
        let mut reader = Reader::new(Settings::at(NOW));
        let source = reader.source("");
        log.read_into(&mut reader, source).expect("reads");
        assert_eq!(reader.finish().events.iter().map(|event| event.count).sum::<u64>(), count);
        std::fs::remove_file(&fifo).expect("removes");
    }
}

#[test]
fn opening_never_blocks() {
    let scratch = Scratch::new("fifo");
    let fifo = scratch.0.join("fifo");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status().expect("runs mkfifo");
    assert!(made.success());
    assert!(matches!(open(&fifo, false), Err(LogError::Special(_, "fifo"))));
    let mut reader = Reader::new(Settings::at(NOW));
    let source = reader.source("");
    open(&fifo, true).expect("asked for").read_into(&mut reader, source).expect("nobody writes");
    assert_eq!(reader.finish().events, []);
    // with somebody who writes, reading waits for all of it
    let writer = {
        let fifo = fifo.clone();
        std::thread::spawn(move || {
            let mut file = std::fs::OpenOptions::new().write(true).open(fifo).expect("opens");
            for _ in 0..3 {
                std::thread::sleep(std::time::Duration::from_millis(30));
                file.write_all(LINE.as_bytes()).expect("writes");
            }
        })
    };
    std::thread::sleep(std::time::Duration::from_millis(10));
    let mut reader = Reader::new(Settings::at(NOW));
    let source = reader.source("");
    let log = open(&fifo, true).expect("asked for");
    std::thread::sleep(std::time::Duration::from_millis(60));
    log.read_into(&mut reader, source).expect("reads");
    writer.join().expect("writes all");
    assert_eq!(reader.finish().events[0].count, 3);
    assert!(matches!(open(&scratch.0, true), Err(LogError::Special(_, "directory"))));
    assert!(matches!(open(&scratch.0.join("none"), true), Err(LogError::Unreadable(..))));
}

#[test]
fn two_threads_find_what_one_finds() {
    let scratch = Scratch::new("two");
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/logs");
    let mut real = Vec::new();
    for entry in std::fs::read_dir(directory).expect("lists") {
        real.extend(std::fs::read(entry.expect("an entry").path()).expect("reads"));
    }
    let boring = b"{\"level\":\"info\",\"ts\":\"2026-11-23T02:00:00Z\",\"caller\":\"mvcc/index.go:214\",\"msg\":\"compact tree index\"}\n";
    let mut bytes = Vec::new();
    while bytes.len() < 21 << 20 {
        bytes.extend_from_slice(&real);
        (0..9000).for_each(|_| bytes.extend_from_slice(boring));
        bytes.extend_from_slice(
            format!("2026-11-20T08:41:15.5Z stderr P {LINE}2026-11-20T08:41:15.7Z stderr F end\n").as_bytes(),
        );
        bytes.extend_from_slice(b"Error: tls: private key does not match public key\n");
        (0..3000).for_each(|_| bytes.extend_from_slice(LINE.as_bytes()));
    }
    let path = scratch.write("big.log", &bytes);
    let whole = journal("", &bytes);
    assert_eq!(read(&path), whole);
    // without a line for long, it is read in one go
    let mut bytes = vec![b'x'; 9 << 20];
    bytes.extend_from_slice(format!("\n{LINE}").as_bytes());
    let path = scratch.write("long.log", &bytes);
    assert_eq!(read(&path), journal("", &bytes));
}

#[test]
fn a_followed_log_grows_is_cut_and_rotated() {
    let scratch = Scratch::new("follow");
    let path = scratch.write("etcd.log", "one\n");
    let mut follow = Follow::new(&path);
    let look = |follow: &mut Follow| {
        let mut text = String::new();
        let news = follow
            .look(|piece| match piece {
                Piece::Anew => text.push('|'),
                Piece::Bytes(bytes) => text.push_str(&String::from_utf8_lossy(bytes)),
            })
            .expect("looks");
        (news, text)
    };
    assert_eq!(look(&mut follow), (News::Pieces, "one\n".to_owned()));
    assert_eq!(look(&mut follow), (News::None, String::new()));
    std::fs::OpenOptions::new().append(true).open(&path).expect("opens").write_all(b"tw").expect("writes");
    assert_eq!(look(&mut follow), (News::Pieces, "tw".to_owned()));
    std::fs::write(&path, "a").expect("cuts");
    assert_eq!(look(&mut follow), (News::Pieces, "|a".to_owned()));
    // the rest of what was rotated away comes first
    std::fs::OpenOptions::new().append(true).open(&path).expect("opens").write_all(b"b").expect("writes");
    std::fs::rename(&path, scratch.0.join("etcd.log.1")).expect("renames");
    std::fs::write(&path, "new").expect("writes");
    assert_eq!(look(&mut follow), (News::Pieces, "b|new".to_owned()));
    std::fs::remove_file(&path).expect("removes");
    assert_eq!(look(&mut follow), (News::Gone, String::new()));
    std::fs::write(&path, "back").expect("writes");
    assert_eq!(look(&mut follow), (News::Pieces, "|back".to_owned()));
}
