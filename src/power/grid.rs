//! The grid connection: import limit over time, transformers, curtailment.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::curtailment::{CurtailmentSpec, Order};
use super::outage::OutagesSpec;
use super::path::{TransformerSpec, Transformers};
use crate::problem::{Check, FieldPath, Problems};
use crate::random::streams::Stream;
use crate::series::Steps;
use crate::time::{Calendar, SimTime, parse_date};
use crate::units::Power;

/// A site's grid connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GridSpec {
    /// The most that may be imported, in steps by date; nothing before the first.
    pub import_limit_mw: Vec<ImportStepSpec>,
    /// The site's transformers. Default: none stated, no losses and no limit.
    #[serde(default)]
    pub transformers: Option<TransformerSpec>,
    /// Orders of the grid operator to import less. Default: none.
    #[serde(default)]
    pub curtailment: CurtailmentSpec,
    /// Outages of the connection. Default: none; an empty table takes the stated rates.
    #[serde(default)]
    pub outages: Option<OutagesSpec>,
}

/// A step of the import limit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportStepSpec {
    /// The date from which it holds, from midnight in the site's time.
    pub from: String,
    /// The most that may be imported, in megawatts.
    pub mw: f64,
}

impl GridSpec {
    /// The orders of one replication within `[from, to)`. Calls concern the site while its connection is large enough.
    pub fn orders(
        &self,
        calendar: &Calendar,
        (from, to): (SimTime, SimTime),
        rng: &mut Stream,
    ) -> Vec<Order> {
        let smallest = self
            .curtailment
            .calls
            .as_ref()
            .map_or(0.0, |c| c.connection_mw_min);
        let grid = Grid::new(self, calendar);
        let concerns = |at: SimTime| grid.connection(at).as_mw() >= smallest;
        self.curtailment.draw(calendar, (from, to), concerns, rng)
    }
}

impl Check for GridSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        let steps = at.key("import_limit_mw");
        if self.import_limit_mw.is_empty() {
            problems.error(
                &steps,
                "a site needs an import limit, such as `[{ from = \"2026-01-01\", mw = 100 }]`",
            );
        }
        let mut last = None;
        for (index, step) in self.import_limit_mw.iter().enumerate() {
            let here = steps.index(index);
            problems.within(&here.key("mw"), step.mw, 0.0, 100_000.0);
            match parse_date(&step.from) {
                None => problems.error(
                    &here.key("from"),
                    format!("`{}` is not a date such as `2026-01-01`", step.from),
                ),
                Some(date) if last.is_some_and(|l| date <= l) => {
                    problems.error(&here.key("from"), "steps must be in increasing order of date");
                }
                date => last = date,
            }
        }
        if let Some(transformers) = &self.transformers {
            transformers.check(&at.key("transformers"), problems);
        }
        self.curtailment.check(&at.key("curtailment"), problems);
        if let Some(outages) = &self.outages {
            outages.check(&at.key("outages"), problems);
        }
    }
}

/// A checked connection. The meter stands on the grid's side of the transformers.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    import_limit_mw: Steps,
    /// The site's transformers.
    pub transformers: Transformers,
}

impl Grid {
    /// The connection of a spec that has been checked.
    pub fn new(spec: &GridSpec, calendar: &Calendar) -> Self {
        let point = |s: &ImportStepSpec| Some((calendar.start_of(parse_date(&s.from)?)?, s.mw));
        let points = spec.import_limit_mw.iter().filter_map(point).collect();
        let transformers = spec.transformers.as_ref();
        Self {
            import_limit_mw: Steps::new(0.0, points),
            transformers: transformers.map_or_else(Transformers::ideal, Transformers::new),
        }
    }
    /// The most that may be imported at the meter by connection and transformers, orders aside.
    pub fn import_limit(&self, time: SimTime) -> Power {
        let by_transformers = self.transformers.upstream_mw(self.transformers.capacity_mw());
        let by_connection = self.import_limit_mw.at(time);
        // An ideal connection has no rating, and infinity times zero has no value.
        Power::from_mw(if by_transformers.is_finite() {
            by_connection.min(by_transformers)
        } else {
            by_connection
        })
    }
    /// The most that may be imported by the connection's steps alone.
    pub fn connection(&self, time: SimTime) -> Power {
        Power::from_mw(self.import_limit_mw.at(time))
    }
    /// The next instant after `time` at which the connection's limit changes.
    pub fn next_change(&self, time: SimTime) -> Option<SimTime> {
        self.import_limit_mw.next_change(time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = r#"
        import_limit_mw = [{ from = "2026-01-01", mw = 100 }, { from = "2028-06-01", mw = 140 }]
        transformers = { count = 2, mva_each = 80, no_load_loss_kw = 45, full_load_loss_kw = 320 }
    "#;

    #[test]
    fn the_limit_steps_at_local_midnight() {
        let calendar = Calendar::of_zone("America/Chicago").unwrap();
        let grid = Grid::new(&toml::from_str(EXAMPLE).unwrap(), &calendar);
        let step = calendar.start_of(parse_date("2028-06-01").unwrap()).unwrap();
        let before = step + crate::time::Span::from_seconds(-1);
        assert_eq!(grid.import_limit(before).as_mw(), 100.0);
        assert_eq!(grid.import_limit(step).as_mw(), 140.0);
        assert_eq!(grid.next_change(before), Some(step));
        assert_eq!(grid.import_limit(SimTime::from_unix_s(0)).as_mw(), 0.0);
    }

    #[test]
    fn small_transformers_limit_a_large_connection() {
        let mut spec: GridSpec = toml::from_str(EXAMPLE).unwrap();
        spec.transformers.as_mut().unwrap().count = 1;
        let grid = Grid::new(&spec, &Calendar::utc());
        let limit = grid.import_limit(SimTime::from_unix_s(2_000_000_000)).as_mw();
        assert!((limit - (78.4 + 0.045 + 0.32)).abs() < 1e-9, "{limit}");
        spec.transformers = None;
        let ideal = Grid::new(&spec, &Calendar::utc());
        assert_eq!(
            ideal.import_limit(SimTime::from_unix_s(2_000_000_000)).as_mw(),
            140.0
        );
    }

    #[test]
    fn every_bad_step_is_named() {
        let bad = r#"import_limit_mw = [{ from = "2028-01-01", mw = -1 }, { from = "2027-01-01", mw = 5 }, { from = "soon", mw = 5 }]"#;
        let spec: GridSpec = toml::from_str(bad).unwrap();
        let mut problems = Problems::new();
        spec.check(&FieldPath::root().key("grid"), &mut problems);
        let paths: Vec<_> = problems.as_slice().iter().map(|p| p.path.to_string()).collect();
        assert_eq!(
            paths,
            [
                "grid.import_limit_mw[0].mw",
                "grid.import_limit_mw[1].from",
                "grid.import_limit_mw[2].from"
            ]
        );
    }
}
