//! Every real internal rate of return of a series of flows.
//!
//! In the variable `s = ln(1 + rate)` the present value is a sum of exponentials `Σ c e^(-s t)`. Such a sum has no
//! more real zeros than its coefficients, in order of time, have changes of sign (Laguerre's extension of
//! Descartes' rule). Multiplying by `e^(s τ)` moves no zero; differentiating then multiplies each `c` by `τ - t`,
//! which removes the change of sign at `τ`. So the zeros of a sum with `v` changes are separated by those of one
//! with `v - 1`, down to a sum with none: every root is isolated in a bracket where the function is monotone, and
//! nothing depends on a grid or a guess.
//!
//! Most flows of projects change sign often (a tax each December) and have few rates. For those a coarse grid finds changes of
//! sign of the present value, and a bound proves that there are no more (`bound`); only what it leaves open climbs the
//! ladder above.

mod bound;

use crate::stats::root_between;

/// Rates are sought between these, per period.
const ENDS: [f64; 2] = [-1.0 + 1e-9, 1e6];
/// Parts of the scale of rates that are looked at for a change of sign.
const GRID: usize = 64;
/// A flow smaller than this share of the gross flow is rounding, and would put a root next to -100 %.
const DUST: f64 = 1e-14;
/// A present value smaller than this share of its terms is nought: a root of even order touches there.
const TOUCH: f64 = 1e-14;
/// Terms that are added side by side: a chain of single additions would wait for each.
const LANES: usize = 8;

/// Every rate per period above -1 at which the present value is nought, ascending; `flows_usd[k]` falls at the
/// end of `k` periods.
///
/// Empty where there is none, and where every rate is one (no flow at all).
pub fn irr_roots(flows_usd: &[f64]) -> Vec<f64> {
    let terms = flows_usd.iter().enumerate().map(|(k, usd)| (k as f64, *usd));
    Exponentials::new(terms.collect()).map_or_else(Vec::new, |sum| sum.rates())
}

/// Every internal rate of return of monthly flows, effective a year: `(1 + i)^12 - 1`, ascending.
pub fn irr_roots_annual(monthly_usd: &[f64]) -> Vec<f64> {
    let monthly = irr_roots(monthly_usd).into_iter();
    monthly.map(|i| (12.0 * i.ln_1p()).exp_m1()).collect()
}

/// Every rate a year of dated flows, each `(years since any instant, usd)`, in any order, ascending.
pub fn xirr_roots(dated_usd: &[(f64, f64)]) -> Vec<f64> {
    let mut terms = dated_usd.to_vec();
    terms.sort_by(|a, b| a.0.total_cmp(&b.0));
    Exponentials::new(terms).map_or_else(Vec::new, |sum| sum.rates())
}

/// `Σ c e^(-s t)` with ascending `t`.
#[derive(Debug, Clone)]
struct Exponentials {
    times: Vec<f64>,
    coefficients: Vec<f64>,
    /// Where times have a common distance: then a term costs a multiplication, not an `exp`.
    regular: Option<Regular>,
}

/// A sum over regular times as a polynomial of the discount factor of one distance.
#[derive(Debug, Clone)]
struct Regular {
    spacing: f64,
    /// Coefficients in order of time, and in the other order; filled up with noughts to whole [`LANES`].
    forward: Vec<[f64; LANES]>,
    backward: Vec<[f64; LANES]>,
    /// Sum of their sizes.
    gross: f64,
}

impl Regular {
    fn new(spacing: f64, coefficients: &[f64]) -> Self {
        let lanes = |ordered: &mut dyn Iterator<Item = f64>| {
            let mut rows = vec![[0.0; LANES]; coefficients.len().div_ceil(LANES)];
            for (k, c) in ordered.enumerate() {
                rows[k / LANES][k % LANES] = c;
            }
            rows
        };
        Self {
            spacing,
            forward: lanes(&mut coefficients.iter().copied()),
            backward: lanes(&mut coefficients.iter().rev().copied()),
            gross: coefficients.iter().map(|c| c.abs()).sum(),
        }
    }
    /// The sum at `s` and that of the sizes of its terms, both times a factor with which no term outgrows its coefficient.
    fn value(&self, s: f64) -> (f64, f64) {
        let rows = if s >= 0.0 { &self.forward } else { &self.backward };
        let x = (-s.abs() * self.spacing).exp();
        let sum = polynomial(rows, x, |c| c);
        // No term is greater than its coefficient: most often that says already that the sum is no rounding.
        let gross = if sum.abs() > TOUCH * self.gross {
            self.gross
        } else {
            polynomial(rows, x, f64::abs)
        };
        (sum, gross)
    }
}

