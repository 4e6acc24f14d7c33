//! YAML within bounds: from text to a small tree, and from the tree, with serde, to the shapes of the files here.
//!
//! One pass over a parser's events. Every scalar stays the text that it is, so that `0600`, `yes` and `2379` keep their
//! form; the last of two equal keys wins, as in Kubernetes' reader; merge keys are followed. An alias is its target, not
//! a copy, and what aliases multiply is counted before anybody walks it. Kubeconfigs hold keys: scalars are borrowed
//! from the file where they can be, the others are wiped, and no message quotes the file. (Buffers in which the parser
//! unfolds a scalar of several lines cannot be wiped from here.)

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::marker::PhantomData;

use granit_parser::{Event, Options, Parser, ScalarStyle, Span, Tag};
use serde::Deserialize;
use serde::de::value::U64Deserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error, Expected, MapAccess, SeqAccess, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;
use zeroize::Zeroize as _;

use crate::x509::base64;

/// No configuration file of a cluster comes near this.
pub const MAX_BYTES: usize = 1 << 20;

/// How deep collections nest; manifests need ten.
const MAX_DEPTH: usize = 64;

/// How many nodes one file has.
const MAX_NODES: usize = 200_000;

/// How many anchors one file has.
const MAX_ANCHORS: usize = 10_000;

/// How many documents one file has.
const MAX_DOCUMENTS: usize = 64;

/// Bytes of text, one more for each node, and aliases counted as often as they are used.
const MAX_WEIGHT: usize = 8 << 20;

/// Entries that merge keys copy.
const MAX_MERGED: usize = 100_000;

const BOMB: &str = "nested, repeated or expanded beyond what such a file needs";

/// Why a file could not be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where, counted from 1; `None` when it concerns the whole file.
    pub line: Option<u64>,
    /// What is wrong, without the file's content, on one line, control characters escaped.
    pub message: String,
}

impl Problem {
    /// A problem whose message is made safe to print.
    pub(crate) fn new(line: Option<u64>, message: &str) -> Self {
        const LONGEST: usize = 160;
        let mut safe = String::new();
        for c in message.chars().take(LONGEST) {
            if c.is_control() || !c.is_ascii() && !c.is_alphanumeric() {
                // writing to a String cannot fail
                let _ = write!(safe, "{}", c.escape_unicode());
            } else {
                safe.push(c);
            }
        }
        Self { line, message: safe }
    }
}

/// Reads every document of a YAML or JSON file within bounds; documents that hold nothing are left out.
///
/// # Errors
/// When the file is larger than [`MAX_BYTES`], no UTF-8, no YAML, a bomb, or of another shape. The message never
/// quotes the file, because kubeconfigs hold keys.
pub(crate) fn read_yaml<T: DeserializeOwned>(bytes: &[u8]) -> Result<Vec<T>, Problem> {
    let tree = Tree::read(read_text(bytes)?)?;
    let shapes = tree.roots.iter().map(|root| T::deserialize(At { nodes: &tree.nodes, index: *root }));
    shapes.collect::<Result<_, Mismatch>>().map_err(|mismatch| Problem::new(mismatch.line, &mismatch.message))
}

/// The text of a configuration file.
///
/// # Errors
/// When the file is larger than [`MAX_BYTES`] or no UTF-8.
pub(crate) fn read_text(bytes: &[u8]) -> Result<&str, Problem> {
    if bytes.len() > MAX_BYTES {
        return Err(Problem::new(None, "larger than 1 MiB, which no such file is"));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        // as many pieces as line ends, and one
        let line = before.split(|byte| *byte == b'\n').count();
        Problem::new(u64::try_from(line).ok(), "not UTF-8 text")
    })
}

// ---- from text to the tree

/// All documents of a file.
#[derive(Default)]
struct Tree<'i> {
    /// What a collection holds comes before it.
    nodes: Vec<Node<'i>>,
    /// The documents that hold something.
    roots: Vec<usize>,
}

struct Node<'i> {
    content: Content<'i>,
    /// Where it is written, counted from 1.
    line: u64,
    /// How deep collections nest in it.
    height: usize,
    weight: usize,
}

/// What a scalar is, beside its text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Null,
    /// `<<`, not quoted: as a key, it merges.
    Merge,
}

