//! The table from a line to its meaning.

use super::event::{Direction, Stage};

/// A pattern of lines, and what they mean. `docs/logs.md` is made of these.
#[derive(Debug)]
pub struct Row {
    /// Its name, for ever.
    pub id: &'static str,
    /// Whose lines they are.
    pub section: &'static str,
    /// What the lines look like; capitals stand for what differs.
    pub pattern: &'static str,
    /// Who refused whom, and why, in words.
    pub meaning: &'static str,
    /// The same as a value.
    pub direction: Direction,
    /// How far the connection had come.
    pub stage: Stage,
    /// Failure modes of `docs/coverage.md`, the likeliest first.
    pub causes: &'static [&'static str],
    /// Those that come first when the client is etcd's own gateway.
    pub gateway: &'static [&'static str],
    /// What decides.
    pub check: &'static str,
    /// Whether it tells of no fault of the PKI.
    pub noise: bool,
    /// A line.
    pub example: &'static str,
}

impl PartialEq for Row {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Row {}

/// The table; the first row that fits a line is its row.
pub static ROWS: &[Row] = &[];
