//! Logs in, a [`Journal`] out: equal events are counted, everything is bounded.

use std::borrow::Cow;
use std::collections::HashMap;

use time::{Duration, OffsetDateTime, UtcOffset};

use super::clock::{Clock, Stamp};
use super::event::{CertificateIds, Event, Fact, Names, Port, SourceId, Told, When, Writer};
use super::gateway::Gateway;
use super::journal::{Journal, Source};
use super::reason::Reason;
use super::sentence::{Sentence, Spot};
use super::shape::Shape;
use super::sifter::{Hit, LONGEST, Sifted, Sifter};
use super::understand::{self, Known, timeless};
use super::{Row, wrapper, writer};

/// As many different events, and as many different facts, as are kept.
pub const MAX_EVENTS: usize = 4096;
/// The lines that brought them are so many bytes at most, together: what is kept of a line is no longer than it is.
pub const MAX_KEPT: usize = 8 << 20;
/// As many sources as are told apart.
pub const MAX_SOURCES: usize = 4096;
const MAX_REMOTE_PORTS: usize = 16;
const MAX_TIMES: usize = 64;
/// How far the doctor's own connections may be off in another clock.
const OURS_WITHIN: Duration = Duration::seconds(2);

/// What a reader must be told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    /// The present: a year that a log leaves out is taken from it.
    pub now: OffsetDateTime,
    /// The zone of times that name none.
    pub zone: UtcOffset,
    /// Lines that are older are left out.
    pub since: Option<OffsetDateTime>,
    /// Connections of the doctor itself, whose lines are counted apart.
    pub ours: Vec<Own>,
}

impl Settings {
    /// Everything, in UTC.
    pub const fn at(now: OffsetDateTime) -> Self {
        Self { now, zone: UtcOffset::UTC, since: None, ours: Vec::new() }
    }
}

/// A connection of the doctor itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Own {
    /// Its source port.
    pub port: u16,
    /// When it began.
    pub from: OffsetDateTime,
    /// When it ended.
    pub to: OffsetDateTime,
}

/// Reads any number of logs side by side.
pub struct Reader {
    settings: Settings,
    logs: Vec<Log>,
    events: Vec<Event>,
    event_of: HashMap<Key, usize>,
    /// Events by the shape of their lines.
    shapes: HashMap<Box<[u8]>, usize>,
    shape: Shape,
    facts: Vec<Fact>,
    fact_of: HashMap<(SourceId, Told), usize>,
    /// Bytes of the lines by which events, facts and shapes came.
    kept: usize,
    ours: u64,
    dropped: u64,
    cut: u64,
}

/// One log, half read.
struct Log {
    source: Source,
    /// Who writes it.
    known: Known,
    sifter: Sifter,
    /// Lines that a container runtime cut in parts, by stream.
    parts: [Vec<u8>; 2],
    gateway: Gateway,
}

/// By what equal events are told.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    source: SourceId,
    row: &'static str,
    writer: Writer,
    port: Port,
    reason: Reason,
    remote: Option<String>,
    target: Option<String>,
    server_name: Option<String>,
    names: Option<Names>,
    certificate: Option<CertificateIds>,
    member: Option<String>,
}

impl Key {
    fn new(source: SourceId, row: &'static Row, writer: Writer, said: &Sentence) -> Self {
        Self {
            source,
            row: row.id,
            writer,
            port: said.port,
            reason: timeless(&said.reason),
            remote: said.remote.as_ref().map(|(host, _)| host.clone()),
            target: said.target.clone(),
            server_name: said.server_name.clone(),
            names: said.names.clone(),
            certificate: said.certificate.clone(),
            member: said.member.clone(),
        }
    }
}

