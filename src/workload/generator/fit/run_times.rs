//! Run times of one class: their distribution, and how they hang on each other and on the crowd of their hour.

use super::super::model::{HOUR, MemorySpec, mean_between};
use super::super::ranks::{correlation, normal_scores};
use super::least;
use crate::workload::job::Job;

/// Shares of jobs at which a distribution has points to begin with.
const SHARES: [f64; 24] = [
    0.0, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8,
    0.85, 0.9, 0.95, 0.98, 1.0,
];
/// The most points that a fit adds to a distribution.
const FITTED_POINTS_MAX: usize = 60;
/// Points are added until the work of the parts between them is met to this share of all work.
const WORK_MISSED: f64 = 0.003;
/// Ends of the ranges of gaps between submissions in which pairs are gathered, in seconds.
const GAPS_S: [i64; 11] = [
    0, 60, 300, 1_200, 3_600, 10_800, 28_800, 86_400, 259_200, 604_800, 1_209_600,
];
/// Hours in which likeness may fade.
const FADES: [f64; 5] = [0.05, 0.3, 2.0, 12.0, 72.0];
/// So many jobs with a neighbour count half as much as very many.
const HALF_TRUSTED: f64 = 20.0;
/// The most correlation with crowd and size together.
const TIED_MAX: f64 = 0.9;
/// The most that memory may explain: ranks need some chance of their own.
const EXPLAINED_MAX: f64 = 0.98;

/// The distribution of run times: measured quantiles at a grid of shares, refined where the run times between two of
/// them are not well described by the log-linear rule of the model, until the work is met. Between neighbours, as in the
/// tail, it jumps instead.
pub(super) fn distribution(jobs: &[Job]) -> Vec<(f64, f64)> {
    let mut times: Vec<f64> = jobs.iter().map(|job| job.duration_s as f64).collect();
    times.sort_unstable_by(f64::total_cmp);
    let (last, count) = (times.len() - 1, times.len() as f64);
    let mut places: Vec<usize> = SHARES
        .iter()
        .map(|share| (share * last as f64).round() as usize)
        .collect();
    places.dedup();
    let mut jumps = vec![false; times.len()];
    let work: f64 = times.iter().sum();
    for _ in 0..FITTED_POINTS_MAX {
        let missed = |pair: &[usize]| {
            if jumps[pair[0]] {
                0.0
            } else {
                work_missed(&times, pair[0], pair[1])
            }
        };
        let all: Vec<f64> = places.windows(2).map(missed).collect();
        if all.iter().sum::<f64>() <= WORK_MISSED * work {
            break;
        }
        let worst = all.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        let Some((index, _)) = worst else { break };
        if places[index + 1] - places[index] == 1 {
            jumps[places[index]] = true;
        } else {
            places.insert(index + 1, usize::midpoint(places[index], places[index + 1]));
        }
    }
    let share = |place: f64| (place / count * 1e8).round() / 1e8;
    let mut points = vec![(0.0, times[0])];
    for place in places {
        points.push((share(place as f64 + 0.5), times[place]));
        if jumps[place] {
            points.push((share(place as f64 + 1.0), times[place]));
            points.push((share(place as f64 + 1.0), times[place + 1]));
        }
    }
    points.push((1.0, times[last]));
    points
}

/// By how much the log-linear rule misses the work between two of the run times in ascending order.
fn work_missed(times: &[f64], from: usize, to: usize) -> f64 {
    let described = mean_between(times[from], times[to]) * (to - from) as f64;
    let ends = f64::midpoint(times[from], times[to]);
    (times[from + 1..to].iter().sum::<f64>() + ends - described).abs()
}

/// How run times hang together.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Likeness {
    pub(super) burst_correlation: f64,
    pub(super) size_correlation: f64,
    pub(super) memory: Vec<MemorySpec>,
}

/// From correlations of normal scores: those of run times with the crowd in the hour and with the size and, for what these
/// leave, of jobs with the ones that follow them after a while.
pub(super) fn likeness(jobs: &[Job], crowds: &[f64]) -> Likeness {
    let times: Vec<f64> = jobs.iter().map(|job| job.duration_s as f64).collect();
    let sizes: Vec<f64> = jobs.iter().map(|job| f64::from(job.gpus)).collect();
    let (scores, crowds, sizes) = (
        normal_scores(&times),
        normal_scores(crowds),
        normal_scores(&sizes),
    );
    let (crowd, size) = ties(&scores, &crowds, &sizes);
    let left = (1.0 - crowd * crowd - size * size).sqrt();
    let score =
        |((z, in_crowd), in_size): ((&f64, &f64), &f64)| (z - crowd * in_crowd - size * in_size) / left;
    let rest: Vec<f64> = scores.iter().zip(&crowds).zip(&sizes).map(score).collect();
    // Equal run times share a rank, which takes variance from the scores.
    let variance = rest.iter().map(|z| z * z).sum::<f64>() / rest.len() as f64;
    let mut found = Vec::new();
    for range in GAPS_S.windows(2) {
        found.extend(neighbours(jobs, &rest, (range[0], range[1])));
    }
    let rows: Vec<Vec<f64>> = found
        .iter()
        .map(|n| FADES.iter().map(|f| (-n.gap_h / f).exp()).collect())
        .collect();
    let y: Vec<f64> = found.iter().map(|n| n.product / variance.max(1e-9)).collect();
    let weights: Vec<f64> = found.iter().map(|n| n.jobs / (n.jobs + HALF_TRUSTED)).collect();
    let mut shares = least::non_negative(&rows, &y, &weights);
    let all: f64 = shares.iter().sum();
    if all > EXPLAINED_MAX {
        for share in &mut shares {
            *share *= EXPLAINED_MAX / all;
        }
    }
    let part = |(lasts_hours, share): (f64, f64)| MemorySpec {
        lasts_hours,
        share: (share * 1e4).floor() / 1e4,
    };
    let kept = FADES.into_iter().zip(shares).filter(|(_, share)| *share > 1e-3);
    Likeness {
        burst_correlation: crowd,
        size_correlation: size,
        memory: kept.map(part).collect(),
    }
}

