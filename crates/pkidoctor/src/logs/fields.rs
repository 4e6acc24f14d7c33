//! Keys and values of a line: JSON, whole or cut at either end, and structured klog.

use super::quoted;

/// More keys than any line of etcd or Kubernetes has.
const MOST: usize = 128;

/// Keys and values, in the order of the line.
#[derive(Default, Debug)]
pub(super) struct Fields(Vec<(String, Value)>);

/// A value. Objects are not kept.
#[derive(Debug)]
pub(super) enum Value {
    /// A string, unescaped and cleaned, or a bare word such as a number.
    Text(String),
    /// An array of strings.
    List(Vec<String>),
    /// An array of numbers: the bytes of a text, as journald writes what is not UTF-8.
    Bytes(Vec<u8>),
}

impl Fields {
    /// Whatever has the form `"key": value`, from the first quote on.
    pub(super) fn json(text: &str) -> Self {
        let mut fields = Self::default();
        let mut rest = text;
        while fields.0.len() < MOST
            && let Some(quote) = memchr::memchr(b'"', rest.as_bytes())
        {
            let key = quoted::read(&rest[quote + 1..]);
            let behind = rest[quote + 1 + key.end..].trim_start();
            let Some(value) = behind.strip_prefix(':').filter(|_| key.closed) else {
                // where the front is cut off, this quote may be a closing one, and the next one opens a key
                rest = &rest[quote + 1..];
                continue;
            };
            rest = fields.take_value(key.text, value.trim_start());
        }
        fields
    }

    /// Reads the value of a key and gives what follows it.
    fn take_value<'t>(&mut self, key: String, text: &'t str) -> &'t str {
        let (value, rest) = match text.as_bytes().first() {
            Some(b'"') => {
                let string = quoted::read(&text[1..]);
                // a pager marks what it cut off
                let value = if string.closed { string.text } else { string.text.trim_end_matches('>').to_owned() };
                (Value::Text(value), &text[1 + string.end..])
            }
            Some(b'[') => array(&text[1..]),
            // the keys of an object are as good as those around it
            Some(b'{') => return &text[1..],
            _ => {
                let end = text.find([',', '}', ']', ' ']).unwrap_or(text.len());
                (Value::Text(quoted::plain(&text[..end])), &text[end..])
            }
        };
        self.0.push((key, value));
        rest
    }

    /// `key="value" key=value`, as structured klog writes it behind its message.
    pub(super) fn klog(text: &str) -> Self {
        let mut fields = Self::default();
        let mut rest = text.trim_start();
        while fields.0.len() < MOST
            && let Some(equals) = rest.find('=')
        {
            let key = rest[..equals].to_owned();
            if key.is_empty() || key.contains(' ') {
                break;
            }
            let value = &rest[equals + 1..];
            let end;
            let text = if let Some(inner) = value.strip_prefix('"') {
                let string = quoted::read(inner);
                end = 1 + string.end;
                string.text
            } else {
                end = value.find(' ').unwrap_or(value.len());
                quoted::plain(&value[..end])
            };
            fields.0.push((key, Value::Text(text)));
            rest = value[end..].trim_start();
        }
        fields
    }

    /// Changes every text, those in arrays too.
    pub(super) fn each_text(&mut self, mut change: impl FnMut(&mut String)) {
        for (_, value) in &mut self.0 {
            match value {
                Value::Text(text) => change(text),
                Value::List(texts) => texts.iter_mut().for_each(&mut change),
                Value::Bytes(_) => {}
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn value(&self, key: &str) -> Option<&Value> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.value(key).is_some()
    }

    /// A string or a bare word.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        match self.value(key)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The first of these keys that has a text.
    pub(super) fn any(&self, keys: &[&str]) -> Option<&str> {
        keys.iter().find_map(|key| self.text(key))
    }

    /// An array of strings; an empty one may be of any kind.
    pub(super) fn list(&self, key: &str) -> Option<Vec<String>> {
        match self.value(key)? {
            Value::List(list) => Some(list.clone()),
            Value::Bytes(bytes) if bytes.is_empty() => Some(Vec::new()),
            _ => None,
        }
    }

    pub(super) fn bytes(&self, key: &str) -> Option<&[u8]> {
        match self.value(key)? {
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }
}

/// The rest of an array of strings or of numbers, and what follows it.
fn array(text: &str) -> (Value, &str) {
    let (mut strings, mut bytes) = (Vec::new(), Vec::new());
    let mut rest = text.trim_start();
    loop {
        match rest.as_bytes().first() {
            Some(b'"') => {
                let string = quoted::read(&rest[1..]);
                rest = &rest[1 + string.end..];
                if strings.len() < MOST {
                    strings.push(string.text);
                }
            }
            Some(b'0'..=b'9') => {
                let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
                bytes.extend(rest[..end].parse::<u8>());
                rest = &rest[end..];
            }
            Some(b',' | b' ') => rest = &rest[1..],
            Some(b']') => {
                rest = &rest[1..];
                break;
            }
            // the end, or what is neither strings nor numbers
            _ => break,
        }
    }
    (if strings.is_empty() { Value::Bytes(bytes) } else { Value::List(strings) }, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_cut_at_either_end() {
        let whole = r#"{"level":"warn","n":3,"o":{"k":"v"},"ip":["a","b"],"none":[],"b":[104,105],"error":"x \"y\""}"#;
        let fields = Fields::json(whole);
        assert_eq!(fields.text("level"), Some("warn"));
        assert_eq!(fields.text("n"), Some("3"));
        assert_eq!(fields.text("k"), Some("v"));
        assert_eq!(fields.list("ip"), Some(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(fields.list("none"), Some(Vec::new()));
        assert_eq!(fields.bytes("b"), Some(&b"hi"[..]));
        assert_eq!(fields.text("error"), Some("x \"y\""));
        let end = Fields::json(r#"{"level":"warn","error":"remote error: tls: bad certi>"#);
        assert_eq!(end.text("error"), Some("remote error: tls: bad certi"));
        let front = Fields::json(r#"-addr":"127.0.0.1:1","error":"EOF"}"#);
        assert_eq!(front.text("error"), Some("EOF"));
    }

    #[test]
    fn structured_klog() {
        let fields = Fields::klog(r#" err="a \"b\" c" logger=x pod="kube-system/etcd""#);
        assert_eq!(fields.text("err"), Some("a \"b\" c"));
        assert_eq!(fields.text("logger"), Some("x"));
        assert_eq!(fields.text("pod"), Some("kube-system/etcd"));
        assert!(Fields::klog("no keys here = none").is_empty());
    }
}
