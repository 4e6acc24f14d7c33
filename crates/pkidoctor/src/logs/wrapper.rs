//! What stands around a message: container runtimes, journald, loggers. Taken off layer by layer, in any nesting.

use std::borrow::Cow;

use super::clock::{self, Cursor, Stamp};
use super::event::Writer;
use super::fields::Fields;
use super::{quoted, writer};

/// As many layers as are taken off one line.
const DEEPEST: usize = 8;

/// A line without what stands around its message.
#[derive(Default)]
pub(super) struct Line {
    /// The best of the times that stand around it.
    pub(super) stamp: Option<Stamp>,
    /// The program, where a layer names it.
    pub(super) unit: Option<Writer>,
    /// The message: text with plain quotes, without controls.
    pub(super) text: String,
    /// What the logger writes beside the message.
    pub(super) fields: Fields,
    /// The source file that a logger names: `clientconn.go`, `embed/config_logging.go`.
    pub(super) file: String,
    /// How grave it is.
    pub(super) level: Level,
    /// Whose form it has.
    pub(super) form: Form,
}

/// The form of a line.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) enum Form {
    /// None that is known.
    #[default]
    Plain,
    /// zap's JSON, or another logger's with `msg`.
    Json,
    /// klog, of Kubernetes.
    Klog,
    /// capnslog, of old etcd.
    Capnslog,
    /// Go's own log package, as grpc uses it.
    Go,
}

/// How grave the writer takes it.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) enum Level {
    /// Not said, or anything below.
    #[default]
    Other,
    /// The program ends.
    Fatal,
}

/// Takes the layers off.
pub(super) fn peel(raw: &str) -> Line {
    let mut line = Line::default();
    let mut text = without_entities(raw.trim());
    for _ in 0..DEEPEST {
        match line.layer(&text) {
            Layer::Around(inner) => text = Cow::Owned(inner.trim().to_owned()),
            Layer::Last(inner) => {
                text = Cow::Owned(inner);
                break;
            }
            Layer::None => break,
        }
    }
    line.text = quoted::plain(&text);
    if line.fields.is_empty() && text.contains("\":") {
        line.json_within(&text);
    }
    // a whole line of a logger, quoted once more by whoever collected it
    if line.fields.is_empty() && (text.contains("\\\":") || text.contains("\"\":")) {
        line.json_within(&quoted::plain(&text.replace("\"\"", "\"")));
    }
    line
}

/// Quotes as a web page shows them.
fn without_entities(raw: &str) -> Cow<'_, str> {
    if !raw.contains("&quot;") && !raw.contains("&#34;") {
        return Cow::Borrowed(raw);
    }
    let plain = [("&quot;", "\""), ("&#34;", "\""), ("&#39;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")];
    Cow::Owned(plain.iter().fold(raw.to_owned(), |text, (entity, character)| text.replace(entity, character)))
}

/// The tag and the text of a CRI line, and its stream, where it is one: the runtime cuts long lines in parts.
pub(super) fn cri(line: &[u8]) -> Option<Cri<'_>> {
    let mut cursor = Cursor::new(line);
    let Stamp::Full(_) = cursor.date_time()? else { return None };
    let rest = line.get(cursor.at()..)?;
    let (stream, rest) = [&b" stdout "[..], b" stderr "]
        .iter()
        .enumerate()
        .find_map(|(number, name)| Some((number, rest.strip_prefix(*name)?)))?;
    let tags = rest.iter().position(|byte| *byte == b' ').unwrap_or(rest.len());
    let partial = match rest.first()? {
        b'P' => true,
        b'F' => false,
        _ => return None,
    };
    matches!(rest.get(1), None | Some(b' ' | b':')).then(|| Cri {
        stream,
        partial,
        text: rest.get(tags + 1..).unwrap_or_default(),
    })
}

/// A line of a container runtime.
pub(super) struct Cri<'l> {
    /// 0 is standard output, 1 standard error.
    pub(super) stream: usize,
    /// Whether the next line of this stream continues it.
    pub(super) partial: bool,
    /// What the container wrote.
    pub(super) text: &'l [u8],
}

/// What a look at a text gave.
enum Layer {
    /// Something stood around this text.
    Around(String),
    /// A logger's message: nothing stands around what is within.
    Last(String),
    /// Nothing that is known.
    None,
}

impl Line {
    fn layer(&mut self, text: &str) -> Layer {
        match text.as_bytes().first() {
            Some(b'{') => self.json(text),
            Some(b'I' | b'W' | b'E' | b'F') if text.as_bytes().get(1).is_some_and(u8::is_ascii_digit) => {
                self.klog(text)
            }
            Some(b'0'..=b'9') => self.dated(text),
            Some(b'r') if text.starts_with("raft2") => self.dated(&text[4..]),
            Some(b'[') => self.pod_prefix(text),
            Some(b'A'..=b'Z') => self.go_level(text).unwrap_or_else(|| self.journal(text)),
            _ => self.ident(text),
        }
    }

