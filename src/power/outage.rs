//! Outages of the grid connection: dated ones, and ones by chance, as one sorted list a replication; and for how long
//! the batteries of UPS carry the halls that have one.

use jiff::civil::DateTime;
use rand_distr::{Distribution, Exp1, LogNormal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::backup::Backup;
use crate::problem::{Check, FieldPath, Problems};
use crate::random::Stream;
use crate::time::{Calendar, SimTime, Span};

/// Standard normal quantile of 90 %.
const Z90: f64 = 1.281_551_565_544_6;
/// Seconds of a mean year.
const YEAR_S: f64 = 365.25 * 86_400.0;
/// Most stated outages.
const STATED_MAX: usize = 1_000;

/// Outages of a site's connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OutagesSpec {
    /// Outages at stated times. Default: none.
    pub stated: Vec<StatedOutageSpec>,
    /// Outages by chance in a mean year. Default 0.3 (assumption: 0.1 to 1 for a site on the transmission grid; what
    /// customers on distribution lines meet, SAIFI, does not apply).
    pub per_year: f64,
    /// Half of them last no longer, minutes. Default 30 (assumption).
    pub minutes_p50: f64,
    /// Nine in ten last no longer, minutes; lognormal through both. Default 240 (assumption).
    pub minutes_p90: f64,
    /// Minutes for which the batteries of a UPS carry a hall. Default 5 (assumption: 1 to 10).
    pub ups_minutes: f64,
}

/// An outage at a stated time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatedOutageSpec {
    /// Begin in the site's time, such as `2026-07-10T15:00`.
    pub from: String,
    /// How long it lasts, in minutes.
    pub minutes: f64,
}

impl Default for OutagesSpec {
    fn default() -> Self {
        Self {
            stated: Vec::new(),
            per_year: 0.3,
            minutes_p50: 30.0,
            minutes_p90: 240.0,
            ups_minutes: 5.0,
        }
    }
}

impl Check for OutagesSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        if self.stated.len() > STATED_MAX {
            problems.error(&at.key("stated"), format!("more than {STATED_MAX} outages"));
        }
        for (index, outage) in self.stated.iter().enumerate() {
            let at = at.key("stated").index(index);
            if parse_local(&outage.from).is_none() {
                problems.error_with_help(
                    &at.key("from"),
                    format!("`{}` is not a date and time", outage.from),
                    "write it as `2026-07-10T15:00`, in the site's time",
                );
            }
            problems.within(&at.key("minutes"), outage.minutes, 1.0 / 60.0, 5.3e6);
        }
        problems.within(&at.key("per_year"), self.per_year, 0.0, 1_000.0);
        problems.within(&at.key("minutes_p50"), self.minutes_p50, 1.0 / 60.0, 1e5);
        problems.within(
            &at.key("minutes_p90"),
            self.minutes_p90,
            self.minutes_p50.max(0.0),
            1e6,
        );
        problems.within(&at.key("ups_minutes"), self.ups_minutes, 0.0, 1_440.0);
    }
}

/// Parses `2026-07-10T15:00`, with or without seconds.
fn parse_local(text: &str) -> Option<DateTime> {
    matches!(text.len(), 16 | 19).then(|| text.parse().ok()).flatten()
}

/// The grid is gone over `[from, to)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Outage {
    /// When it goes.
    pub from: SimTime,
    /// When it is back.
    pub to: SimTime,
    /// The instants until which those generators run that start; empty without any.
    pub running_until: Vec<SimTime>,
}

impl OutagesSpec {
    /// Outages that begin within `[from, to)`, disjoint and sorted, with the luck of the generators in each.
    pub fn draw(
        &self,
        calendar: &Calendar,
        (from, to): (SimTime, SimTime),
        backup: Option<(&Backup, &mut Stream)>,
        rng: &mut Stream,
    ) -> Vec<Outage> {
        let mut spans: Vec<(SimTime, SimTime)> = Vec::new();
        for stated in &self.stated {
            if let Some(at) = parse_local(&stated.from).and_then(|local| calendar.instant(local)) {
                spans.push((at, at + seconds(stated.minutes * 60.0)));
            }
        }
        let sigma = (self.minutes_p90 / self.minutes_p50).ln() / Z90;
        let minutes = LogNormal::new(self.minutes_p50.ln(), sigma).expect("checked: p90 >= p50 > 0");
        let mut at = from;
        if self.per_year > 0.0 {
            loop {
                let gap: f64 = Exp1.sample(rng);
                at += seconds(gap * YEAR_S / self.per_year);
                if at >= to {
                    break;
                }
                spans.push((at, at + seconds(minutes.sample(rng) * 60.0)));
            }
        }
        spans.retain(|s| s.0 < to && s.1 > from);
        spans.sort_unstable();
        let mut outages: Vec<Outage> = Vec::new();
        for (from, to) in spans {
            match outages.last_mut() {
                Some(last) if from <= last.to => last.to = last.to.max(to),
                _ => outages.push(Outage {
                    from,
                    to,
                    running_until: Vec::new(),
                }),
            }
        }
        // From a stream of their own: one outage more, as a longer horizon brings, is to move nobody's luck.
        if let Some((backup, luck)) = backup {
            for outage in &mut outages {
                outage.running_until = backup.draw(outage.from, luck);
            }
        }
        outages
    }
}

