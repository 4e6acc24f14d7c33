//! The times at the head of log lines, in the forms that are met, complete or not.

use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

/// What a reader must be told to complete a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Clock {
    /// The present, from which a missing year is taken.
    pub(super) now: OffsetDateTime,
    /// The zone of times without one.
    pub(super) zone: UtcOffset,
}

/// A time as written. A more complete one is greater.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stamp {
    /// Without a year and a zone: klog, journald.
    Yearless { month: Month, day: u8, time: Time },
    /// Without a zone: capnslog, Go's own log package.
    Local(PrimitiveDateTime),
    /// Complete.
    Full(OffsetDateTime),
}

impl Stamp {
    /// The better of the times of a wrapper and of the line within: the more complete one, else the inner one.
    pub(super) const fn or_inner(outer: Option<Self>, inner: Self) -> Self {
        match outer {
            Some(outer) if outer.rank() > inner.rank() => outer,
            _ => inner,
        }
    }

    const fn rank(self) -> u8 {
        match self {
            Self::Yearless { .. } => 0,
            Self::Local(_) => 1,
            Self::Full(_) => 2,
        }
    }

    /// Completed: the zone is the reader's, the year the latest that does not lie in the future by more than a day.
    pub(super) fn complete(self, clock: Clock) -> Option<OffsetDateTime> {
        match self {
            Self::Full(at) => Some(at),
            Self::Local(at) => Some(at.assume_offset(clock.zone)),
            Self::Yearless { month, day, time } => {
                let this = clock.now.to_offset(clock.zone).year();
                // nine years hold a leap day, whatever the century
                (this - 8..=this + 1).rev().find_map(|year| {
                    let date = Date::from_calendar_date(year, month, day).ok()?;
                    let at = PrimitiveDateTime::new(date, time).assume_offset(clock.zone);
                    (at - clock.now <= time::Duration::DAY).then_some(at)
                })
            }
        }
    }
}

/// Reads bytes from left to right.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'t> {
    bytes: &'t [u8],
    at: usize,
}

