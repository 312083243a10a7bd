//! The best use of a load whose power changes only so fast, and which may owe a minimum take, under known prices.
//!
//! The constraints couple neighbouring hours by differences alone, so that an optimum exists whose every level is a
//! whole number of ramps above nothing or below full power. Dynamic programming over these levels is exact. A minimum
//! take is priced: at the right price of a megawatt-hour the take is met by two paths together, and their mixture is
//! the optimum, because a mixture of two feasible paths is feasible.

/// The most levels; a finer ramp is refused.
const LEVELS_MAX: usize = 2_048;
/// The most hours times levels.
const CELLS_MAX: usize = 100_000_000;
/// Relative rounding of levels.
const ROUNDING: f64 = 1e-9;
/// Bisections of the price of a minimum take.
const BISECTIONS: usize = 200;

/// A load that ramps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ramped {
    /// Full power, MW.
    pub capacity_mw: f64,
    /// The greatest change from an hour to the next, MW.
    pub ramp_mw: f64,
    /// Power before the first hour, MW; `None` where the first hour is free.
    pub from_mw: Option<f64>,
    /// Energy that must be taken in all, MWh.
    pub minimum_mwh: f64,
}

/// The best path of power over hours that earn `net_usd_per_mwh`, and what it earns in USD. `None` where the minimum
/// take cannot be met, a figure is not positive, or there are more levels or hours than fit.
pub fn ramped(net_usd_per_mwh: &[f64], load: &Ramped) -> Option<(f64, Vec<f64>)> {
    let levels = levels(load)?;
    if net_usd_per_mwh.len().checked_mul(levels.len())? > CELLS_MAX {
        return None;
    }
    let earned = |path: &[f64]| -> f64 { path.iter().zip(net_usd_per_mwh).map(|(mw, net)| mw * net).sum() };
    let best = path(&levels, load, |hour| net_usd_per_mwh[hour], net_usd_per_mwh.len());
    let taken = |path: &[f64]| -> f64 { path.iter().sum() };
    if taken(&best) >= load.minimum_mwh {
        return Some((earned(&best), best));
    }
    let most = path(&levels, load, |_| 1.0, net_usd_per_mwh.len());
    if taken(&most) < load.minimum_mwh * (1.0 - 1e-12) {
        return None;
    }
    let (mut low, mut high) = (0.0, net_usd_per_mwh.iter().map(|n| n.abs()).sum::<f64>() + 1.0);
    let (mut less, mut more) = (best, most);
    for _ in 0..BISECTIONS {
        let price = 0.5 * (low + high);
        let middle = path(
            &levels,
            load,
            |hour| net_usd_per_mwh[hour] + price,
            net_usd_per_mwh.len(),
        );
        if taken(&middle) < load.minimum_mwh {
            (low, less) = (price, middle);
        } else {
            (high, more) = (price, middle);
        }
    }
    let (a, b) = (taken(&less), taken(&more));
    let share = if b > a {
        ((load.minimum_mwh - a) / (b - a)).clamp(0.0, 1.0)
    } else {
        1.0
    };
    let mixed: Vec<f64> = less.iter().zip(&more).map(|(l, m)| l + share * (m - l)).collect();
    Some((earned(&mixed), mixed))
}

/// Levels that an optimum may take, rising.
fn levels(load: &Ramped) -> Option<Vec<f64>> {
    let (full, ramp) = (load.capacity_mw, load.ramp_mw);
    let positive = full > 0.0 && ramp > 0.0 && full.is_finite();
    if !positive || full / ramp > LEVELS_MAX as f64 / 4.0 {
        return None;
    }
    let steps = (full / ramp).floor() as usize;
    let anchors = [0.0, full].into_iter().chain(load.from_mw);
    let mut all: Vec<f64> = anchors
        .flat_map(|anchor| {
            (0..=steps).flat_map(move |k| [anchor + k as f64 * ramp, anchor - k as f64 * ramp])
        })
        .filter(|mw| (-ROUNDING * full..=full * (1.0 + ROUNDING)).contains(mw))
        .map(|mw| mw.clamp(0.0, full))
        .collect();
    all.sort_by(f64::total_cmp);
    all.dedup_by(|a, b| (*a - *b).abs() <= ROUNDING * full);
    (all.len() <= LEVELS_MAX).then_some(all)
}

