//! New credentials in a kubeconfig, the rest of the file byte for byte.
//!
//! The file is edited as text, line by line, and then read again: if anything else than what was meant has changed,
//! the edit is refused.

use base64ct::Encoding as _;
use zeroize::Zeroizing;

use crate::cluster::kubeconfig::{self, Field, Kubeconfig, Source};

/// What becomes of one kubeconfig.
pub struct Edit<'a> {
    /// `client-certificate-data`, as PEM.
    pub certificate: &'a [u8],
    /// `client-key-data`, as PEM.
    pub key: &'a [u8],
    /// `certificate-authority-data`, as PEM, where it changes.
    pub ca: Option<&'a [u8]>,
}

/// Where and how to write a kubeconfig anew.
pub struct Fields<'a> {
    /// The API server's URL.
    pub server: &'a str,
    /// The user's name.
    pub user: &'a str,
}

const CERTIFICATE: &str = "client-certificate";
const KEY: &str = "client-key";
const CA: &str = "certificate-authority";

/// Why a kubeconfig cannot be edited.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum EditError {
    /// Not a kubeconfig, or its current context leads nowhere.
    #[error("it has no current context that leads to a cluster and a user")]
    NoContext,
    /// The user has neither a certificate nor a key to replace.
    #[error("its user has no client certificate to replace")]
    NoCredentials,
    /// The field is written in a way that is not understood line by line.
    #[error("its fields are not written one on a line, as kubeadm writes them")]
    OddShape,
    /// What came out is not what was meant.
    #[error("the edited file does not say what it should")]
    Unlike,
}

/// Replaces the credentials of the current context's user, and its cluster's CA where asked.
///
/// # Errors
/// When the file is not written as kubeadm and kubectl write it.
pub fn edit(text: &[u8], edit: &Edit<'_>) -> Result<Zeroizing<Vec<u8>>, EditError> {
    let parsed = kubeconfig::parse(text).map_err(|_| EditError::NoContext)?;
    let current = parsed.current().map_err(|_| EditError::NoContext)?;
    let (Ok(cluster), Ok(user)) = (&current.cluster, &current.user) else { return Err(EditError::NoContext) };
    let mut lines = Lines::of(text);
    let (certificate, key) = (&user.client_certificate, &user.client_key);
    if matches!((&certificate.source, &key.source), (Source::Absent, Source::Absent)) {
        return Err(EditError::NoCredentials);
    }
    // from the last line to the first, so that the lines before keep their numbers
    let mut wanted = vec![
        (place(certificate, key.line), CERTIFICATE, certificate, edit.certificate),
        (place(key, certificate.line), KEY, key, edit.key),
    ];
    if let Some(ca) = edit.ca {
        let server = cluster.server.as_ref().and_then(|server| server.line);
        wanted.push((place(&cluster.ca, server), CA, &cluster.ca, ca));
    }
    // what stands on a line is replaced before something is put before it
    wanted.sort_by_key(|((line, is_new), ..)| (std::cmp::Reverse(*line), *is_new));
    for (_, name, field, pem) in wanted {
        let beside = match name {
            CA => cluster.server.as_ref().and_then(|server| server.line),
            KEY => certificate.line,
            _ => key.line,
        };
        lines.put(name, field, beside, pem)?;
    }
    let edited = lines.joined();
    let again = kubeconfig::parse(&edited).map_err(|_| EditError::Unlike)?;
    if is_as_meant(&parsed, &again, edit) { Ok(edited) } else { Err(EditError::Unlike) }
}

/// A kubeconfig as kubeadm writes it (`util/kubeconfig: CreateWithCerts`).
pub fn fresh(fields: &Fields<'_>, edit: &Edit<'_>) -> Zeroizing<Vec<u8>> {
    let Fields { server, user } = fields;
    let (ca, certificate) = (encoded(edit.ca.unwrap_or_default()), encoded(edit.certificate));
    let key = encoded(edit.key);
    let mut text = Zeroizing::new(Vec::with_capacity(ca.len() + certificate.len() + key.len() + 1024));
    let before = format!(
        "apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: {}\n    server: {server}\n  name: kubernetes\ncontexts:\n- context:\n    cluster: kubernetes\n    user: {user}\n  name: {user}@kubernetes\ncurrent-context: {user}@kubernetes\nkind: Config\npreferences: {{}}\nusers:\n- name: {user}\n  user:\n    client-certificate-data: {}\n    client-key-data: ",
        ca.as_str(),
        certificate.as_str()
    );
    text.extend_from_slice(before.as_bytes());
    text.extend_from_slice(key.as_bytes());
    text.push(b'\n');
    text
}

