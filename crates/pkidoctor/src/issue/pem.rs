//! PEM as Go's `pem.Encode` writes it: lines of 64 characters, a line break at the end.

use x509_cert::der::pem::{LineEnding, encapsulated_len, encode};
use zeroize::Zeroizing;

/// `der` under `label`; `None` only for a label that is none, or a size beyond any file.
///
/// The text is written into one piece of memory, which is wiped on drop.
pub(super) fn write(label: &str, der: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut text = Zeroizing::new(vec![0; encapsulated_len(label, LineEnding::LF, der.len()).ok()?]);
    let length = encode(label, LineEnding::LF, der, &mut text).ok()?.len();
    text.truncate(length);
    Some(text)
}
