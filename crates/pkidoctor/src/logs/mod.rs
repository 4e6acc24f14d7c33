//! Logs: bytes in, counted and understood events out.
//!
//! Whose words a line repeats decides who refused whom: in Go `remote error: tls: …` is the other side's alert, while
//! `tls: …` and `x509: …` are the writer's own verdict (crypto/tls, `Conn.sendAlert` and `Conn.readRecordOrCCS`).

mod event;
mod journal;
mod reason;
mod rows;

pub use event::{CertificateIds, Direction, Event, Fact, Names, Port, SourceId, Stage, Told, Urls, When, Writer};
pub use journal::{Journal, Source};
pub use reason::{Alert, FileFault, Hint, Reason};
pub use rows::{ROWS, Row};