/// How far run times go with the crowd and with the size; together they leave most to chance.
fn ties(scores: &[f64], crowds: &[f64], sizes: &[f64]) -> (f64, f64) {
    let crowd = correlation(scores, crowds).unwrap_or(0.0);
    let size = correlation(scores, sizes).unwrap_or(0.0);
    let most = TIED_MAX / f64::max((crowd * crowd + size * size).sqrt(), TIED_MAX);
    (crowd * most, size * most)
}

/// Jobs and those that follow them after a range of gaps.
struct Neighbours {
    /// Jobs with any.
    jobs: f64,
    /// Mean product of a job's score with the mean of theirs.
    product: f64,
    /// Mean gap in hours.
    gap_h: f64,
}

fn neighbours(jobs: &[Job], scores: &[f64], (from_s, to_s): (i64, i64)) -> Option<Neighbours> {
    let (mut sums, mut times) = (vec![0.0], vec![0.0]);
    for (job, score) in jobs.iter().zip(scores) {
        sums.push(sums[sums.len() - 1] + score);
        times.push(times[times.len() - 1] + job.submit_s as f64);
    }
    let (mut begin, mut end) = (0, 0);
    let (mut count, mut product, mut gap_s) = (0.0, 0.0, 0.0);
    for (index, job) in jobs.iter().enumerate() {
        begin = begin.max(index + 1);
        while begin < jobs.len() && jobs[begin].submit_s - job.submit_s < from_s {
            begin += 1;
        }
        end = end.max(begin);
        while end < jobs.len() && jobs[end].submit_s - job.submit_s < to_s {
            end += 1;
        }
        if end > begin {
            let many = (end - begin) as f64;
            count += 1.0;
            product += scores[index] * (sums[end] - sums[begin]) / many;
            gap_s += (times[end] - times[begin]) / many - job.submit_s as f64;
        }
    }
    (count > 0.0).then(|| Neighbours {
        jobs: count,
        product: product / count,
        gap_h: gap_s / count / HOUR,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distribution_meets_the_work_even_of_a_heavy_tail() {
        // A Pareto tail of exponent 1.2: the largest percent of jobs does half of the work.
        let time = |k: i64| (10.0 * (1.0 - (k as f64 + 0.5) / 5_000.0).powf(-1.0 / 1.2)) as i64;
        let jobs: Vec<Job> = (0..5_000).map(|k| Job::new(k as u64, k, 1, time(k))).collect();
        let points = distribution(&jobs);
        assert!(
            points.len() <= 2 + 3 * FITTED_POINTS_MAX
                && points[0].0 == 0.0
                && points[points.len() - 1].0 == 1.0
        );
        let described: f64 = points
            .windows(2)
            .map(|w| (w[1].0 - w[0].0) * mean_between(w[0].1, w[1].1))
            .sum();
        let mean = jobs.iter().map(|job| job.duration_s as f64).sum::<f64>() / 5_000.0;
        assert!(
            (described / mean - 1.0).abs() <= WORK_MISSED,
            "{described} {mean}"
        );
        assert_eq!(distribution(&jobs[..1]), [(0.0, 10.0), (0.5, 10.0), (1.0, 10.0)]);
    }

    #[test]
    fn pairs_are_those_whose_gap_lies_in_the_range() {
        let jobs: Vec<Job> = [0, 30, 100, 4_000]
            .iter()
            .map(|s| Job::new(0, *s, 1, 1))
            .collect();
        let near = neighbours(&jobs, &[1.0, 2.0, 3.0, 4.0], (0, 60)).unwrap();
        assert_eq!((near.jobs, near.product), (1.0, 2.0));
        let far = neighbours(&jobs, &[1.0, 2.0, 3.0, 4.0], (60, 300)).unwrap();
        assert_eq!((far.jobs, far.product, far.gap_h), (2.0, 4.5, 85.0 / HOUR));
        assert!(neighbours(&jobs, &[0.0; 4], (300, 1_000)).is_none());
    }
}
