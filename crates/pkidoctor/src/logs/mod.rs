//! Logs: bytes in, counted and understood events out.
//!
//! Whose words a line repeats decides who refused whom: in Go `remote error: tls: …` is the other side's alert, while
//! `tls: …` and `x509: …` are the writer's own verdict (crypto/tls, `Conn.sendAlert` and `Conn.readRecordOrCCS`).

mod clean;
mod clock;
mod event;
mod fields;
mod find;
mod gateway;
mod head;
mod journal;
mod plain;
mod quoted;
mod reader;
mod reason;
mod rows;
mod sentence;
mod shape;
mod sifter;
mod telling;
mod told;
mod understand;
mod wrapper;
mod writer;

pub use event::{CertificateIds, Direction, Event, Fact, Names, Port, SourceId, Stage, Told, Urls, When, Writer};
pub use journal::{Journal, Source};
pub use reader::{MAX_EVENTS, MAX_KEPT, MAX_SOURCES, Own, Reader, Settings};
pub use reason::{Alert, FileFault, Hint, Reason};
pub use rows::{ROWS, Row, Section, row, rows};
pub(crate) use sifter::{PartSifter, Sifted};
pub use understand::understand;
