//! Files as a list of parts, and the damage done to their bytes.

use crate::key::{Container, Key};
use crate::pem;
use crate::rng::Rng;
use base64ct::{Base64, Encoding};

/// A certificate of a cluster, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CertificateId(pub usize);

/// One piece of a file.
#[derive(Clone, Debug)]
pub enum Part {
    /// a certificate, as a CERTIFICATE block
    Certificate(CertificateId),
    /// a certificate under another label
    CertificateAs(&'static str, CertificateId),
    /// a key
    Key(Key, Container),
    /// any block
    Block(&'static str, Vec<u8>),
    /// text as it is
    Text(String),
}

/// What stands at a path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// a file
    #[default]
    Present,
    /// nothing
    Missing,
    /// a directory
    Directory,
    /// a symbolic link to this relative path
    Link(String),
}

/// Damage to the bytes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// a byte order mark in front
    Bom,
    /// two blanks before every line
    Indent,
    /// two blanks before the lines between the dashes only
    IndentBody,
    /// CRLF line ends
    Crlf,
    /// CR line ends
    Cr,
    /// the END lines are gone
    NoEnd,
    /// only the first half is there
    Half,
    /// the END line stops before its last dash
    ShortEnd,
    /// END and the next BEGIN share a line; a single block is doubled first
    Glued,
    /// no newline after the last END line
    NoFinalNewline,
    /// the END line names another label
    OtherEnd,
    /// blanks after the dashes
    TrailingBlanks,
    /// something after the dashes of BEGIN
    TextAfterBegin,
    /// something before the dashes of BEGIN
    TextBeforeBegin,
    /// the label in lower case
    LowerCase,
    /// a blank line inside the data
    BlankLine,
    /// a header inside the block
    Header,
    /// the data on one line
    OneLine,
    /// a character that base64 does not know
    BadCharacter,
    /// one character of the data exchanged for another
    OtherCharacter,
    /// the padding is gone
    NoPadding,
    /// the bytes of the first block instead of PEM
    Der,
    /// PEM encoded in base64 once more
    Twice,
    /// no bytes at all
    Empty,
    /// only a newline
    Newline,
    /// text before and after the blocks
    TextAround,
    /// half a block at the end
    TrailingHalfBlock,
    /// random bytes at the end
    TrailingJunk,
    /// UTF-16 with a byte order mark
    Utf16,
    /// a NUL byte at the end
    Nul,
    /// the data replaced by nothing
    NoData,
    /// a junk block in front, whose BEGIN line has no END
    OpenBlockFirst,
}

impl Damage {
    /// All of them.
    pub const ALL: [Self; 32] = [
        Self::Bom,
        Self::Indent,
        Self::IndentBody,
        Self::Crlf,
        Self::Cr,
        Self::NoEnd,
        Self::Half,
        Self::ShortEnd,
        Self::Glued,
        Self::NoFinalNewline,
        Self::OtherEnd,
        Self::TrailingBlanks,
        Self::TextAfterBegin,
        Self::TextBeforeBegin,
        Self::LowerCase,
        Self::BlankLine,
        Self::Header,
        Self::OneLine,
        Self::BadCharacter,
        Self::OtherCharacter,
        Self::NoPadding,
        Self::Der,
        Self::Twice,
        Self::Empty,
        Self::Newline,
        Self::TextAround,
        Self::TrailingHalfBlock,
        Self::TrailingJunk,
        Self::Utf16,
        Self::Nul,
        Self::NoData,
        Self::OpenBlockFirst,
    ];