    fn stamp(&mut self, stamp: Option<Stamp>) {
        if let Some(stamp) = stamp {
            self.stamp = Some(Stamp::or_inner(self.stamp, stamp));
        }
    }

    fn json(&mut self, text: &str) -> Layer {
        let fields = Fields::json(text);
        if let Some(log) = fields.text("log").filter(|_| fields.has("stream") || fields.has("time")) {
            self.stamp(fields.text("time").and_then(clock::whole));
            return Layer::Around(log.to_owned());
        }
        if fields.has("MESSAGE") {
            self.stamp(fields.text("__REALTIME_TIMESTAMP").and_then(clock::epoch));
            let named = ["CONTAINER_NAME", "SYSLOG_IDENTIFIER", "_COMM", "_SYSTEMD_UNIT", "UNIT"];
            self.unit = named.iter().find_map(|key| writer::of_unit(fields.text(key)?)).or(self.unit);
            let message = match fields.bytes("MESSAGE") {
                Some(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                None => fields.text("MESSAGE").unwrap_or_default().to_owned(),
            };
            return Layer::Around(message);
        }
        self.logger(fields)
    }

    /// zap, klog's JSON and others: the message in one field, the rest in others.
    fn logger(&mut self, fields: Fields) -> Layer {
        let Some(message) = fields.any(&["msg", "message"]).map(str::to_owned) else {
            // a collector's own object around a line
            let inner = fields.any(&["line", "_raw"]).map(str::to_owned);
            return inner.map_or(Layer::None, Layer::Around);
        };
        if message.starts_with("{\"") {
            return Layer::Around(message);
        }
        let time = fields.any(&["ts", "time"]);
        self.stamp(time.and_then(|time| clock::whole(time).or_else(|| clock::epoch(time))));
        self.file = fields.text("caller").unwrap_or_default().to_owned();
        if matches!(fields.text("level"), Some("fatal" | "panic" | "dpanic")) {
            self.level = Level::Fatal;
        }
        self.form = Form::Json;
        self.fields = fields;
        Layer::Last(message)
    }

    /// A logger's JSON behind or inside of something unknown, or with its head cut off.
    fn json_within(&mut self, text: &str) {
        let fields = Fields::json(text);
        if fields.has("msg") && ["level", "ts", "caller"].iter().any(|key| fields.has(key)) {
            if let Layer::Last(message) = self.logger(fields) {
                self.text = quoted::plain(&message);
            }
        } else if fields.has("remote-addr") && fields.has("error") {
            // the head with the message is cut off
            self.form = Form::Json;
            self.fields = fields;
        }
    }

    /// `W1117 14:44:07.933170   15035 clientconn.go:1120] text`.
    fn klog(&mut self, text: &str) -> Layer {
        let mut cursor = Cursor::new(&text.as_bytes()[1..]);
        let Some(stamp) = cursor.klog_time() else { return Layer::None };
        let Some((head, rest)) = text[1 + cursor.at()..].split_once("] ") else { return Layer::None };
        let Some((file, number)) = head.trim_start().rsplit(' ').next().and_then(|place| place.split_once(':')) else {
            return Layer::None;
        };
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Layer::None;
        }
        self.stamp(Some(stamp));
        file.clone_into(&mut self.file);
        self.form = Form::Klog;
        if text.starts_with('F') {
            self.level = Level::Fatal;
        }
        if let Some(quoted) = rest.strip_prefix('"') {
            let message = quoted::read(quoted);
            self.fields = Fields::klog(&quoted[message.end..]);
            return Layer::Last(message.text);
        }
        Layer::Last(rest.to_owned())
    }

    /// What begins with a date: a runtime, capnslog, Go's log package, journald with ISO dates.
    fn dated(&mut self, text: &str) -> Layer {
        if let Some(cri) = cri(text.as_bytes()) {
            self.stamp(clock::whole(text));
            // a slice of a text at bytes of ASCII is a text
            return Layer::Around(String::from_utf8_lossy(cri.text).into_owned());
        }
        let mut cursor = Cursor::new(text.as_bytes());
        let Some(stamp) = cursor.date_time() else { return Layer::None };
        if let Some(rest) = text[cursor.at()..].strip_prefix('\t') {
            return self.zap_console(stamp, rest);
        }
        let Some(rest) = text[cursor.at()..].strip_prefix(' ') else { return Layer::None };
        self.stamp(Some(stamp));
        if let Some((level, message)) = rest.split_once(" | ").filter(|(level, _)| level.len() == 1) {
            self.form = Form::Capnslog;
            if matches!(level, "C" | "F") {
                self.level = Level::Fatal;
            }
            return Layer::Last(message.to_owned());
        }
        let level = ["INFO: ", "WARNING: ", "ERROR: ", "FATAL: "].iter().find_map(|level| rest.strip_prefix(level));
        if let Some(message) = level {
            self.form = Form::Go;
            return Layer::Last(message.to_owned());
        }
        if let Some(inner) = self.after_host(rest) {
            return Layer::Around(inner);
        }
        // Go's log package writes slashes; a date with dashes is a wrapper's
        Layer::Around(rest.to_owned())
    }

