//! How one year of data becomes many: whole weeks redrawn near their season, or the year replayed.
//!
//! One [`WeekMap`] is drawn a replication and shared by every series, so that two series of the same year (heat
//! and price, say) are cut and joined at the same places and keep their tie. A week keeps its weekday and its
//! hour of day. Within a week nothing is changed, so heat waves and scarcity keep their length.

use jiff::ToSpan;
use rand::RngExt;

use super::axis::HourAxis;
use crate::random::Stream;
use crate::time::{HOUR_S, SimTime, Span};

/// Hours in a week.
const WEEK_HOURS: usize = 168;
/// How far a week may be moved from its season, in weeks.
pub const SEASON_WEEKS: i8 = 2;
/// Fewest hours of data that can stand for whole years: fifty weeks.
pub const BASE_HOURS_MIN: usize = 50 * WEEK_HOURS;

/// The hours that data cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BaseSpan {
    /// When the first hour begins.
    pub start: SimTime,
    /// How many hours.
    pub hours: usize,
}

impl BaseSpan {
    /// About how many years of data there are, at least one.
    fn years(self) -> i64 {
        ((self.hours as f64 / 8_766.0).round() as i64).max(1)
    }
    /// The hour of the data at an instant, the data being repeated for ever in both directions.
    fn wrapped(self, time: SimTime) -> u32 {
        let hour = (time - self.start).as_seconds().div_euclid(HOUR_S);
        hour.rem_euclid(self.hours as i64) as u32
    }
    /// The local calendar year in which the data begin; a start shortly before midnight counts for the next.
    fn first_year(self, axis: &HourAxis) -> i16 {
        axis.calendar().civil(self.start + Span::from_hours(48)).year()
    }
}

/// What is drawn for one week.
#[derive(Debug, Clone, Copy, PartialEq)]
struct WeekDraw {
    /// Weeks away from the season.
    shift: i8,
    /// Which year of the data, as a share of them.
    year: f64,
    /// Where in the year, as a share, when the season is not kept.
    anywhere: f64,
}

/// The weeks of one replication.
#[derive(Debug, Clone, PartialEq)]
pub struct WeekMap {
    draws: Vec<WeekDraw>,
}

impl WeekMap {
    /// Draws a week for each week of the axis.
    pub fn draw(axis: &HourAxis, stream: &mut Stream) -> Self {
        let draws = (0..axis.len().div_ceil(WEEK_HOURS))
            .map(|_| WeekDraw {
                shift: stream.random_range(-SEASON_WEEKS..=SEASON_WEEKS),
                year: stream.random(),
                anywhere: stream.random(),
            })
            .collect();
        Self { draws }
    }

    /// Draws weeks that fit onto one another by an hourly series of the data, their dry bulbs: heat waves and cold spells
    /// go on across the joints.
    ///
    /// Each week is one of the weeks within [`SEASON_WEEKS`] of its season in any year of the data, drawn with weight
    /// `exp(-((d - d0) / spread)^2 / 2)`: `d` the mean of its first day, `d0` that of the day which followed the week
    /// before in the data. The true continuation is among them with weight one. A nearest-neighbour bootstrap after Lall
    /// and Sharma (1996), by weeks.
    pub fn draw_joined(
        axis: &HourAxis,
        base: BaseSpan,
        hourly: &[f64],
        spread: f64,
        stream: &mut Stream,
    ) -> Self {
        assert_eq!(hourly.len(), base.hours, "a value for each hour of the data");
        let first_day = |begin: u32| {
            let hours = (0..24).map(|h| hourly[(begin as usize + h) % base.hours]);
            hours.sum::<f64>() / 24.0
        };
        let years = base.years();
        let mut draws: Vec<WeekDraw> = Vec::with_capacity(axis.len().div_ceil(WEEK_HOURS));
        let mut before: Option<u32> = None;
        let mut weighted: Vec<(f64, WeekDraw, u32)> = Vec::new();
        for week in 0..axis.len().div_ceil(WEEK_HOURS) {
            let at = axis.time(week * WEEK_HOURS);
            let anywhere = stream.random();
            let follows = before.map(|begin| first_day(begin + WEEK_HOURS as u32));
            weighted.clear();
            let mut sum = 0.0;
            for year in 0..years {
                for shift in -SEASON_WEEKS..=SEASON_WEEKS {
                    let draw = WeekDraw {
                        shift,
                        year: (year as f64 + 0.5) / years as f64,
                        anywhere,
                    };
                    let begin = base.wrapped(draw.anchor(axis, base, at, true));
                    let weight = follows.map_or(1.0, |day| {
                        (-0.5 * ((first_day(begin) - day) / spread).powi(2)).exp()
                    });
                    sum += weight;
                    weighted.push((sum, draw, begin));
                }
            }
            let ticket = stream.random::<f64>() * sum;
            let index = weighted.partition_point(|(upto, ..)| *upto <= ticket);
            let (_, draw, begin) = weighted[index.min(weighted.len() - 1)];
            draws.push(draw);
            before = Some(begin);
        }
        Self { draws }
    }

