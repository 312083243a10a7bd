//! Arrivals of one class: shape of day and week, bursts, batches.

use super::super::draw::HOURS_PER_WEEK;
use super::super::model::{BatchSpec, BurstSpec, HOUR};
use super::super::sample::Sample;
use super::{least, rounded};
use crate::time::HOUR_S;
use crate::workload::job::Job;

/// Lengths of the bursts that are looked for, in hours.
const LENGTHS: [f64; 6] = [1.5, 6.0, 24.0, 96.0, 384.0, 1_536.0];
/// Ranges of lags over which products of hourly counts are added up, in hours.
const LAGS: [(usize, usize); 10] = [
    (1, 1),
    (2, 2),
    (3, 4),
    (5, 8),
    (9, 16),
    (17, 32),
    (33, 64),
    (65, 128),
    (129, 256),
    (257, 512),
];
/// Mean jobs an hour from which the logarithms of counts are used as well.
const FREQUENT: f64 = 3.0;
/// How far covariances of logarithms are trusted beside products of counts: a compromise, since the first miss the largest
/// bursts and the second the quiet hours (assumption; figures in `docs/METHOD-demand.md`).
const LOGS_TRUSTED: f64 = 0.3;
/// So many expected pairs of jobs count half as much as very many.
const HALF_TRUSTED: f64 = 20.0;
/// The largest variance of the hourly factor.
const HOURLY_VARIANCE_MAX: f64 = 5_000.0;
/// The largest log-variance of all bursts together.
const LOG_VARIANCE_MAX: f64 = 8.0;
/// Jobs that follow another within so many seconds come at once.
const AT_ONCE_S: i64 = 60;
/// Steps in which the share of jobs at once settles with what chance explains.
const SHARE_STEPS: usize = 30;
/// Lags at which two classes are held against each other, in hours.
const SHARED_LAGS: i64 = 12;
/// A class of fewer jobs says nothing about shared bursts.
const SHARED_JOBS: f64 = 50.0;

/// Arrivals of a class, fitted.
#[derive(Debug, Clone)]
pub(super) struct Arrivals {
    pub(super) hours: Vec<f64>,
    pub(super) weekdays: Vec<f64>,
    pub(super) hourly_variance: f64,
    pub(super) bursts: Vec<BurstSpec>,
    pub(super) batches: Option<BatchSpec>,
    counts: Vec<f64>,
    /// Expected counts without bursts; zero in hours that are left out.
    even: Vec<f64>,
}

impl Arrivals {
    pub(super) fn fit(sample: &Sample, jobs: &[Job]) -> Self {
        let counts = sample.hourly(jobs);
        let mean = jobs.len() as f64 / sample.kept_hours() as f64;
        let (hours, weekdays) = (day_shape(sample, &counts), week_shape(sample, &counts));
        let even = |hour: usize| {
            if !sample.has(hour) {
                return 0.0;
            }
            let week = sample.first_hour() + hour;
            mean * hours[week % 24] * weekdays[week / 24 % 7]
        };
        let mut fitted = Self {
            even: (0..counts.len()).map(even).collect(),
            hours,
            weekdays,
            hourly_variance: 0.0,
            bursts: Vec::new(),
            batches: batches(jobs),
            counts,
        };
        fitted.fit_bursts();
        fitted
    }
    /// Jobs of the class in the hour of one of them.
    pub(super) fn crowd(&self, job: &Job) -> f64 {
        self.counts[(job.submit_s / HOUR_S) as usize]
    }

