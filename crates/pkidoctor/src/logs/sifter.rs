//! Bytes in chunks of any size, cut into lines; those that may tell something come out, in order.

use super::clock::Stamp;
use super::telling::{self, Walk};
use super::{head, wrapper};

/// So much of a line is kept.
pub(super) const LONGEST: usize = 64 * 1024;
/// So many lines behind a start are all looked at: etcd and kube-apiserver say in fewer what they were started with.
const AFTER_START: u32 = 200;
/// A line that is in parts has at most so many lines between them.
const AFTER_PART: u32 = 64;

/// A line that may tell something.
pub(super) struct Hit<'l> {
    /// Its number, from 1.
    pub(super) number: u64,
    /// The line, without its end.
    pub(super) line: &'l [u8],
    /// Whether it begins with a time.
    pub(super) timed: bool,
    /// The time of the last line before it that has one, where it has none itself.
    pub(super) before: Option<Stamp>,
    /// Whether its end was cut off.
    pub(super) cut: bool,
}

/// What is known of a log so far.
pub(super) struct Sifter {
    /// Lines that are complete.
    pub(super) lines: u64,
    /// The first time in it.
    pub(super) first: Option<Stamp>,
    /// The last time in its complete lines.
    pub(super) last: Option<Stamp>,
    /// The start of the line that is not complete.
    unfinished: Vec<u8>,
    /// Whether more of it came than is kept.
    overlong: bool,
    /// How many of the next lines are all looked at.
    wanted: u32,
}

/// What was sifted out of a part of a log, by itself, to be taken into account when its turn comes.
#[derive(Default)]
pub(crate) struct Sifted {
    bytes: u64,
    lines: u64,
    first: Option<Stamp>,
    last: Option<Stamp>,
    wanted: u32,
    hits: Vec<Kept>,
    /// The lines of the hits, one behind the other.
    text: Vec<u8>,
}

struct Kept {
    number: u64,
    end: usize,
    timed: bool,
    before: Option<Stamp>,
    cut: bool,
}

/// Sifts a part of a log that begins and ends with a line.
pub(crate) struct PartSifter {
    sifter: Sifter,
    sifted: Sifted,
}

impl PartSifter {
    pub(crate) fn new() -> Self {
        Self { sifter: Sifter::in_the_middle(), sifted: Sifted::default() }
    }

    /// Takes the next bytes.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let Self { sifter, sifted } = self;
        sifted.bytes += bytes.len() as u64;
        sifter.push(bytes, &mut |hit| sifted.keep(&hit));
    }

    /// What was found.
    pub(crate) fn finish(mut self) -> Sifted {
        let Self { sifter, sifted } = &mut self;
        sifter.end(&mut |hit| sifted.keep(&hit));
        let Sifter { lines, first, last, wanted, .. } = self.sifter;
        Sifted { lines, first, last, wanted, ..self.sifted }
    }
}

impl Sifted {
    fn keep(&mut self, hit: &Hit<'_>) {
        self.text.extend_from_slice(hit.line);
        let Hit { number, timed, before, cut, .. } = *hit;
        self.hits.push(Kept { number, end: self.text.len(), timed, before, cut });
    }

    /// How many bytes it was made of.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Sifter {
    /// For the beginning of a log, where programs tend to start.
    pub(super) fn at_start() -> Self {
        Self { wanted: AFTER_START, ..Self::in_the_middle() }
    }

    /// For a place in a log where a line begins.
    pub(super) fn in_the_middle() -> Self {
        Self { lines: 0, first: None, last: None, unfinished: Vec::new(), overlong: false, wanted: 0 }
    }

    /// Whether what comes next is looked at whatever it holds, so that it cannot be sifted without what came before.
    pub(super) const fn waits(&self) -> bool {
        self.wanted > 0 || !self.unfinished.is_empty() || self.overlong
    }