/// `Σ of(c_k) x^k` by rows of coefficients.
fn polynomial(rows: &[[f64; LANES]], x: f64, of: impl Fn(f64) -> f64) -> f64 {
    let row = x.powi(LANES as i32);
    let mut sum = [0.0; LANES];
    for c in rows.iter().rev() {
        for (sum, c) in sum.iter_mut().zip(c) {
            *sum = *sum * row + of(*c);
        }
    }
    sum.iter().rev().fold(0.0, |sum, lane| sum * x + lane)
}

impl Exponentials {
    /// From terms in order of time; `None` where they are not finite or none is more than dust.
    fn new(terms: Vec<(f64, f64)>) -> Option<Self> {
        let mut merged: Vec<(f64, f64)> = Vec::with_capacity(terms.len());
        for (time, usd) in terms {
            match merged.last_mut() {
                Some(last) if last.0 == time => last.1 += usd,
                _ => merged.push((time, usd)),
            }
        }
        let gross: f64 = merged.iter().map(|(_, usd)| usd.abs()).sum();
        let finite = gross.is_finite() && merged.iter().all(|(time, _)| time.is_finite());
        if !finite || gross == 0.0 {
            return None;
        }
        for (_, usd) in &mut merged {
            *usd = if usd.abs() < DUST * gross {
                0.0
            } else {
                *usd / gross
            };
        }
        let first = merged.get(1).map(|second| second.0 - merged[0].0);
        let spacing = first.filter(|gap| merged.windows(2).all(|pair| pair[1].0 - pair[0].0 == *gap));
        Self::trimmed(merged, spacing)
    }
    /// Without the zeros at both ends: there the first and the last term must decide the sign.
    fn trimmed(mut terms: Vec<(f64, f64)>, spacing: Option<f64>) -> Option<Self> {
        let last = terms.iter().rposition(|(_, c)| *c != 0.0)?;
        let first = terms.iter().position(|(_, c)| *c != 0.0)?;
        terms.truncate(last + 1);
        let (times, coefficients): (Vec<f64>, Vec<f64>) = terms.drain(first..).unzip();
        let regular = spacing.map(|spacing| Regular::new(spacing, &coefficients));
        Some(Self {
            times,
            coefficients,
            regular,
        })
    }
    fn rates(&self) -> Vec<f64> {
        self.zeros().into_iter().map(f64::exp_m1).collect()
    }
    /// All zeros in `s`, ascending.
    fn zeros(&self) -> Vec<f64> {
        if self.first_change().is_none() {
            return Vec::new();
        }
        self.zeros_by_grid().unwrap_or_else(|| self.zeros_by_ladder())
    }
    /// All zeros, where a grid finds a change of sign for each that there can be.
    fn zeros_by_grid(&self) -> Option<Vec<f64>> {
        let spacing = self.regular.as_ref()?.spacing;
        let span = self.span();
        let ends = ENDS.map(|rate| (rate.ln_1p() * span).asinh());
        let step = (ends[1] - ends[0]) / GRID as f64;
        let mut brackets: Vec<[(f64, f64); 2]> = Vec::new();
        let mut from: Option<(f64, f64)> = None;
        for point in 0..=GRID {
            let u = ends[0] + step * point as f64;
            let to = (u, self.value(u.sinh() / span));
            if to.1 == 0.0 {
                return None;
            }
            brackets.extend(from.filter(|from| from.1 * to.1 < 0.0).map(|from| [from, to]));
            from = Some(to);
        }
        // At nought, or between any two of them, it may be plain that there are no more.
        let between = brackets
            .windows(2)
            .map(|pair| 0.5 * (pair[0][1].0 + pair[1][0].0));
        let mut sums = bound::Sums::default();
        let is_all = std::iter::once(0.0).chain(between).any(|u| {
            let below = brackets.iter().filter(|bracket| bracket[1].0 <= u).count();
            let above = brackets.iter().filter(|bracket| bracket[0].0 >= u).count();
            let inside = below + above < brackets.len();
            let (below, above) = if !inside {
                (below, above)
            } else if self.value(u.sinh() / span) * brackets[below][0].1 > 0.0 {
                (below, above + 1)
            } else {
                (below + 1, above)
            };
            sums.no_more(&self.coefficients, (u.sinh() / span, spacing), (below, above))
        });
        is_all.then(|| {
            let roots = brackets.into_iter();
            roots
                .filter_map(|[from, to]| self.zero_between(from, to, span))
                .collect()
        })
    }
    /// The zero between two points of the scale `asinh(s span)` whose values have different signs.
    fn zero_between(&self, from: (f64, f64), to: (f64, f64), span: f64) -> Option<f64> {
        let root = root_between(from, to, |u| self.value(u.sinh() / span));
        root.map(|u| u.sinh() / span)
    }
    /// The length of time that the terms span.
    fn span(&self) -> f64 {
        self.times[self.times.len() - 1] - self.times[0]
    }
    /// The same, whatever their number.
    fn zeros_by_ladder(&self) -> Vec<f64> {
        // From this sum down to one without a change of sign, then back up.
        let mut ladder = vec![self.clone()];
        while let Some(next) = ladder.last().and_then(Self::reduced) {
            ladder.push(next);
        }
        let mut separators = Vec::new();
        for sum in ladder.iter().rev() {
            separators = sum.zeros_between(&separators);
        }
        separators
    }
    /// The derivative of `e^(s τ)` times this sum, with `τ` at its first change of sign; `None` without one.
    fn reduced(&self) -> Option<Self> {
        let tau = self.first_change()?;
        let pairs = self.times.iter().zip(&self.coefficients);
        let mut terms: Vec<(f64, f64)> = pairs.map(|(t, c)| (*t, c * (tau - t))).collect();
        // Long ladders would leave the range of doubles; only ratios matter.
        let largest = terms.iter().fold(0.0, |most: f64, (_, c)| most.max(c.abs()));
        for (_, c) in &mut terms {
            *c /= largest;
        }
        Self::trimmed(terms, self.regular.as_ref().map(|regular| regular.spacing))
    }
    /// A time between the first two flows of different sign.
    fn first_change(&self) -> Option<f64> {
        let mut last: Option<(f64, f64)> = None;
        for (time, c) in self.times.iter().zip(&self.coefficients) {
            if *c == 0.0 {
                continue;
            }
            if let Some((before, sign)) = last
                && sign != c.signum()
            {
                return Some(0.5 * (before + time));
            }
            last = Some((*time, c.signum()));
        }
        None
    }
    /// The zeros, given points between which the function has at most one.
    fn zeros_between(&self, separators: &[f64]) -> Vec<f64> {
        let ends = ENDS.map(f64::ln_1p);
        // The sum turns within some thousandths of the length of time that it spans, and is flat far away: a search takes equal
        // steps of a scale that is linear there and logarithmic beyond.
        let span = self.span();
        let mut zeros = Vec::new();
        let mut from = (ends[0], self.value(ends[0]));
        for s in separators.iter().copied().chain([ends[1]]) {
            let to = (s, self.value(s));
            if from.1 * to.1 < 0.0 {
                let on_scale = |(s, value): (f64, f64)| ((s * span).asinh(), value);
                zeros.extend(self.zero_between(on_scale(from), on_scale(to), span));
            } else if to.1 == 0.0 && s < ends[1] {
                zeros.push(s);
            }
            from = to;
        }
        zeros
    }
    /// The sum at `s`, times a positive factor that keeps every term within range; nought where the terms
    /// cancel to the last digits.
    fn value(&self, s: f64) -> f64 {
        let terms = || self.coefficients.iter().zip(&self.times);
        let (sum, gross) = match &self.regular {
            Some(regular) => regular.value(s),
            None if s >= 0.0 => nested(s, terms().rev()),
            None => nested(s, terms()),
        };
        if sum.abs() <= TOUCH * gross { 0.0 } else { sum }
    }
}

