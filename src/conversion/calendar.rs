//! Working calendars: on which days work goes on, and which of them the weather takes.
//!
//! A stage of `m` months is `m x 30.4375 x w / 7` working days, with `w` working days in the week: weekends alone
//! leave its mean length as it was, holidays, shutdowns and weather make it longer. The plan counts a day of a month
//! whose climate loses the share `p` of days as `1 - p`; a replication draws each day. Owns no stages and no money.

use std::sync::Arc;

use jiff::civil::Date;
use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::DAYS_PER_MONTH;
use crate::id::Name;
use crate::problem::{Check, FieldPath, Problems};
use crate::random::{Address, Stream, Streams};
use crate::time::{Calendar, SimTime, Span, parse_date};

/// The most calendars of one scenario.
pub const CALENDARS_MAX: usize = 50;
/// The most holidays and shutdowns of one calendar.
pub const DAYS_OFF_MAX: usize = 400;
/// Days in the months of a common year.
const DAYS_OF_MONTH: [f64; 12] = [
    31.0, 28.0, 31.0, 30.0, 31.0, 30.0, 31.0, 31.0, 30.0, 31.0, 30.0, 31.0,
];

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Day {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

fn five_days() -> Vec<Day> {
    vec![Day::Mon, Day::Tue, Day::Wed, Day::Thu, Day::Fri]
}

/// A calendar of work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkCalendarSpec {
    /// Name of the calendar, unique; conversions and stages name it in `calendar`.
    pub id: Name,
    /// Days on which work goes on. Default: Monday to Friday.
    #[serde(default = "five_days")]
    pub working_days: Vec<Day>,
    /// Days off: `"2026-11-26"` once, `"12-25"` every year. Default: none.
    #[serde(default)]
    pub holidays: Vec<String>,
    /// Stretches of every year without work, such as a winter shutdown. Default: none.
    #[serde(default)]
    pub shutdowns: Vec<ShutdownSpec>,
    /// Days that the weather takes. Default: none.
    #[serde(default)]
    pub weather: Option<WeatherStopsSpec>,
}

/// A stretch of every year without work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShutdownSpec {
    /// First day off, `MM-DD`.
    pub from: String,
    /// Last day off, `MM-DD`; before `from` it lies in the next year.
    pub to: String,
}

/// Climates of which the lost days are known: hours 7 to 18 with wind above 11.2 m/s, a day colder than -5 °C or hotter
/// than 38 °C throughout, or 6.35 mm of rain (computed from hourly weather files).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Climate {
    /// Dallas-Fort Worth: 89 days a year.
    NorthTexas,
    /// Houston: 61 days, rain apart.
    GulfTexas,
    /// Midland: 74 days, rain apart.
    WestTexas,
    /// Pittsburgh: 8 days, rain apart.
    Pittsburgh,
    /// Aurora, Colorado: 47 days, rain apart.
    Colorado,
    /// Amsterdam: 57 days, rain apart.
    Amsterdam,
    /// Helsinki: 27 days, rain apart.
    Helsinki,
}

impl Climate {
    /// Days lost in each month of a year.
    pub fn days_lost(self) -> [f64; 12] {
        match self {
            Self::NorthTexas => [5., 9., 6., 12., 10., 5., 4., 12., 2., 7., 10., 7.],
            Self::GulfTexas => [5., 5., 5., 0., 7., 6., 6., 6., 8., 5., 5., 3.],
            Self::WestTexas => [2., 3., 12., 10., 5., 6., 5., 7., 2., 6., 9., 7.],
            Self::Pittsburgh => [4., 1., 0., 3., 0., 0., 0., 0., 0., 0., 0., 0.],
            Self::Colorado => [1., 3., 5., 9., 4., 3., 4., 2., 2., 3., 2., 9.],
            Self::Amsterdam => [13., 7., 9., 6., 1., 0., 1., 1., 4., 6., 2., 7.],
            Self::Helsinki => [6., 7., 1., 0., 0., 0., 0., 0., 0., 2., 6., 5.],
        }
    }
}

