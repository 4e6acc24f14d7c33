//! Words that several checks share: dates with their distance, link names, remedies, folk remedies.

use time::{Duration, OffsetDateTime};

use crate::check::{Fact, Remedy, RemedyKind, fact};
use crate::exam::{Exam, Group};
use crate::go::handshake::Side;
use crate::go::verify::rfc3339;
use crate::links::reference::Reference;

/// `3 days ago`, `in 5 hours`, `now`.
pub(super) fn distance(now: OffsetDateTime, then: OffsetDateTime) -> String {
    let difference = then - now;
    let magnitude = difference.abs();
    if magnitude < Duration::SECOND {
        return "now".to_owned();
    }
    let amount = amount(magnitude);
    if difference.is_negative() { format!("{amount} ago") } else { format!("in {amount}") }
}

fn amount(magnitude: Duration) -> String {
    let plural = |count: i64, unit: &str| if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") };
    let days = magnitude.whole_days();
    if days >= 730 {
        plural(days / 365, "year")
    } else if days >= 2 {
        plural(days, "day")
    } else if magnitude.whole_hours() >= 2 {
        plural(magnitude.whole_hours(), "hour")
    } else if magnitude.whole_minutes() >= 2 {
        plural(magnitude.whole_minutes(), "minute")
    } else {
        plural(magnitude.whole_seconds(), "second")
    }
}

/// An instant with its distance from now.
pub(super) fn instant(now: OffsetDateTime, then: OffsetDateTime) -> String {
    format!("{} ({})", rfc3339(then), distance(now, then))
}

/// Who says that the guilty file is used, with the line.
pub(super) fn told_by(exam: &Exam<'_>, reference: Option<&Reference>) -> Vec<Fact> {
    reference.and_then(|reference| reference.told_by(exam.cluster)).map(|told| fact("named by", told)).into_iter().collect()
}

/// Go's words, one fact each, told with the side that prints them.
pub(super) fn go_says(group: &Group<'_, '_>) -> Vec<Fact> {
    let side = if group.first().side == Side::Client { "the client says" } else { "the server says" };
    group.texts().into_iter().take(3).map(|text| fact(side, text)).collect()
}

/// `regen` of the certificate behind a reference, or hands where no target makes it.
pub(super) fn remake(exam: &Exam<'_>, reference: Option<&Reference>) -> Remedy {
    match reference.and_then(|reference| exam.regen_target(reference)) {
        Some(target) => Remedy::regen(target),
        None => Remedy::manual(["issue the certificate again from the CA that its consumers trust, with the names and usages of its role"]),
    }
}

/// `cp` of a matching file to its place.
pub(super) fn put_back(target: &str, from: &str, to: &str) -> Remedy {
    Remedy { command: Some("pkidoctor fix".to_owned()), ..Remedy::command(RemedyKind::PutBack, target, "") }
        .step(format!("copy {from} to {to}, keeping mode 0600 for a key"))
}
