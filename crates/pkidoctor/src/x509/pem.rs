//! PEM exactly as Go's `encoding/pem` reads it, plus a survey of what it passes over.
//!
//! Every PEM library skips in silence just what an operator must be told: a byte order mark, leading
//! blanks, two blocks on one line, a missing END. [`read`] yields the blocks Go finds; [`Pem::skipped`]
//! says, with line numbers, which blocks a person sees in the file and Go does not.

use memchr::memmem;
use zeroize::Zeroizing;

use super::base64;

/// Which of Go's two algorithms `pem.Decode` uses; they differ on repeated BEGIN lines.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Search {
    /// Go up to 1.23: from each BEGIN forward to the next END.
    Forward,
    /// Go from 1.24: from each END back to the last BEGIN.
    Backward,
}

/// One block that Go finds.
pub struct Block {
    /// The text between `-----BEGIN ` and `-----`.
    pub label: String,
    /// Whether header lines (`Key: value`) stand before the body; pool loaders skip such blocks.
    pub has_headers: bool,
    /// Whether a header says `Proc-Type: 4,ENCRYPTED` (RFC 1421).
    pub encrypted: bool,
    /// The decoded body, which may be a private key and is wiped on drop.
    pub bytes: Zeroizing<Vec<u8>>,
    /// Line of the BEGIN, from 1.
    pub line: usize,
    /// Where BEGIN starts and where the END line ends, in bytes.
    span: (usize, usize),
}

impl Block {
    /// Whether the label is one of those behind which Go looks for a private key (`tls.X509KeyPair`).
    pub fn may_hold_key(&self) -> bool {
        self.label == "PRIVATE KEY" || self.label.ends_with(" PRIVATE KEY")
    }
}

/// Why Go passes over something that looks like a block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Skip {
    /// A UTF-8 byte order mark stands before the first BEGIN.
    ByteOrderMark,
    /// Blanks or other text stand before BEGIN on its line.
    Indented,
    /// BEGIN stands on the line of the previous END.
    Glued,
    /// No END line follows.
    MissingEnd,
    /// The END line names another label, or text follows it.
    WrongEnd,
    /// The body is not base64.
    BadBase64,
    /// The BEGIN line does not end in five dashes.
    BrokenBegin,
}

impl Skip {
    /// In words, for a finding.
    pub const fn words(self) -> &'static str {
        match self {
            Self::ByteOrderMark => "a byte order mark (EF BB BF) stands before BEGIN",
            Self::Indented => "something stands before BEGIN on its line (blanks from a YAML paste, perhaps)",
            Self::Glued => "BEGIN stands on the line of the previous END: a line break is missing",
            Self::MissingEnd => "the END line is missing: the file was cut",
            Self::WrongEnd => "the END line does not fit the BEGIN line",
            Self::BadBase64 => "the body is not base64",
            Self::BrokenBegin => "the BEGIN line does not end in five dashes",
        }
    }
}

/// What a file looks like when Go finds no block in it at all.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// Zero bytes.
    Empty,
    /// Only blanks.
    Blank,
    /// DER: the binary form of what PEM wraps.
    Der,
    /// Base64 of PEM, as a Secret's data field holds it.
    EncodedTwice,
    /// UTF-16, as some Windows editors write.
    Utf16,
    /// Something else.
    Other,
}

/// A file read as PEM.
pub struct Pem {
    /// The blocks that Go finds, in order.
    pub blocks: Vec<Block>,
    /// What looks like a block and is none for Go: line and reason.
    pub skipped: Vec<(usize, Skip)>,
    /// Those of them whose content is whole: they could be written again as clean PEM.
    pub salvaged: Vec<Block>,
    /// What the file is when there is no block.
    pub shape: Shape,
    /// Lines end in CR LF (harmless to Go).
    pub crlf: bool,
    /// Text that is neither block nor blank stands in the file (harmless to Go).
    pub text_around: bool,
    /// Whether anything, be it a blank line, follows the last block.
    pub has_rest: bool,
}