/// At least a second, so that every outage takes time.
fn seconds(value: f64) -> Span {
    Span::from_seconds(value.clamp(1.0, 1e10).round() as i64)
}

impl Outage {
    /// Generators that run at an instant, once they have had time to start.
    pub fn running(&self, now: SimTime, start_s: f64) -> u32 {
        if (now - self.from).as_seconds() < start_s.ceil() as i64 {
            return 0;
        }
        self.running_until.iter().filter(|until| **until > now).count() as u32
    }
    /// Whether batteries of UPS carry their halls at an instant: until they are empty or generators start.
    pub fn is_bridged(&self, now: SimTime, ups_minutes: f64, starts_s: Option<f64>) -> bool {
        let until = |after_s: f64| self.from + seconds(after_s);
        let empty = ups_minutes > 0.0 && now < until(ups_minutes * 60.0);
        empty && starts_s.is_none_or(|s| now < until(s.ceil()))
    }
    /// The instants at which something changes.
    pub fn edges(&self, ups_minutes: f64, start_s: f64) -> Vec<SimTime> {
        let mut edges = vec![self.from, self.to];
        let within = [
            self.from + seconds(ups_minutes * 60.0),
            self.from + seconds(start_s.ceil()),
        ];
        edges.extend(within.into_iter().chain(self.running_until.iter().copied()));
        edges.retain(|t| (self.from..=self.to).contains(t));
        edges.sort_unstable();
        edges.dedup();
        edges
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;

    fn decades(spec: &OutagesSpec, years: i64) -> Vec<Outage> {
        let from = SimTime::from_unix_s(1_767_225_600);
        let to = from + Span::from_seconds(years * 31_557_600);
        let mut rng = Streams::new(1, 0).stream("outages");
        spec.draw(&Calendar::utc(), (from, to), None, &mut rng)
    }

    #[test]
    fn chance_gives_its_rate_and_its_median() {
        let spec = OutagesSpec {
            per_year: 5.0,
            ..OutagesSpec::default()
        };
        let outages = decades(&spec, 2_000);
        // 10,000 expected: three standard errors are 3 %.
        assert!(
            (outages.len() as f64 / 10_000.0 - 1.0).abs() < 0.03,
            "{}",
            outages.len()
        );
        let mut lengths: Vec<i64> = outages.iter().map(|o| (o.to - o.from).as_seconds()).collect();
        lengths.sort_unstable();
        let at = |p: f64| lengths[(p * lengths.len() as f64) as usize] as f64 / 60.0;
        assert!((at(0.5) / 30.0 - 1.0).abs() < 0.06 && (at(0.9) / 240.0 - 1.0).abs() < 0.1);
        assert!(outages.windows(2).all(|w| w[0].to < w[1].from));
    }

    #[test]
    fn stated_outages_that_touch_are_one() {
        let spec: OutagesSpec = toml::from_str(
            "per_year = 0\nstated = [{ from = '2026-07-10T15:00', minutes = 60 }, { from = '2026-07-10T16:00', minutes = 30 }]",
        )
        .unwrap();
        let outages = decades(&spec, 1);
        assert_eq!(outages.len(), 1);
        assert_eq!((outages[0].to - outages[0].from).as_seconds(), 5_400);
        let edges = outages[0].edges(5.0, 12.0);
        assert_eq!(edges.len(), 4);
        let bad: OutagesSpec = toml::from_str("per_year = -1\nminutes_p50 = 50\nminutes_p90 = 20").unwrap();
        let mut problems = Problems::new();
        bad.check(&FieldPath::root(), &mut problems);
        assert_eq!(problems.as_slice().len(), 2);
    }
}
