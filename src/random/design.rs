//! Designs of an experiment: from which uniform numbers the inputs of a replication are made.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::random::sobol::{Sobol, mix};
use crate::random::{Streams, open_unit};

/// Scramblings of a Sobol design; from the spread of their means come its intervals.
pub const SCRAMBLINGS: u32 = 8;

/// How the values of uncertain inputs are spread over replications.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Design {
    /// Each replication draws for itself.
    #[default]
    Plain,
    /// Each input has one draw in each of as many equally likely cells as there are replications. A run cannot be extended,
    /// because its number of replications is part of every draw.
    LatinHypercube,
    /// Eight scrambled Sobol sequences side by side: replications are eight times a power of two, and grow by doubling.
    Sobol,
}

impl Design {
    /// The word in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::LatinHypercube => "latin_hypercube",
            Self::Sobol => "sobol",
        }
    }
    /// What is wrong with a number of replications, and the next that would do.
    pub fn misfit(self, replications: u32) -> Option<(String, String)> {
        let each = replications / SCRAMBLINGS;
        if self != Self::Sobol || (replications.is_multiple_of(SCRAMBLINGS) && each.is_power_of_two()) {
            return None;
        }
        let next = each.max(1).checked_next_power_of_two().unwrap_or(1 << 20) * SCRAMBLINGS;
        let next = if next < replications { next * 2 } else { next };
        Some((
            format!("a Sobol design has {SCRAMBLINGS} times a power of two replications, not {replications}"),
            format!("take {next}"),
        ))
    }
}

/// The uniform numbers of named inputs, for any replication.
#[derive(Debug, Clone)]
pub struct Plan {
    design: Design,
    seed: u64,
    replications: u32,
    /// Purpose of the stream of each input.
    purposes: Vec<String>,
    /// One sequence for each scrambling, where the design has them.
    sequences: Vec<Sobol>,
}

impl Plan {
    /// A plan for inputs by name; each input is addressed by its name, in a Sobol design by its place (an input added at the
    /// end leaves the others alone). `None` where the design has no room for so many inputs.
    pub fn new(design: Design, (seed, replications): (u64, u32), inputs: &[&str]) -> Option<Self> {
        let sequences = match design {
            Design::Sobol => (0..SCRAMBLINGS)
                .map(|s| Sobol::scrambled(inputs.len(), seed, u64::from(s)))
                .collect::<Option<_>>()?,
            _ => Vec::new(),
        };
        Some(Self {
            design,
            seed,
            replications: replications.max(1),
            purposes: inputs.iter().map(|name| format!("input/{name}")).collect(),
            sequences,
        })
    }
    /// One number between 0 and 1 for each input, of replication `replication`.
    pub fn units(&self, replication: u32) -> Vec<f64> {
        self.units_of(&Streams::new(self.seed, u64::from(replication)), replication)
    }
    /// The same from streams of the caller's, where the design draws from streams.
    pub fn units_of(&self, streams: &Streams, replication: u32) -> Vec<f64> {
        (0..self.purposes.len())
            .map(|input| self.unit(streams, replication, input))
            .collect()
    }

    fn unit(&self, streams: &Streams, replication: u32, input: usize) -> f64 {
        let purpose = &self.purposes[input];
        match self.design {
            Design::Plain => open_unit(&mut streams.stream(purpose)),
            Design::LatinHypercube => {
                let within = open_unit(&mut streams.stream(purpose));
                let key = open_unit(&mut Streams::shared(self.seed).stream(purpose)).to_bits();
                let cell = shuffled(replication % self.replications, self.replications, key);
                (f64::from(cell) + within) / f64::from(self.replications)
            }
            Design::Sobol => {
                let sequence = &self.sequences[(replication % SCRAMBLINGS) as usize];
                sequence.coordinate(u64::from(replication / SCRAMBLINGS), input)
            }
        }
    }
}

/// Rounds of the shuffle; the walk below ends because a permutation has only finite cycles.
const ROUNDS: u64 = 6;