enum Content<'i> {
    Scalar { text: Cow<'i, str>, kind: Kind },
    Sequence(Vec<usize>),
    Mapping(Vec<(usize, usize)>),
}

/// A collection that is still being read.
struct Open {
    is_mapping: bool,
    items: Vec<usize>,
    line: u64,
    anchor: usize,
}

impl Drop for Tree<'_> {
    fn drop(&mut self) {
        for node in &mut self.nodes {
            if let Content::Scalar { text: Cow::Owned(text), .. } = &mut node.content {
                text.zeroize();
            }
        }
    }
}

impl<'i> Tree<'i> {
    fn read(text: &'i str) -> Result<Self, Problem> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut options = Options::default();
        options.flow_nesting_limit = MAX_DEPTH;
        options.block_nesting_limit = MAX_DEPTH;
        let mut reader = Reader::default();
        for event in Parser::new_from_str_with_options(text, options) {
            let (event, span) = event.map_err(|error| {
                let line = u64::try_from(error.marker().line()).ok().filter(|line| *line > 0);
                Problem::new(line, &error.info())
            })?;
            reader.take(event, &span)?;
        }
        Ok(reader.tree)
    }
}

#[derive(Default)]
struct Reader<'i> {
    tree: Tree<'i>,
    open: Vec<Open>,
    /// By number, which the parser counts from 1; nothing while the node is still open.
    anchors: Vec<Option<usize>>,
    documents: usize,
    weight: usize,
    merged: usize,
}

