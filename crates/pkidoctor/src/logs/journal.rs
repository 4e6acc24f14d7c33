//! What came out of all the logs.

use time::OffsetDateTime;

use super::event::{Event, Fact, SourceId, Told};

/// Events of all sources, merged.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Journal {
    /// The logs, in the order in which they were announced.
    pub sources: Vec<Source>,
    /// What was understood as a failure or as noise, by the time of the first line, then by source and line.
    pub events: Vec<Event>,
    /// What helps to read it, in the same order.
    pub facts: Vec<Fact>,
    /// Lines that tell nothing about the PKI, or that nobody understands.
    pub unknown: u64,
    /// Lines about connections of the doctor itself.
    pub ours: u64,
    /// Lines that would have made another event or fact when there were as many as fit.
    pub dropped: u64,
    /// Lines longer than 64 KiB, cut there.
    pub cut: u64,
}

impl Journal {
    /// How often the program of a source started, as far as the log tells, and when.
    pub fn starts(&self, source: SourceId) -> Vec<OffsetDateTime> {
        let of_source = self.facts.iter().filter(|fact| fact.source == source);
        let starts = of_source.filter(|fact| matches!(fact.what, Told::Started { .. }));
        let mut times: Vec<OffsetDateTime> = starts.flat_map(|fact| fact.times.iter().copied()).collect();
        times.sort_unstable();
        times
    }
}

/// One log.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Source {
    /// Its name as shown.
    pub name: String,
    /// Its size, unpacked.
    pub bytes: u64,
    /// How many lines it has.
    pub lines: u64,
    /// How many of them made or joined an event or a fact.
    pub understood: u64,
    /// The time of the first line that has one.
    pub first: Option<OffsetDateTime>,
    /// The time of the last line that has one.
    pub last: Option<OffsetDateTime>,
}