    /// zap's form for consoles: `TIME\tWARN\tembed/config_logging.go:169\tmessage\t{"key": "value"}`.
    fn zap_console(&mut self, stamp: Stamp, rest: &str) -> Layer {
        let mut columns = rest.split('\t');
        let Some(level) = columns.next().filter(|level| level.bytes().all(|byte| byte.is_ascii_alphabetic())) else {
            return Layer::None;
        };
        let mut message = columns.next().unwrap_or_default();
        // a logger's name may stand before the place
        while !message.contains(' ') && (message.contains(".go:") || self.file.is_empty()) {
            if message.contains(".go:") {
                message.clone_into(&mut self.file);
            }
            let Some(next) = columns.next() else { break };
            message = next;
        }
        self.stamp(Some(stamp));
        self.form = Form::Json;
        if matches!(level, "FATAL" | "PANIC" | "DPANIC") {
            self.level = Level::Fatal;
        }
        self.fields = columns.next().map(Fields::json).unwrap_or_default();
        Layer::Last(message.to_owned())
    }

    /// `WARNING: 2018/06/11 19:24:21 text`, as grpc writes it.
    fn go_level(&mut self, text: &str) -> Option<Layer> {
        let rest = ["INFO: ", "WARNING: ", "ERROR: "].iter().find_map(|level| text.strip_prefix(level))?;
        let mut cursor = Cursor::new(rest.as_bytes());
        let stamp = cursor.date_time()?;
        self.stamp(Some(stamp));
        self.form = Form::Go;
        Some(Layer::Last(rest[cursor.at()..].trim_start().to_owned()))
    }

    /// `Nov 23 03:28:48 host etcd[9508]: text`, also `Mon 2026-11-23 03:28:48 UTC host etcd[9508]: text`.
    fn journal(&mut self, text: &str) -> Layer {
        let mut cursor = Cursor::new(text.as_bytes());
        if let Some(stamp) = cursor.journal_time() {
            return match text[cursor.at()..].strip_prefix(' ').and_then(|rest| self.after_host(rest)) {
                Some(inner) => {
                    self.stamp(Some(stamp));
                    Layer::Around(inner)
                }
                None => Layer::None,
            };
        }
        if let Some((day, rest)) = text.split_once(' ').filter(|(day, _)| day.len() == 3)
            && day.bytes().all(|byte| byte.is_ascii_alphabetic())
        {
            let mut cursor = Cursor::new(rest.as_bytes());
            if let Some(stamp) = cursor.date_time() {
                let rest = rest[cursor.at()..].trim_start();
                // the zone's abbreviation says which it is only where it is UTC
                let (zone, rest) = rest.split_once(' ').unwrap_or((rest, ""));
                let stamp = match (zone, stamp) {
                    ("UTC" | "GMT", Stamp::Local(at)) => Stamp::Full(at.assume_utc()),
                    _ => stamp,
                };
                if let Some(inner) = self.after_host(rest) {
                    self.stamp(Some(stamp));
                    return Layer::Around(inner);
                }
            }
        }
        self.ident(text)
    }

    /// `host etcd[9508]: text`.
    fn after_host(&mut self, text: &str) -> Option<String> {
        let (host, rest) = text.split_once(' ')?;
        let (ident, inner) = rest.split_once(": ")?;
        let name = match ident.split_once('[') {
            Some((name, number)) => {
                number.strip_suffix(']').filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()))?;
                name
            }
            None => ident,
        };
        let is_name = |text: &str| {
            !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.@/:()".contains(&byte))
        };
        (is_name(host) && is_name(name)).then(|| {
            self.unit = writer::of_unit(name).or(self.unit);
            inner.to_owned()
        })
    }

    /// `etcd[9508]: text` and `etcd: text`, where the date is cut off.
    fn ident(&mut self, text: &str) -> Layer {
        let Some((ident, inner)) = text.split_once(": ") else { return Layer::None };
        let name = ident.split_once('[').filter(|(_, number)| number.ends_with(']')).map_or(ident, |(name, _)| name);
        match writer::of_ident(name) {
            Some(writer) => {
                self.unit = Some(writer);
                Layer::Around(inner.to_owned())
            }
            None => Layer::None,
        }
    }

    /// `[pod/etcd-cp1/etcd] text`, of `kubectl logs --prefix`.
    fn pod_prefix(&mut self, text: &str) -> Layer {
        match text.strip_prefix("[pod/").and_then(|rest| rest.split_once("] ")) {
            Some((pod, inner)) => {
                self.unit = writer::of_unit(pod).or(self.unit);
                Layer::Around(inner.to_owned())
            }
            None => Layer::None,
        }
    }
}