    /// From moments of a mixed Poisson process: `E N(h) N(h + k) = e(h) e(h + k) exp(C(k))`, where `C(k)` is the
    /// covariance of the logarithms of the bursts; `E N (N - 1) = e^2 exp(C(0)) (1 + c)` with the hourly variance `c`.
    fn fit_bursts(&mut self) {
        let longest = self.counts.len() / 3;
        let lengths: Vec<f64> = LENGTHS
            .into_iter()
            .filter(|hours| *hours <= longest as f64)
            .collect();
        let mut variances = self.lasting(longest, &lengths);
        let pairs: f64 = self.counts.iter().map(|count| count * (count - 1.0)).sum();
        let expected: f64 = self.even.iter().map(|even| even * even).sum();
        let at_once = log_ratio(pairs, expected).clamp(0.0, LOG_VARIANCE_MAX + HOURLY_VARIANCE_MAX.ln());
        let all: f64 = variances.iter().sum();
        // Bursts that last cannot have more variance than an hour has.
        let most = at_once.min(LOG_VARIANCE_MAX);
        if all > most {
            for variance in &mut variances {
                *variance *= most / all;
            }
        }
        let rest = at_once - variances.iter().sum::<f64>();
        if rest > 1e-3 {
            self.hourly_variance = rest.exp_m1().min(HOURLY_VARIANCE_MAX);
        }
        let burst = |(lasts_hours, variance): (f64, f64)| BurstSpec {
            lasts_hours,
            log_variance: rounded(variance),
        };
        let found = lengths
            .into_iter()
            .zip(variances)
            .filter(|(_, variance)| *variance > 1e-3);
        self.bursts = found.map(burst).collect();
    }
    /// Log-variances of bursts of these lengths that explain the counts an hour and more apart.
    fn lasting(&self, longest: usize, lengths: &[f64]) -> Vec<f64> {
        let lags = LAGS.iter().filter(|(from, _)| *from <= longest);
        let mut found: Vec<(f64, f64, f64)> = lags
            .map(|(from, to)| self.moment(*from, (*to).min(longest)))
            .collect();
        if self.is_frequent() {
            let logs = self.log_covariances(longest).into_iter();
            found.extend(logs.map(|(lag, covariance)| (lag, covariance, LOGS_TRUSTED)));
        }
        let fades = |lag: f64| {
            lengths
                .iter()
                .map(|hours| (-lag / hours).exp())
                .collect::<Vec<f64>>()
        };
        let rows: Vec<Vec<f64>> = found.iter().map(|(lag, _, _)| fades(*lag)).collect();
        let logs: Vec<f64> = found.iter().map(|(_, log, _)| *log).collect();
        let trust: Vec<f64> = found.iter().map(|(_, _, trust)| *trust).collect();
        least::non_negative(&rows, &logs, &trust)
    }
    /// Whether an hour has so many jobs that the logarithm of its count tells of its rate.
    fn is_frequent(&self) -> bool {
        let hours = self.even.iter().filter(|even| **even > 0.0).count() as f64;
        self.even.iter().sum::<f64>() >= FREQUENT * hours
    }
    /// Covariances of the logarithms of hourly counts, less their expected shape. Products hang on the largest bursts
    /// alone; these see the quiet hours as well.
    fn log_covariances(&self, longest: usize) -> Vec<(f64, f64)> {
        let log = |(count, even): (&f64, &f64)| (*even > 0.0).then(|| count.ln_1p() - even.ln_1p());
        let logs: Vec<Option<f64>> = self.counts.iter().zip(&self.even).map(log).collect();
        let (sum, count) = logs
            .iter()
            .flatten()
            .fold((0.0, 0.0), |(sum, count), log| (sum + log, count + 1.0));
        let mean = sum / f64::max(count, 1.0);
        let covariance = |(from, to): &(usize, usize)| {
            let (mut products, mut lags, mut pairs) = (0.0, 0.0, 0.0);
            for lag in *from..=(*to).min(longest) {
                for (a, b) in logs.iter().zip(&logs[lag..]) {
                    if let (Some(a), Some(b)) = (a, b) {
                        products += (a - mean) * (b - mean);
                        lags += lag as f64;
                        pairs += 1.0;
                    }
                }
            }
            (pairs > 0.0).then(|| (lags / pairs, products / pairs))
        };
        LAGS.iter()
            .filter(|(from, _)| *from <= longest)
            .filter_map(covariance)
            .collect()
    }
    /// Mean lag, logarithm of the ratio of the products of counts to the expected ones, and how far it is trusted.
    fn moment(&self, from: usize, to: usize) -> (f64, f64, f64) {
        let (mut found, mut expected, mut lags) = (0.0, 0.0, 0.0);
        for lag in from..=to {
            let late = || self.counts.iter().zip(&self.even).skip(lag);
            for ((count, even), (later, later_even)) in self.counts.iter().zip(&self.even).zip(late()) {
                found += count * later * f64::from(u8::from(*even > 0.0 && *later_even > 0.0));
                expected += even * later_even;
                lags += even * later_even * lag as f64;
            }
        }
        let mean_lag = if expected > 0.0 {
            lags / expected
        } else {
            (from + to) as f64 / 2.0
        };
        (
            mean_lag,
            log_ratio(found, expected),
            expected / (expected + HALF_TRUSTED),
        )
    }
    fn log_variances(&self, lag: f64) -> Vec<(f64, f64)> {
        let of = |burst: &BurstSpec| {
            (
                burst.lasts_hours,
                burst.log_variance * (-lag / burst.lasts_hours).exp(),
            )
        };
        self.bursts.iter().map(of).collect()
    }
}