impl<'i> Reader<'i> {
    fn take(&mut self, event: Event<'i>, span: &Span) -> Result<(), Problem> {
        let line = u64::try_from(span.start.line()).unwrap_or(u64::MAX);
        let bomb = || Problem::new(Some(line), BOMB);
        match event {
            Event::DocumentStart(..) => {
                self.documents = self.documents.saturating_add(1);
                if self.documents > MAX_DOCUMENTS {
                    return Err(bomb());
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                let (text, kind) = scalar(text, style, tag.as_deref(), line)?;
                let weight = text.len().saturating_add(1);
                self.close(Node { content: Content::Scalar { text, kind }, line, height: 0, weight }, anchor)?;
            }
            Event::SequenceStart(_, anchor, _) => self.open(false, line, anchor)?,
            Event::MappingStart(_, anchor, _) => self.open(true, line, anchor)?,
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(open) = self.open.pop() else { return Err(bomb()) };
                self.collection(open)?;
            }
            Event::Alias(number) => {
                let target = self.anchors.get(number).copied().flatten();
                let target = target.ok_or_else(|| Problem::new(Some(line), "an alias of what it stands in"))?;
                self.put(target, line)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn open(&mut self, is_mapping: bool, line: u64, anchor: usize) -> Result<(), Problem> {
        if self.open.len() >= MAX_DEPTH {
            return Err(Problem::new(Some(line), BOMB));
        }
        self.open.push(Open { is_mapping, items: Vec::new(), line, anchor });
        Ok(())
    }

    fn collection(&mut self, open: Open) -> Result<(), Problem> {
        let Open { is_mapping, items, line, anchor } = open;
        let members = || items.iter().filter_map(|index| self.tree.nodes.get(*index));
        let height = members().map(|node| node.height).max().unwrap_or_default().saturating_add(1);
        let weight = members().fold(1_usize, |sum, node| sum.saturating_add(node.weight));
        if height > MAX_DEPTH || weight > MAX_WEIGHT {
            return Err(Problem::new(Some(line), BOMB));
        }
        let content = if is_mapping {
            let entries = items.chunks_exact(2).filter_map(|pair| Some((*pair.first()?, *pair.get(1)?)));
            Content::Mapping(self.settled(&entries.collect::<Vec<_>>(), line)?)
        } else {
            Content::Sequence(items)
        };
        self.close(Node { content, line, height, weight }, anchor)
    }

    /// The entries of a mapping: of equal keys the last wins, merge keys where they stand (go-yaml v2, `mapping`).
    fn settled(&mut self, entries: &[(usize, usize)], line: u64) -> Result<Vec<(usize, usize)>, Problem> {
        let nodes = &self.tree.nodes;
        let content = |index: usize| nodes.get(index).map(|node| &node.content);
        let mut settled = Settled::default();
        for &(key, value) in entries {
            let text = match content(key) {
                Some(Content::Scalar { kind: Kind::Merge, .. }) => {
                    let sources = match content(value) {
                        Some(Content::Sequence(sources)) => sources.as_slice(),
                        _ => std::slice::from_ref(&value),
                    };
                    // the first of several sources wins, so it comes last
                    for source in sources.iter().rev() {
                        let Some(Content::Mapping(more)) = content(*source) else {
                            return Err(Problem::new(Some(line), "a merge key without a mapping"));
                        };
                        self.merged = self.merged.saturating_add(more.len());
                        if self.merged > MAX_MERGED {
                            return Err(Problem::new(Some(line), BOMB));
                        }
                        for &(key, value) in more {
                            settled.put(key_text(nodes, key).unwrap_or_default(), key, value);
                        }
                    }
                    continue;
                }
                Some(Content::Scalar { kind: Kind::Text, text }) => text,
                _ => {
                    // YAML allows it, Kubernetes, which turns everything into JSON, does not
                    let line = nodes.get(key).map_or(line, |key| key.line);
                    return Err(Problem::new(Some(line), "a key that is no text"));
                }
            };
            settled.put(text, key, value);
        }
        Ok(settled.entries)
    }

    /// A node that is complete.
    fn close(&mut self, node: Node<'i>, anchor: usize) -> Result<(), Problem> {
        let (index, line) = (self.tree.nodes.len(), node.line);
        if index >= MAX_NODES || anchor > MAX_ANCHORS {
            return Err(Problem::new(Some(line), BOMB));
        }
        self.tree.nodes.push(node);
        if anchor > 0 {
            if self.anchors.len() <= anchor {
                self.anchors.resize(anchor.saturating_add(1), None);
            }
            if let Some(slot) = self.anchors.get_mut(anchor) {
                *slot = Some(index);
            }
        }
        self.put(index, line)
    }

    /// Puts a complete node, or one more use of it, where the reader is.
    fn put(&mut self, index: usize, line: u64) -> Result<(), Problem> {
        if let Some(open) = self.open.last_mut() {
            open.items.push(index);
            return Ok(());
        }
        let Some(root) = self.tree.nodes.get(index) else { return Ok(()) };
        self.weight = self.weight.saturating_add(root.weight);
        if self.weight > MAX_WEIGHT {
            return Err(Problem::new(Some(line), BOMB));
        }
        if !matches!(root.content, Content::Scalar { kind: Kind::Null, .. }) {
            self.tree.roots.push(index);
        }
        Ok(())
    }
}

/// Entries in the order in which their keys came first, each with what was said last.
#[derive(Default)]
struct Settled<'t> {
    entries: Vec<(usize, usize)>,
    places: BTreeMap<&'t str, usize>,
}

impl<'t> Settled<'t> {
    fn put(&mut self, text: &'t str, key: usize, value: usize) {
        if let Some(entry) = self.places.get(text).and_then(|place| self.entries.get_mut(*place)) {
            *entry = (key, value);
        } else {
            self.places.insert(text, self.entries.len());
            self.entries.push((key, value));
        }
    }
}

fn key_text<'t>(nodes: &'t [Node<'_>], index: usize) -> Option<&'t str> {
    match &nodes.get(index)?.content {
        Content::Scalar { text, kind: Kind::Text } => Some(text),
        _ => None,
    }
}

/// The text of a scalar, and what it is.
fn scalar<'i>(
    text: Cow<'i, str>,
    style: ScalarStyle,
    tag: Option<&Tag>,
    line: u64,
) -> Result<(Cow<'i, str>, Kind), Problem> {
    let Some(tag) = tag else {
        let kind = match text.as_ref() {
            _ if style != ScalarStyle::Plain => Kind::Text,
            "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
            "<<" => Kind::Merge,
            _ => Kind::Text,
        };
        return Ok((text, kind));
    };
    match tag.suffix_in_namespace("tag:yaml.org,2002:").as_deref() {
        Some("null") => Ok((text, Kind::Null)),
        Some("merge") if text == "<<" => Ok((text, Kind::Merge)),
        Some("binary") => {
            let decoded = base64::decode(text.as_bytes()).ok();
            if let Cow::Owned(mut text) = text {
                text.zeroize();
            }
            let decoded = decoded.as_ref().and_then(|bytes| std::str::from_utf8(bytes).ok()).map(str::to_owned);
            let decoded = decoded.ok_or_else(|| Problem::new(Some(line), "expected text, found other binary data"))?;
            Ok((Cow::Owned(decoded), Kind::Text))
        }
        _ => Ok((text, Kind::Text)),
    }
}

// ---- from the tree to shapes

/// Something with the line where it is written: for an alias, that of its target, to which a finding should point.
pub(crate) struct Spanned<T> {
    pub(crate) value: T,
    line: u64,
}

/// A scalar with its place; null is nothing.
pub(crate) type Text = Option<Spanned<String>>;

/// The line of a node, where it was defined.
pub(crate) fn line<T>(node: &Spanned<T>) -> Option<u64> {
    Some(node.line).filter(|line| *line > 0)
}

/// What [`Spanned`] calls itself before [`At`].
const SPANNED: &str = "pkidoctor::Spanned";

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Spanned<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Both<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Both<T> {
            type Value = Spanned<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a line and a value")
            }

            fn visit_seq<S: SeqAccess<'de>>(self, mut both: S) -> Result<Spanned<T>, S::Error> {
                let line = both.next_element()?;
                let value = both.next_element()?;
                let (Some(line), Some(value)) = (line, value) else { return Err(S::Error::invalid_length(0, &self)) };
                Ok(Spanned { value, line })
            }
        }
        deserializer.deserialize_newtype_struct(SPANNED, Both(PhantomData))
    }
}