impl Pem {
    /// A copy without the blocks that may hold keys, which are never copied.
    pub(crate) fn without_keys(&self) -> Self {
        let copy = |block: &Block| Block {
            label: block.label.clone(),
            has_headers: block.has_headers,
            encrypted: block.encrypted,
            bytes: block.bytes.clone(),
            line: block.line,
            span: block.span,
        };
        Self {
            blocks: self.blocks.iter().filter(|block| !block.may_hold_key()).map(copy).collect(),
            skipped: self.skipped.clone(),
            salvaged: self.salvaged.iter().filter(|block| !block.may_hold_key()).map(copy).collect(),
            shape: self.shape,
            crlf: self.crlf,
            text_around: self.text_around,
            has_rest: self.has_rest,
        }
    }
}

/// At most this many blocks are read; a real bundle has a few hundred at most.
pub const MAX_BLOCKS: usize = 10_000;

/// No certificate or key comes near this.
const LARGEST_SALVAGED: usize = 64 << 10;

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"\n-----END ";
const DASHES: &[u8] = b"-----";

/// Reads `data` as Go does with the given [`Search`].
pub fn read(data: &[u8], search: Search) -> Pem {
    let mut decoder = Decoder::new(data);
    let mut blocks = Vec::new();
    let mut at = 0;
    while blocks.len() < MAX_BLOCKS {
        let next = match search {
            Search::Forward => decoder.forward(at),
            Search::Backward => decoder.backward(at),
        };
        let Some((mut block, rest)) = next else { break };
        block.line = decoder.line_of(block.span.0);
        blocks.push(block);
        at = rest;
    }
    let Survey { skipped, salvaged, text_around } = decoder.survey(&blocks);
    let shape = if blocks.is_empty() { shape(data) } else { Shape::Other };
    Pem {
        blocks,
        skipped,
        salvaged,
        shape,
        crlf: memmem::find(data, b"\r\n").is_some(),
        text_around,
        has_rest: at < data.len(),
    }
}

struct Decoder<'a> {
    data: &'a [u8],
    /// Offsets of every `\n-----END `, so that a search for the next is not quadratic.
    ends: Vec<usize>,
    /// Offsets of every newline, for line numbers.
    newlines: Vec<usize>,
    /// Header lines that may still be read: hostile files make Go itself quadratic here.
    header_budget: usize,
}

impl<'a> Decoder<'a> {
    fn new(data: &'a [u8]) -> Self {
        let newlines: Vec<usize> = memchr::memchr_iter(b'\n', data).collect();
        let ends = newlines.iter().copied().filter(|at| data[*at..].starts_with(END)).collect();
        Self { data, ends, newlines, header_budget: 1_000_000 }
    }

    fn line_of(&self, offset: usize) -> usize {
        self.newlines.partition_point(|newline| *newline < offset) + 1
    }

    fn next_end(&self, from: usize) -> Option<usize> {
        self.ends.get(self.ends.partition_point(|end| *end < from)).copied()
    }

    /// One step of `pem.Decode` of Go 1.23 and earlier, from `from`.
    fn forward(&mut self, from: usize) -> Option<(Block, usize)> {
        let mut at = from;
        loop {
            let begin = self.next_begin(at)?;
            at = begin + BEGIN.len();
            let (type_line, after) = self.line(at);
            at = after;
            let Some(label) = type_line.strip_suffix(DASHES) else { continue };
            let headers = self.headers(&mut at)?;
            // without headers END may follow BEGIN immediately
            let (body_end, trailer) = if headers.count == 0 && self.data[at..].starts_with(&END[1..]) {
                (at, at + END.len() - 1)
            } else if let Some(end) = self.next_end(at) {
                (end, end + END.len())
            } else {
                continue;
            };
            let Some(after) = self.trailer(trailer, label) else { continue };
            let Some(bytes) = self.body(at, body_end) else { continue };
            return Some((block(label, &headers, bytes, (begin, after)), after));
        }
    }

    /// The next BEGIN at the start of a line, or right here.
    fn next_begin(&self, at: usize) -> Option<usize> {
        if self.data.get(at..)?.starts_with(BEGIN) {
            return Some(at);
        }
        let mut from = self.newlines.partition_point(|newline| *newline < at);
        while let Some(newline) = self.newlines.get(from) {
            if self.data[newline + 1..].starts_with(BEGIN) {
                return Some(newline + 1);
            }
            from += 1;
        }
        None
    }