fn default_spell_days() -> f64 {
    2.0
}
fn default_long_days() -> LongStopDaysSpec {
    LongStopDaysSpec {
        low: 20.0,
        high: 60.0,
    }
}

/// Days that the weather takes: each day of a month is lost with the month's share, in spells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WeatherStopsSpec {
    /// A known climate. Give this or `days_lost`.
    #[serde(default)]
    pub climate: Option<Climate>,
    /// Days lost in each month, January first, of all days of the month.
    #[serde(default)]
    pub days_lost: Option<Vec<f64>>,
    /// Mean length of a spell of lost days, days, 1 to 30. Default 2 (assumption).
    #[serde(default = "default_spell_days")]
    pub spell_days: f64,
    /// Long stops a year, drawn as a Poisson process, which no plan shows. Default 0; the trade's Denton suggests 0.5
    /// (assumption).
    #[serde(default)]
    pub long_stops_per_year: f64,
    /// Days that a long stop takes, uniform. Default 20 to 60 (Denton: 60 days of rain and wind; the low end is an assumption).
    #[serde(default = "default_long_days")]
    pub long_stop_days: LongStopDaysSpec,
}

/// Days of a long stop, uniform between the ends.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LongStopDaysSpec {
    /// The fewest.
    pub low: f64,
    /// The most.
    pub high: f64,
}

impl WeatherStopsSpec {
    /// Share of days lost, by month.
    fn shares(&self) -> [f64; 12] {
        let mut days = [0.0; 12];
        if let Some(given) = &self.days_lost {
            for (day, value) in days.iter_mut().zip(given) {
                *day = *value;
            }
        } else if let Some(climate) = self.climate {
            days = climate.days_lost();
        }
        for (day, whole) in days.iter_mut().zip(DAYS_OF_MONTH) {
            *day /= whole;
        }
        days
    }
}

/// A day of every year, `MM-DD`: month and day.
fn parse_yearly(text: &str) -> Option<(i8, i8)> {
    let leap = parse_date(&format!("2024-{text}"))?;
    (text.len() == 5).then(|| (leap.month(), leap.day()))
}

impl Check for WorkCalendarSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        if self.working_days.is_empty() {
            problems.error(
                &at.key("working_days"),
                "a calendar without working days ends no work",
            );
        }
        if self.holidays.len() + self.shutdowns.len() > DAYS_OFF_MAX {
            problems.error(
                &at.key("holidays"),
                format!("more than {DAYS_OFF_MAX} holidays and shutdowns"),
            );
        }
        for (i, text) in self.holidays.iter().enumerate() {
            if parse_date(text).is_none() && parse_yearly(text).is_none() {
                problems.error_with_help(
                    &at.key("holidays").index(i),
                    format!("`{text}` is no day"),
                    "write `2026-11-26` for one day, `12-25` for one of every year",
                );
            }
        }
        let mut off = 0.0;
        for (i, shutdown) in self.shutdowns.iter().enumerate() {
            let at = at.key("shutdowns").index(i);
            for (key, text) in [("from", &shutdown.from), ("to", &shutdown.to)] {
                if parse_yearly(text).is_none() {
                    problems.error_with_help(
                        &at.key(key),
                        format!("`{text}` is no day of the year"),
                        "write `12-20`",
                    );
                }
            }
            off += shutdown.days().unwrap_or(0.0);
        }
        if off > 330.0 {
            problems.error(
                &at.key("shutdowns"),
                format!("{off} days of the year are shut down: at most 330"),
            );
        }
        if let Some(weather) = &self.weather {
            weather.check(&at.key("weather"), problems);
        }
    }
}