/// The best path over levels where an hour's megawatt earns `net`; of equal ones the lowest.
fn path(levels: &[f64], load: &Ramped, net: impl Fn(usize) -> f64, hours: usize) -> Vec<f64> {
    let reach = load.ramp_mw + ROUNDING * load.capacity_mw;
    let near: Vec<(usize, usize)> = levels
        .iter()
        .map(|mw| {
            let from = levels.partition_point(|l| *l < mw - reach);
            (from, levels.partition_point(|l| *l <= mw + reach))
        })
        .collect();
    let best_of = |values: &[f64], (from, to): (usize, usize)| {
        let better = |best: usize, l: usize| if values[l] > values[best] { l } else { best };
        (from..to).fold(from, better)
    };
    let mut next = vec![0.0; levels.len()];
    let mut choices = vec![0_u16; hours * levels.len()];
    let mut values = next.clone();
    for hour in (0..hours).rev() {
        let earns = net(hour);
        for (level, mw) in levels.iter().enumerate() {
            let to = best_of(&next, near[level]);
            choices[hour * levels.len() + level] = to as u16;
            values[level] = earns * mw + next[to];
        }
        std::mem::swap(&mut next, &mut values);
    }
    let first = match load.from_mw {
        Some(mw) => {
            let from = levels.partition_point(|l| *l < mw - reach);
            (from, levels.partition_point(|l| *l <= mw + reach).max(from + 1))
        }
        None => (0, levels.len()),
    };
    let mut level = best_of(&next, first);
    let mut path = Vec::with_capacity(hours);
    for hour in 0..hours {
        path.push(levels[level]);
        level = usize::from(choices[hour * levels.len() + level]);
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::dispatch::oracle::{CAPACITY_MW, WORTH, prices};

    /// Ramp, minimum take and the best profit by a linear programme (`HiGHS`).
    const BOUNDS: [(f64, f64, f64); 5] = [
        (10.0, 0.0, 28_589.289_205_170_32),
        (2.5, 0.0, 27_064.297_763_249_24),
        (1.0, 0.0, 23_002.045_559_905_113),
        (10.0, 1_500.0, 26_442.774_014_206_24),
        (2.5, 1_500.0, 24_309.178_766_256_256),
    ];

    fn week() -> Vec<f64> {
        prices().iter().map(|p| WORTH - p).collect()
    }

    fn load(ramp_mw: f64, minimum_mwh: f64) -> Ramped {
        Ramped {
            capacity_mw: CAPACITY_MW,
            ramp_mw,
            from_mw: None,
            minimum_mwh,
        }
    }

    #[test]
    fn it_reaches_the_bound_of_the_linear_programme() {
        for (ramp, take, bound) in BOUNDS {
            let (profit, path) = ramped(&week(), &load(ramp, take)).unwrap();
            assert!(
                (profit - bound).abs() < 1e-6,
                "ramp {ramp}, take {take}: {profit}, bound {bound}"
            );
            assert!(path.windows(2).all(|w| (w[1] - w[0]).abs() <= ramp + 1e-9));
            assert!(path.iter().sum::<f64>() >= take - 1e-6);
        }
        assert_eq!(
            ramped(&week(), &load(10.0, 1_681.0)),
            None,
            "168 hours of 10 MW are 1,680 MWh"
        );
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for (ramp, from_mw) in [(0.0, None), (-1.0, None), (f64::NAN, None), (1e-6, None)] {
            let load = Ramped {
                from_mw,
                ..load(ramp, 0.0)
            };
            assert_eq!(ramped(&week(), &load), None);
        }
    }

    #[test]
    fn a_start_from_full_power_ramps_down() {
        let from = Ramped {
            from_mw: Some(10.0),
            ..load(4.0, 0.0)
        };
        let (profit, path) = ramped(&[-1.0, -1.0, -1.0, -1.0], &from).unwrap();
        assert_eq!(path, [6.0, 2.0, 0.0, 0.0]);
        assert!((profit + 8.0).abs() < 1e-9);
    }
}