    /// One step of `pem.Decode` of Go 1.24 and later, from `from`.
    fn backward(&mut self, from: usize) -> Option<(Block, usize)> {
        let mut start = from;
        loop {
            let end = self.next_end(start)?;
            let trailer = end + END.len();
            let Some(begin) = memmem::rfind(&self.data[start..end], BEGIN).map(|at| start + at) else {
                start = trailer;
                continue;
            };
            if begin > start && self.data[begin - 1] != b'\n' {
                start = trailer;
                continue;
            }
            let (type_line, mut at) = self.line(begin + BEGIN.len());
            let failed = (at, trailer);
            let Some(label) = type_line.strip_suffix(DASHES) else {
                start = failed.1.max(failed.0);
                continue;
            };
            let headers = self.headers(&mut at)?;
            let next = trailer.max(at);
            // with headers a line break must stand before END; without them END may follow BEGIN at once
            if headers.count > 0 && at > end {
                if trailer < at {
                    return None;
                }
                start = next;
                continue;
            }
            if trailer < at {
                return None;
            }
            let Some(after) = self.trailer(trailer, label) else {
                start = next;
                continue;
            };
            let Some(bytes) = self.body(at.min(end), end) else {
                start = next;
                continue;
            };
            return Some((block(label, &headers, bytes, (begin, after)), after));
        }
    }

    /// Go's `getLine`: the line from `at` without trailing blanks, and where the next begins.
    fn line(&self, at: usize) -> (&'a [u8], usize) {
        let rest = self.data.get(at..).unwrap_or_default();
        let newline = self.newlines.get(self.newlines.partition_point(|newline| *newline < at));
        let (line, next) = match newline {
            None => (rest, self.data.len()),
            Some(newline) => {
                let line = &self.data[at..*newline];
                (line.strip_suffix(b"\r").unwrap_or(line), newline + 1)
            }
        };
        let blanks = line.iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        (&line[..line.len() - blanks], next)
    }

    /// Reads `Key: value` lines; `None` where Go gives up on the whole rest.
    fn headers(&mut self, at: &mut usize) -> Option<Headers> {
        let mut headers = Headers { count: 0, encrypted: false };
        loop {
            if *at >= self.data.len() || self.header_budget == 0 {
                return None;
            }
            let (line, next) = self.line(*at);
            let Some(colon) = line.iter().position(|byte| *byte == b':') else { return Some(headers) };
            let (key, value) = (line[..colon].trim_ascii(), line[colon + 1..].trim_ascii());
            headers.encrypted |= key == b"Proc-Type" && value.ends_with(b"ENCRYPTED");
            headers.count += 1;
            self.header_budget -= 1;
            *at = next;
        }
    }

    /// Checks what follows `-----END `; where the next line starts if it fits the label.
    fn trailer(&self, at: usize, label: &[u8]) -> Option<usize> {
        let rest = self.data.get(at..)?;
        let after = rest.strip_prefix(label)?.strip_prefix(DASHES)?;
        let (tail, next) = self.line(self.data.len() - after.len());
        tail.is_empty().then_some(next)
    }

    fn body(&self, from: usize, to: usize) -> Option<Zeroizing<Vec<u8>>> {
        let text = self.data.get(from..to)?;
        if memchr::memchr2(b' ', b'\t', text).is_none() {
            return base64::decode(text).ok();
        }
        let packed =
            Zeroizing::new(text.iter().copied().filter(|byte| !matches!(byte, b' ' | b'\t')).collect::<Vec<_>>());
        base64::decode(&packed).ok()
    }

    /// Looks at everything outside the blocks.
    fn survey(&self, blocks: &[Block]) -> Survey {
        let mut survey = Survey::default();
        let mut at = 0;
        let ends = blocks.iter().map(|block| block.span).chain([(self.data.len(), self.data.len())]);
        for (begin, after) in ends {
            let gap = self.data.get(at..begin).unwrap_or_default();
            let mut from = 0;
            while let Some(found) = memmem::find(&gap[from..], BEGIN) {
                let begin = at + from + found;
                if survey.skipped.len() < 100 {
                    survey.skipped.push((self.line_of(begin), self.why_skipped(begin)));
                    survey.salvaged.extend(self.salvage(begin));
                }
                from += found + BEGIN.len();
            }
            survey.text_around |= gap.iter().any(|byte| !byte.is_ascii_whitespace());
            at = at.max(after);
        }
        survey
    }

