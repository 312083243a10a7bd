//! The response surface: what job-level runs do otherwise than the plain fluid, by load, free capacity and backlog.
//!
//! Three things are read from it: the share of the pool that gangs can fill while some wait (fragmentation), the jobs
//! that wait over those that the fluid holds back (backfill lets short jobs by, gangs stand longer), and the wait
//! while the fluid sees none. Knots are few and values between them linear, so that each rests on many hours.

/// Hours that the oldest waiting work has waited: knots.
pub(super) const AGES_H: [f64; 8] = [0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];
/// GPUs at work over GPUs that can be filled, of the hour where nothing waits, else of the past week: knots.
pub(super) const LOADS: [f64; 7] = [0.4, 0.55, 0.7, 0.8, 0.9, 0.96, 1.0];
/// GPUs that the pool has over the most it will have: knots.
pub(super) const RATIOS: [f64; 3] = [0.3, 0.6, 1.0];

/// A place among knots: the knot before, and the share of the one after.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot {
    pub(super) knot: usize,
    pub(super) beyond: f64,
}

/// Where a value lies; values outside take the end.
#[inline]
pub(super) fn locate(knots: &[f64], value: f64) -> Spot {
    let mut knot = 0;
    while knot + 2 < knots.len() && knots[knot + 1] <= value {
        knot += 1;
    }
    let beyond = (value - knots[knot]) / (knots[knot + 1] - knots[knot]);
    Spot {
        knot,
        beyond: beyond.clamp(0.0, 1.0),
    }
}

#[inline]
fn along(values: &[f64], at: Spot) -> f64 {
    values[at.knot] * (1.0 - at.beyond) + values[at.knot + 1] * at.beyond
}

#[inline]
fn read<const N: usize, const M: usize>(table: &[[f64; N]; M], row: Spot, at: Spot) -> f64 {
    along(&table[row.knot], at) * (1.0 - row.beyond) + along(&table[row.knot + 1], at) * row.beyond
}

/// What job-level runs of a pool's demand say of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Surface {
    /// Share of the GPUs that are at work while jobs wait, by capacity.
    pub(super) fillable: [f64; RATIOS.len()],
    /// Jobs that wait over jobs that the fluid holds back, by load of the past week and age of the backlog.
    pub(super) queue: [[f64; AGES_H.len()]; LOADS.len()],
    /// What the same is multiplied by, by capacity.
    pub(super) by_capacity: [f64; RATIOS.len()],
    /// Hours that a starting job has waited where the fluid holds nobody back, by capacity and load of the hour.
    pub(super) wait_h: [[f64; LOADS.len()]; RATIOS.len()],
    /// Lost work over what even ages between checkpoints would lose.
    pub(super) lost: f64,
    /// Share of those whose patience would end, first come first served, that leave: the others slip in before.
    pub(super) leaving: f64,
}

impl Default for Surface {
    /// The plain fluid: every GPU can be filled, first come is first served.
    fn default() -> Self {
        Self {
            fillable: [1.0; RATIOS.len()],
            queue: [[1.0; AGES_H.len()]; LOADS.len()],
            by_capacity: [1.0; RATIOS.len()],
            wait_h: [[0.0; LOADS.len()]; RATIOS.len()],
            lost: 1.0,
            leaving: 1.0,
        }
    }
}

impl Surface {
    pub(super) fn fillable(&self, ratio: Spot) -> f64 {
        along(&self.fillable, ratio)
    }
    pub(super) fn queue(&self, ratio: Spot, load: f64, age_h: f64) -> f64 {
        read(&self.queue, locate(&LOADS, load), locate(&AGES_H, age_h)) * along(&self.by_capacity, ratio)
    }
    /// The waits of one capacity, which holds longer than a load does.
    pub(super) fn waits(&self, ratio: Spot) -> Waits {
        let at = |load: usize| {
            let knot = |ratio: usize| self.wait_h[ratio][load];
            knot(ratio.knot) * (1.0 - ratio.beyond) + knot(ratio.knot + 1) * ratio.beyond
        };
        Waits(std::array::from_fn(at))
    }
}

/// Hours that a starting job has waited where the fluid holds nobody back, by load of the hour.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waits([f64; LOADS.len()]);

impl Waits {
    #[inline]
    pub(super) fn at(&self, load: f64) -> f64 {
        if load <= LOADS[0] {
            self.0[0]
        } else {
            along(&self.0, locate(&LOADS, load))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_between_knots_are_linear_and_outside_they_hold() {
        let mut surface = Surface::default();
        surface.queue[6] = [0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];
        surface.by_capacity = [1.0, 1.0, 3.0];
        let full = locate(&RATIOS, 1.0);
        for age in [0.0, 0.5, 3.0, 48.0, 64.0] {
            assert!((surface.queue(full, 1.0, age) - 3.0 * age).abs() < 1e-12, "{age}");
        }
        assert_eq!(surface.queue(full, 7.0, 1e6), 192.0);
        assert_eq!(surface.queue(locate(&RATIOS, 0.1), 0.2, 5.0), 1.0);
        // Half way between the knots 0.96 and 1 of load, and between 0.6 and 1 of capacity.
        assert!((surface.queue(locate(&RATIOS, 0.8), 0.98, 3.0) - 2.0 * 2.0).abs() < 1e-9);
    }
}
