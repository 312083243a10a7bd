//! Ranking and selection: sequential halving on common random numbers.
//!
//! Every candidate gets a few replications, the better half twice as many, and so on, so that effort goes to contenders (Karnin,
//! Koren and Somekh, 2013). All meet the same worlds, so they are compared by paired differences. At the end stands what another
//! candidate could be better at most, simultaneously for all (multiple comparisons with the best, Hsu 1984; Bonferroni).

use rand::RngExt;

use crate::experiment::search::Sample;
use crate::experiment::search::measure::{Measure, Requirement};
use crate::random::Streams;
use crate::stats::Interval;
use crate::stats::quantile::{quantile_sorted, sorted};

/// Resamples of the bootstrap: its outer percentiles are needed for bounds that hold for many candidates at once.
const RESAMPLES: usize = 2_000;

/// How a search is carried out.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// What is to be good.
    pub measure: Measure,
    /// 1 where more of the metric is better, -1 where less is.
    pub sign: f64,
    /// What must hold.
    pub requirements: Vec<Requirement>,
    /// Replications of every candidate in the first round.
    pub first: u32,
    /// The most replications of a candidate.
    pub most: u32,
    /// Seed of resampling.
    pub seed: u64,
}

/// What is known of a candidate at the end.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// Position among the candidates.
    pub candidate: usize,
    /// Its replications.
    pub samples: Vec<Sample>,
    /// The measure of its metric, in the metric's own sign; `NaN` for a candidate that was refused.
    pub value: f64,
    /// 95 % interval of it.
    pub interval: Interval,
    /// Whether the requirements hold.
    pub feasible: bool,
    /// How much better than the best, with an interval that holds for all candidates at once with 95 %.
    pub over_best: (f64, Interval),
}

/// The end of a search.
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    /// Every candidate: feasible ones first, of these those with most replications, of these the best.
    pub ranking: Vec<Judged>,
    /// No feasible candidate is better than the first by more than this, with 95 %; 0 where it is clearly the best.
    pub regret_bound: f64,
    /// Mean over replications of the best of the last contenders in each: what could be had by somebody who knew the future,
    /// a bound for every choice among them.
    pub hindsight: f64,
}

/// Selects among `count` candidates. `more` gives further replications of one; none where it was refused.
pub fn select<E>(
    count: usize,
    rules: &Rules,
    mut more: impl FnMut(usize, std::ops::Range<u32>) -> Result<Option<Vec<Sample>>, E>,
) -> Result<Selection, E> {
    let mut samples: Vec<Vec<Sample>> = vec![Vec::new(); count];
    let mut contenders: Vec<usize> = (0..count).collect();
    let mut replications = rules.first.min(rules.most);
    loop {
        for candidate in &contenders {
            let own = &mut samples[*candidate];
            let done = own.len() as u32;
            own.extend(more(*candidate, done..replications)?.unwrap_or_default());
        }
        contenders.retain(|c| !samples[*c].is_empty());
        contenders.sort_by(|a, b| order(rules, &samples[*a], &samples[*b]).then(a.cmp(b)));
        if replications >= rules.most || contenders.len() <= 1 {
            break;
        }
        let half = contenders.len().div_ceil(2).max(2);
        contenders.truncate(half);
        replications = (2 * replications).min(rules.most);
    }
    Ok(judge(rules, samples, &contenders))
}

/// Better first: feasible ones, then by the measure.
fn order(rules: &Rules, a: &[Sample], b: &[Sample]) -> std::cmp::Ordering {
    let key = |s: &[Sample]| (feasible(rules, s), worth(rules, s));
    let ((fa, va), (fb, vb)) = (key(a), key(b));
    fb.cmp(&fa).then(vb.total_cmp(&va))
}

/// The measure, signed so that more is better; the worst of all where it has no value.
fn worth(rules: &Rules, samples: &[Sample]) -> f64 {
    let value = rules.measure.of(&signed(rules, samples));
    if value.is_nan() { f64::NEG_INFINITY } else { value }
}

fn signed(rules: &Rules, samples: &[Sample]) -> Vec<f64> {
    samples.iter().map(|s| rules.sign * s[0]).collect()
}

fn feasible(rules: &Rules, samples: &[Sample]) -> bool {
    let column = |index: usize| samples.iter().map(|s| s[index + 1]).collect::<Vec<f64>>();
    !samples.is_empty()
        && rules
            .requirements
            .iter()
            .enumerate()
            .all(|(i, r)| r.holds(&column(i)))
}

