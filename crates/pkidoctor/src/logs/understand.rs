//! One line, understood.

use time::OffsetDateTime;

use super::clock::{Clock, Stamp};
use super::event::{Event, Port, SourceId, Told, When, Writer};
use super::reason::Reason;
use super::rows::{self, Row};
use super::sentence::{self, Sentence, Spot};
use super::wrapper::{self, Form, Line};
use super::{clean, plain, told, writer};

/// So much of a message is looked at; no known one is half as long.
const LONGEST_MESSAGE: usize = 8 * 1024;
const LONGEST_ERROR: usize = 500;
const LONGEST_EXAMPLE: usize = 1000;

/// A line, taken apart.
pub(super) struct Understood {
    /// Its own time, as written.
    pub(super) stamp: Option<Stamp>,
    pub(super) writer: Writer,
    /// Whether the line itself says who wrote it, in a way that holds for the lines around it.
    pub(super) decisive: bool,
    pub(super) failure: Option<(Sentence, &'static Row)>,
    pub(super) told: Vec<Told>,
}

/// Who writes a log.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Known {
    /// By its name.
    pub(super) named: Option<Writer>,
    /// By what stood in it before.
    pub(super) shown: Option<Writer>,
}

/// Takes a line apart.
pub(super) fn line(text: &str, known: Known) -> Understood {
    let mut line = wrapper::peel(text);
    bound(&mut line.text);
    line.fields.each_text(bound);
    let by_file = writer::of_file(&line.file).or((line.form == Form::Capnslog).then_some(Writer::Etcd));
    let known = line.unit.or(known.named).or_else(|| {
        // a log of two programs, pasted together, is told apart by their forms
        known.shown.filter(|shown| may_write(*shown, line.form) && by_file != Some(Writer::Etcdctl))
    });
    let failure = sentence::read(&line, known.or(by_file)).and_then(|mut sentence| {
        let writer = author(&line, &sentence, known, by_file);
        sentence.port = port(&sentence, writer);
        rows::of(&sentence, writer).map(|row| (sentence, row, writer))
    });
    let told = told::read(&line);
    let writer = failure.as_ref().map(|(_, _, writer)| *writer).or(known).or(by_file).or_else(|| teller(&told));
    Understood {
        stamp: line.stamp,
        writer: writer.unwrap_or(Writer::Unknown),
        decisive: line.unit.is_none() && (by_file.is_some() || !told.is_empty()),
        failure: failure.map(|(sentence, row, _)| (sentence, row)),
        told,
    }
}

/// What is shown or compared later is neither endless nor a secret.
fn bound(text: &mut String) {
    let clipped = clean::without_secrets(clean::clip(text, LONGEST_MESSAGE));
    *text = clipped;
}

const fn may_write(writer: Writer, form: Form) -> bool {
    match form {
        Form::Klog => !matches!(writer, Writer::Etcd | Writer::Etcdctl),
        Form::Capnslog => matches!(writer, Writer::Etcd),
        _ => true,
    }
}

fn author(line: &Line, sentence: &Sentence, known: Option<Writer>, by_file: Option<Writer>) -> Writer {
    // only etcd words its own listeners like this
    let own_words = matches!(sentence.spot, Spot::Rejected | Spot::Listener) || line.form == Form::Capnslog;
    let said = sentence.writer;
    // what is pasted together from a terminal and a log: no other program speaks like kubeadm
    let is_plain = said == Some(Writer::Kubeadm);
    let writer = if own_words || is_plain { said.or(known) } else { known.or(said) };
    writer.or(by_file).unwrap_or(Writer::Unknown)
}

/// A server that speaks of clients speaks of its own port.
const fn port(sentence: &Sentence, writer: Writer) -> Port {
    match (sentence.spot, writer) {
        (Spot::Authenticate | Spot::HttpServer, Writer::KubeApiserver) => Port::Apiserver,
        (Spot::Authenticate | Spot::HttpServer, Writer::Kubelet) => Port::Kubelet,
        (Spot::Authenticate | Spot::HttpServer, Writer::ExtensionServer) => Port::ExtensionServer,
        _ => sentence.port,
    }
}

/// Who tells such things.
fn teller(told: &[Told]) -> Option<Writer> {
    told.iter().find_map(|told| match told {
        Told::Watched { .. } => Some(Writer::KubeApiserver),
        Told::Urls { of: super::Urls::Own, .. } => Some(Writer::KubeApiserver),
        Told::Files { .. } | Told::Member { .. } | Told::Ready | Told::Go(_) => Some(Writer::Etcd),
        _ => None,
    })
}

/// The event of one line that stands alone: what tests and embedders ask for. Nothing for a line that is no failure.
///
/// `source` is the name of the log, as far as it tells who wrote it; an empty one tells nothing.
pub fn understand(text: &str, source: &str, now: OffsetDateTime) -> Option<Event> {
    let clock = Clock { now, zone: time::UtcOffset::UTC };
    let understood = line(text, Known { named: writer::of_source(source), shown: None });
    let (sentence, row) = understood.failure?;
    let time = understood.stamp.and_then(|stamp| stamp.complete(clock));
    Some(event(SourceId(0), understood.writer, sentence, row, When { time, line: 1 }, text))
}

/// An event of one line.
pub(super) fn event(
    source: SourceId,
    writer: Writer,
    said: Sentence,
    row: &'static Row,
    when: When,
    text: &str,
) -> Event {
    let causes = plain::causes(row, &said);
    let (remote, remote_port) = match said.remote {
        Some((host, port)) => (Some(host), port),
        None => (None, None),
    };
    Event {
        source,
        row,
        writer,
        port: said.port,
        direction: row.direction,
        stage: row.stage,
        reason: said.reason,
        error: clean::without_secrets(clean::clip(&said.error, LONGEST_ERROR)),
        causes,
        remote,
        remote_ports: remote_port.into_iter().collect(),
        target: said.target,
        server_name: said.server_name,
        names: said.names,
        certificate: said.certificate,
        member: said.member,
        gateway: 0,
        count: 1,
        first: when,
        last: when,
        example: example(text),
    }
}

/// The line as it may be shown.
fn example(text: &str) -> String {
    let mut shown = String::new();
    text.trim().chars().take(LONGEST_EXAMPLE * 2).for_each(|c| clean::push(&mut shown, c));
    clean::clip(&clean::without_secrets(&shown), LONGEST_EXAMPLE).to_owned()
}

/// The reason without the instant at which it was looked at, by which equal lines are told.
pub(super) fn timeless(reason: &Reason) -> Reason {
    match reason {
        Reason::Expired { after, .. } => Reason::Expired { now: None, after: *after },
        Reason::NotYetValid { before, .. } => Reason::NotYetValid { now: None, before: *before },
        other => other.clone(),
    }
}
