//! The table from a line to its meaning.

mod clients;
mod etcd;
mod kubernetes;
mod peers;
mod start;
mod tools;

use super::event::{Direction, Stage, Writer};
use super::sentence::{Sentence, Spot};

/// A pattern of lines, and what they mean. `docs/logs.md` is made of these.
#[derive(Debug)]
pub struct Row {
    /// Its name, for ever.
    pub id: &'static str,
    /// What the lines look like; capitals stand for what differs.
    pub pattern: &'static str,
    /// Who refused whom, and why, in words.
    pub meaning: &'static str,
    /// The same as a value.
    pub direction: Direction,
    /// How far the connection had come.
    pub stage: Stage,
    /// Failure modes of `docs/coverage.md`, the likeliest first.
    pub causes: &'static [&'static str],
    /// Those that come first when the client is etcd's own gateway.
    pub gateway: &'static [&'static str],
    /// What decides.
    pub check: &'static str,
    /// Whether it tells of no fault of the PKI.
    pub noise: bool,
    /// A line.
    pub example: &'static str,
    /// The situations it is about.
    pub(super) spots: &'static [Spot],
    /// Whether a sentence in one of them, by this writer, is one of its own.
    pub(super) when: fn(&Sentence, Writer) -> bool,
}

/// What most rows have in common.
const PLAIN: Row = Row {
    id: "",
    pattern: "",
    meaning: "",
    direction: Direction::Unknown,
    stage: Stage::Tls,
    causes: &[],
    gateway: &[],
    check: "",
    noise: false,
    example: "",
    spots: &[],
    when: |_, _| true,
};

impl PartialEq for Row {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Row {}

/// Rows about one kind of lines. Of all rows, in order, the first that fits a line is its row.
#[derive(Debug)]
pub struct Section {
    /// Whose lines they are.
    pub title: &'static str,
    /// Its rows.
    pub rows: &'static [Row],
}

/// The table.
pub static ROWS: [Section; 9] = [
    Section { title: "etcd, a member's own port for members, and its dials to others", rows: peers::ROWS },
    Section { title: "etcd, a refused connection", rows: etcd::ROWS },
    Section { title: "etcd and its listeners, start", rows: start::ROWS },
    Section { title: "clients of etcd: kube-apiserver, etcdctl, kubeadm, etcd's own gateway", rows: clients::ROWS },
    Section { title: "kube-apiserver and other servers of Kubernetes", rows: kubernetes::SERVERS },
    Section { title: "kubelet", rows: kubernetes::KUBELET },
    Section { title: "kubeadm", rows: tools::KUBEADM },
    Section { title: "kubectl, etcdctl and kubeconfigs", rows: tools::KUBECTL },
    Section { title: "curl, OpenSSL, and errors that stand alone", rows: tools::OTHERS },
];

/// All rows, in order.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    ROWS.iter().flat_map(|section| section.rows)
}

/// A row by its name.
pub fn row(id: &str) -> Option<&'static Row> {
    rows().find(|row| row.id == id)
}

/// The row of a sentence.
pub(super) fn of(sentence: &Sentence, writer: Writer) -> Option<&'static Row> {
    rows().find(|row| row.spots.contains(&sentence.spot) && (row.when)(sentence, writer))
}