fn judge(rules: &Rules, samples: Vec<Vec<Sample>>, contenders: &[usize]) -> Selection {
    let count = samples.len();
    let best = contenders.first().copied();
    let hindsight = hindsight(rules, &samples, contenders);
    let none = Interval {
        low: f64::NAN,
        high: f64::NAN,
    };
    let feasibles = samples.iter().filter(|s| feasible(rules, s)).count();
    // Simultaneous over all others: each interval at 5 % over their number.
    let simultaneous = 0.05 / (feasibles.saturating_sub(1).max(1)) as f64;
    let leader = best.map(|b| signed(rules, &samples[b])).unwrap_or_default();
    let mut ranking: Vec<Judged> = samples
        .into_iter()
        .enumerate()
        .map(|(candidate, samples)| {
            let own = signed(rules, &samples);
            let shared = own.len().min(leader.len());
            let over_best = if shared == 0 || Some(candidate) == best {
                (0.0, Interval { low: 0.0, high: 0.0 })
            } else {
                let (own, leader) = (&own[..shared], &leader[..shared]);
                let value = rules.measure.of(own) - rules.measure.of(leader);
                (value, resampled(rules, own, Some(leader), simultaneous))
            };
            let interval = resampled(rules, &own, None, 0.05);
            let (low, high) = (rules.sign * interval.low, rules.sign * interval.high);
            Judged {
                candidate,
                value: if own.is_empty() {
                    f64::NAN
                } else {
                    rules.sign * rules.measure.of(&own)
                },
                interval: if own.is_empty() {
                    none
                } else {
                    Interval {
                        low: low.min(high),
                        high: low.max(high),
                    }
                },
                feasible: feasible(rules, &samples),
                samples,
                over_best,
            }
        })
        .collect();
    let place = |c: usize| contenders.iter().position(|x| *x == c).unwrap_or(count);
    ranking.sort_by(|a, b| {
        let first = b
            .feasible
            .cmp(&a.feasible)
            .then(b.samples.len().cmp(&a.samples.len()));
        let worths = order(rules, &a.samples, &b.samples);
        first
            .then(place(a.candidate).cmp(&place(b.candidate)))
            .then(worths)
            .then(a.candidate.cmp(&b.candidate))
    });
    let rivals = ranking.iter().filter(|j| j.feasible && Some(j.candidate) != best);
    let regret_bound = rivals.map(|j| j.over_best.1.high).fold(0.0, f64::max);
    Selection {
        ranking,
        regret_bound,
        hindsight,
    }
}

fn hindsight(rules: &Rules, samples: &[Vec<Sample>], contenders: &[usize]) -> f64 {
    let rows: Vec<Vec<f64>> = contenders
        .iter()
        .filter(|c| feasible(rules, &samples[**c]))
        .map(|c| signed(rules, &samples[*c]))
        .collect();
    let n = rows.iter().map(Vec::len).min().unwrap_or(0);
    let best = |r: usize| rows.iter().map(|row| row[r]).fold(f64::NEG_INFINITY, f64::max);
    rules.sign * (0..n).map(best).sum::<f64>() / n as f64
}