/// Nested multiplication towards the end of time at which the exponential is greatest.
fn nested<'a>(s: f64, terms: impl Iterator<Item = (&'a f64, &'a f64)>) -> (f64, f64) {
    let (mut sum, mut gross, mut last) = (0.0, 0.0, None);
    for (c, time) in terms {
        let gap = (time - last.unwrap_or(*time)).abs();
        let factor = (-s.abs() * gap).exp();
        sum = sum * factor + c;
        gross = gross * factor + c.abs();
        last = Some(*time);
    }
    (sum, gross)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    fn assert_roots(got: &[f64], expected: &[f64]) {
        assert_eq!(got.len(), expected.len(), "{got:?} for {expected:?}");
        for (a, b) in got.iter().zip(expected) {
            assert!((a - b).abs() < 1e-9, "{a} for {b}");
        }
    }

    // Roots by a scan and Brent's method (scipy), or in closed form.
    #[rstest]
    #[case::plain(&[-100.0, 39.0, 59.0, 55.0, 20.0], &[0.280_948_421_159_961])]
    #[case::mine_then_decommission(&[-1600.0, 10_000.0, -10_000.0], &[0.25, 4.0])]
    #[case::three(&[-1000.0, 6000.0, -11_000.0, 6000.0], &[0.0, 1.0, 2.0])]
    #[case::none(&[1000.0, -3000.0, 2500.0], &[])]
    #[case::all_positive(&[100.0, 10.0, 10.0], &[])]
    #[case::all_negative(&[-100.0, -10.0, -10.0], &[])]
    #[case::every_rate(&[0.0, 0.0, 0.0], &[])]
    #[case::empty(&[], &[])]
    #[case::loss(&[-100.0, 20.0, 20.0, 20.0], &[-0.217_627_217_307_409_28])]
    #[case::nearly_total_loss(&[-100.0, 0.0, 0.0, 1e-6], &[-0.997_845_565_309_968])]
    #[case::very_high(&[-1.0, 50.0], &[49.0])]
    #[case::single(&[-100.0], &[])]
    #[case::late_abandonment(
        &[-1000.0, 800.0, 800.0, 800.0, 800.0, -2150.0], &[-0.016_494_166_491_031_16, 0.501_053_596_366_139_5])]
    #[case::zero_first(&[0.0, -100.0, 60.0, 60.0], &[0.130_662_386_291_807_5])]
    #[case::flipped(&[100.0, -39.0, -59.0, -55.0, -20.0], &[0.280_948_421_159_961])]
    #[case::large(&[-3.4e9, 5e8, 6e8, 7e8, 8e8, 9e8, 1e9, 1.1e9], &[0.123_739_639_924_061_44])]
    #[case::flat(&[-100.0, 0.0, 0.0, 0.0, 100.000_000_1], &[2.499_999_999_062_5e-10])]
    #[case::double(&[100.0, -220.0, 121.0], &[0.1])]
    #[case::negative(&[-100.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0], &[-0.018_711_665_422_904_367])]
    #[case::over_one(&[-10.0, 25.0, 25.0, 25.0, 25.0, 25.0], &[2.495_207_354_783_170_6])]
    #[case::not_finite(&[-10.0, f64::NAN], &[])]
    fn every_root_is_found(#[case] flows: &[f64], #[case] expected: &[f64]) {
        assert_roots(&irr_roots(flows), expected);
    }

    #[test]
    fn annuities_match_the_reference_to_the_third_digit_and_beyond() {
        let annuity = |first: f64, yearly: f64, years: usize| {
            let mut flows = vec![yearly; years + 1];
            flows[0] = first;
            irr_roots(&flows)
        };
        assert_roots(&annuity(-100.0, 15.0, 15), &[0.124_034_504_528_225_62]);
        assert_roots(&annuity(-1000.0, 131.5, 20), &[0.117_156_931_916_284_62]);
    }

    #[test]
    fn a_monthly_rate_is_shown_effective_a_year() {
        let mut flows = vec![0.0; 25];
        (flows[0], flows[24]) = (-100.0, 121.0);
        assert_roots(&irr_roots_annual(&flows), &[0.1]);
    }

    /// Days since 1970-01-01 over 365, as actual/365 counts.
    fn dated(flows: &[(&str, f64)]) -> Vec<(f64, f64)> {
        let day = |text: &str| crate::time::parse_date(text).unwrap();
        let epoch = day("1970-01-01");
        let years = |text| f64::from((day(text) - epoch).get_days()) / 365.0;
        flows.iter().map(|(text, usd)| (years(text), *usd)).collect()
    }

    #[rstest]
    #[case::spreadsheet_manual(
        &[("2008-01-01", -10_000.0), ("2008-03-01", 2750.0), ("2008-10-30", 4250.0), ("2009-02-15", 3250.0),
          ("2009-04-01", 2750.0)], &[0.373_362_533_518_831_8])]
    #[case::same_day(&[("2026-01-01", -100.0), ("2026-01-01", 110.0)], &[])]
    #[case::one_day(&[("2026-01-01", -100.0), ("2026-01-02", 101.0)], &[36.783_434_332_887_39])]
    #[case::unsorted(&[("2027-01-01", 110.0), ("2026-01-01", -100.0)], &[0.1])]
    #[case::all_negative(&[("2026-01-01", -100.0), ("2027-01-01", -5.0)], &[])]
    #[case::construction(
        &[("2026-01-31", -40.0), ("2026-04-30", -40.0), ("2026-07-31", -20.0), ("2027-07-31", 45.0),
          ("2028-07-31", 45.0), ("2029-07-31", 45.0)], &[0.142_081_519_204_563_36])]
    fn every_dated_root_is_found(#[case] flows: &[(&str, f64)], #[case] expected: &[f64]) {
        assert_roots(&xirr_roots(&dated(flows)), expected);
    }

    #[test]
    fn rounding_dust_at_the_end_puts_no_root_near_total_loss() {
        let mut flows = vec![1.0; 121];
        flows[0] = -60.0;
        flows[120] = -1e-13;
        let mut clean = flows.clone();
        clean[120] = 0.0;
        assert_roots(&irr_roots(&flows), &irr_roots(&clean));
    }

    #[test]
    fn flows_before_and_after_long_silence_are_found() {
        let mut flows = vec![0.0; 900];
        (flows[300], flows[301], flows[312]) = (-100.0, 3.0, 150.0);
        let roots = irr_roots_annual(&flows);
        assert_roots(&irr_roots_annual(&flows[300..313]), &roots);
        assert_eq!(roots.len(), 1);
    }

    #[test]
    fn flows_that_change_sign_every_month_for_fifty_years_are_no_trap() {
        let flows: Vec<f64> = (0..600)
            .map(|m| {
                if m % 2 == 0 {
                    -1.0
                } else {
                    1.0 + 1e-3 * f64::from(m % 7)
                }
            })
            .collect();
        let roots = irr_roots(&flows);
        assert!(!roots.is_empty() && roots.len() < 600, "{}", roots.len());
    }

    proptest! {
        #[test]
        fn polynomials_made_from_their_roots_give_them_back(
            powers in prop::collection::btree_set(-3i32..7, 1..5)
        ) {
            // The product of (1 - g x) has its zeros at the rates g - 1. Growth factors half as large again
            // keep it well conditioned: closer roots move by more than 1e-9 when a coefficient is rounded.
            let growths: Vec<f64> = powers.iter().map(|power| 1.5_f64.powi(*power)).collect();
            let mut flows = vec![1.0];
            for growth in &growths {
                let mut next = flows.clone();
                next.push(0.0);
                for (k, c) in flows.iter().enumerate() {
                    next[k + 1] -= growth * c;
                }
                flows = next;
            }
            let got = irr_roots(&flows);
            prop_assert_eq!(got.len(), growths.len(), "{:?} {:?}", &got, &growths);
            for (root, growth) in got.iter().zip(&growths) {
                prop_assert!((root + 1.0 - growth).abs() < 1e-9 * growth, "{} {}", root, growth);
            }
        }

        /// Works, earnings, a tax each December, mining before, clearing after: the grid and the ladder find the same.
        #[test]
        fn grid_and_ladder_agree(
            before in prop::collection::vec(-1.0f64..1.0, 0..6),
            works in prop::collection::vec(-20.0f64..0.0, 0..14),
            after in prop::collection::vec(-0.2f64..3.0, 12..90),
            tax in 0.0f64..12.0,
            clearing in 0.0f64..30.0,
        ) {
            let mut flows: Vec<f64> = before.into_iter().chain(works).chain(after).collect();
            for year in flows.chunks_exact_mut(12) {
                year[11] -= tax;
            }
            flows.push(0.0 - clearing);
            let terms = flows.iter().enumerate().map(|(k, c)| (k as f64, *c)).collect();
            let sum = Exponentials::new(terms).unwrap();
            let (grid, ladder) = (sum.zeros(), sum.zeros_by_ladder());
            prop_assert_eq!(grid.len(), ladder.len(), "{:?} {:?}", &grid, &ladder);
            for (a, b) in grid.iter().zip(&ladder) {
                prop_assert!((a - b).abs() < 1e-9, "{} {}", a, b);
            }
        }

        #[test]
        fn noisy_monthly_flows_lose_no_root_that_a_fine_scan_finds(
            flows in prop::collection::vec(-1.0f64..1.2, 2..150)
        ) {
            let roots = irr_roots(&flows);
            let sum = Exponentials::new(flows.iter().enumerate().map(|(k, c)| (k as f64, *c)).collect()).unwrap();
            let grid = |i: i32| f64::from(i) * 1e-3;
            for i in -1_000..1_000 {
                let (a, b) = (grid(i), grid(i + 1));
                if sum.value(a) * sum.value(b) < 0.0 {
                    let inside = roots.iter().filter(|r| (a..=b).contains(&r.ln_1p())).count();
                    prop_assert!(inside % 2 == 1, "between {} and {}: {:?}", a, b, roots);
                }
            }
            for r in &roots {
                let s = r.ln_1p();
                let (sum, gross) = nested(s, sum.coefficients.iter().zip(&sum.times));
                // The far end from the one that `value` uses, so only for rates where both stay in range.
                prop_assert!(s >= 0.0 || sum.abs() < 1e-9 * gross, "{}", r);
            }
        }
    }
}