impl ShutdownSpec {
    fn covers(&self, date: Date) -> bool {
        let (Some(from), Some(to)) = (parse_yearly(&self.from), parse_yearly(&self.to)) else {
            return false;
        };
        let day = (date.month(), date.day());
        if from <= to {
            from <= day && day <= to
        } else {
            day >= from || day <= to
        }
    }
    fn days(&self) -> Option<f64> {
        let date = |text: &str| parse_date(&format!("2023-{text}"));
        let (from, to) = (date(&self.from)?, date(&self.to)?);
        let between = f64::from(to.day_of_year()) - f64::from(from.day_of_year());
        Some(if between < 0.0 {
            between + 366.0
        } else {
            between + 1.0
        })
    }
}

impl Check for WeatherStopsSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        match (&self.climate, &self.days_lost) {
            (Some(_), None) => {}
            (None, Some(days)) => {
                let at = at.key("days_lost");
                if days.len() != 12 {
                    problems.error(&at, format!("{} months: a year has 12", days.len()));
                }
                for (i, (value, whole)) in days.iter().zip(DAYS_OF_MONTH).enumerate() {
                    problems.within(&at.index(i), *value, 0.0, whole - 3.0);
                }
            }
            _ => problems.error(at, "give `climate` or `days_lost`, one of them"),
        }
        problems.within(&at.key("spell_days"), self.spell_days, 1.0, 30.0);
        problems.within(&at.key("long_stops_per_year"), self.long_stops_per_year, 0.0, 4.0);
        let (long, at) = (self.long_stop_days, at.key("long_stop_days"));
        problems.within(&at.key("low"), long.low, 0.0, 200.0);
        problems.within(&at.key("high"), long.high, long.low.max(0.0), 200.0);
    }
}

/// How much work each day does: what is planned, or what a replication drew.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkTime {
    /// Local midnights.
    midnights: Arc<[i64]>,
    /// Working days done before each of them.
    done: Arc<[f64]>,
    /// Working days that a month of a stage is.
    per_month: f64,
}

impl WorkTime {
    /// When work of so many months that begins at `start` ends. Beyond the days of the calendar its mean pace goes on.
    pub fn finish(&self, start: SimTime, months: f64) -> SimTime {
        if months <= 0.0 {
            return start;
        }
        let days = self.midnights.len() - 1;
        let now = start.as_unix_s().max(self.midnights[0]);
        let (first, last) = (self.midnights[0], self.midnights[days]);
        let pace = self.done[days] / (last - first) as f64;
        let work = months * self.per_month;
        if now >= last {
            return SimTime::from_unix_s(now + (work / pace).round() as i64);
        }
        let day = self.midnights.partition_point(|m| *m <= now) - 1;
        let target = self.done[day] + self.share(day, now) * (self.done[day + 1] - self.done[day]) + work;
        // A hair less, so that rounding does not carry a full day's end over a day off.
        let end = self.done.partition_point(|d| *d < target - 1e-9);
        if end > days {
            let over = (target - self.done[days]) / pace;
            return SimTime::from_unix_s(last + over.round() as i64);
        }
        let (from, to) = (self.midnights[end - 1], self.midnights[end]);
        let part = (target - self.done[end - 1]) / (self.done[end] - self.done[end - 1]);
        let at = from + (part * (to - from) as f64).round() as i64;
        SimTime::from_unix_s(at.clamp(now, to.max(now)))
    }
    fn share(&self, day: usize, now: i64) -> f64 {
        let (from, to) = (self.midnights[day], self.midnights[day + 1]);
        (now - from) as f64 / (to - from) as f64
    }
    /// Working days between two instants within the calendar.
    pub fn working_days(&self, from: SimTime, to: SimTime) -> f64 {
        let done = |t: SimTime| {
            let now = t.as_unix_s();
            let day = self.midnights.partition_point(|m| *m <= now).max(1) - 1;
            let day = day.min(self.midnights.len() - 2);
            self.done[day] + self.share(day, now) * (self.done[day + 1] - self.done[day])
        };
        done(to) - done(from)
    }
}

