//! Words for counts and distances.

use time::{Duration, OffsetDateTime};

/// `1 error`, `2 errors`.
pub(crate) fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// `3 days ago`, `in 5 hours`, `now`.
pub(crate) fn distance(now: OffsetDateTime, then: OffsetDateTime) -> String {
    let difference = then - now;
    if difference.abs() < Duration::SECOND {
        return "now".to_owned();
    }
    let amount = amount(difference.abs());
    if difference.is_negative() { format!("{amount} ago") } else { format!("in {amount}") }
}

fn amount(magnitude: Duration) -> String {
    let (days, hours, minutes) = (magnitude.whole_days(), magnitude.whole_hours(), magnitude.whole_minutes());
    let (count, unit) = match () {
        () if days >= 730 => (days / 365, "year"),
        () if days >= 2 => (days, "day"),
        () if hours >= 2 => (hours, "hour"),
        () if minutes >= 2 => (minutes, "minute"),
        () => (magnitude.whole_seconds(), "second"),
    };
    plural(usize::try_from(count).unwrap_or_default(), unit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn distances_use_one_unit() {
        let now = datetime!(2026-11-23 04:00 UTC);
        let told: Vec<String> =
            [Duration::days(-38), Duration::hours(5), Duration::days(3650), Duration::seconds(1), Duration::ZERO]
                .into_iter()
                .map(|by| distance(now, now + by))
                .collect();
        assert_eq!(told, ["38 days ago", "in 5 hours", "in 10 years", "in 1 second", "now"]);
    }
}