    /// The block that a person sees at a BEGIN which Go passes over, if its label, body and END are all there.
    fn salvage(&self, begin: usize) -> Option<Block> {
        let from = begin + BEGIN.len();
        let text = self.data.get(from..(from + LARGEST_SALVAGED).min(self.data.len()))?;
        let (label, text) = text.split_at(memmem::find(text, DASHES)?);
        let text = text.strip_prefix(DASHES)?;
        let (body, end) = text.split_at(memmem::find(text, DASHES)?);
        end.strip_prefix(&END[1..])?.strip_prefix(label)?.strip_prefix(DASHES)?;
        let packed: Zeroizing<Vec<u8>> =
            Zeroizing::new(body.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect());
        let bytes = base64::decode(&packed).ok().filter(|bytes| !bytes.is_empty())?;
        let headers = Headers { count: 0, encrypted: false };
        let mut block = block(label, &headers, bytes, (begin, begin));
        block.line = self.line_of(begin);
        Some(block)
    }

    fn why_skipped(&self, begin: usize) -> Skip {
        let line_start = self.data[..begin].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let before = &self.data[line_start..begin];
        if before == b"\xef\xbb\xbf" {
            return Skip::ByteOrderMark;
        }
        if memmem::find(before, b"-----END ").is_some() {
            return Skip::Glued;
        }
        if !before.is_empty() {
            return Skip::Indented;
        }
        let (type_line, body) = self.line(begin + BEGIN.len());
        let Some(label) = type_line.strip_suffix(DASHES) else {
            // two blocks glued at END: the first one loses its own END line's last dashes
            return Skip::BrokenBegin;
        };
        let Some(end) = self.next_end(body.saturating_sub(1)) else { return Skip::MissingEnd };
        // another BEGIN before that END means that our own END is missing
        if memmem::find(&self.data[body.min(end)..end], BEGIN).is_some() {
            return Skip::MissingEnd;
        }
        let trailer = end + END.len();
        if self.trailer(trailer, label).is_none() {
            let (line, _) = self.line(trailer);
            return if memmem::find(line, BEGIN).is_some() { Skip::Glued } else { Skip::WrongEnd };
        }
        Skip::BadBase64
    }
}

/// What stands outside the blocks.
#[derive(Default)]
struct Survey {
    skipped: Vec<(usize, Skip)>,
    salvaged: Vec<Block>,
    text_around: bool,
}

struct Headers {
    count: usize,
    encrypted: bool,
}

fn block(label: &[u8], headers: &Headers, bytes: Zeroizing<Vec<u8>>, span: (usize, usize)) -> Block {
    Block {
        label: String::from_utf8_lossy(label).into_owned(),
        has_headers: headers.count > 0,
        encrypted: headers.encrypted,
        bytes,
        line: 0,
        span,
    }
}