fn log_ratio(found: f64, expected: f64) -> f64 {
    if expected > 0.0 {
        (found / expected).max(0.05).ln()
    } else {
        0.0
    }
}

/// How much the bursts of classes are those of the others, 0 to 1: the covariance of their logarithms over what it
/// would be if they were the same, from pairs of jobs of two classes within half a day.
pub(super) fn shared(sample: &Sample, classes: &[Arrivals]) -> f64 {
    let (mut found, mut most) = (0.0, 0.0);
    for (index, a) in classes.iter().enumerate() {
        for b in &classes[index + 1..] {
            let fewer = a.counts.iter().sum::<f64>().min(b.counts.iter().sum());
            if fewer < SHARED_JOBS {
                continue;
            }
            let (log, same) = covariance(sample, a, b);
            found += fewer * log * same;
            most += fewer * same * same;
        }
    }
    if most > 0.0 {
        (found / most).clamp(0.0, 1.0)
    } else {
        0.0
    }
}

/// Log-covariance of two classes within half a day, and what it would be if their bursts were the same.
fn covariance(sample: &Sample, a: &Arrivals, b: &Arrivals) -> (f64, f64) {
    let (mut found, mut expected, mut same) = (0.0, 0.0, 0.0);
    for lag in -SHARED_LAGS..=SHARED_LAGS {
        if lag == 0 {
            continue;
        }
        let mut at_lag = 0.0;
        for hour in (0..a.counts.len()).filter(|hour| sample.has(*hour)) {
            let Some(other) = hour
                .checked_add_signed(lag as isize)
                .filter(|other| sample.has(*other))
            else {
                continue;
            };
            found += a.counts[hour] * b.counts[other];
            at_lag += a.even[hour] * b.even[other];
        }
        expected += at_lag;
        let (of_a, of_b) = (
            a.log_variances(lag.unsigned_abs() as f64),
            b.log_variances(lag.unsigned_abs() as f64),
        );
        let common = |(hours, variance): &(f64, f64)| {
            let other = of_b.iter().find(|(length, _)| length.total_cmp(hours).is_eq());
            other.map_or(0.0, |(_, other)| (variance * other).sqrt())
        };
        same += at_lag * of_a.iter().map(common).sum::<f64>();
    }
    if expected > 0.0 {
        (log_ratio(found, expected), same / expected)
    } else {
        (0.0, 0.0)
    }
}

/// The shape of the day, drawn towards an even one as far as days differ among each other.
fn day_shape(sample: &Sample, counts: &[f64]) -> Vec<f64> {
    let days = (0..sample.hours() / 24).filter(|day| sample.has(day * 24));
    // Blocks begin at midnight, so a day never lies across two.
    let rows: Vec<Vec<f64>> = days.map(|day| smooth(&counts[day * 24..][..24])).collect();
    shrunk(&rows, 24)
}

/// The shape of the week likewise; even where there are not three whole weeks.
fn week_shape(sample: &Sample, counts: &[f64]) -> Vec<f64> {
    if sample.block_hours() != HOURS_PER_WEEK {
        return vec![1.0; 7];
    }
    let weeks = (0..sample.hours() / HOURS_PER_WEEK).filter(|week| sample.has(week * HOURS_PER_WEEK));
    let day = |week: usize, day: usize| counts[week * HOURS_PER_WEEK + day * 24..][..24].iter().sum();
    let rows: Vec<Vec<f64>> = weeks
        .map(|week| (0..7).map(|weekday| day(week, weekday)).collect())
        .collect();
    shrunk(&rows, 7)
}

/// A quarter, a half and a quarter of three neighbours round the clock.
fn smooth(day: &[f64]) -> Vec<f64> {
    let count = day.len();
    let at =
        |hour: usize| (day[(hour + count - 1) % count] + 2.0 * day[hour] + day[(hour + 1) % count]) / 4.0;
    (0..count).map(at).collect()
}

