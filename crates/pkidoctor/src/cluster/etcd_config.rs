//! etcd that is not a static pod: its configuration file, the environment file of its unit, or the systemd unit itself.
//!
//! All three end as the same [`Flags`]. A configuration file makes etcd ignore every flag and variable.

use std::collections::BTreeMap;
use std::str::CharIndices;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::cluster::flags::{Flag, Flags, Origin, Placed, etcd_variable};
use crate::cluster::manifest::{Component, MAX_EXPANSION, Variable, affordable, invocation, is_yes, variable};
use crate::cluster::yaml::{Problem, Spanned, Text, line, read_text, read_yaml};

/// What the file turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `etcd.conf.yml`, for `--config-file`.
    ConfigFile,
    /// `NAME=value` lines.
    Environment,
    /// A systemd unit or a drop-in of one.
    Unit,
}

/// etcd's settings from one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EtcdConfig {
    /// What the file is.
    pub form: Form,
    /// The settings.
    pub flags: Flags,
    /// `User=` of a unit.
    pub user: Option<String>,
    /// `Group=` of a unit.
    pub group: Option<String>,
    /// The paths of `EnvironmentFile=`, in order. They beat `Environment=`: read them with [`parse`], append their flags
    /// here, and read the unit again with [`parse_with`] if its command line uses their variables.
    pub environment_files: Vec<String>,
    /// All variables that the file sets, of etcd or not.
    pub variables: Vec<Variable>,
}

impl EtcdConfig {
    fn empty(form: Form) -> Self {
        Self {
            form,
            flags: Flags::default(),
            user: None,
            group: None,
            environment_files: Vec::new(),
            variables: Vec::new(),
        }
    }
}

/// Reads a file of etcd settings, whichever of the three it is; the name only helps where the content leaves it open.
///
/// # Errors
/// When the file is too large, no text, or a YAML file that is broken or holds no setting of etcd.
pub fn parse(bytes: &[u8], file_name: &str) -> Result<EtcdConfig, Problem> {
    parse_with(bytes, file_name, &BTreeMap::new())
}

/// The same, with variables that are known from elsewhere for the command line of a unit.
///
/// # Errors
/// As for [`parse`].
pub fn parse_with(bytes: &[u8], file_name: &str, known: &BTreeMap<String, String>) -> Result<EtcdConfig, Problem> {
    let text = read_text(bytes)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match form_of(text, file_name) {
        Form::ConfigFile => config_file(bytes),
        Form::Environment => Ok(environment_file(text)),
        Form::Unit => Ok(unit(text, known)),
    }
}

fn form_of(text: &str, file_name: &str) -> Form {
    let extension = file_name.rsplit_once('.').map_or("", |(_, extension)| extension);
    if matches!(extension, "yml" | "yaml" | "json") {
        return Form::ConfigFile;
    }
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty() && !is_comment(line));
    let of_unit = |line: &str| ["[Service]", "[Unit]", "ExecStart="].iter().any(|sign| line.starts_with(sign));
    if extension == "service" || lines().any(of_unit) {
        return Form::Unit;
    }
    let is_section = |line: &&str| line.starts_with('[');
    match lines().find(|line| !is_section(line)) {
        Some(line) if assignment(line).is_some() => Form::Environment,
        _ => Form::ConfigFile,
    }
}

fn is_comment(line: &str) -> bool {
    line.starts_with(['#', ';'])
}

/// Splits `NAME=value`, with the `export` of a file that is also sourced by shells.
fn assignment(line: &str) -> Option<(&str, &str)> {
    let line = line.strip_prefix("export ").map_or(line, str::trim_start);
    let (name, value) = line.split_once('=')?;
    let name = name.trim_end();
    let starts_well = name.starts_with(|c: char| c == '_' || c.is_ascii_alphabetic());
    let goes_on_well = name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric());
    (starts_well && goes_on_well).then_some((name, value))
}

// ---- NAME=value

fn environment_file(text: &str) -> EtcdConfig {
    let mut config = EtcdConfig::empty(Form::Environment);
    config.variables = environment(text);
    push_variables(&mut config);
    config
}

