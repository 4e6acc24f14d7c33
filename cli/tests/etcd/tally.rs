//! What was done and compared.

use crate::probe::Probe;
use std::time::Duration;

#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Tally {
    pub(crate) cases: usize,
    pub(crate) running: usize,
    pub(crate) links: usize,
    /// of etcd's log
    pub(crate) lines: usize,
    /// of real clients
    pub(crate) complaints: usize,
    pub(crate) slowest: Duration,
}

impl Tally {
    pub(crate) fn probe(&mut self, probe: &Probe) {
        self.slowest = self.slowest.max(probe.took);
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.cases += other.cases;
        self.running += other.running;
        self.links += other.links;
        self.lines += other.lines;
        self.complaints += other.complaints;
        self.slowest = self.slowest.max(other.slowest);
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "{} cases ({} under a running etcd), {} links, {} log lines and {} clients' words compared, slowest probe {} ms",
            self.cases,
            self.running,
            self.links,
            self.lines,
            self.complaints,
            self.slowest.as_millis()
        )
    }
}