/// A calendar at a site.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkCalendar {
    address: Address,
    weather: Option<WeatherStopsSpec>,
    /// Month of each day, January 0, and whether it is a working day.
    days: Vec<(u8, bool)>,
    planned: WorkTime,
}

impl WorkCalendar {
    /// The checked calendar over `span` days of a site, from the local day of `origin`.
    pub fn new(
        spec: &WorkCalendarSpec,
        site: &str,
        civil: &Calendar,
        (origin, span): (SimTime, Span),
    ) -> Self {
        let count = (span.as_days().ceil() as usize).max(1);
        let mut date = civil.civil(origin).date();
        let (mut midnights, mut days) = (Vec::with_capacity(count + 1), Vec::with_capacity(count));
        for _ in 0..=count {
            let midnight = civil
                .start_of(date)
                .expect("simulated days lie within the calendar");
            midnights.push(midnight.as_unix_s());
            days.push((date.month() as u8 - 1, spec.is_open(date)));
            date = date.tomorrow().expect("simulated days lie within the calendar");
        }
        days.pop();
        let shares = spec.weather.as_ref().map_or([0.0; 12], WeatherStopsSpec::shares);
        let weight = |(month, open): &(u8, bool)| {
            if *open {
                1.0 - shares[usize::from(*month)]
            } else {
                0.0
            }
        };
        let per_month = DAYS_PER_MONTH * spec.working_days.len() as f64 / 7.0;
        let planned = WorkTime {
            midnights: midnights.into(),
            done: cumulate(days.iter().map(weight)),
            per_month,
        };
        Self {
            address: Address::of(&format!("conversion/weather/{site}/{}", spec.id)),
            weather: spec.weather.clone(),
            days,
            planned,
        }
    }
    /// The pace that a plan counts with: the mean of the climate, no long stops.
    pub fn planned(&self) -> &WorkTime {
        &self.planned
    }
    /// The days of a replication, the same for all strategies, into room that a calendar of this kind has used.
    pub fn draw_into(&self, streams: &Streams, out: &mut WorkTime) {
        let Some(weather) = &self.weather else {
            out.clone_from(&self.planned);
            return;
        };
        let mut days = LostDays::new(weather, streams.at(self.address));
        if out.done.len() != self.days.len() + 1 || Arc::get_mut(&mut out.done).is_none() {
            *out = WorkTime {
                done: vec![0.0; self.days.len() + 1].into(),
                ..self.planned.clone()
            };
        }
        let done = Arc::get_mut(&mut out.done).expect("nobody else holds it");
        let mut sum = 0.0;
        for (done, (month, open)) in done[1..].iter_mut().zip(&self.days) {
            let works = days.next_works(*month) && *open;
            sum += f64::from(u8::from(works));
            *done = sum;
        }
    }
}

/// Days of one replication as the weather takes them.
struct LostDays<'a> {
    weather: &'a WeatherStopsSpec,
    rng: Stream,
    /// Chance that a spell begins on a day of each month, and that one ends.
    begins: [f64; 12],
    ends: [f64; 12],
    long_begins: f64,
    lost: bool,
    long_days: f64,
}

impl<'a> LostDays<'a> {
    fn new(weather: &'a WeatherStopsSpec, rng: Stream) -> Self {
        // The mean spell, and the share of lost days that balances it.
        let shares = weather.shares();
        let spell = shares.map(|share| weather.spell_days.max(1.0 / (1.0 - share)));
        let begins = |month: usize| shares[month] / ((1.0 - shares[month]) * spell[month]);
        Self {
            weather,
            rng,
            begins: std::array::from_fn(begins),
            ends: spell.map(|days| 1.0 / days),
            long_begins: 1.0 - (-weather.long_stops_per_year / 365.25).exp(),
            lost: false,
            long_days: 0.0,
        }
    }
    /// Whether the weather leaves the next day, which lies in a month.
    fn next_works(&mut self, month: u8) -> bool {
        let change = if self.lost { self.ends } else { self.begins };
        if self.rng.random::<f64>() < change[usize::from(month)] {
            self.lost = !self.lost;
        }
        if self.weather.long_stops_per_year > 0.0 {
            if self.rng.random::<f64>() < self.long_begins {
                let (low, high) = (self.weather.long_stop_days.low, self.weather.long_stop_days.high);
                self.long_days = low + (high - low) * self.rng.random::<f64>();
            } else {
                self.long_days -= 1.0;
            }
        }
        !self.lost && self.long_days <= 0.0
    }
}