/// The interval of a measure, or of its difference from another sample of the same worlds, at `1 - alpha`. Means by Student's t;
/// other measures by resampling worlds, the same for both.
fn resampled(rules: &Rules, own: &[f64], other: Option<&[f64]>, alpha: f64) -> Interval {
    let n = own.len();
    if n < 2 {
        return Interval {
            low: f64::NEG_INFINITY,
            high: f64::INFINITY,
        };
    }
    if rules.measure == Measure::Mean {
        let at = |i: usize| own[i] - other.map_or(0.0, |o| o[i]);
        let mean = (0..n).map(at).sum::<f64>() / n as f64;
        let variance = (0..n).map(|i| (at(i) - mean).powi(2)).sum::<f64>() / (n - 1) as f64;
        let half = crate::stats::summary::student_t(n - 1, alpha) * (variance / n as f64).sqrt();
        return Interval {
            low: mean - half,
            high: mean + half,
        };
    }
    let mut stream = Streams::shared(rules.seed).stream("search/bootstrap");
    let values: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let drawn: Vec<usize> = (0..n).map(|_| stream.random_range(0..n)).collect();
            let of = |row: &[f64]| {
                rules
                    .measure
                    .of(&drawn.iter().map(|i| row[*i]).collect::<Vec<f64>>())
            };
            of(own) - other.map_or(0.0, of)
        })
        .collect();
    let ordered = sorted(&values);
    let at = |p| quantile_sorted(&ordered, p).unwrap_or(f64::NAN);
    Interval {
        low: at(alpha / 2.0),
        high: at(1.0 - alpha / 2.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::Metric;
    use crate::random::standard_normal;

    fn rules(measure: Measure) -> Rules {
        Rules {
            measure,
            sign: 1.0,
            requirements: Vec::new(),
            first: 8,
            most: 64,
            seed: 1,
        }
    }

    /// Twenty candidates whose means lie 1 apart, the best in the middle; a shared swing of 50 and a luck of 1 of their own.
    fn world(candidate: usize, replication: u32) -> f64 {
        let shared = standard_normal(&mut Streams::new(5, u64::from(replication)).stream("shared"));
        let own =
            standard_normal(&mut Streams::new(5, u64::from(replication)).stream(&format!("own/{candidate}")));
        50.0 * shared + own - (candidate as f64 - 11.0).abs()
    }

    fn plain(rules: &Rules, spent: &mut u32) -> Selection {
        let more = |c: usize, r: std::ops::Range<u32>| {
            *spent += r.end - r.start;
            Ok::<_, ()>(Some(r.map(|r| vec![world(c, r)]).collect()))
        };
        select(20, rules, more).unwrap()
    }

    #[test]
    fn the_best_is_found_although_the_common_swing_is_fifty_times_the_difference() {
        let mut spent = 0;
        let found = plain(&rules(Measure::Mean), &mut spent);
        assert_eq!(found.ranking[0].candidate, 11);
        // Twenty with 8, ten with 8 more, five with 16 more, three with 32 more: 416 instead of 1,280.
        assert_eq!(spent, 160 + 80 + 80 + 96);
        // Clearly the best: no other can be better.
        assert_eq!(found.regret_bound, 0.0);
        assert!(found.hindsight >= found.ranking[0].value);
        assert!(
            found
                .ranking
                .iter()
                .all(|j| j.interval.low <= j.value && j.value <= j.interval.high)
        );
        let worst = found.ranking.iter().find(|j| j.candidate == 0).unwrap();
        assert!(
            (worst.over_best.0 + 11.0).abs() < 1.5 && worst.over_best.1.contains(-11.0),
            "{worst:?}"
        );
    }

    #[test]
    fn equals_are_not_told_apart_and_the_bound_says_by_how_much() {
        let twins = |_: usize, r: std::ops::Range<u32>| {
            let of = |c: u64, r: u32| standard_normal(&mut Streams::new(c, u64::from(r)).stream("x"));
            Ok::<_, ()>(Some(r.map(|i| vec![of(1, i)]).collect()))
        };
        let found = select(2, &rules(Measure::Mean), twins).unwrap();
        assert_eq!(
            found.regret_bound, 0.0,
            "the same numbers leave nothing to be better"
        );
        // Equal but for luck: an interval of 95 % leaves the truth out now and then, and is never wide.
        for measure in [Measure::Mean, Measure::P10] {
            let mut told_apart = 0;
            for seed in 0..20 {
                let luck = |c: usize, r: std::ops::Range<u32>| {
                    let streams = |r: u32| Streams::new(100 * seed + c as u64, u64::from(r));
                    let of = |r: u32| standard_normal(&mut streams(r).stream("x"));
                    Ok::<_, ()>(Some(r.map(|i| vec![of(i)]).collect()))
                };
                let found = select(2, &rules(measure), luck).unwrap();
                told_apart += u32::from(found.regret_bound == 0.0);
                assert!(found.regret_bound < 3.0, "{}", found.regret_bound);
            }
            assert!(told_apart <= 5, "{measure:?}: {told_apart} of 20");
        }
    }

    #[test]
    fn candidates_that_break_a_requirement_or_are_refused_come_last() {
        let mut rules = rules(Measure::Mean);
        rules.requirements = vec![Requirement::parse("dscr_min>=1.2").unwrap()];
        assert_eq!(rules.requirements[0].metric, Metric::DscrMin);
        let more = |c: usize, r: std::ops::Range<u32>| {
            let cover = if c == 1 { 1.0 } else { 1.3 };
            Ok::<_, ()>((c != 2).then(|| r.map(|i| vec![c as f64 + f64::from(i % 3), cover]).collect()))
        };
        let found = select(4, &rules, more).unwrap();
        let order: Vec<usize> = found.ranking.iter().map(|j| j.candidate).collect();
        assert_eq!(order[..2], [3, 0]);
        assert!(found.ranking[0].feasible && !found.ranking[2].feasible && !found.ranking[3].feasible);
        assert!(
            found
                .ranking
                .iter()
                .find(|j| j.candidate == 2)
                .unwrap()
                .value
                .is_nan()
        );
    }
}