/// Base64 as Go's `StdEncoding` writes it.
fn encoded(data: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(base64ct::Base64::encode_string(data))
}

/// The lines of a file, with their ends.
struct Lines(Vec<Zeroizing<Vec<u8>>>);

impl Lines {
    fn of(text: &[u8]) -> Self {
        Self(text.split_inclusive(|byte| *byte == b'\n').map(|line| Zeroizing::new(line.to_vec())).collect())
    }

    fn joined(self) -> Zeroizing<Vec<u8>> {
        let mut all = Zeroizing::new(Vec::with_capacity(self.0.iter().map(|line| line.len()).sum()));
        for line in &self.0 {
            all.extend_from_slice(line);
        }
        all
    }

    /// Puts data in the place of what a field says, be it data or a path, or before the line `beside` where it says
    /// nothing.
    fn put(&mut self, name: &str, field: &Field, beside: Option<u64>, pem: &[u8]) -> Result<(), EditError> {
        let Some(line) = field.line else { return self.insert(name, beside, pem) };
        let suffix = if matches!(field.source, Source::Path(_)) { "" } else { "-data" };
        self.replace(index(line)?, &format!("{name}{suffix}:"), name, pem)
    }

    /// Replaces an entry whose value begins on this line or, for a block, on the next one.
    fn replace(&mut self, at: usize, key: &str, name: &str, pem: &[u8]) -> Result<(), EditError> {
        let before = || at.checked_sub(1).filter(|before| self.entry(*before, key).is_ok());
        let at = if self.entry(at, key).is_ok() { at } else { before().ok_or(EditError::OddShape)? };
        let (indent, value) = self.entry(at, key)?;
        if !is_replaceable(value) {
            return Err(EditError::OddShape);
        }
        // what goes on below is more indented, or blank
        let deep = |line: &[u8]| line.iter().take_while(|byte| **byte == b' ').count();
        let more =
            self.0.iter().skip(at + 1).take_while(|line| deep(line) > indent && !line.trim_ascii().is_empty()).count();
        let end = self.end_of(at + more);
        let new = written(&self.0[at][..indent], name, pem, &end);
        self.0.splice(at..=at + more, [new]);
        Ok(())
    }

    fn insert(&mut self, name: &str, beside: Option<u64>, pem: &[u8]) -> Result<(), EditError> {
        let at = index(beside.ok_or(EditError::OddShape)?)?;
        let line = self.0.get(at).ok_or(EditError::OddShape)?;
        let indent = line.iter().take_while(|byte| **byte == b' ').count();
        let is_entry = line.get(indent).is_some_and(u8::is_ascii_lowercase);
        if !is_entry {
            return Err(EditError::OddShape);
        }
        for key in [format!("{name}-data:"), format!("{name}:")] {
            if let Some(empty) = self.sibling(at, indent, &key) {
                return self.replace(empty, &key, name, pem);
            }
        }
        let new = written(&line[..indent], name, pem, b"\n");
        self.0.insert(at, new);
        Ok(())
    }

    /// The line of another entry of the same mapping.
    fn sibling(&self, at: usize, indent: usize, key: &str) -> Option<usize> {
        let is_inside = |at: &usize| self.0[*at].iter().take_while(|byte| **byte == b' ').count() >= indent;
        let below = (at..self.0.len()).take_while(is_inside);
        let above = (0..at).rev().take_while(is_inside);
        below.chain(above).find(|at| self.entry(*at, key).is_ok_and(|(found, _)| found == indent))
    }

    /// The indentation of an entry and what follows its key on the line.
    fn entry(&self, at: usize, key: &str) -> Result<(usize, &[u8]), EditError> {
        let line = self.0.get(at).ok_or(EditError::OddShape)?;
        let start = memchr::memmem::find(line, key.as_bytes()).ok_or(EditError::OddShape)?;
        let is_indent = line[..start].iter().all(|byte| *byte == b' ');
        if is_indent { Ok((start, &line[start + key.len()..])) } else { Err(EditError::OddShape) }
    }