impl Reader {
    /// A reader of nothing yet.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            logs: Vec::new(),
            events: Vec::new(),
            event_of: HashMap::new(),
            shapes: HashMap::new(),
            shape: Shape::default(),
            facts: Vec::new(),
            fact_of: HashMap::new(),
            kept: 0,
            ours: 0,
            dropped: 0,
            cut: 0,
        }
    }

    /// Announces a log by its name, which is shown and may tell who writes it. Beyond [`MAX_SOURCES`] the last one is
    /// given again.
    pub fn source(&mut self, name: &str) -> SourceId {
        if self.logs.len() < MAX_SOURCES {
            self.logs.push(Log {
                source: Source { name: name.to_owned(), ..Source::default() },
                known: Known { named: writer::of_source(name), shown: None },
                sifter: Sifter::at_start(),
                parts: [Vec::new(), Vec::new()],
                gateway: Gateway::default(),
            });
        }
        SourceId(self.logs.len() - 1)
    }

    /// Takes the next bytes of a log; a line may be cut anywhere.
    pub fn feed(&mut self, source: SourceId, bytes: &[u8]) {
        let Some(log) = self.logs.get_mut(source.0) else { return };
        log.source.bytes += bytes.len() as u64;
        let mut sifter = std::mem::replace(&mut log.sifter, Sifter::in_the_middle());
        sifter.push(bytes, &mut |hit| self.look(source, &hit));
        self.put_back(source, sifter);
    }

    /// Whether the next bytes of a log must be looked at in order: a part of it cannot be sifted by itself.
    pub(crate) fn waits(&self, source: SourceId) -> bool {
        self.logs.get(source.0).is_none_or(|log| log.sifter.waits())
    }

    /// Takes what was sifted out of the part of a log that comes next.
    pub(crate) fn join(&mut self, source: SourceId, part: &Sifted) {
        let Some(log) = self.logs.get_mut(source.0) else { return };
        log.source.bytes += part.bytes();
        let mut sifter = std::mem::replace(&mut log.sifter, Sifter::in_the_middle());
        sifter.join(part, &mut |hit| self.look(source, &hit));
        self.put_back(source, sifter);
    }

    /// The end of a log; what comes after it begins a new line.
    pub fn end(&mut self, source: SourceId) {
        let Some(log) = self.logs.get_mut(source.0) else { return };
        let mut sifter = std::mem::replace(&mut log.sifter, Sifter::in_the_middle());
        sifter.end(&mut |hit| self.look(source, &hit));
        let number = sifter.lines;
        self.put_back(source, sifter);
        // a part whose end never came is all there is of its line
        self.shape.key.clear();
        for stream in 0..2 {
            let part = std::mem::take(&mut self.logs[source.0].parts[stream]);
            if !part.is_empty() {
                self.understand(source, &part, &Hit { number, line: &[], timed: true, before: None, cut: false });
            }
        }
    }

    fn put_back(&mut self, source: SourceId, sifter: Sifter) {
        let clock = self.clock();
        let log = &mut self.logs[source.0];
        log.source.lines = sifter.lines;
        log.source.first = sifter.first.and_then(|stamp| stamp.complete(clock));
        log.source.last = sifter.last.and_then(|stamp| stamp.complete(clock));
        log.sifter = sifter;
    }

    const fn clock(&self) -> Clock {
        Clock { now: self.settings.now, zone: self.settings.zone }
    }

    /// A line that may tell something.
    fn look(&mut self, source: SourceId, hit: &Hit<'_>) {
        self.cut += u64::from(hit.cut);
        let log = &mut self.logs[source.0];
        let Some(line) = whole(&mut log.parts, hit.line) else { return };
        let shaped = self.shape.take(&line, &context(source, log.known));
        match self.shapes.get(&self.shape.key[..]).filter(|_| shaped) {
            Some(&event) => self.known_shape(source, event, hit),
            None => self.understand(source, &line, hit),
        }
    }

    /// A line that is taken apart; its shape was taken if it has one.
    fn understand(&mut self, source: SourceId, line: &[u8], hit: &Hit<'_>) {
        let log = &mut self.logs[source.0];
        let known = log.known;
        let understood = understand::line(&String::from_utf8_lossy(line), known);
        if understood.decisive && understood.writer != Writer::Unknown {
            log.known.shown = Some(understood.writer);
        }
        if understood.failure.is_none() && understood.told.is_empty() {
            return;
        }
        let time = self.time(understood.stamp.or(hit.before));
        if self.settings.since.is_some_and(|since| time.is_some_and(|time| time < since)) {
            return;
        }
        let when = When { time, line: hit.number };
        if let Some((said, _)) = &understood.failure
            && self.is_ours(said, time)
        {
            self.ours += 1;
            return;
        }
        let same = self.logs[source.0].known == known && self.shape.stamp == understood.stamp;
        let remember = understood.told.is_empty() && same && !self.shape.key.is_empty();
        let mut kept = false;
        for told in understood.told {
            kept |= self.tell(source, understood.writer, told, when, line.len());
        }
        if let Some((said, row)) = understood.failure {
            let remember = remember && has_shape(&said) && self.shape.port == client_port(&said);
            let event = self.count(source, understood.writer, said, row, when, line);
            kept |= event.is_some();
            let remember = remember && self.shapes.len() < MAX_EVENTS;
            if let Some(event) = event.filter(|_| remember && self.has_room(line.len())) {
                self.kept += line.len();
                self.shapes.insert(self.shape.key.as_slice().into(), event);
            }
        }
        self.logs[source.0].source.understood += u64::from(kept);
        self.dropped += u64::from(!kept);
    }

    /// Another line of a known event.
    fn known_shape(&mut self, source: SourceId, event: usize, hit: &Hit<'_>) {
        let port = self.shape.port;
        let time = self.time(self.shape.stamp.or(hit.before));
        if self.settings.since.is_some_and(|since| time.is_some_and(|time| time < since)) {
            return;
        }
        if self.events[event].remote.is_some() && self.is_own_port(port, time) {
            self.ours += 1;
            return;
        }
        let when = When { time, line: hit.number };
        let remote = port.filter(|_| self.events[event].remote.is_some());
        again(&mut self.events[event], when, remote);
        let log = &mut self.logs[source.0];
        log.gateway.see(&mut self.events, event, when.line, port);
        log.source.understood += 1;
    }

    fn time(&self, stamp: Option<Stamp>) -> Option<OffsetDateTime> {
        stamp?.complete(self.clock())
    }

    fn is_ours(&self, said: &Sentence, time: Option<OffsetDateTime>) -> bool {
        self.is_own_port(said.remote.as_ref().and_then(|(_, port)| *port), time)
    }

    fn is_own_port(&self, port: Option<u16>, time: Option<OffsetDateTime>) -> bool {
        let Some(port) = port else { return false };
        self.settings
            .ours
            .iter()
            .filter(|own| own.port == port)
            .any(|own| time.is_none_or(|time| time >= own.from - OURS_WITHIN && time <= own.to + OURS_WITHIN))
    }

    const fn has_room(&self, length: usize) -> bool {
        self.kept + length <= MAX_KEPT
    }

    /// Counts a fact; `false` where there is no room for it.
    fn tell(&mut self, source: SourceId, writer: Writer, told: Told, when: When, length: usize) -> bool {
        let key = (source, told);
        if let Some(known) = self.fact_of.get(&key) {
            let fact = &mut self.facts[*known];
            fact.count += 1;
            fact.last = when;
            fact.times.extend(when.time.filter(|_| fact.times.len() < MAX_TIMES));
            return true;
        }
        if self.facts.len() >= MAX_EVENTS || !self.has_room(length) {
            return false;
        }
        self.kept += length;
        let what = key.1.clone();
        self.fact_of.insert(key, self.facts.len());
        let times = when.time.into_iter().collect();
        self.facts.push(Fact { source, writer, what, count: 1, first: when, last: when, times });
        true
    }

    /// Counts an event; nothing where there is no room for it.
    fn count(
        &mut self,
        source: SourceId,
        writer: Writer,
        said: Sentence,
        row: &'static Row,
        when: When,
        line: &[u8],
    ) -> Option<usize> {
        let key = Key::new(source, row, writer, &said);
        let port = said.remote.as_ref().and_then(|(_, port)| *port);
        let client_port = client_port(&said);
        let index = match self.event_of.get(&key) {
            Some(known) => {
                again(&mut self.events[*known], when, port);
                *known
            }
            None if self.events.len() >= MAX_EVENTS || !self.has_room(line.len()) => return None,
            None => {
                self.kept += line.len();
                let index = self.events.len();
                let text = String::from_utf8_lossy(line);
                self.events.push(understand::event(source, writer, said, row, when, &text));
                self.event_of.insert(key, index);
                index
            }
        };
        self.logs[source.0].gateway.see(&mut self.events, index, when.line, client_port);
        Some(index)
    }

    /// What came of it all. Logs that were not ended are.
    pub fn finish(mut self) -> Journal {
        for log in 0..self.logs.len() {
            self.end(SourceId(log));
        }
        super::gateway::judge(&mut self.events, &self.facts);
        self.events.sort_by_key(|event| order(event.source, event.first));
        self.facts.sort_by_key(|fact| order(fact.source, fact.first));
        let sources: Vec<Source> = self.logs.into_iter().map(|log| log.source).collect();
        let lines: u64 = sources.iter().map(|source| source.lines).sum();
        let understood: u64 = sources.iter().map(|source| source.understood).sum();
        Journal {
            unknown: lines.saturating_sub(understood + self.ours + self.dropped),
            sources,
            events: self.events,
            facts: self.facts,
            ours: self.ours,
            dropped: self.dropped,
            cut: self.cut,
        }
    }
}