/// The mean of rows as ratios to its mean, drawn towards one by the share of its variance that chance explains (James
/// and Stein); how much chance there is tell the differences between rows, each less its own mean.
fn shrunk(rows: &[Vec<f64>], width: usize) -> Vec<f64> {
    let count = rows.len() as f64;
    let all = rows.iter().flatten().sum::<f64>() / (count * width as f64);
    if rows.len() < 3 || all <= 0.0 {
        return vec![1.0; width];
    }
    let centred = |row: &Vec<f64>| {
        let mean = row.iter().sum::<f64>() / width as f64;
        row.iter().map(|value| (value - mean) / all).collect::<Vec<f64>>()
    };
    let rows: Vec<Vec<f64>> = rows.iter().map(centred).collect();
    let column = |k: usize| rows.iter().map(move |row| row[k]);
    let mean: Vec<f64> = (0..width).map(|k| column(k).sum::<f64>() / count).collect();
    let chance =
        |k: usize| column(k).map(|x| (x - mean[k]) * (x - mean[k])).sum::<f64>() / (count - 1.0) / count;
    let chance = (0..width).map(chance).sum::<f64>() / width as f64;
    let seen = mean.iter().map(|x| x * x).sum::<f64>() / width as f64;
    let trust = if seen > 0.0 {
        (1.0 - chance / seen).max(0.0)
    } else {
        0.0
    };
    let ratios: Vec<f64> = mean.iter().map(|x| (1.0 + trust * x).max(0.02)).collect();
    let norm = width as f64 / ratios.iter().sum::<f64>();
    ratios.into_iter().map(|ratio| ratio * norm).collect()
}

/// Jobs that follow another within a minute of the same hour, less those that would by chance: those that do not follow
/// at once stand anywhere in the hour, so the next of them is near by chance.
fn batches(jobs: &[Job]) -> Option<BatchSpec> {
    let hours = || jobs.chunk_by(|a, b| a.submit_s / HOUR_S == b.submit_s / HOUR_S);
    let (mut followers, mut close, mut gaps_s) = (0.0, 0.0, 0.0);
    for hour in hours() {
        followers += hour.len() as f64 - 1.0;
        let gaps = hour.windows(2).map(|pair| pair[1].submit_s - pair[0].submit_s);
        for gap in gaps.filter(|gap| *gap < AT_ONCE_S) {
            close += 1.0;
            gaps_s += gap as f64;
        }
    }
    if followers < 20.0 {
        return None;
    }
    // Pairs that are near by chance, and the sum of their gaps: exponential ones that end within the minute.
    let chance = |share: f64| {
        let near = |hour: &[Job]| {
            let after = hour.len() as f64 - 1.0;
            let (rate, span) = ((1.0 + after * (1.0 - share)) / HOUR, AT_ONCE_S as f64);
            let near = after * -(-rate * span).exp_m1();
            (near, near * (1.0 / rate - span / (rate * span).exp_m1()))
        };
        hours()
            .map(near)
            .fold((0.0, 0.0), |sum, hour| (sum.0 + hour.0, sum.1 + hour.1))
    };
    let (mut share, mut chance_gaps_s) = (0.0, 0.0);
    for _ in 0..SHARE_STEPS {
        let (by_chance, gaps_s) = chance(share);
        share = ((close - by_chance) / (followers - by_chance).max(1.0)).clamp(0.0, 1.0);
        chance_gaps_s = gaps_s * (1.0 - share);
    }
    let mean_s = (gaps_s - chance_gaps_s) / (share * followers);
    (share > 0.01).then(|| BatchSpec {
        percent: rounded(share * 100.0),
        gap_seconds: rounded(mean_s.max(0.0)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_of_chance_is_flattened_and_a_true_one_is_kept() {
        // Each of 24 rows has its burst in another place: no shape at all.
        let chance: Vec<Vec<f64>> = (0..24)
            .map(|row| (0..24).map(|k| if k == row { 50.0 } else { 1.0 }).collect())
            .collect();
        assert!(shrunk(&chance, 24).iter().all(|ratio| (ratio - 1.0).abs() < 1e-9));
        let chance: Vec<Vec<f64>> = chance.into_iter().take(6).collect();
        assert!(shrunk(&chance, 24).iter().all(|ratio| (ratio - 1.0).abs() < 0.2));
        let mut rows: Vec<Vec<f64>> = vec![(0..24).map(|k| if k < 12 { 1.0 } else { 3.0 }).collect(); 6];
        rows[2][5] = 2.0;
        let shape = shrunk(&rows, 24);
        assert!(
            (shape[3] - 0.5).abs() < 0.02 && (shape[20] - 1.5).abs() < 0.02,
            "{shape:?}"
        );
        assert!((shape.iter().sum::<f64>() - 24.0).abs() < 1e-9);
        assert_eq!(shrunk(&rows[..2], 24), [1.0; 24]);
    }

    #[test]
    fn a_smoothed_day_keeps_its_jobs() {
        let mut day = vec![0.0; 24];
        day[0] = 8.0;
        let smoothed = smooth(&day);
        assert_eq!((smoothed[23], smoothed[0], smoothed[1]), (2.0, 4.0, 2.0));
        assert_eq!(smoothed.iter().sum::<f64>(), 8.0);
    }
}
