//! The best commitment of one batch over hours whose worth is known: when to stop, when to start again.
//!
//! A batch is on or off in an hour. Once started it stays on for `up` hours, once stopped it stays off for `down`
//! hours, and a start costs. Nothing else binds it, so batches are planned apart. With `on(t)` and `off(t)` the best
//! that can be earned from hour `t` on by a batch that is on, or off, and free to change:
//!
//! ```text
//! on(t)  = max( net(t) + on(t + 1),                     off(t + down) )
//! off(t) = max( off(t + 1),   net(t) + .. + net(t + up - 1) - start(t) + on(t + up) )
//! ```
//!
//! Both end at zero: what lies beyond the last hour counts nothing, and a minimum time may reach over it. That is the
//! optimum, in time proportional to the hours, whatever the minimum times.

/// What holds a batch over time, as the planner needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// Hours for which a batch stays on once started; 0 and 1 bind nothing.
    pub up: u32,
    /// Hours for which it stays off once stopped.
    pub down: u32,
}

/// Plans one batch after another in the same memory.
#[derive(Debug, Clone, Default)]
pub struct Planner {
    on: Vec<f64>,
    off: Vec<f64>,
}

/// What to do in each hour, whatever was done before: a batch that is free to change looks here.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// Two bits an hour: stay on, start.
    choices: Vec<u8>,
}

const STAY: u8 = 1;
const START: u8 = 2;

impl Plan {
    /// Whether a batch that is on and may stop stays on.
    pub fn stays(&self, hour: usize) -> bool {
        self.choices[hour] & STAY != 0
    }
    /// Whether a batch that is off and may start does.
    pub fn starts(&self, hour: usize) -> bool {
        self.choices[hour] & START != 0
    }
    /// Hours planned.
    pub fn hours(&self) -> usize {
        self.choices.len()
    }
}

impl Planner {
    /// The best commitment over hours of which each earns `net_usd` where the batch runs, and a start in which costs
    /// `start_usd`. Where two ways earn the same the batch stands still.
    pub fn plan(&mut self, net_usd: &[f64], start_usd: impl Fn(usize) -> f64, times: Times) -> Plan {
        let mut plan = Plan {
            choices: vec![0; net_usd.len()],
        };
        self.solve(net_usd, start_usd, times, |hour, choice| {
            plan.choices[hour] = choice;
        });
        plan
    }

    /// Whether a batch that is on (or off) and free to change runs in the first of the hours.
    pub fn runs_first(
        &mut self,
        on: bool,
        net_usd: &[f64],
        start_usd: impl Fn(usize) -> f64,
        times: Times,
    ) -> bool {
        let mut first = 0;
        self.solve(net_usd, start_usd, times, |_, choice| first = choice);
        first & if on { STAY } else { START } != 0
    }

    /// What the last plan earns for a batch that is on at the beginning, its minimum time served, in USD.
    pub fn best_usd(&self) -> f64 {
        self.on.first().copied().unwrap_or(0.0)
    }

    fn solve(
        &mut self,
        net_usd: &[f64],
        start_usd: impl Fn(usize) -> f64,
        times: Times,
        mut choose: impl FnMut(usize, u8),
    ) {
        let hours = net_usd.len();
        let (up, down) = (times.up.max(1) as usize, times.down.max(1) as usize);
        let ends = hours + up.max(down).min(hours) + 1;
        let (on, off) = (&mut self.on, &mut self.off);
        for values in [&mut *on, &mut *off] {
            values.truncate(ends);
            values.resize(ends, 0.0);
            // What a minimum time reaches beyond the last hour counts nothing; all before it is written.
            values[hours..].fill(0.0);
        }
        let (up, down) = (up.min(hours + 1), down.min(hours + 1));
        // What the next `up` hours earn, without a long prefix sum that would lose digits.
        let mut ahead = 0.0;
        let (mut on_next, mut off_next) = (0.0_f64, 0.0_f64);
        for hour in (0..hours).rev() {
            let net = net_usd[hour];
            ahead = if up == 1 {
                net
            } else {
                ahead + net - net_usd.get(hour + up).copied().unwrap_or(0.0)
            };
            let (stay, stop) = (net + on_next, off[hour + down]);
            let (wait, start) = (off_next, ahead - start_usd(hour) + on[hour + up]);
            let choice = if stay > stop { STAY } else { 0 } | if start > wait { START } else { 0 };
            choose(hour, choice);
            (on_next, off_next) = (stay.max(stop), wait.max(start));
            (on[hour], off[hour]) = (on_next, off_next);
        }
    }
}