/// What decides the meaning of a line beside the line itself.
fn context(source: SourceId, known: Known) -> [u8; 10] {
    let mut context = [0; 10];
    context[..8].copy_from_slice(&(source.0 as u64).to_le_bytes());
    context[8] = known.named.map_or(u8::MAX, |writer| writer as u8);
    context[9] = known.shown.map_or(u8::MAX, |writer| writer as u8);
    context
}

/// The port of the client, whichever side wrote the line.
fn client_port(said: &Sentence) -> Option<u16> {
    said.remote.as_ref().and_then(|(_, port)| *port).or(said.from_port)
}

/// Situations whose lines hold no times but those that a shape leaves out or keeps as they are.
const fn has_shape(said: &Sentence) -> bool {
    matches!(
        said.spot,
        Spot::Rejected
            | Spot::HttpServer
            | Spot::Authenticate
            | Spot::PeerStream
            | Spot::PeerVersion
            | Spot::PeerProbe
            | Spot::ClientHandshake
            | Spot::ClientPreface
            | Spot::ClientWrite
            | Spot::ClientDial
            | Spot::ClientHidden
            | Spot::Kubectl
    )
}

/// By time; what has none comes last.
fn order(source: SourceId, first: When) -> (bool, Option<OffsetDateTime>, SourceId, u64) {
    (first.time.is_none(), first.time, source, first.line)
}