fn cumulate(weights: impl Iterator<Item = f64>) -> Arc<[f64]> {
    let mut sum = 0.0;
    let sums = weights.map(|w| {
        sum += w;
        sum
    });
    std::iter::once(0.0).chain(sums).collect()
}

impl WorkCalendarSpec {
    fn is_open(&self, date: Date) -> bool {
        let weekday = date.weekday().to_monday_zero_offset();
        let works = self.working_days.iter().any(|d| *d as i8 == weekday);
        let holiday = self.holidays.iter().any(|text| {
            parse_date(text).map_or_else(
                || parse_yearly(text) == Some((date.month(), date.day())),
                |day| day == date,
            )
        });
        works && !holiday && !self.shutdowns.iter().any(|s| s.covers(date))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(text: &str) -> WorkCalendarSpec {
        toml::from_str(&format!("id = \"works\"\n{text}")).unwrap()
    }

    fn drawn(calendar: &WorkCalendar, streams: &Streams) -> WorkTime {
        let mut out = calendar.planned().clone();
        calendar.draw_into(streams, &mut out);
        out
    }

    fn at(text: &str) -> SimTime {
        Calendar::of_zone("America/Chicago")
            .unwrap()
            .instant(text.parse().unwrap())
            .unwrap()
    }

    fn calendar(text: &str) -> WorkCalendar {
        let zone = Calendar::of_zone("America/Chicago").unwrap();
        let span = (at("2026-01-01T00:00"), Span::from_days_f64(20.0 * 365.25));
        WorkCalendar::new(&spec(text), "west", &zone, span)
    }

    /// Months of a stage that are so many working days of a five-day week.
    fn months(days: f64) -> f64 {
        days * 7.0 / 5.0 / DAYS_PER_MONTH
    }

    #[test]
    fn work_passes_weekends_holidays_and_the_clock_change() {
        let plain = calendar("");
        // Thursday morning and three days: Thursday, Friday, Monday.
        let end = plain.planned().finish(at("2026-01-08T00:00"), months(3.0));
        assert_eq!(end, at("2026-01-13T00:00"));
        // Five days end with Friday, not with Monday.
        let end = plain.planned().finish(at("2026-01-05T00:00"), months(5.0));
        assert_eq!(end, at("2026-01-10T00:00"));
        // Clocks go forward on Sunday 8 March: Friday noon and one day are Monday noon.
        let end = plain.planned().finish(at("2026-03-06T12:00"), months(1.0));
        assert_eq!(end, at("2026-03-09T12:00"));
        let holiday = calendar("holidays = [\"2026-01-12\", \"01-13\"]");
        let end = holiday.planned().finish(at("2026-01-08T00:00"), months(3.0));
        assert_eq!(end, at("2026-01-15T00:00"));
        assert_eq!(
            plain.planned().finish(at("2026-01-10T07:00"), 0.0),
            at("2026-01-10T07:00")
        );
    }

    #[test]
    fn a_winter_shutdown_stops_work_over_the_turn_of_the_year() {
        let winter = calendar("shutdowns = [{ from = \"12-21\", to = \"01-03\" }]");
        // Friday 18 December 2026 and two days: that Friday and Monday 4 January.
        let end = winter.planned().finish(at("2026-12-18T00:00"), months(2.0));
        assert_eq!(end, at("2027-01-05T00:00"));
    }

    #[test]
    fn a_stage_takes_its_months_in_the_mean_where_only_weekends_are_off() {
        let plain = calendar("");
        let start = at("2026-01-01T00:00");
        let end = plain.planned().finish(start, 120.0);
        let days = (end - start).as_days();
        assert!((days - 120.0 * DAYS_PER_MONTH).abs() < 3.0, "{days}");
        // Beyond the table the mean pace goes on.
        let end = plain.planned().finish(start, 480.0);
        assert!(((end - start).as_days() - 480.0 * DAYS_PER_MONTH).abs() < 3.0);
    }

    #[test]
    fn weather_takes_the_share_of_days_that_the_climate_says() {
        let texas = calendar("weather.climate = \"north-texas\"");
        let year = (at("2027-01-01T00:00"), at("2028-01-01T00:00"));
        // 261 working days; 89 of 365 days lost, each month by its own share.
        let planned = texas.planned().working_days(year.0, year.1);
        let plain = calendar("").planned().working_days(year.0, year.1);
        assert_eq!(plain, 261.0);
        assert!((planned - 261.0 * (1.0 - 89.0 / 365.0)).abs() < 1.5, "{planned}");
        let n = 400;
        let drawn: Vec<f64> = (0..n)
            .map(|r| drawn(&texas, &Streams::new(3, r)).working_days(year.0, year.1))
            .collect();
        let mean = drawn.iter().sum::<f64>() / n as f64;
        // Standard error: some 9 days over sqrt(400).
        assert!((mean - planned).abs() < 1.5, "{mean} {planned}");
        assert!(drawn.iter().all(|d| *d <= plain));
    }

    #[test]
    fn spells_last_as_long_as_the_file_says_and_long_stops_come_on_top() {
        let runs = |text: &str| {
            let mut days = [
                31.0, 28.0, 31.0, 30.0, 31.0, 30.0, 31.0, 31.0, 30.0, 31.0, 30.0, 31.0,
            ];
            for day in &mut days {
                *day *= 0.2;
            }
            let calendar = calendar(&format!(
                "working_days = [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\", \"sat\", \"sun\"]\n\
                 weather.days_lost = {days:?}\n{text}"
            ));
            let (mut lost, mut spells, mut all) = (0.0, 0.0, 0.0);
            for r in 0..40 {
                let done = drawn(&calendar, &Streams::new(8, r)).done;
                let off: Vec<bool> = done.windows(2).map(|w| w[1] <= w[0]).collect();
                all += off.len() as f64;
                lost += off.iter().filter(|o| **o).count() as f64;
                spells += off.windows(2).filter(|w| !w[0] && w[1]).count() as f64;
            }
            (lost / all, lost / spells)
        };
        let (share, spell) = runs("weather.spell_days = 4");
        assert!(
            (share - 0.2).abs() < 0.01 && (spell - 4.0).abs() < 0.2,
            "{share} {spell}"
        );
        // Half a stop a year of 40 days takes 5.5 % of the days that are left.
        let (share, _) = runs("weather.long_stops_per_year = 0.5");
        assert!((share - (0.2 + 0.8 * 20.0 / 365.25)).abs() < 0.012, "{share}");
    }

    #[test]
    fn days_that_do_not_exist_are_refused_with_their_place() {
        let bad = spec(
            "working_days = []\nholidays = [\"13-01\", \"02-29\"]\nshutdowns = [{ from = \"01-01\", to = \"12-31\" }]\n\
             weather = { spell_days = 0, days_lost = [40] }",
        );
        let mut problems = Problems::new();
        bad.check(&FieldPath::root(), &mut problems);
        let paths: Vec<String> = problems.as_slice().iter().map(|p| p.path.to_string()).collect();
        assert_eq!(
            paths,
            [
                "working_days",
                "holidays[0]",
                "shutdowns",
                "weather.days_lost",
                "weather.days_lost[0]",
                "weather.spell_days"
            ]
        );
    }
}