/// A node whose shape is not the expected one.
#[derive(Debug)]
struct Mismatch {
    line: Option<u64>,
    message: String,
}

impl Mismatch {
    fn on(self, line: u64) -> Self {
        Self { line: self.line.or(Some(line)), ..self }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Mismatch {}

impl Error for Mismatch {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { line: None, message: message.to_string() }
    }

    // serde would quote the unexpected value
    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::custom(format_args!("expected {expected}"))
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::custom(format_args!("expected {expected}"))
    }
}

impl Node<'_> {
    fn instead_of(&self, expected: &str) -> Mismatch {
        let found = match self.content {
            Content::Scalar { kind: Kind::Null, .. } => "nothing",
            Content::Scalar { .. } => "text",
            Content::Sequence(_) => "a list",
            Content::Mapping(_) => "a mapping",
        };
        Mismatch { line: Some(self.line), message: format!("expected {expected}, found {found}") }
    }
}

/// A node of the tree, to be deserialized.
#[derive(Clone, Copy)]
struct At<'t, 'i> {
    nodes: &'t [Node<'i>],
    index: usize,
}

impl<'t, 'i> At<'t, 'i> {
    fn of(self, index: usize) -> Self {
        Self { index, ..self }
    }

    fn node(self) -> Result<&'t Node<'i>, Mismatch> {
        // every index comes from the same tree
        self.nodes.get(self.index).ok_or_else(|| Mismatch::custom("a node that is not there"))
    }
}

