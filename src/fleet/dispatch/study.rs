//! One load against one list of prices: what each kind of foresight earns, and what perfect knowledge would.

use super::foresee::Forecaster;
use super::plan::{Planner, Times, worth_its_peak};
use super::unit::{Done, Operation, Unit, operate};

/// A load that may stand still.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// Cost of energy in each hour, USD/MWh.
    pub prices: Vec<f64>,
    /// What a megawatt-hour earns, USD.
    pub worth_usd_per_mwh: f64,
    /// Power where it runs, MW.
    pub mw: f64,
    /// What a start costs, USD.
    pub start_usd: f64,
    /// Minimum times.
    pub times: Times,
    /// Charge on the highest power of all the hours, USD/MW.
    pub charge_usd_per_mw: f64,
}

/// What each earned; the profit is less starts and charge.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Study {
    /// Every hour known: the optimum.
    pub perfect: Done,
    /// Expected as the forecaster does.
    pub forecast: Done,
    /// This hour known; the charge spread over the hours left until it is paid.
    pub myopic: Done,
    /// Never stops.
    pub always: Done,
}

impl Case {
    fn nets(&self) -> Vec<f64> {
        self.prices.iter().map(|p| self.net(*p)).collect()
    }
    fn net(&self, price: f64) -> f64 {
        (self.worth_usd_per_mwh - price) * self.mw
    }
    fn charge_usd(&self) -> f64 {
        self.charge_usd_per_mw * self.mw
    }
    /// The charge taken off what has run at all.
    fn charged(&self, mut done: Done) -> Done {
        if done.hours_on > 0 {
            done.profit_usd -= self.charge_usd();
        }
        done
    }

    /// Runs the case by every kind of foresight. The load is on before the first hour, its minimum time served.
    pub fn study(&self, forecaster: &Forecaster, look_ahead_hours: usize) -> Study {
        let nets = self.nets();
        let plan = Planner::default().plan(&nets, |_| self.start_usd, self.times);
        let planned = operate(&nets, self.start_usd, self.times, Operation::Perfect(&plan));
        let perfect = self.charged(planned);
        Study {
            // One charge for all hours: to pay it once and do the best, or to stand still throughout.
            perfect: if perfect.profit_usd > 0.0 {
                perfect
            } else {
                Done::default()
            },
            forecast: self.charged(self.forecast(&nets, forecaster, look_ahead_hours)),
            myopic: self.charged(self.myopic(&nets)),
            always: self.charged(Done {
                profit_usd: nets.iter().sum(),
                hours_on: nets.len(),
                starts: 0,
            }),
        }
    }

    fn myopic(&self, nets: &[f64]) -> Done {
        let mut done = Done::default();
        let mut unit = Unit::new(self.times);
        for (hour, net) in nets.iter().enumerate() {
            unit.tick();
            let unpaid = if done.hours_on == 0 {
                self.charge_usd()
            } else {
                0.0
            };
            let seen = net - unpaid / (nets.len() - hour) as f64;
            let runs = unit.runs_myopic(seen, self.start_usd);
            done.count(&mut unit, runs, *net, self.start_usd);
        }
        done
    }

    fn forecast(&self, nets: &[f64], forecaster: &Forecaster, look_ahead_hours: usize) -> Done {
        let (mut done, mut unit, mut planner) = (Done::default(), Unit::new(self.times), Planner::default());
        let mut expected = Vec::new();
        let mut bar_usd = 0.0;
        for (hour, net) in nets.iter().enumerate() {
            unit.tick();
            let known = forecaster.known_until(hour);
            let of = |h: usize| self.net(forecaster.expected(known, h));
            if hour == 0 && !worth_its_peak((0..nets.len()).map(of), self.charge_usd()) {
                bar_usd = self.charge_usd();
            }
            expected.clear();
            expected.extend((hour..(hour + look_ahead_hours).min(nets.len())).map(|h| of(h) - bar_usd));
            let runs = unit.runs_expected(&mut planner, &expected, |_| self.start_usd);
            done.count(&mut unit, runs, *net, self.start_usd);
        }
        done
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::dispatch::oracle::{CAPACITY_MW, WORTH, prices};

    fn case(start_usd: f64, charge_usd_per_mw: f64) -> Study {
        let case = Case {
            prices: prices(),
            worth_usd_per_mwh: WORTH,
            mw: CAPACITY_MW,
            start_usd,
            times: Times { up: 1, down: 1 },
            charge_usd_per_mw,
        };
        let hours = (0..168).map(|h| (h % 24) as u8).collect();
        case.study(&Forecaster::new(prices(), hours, Vec::new(), (28, 14)), 72)
    }

    #[test]
    fn nobody_earns_more_than_the_bound() {
        for (start, charge, bound) in [
            (0.0, 0.0, 28_589.289_205_170_32),
            (500.0, 0.0, 24_961.139_174_674_263),
            (0.0, 2_000.0, 8_589.289_205_170_32),
            (0.0, 2_857.928_920_517_031_7, 10.000_000_000_003_638),
            (0.0, 2_859.928_920_517_031_7, 0.0),
        ] {
            let study = case(start, charge);
            assert!((study.perfect.profit_usd - bound).abs() < 1e-6, "{study:?}");
            for less in [study.forecast, study.myopic, study.always] {
                assert!(less.profit_usd <= bound + 1e-6, "{study:?}");
            }
        }
        assert_eq!(case(0.0, 0.0).always.profit_usd.round(), -2_760.0);
        let (free, tied) = (case(0.0, 0.0), case(500.0, 0.0));
        assert!((free.myopic.profit_usd - free.perfect.profit_usd).abs() < 1e-6);
        assert!(tied.forecast.profit_usd > tied.myopic.profit_usd, "{tied:?}");
    }
}