    /// The bytes after this damage.
    pub fn apply(self, bytes: Vec<u8>, rng: &mut Rng) -> Vec<u8> {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        match self {
            Self::Bom => [b"\xef\xbb\xbf", &bytes[..]].concat(),
            Self::Indent => map_lines(&text, |line| format!("  {line}")),
            Self::IndentBody => {
                map_lines(&text, |line| if line.starts_with('-') { line.to_owned() } else { format!("  {line}") })
            }
            Self::Crlf => text.replace('\n', "\r\n").into_bytes(),
            Self::Cr => text.replace('\n', "\r").into_bytes(),
            Self::NoEnd => keep_lines(&text, |line| !line.starts_with("-----END")),
            Self::Half => bytes[..bytes.len() / 2].to_vec(),
            Self::ShortEnd => map_lines(&text, |line| {
                if line.starts_with("-----END") { line[..line.len() - 1].to_owned() } else { line.to_owned() }
            }),
            Self::Glued => glued(&text).into_bytes(),
            Self::NoFinalNewline => text.trim_end().as_bytes().to_vec(),
            Self::OtherEnd => map_lines(&text, |line| {
                if line.starts_with("-----END") { "-----END SOMETHING ELSE-----".to_owned() } else { line.to_owned() }
            }),
            Self::TrailingBlanks => map_lines(&text, |line| format!("{line} \t")),
            Self::TextAfterBegin => map_lines(&text, |line| {
                if line.starts_with("-----BEGIN") { format!("{line} from vault") } else { line.to_owned() }
            }),
            Self::TextBeforeBegin => {
                map_lines(
                    &text,
                    |line| {
                        if line.starts_with("-----BEGIN") { format!("cert: {line}") } else { line.to_owned() }
                    },
                )
            }
            Self::LowerCase => {
                map_lines(&text, |line| if line.starts_with('-') { line.to_lowercase() } else { line.to_owned() })
            }
            Self::BlankLine => text.replacen("-----\n", "-----\n\n", 1).into_bytes(),
            Self::Header => text.replacen("-----\n", "-----\nFriendly-Name: etcd\n\n", 1).into_bytes(),
            Self::OneLine => one_line(&text).into_bytes(),
            Self::BadCharacter => in_data(&text, rng, |_| '!').into_bytes(),
            Self::OtherCharacter => in_data(&text, rng, |old| if old == 'A' { 'B' } else { 'A' }).into_bytes(),
            Self::NoPadding => text.replace('=', "").into_bytes(),
            Self::Der => pem::decode_all(&text).into_iter().next().unwrap_or(bytes),
            Self::Twice => Base64::encode_string(&bytes).into_bytes(),
            Self::Empty => Vec::new(),
            Self::Newline => b"\n".to_vec(),
            Self::TextAround => {
                format!("subject=CN = someone\nissuer=CN = ca\n{text}\nEnd of file, -- really --\n").into_bytes()
            }
            Self::TrailingHalfBlock => [&bytes[..], b"-----BEGIN CERTIFICATE-----\nMIIB"].concat(),
            Self::TrailingJunk => [&bytes[..], &rng.bytes(40)].concat(),
            Self::Utf16 => [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect(),
            Self::Nul => [&bytes[..], &[0]].concat(),
            Self::NoData => keep_lines(&text, |line| line.starts_with('-')),
            Self::OpenBlockFirst => [b"-----BEGIN CERTIFICATE-----\nMIIB\n", &bytes[..]].concat(),
        }
    }
}

fn map_lines(text: &str, change: impl Fn(&str) -> String) -> Vec<u8> {
    let mut out: String = text.lines().map(change).collect::<Vec<_>>().join("\n");
    out.push('\n');
    out.into_bytes()
}

fn keep_lines(text: &str, keep: impl Fn(&str) -> bool) -> Vec<u8> {
    text.lines().filter(|line| keep(line)).flat_map(|line| [line, "\n"]).collect::<String>().into_bytes()
}

fn glued(text: &str) -> String {
    let doubled = if text.matches("-----BEGIN").count() < 2 { text.repeat(2) } else { text.to_owned() };
    doubled.replace("-----\n-----BEGIN", "----------BEGIN")
}

fn one_line(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        if line.starts_with("-----END") {
            out.push('\n');
        }
        out.push_str(line);
        if line.starts_with('-') {
            out.push('\n');
        }
    }
    out
}

/// Changes one character in the data of the first block.
fn in_data(text: &str, rng: &mut Rng, change: impl Fn(char) -> char) -> String {
    let start = text.find("-----\n").map_or(0, |at| at + 6);
    let end = text.find("\n-----END").unwrap_or(text.len());
    let position = start + rng.below(end.saturating_sub(start + 4));
    text.char_indices().map(|(at, old)| if at == position && old != '\n' { change(old) } else { old }).collect()
}

/// A file: parts, then damage in order.
#[derive(Clone, Debug, Default)]
pub struct File {
    /// the pieces
    pub parts: Vec<Part>,
    /// what happens to the bytes
    pub damage: Vec<Damage>,
    /// whether it is there at all
    pub state: State,
}

impl File {
    /// A file of `parts`.
    pub fn new(parts: Vec<Part>) -> Self {
        Self { parts, ..Self::default() }
    }

    /// A file of one certificate.
    pub fn certificate(id: CertificateId) -> Self {
        Self::new(vec![Part::Certificate(id)])
    }

    /// A file of one key, as Go writes it.
    pub fn key(key: &Key) -> Self {
        Self::new(vec![Part::Key(key.clone(), Container::Native)])
    }

    /// Exchanges the container of every key in the file.
    pub fn repack(&mut self, container: &Container) {
        for part in &mut self.parts {
            if let Part::Key(_, old) = part {
                *old = container.clone();
            }
        }
    }

    /// The bytes, with `certificate` giving the DER of a certificate.
    pub fn bytes(&self, certificate: &dyn Fn(CertificateId) -> Vec<u8>, rng: &mut Rng) -> Vec<u8> {
        let text: String = self.parts.iter().map(|part| part.text(certificate)).collect();
        self.damage.iter().fold(text.into_bytes(), |bytes, damage| damage.apply(bytes, rng))
    }
}

impl Part {
    fn text(&self, certificate: &dyn Fn(CertificateId) -> Vec<u8>) -> String {
        match self {
            Self::Certificate(id) => pem::encode("CERTIFICATE", &certificate(*id)),
            Self::CertificateAs(label, id) => pem::encode(label, &certificate(*id)),
            Self::Key(key, container) => key.to_pem(container),
            Self::Block(label, der) => pem::encode(label, der),
            Self::Text(text) => text.clone(),
        }
    }
}