/// Whether the hours of a billing month are worth the demand charge that running in any of them sets: the gain of the
/// hours that pay, USD, against the charge, USD. With prices known and a batch that nothing holds, all or nothing is
/// the optimum: the gain of a month is linear in the megawatts that run.
pub fn worth_its_peak(net_usd: impl Iterator<Item = f64>, charge_usd: f64) -> bool {
    charge_usd <= 0.0 || net_usd.map(|net| net.max(0.0)).sum::<f64>() > charge_usd
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::dispatch::oracle::{CAPACITY_MW, WORTH, prices};
    use crate::fleet::dispatch::{Operation, operate};
    use proptest::prelude::*;

    fn week() -> Vec<f64> {
        prices().iter().map(|p| (WORTH - p) * CAPACITY_MW).collect()
    }

    /// Best profit, hours on and starts of the reference week by an integer programme (`HiGHS`, gap 0).
    const ORACLE: [(f64, u32, u32, f64, usize, usize); 5] = [
        (0.0, 1, 1, 28_589.289_205_170_313, 112, 9),
        (500.0, 1, 1, 24_961.139_174_674_263, 123, 6),
        (500.0, 4, 4, 24_855.862_345_658_676, 118, 5),
        (3_000.0, 4, 4, 15_911.480_962_032_398, 139, 3),
        (1e7, 1, 1, 3_512.068_615_462_311_3, 11, 0),
    ];

    #[test]
    fn perfect_knowledge_reaches_the_optimum_of_the_integer_programme() {
        let net = week();
        for (start_usd, up, down, best, hours_on, starts) in ORACLE {
            let times = Times { up, down };
            let mut planner = Planner::default();
            let plan = planner.plan(&net, |_| start_usd, times);
            assert!((planner.best_usd() - best).abs() < 1e-6, "{}", planner.best_usd());
            let done = operate(&net, start_usd, times, Operation::Perfect(&plan));
            assert!((done.profit_usd - best).abs() < 1e-6, "{done:?}");
            assert_eq!((done.hours_on, done.starts), (hours_on, starts));
        }
    }

    #[test]
    fn the_plain_case_is_the_closed_form() {
        let net = week();
        let by_hand: f64 = net.iter().map(|n| n.max(0.0)).sum();
        let mut planner = Planner::default();
        planner.plan(&net, |_| 0.0, Times { up: 0, down: 0 });
        assert!((planner.best_usd() - by_hand).abs() < 1e-9);
        assert!((by_hand - 28_589.289_205_170_317).abs() < 1e-9);
        let always: f64 = net.iter().sum();
        assert!((always - -2_760.0).abs() < 1e-9);
    }

    #[test]
    fn a_demand_charge_is_all_or_nothing() {
        // Bounds of the linear programme: 10 MW at 0, 2,000 and one less than the gain of a megawatt; nothing at one more.
        let net = week();
        let gain: f64 = net.iter().map(|n| n.max(0.0)).sum();
        for (usd_per_mw, bound) in [
            (0.0, 28_589.289_205_170_32),
            (2_000.0, 8_589.289_205_170_32),
            (2_857.928_920_517_031_7, 10.000_000_000_003_638),
            (2_859.928_920_517_031_7, 0.0),
        ] {
            let charge = usd_per_mw * CAPACITY_MW;
            let earned = if worth_its_peak(net.iter().copied(), charge) {
                gain - charge
            } else {
                0.0
            };
            assert!((earned - bound).abs() < 1e-6, "{earned}, bound {bound}");
        }
    }

    #[test]
    fn less_knowledge_never_earns_more_and_its_regret_is_stated() {
        // By a separate script over the same prices; where nothing ties hours there is nothing to foresee.
        let by_hand = [
            0.0,
            1_803.964_978_207,
            2_950.339_688_984,
            1_906.286_159_163,
            6_272.068_615_462,
        ];
        let net = week();
        for ((start_usd, up, down, best, ..), by_hand) in ORACLE.into_iter().zip(by_hand) {
            let done = operate(&net, start_usd, Times { up, down }, Operation::Myopic);
            let regret = best - done.profit_usd;
            assert!((regret - by_hand).abs() < 1e-6, "{regret}");
        }
    }

    /// Every commitment of a few hours, tried one by one.
    fn by_trial(net: &[f64], start: f64, times: Times) -> f64 {
        let (up, down) = (times.up.max(1) as usize, times.down.max(1) as usize);
        let mut best = f64::NEG_INFINITY;
        'next: for mask in 0_u32..1 << net.len() {
            let on = |h: usize| mask >> h & 1 == 1;
            let (mut earned, mut was) = (0.0, true);
            for h in 0..net.len() {
                if on(h) != was {
                    let least = if on(h) { up } else { down };
                    if (h..(h + least).min(net.len())).any(|k| on(k) != on(h)) {
                        continue 'next;
                    }
                    earned -= if on(h) { start } else { 0.0 };
                }
                earned += if on(h) { net[h] } else { 0.0 };
                was = on(h);
            }
            best = best.max(earned);
        }
        best
    }

    proptest! {
        #[test]
        fn no_commitment_earns_more(
            net in proptest::collection::vec(-100.0f64..100.0, 1..11),
            start in 0.0f64..150.0, up in 0u32..5, down in 0u32..5,
        ) {
            let times = Times { up, down };
            let mut planner = Planner::default();
            let plan = planner.plan(&net, |_| start, times);
            let best = by_trial(&net, start, times);
            prop_assert!((planner.best_usd() - best).abs() < 1e-9, "{} and {}", planner.best_usd(), best);
            let done = operate(&net, start, times, Operation::Perfect(&plan));
            prop_assert!((done.profit_usd - best).abs() < 1e-9);
            let myopic = operate(&net, start, times, Operation::Myopic);
            prop_assert!(myopic.profit_usd <= best + 1e-9);
        }
    }
}