fn shape(data: &[u8]) -> Shape {
    let text = data.trim_ascii();
    if data.is_empty() {
        Shape::Empty
    } else if text.is_empty() {
        Shape::Blank
    } else if data.starts_with(b"\xff\xfe") || data.starts_with(b"\xfe\xff") {
        Shape::Utf16
    } else if super::der::Der::new(data).sequence().is_some() {
        Shape::Der
    } else if base64::decode(text).is_ok_and(|inner| inner.trim_ascii().starts_with(b"-----BEGIN")) {
        Shape::EncodedTwice
    } else {
        Shape::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [Search; 2] = [Search::Forward, Search::Backward];

    #[test]
    fn what_is_whole_can_be_salvaged() {
        let block = "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n";
        let salvaged = |text: &str| -> Vec<Vec<u8>> {
            read(text.as_bytes(), Search::Backward).salvaged.iter().map(|block| block.bytes.to_vec()).collect()
        };
        assert_eq!(salvaged(&format!("\u{feff}{block}")), [[1, 2, 3]]);
        assert_eq!(salvaged("  -----BEGIN CERTIFICATE-----\n  AQID\n  -----END CERTIFICATE-----\n"), [[1, 2, 3]]);
        assert_eq!(salvaged(&format!("{}{block}", block.trim_end())).len(), 2);
        // what was cut, and what another block begins in, is not
        assert!(salvaged("-----BEGIN CERTIFICATE-----\nAQID\n").is_empty());
        assert!(salvaged(&format!("-----BEGIN CERTIFICATE-----\nAQ\n{block}")).is_empty());
        assert!(salvaged(block).is_empty());
    }

    fn labels(text: &str, search: Search) -> Vec<String> {
        read(text.as_bytes(), search).blocks.into_iter().map(|block| block.label).collect()
    }

    #[test]
    fn plain_blocks_with_text_around() {
        for search in BOTH {
            let pem = read(b"Bag Attributes\n-----BEGIN A-----\naGk=\n-----END A-----\nx\n-----BEGIN B-----\r\naGk=\r\n-----END B-----", search);
            assert_eq!(pem.blocks.len(), 2);
            assert_eq!(*pem.blocks[0].bytes, b"hi");
            assert_eq!(pem.blocks[1].line, 6);
            assert!(pem.text_around && pem.crlf && pem.skipped.is_empty());
        }
    }

    #[test]
    fn what_go_skips_is_reported_with_its_line() {
        let cases: [(&str, Skip, usize); 6] = [
            ("\u{feff}-----BEGIN A-----\naGk=\n-----END A-----\n", Skip::ByteOrderMark, 1),
            ("  -----BEGIN A-----\n  aGk=\n  -----END A-----\n", Skip::Indented, 1),
            ("-----BEGIN A-----\naGk=\n", Skip::MissingEnd, 1),
            ("\n-----BEGIN A-----\naGk=\n-----END B-----\n", Skip::WrongEnd, 2),
            ("-----BEGIN A-----\na!k=\n-----END A-----\n", Skip::BadBase64, 1),
            ("-----BEGIN A--\naGk=\n-----END A-----\n", Skip::BrokenBegin, 1),
        ];
        for search in BOTH {
            for (text, skip, line) in &cases {
                let pem = read(text.as_bytes(), search);
                assert!(pem.blocks.is_empty(), "{text}");
                assert_eq!(pem.skipped, [(*line, *skip)], "{text}");
            }
        }
    }

    #[test]
    fn two_blocks_glued_together_are_both_lost() {
        for search in BOTH {
            let pem =
                read(b"-----BEGIN A-----\naGk=\n-----END A----------BEGIN A-----\naGk=\n-----END A-----\n", search);
            assert!(pem.blocks.is_empty());
            assert_eq!(pem.skipped, [(1, Skip::Glued), (3, Skip::Glued)]);
        }
    }

    #[test]
    fn the_two_searches_differ_on_a_begin_without_end() {
        let text = "-----BEGIN A-----\naGk=\n-----BEGIN A-----\naGk=\n-----END A-----\n";
        assert_eq!(labels(text, Search::Forward), ["A"]);
        assert_eq!(labels(text, Search::Backward), ["A"]);
        let other = "-----BEGIN A-----\naGk=\n-----END B-----\n-----BEGIN B-----\naGk=\n-----END B-----\n";
        assert_eq!(labels(other, Search::Forward), ["B"]);
        assert_eq!(labels(other, Search::Backward), ["B"]);
    }

    #[test]
    fn headers_are_noticed() {
        let text = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\naGk=\n-----END RSA PRIVATE KEY-----\n";
        for search in BOTH {
            let pem = read(text.as_bytes(), search);
            assert!(pem.blocks[0].encrypted && pem.blocks[0].has_headers && pem.blocks[0].may_hold_key());
        }
    }

    #[test]
    fn shapes_of_files_without_a_block() {
        let shape_of = |data: &[u8]| read(data, Search::Backward).shape;
        assert_eq!(shape_of(b""), Shape::Empty);
        assert_eq!(shape_of(b" \n"), Shape::Blank);
        assert_eq!(shape_of(b"\x30\x03\x02\x01\x01"), Shape::Der);
        assert_eq!(shape_of(b"LS0tLS1CRUdJTiBBLS0tLS0K"), Shape::EncodedTwice);
        assert_eq!(shape_of(b"\xff\xfe-\x00"), Shape::Utf16);
        assert_eq!(shape_of(b"hello"), Shape::Other);
    }

    #[test]
    fn a_million_begin_lines_end_soon() {
        let mut hostile = b"-----BEGIN A:B-----\n".repeat(50_000);
        hostile.extend_from_slice(b"\n-----END A:C-----\n");
        for search in BOTH {
            assert!(read(&hostile, search).blocks.is_empty());
        }
    }
}