    fn end_of(&self, at: usize) -> Vec<u8> {
        let line = &self.0[at];
        let end: &[u8] = if line.ends_with(b"\r\n") {
            b"\r\n"
        } else if line.ends_with(b"\n") {
            b"\n"
        } else {
            b""
        };
        end.to_vec()
    }
}

/// The line of a field, or the one before which it will stand.
fn place(field: &Field, beside: Option<u64>) -> (Option<u64>, bool) {
    (field.line.or(beside), field.line.is_none())
}

fn index(line: u64) -> Result<usize, EditError> {
    usize::try_from(line).ok().and_then(|line| line.checked_sub(1)).ok_or(EditError::OddShape)
}

fn written(indent: &[u8], name: &str, pem: &[u8], end: &[u8]) -> Zeroizing<Vec<u8>> {
    let data = encoded(pem);
    let mut new = Zeroizing::new(Vec::with_capacity(indent.len() + name.len() + data.len() + 16));
    new.extend_from_slice(indent);
    new.extend_from_slice(name.as_bytes());
    new.extend_from_slice(b"-data: ");
    new.extend_from_slice(data.as_bytes());
    new.extend_from_slice(end);
    new
}

/// Whether a value can be taken away by lines: no flow collection, no anchor, no alias, no tag, no remark. Of block
/// scalars and of what goes on below, the lines are more indented.
fn is_replaceable(value: &[u8]) -> bool {
    let value = value.trim_ascii();
    match value.first() {
        Some(b'{' | b'[' | b'&' | b'*' | b'!' | b'?' | b'%' | b'@' | b'`') => false,
        Some(quote @ (b'"' | b'\'')) => value.len() > 1 && value.ends_with(&[*quote]) && !value.contains(&b'\\'),
        Some(_) => !value.contains(&b'#'),
        None => true,
    }
}

/// Whether the three fields hold what was meant, and everything else what it held before.
fn is_as_meant(before: &Kubeconfig, after: &Kubeconfig, edit: &Edit<'_>) -> bool {
    let (Ok(old), Ok(new)) = (before.current(), after.current()) else { return false };
    let (Ok(old_user), Ok(new_user)) = (old.user, new.user) else { return false };
    let (Ok(old_cluster), Ok(new_cluster)) = (old.cluster, new.cluster) else { return false };
    let holds = |field: &Field, pem: &[u8]| {
        matches!(&field.source, Source::Data(data) if data.as_slice() == pem) && field.also_path.is_none()
    };
    let ca_fits = match edit.ca {
        Some(ca) => holds(&new_cluster.ca, ca),
        None => same(&old_cluster.ca, &new_cluster.ca),
    };
    let others_fit = before.users.len() == after.users.len()
        && before.clusters.len() == after.clusters.len()
        && before.contexts.len() == after.contexts.len()
        && before.users.iter().zip(&after.users).all(|(a, b)| {
            a.name.it == b.name.it
                && (std::ptr::eq(a, old_user)
                    || same(&a.client_certificate, &b.client_certificate) && same(&a.client_key, &b.client_key))
        })
        && before.clusters.iter().zip(&after.clusters).all(|(a, b)| {
            a.name.it == b.name.it
                && a.server.as_ref().map(|server| &server.it) == b.server.as_ref().map(|server| &server.it)
                && (std::ptr::eq(a, old_cluster) || same(&a.ca, &b.ca))
        });
    holds(&new_user.client_certificate, edit.certificate)
        && holds(&new_user.client_key, edit.key)
        && ca_fits
        && others_fit
}