fn push_variables(config: &mut EtcdConfig) {
    let variables = config.variables.iter();
    let flags = variables.filter_map(|v| etcd_variable(&v.name, v.value.as_deref()?, v.line));
    flags.for_each(|flag| config.flags.push(flag));
}

/// The variables of an environment file, as systemd reads it: quotes, escapes, comments, values over several lines.
pub(crate) fn environment(text: &str) -> Vec<Variable> {
    let mut variables = Vec::new();
    let mut rest = text;
    let mut number = 1_u64;
    while !rest.is_empty() {
        let here = number;
        let start = rest.trim_start_matches([' ', '\t']);
        let first = start.lines().next().unwrap_or_default();
        let found = if is_comment(first) { None } else { assignment(first) };
        let end = if let Some((name, value)) = found {
            let before = first.len().saturating_sub(value.len());
            let (value, used) = value_of(start.get(before..).unwrap_or_default());
            variables.push(Variable { name: name.to_owned(), value: Some(value), line: Some(here) });
            before.saturating_add(used)
        } else {
            start.find('\n').map_or(start.len(), |end| end.saturating_add(1))
        };
        let read = start.get(..end).unwrap_or(start);
        number = number.saturating_add(read.matches('\n').count() as u64);
        rest = start.get(end..).unwrap_or_default();
    }
    variables
}

/// Reads a value up to the end of its line and says how many bytes that took, the line end included.
fn value_of(text: &str) -> (String, usize) {
    let mut value = String::new();
    // blanks at the end count only inside quotes
    let mut kept = 0;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\n' => {
                value.truncate(kept);
                return (value, at.saturating_add(1));
            }
            '\'' | '"' => {
                quoted(&mut chars, c, &mut value);
                kept = value.len();
            }
            '\\' => {
                if let Some((_, c)) = chars.next().filter(|(_, c)| *c != '\n') {
                    value.push(c);
                    kept = value.len();
                }
            }
            c if c.is_whitespace() => {
                if !value.is_empty() {
                    value.push(c);
                }
            }
            c => {
                value.push(c);
                kept = value.len();
            }
        }
    }
    value.truncate(kept);
    (value, text.len())
}

/// Copies what stands between quotes; inside double quotes a backslash protects what a shell would act on.
fn quoted(chars: &mut CharIndices<'_>, quote: char, value: &mut String) {
    while let Some((_, c)) = chars.next() {
        match c {
            c if c == quote => return,
            '\\' if quote == '"' => match chars.next() {
                None | Some((_, '\n')) => {}
                Some((_, c @ ('"' | '\\' | '$' | '`'))) => value.push(c),
                Some((_, c)) => {
                    value.push('\\');
                    value.push(c);
                }
            },
            c => value.push(c),
        }
    }
}

// ---- systemd units

fn unit(text: &str, known: &BTreeMap<String, String>) -> EtcdConfig {
    let mut config = EtcdConfig::empty(Form::Unit);
    let mut commands: Vec<Setting> = Vec::new();
    let mut in_service = true;
    for setting in settings(text) {
        match setting.name.as_str() {
            "[" => in_service = setting.value == "[Service]",
            _ if !in_service => {}
            "ExecStart" if setting.value.is_empty() => commands.clear(),
            "ExecStart" => commands.push(setting),
            "User" => config.user = Some(setting.value).filter(|user| !user.is_empty()),
            "Group" => config.group = Some(setting.value).filter(|group| !group.is_empty()),
            "Environment" if setting.value.is_empty() => config.variables.clear(),
            "Environment" => config.variables.extend(setting.variables()),
            "EnvironmentFile" if setting.value.is_empty() => config.environment_files.clear(),
            "EnvironmentFile" => {
                let path = setting.value.strip_prefix('-').unwrap_or(&setting.value);
                config.environment_files.push(path.to_owned());
            }
            _ => {}
        }
    }
    let mut all: BTreeMap<String, String> = BTreeMap::new();
    for variable in &config.variables {
        all.insert(variable.name.clone(), variable.value.clone().unwrap_or_default());
    }
    all.extend(known.clone());
    if let Some(flags) = commands.iter().rev().find_map(|command| command.etcd_flags(&all)) {
        config.flags = flags;
    }
    push_variables(&mut config);
    config
}

