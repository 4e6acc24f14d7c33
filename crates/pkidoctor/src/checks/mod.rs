//! The checks: one defect, one file. Adding one is a file and two lines here; a test names what you forgot.

mod expired;
mod key_mismatch;
mod san_missing;
pub(crate) mod words;

use crate::check::Check;

/// Every check, sorted by code.
pub static CHECKS: &[&Check] = &[
    &expired::CHECK,
    &key_mismatch::CHECK,
    &san_missing::CHECK,
];

/// The check with this code.
pub fn by_code(code: &str) -> Option<&'static Check> {
    CHECKS.iter().find(|check| check.code == code).copied()
}