    /// For each hour of the axis, the hour of the data that it repeats.
    pub fn resample(&self, axis: &HourAxis, base: BaseSpan, keep_season: bool) -> Vec<u32> {
        assert!(
            base.hours >= BASE_HOURS_MIN,
            "{} hours of data do not make a year",
            base.hours
        );
        let mut indices = Vec::with_capacity(axis.len());
        for (week, draw) in self.draws.iter().enumerate() {
            let first = week * WEEK_HOURS;
            let begin = base.wrapped(draw.anchor(axis, base, axis.time(first), keep_season));
            let length = WEEK_HOURS.min(axis.len() - first);
            push_run(&mut indices, begin, length, base.hours);
        }
        indices
    }
}

impl WeekDraw {
    /// The instant of the data at which this week begins: same weekday, same local hour.
    fn anchor(&self, axis: &HourAxis, base: BaseSpan, at: SimTime, keep_season: bool) -> SimTime {
        let civil = axis.calendar().civil(at);
        let year = base.first_year(axis) + (self.year * base.years() as f64) as i16;
        let (day, shift) = if keep_season {
            (i64::from(civil.date().day_of_year()), i64::from(self.shift))
        } else {
            (1 + (self.anywhere * 365.0) as i64, 0)
        };
        let january = jiff::civil::date(year.clamp(1, 9_000), 1, 1);
        let season = january.saturating_add((day - 1 + 7 * shift).days());
        // The nearest day with the same weekday, at most three days away.
        let off = i64::from(civil.weekday().to_monday_zero_offset())
            - i64::from(season.weekday().to_monday_zero_offset());
        let off = (off + 3).rem_euclid(7) - 3;
        let date = season.saturating_add(off.days());
        axis.calendar()
            .instant(date.to_datetime(civil.time()))
            .unwrap_or(at)
    }
}

/// For each hour of the axis, the same instant of the data where they cover it, otherwise the same date and hour of
/// one of their years, the years in order and round again (29 February repeats the day before where it is missing).
pub fn replay(axis: &HourAxis, base: BaseSpan) -> Vec<u32> {
    assert!(base.hours > 0, "no data to replay");
    let end = base.start + Span::from_hours(base.hours as i64);
    let mut indices = Vec::with_capacity(axis.len());
    while indices.len() < axis.len() {
        let at = axis.time(indices.len());
        let left = axis.len() - indices.len();
        if at >= base.start && at < end {
            let run = ((end - at).as_seconds() / HOUR_S) as usize;
            push_run(&mut indices, base.wrapped(at), left.min(run), base.hours);
        } else {
            // To the next local midnight, so that every day finds its own date again.
            let run = 24 - usize::from(axis.hours()[indices.len()]).min(23);
            let begin = base.wrapped(same_date(axis, base, at));
            push_run(&mut indices, begin, left.min(run), base.hours);
        }
    }
    indices
}

/// What of the axis a replay would have to take from another date than its own, where it is more than a day of hours:
/// the first such instant. Data of whole years have none, whatever zone their year begins in.
pub fn not_replayed(axis: &HourAxis, base: BaseSpan) -> Option<SimTime> {
    let end = base.start + Span::from_hours(base.hours as i64);
    let covered = |at: SimTime| at >= base.start && at < end;
    let mut missing = (0..axis.len())
        .map(|hour| axis.time(hour))
        .filter(|at| !covered(*at) && !covered(same_date(axis, base, *at)));
    let first = missing.next()?;
    // Year by year a zone's offset of hours may lie beyond the file, and be taken from its other end.
    let years = axis.len() / 8_760 + 1;
    (missing.count() >= 25 * years).then_some(first)
}

/// The same civil date and hour in the year of the data whose turn it is.
fn same_date(axis: &HourAxis, base: BaseSpan, at: SimTime) -> SimTime {
    let civil = axis.calendar().civil(at);
    let first = base.first_year(axis);
    let turn = (i64::from(civil.year()) - i64::from(first)).rem_euclid(base.years());
    let year = first + turn as i16;
    let date = jiff::civil::Date::new(year, civil.month(), civil.day())
        .unwrap_or_else(|_| jiff::civil::date(year.clamp(1, 9_000), 2, 28));
    axis.calendar()
        .instant(date.to_datetime(civil.time()))
        .unwrap_or(at)
}