    /// Takes what was sifted out of the part that comes next; only where nothing [waits](Self::waits).
    pub(super) fn join(&mut self, part: &Sifted, each: &mut impl FnMut(Hit<'_>)) {
        let mut start = 0;
        for kept in &part.hits {
            each(Hit {
                number: self.lines + kept.number,
                line: &part.text[start..kept.end],
                timed: kept.timed,
                before: if kept.timed { None } else { kept.before.or(self.last) },
                cut: kept.cut,
            });
            start = kept.end;
        }
        self.lines += part.lines;
        self.first = self.first.or(part.first);
        self.last = part.last.or(self.last);
        self.wanted = part.wanted;
    }

    /// Takes the next bytes.
    pub(super) fn push(&mut self, bytes: &[u8], each: &mut impl FnMut(Hit<'_>)) {
        let mut bytes = bytes;
        if !self.unfinished.is_empty() || self.overlong {
            let Some(end) = memchr::memchr(b'\n', bytes) else {
                self.keep_unfinished(bytes);
                return;
            };
            self.keep_unfinished(&bytes[..end]);
            bytes = &bytes[end + 1..];
            self.finish_line(each);
        }
        let complete = memchr::memrchr(b'\n', bytes).map_or(0, |end| end + 1);
        self.complete(&bytes[..complete], each);
        self.keep_unfinished(&bytes[complete..]);
    }

    /// The end: a last line without an end is one.
    pub(super) fn end(&mut self, each: &mut impl FnMut(Hit<'_>)) {
        if !self.unfinished.is_empty() || self.overlong {
            self.finish_line(each);
        }
    }

    fn keep_unfinished(&mut self, bytes: &[u8]) {
        let room = LONGEST - self.unfinished.len();
        self.unfinished.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.overlong |= bytes.len() > room;
    }

    fn finish_line(&mut self, each: &mut impl FnMut(Hit<'_>)) {
        let mut line = std::mem::take(&mut self.unfinished);
        let overlong = std::mem::take(&mut self.overlong);
        line.push(b'\n');
        let mut cut = |hit: Hit<'_>| each(Hit { cut: overlong, ..hit });
        self.complete(&line, &mut cut);
        line.clear();
        self.unfinished = line;
    }

    /// Sifts complete lines.
    fn complete(&mut self, lines: &[u8], each: &mut impl FnMut(Hit<'_>)) {
        let mut walk = Walk::new(lines);
        // up to here the time is known
        let mut timed = 0;
        while let Some((start, end)) = if self.wanted > 0 { walk.line() } else { walk.telling() } {
            let line = &lines[start..end];
            let own = head::time(line);
            if own.is_none() {
                self.time_of(&lines[timed..start]);
            }
            let cut = line.len() > LONGEST;
            let line = &line[..line.len().min(LONGEST)];
            let before = if own.is_none() { self.last } else { None };
            each(Hit { number: self.lines + walk.passed, line, timed: own.is_some(), before, cut });
            if own.is_some() {
                self.first = self.first.or_else(|| first_time(lines)).or(own);
                self.last = own;
            }
            self.want(line);
            timed = end;
        }
        self.lines += walk.passed;
        self.time_of(&lines[timed..]);
        self.first = self.first.or_else(|| first_time(lines));
    }

    /// Remembers the last time in these lines.
    fn time_of(&mut self, lines: &[u8]) {
        let mut lines = lines.strip_suffix(b"\n").unwrap_or(lines);
        while !lines.is_empty() {
            let start = memchr::memrchr(b'\n', lines).map_or(0, |end| end + 1);
            if let Some(stamp) = head::time(&lines[start..]) {
                self.last = Some(stamp);
                return;
            }
            lines = &lines[..start.saturating_sub(1)];
        }
    }

    fn want(&mut self, line: &[u8]) {
        self.wanted = self.wanted.saturating_sub(1);
        if telling::is_start(line) {
            self.wanted = AFTER_START;
        } else if wrapper::cri(line).is_some_and(|cri| cri.partial) {
            self.wanted = self.wanted.max(AFTER_PART);
        }
    }
}

/// The first time in these lines.
fn first_time(lines: &[u8]) -> Option<Stamp> {
    lines.split(|byte| *byte == b'\n').find_map(head::time)
}