/// Where `index` of `0..length` stands after a shuffle that `key` names: a Feistel network over the next power of four,
/// walked along its cycle until it is back in range. No list of the shuffle is kept, however long it is.
fn shuffled(index: u32, length: u32, key: u64) -> u32 {
    let bits = 32 - (length - 1).leading_zeros();
    let half = bits.div_ceil(2).max(1);
    let mask = (1_u64 << half) - 1;
    let mut at = u64::from(index);
    loop {
        let (mut left, mut right) = (at >> half, at & mask);
        for round in 0..ROUNDS {
            let next = left ^ (mix(right ^ key.rotate_left(9) ^ (round << 56)) & mask);
            left = std::mem::replace(&mut right, next);
        }
        at = (left << half) | right;
        if at < u64::from(length) {
            return at as u32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(1)]
    #[case(2)]
    #[case(7)]
    #[case(100)]
    #[case(1_025)]
    fn a_shuffle_is_a_permutation(#[case] length: u32) {
        for key in [0, 1, 0xdead_beef_0123] {
            let mut seen: Vec<u32> = (0..length).map(|i| shuffled(i, length, key)).collect();
            seen.sort_unstable();
            assert!(seen.into_iter().eq(0..length), "{length}, {key}");
        }
        if length == 1_025 {
            let moved = (0..length).filter(|i| shuffled(*i, length, 3) != *i).count();
            assert!(moved > 1_000, "{moved}");
        }
    }

    #[test]
    fn a_latin_hypercube_draws_once_from_each_cell_of_each_input() {
        let plan = Plan::new(Design::LatinHypercube, (9, 50), &["a", "b"]).unwrap();
        let units: Vec<Vec<f64>> = (0..50).map(|r| plan.units(r)).collect();
        for input in 0..2 {
            let mut cells: Vec<usize> = units.iter().map(|u| (u[input] * 50.0) as usize).collect();
            cells.sort_unstable();
            assert!(cells.into_iter().eq(0..50));
        }
        // Two inputs do not go together: correlation of 50 pairs within 3.3 / sqrt(50).
        let rho = crate::random::copula::correlation_of(
            &units.iter().map(|u| u[0]).collect::<Vec<_>>(),
            &units.iter().map(|u| u[1]).collect::<Vec<_>>(),
        );
        assert!(rho.abs() < 0.47, "{rho}");
    }

    #[test]
    fn an_input_more_leaves_the_draws_of_the_others_alone() {
        for design in [Design::Plain, Design::LatinHypercube, Design::Sobol] {
            let few = Plan::new(design, (3, 64), &["a", "b"]).unwrap();
            let more = Plan::new(design, (3, 64), &["a", "b", "c"]).unwrap();
            for r in 0..64 {
                assert_eq!(few.units(r), more.units(r)[..2], "{design:?}, {r}");
            }
        }
    }

    #[test]
    fn a_sobol_design_grows_without_moving_what_is_done_and_each_scrambling_is_even() {
        let small = Plan::new(Design::Sobol, (3, 64), &["a"]).unwrap();
        let large = Plan::new(Design::Sobol, (3, 128), &["a"]).unwrap();
        for scrambling in 0..SCRAMBLINGS {
            let mine: Vec<f64> = (0..8).map(|k| small.units(scrambling + 8 * k)[0]).collect();
            let mut cells: Vec<usize> = mine.iter().map(|u| (u * 8.0) as usize).collect();
            cells.sort_unstable();
            assert!(cells.into_iter().eq(0..8));
            assert_eq!(mine[3], large.units(scrambling + 24)[0]);
        }
    }

    #[test]
    fn a_sobol_design_says_which_number_of_replications_would_do() {
        assert_eq!(Design::Sobol.misfit(64), None);
        assert_eq!(Design::Sobol.misfit(8), None);
        assert_eq!(Design::Plain.misfit(100), None);
        assert_eq!(Design::Sobol.misfit(100).unwrap().1, "take 128");
        assert_eq!(Design::Sobol.misfit(65).unwrap().1, "take 128");
        assert_eq!(Design::Sobol.misfit(3).unwrap().1, "take 8");
        assert!(Plan::new(Design::Sobol, (1, 8), &["x"; 65]).is_none());
    }
}