fn push_run(indices: &mut Vec<u32>, begin: u32, length: usize, modulus: usize) {
    let mut index = begin;
    for _ in 0..length {
        indices.push(index);
        index += 1;
        if index as usize == modulus {
            index = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;
    use crate::time::{Calendar, parse_date};

    fn texas() -> Calendar {
        Calendar::of_zone("America/Chicago").unwrap()
    }
    fn day(d: &str) -> SimTime {
        texas().start_of(parse_date(d).unwrap()).unwrap()
    }
    fn base_2023() -> BaseSpan {
        BaseSpan {
            start: day("2023-01-01"),
            hours: 8_760,
        }
    }

    #[test]
    fn weeks_keep_their_season_weekday_and_hour() {
        let axis = HourAxis::new(&texas(), day("2026-01-01"), day("2036-01-01"));
        let map = WeekMap::draw(&axis, &mut Streams::new(1, 0).stream("weeks"));
        let indices = map.resample(&axis, base_2023(), true);
        assert_eq!(indices.len(), axis.len());
        for week in 0..indices.len() / WEEK_HOURS {
            let sim = texas().civil(axis.time(week * WEEK_HOURS));
            let data =
                texas().civil(day("2023-01-01") + Span::from_hours(i64::from(indices[week * WEEK_HOURS])));
            let apart = (i64::from(sim.day_of_year()) - i64::from(data.day_of_year())).rem_euclid(365);
            assert!(apart.min(365 - apart) <= 18, "{sim} {data}");
            // The end of a year joins its beginning, where the weekday may slip once.
            if (20..=345).contains(&data.day_of_year()) {
                assert_eq!(
                    (sim.weekday(), sim.hour()),
                    (data.weekday(), data.hour()),
                    "{sim} {data}"
                );
            }
        }
    }

    #[test]
    fn two_series_of_one_year_are_cut_at_the_same_instants() {
        let axis = HourAxis::new(&texas(), day("2026-01-01"), day("2028-01-01"));
        let map = WeekMap::draw(&axis, &mut Streams::new(1, 3).stream("weeks"));
        let weather = map.resample(&axis, base_2023(), true);
        let price = map.resample(&axis, base_2023(), true);
        assert_eq!(weather, price);
        let other = WeekMap::draw(&axis, &mut Streams::new(1, 4).stream("weeks"));
        assert_ne!(weather, other.resample(&axis, base_2023(), true));
    }

    #[test]
    fn joined_weeks_follow_the_data_where_nothing_else_fits() {
        let axis = HourAxis::new(&texas(), day("2026-01-01"), day("2027-01-01"));
        // Every day of the data stands alone: only the true continuation fits, so the year runs on as it was.
        let alone: Vec<f64> = (0..8_760).map(|hour| f64::from(hour / 24) * 100.0).collect();
        let joined = |series: &[f64]| {
            let mut stream = Streams::new(1, 0).stream("weeks");
            let map = WeekMap::draw_joined(&axis, base_2023(), series, 2.0, &mut stream);
            map.resample(&axis, base_2023(), true)
        };
        let breaks = |indices: &[u32]| {
            let torn = indices.windows(2).filter(|w| (w[0] + 1) % 8_760 != w[1]);
            torn.count()
        };
        assert!(breaks(&joined(&alone)) <= 2, "{}", breaks(&joined(&alone)));
        // Where all days are alike any week of the season will do.
        assert!(breaks(&joined(&vec![20.0; 8_760])) > 30);
    }

    #[test]
    fn the_year_of_the_data_replays_itself() {
        let axis = HourAxis::new(&texas(), day("2023-01-01"), day("2024-01-01"));
        let expected: Vec<u32> = (0..8_760).collect();
        assert_eq!(replay(&axis, base_2023()), expected);
    }

    #[test]
    fn another_year_takes_the_same_dates_and_repeats_the_28th_on_leap_day() {
        let axis = HourAxis::new(&texas(), day("2028-01-01"), day("2029-01-01"));
        let indices = replay(&axis, base_2023());
        assert_eq!(indices.len(), 8_784);
        let at = |d: &str| indices[axis.index_at(day(d))];
        assert_eq!(at("2028-02-29"), at("2028-02-28"));
        assert_eq!(at("2028-02-28"), 58 * 24);
        assert_eq!(at("2028-12-31"), 364 * 24);
        let hours = indices.iter().map(|i| {
            texas()
                .civil_hour(day("2023-01-01") + Span::from_hours(i64::from(*i)))
                .hour
        });
        let same = hours.zip(axis.hours()).filter(|(a, b)| *a as u8 == **b).count();
        assert!(same > 8_784 - 24 * 14, "{same}");
    }
}
