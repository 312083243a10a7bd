//! Stamps of traces: a civil time to the fraction of a second, with or without an offset from UTC.

use jiff::SignedDuration;
use jiff::civil::DateTime;

use crate::workload::text::NUMBER_MAX;

/// Second zero of the counting of civil seconds.
const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
/// Offsets from UTC beyond this are not in use anywhere, in seconds.
const OFFSET_MAX_S: i64 = 15 * 3_600;

/// A stamp as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CivilStamp {
    /// The time on the clock of the writer.
    pub(super) civil: DateTime,
    /// Its offset from UTC in seconds, where one is written.
    pub(super) offset_s: Option<i64>,
}

impl CivilStamp {
    /// Reads `2017-10-09 07:01:55`, with `T` for the blank, fractions of seconds, and `Z`, `+08:00` or `+0800`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (date, rest) = text.split_at_checked(10)?;
        let zone = rest.find(['Z', 'z', '+', '-']).unwrap_or(rest.len());
        let (clock, zone) = rest.split_at(zone);
        if clock.len() < 9 || !clock.starts_with([' ', 'T', 't']) {
            return None;
        }
        let civil = format!("{date}T{}", &clock[1..]).parse().ok()?;
        let offset_s = match zone {
            "" => None,
            "Z" | "z" => Some(0),
            _ => Some(offset(zone)?),
        };
        Some(Self { civil, offset_s })
    }

    /// Whole seconds since 1970 on a clock that is `clock_s` ahead of UTC; stamps without an offset are on it.
    pub(super) fn seconds_on(self, clock_s: i64) -> i64 {
        let own_s = self.offset_s.unwrap_or(clock_s);
        civil_s(self.civil) + clock_s - own_s
    }
}

/// Whole seconds of a civil time since 1970, rounded down.
pub(super) fn civil_s(civil: DateTime) -> i64 {
    let since = civil.duration_since(EPOCH);
    since.as_secs() - i64::from(since.subsec_nanos() < 0)
}

/// The civil time that lies so many seconds after 1970, where the calendar reaches it.
pub(super) fn civil_of(seconds: i64) -> Option<DateTime> {
    let small = (-NUMBER_MAX..=NUMBER_MAX).contains(&seconds);
    small
        .then(|| EPOCH.checked_add(SignedDuration::from_secs(seconds)).ok())
        .flatten()
}

/// `+08:00`, `+0800`, `+08`, in seconds.
fn offset(text: &str) -> Option<i64> {
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let digits: String = text.get(1..)?.chars().filter(|c| *c != ':').collect();
    if !matches!(digits.len(), 2 | 4) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number: i64 = digits.parse().ok()?;
    let (hours, minutes) = if digits.len() == 2 {
        (number, 0)
    } else {
        (number / 100, number % 100)
    };
    let seconds = hours * 3_600 + minutes * 60;
    (seconds <= OFFSET_MAX_S && minutes < 60).then_some(sign * seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_and_fractions_are_read_and_nonsense_is_not() {
        let civil: DateTime = "2023-03-01T00:18:22".parse().unwrap();
        let read = |text: &str| CivilStamp::parse(text).map(|s| (s.civil, s.offset_s));
        for (text, offset_s) in [
            ("2023-03-01 00:18:22+08:00", Some(8 * 3_600)),
            ("2023-03-01 00:18:22-0330", Some(-(3 * 3_600 + 30 * 60))),
            ("2023-03-01T00:18:22Z", Some(0)),
            ("2023-03-01 00:18:22", None),
        ] {
            assert_eq!(read(text), Some((civil, offset_s)), "{text}");
        }
        let fraction = CivilStamp::parse("2023-11-16 18:17:03.9799600").unwrap();
        assert_eq!(civil_s(fraction.civil) % 60, 3);
        for bad in [
            "",
            "2023-03-01",
            "2023-02-30 00:00:00",
            "2023-03-01 00:18:22+99:00",
            "2023-03-01 00:18:22 x",
            "2023-03-0é 00:18:22",
            "2023-03-01 00:18:22+",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn seconds_of_another_offset_are_moved_to_the_clock() {
        let stamp = CivilStamp::parse("1970-01-01 09:00:05+08:00").unwrap();
        assert_eq!(stamp.seconds_on(8 * 3_600), 9 * 3_600 + 5);
        assert_eq!(stamp.seconds_on(0), 3_605);
        assert_eq!(
            civil_s(DateTime::constant(1969, 12, 31, 23, 59, 59, 500_000_000)),
            -1
        );
        assert_eq!(civil_of(3_605).unwrap().to_string(), "1970-01-01T01:00:05");
        assert_eq!(civil_of(i64::MAX), None);
    }
}
