//! One batch through time: on or off, since when, and what the operator does next.

use super::plan::{Plan, Planner, Times};

/// Hours for which a batch has been on before the first hour: longer than any minimum time.
const LONG: u32 = u32::MAX / 2;

/// A batch that is on or off, with what the rules remember.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unit {
    times: Times,
    on: bool,
    /// Whole hours since the last change.
    hours: u32,
    /// What running on has cost since it last paid, USD.
    behind_usd: f64,
}

impl Unit {
    /// A batch that is on and may change.
    pub const fn new(times: Times) -> Self {
        Self {
            times,
            on: true,
            hours: LONG,
            behind_usd: 0.0,
        }
    }
    /// Whether it is on.
    pub const fn is_on(&self) -> bool {
        self.on
    }
    /// Whether a minimum time holds it as it is.
    pub const fn is_held(&self) -> bool {
        self.hours < if self.on { self.times.up } else { self.times.down }
    }
    /// An hour has passed.
    pub const fn tick(&mut self) {
        self.hours = if self.hours < LONG { self.hours + 1 } else { LONG };
    }
    /// Takes note of what it does now; whether that is a start.
    pub const fn note(&mut self, runs: bool) -> bool {
        let started = runs && !self.on;
        if runs != self.on {
            self.on = runs;
            self.hours = 0;
            self.behind_usd = 0.0;
        }
        started
    }

    /// What an operator does who knows nothing but this hour, which earns `net_usd` where the batch runs: off, it
    /// starts as soon as that pays; on, it stops once the losses since mining last paid, this hour's among them, reach
    /// what a start costs. So it never loses more than a start before it stops (the rent-or-buy rule).
    pub fn runs_myopic(&mut self, net_usd: f64, start_usd: f64) -> bool {
        if self.on {
            self.behind_usd = (self.behind_usd - net_usd).max(0.0);
        }
        if self.is_held() {
            return self.on;
        }
        if self.on {
            net_usd > 0.0 || self.behind_usd < start_usd
        } else {
            net_usd > 0.0
        }
    }

    /// What a plan of the hours says.
    pub fn runs_planned(&self, plan: &Plan, hour: usize) -> bool {
        match (self.is_held(), self.on) {
            (true, on) => on,
            (false, true) => plan.stays(hour),
            (false, false) => plan.starts(hour),
        }
    }

    /// What the best commitment over the hours that the operator expects says, of which the first is this one.
    pub fn runs_expected(
        &self,
        planner: &mut Planner,
        net_usd: &[f64],
        start_usd: impl Fn(usize) -> f64,
    ) -> bool {
        if self.is_held() {
            return self.on;
        }
        planner.runs_first(self.on, net_usd, start_usd, self.times)
    }
}

/// Who decides.
#[derive(Debug)]
pub enum Operation<'a> {
    /// Knows this hour.
    Myopic,
    /// Knows every hour.
    Perfect(&'a Plan),
    /// Expects, in each hour, what the function writes for it and those that follow, USD.
    Expecting(fn(usize, &[f64], &mut Vec<f64>)),
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Done {
    /// Earned, less starts, USD.
    pub profit_usd: f64,
    /// Hours in which the batch ran.
    pub hours_on: usize,
    /// Starts.
    pub starts: usize,
}

impl Done {
    /// Counts an hour that earns `net_usd` where the batch runs.
    pub(super) fn count(&mut self, unit: &mut Unit, runs: bool, net_usd: f64, start_usd: f64) {
        if unit.note(runs) {
            self.starts += 1;
            self.profit_usd -= start_usd;
        }
        if runs {
            self.hours_on += 1;
            self.profit_usd += net_usd;
        }
    }
}

/// A batch that is on before the first of the hours, run through them.
pub fn operate(net_usd: &[f64], start_usd: f64, times: Times, mut by: Operation<'_>) -> Done {
    let mut unit = Unit::new(times);
    let (mut done, mut planner, mut expected) = (Done::default(), Planner::default(), Vec::new());
    for (hour, net) in net_usd.iter().enumerate() {
        unit.tick();
        let runs = match &mut by {
            Operation::Myopic => unit.runs_myopic(*net, start_usd),
            Operation::Perfect(plan) => unit.runs_planned(plan, hour),
            Operation::Expecting(expect) => {
                expect(hour, net_usd, &mut expected);
                unit.runs_expected(&mut planner, &expected, |_| start_usd)
            }
        };
        done.count(&mut unit, runs, *net, start_usd);
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_spike_is_ridden_through_and_a_long_one_is_not() {
        // Each dear hour loses 300, a restart costs 1,000: three hours are borne, in the fourth it would have
        // lost 1,200. Who knows that six come stops at once.
        let hours =
            |dear: usize| -> Vec<f64> { [vec![100.0; 5], vec![-300.0; dear], vec![100.0; 20]].concat() };
        let times = Times { up: 1, down: 1 };
        for (dear, myopic, perfect) in [(1, 2_200.0, 2_200.0), (3, 1_600.0, 1_600.0), (6, 600.0, 1_500.0)] {
            let net = hours(dear);
            let done = operate(&net, 1_000.0, times, Operation::Myopic);
            assert!((done.profit_usd - myopic).abs() < 1e-9, "{dear}: {done:?}");
            let plan = Planner::default().plan(&net, |_| 1_000.0, times);
            let best = operate(&net, 1_000.0, times, Operation::Perfect(&plan));
            assert!((best.profit_usd - perfect).abs() < 1e-9, "{dear}: {best:?}");
        }
    }

    #[test]
    fn minimum_times_hold() {
        let mut unit = Unit::new(Times { up: 3, down: 2 });
        assert!(!unit.is_held());
        unit.note(false);
        unit.tick();
        assert!(unit.is_held(), "off for one hour of two");
        unit.tick();
        assert!(!unit.is_held());
        assert!(unit.note(true), "a start");
        unit.tick();
        unit.tick();
        assert!(unit.is_held());
        unit.tick();
        assert!(!unit.is_held());
    }

    #[test]
    fn who_expects_what_comes_does_as_well_as_who_knows_it() {
        let net: Vec<f64> = (0..200).map(|h| f64::from((h * 7919) % 211) - 90.0).collect();
        let times = Times { up: 3, down: 2 };
        let plan = Planner::default().plan(&net, |_| 150.0, times);
        let expect = |hour: usize, net: &[f64], out: &mut Vec<f64>| {
            out.clear();
            out.extend_from_slice(&net[hour..]);
        };
        let knows = operate(&net, 150.0, times, Operation::Perfect(&plan));
        let expects = operate(&net, 150.0, times, Operation::Expecting(expect));
        assert!((knows.profit_usd - expects.profit_usd).abs() < 1e-9);
    }
}