/// What may stand before the program in `ExecStart=`.
const PREFIXES: [char; 5] = ['@', '-', ':', '+', '!'];

/// `Name=value` of a unit, continuation lines joined.
struct Setting {
    /// `[` for a section's header.
    name: String,
    value: String,
    /// Where in `value` each line of the file starts, ascending.
    lines: Vec<(usize, u64)>,
}

impl Setting {
    fn line_at(&self, offset: usize) -> Option<u64> {
        let index = self.lines.partition_point(|(start, _)| *start <= offset).checked_sub(1)?;
        self.lines.get(index).map(|(_, line)| *line)
    }

    fn variables(&self) -> Vec<Variable> {
        let words = unit_words(&self.value).into_iter();
        let split = |(at, word): (usize, String)| {
            let (name, value) = word.split_once('=')?;
            Some(Variable { name: name.to_owned(), value: Some(value.to_owned()), line: self.line_at(at) })
        };
        words.filter_map(split).collect()
    }

    /// The flags, if this command line starts etcd.
    fn etcd_flags(&self, known: &BTreeMap<String, String>) -> Option<Flags> {
        let mut budget = MAX_EXPANSION;
        let mut words: Vec<Placed<String>> = Vec::new();
        for (at, word) in unit_words(&self.value) {
            let place = self.line_at(at);
            let expanded = expand_unit_word(&word, known, &mut budget).into_iter();
            words.extend(expanded.map(|word| Placed::at(word, place)));
        }
        let own_name = words.first().is_some_and(|first| {
            let mut prefixes = first.it.chars().take_while(|c| PREFIXES.contains(c));
            prefixes.any(|c| c == '@')
        });
        if own_name && words.len() > 1 {
            // `@program name arguments…`
            words.remove(1);
        }
        if let Some(first) = words.first_mut() {
            first.it = first.it.trim_start_matches(PREFIXES).to_owned();
        }
        let found = invocation(&words, None, known, &mut budget);
        (found.component == Some(Component::Etcd)).then(|| Flags::from_arguments(&found.words))
    }
}

/// The settings of a unit in order, section headers included.
fn settings(text: &str) -> Vec<Setting> {
    let mut settings: Vec<Setting> = Vec::new();
    let mut continues = false;
    for (number, raw) in (1_u64..).zip(text.lines()) {
        let trimmed = raw.trim();
        if trimmed.is_empty() && !continues || is_comment(trimmed) {
            continue;
        }
        let (content, more) = match trimmed.strip_suffix('\\') {
            Some(content) => (content.trim_end(), true),
            None => (trimmed, false),
        };
        if let Some(setting) = settings.last_mut().filter(|_| continues) {
            setting.value.push(' ');
            setting.lines.push((setting.value.len(), number));
            setting.value.push_str(content);
        } else {
            let (name, value) = match content.split_once('=') {
                _ if content.starts_with('[') => ("[", content),
                Some((name, value)) => (name.trim_end(), value.trim_start()),
                None => (content, ""),
            };
            settings.push(Setting { name: name.to_owned(), value: value.to_owned(), lines: vec![(0, number)] });
        }
        continues = more;
    }
    settings
}

/// Splits a line of a unit into words as systemd does, each with the offset where it starts.
pub(crate) fn unit_words(text: &str) -> Vec<(usize, String)> {
    let mut words: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    let mut quote: Option<char> = None;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        if quote.is_none() && c.is_whitespace() {
            open = false;
            continue;
        }
        if !open {
            words.push((at, String::new()));
            open = true;
        }
        let Some((_, word)) = words.last_mut() else {
            continue;
        };
        match c {
            c if quote == Some(c) => quote = None,
            '"' | '\'' if quote.is_none() => quote = Some(c),
            '\\' => match chars.next() {
                Some((_, 'n')) => word.push('\n'),
                Some((_, 't')) => word.push('\t'),
                Some((_, 's')) => word.push(' '),
                Some((_, c @ ('\\' | '"' | '\''))) => word.push(c),
                Some((_, c)) => {
                    word.push('\\');
                    word.push(c);
                }
                None => word.push('\\'),
            },
            c => word.push(c),
        }
    }
    words
}

