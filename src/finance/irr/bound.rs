//! How many rates of return flows have at the most on each side of a rate, for the price of some sums.
//!
//! A sum `p(x) = Σ c x^k` has no more zeros in `(0, 1)` than the coefficients of `p(x) / (1 - x)^j` have changes of sign,
//! for every `j`: Descartes' rule holds for power series where they converge. Those coefficients are the partial sums of
//! `c`, taken `j` times over; those beyond the last follow from the sums that stand there, and change their sign no more
//! often than these do (the matrix of binomials between them is totally positive). Each turn smooths: a month of taxes
//! among months that earn changes no sign of the second or third. Weighing each term by `e^(-s t)` first puts the boundary
//! at any rate; from the other end of time the same bounds the zeros on the other side. Where as many changes of sign of
//! the present value itself are known, those are all.

/// Turns of summing.
const PASSES: usize = 24;
/// A sum smaller than this share of its terms has no certain sign.
const UNCERTAIN: f64 = 1e-12;
/// Beyond this exponent a weight leaves the range of doubles.
const EXPONENT_MAX: f64 = 600.0;

/// Room for sums and those of their terms' sizes.
#[derive(Debug, Default)]
pub(super) struct Sums {
    rows: Vec<(f64, f64)>,
    /// What the sums of each turn came to.
    last: Vec<f64>,
}

impl Sums {
    /// Whether `Σ c e^(-s t)` is certain to have no more than so many zeros below and above `s`; `coefficients` have times
    /// `spacing` apart, and the first and the last of them are not nought.
    pub(super) fn no_more(
        &mut self,
        coefficients: &[f64],
        (s, spacing): (f64, f64),
        (below, above): (usize, usize),
    ) -> bool {
        let span = spacing * (coefficients.len() - 1) as f64;
        s.abs() * span <= EXPONENT_MAX
            && self.no_more_above(coefficients.iter(), (s, spacing), above)
            && self.no_more_above(coefficients.iter().rev(), (-s, spacing), below)
    }

    /// The same for zeros above `s`, with times in the order given.
    fn no_more_above<'a>(
        &mut self,
        coefficients: impl ExactSizeIterator<Item = &'a f64>,
        (s, spacing): (f64, f64),
        most: usize,
    ) -> bool {
        self.rows.clear();
        self.last.clear();
        // No weight above 1: for a rate below nought the last term has it.
        let late = spacing * (coefficients.len() - 1) as f64;
        let (mut weight, factor) = ((s.min(0.0) * late).exp(), (-s * spacing).exp());
        self.rows.extend(coefficients.map(|c| {
            let term = c * weight;
            weight *= factor;
            (term, term.abs())
        }));
        for _ in 0..PASSES {
            let (changes, sum) = self.pass();
            if sum == 0.0 {
                return false;
            }
            self.last.push(sum);
            let beyond = self
                .last
                .windows(2)
                .filter(|pair| pair[0] * pair[1] < 0.0)
                .count();
            if changes.is_some_and(|changes| changes + beyond <= most) {
                return true;
            }
        }
        false
    }

    /// Sums once more. Gives how often the sign changes, `None` where one is not certain, and what all come to, nought
    /// where that has no certain sign.
    fn pass(&mut self) -> (Option<usize>, f64) {
        let (mut sum, mut gross) = (0.0, 0.0);
        let (mut changes, mut certain, mut was) = (0, true, 0.0_f64);
        for row in &mut self.rows {
            sum += row.0;
            gross += row.1;
            *row = (sum, gross);
            certain &= sum.abs() > UNCERTAIN * gross;
            changes += usize::from(was * sum < 0.0);
            was = sum;
        }
        let is_certain = sum.abs() > UNCERTAIN * gross;
        (certain.then_some(changes), if is_certain { sum } else { 0.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn no_more(flows: &[f64], s: f64, most: (usize, usize)) -> bool {
        Sums::default().no_more(flows, (s, 1.0), most)
    }

    /// -100, then 60 and 60 has one rate, above nought: 13.1 %, `s` of 0.123.
    #[test]
    fn a_single_rate_is_on_its_side() {
        let flows = [-100.0, 60.0, 60.0];
        assert!(no_more(&flows, 0.0, (0, 1)) && no_more(&flows, 0.5, (1, 0)));
        assert!(!no_more(&flows, 0.0, (1, 0)) && !no_more(&flows, 0.5, (0, 1)));
        let loss = [-100.0, 20.0, 20.0, 20.0];
        assert!(no_more(&loss, 0.0, (1, 0)) && !no_more(&loss, 0.0, (0, 1)));
    }

    /// Rates of 25 and 400 %: `s` of 0.223 and 1.609.
    #[test]
    fn two_rates_are_never_taken_for_one() {
        let flows = [-1600.0, 10_000.0, -10_000.0];
        assert!(no_more(&flows, 0.9, (1, 1)));
        for s in [-1.0, 0.0, 0.1, 2.0] {
            assert!(!no_more(&flows, s, (1, 1)), "{s}");
        }
    }

    /// A double rate of 10 % counts twice, and at it no sign is certain.
    #[test]
    fn a_double_rate_is_none_or_two() {
        let flows = [100.0, -220.0, 121.0];
        for s in [0.0, 1.1_f64.ln(), 0.3] {
            assert!(!no_more(&flows, s, (1, 1)), "{s}");
        }
    }

    /// Two months that earn, works, then earnings with a tax each December, which ends them too: 21 changes of sign, a rate of
    /// almost all a month, one of a few percent, and one of almost total loss.
    #[test]
    fn yearly_taxes_are_smoothed_away() {
        let flow = |month: usize| match month {
            0 | 1 => 0.5,
            2..=13 => -9.5,
            _ if month % 12 == 11 => -7.0,
            _ => 5.0,
        };
        let flows: Vec<f64> = (0..120).map(flow).collect();
        assert!(no_more(&flows, 0.0, (1, 2)));
        assert!(!no_more(&flows, 0.0, (1, 1)) && !no_more(&flows, 0.0, (0, 2)));
    }
}
