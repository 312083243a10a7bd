//! The chain as hashes meet it: blocks found at `H / (D 2^32)`, a retarget every 2016 of them, a halving every 210,000.
//!
//! Owns height, difficulty and the blocks of the running period. Does not own why hashrate is what it is.

use super::bitcoin_protocol::{
    BLOCKS_PER_DAY, BLOCKS_PER_RETARGET, HASHES_PER_DIFFICULTY, height_at, subsidy_btc,
};
use crate::time::SimTime;

/// Most and least that one retarget multiplies difficulty by, as the protocol has it.
const RETARGET_CLAMP: f64 = 4.0;

/// A chain at an instant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Chain {
    difficulty: f64,
    height: f64,
    /// Blocks to the next retarget.
    left: f64,
    /// Days since the last one.
    days: f64,
}

impl Chain {
    /// The chain of a date, in the middle of whatever period its height says; the part of it that has passed is
    /// taken to have kept to ten minutes.
    pub(super) fn new(start: SimTime, difficulty: f64) -> Self {
        let height = height_at(start);
        Self {
            difficulty,
            height,
            left: BLOCKS_PER_RETARGET - height % BLOCKS_PER_RETARGET,
            days: height % BLOCKS_PER_RETARGET / BLOCKS_PER_DAY,
        }
    }
    /// Difficulty now.
    pub(super) fn difficulty(&self) -> f64 {
        self.difficulty
    }
    /// Height now.
    #[cfg(test)]
    pub(super) fn height(&self) -> f64 {
        self.height
    }
    /// Subsidy of the next block, bitcoin.
    pub(super) fn subsidy_btc(&self) -> f64 {
        subsidy_btc(self.height)
    }

    /// Finds a day's blocks at a hashrate in hashes a second, and retargets where 2016 are full.
    pub(super) fn mine_a_day(&mut self, hashes_per_s: f64) {
        let mut left = 1.0;
        // A retarget brings blocks back to ten minutes within a factor of four: two a day is already extreme.
        for _ in 0..8 {
            let rate = hashes_per_s * 86_400.0 / (self.difficulty * HASHES_PER_DIFFICULTY);
            let full = self.left / rate;
            if full > left {
                self.left -= rate * left;
                self.height += rate * left;
                self.days += left;
                return;
            }
            self.height += self.left;
            self.days += full;
            left -= full;
            let target = BLOCKS_PER_RETARGET / BLOCKS_PER_DAY;
            let factor = (target / self.days).clamp(RETARGET_CLAMP.recip(), RETARGET_CLAMP);
            self.difficulty = (self.difficulty * factor).max(1.0);
            self.left = BLOCKS_PER_RETARGET;
            self.days = 0.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::bitcoin_protocol::{hashrate_of_difficulty, utc_day};

    /// A chain at the first block of a period.
    fn fresh(difficulty: f64) -> Chain {
        Chain {
            difficulty,
            height: 840_672.0,
            left: BLOCKS_PER_RETARGET,
            days: 0.0,
        }
    }

    #[test]
    fn twice_the_hashrate_fills_a_period_in_a_week_and_doubles_difficulty() {
        let mut chain = fresh(80e12);
        let hashrate = 2.0 * hashrate_of_difficulty(80e12);
        (0..7).for_each(|_| chain.mine_a_day(hashrate));
        assert!((chain.difficulty() / 160e12 - 1.0).abs() < 1e-9, "{chain:?}");
        (0..14).for_each(|_| chain.mine_a_day(hashrate));
        assert!((chain.difficulty() / 160e12 - 1.0).abs() < 1e-9, "{chain:?}");
    }

    #[test]
    fn a_retarget_is_held_to_a_factor_of_four_either_way() {
        // At a tenth of the hashrate a period lasts 140 days: difficulty falls to a quarter, not to a tenth.
        let mut slow = fresh(80e12);
        let hashrate = hashrate_of_difficulty(80e12);
        (0..141).for_each(|_| slow.mine_a_day(0.1 * hashrate));
        assert!((slow.difficulty() / 20e12 - 1.0).abs() < 1e-9, "{slow:?}");
        // At ten times it lasts 1.4 days: fourfold.
        let mut fast = fresh(80e12);
        (0..2).for_each(|_| fast.mine_a_day(10.0 * hashrate));
        assert!((fast.difficulty() / 320e12 - 1.0).abs() < 1e-9, "{fast:?}");
    }

    #[test]
    fn the_subsidy_halves_at_the_block_and_not_at_the_date() {
        // 839,900 blocks at ten minutes are 100 short: 0.7 days.
        let mut chain = Chain {
            height: 839_900.0,
            ..fresh(80e12)
        };
        chain.mine_a_day(0.5 * hashrate_of_difficulty(80e12));
        assert_eq!(chain.subsidy_btc(), 6.25, "{chain:?}");
        chain.mine_a_day(0.5 * hashrate_of_difficulty(80e12));
        assert_eq!(chain.subsidy_btc(), 3.125, "{chain:?}");
        assert_eq!(Chain::new(utc_day(2024, 4, 20), 80e12).subsidy_btc(), 3.125);
    }
}