/// `$NAME` as a word of its own is split at blanks, `${NAME}` anywhere is not, `$$` is a dollar; unknown names stay.
fn expand_unit_word(word: &str, known: &BTreeMap<String, String>, budget: &mut usize) -> Vec<String> {
    let alone = word.strip_prefix('$').filter(|name| !name.starts_with(['{', '$']));
    let value = alone.and_then(|name| known.get(name)).and_then(|value| affordable(value, budget));
    if let Some(value) = value {
        return unit_words(value).into_iter().map(|(_, word)| word).collect();
    }
    let mut out = String::new();
    let mut rest = word;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        rest = after;
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
            continue;
        }
        let reference = variable(rest).filter(|(reference, ..)| reference.starts_with('{'));
        let value = reference.and_then(|(reference, name, _)| Some((reference, affordable(known.get(name)?, budget)?)));
        if let Some((reference, value)) = value {
            out.push_str(value);
            rest = rest.get(reference.len()..).unwrap_or_default();
        } else {
            out.push('$');
        }
    }
    out.push_str(rest);
    vec![out]
}

// ---- etcd.conf.yml

/// Keys of the file that are flags of the same name.
const KEYS: [&str; 20] = [
    "advertise-client-urls",
    "cipher-suites",
    "data-dir",
    "discovery",
    "discovery-srv",
    "force-new-cluster",
    "host-whitelist",
    "initial-advertise-peer-urls",
    "initial-cluster",
    "initial-cluster-state",
    "initial-cluster-token",
    "listen-client-http-urls",
    "listen-client-urls",
    "listen-metrics-urls",
    "listen-peer-urls",
    "name",
    "self-signed-cert-validity",
    "tls-max-version",
    "tls-min-version",
    "wal-dir",
];

/// Keys of the two security sections (`securityConfig` in etcd's `server/embed/config.go`; a CRL has none).
const SECURITY_KEYS: [&str; 10] = [
    "allowed-cn",
    "allowed-hostname",
    "auto-tls",
    "cert-file",
    "client-cert-auth",
    "client-cert-file",
    "client-key-file",
    "key-file",
    "skip-client-san-verification",
    "trusted-ca-file",
];

const SWITCHES: [&str; 4] = ["auto-tls", "client-cert-auth", "force-new-cluster", "skip-client-san-verification"];

fn config_file(bytes: &[u8]) -> Result<EtcdConfig, Problem> {
    let mut config = EtcdConfig::empty(Form::ConfigFile);
    let documents: Vec<Settings<Top>> = read_yaml(bytes)?;
    let Some(first) = documents.into_iter().next() else {
        return Ok(config);
    };
    for flag in first.flags {
        config.flags.push(flag);
    }
    if config.flags.is_empty() && first.sections == 0 {
        return Err(Problem::new(None, "no setting of etcd in it"));
    }
    Ok(config)
}

/// A mapping of the file that is read key by key: what is not listed may have any shape.
trait Level {
    /// The flag that a key of this level sets.
    fn flag(key: &str) -> Option<String>;
}

enum Top {}
enum Client {}
enum Peer {}

impl Level for Top {
    fn flag(key: &str) -> Option<String> {
        KEYS.contains(&key).then(|| key.to_owned())
    }
}

impl Level for Client {
    fn flag(key: &str) -> Option<String> {
        let known = SECURITY_KEYS.contains(&key);
        known.then(|| match key {
            "allowed-cn" | "allowed-hostname" => format!("client-cert-{key}"),
            "skip-client-san-verification" => format!("client-{key}"),
            key => key.to_owned(),
        })
    }
}