fn same(a: &Field, b: &Field) -> bool {
    a.also_path == b.also_path
        && match (&a.source, &b.source) {
            (Source::Absent, Source::Absent) => true,
            (Source::Data(a), Source::Data(b)) => a == b,
            (Source::Path(a), Source::Path(b)) => a == b,
            (Source::BadBase64 { offset: a }, Source::BadBase64 { offset: b }) => a == b,
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EDIT: Edit<'_> = Edit { certificate: b"CERT\n", key: b"KEY\n", ca: None };

    fn whole(user: &str) -> String {
        format!(
            "# ours\r\napiVersion: v1\nkind: Config\ncurrent-context: c\nclusters:\n- cluster:\n    server: https://a:6443   # here\n    certificate-authority-data: QUJD\n  name: k\ncontexts:\n- context: {{cluster: k, user: u}}\n  name: c\nusers:\n- name: other\n  user:\n    client-certificate-data: QUJD\n    client-key-data: QUJD\n- name: u\n  user:\n{user}"
        )
    }

    #[test]
    fn only_the_credentials_change() {
        let text = whole("    client-certificate-data: QUJD\n    client-key-data: \"QUJD\"\n");
        let edited = edit(text.as_bytes(), &EDIT).expect("edits");
        let expected = whole("    client-certificate-data: Q0VSVAo=\n    client-key-data: S0VZCg==\n");
        assert_eq!(String::from_utf8_lossy(&edited), expected);
    }

    #[test]
    fn paths_become_data_and_damaged_data_is_replaced() {
        let text = whole("    client-certificate: /var/lib/kubelet/x.pem\n    client-key-data: '*'");
        let edited = edit(text.as_bytes(), &EDIT).expect("edits");
        assert!(edited.ends_with(b"    client-certificate-data: Q0VSVAo=\n    client-key-data: S0VZCg=="));
    }

    #[test]
    fn values_over_several_lines_are_taken_whole() {
        let expected = whole("    client-certificate-data: Q0VSVAo=\n    client-key-data: S0VZCg==\n");
        for user in [
            "    client-certificate-data: |\n      QUJD\n      QUJD\n    client-key-data: QUJD\n",
            "    client-certificate-data: QUJD\n    client-key-data: QU\n      JD\n",
            "    client-certificate-data:\n      QUJD\n    client-key-data: >-\n      QUJD\n",
        ] {
            let edited = edit(whole(user).as_bytes(), &EDIT).unwrap_or_else(|error| panic!("{user}: {error}"));
            assert_eq!(String::from_utf8_lossy(&edited), expected, "{user}");
        }
    }

    #[test]
    fn what_is_missing_or_empty_is_added() {
        let edited = edit(whole("    client-certificate-data: QUJD\n    client-key-data: \"\"\n").as_bytes(), &EDIT);
        let expected = b"    client-certificate-data: Q0VSVAo=\n    client-key-data: S0VZCg==\n";
        assert!(edited.expect("edits").ends_with(expected));
        let edited = edit(whole("    client-certificate-data: QUJD\n").as_bytes(), &EDIT).expect("edits");
        assert!(edited.ends_with(b"    client-key-data: S0VZCg==\n    client-certificate-data: Q0VSVAo=\n"));
        let text = whole("    client-key-data: QUJD\n    client-certificate-data: QUJD\n");
        let text = text.replace("    certificate-authority-data: QUJD\n", "");
        let edited = edit(text.as_bytes(), &Edit { ca: Some(b"CA\n"), ..EDIT }).expect("edits");
        assert!(String::from_utf8_lossy(&edited).contains("    certificate-authority-data: Q0EK\n    server:"));
    }

    #[test]
    fn the_ca_changes_where_asked() {
        let text = whole("    client-certificate-data: QUJD\n    client-key-data: QUJD\n");
        let edited = edit(text.as_bytes(), &Edit { ca: Some(b"CA\n"), ..EDIT }).expect("edits");
        assert!(String::from_utf8_lossy(&edited).contains("certificate-authority-data: Q0EK\n  name: k"));
    }

    #[test]
    fn what_is_not_understood_is_left() {
        for user in [
            "    {client-certificate-data: QUJD, client-key-data: QUJD}\n",
            "    client-certificate-data: &a QUJD\n    client-key-data: QUJD\n",
            "    token: abc\n",
        ] {
            assert!(edit(whole(user).as_bytes(), &EDIT).is_err(), "{user}");
        }
    }

    #[test]
    fn a_new_one_is_read_back() {
        let text = fresh(
            &Fields { server: "https://10.0.0.1:6443", user: "kubernetes-admin" },
            &Edit { ca: Some(b"CA\n"), ..EDIT },
        );
        let edited = edit(&text, &Edit { ca: Some(b"CA\n"), ..EDIT }).expect("edits");
        assert_eq!(*edited, *text);
    }
}