impl<'t> Cursor<'t> {
    pub(super) const fn new(bytes: &'t [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// How far it has come.
    pub(super) const fn at(self) -> usize {
        self.at
    }

    fn peek(self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    pub(super) fn eat(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn eat_any(&mut self, of: &[u8]) -> Option<u8> {
        let byte = self.peek().filter(|byte| of.contains(byte))?;
        self.at += 1;
        Some(byte)
    }

    /// Exactly this many digits.
    fn digits(&mut self, count: usize) -> Option<u32> {
        let digits = self.bytes.get(self.at..self.at + count)?;
        let mut value = 0;
        for digit in digits {
            value = value * 10 + u32::from(digit.checked_sub(b'0').filter(|digit| *digit < 10)?);
        }
        self.at += count;
        Some(value)
    }

    fn two(&mut self) -> Option<u8> {
        self.digits(2).and_then(|value| u8::try_from(value).ok())
    }

    fn three_letters(&mut self) -> Option<&'t [u8]> {
        let letters = self.bytes.get(self.at..self.at + 3)?;
        self.at += 3;
        Some(letters)
    }

    /// `15:04:05`, with a fraction of any length after a full stop or a comma.
    fn time(&mut self) -> Option<Time> {
        let hour = self.two()?;
        self.eat(b':')?;
        let minute = self.two()?;
        self.eat(b':')?;
        // a leap second is written as 60
        let second = self.two()?.min(59);
        let nano = if self.eat_any(b".,").is_some() { self.fraction()? } else { 0 };
        Time::from_hms_nano(hour, minute, second, nano).ok()
    }

    fn fraction(&mut self) -> Option<u32> {
        let (mut nano, mut scale, start) = (0, 100_000_000, self.at);
        while let Some(digit) = self.peek().filter(u8::is_ascii_digit) {
            nano += u32::from(digit - b'0') * scale;
            scale /= 10;
            self.at += 1;
        }
        (self.at > start).then_some(nano)
    }

    /// `2006-01-02` or `2006/01/02`.
    fn date(&mut self) -> Option<Date> {
        let year = i32::try_from(self.digits(4)?).ok()?;
        let separator = self.eat_any(b"-/")?;
        let month = Month::try_from(self.two()?).ok()?;
        self.eat(separator)?;
        let day = self.two()?;
        Date::from_calendar_date(year, month, day).ok()
    }

    /// `Z`, `+08:00`, `+0800` or `+08`.
    fn zone(&mut self) -> Option<UtcOffset> {
        match self.eat_any(b"Zz+-")? {
            sign @ (b'+' | b'-') => {
                let hours = self.two()?;
                let _ = self.eat(b':');
                let minutes = if self.peek().is_some_and(|byte| byte.is_ascii_digit()) { self.two()? } else { 0 };
                let seconds = i32::from(hours) * 3600 + i32::from(minutes) * 60;
                UtcOffset::from_whole_seconds(if sign == b'-' { -seconds } else { seconds }).ok()
            }
            _ => Some(UtcOffset::UTC),
        }
    }

    /// A date and a time, and the zone where there is one: RFC 3339, zap, capnslog, Go's log package.
    pub(super) fn date_time(&mut self) -> Option<Stamp> {
        let date = self.date()?;
        self.eat_any(b"Tt ")?;
        let at = PrimitiveDateTime::new(date, self.time()?);
        let before = self.at;
        let Some(zone) = self.zone() else {
            self.at = before;
            return Some(Stamp::Local(at));
        };
        // a date near year 0 or 9999 may leave the calendar in another zone
        (1000..9999).contains(&date.year()).then(|| Stamp::Full(at.assume_offset(zone)))
    }

    /// `Nov 23 03:28:48`, the day padded with a blank or a zero.
    pub(super) fn journal_time(&mut self) -> Option<Stamp> {
        let month = month(self.three_letters()?)?;
        self.eat(b' ')?;
        let day = if self.eat(b' ').is_some() { u8::try_from(self.digits(1)?).ok()? } else { self.two()? };
        self.eat(b' ')?;
        Some(Stamp::Yearless { month, day, time: self.time()? })
    }

    /// `1123 03:20:38.081312`.
    pub(super) fn klog_time(&mut self) -> Option<Stamp> {
        let month = Month::try_from(self.two()?).ok()?;
        let day = self.two()?;
        self.eat(b' ')?;
        Some(Stamp::Yearless { month, day, time: self.time()? })
    }
}

fn month(letters: &[u8]) -> Option<Month> {
    Some(match letters {
        b"Jan" => Month::January,
        b"Feb" => Month::February,
        b"Mar" => Month::March,
        b"Apr" => Month::April,
        b"May" => Month::May,
        b"Jun" => Month::June,
        b"Jul" => Month::July,
        b"Aug" => Month::August,
        b"Sep" => Month::September,
        b"Oct" => Month::October,
        b"Nov" => Month::November,
        b"Dec" => Month::December,
        _ => return None,
    })
}

/// A whole text that is a time: what zap, Docker and Go write into fields and messages.
pub(super) fn whole(text: &str) -> Option<Stamp> {
    Cursor::new(text.as_bytes()).date_time()
}

/// Seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by their size.
pub(super) fn epoch(number: &str) -> Option<Stamp> {
    let value: f64 = number.parse().ok().filter(|value: &f64| value.is_finite() && *value > 0.0)?;
    let seconds = match value {
        ..1e11 => value,
        ..1e14 => value / 1e3,
        ..1e17 => value / 1e6,
        _ => value / 1e9,
    };
    // microseconds fit a double for three hundred years around 1970; that is as fine as these writers are
    #[expect(clippy::cast_possible_truncation, reason = "bounded by the comparison")]
    let micros = (seconds < 1e11).then_some((seconds * 1e6).round() as i128)?;
    OffsetDateTime::from_unix_timestamp_nanos(micros * 1000).ok().map(Stamp::Full)
}

#[cfg(test)]
mod tests {
    use time::macros::{datetime, offset};

    use super::*;

    fn clock() -> Clock {
        Clock { now: datetime!(2027-01-02 00:00 UTC), zone: offset!(+1) }
    }

    fn read(text: &str) -> Option<OffsetDateTime> {
        whole(text)?.complete(clock())
    }

    #[test]
    fn dates_with_and_without_a_zone() {
        let at = datetime!(2026-11-23 06:44:05.786 UTC);
        assert_eq!(read("2026-11-23T14:44:05.786+0800"), Some(at));
        assert_eq!(read("2026-11-23T14:44:05.786+08:00"), Some(at));
        assert_eq!(read("2026-11-23T06:44:05.786000Z"), Some(at));
        assert_eq!(read("2026-11-23 07:44:05.786000"), Some(at), "the reader's zone");
        assert_eq!(read("2026/11/23 07:44:05.786"), Some(at));
        assert_eq!(read("2026-13-23T06:44:05Z"), None);
        assert_eq!(read("2026-11-23T06:44"), None);
        assert_eq!(epoch("1795416245.786").and_then(|stamp| stamp.complete(clock())), Some(at));
        assert_eq!(epoch("1795416245786").and_then(|stamp| stamp.complete(clock())), Some(at));
        assert_eq!(epoch("1795416245786000").and_then(|stamp| stamp.complete(clock())), Some(at));
        assert_eq!(epoch("NaN"), None);
        assert_eq!(epoch("1e300"), None);
    }

    #[test]
    fn a_missing_year_is_the_latest_that_is_not_in_the_future() {
        let klog = |text: &str| Cursor::new(text.as_bytes()).klog_time()?.complete(clock());
        assert_eq!(klog("1231 23:59:59.0"), Some(datetime!(2026-12-31 23:59:59 +1)));
        assert_eq!(klog("0102 12:00:00.0"), Some(datetime!(2027-01-02 12:00:00 +1)), "within a day");
        assert_eq!(klog("0104 12:00:00.0"), Some(datetime!(2026-01-04 12:00:00 +1)));
        assert_eq!(klog("0229 12:00:00.0"), Some(datetime!(2024-02-29 12:00:00 +1)), "a leap year");
        assert_eq!(klog("0230 12:00:00.0"), None);
        let journal = |text: &str| Cursor::new(text.as_bytes()).journal_time()?.complete(clock());
        assert_eq!(journal("Nov  3 03:28:48"), Some(datetime!(2026-11-03 03:28:48 +1)));
        assert_eq!(journal("Nov 23 03:28:48.5"), Some(datetime!(2026-11-23 03:28:48.5 +1)));
    }

    #[test]
    fn the_more_complete_time_wins_and_then_the_inner_one() {
        let full = Stamp::Full(datetime!(2026-11-23 03:28:48 UTC));
        let local = Stamp::Local(datetime!(2026-11-23 04:28:47));
        assert_eq!(Stamp::or_inner(Some(full), local), full);
        assert_eq!(Stamp::or_inner(Some(local), full), full);
        assert_eq!(Stamp::or_inner(None, local), local);
        let later = Stamp::Full(datetime!(2026-11-23 03:28:49 UTC));
        assert_eq!(Stamp::or_inner(Some(full), later), later);
    }
}