impl Level for Peer {
    fn flag(key: &str) -> Option<String> {
        let known = SECURITY_KEYS.contains(&key);
        known.then(|| match key {
            "allowed-cn" | "allowed-hostname" => format!("peer-cert-{key}"),
            key => format!("peer-{key}"),
        })
    }
}

struct Settings<L> {
    flags: Vec<Flag>,
    /// How many security sections there are, empty ones included.
    sections: usize,
    level: std::marker::PhantomData<L>,
}

impl<L> Default for Settings<L> {
    fn default() -> Self {
        Self { flags: Vec::new(), sections: 0, level: std::marker::PhantomData }
    }
}

impl<L: Level> Settings<L> {
    fn set(&mut self, flag: &str, key: &str, value: Option<Spanned<OneOrMany>>) {
        let Some(value) = value else { return };
        let place = line(&value);
        let text = value.value.0;
        // YAML knows more spellings of true than Go's flags
        let switched = SWITCHES.contains(&key) && is_yes(Some(&text));
        let text = if switched { "true".to_owned() } else { text };
        self.flags.push(Flag::new(flag, text, place, Origin::File));
    }
}

impl<'de, L: Level> Deserialize<'de> for Settings<L> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<L>(std::marker::PhantomData<L>);
        impl<'de, L: Level> Visitor<'de> for Reader<L> {
            type Value = Settings<L>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("settings of etcd")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Settings<L>, M::Error> {
                let mut settings = Settings::default();
                while let Some(key) = map.next_key::<String>()? {
                    if let Some(flag) = L::flag(&key) {
                        settings.set(&flag, &key, map.next_value()?);
                    } else if key == "client-transport-security" {
                        add(&mut settings, map.next_value::<Option<Settings<Client>>>()?);
                    } else if key == "peer-transport-security" {
                        add(&mut settings, map.next_value::<Option<Settings<Peer>>>()?);
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(settings)
            }
        }
        deserializer.deserialize_map(Reader(std::marker::PhantomData))
    }
}

fn add<L, S>(settings: &mut Settings<L>, section: Option<Settings<S>>) {
    settings.sections = settings.sections.saturating_add(1);
    settings.flags.extend(section.unwrap_or_default().flags);
}