impl<'de> Deserializer<'de> for At<'_, '_> {
    type Error = Mismatch;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        let node = self.node()?;
        let value = match &node.content {
            Content::Scalar { kind: Kind::Null, .. } => visitor.visit_unit(),
            Content::Scalar { text, .. } => visitor.visit_str(text),
            Content::Sequence(items) => visitor.visit_seq(Items { at: self, rest: items.iter() }),
            Content::Mapping(entries) => visitor.visit_map(Entries { at: self, rest: entries.iter(), value: None }),
        };
        value.map_err(|mismatch: Mismatch| mismatch.on(node.line))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        let node = self.node()?;
        let value = match &node.content {
            Content::Scalar { text, .. } => visitor.visit_str(text),
            _ => return Err(node.instead_of("text")),
        };
        value.map_err(|mismatch: Mismatch| mismatch.on(node.line))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.node()? {
            Node { content: Content::Sequence(_), .. } => self.deserialize_any(visitor),
            other => Err(other.instead_of("a list")),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.node()? {
            Node { content: Content::Mapping(_), .. } => self.deserialize_any(visitor),
            other => Err(other.instead_of("a mapping")),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        self.deserialize_map(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.deserialize_string(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.deserialize_string(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.node()?.content {
            Content::Scalar { kind: Kind::Null, .. } => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &str, visitor: V) -> Result<V::Value, Mismatch> {
        if name == SPANNED {
            visitor.visit_seq(LineAndValue { at: self, given: 0 })
        } else {
            visitor.visit_newtype_struct(self)
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct
        enum
    }
}

struct Items<'t, 'i> {
    at: At<'t, 'i>,
    rest: std::slice::Iter<'t, usize>,
}

impl<'de> SeqAccess<'de> for Items<'_, '_> {
    type Error = Mismatch;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Mismatch> {
        self.rest.next().map(|index| seed.deserialize(self.at.of(*index))).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

struct Entries<'t, 'i> {
    at: At<'t, 'i>,
    rest: std::slice::Iter<'t, (usize, usize)>,
    value: Option<usize>,
}

impl<'de> MapAccess<'de> for Entries<'_, '_> {
    type Error = Mismatch;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Mismatch> {
        let Some((key, value)) = self.rest.next() else { return Ok(None) };
        self.value = Some(*value);
        seed.deserialize(self.at.of(*key)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Mismatch> {
        let value = self.value.take().ok_or_else(|| Mismatch::custom("a value without a key"))?;
        seed.deserialize(self.at.of(value))
    }
}

/// What [`Spanned`] is made of.
struct LineAndValue<'t, 'i> {
    at: At<'t, 'i>,
    given: u8,
}

impl<'de> SeqAccess<'de> for LineAndValue<'_, '_> {
    type Error = Mismatch;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Mismatch> {
        self.given = self.given.saturating_add(1);
        match self.given {
            1 => seed.deserialize(U64Deserializer::new(self.at.node()?.line)).map(Some),
            2 => seed.deserialize(self.at).map(Some),
            _ => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Map = BTreeMap<String, Option<String>>;

    fn maps(text: &str) -> Vec<Map> {
        read_yaml(text.as_bytes()).expect("YAML")
    }

    fn map(pairs: &[(&str, Option<&str>)]) -> Map {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), value.map(str::to_owned))).collect()
    }

    fn problem<T: DeserializeOwned>(text: &str) -> Problem {
        read_yaml::<T>(text.as_bytes()).err().expect("a problem")
    }

    #[test]
    fn scalars_stay_text() {
        let text = "mode: 0600\nyes: yes\nport: 2379\nlong: |\n  a\n  b\nquoted: \"a\\tb\"\n";
        let expected = [
            ("mode", Some("0600")),
            ("yes", Some("yes")),
            ("port", Some("2379")),
            ("long", Some("a\nb\n")),
            ("quoted", Some("a\tb")),
        ];
        assert_eq!(maps(text), [map(&expected)]);
    }

    #[test]
    fn forms_of_nothing() {
        let text = "a:\nb: ~\nc: null\nd: NULL\ne: !!null x\nf: ''\ng: 'null'\nh: !!str null\ni: !!str\n";
        let expected = [
            ("a", None),
            ("b", None),
            ("c", None),
            ("d", None),
            ("e", None),
            ("f", Some("")),
            ("g", Some("null")),
            ("h", Some("null")),
            ("i", Some("")),
        ];
        assert_eq!(maps(text), [map(&expected)]);
    }

    #[test]
    fn documents_that_hold_something() {
        assert_eq!(maps("\u{feff}---\na: 1\n---\n---\n# nothing\n...\n---\nb: 2\n").len(), 2);
        assert!(maps("").is_empty() && maps("# nothing\n").is_empty());
        assert_eq!(maps("{\"a\": \"1\"}"), [map(&[("a", Some("1"))])]);
        assert_eq!(problem::<Map>(&"---\na: 1\n".repeat(MAX_DOCUMENTS + 1)).message, BOMB);
    }

    #[test]
    fn the_last_of_two_keys_wins() {
        assert_eq!(maps("a: 1\nb: 2\n'a': 3\n"), [map(&[("a", Some("3")), ("b", Some("2"))])]);
    }

    #[test]
    fn keys_are_text() {
        for text in ["a: 1\n~: 2\n", "a: 1\nNULL: 2\n", "a: 1\n? [b]\n: 2\n", "a: 1\n{b: c}: 2\n"] {
            let problem = problem::<serde::de::IgnoredAny>(text);
            assert_eq!((problem.line, problem.message.as_str()), (Some(2), "a key that is no text"), "{text}");
        }
        assert_eq!(maps("'null': 1\n2: 3\n"), [map(&[("null", Some("1")), ("2", Some("3"))])]);
    }

    #[test]
    fn merge_keys() {
        let text = "x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz: {<<: [*x, *y], c: 3}\nw:\n  d: 4\n  <<: *y\n";
        let expected = [
            ("x", map(&[("a", Some("1")), ("b", Some("1"))])),
            ("y", map(&[("b", Some("2")), ("c", Some("2"))])),
            ("z", map(&[("a", Some("1")), ("b", Some("1")), ("c", Some("3"))])),
            ("w", map(&[("b", Some("2")), ("c", Some("2")), ("d", Some("4"))])),
        ];
        let expected: BTreeMap<String, Map> = expected.into_iter().map(|(key, map)| (key.to_owned(), map)).collect();
        assert_eq!(read_yaml::<BTreeMap<String, Map>>(text.as_bytes()), Ok(vec![expected]));
        // each overwrites what stands before it, as in go-yaml v2; only a bare `<<` merges
        let one = |text: &str| maps(text).remove(0);
        assert_eq!(one("a: 1\n<<: {a: 2, b: 3}\n"), map(&[("a", Some("2")), ("b", Some("3"))]));
        assert_eq!(one("<<: {a: 1}\n<<: {a: 2, b: 1}\n<<: {c: 1}\nb: 4\n").len(), 3);
        assert_eq!(one("<<: {a: 1}\na: 2\n"), map(&[("a", Some("2"))]));
        assert_eq!(one("'<<': x\n"), map(&[("<<", Some("x"))]));
        assert_eq!(problem::<Map>("a: 1\n<<: HIDDEN\n").message, "a merge key without a mapping");
    }

    #[test]
    fn merge_keys_that_copy_without_end() {
        let entries = (0..1000).map(|number| format!("k{number}: v")).collect::<Vec<_>>().join(", ");
        let uses = "- {<<: *a}\n".repeat(200);
        assert_eq!(problem::<Vec<Map>>(&format!("- &a {{{entries}}}\n{uses}")).message, BOMB);
    }

    #[test]
    fn aliases_have_the_line_of_what_they_stand_for() {
        let read = read_yaml::<Vec<Text>>(b"- &a one\n- two\n-\n- *a\n").expect("YAML");
        let lines: Vec<_> =
            read[0].iter().map(|text| text.as_ref().map(|text| (text.value.as_str(), text.line))).collect();
        assert_eq!(lines, [Some(("one", 1)), Some(("two", 2)), None, Some(("one", 1))]);
    }

    #[test]
    fn aliases_that_lead_nowhere() {
        assert_eq!(problem::<serde::de::IgnoredAny>("a: &a [1, *a]\n").message, "an alias of what it stands in");
        assert_eq!(problem::<serde::de::IgnoredAny>("a: *b\n").line, Some(1));
    }

    #[test]
    fn depth_through_aliases_is_bounded() {
        let mut text = "- &a0 [x]\n".to_owned();
        for number in 1..100 {
            let before = number - 1;
            writeln!(text, "- &a{number} [*a{before}]").expect("a string");
        }
        assert_eq!(problem::<serde::de::IgnoredAny>(&text).message, BOMB);
    }

    #[test]
    fn binary_text() {
        assert_eq!(maps("a: !!binary aGk=\n"), [map(&[("a", Some("hi"))])]);
        assert_eq!(problem::<Map>("a: !!binary '%%%'\n").line, Some(1));
        assert_eq!(problem::<Map>("a: !!binary /w==\n").line, Some(1));
    }

    #[test]
    fn other_shapes_are_told_with_their_line() {
        let cases = [
            (problem::<Map>("a: 1\nb: [HIDDEN]\n"), Some(2), "expected text, found a list"),
            (problem::<Map>("- HIDDEN\n"), Some(1), "expected a mapping, found a list"),
            (problem::<Vec<Text>>("\nHIDDEN\n"), Some(2), "expected a list, found text"),
        ];
        for (problem, line, message) in cases {
            assert_eq!((problem.line, problem.message.as_str()), (line, message));
        }
    }

    #[test]
    fn messages_are_escaped_and_short() {
        let problem = Problem::new(None, &format!("a\u{1b}[31m\u{202e}\n{}", "x".repeat(1000)));
        assert!(problem.message.starts_with("a\\u{1b}[31m\\u{202e}\\u{a}x"));
        assert!(problem.message.len() < 400);
    }
}