/// One more line of an event.
fn again(event: &mut Event, when: When, port: Option<u16>) {
    event.count += 1;
    event.last = when;
    if let Some(port) = port
        && event.remote_ports.len() < MAX_REMOTE_PORTS
        && !event.remote_ports.contains(&port)
    {
        event.remote_ports.push(port);
    }
}

/// A line whose parts are all there: a part of one is kept until its end comes.
fn whole<'l>(parts: &mut [Vec<u8>; 2], line: &'l [u8]) -> Option<Cow<'l, [u8]>> {
    let Some(cri) = wrapper::cri(line) else { return Some(Cow::Borrowed(line)) };
    let before = &mut parts[cri.stream];
    if cri.partial {
        // the first part keeps its head, and so its time
        let more = if before.is_empty() { line } else { cri.text };
        let room = LONGEST - before.len();
        before.extend_from_slice(&more[..more.len().min(room)]);
        return None;
    }
    if before.is_empty() {
        return Some(Cow::Borrowed(line));
    }
    let mut joined = std::mem::take(before);
    let room = LONGEST - joined.len();
    joined.extend_from_slice(&cri.text[..cri.text.len().min(room)]);
    Some(Cow::Owned(joined))
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests read their own data")]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-11-23 12:00 UTC);

    /// Reads lines; `forget` takes each of them apart, as if none had a known shape.
    fn read(lines: &[String], forget: bool) -> (Journal, usize) {
        let mut reader = Reader::new(Settings {
            since: Some(datetime!(2026-11-22 00:00 UTC)),
            ours: vec![Own { port: 40_007, from: NOW - Duration::days(2), to: NOW }],
            ..Settings::at(NOW)
        });
        let source = reader.source("");
        for line in lines {
            reader.feed(source, line.as_bytes());
            reader.feed(source, b"\n");
            if forget {
                reader.shapes.clear();
            }
        }
        let shapes = reader.shapes.len();
        (reader.finish(), shapes)
    }

    #[test]
    fn a_known_shape_counts_like_a_line_that_is_taken_apart() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/logs");
        let mut paths: Vec<_> =
            std::fs::read_dir(directory).expect("lists").map(|entry| entry.expect("an entry").path()).collect();
        paths.sort();
        assert!(paths.len() >= 20, "{}", paths.len());
        let mut shapes = 0;
        for path in paths {
            let text = std::fs::read_to_string(&path).expect("reads");
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            // the same again from other ports, at other times, some of them the doctor's own, some too old
            for number in 0..12 {
                let day = 20 + number % 4;
                let at = format!("2026-11-{day}T");
                for line in text.lines() {
                    lines.push(line.replace("2026-11-23T", &at).replace(":4", &format!(":{}", 40_000 + number)));
                }
            }
            let (with_shapes, known) = read(&lines, false);
            assert_eq!(with_shapes, read(&lines, true).0, "{}", path.display());
            shapes += known;
        }
        assert!(shapes > 20, "{shapes}");
    }
}