/// A scalar, or a list that the flag would take with commas (`allowed-cn` since etcd 3.6, `cipher-suites`).
struct OneOrMany(String);

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = OneOrMany;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("text or a list of texts")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<OneOrMany, E> {
                Ok(OneOrMany(text.to_owned()))
            }

            fn visit_unit<E: Error>(self) -> Result<OneOrMany, E> {
                Ok(OneOrMany(String::new()))
            }

            fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<OneOrMany, S::Error> {
                let mut items = Vec::new();
                while let Some(item) = list.next_element::<Text>()? {
                    items.extend(item.map(|item| item.value));
                }
                Ok(OneOrMany(items.join(",")))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shortened from etcd.conf.yml.sample.
    const FILE: &str = "\
# This is the configuration file for the etcd server.
name: 'm1'
data-dir: /var/lib/etcd
snapshot-count: 10000
listen-peer-urls: https://10.0.0.1:2380
listen-client-urls: https://10.0.0.1:2379,https://127.0.0.1:2379
initial-cluster: m1=https://10.0.0.1:2380
cors:
client-transport-security:
  # Path to the client server TLS cert file.
  cert-file: /pki/server.crt
  key-file: /pki/server.key
  client-cert-auth: yes
  trusted-ca-file: /pki/ca.crt
  auto-tls: false
peer-transport-security:
  cert-file: /pki/peer.crt
  key-file: /pki/peer.key
  client-cert-auth: true
  trusted-ca-file: /pki/ca.crt
  allowed-cn: [a, b]
  allowed-hostname:
self-signed-cert-validity: 1
log-outputs: [stderr]
logger: zap
experimental: {a: {b: c}}
";

    fn read(text: &str) -> EtcdConfig {
        parse(text.as_bytes(), "etcd.conf").expect(text)
    }

    fn flag(config: &EtcdConfig, name: &str) -> Option<(String, Option<u64>)> {
        config.flags.get(name).map(|f| (f.value.clone(), f.line))
    }

    fn expect(config: &EtcdConfig, name: &str, value: &str, line: u64) {
        assert_eq!(flag(config, name), Some((value.to_owned(), Some(line))), "{name}");
    }

    #[test]
    fn a_configuration_file() {
        let config = read(FILE);
        assert_eq!(config.form, Form::ConfigFile);
        expect(&config, "name", "m1", 2);
        expect(&config, "cert-file", "/pki/server.crt", 11);
        expect(&config, "client-cert-auth", "true", 13);
        expect(&config, "auto-tls", "false", 15);
        expect(&config, "peer-cert-file", "/pki/peer.crt", 17);
        expect(&config, "peer-cert-allowed-cn", "a,b", 21);
        expect(&config, "self-signed-cert-validity", "1", 23);
        assert!(config.flags.is_true("client-cert-auth") && config.flags.is_true("peer-client-cert-auth"));
        assert_eq!(config.flags.list("listen-client-urls").len(), 2);
        assert!(config.flags.iter().all(|f| f.origin == Origin::File));
        assert_eq!(flag(&config, "peer-cert-allowed-hostname"), None);
    }

    #[test]
    fn configuration_files_of_other_shapes() {
        let json = parse(
            b"{\"name\": \"a\", \"peer-transport-security\": {\"cert-file\": \"/c\", \"crl-file\": \"/x\"}}",
            "x.json",
        )
        .expect("json");
        expect(&json, "peer-cert-file", "/c", 1);
        assert!(read("peer-transport-security:\n").flags.is_empty());
        assert!(read("").flags.is_empty());
        let numeric = parse(b"name: 5\ndata-dir: 1.5\nwal-dir: true\n", "e.yaml").expect("yaml");
        expect(&numeric, "name", "5", 1);
        expect(&numeric, "wal-dir", "true", 3);
        assert_eq!(parse(b"a: b\n", "x").map_err(|p| p.message), Err("no setting of etcd in it".to_owned()));
        assert!(parse(b"name: {a: HIDDEN}\n", "x").is_err_and(|p| p.line == Some(1) && !p.message.contains("HIDDEN")));
        assert!(parse(b"client-transport-security: 5\n", "x").is_err());
        assert!(parse(b"ETCD_NAME=x\n", "etcd.yml").is_err());
    }

    #[test]
    fn an_environment_file() {
        let config = read(
            "# [member]
[Member]
ETCD_NAME=default
  ETCD_DATA_DIR=\"/var/lib/etcd dir\"
export ETCD_CERT_FILE='/pki/s.crt'
; another comment
#ETCD_KEY_FILE=/no
ETCD_KEY_FILE=/pki/\\
s.key  
ETCD_TRUSTED_CA_FILE=\"/a\\\"b\"
ETCD_EMPTY=
GOMAXPROCS=2
not an assignment
ETCD_LISTEN_CLIENT_URLS=https://a:1,https://b:2
ETCD_PEER_KEY_FILE=\"two
lines\"
ETCD_PEER_CERT_FILE=last",
        );
        assert_eq!(config.form, Form::Environment);
        expect(&config, "name", "default", 3);
        expect(&config, "data-dir", "/var/lib/etcd dir", 4);
        expect(&config, "cert-file", "/pki/s.crt", 5);
        expect(&config, "key-file", "/pki/s.key", 8);
        expect(&config, "trusted-ca-file", "/a\"b", 10);
        expect(&config, "listen-client-urls", "https://a:1,https://b:2", 14);
        expect(&config, "peer-key-file", "two\nlines", 15);
        expect(&config, "peer-cert-file", "last", 17);
        assert_eq!(flag(&config, "empty"), None);
        assert!(config.flags.iter().all(|f| f.origin == Origin::Environment));
        assert!(config.variables.iter().any(|v| v.name == "GOMAXPROCS"));
    }

    #[test]
    fn a_unit() {
        let config = read(
            "[Unit]
Description=etcd
User=nobody
[Service]
Type=notify
User=etcd
Group=pki
Environment=\"ETCD_NAME=one\" ETCD_DATA_DIR=/d A='b c'
EnvironmentFile=-/etc/default/etcd
EnvironmentFile=/etc/etcd.env
ExecStart=/usr/local/bin/etcd \\
  --cert-file=/pki/server.crt \\
  # a comment between
  --key-file /pki/server.key \\
  --data-dir=${ETCD_DATA_DIR} \\
  --initial-cluster-token=\"a b\"
Restart=always
[Install]
User=wrong
",
        );
        assert_eq!(config.form, Form::Unit);
        assert_eq!((config.user.as_deref(), config.group.as_deref()), (Some("etcd"), Some("pki")));
        assert_eq!(config.environment_files, ["/etc/default/etcd", "/etc/etcd.env"]);
        expect(&config, "cert-file", "/pki/server.crt", 12);
        expect(&config, "key-file", "/pki/server.key", 14);
        expect(&config, "data-dir", "/d", 15);
        expect(&config, "initial-cluster-token", "a b", 16);
        expect(&config, "name", "one", 8);
        assert_eq!(config.variables.len(), 3);
    }

    #[test]
    fn units_of_distributions() {
        let red_hat = "[Service]\nEnvironmentFile=-/etc/etcd/etcd.conf\nExecStart=/bin/bash -c \"GOMAXPROCS=$(nproc) /usr/bin/etcd --name=\\\"${ETCD_NAME}\\\" --data-dir=x\"\n";
        let config = read(red_hat);
        expect(&config, "name", "${ETCD_NAME}", 3);
        let known = BTreeMap::from([("ETCD_NAME".to_owned(), "n1".to_owned())]);
        let config = parse_with(red_hat.as_bytes(), "etcd.service", &known).expect("a unit");
        expect(&config, "name", "n1", 3);
        expect(&config, "data-dir", "x", 3);
        let debian = "[Service]\nExecStart=/usr/bin/etcd $DAEMON_ARGS\n";
        let known = BTreeMap::from([("DAEMON_ARGS".to_owned(), "--name=a --data-dir='b c'".to_owned())]);
        let config = parse_with(debian.as_bytes(), "etcd.service", &known).expect("a unit");
        expect(&config, "data-dir", "b c", 2);
        let odd = read(
            "[Service]\nExecStart=/bin/wrong\nExecStart=\nExecStart=-@/usr/bin/etcd name --name=$$x\nExecStart=/bin/true\n",
        );
        expect(&odd, "name", "$x", 4);
        assert!(odd.flags.stray().is_empty());
        let own_name = read("[Service]\nExecStart=@/usr/bin/etcd name --name=$$x\n");
        expect(&own_name, "name", "$x", 2);
        assert!(read("[Service]\nExecStart=/usr/bin/kube-apiserver --name=x\n").flags.is_empty());
    }

    #[test]
    fn hostile_files() {
        for name in ["etcd.yml", "etcd.env", "etcd.service", ""] {
            assert!(parse(&vec![b'a'; 2 << 20], name).is_err());
            assert!(parse(b"\xff", name).is_err());
            for unit in [
                "[",
                "A=\"",
                "A='",
                "A=\\\n",
                "\\\n",
                "[Service]\nExecStart=",
                "ExecStart=\\\n",
                "$",
                "${",
                "\0",
                "A=b\n",
                "=\n",
                "\u{e9}=\n",
            ] {
                let _ = parse(unit.repeat(20_000).as_bytes(), name);
            }
            let _ = parse(&[0; 4096], name);
        }
    }

    #[test]
    fn variables_of_a_unit_stay_small() {
        let text =
            format!("[Service]\nEnvironment=A={}\nExecStart=etcd {}\n", "x".repeat(100_000), "${A} ".repeat(100_000));
        let config = read(&text);
        let total: usize = config.flags.stray().iter().map(|word| word.it.len()).sum();
        assert!(total < 2 * MAX_EXPANSION + text.len(), "{total}");
    }
}
