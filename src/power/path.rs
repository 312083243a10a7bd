//! The electrical path: transformers of the site, then UPS and distribution of a hall.
//!
//! Every element gives the upstream power for a downstream load and, exactly, the greatest downstream load for
//! an upstream limit. Losses depend on load: iron and copper in transformers, a measured curve in a UPS, a
//! share in distribution. Losses inside racks belong to the IT load; mining halls have no UPS.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::redundancy::{BlockFailureSpec, BlocksSpec, Level, Redundancy};
use crate::problem::{Check, FieldPath, Problems};

/// The site's transformers, in parallel and equally loaded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TransformerSpec {
    /// Number of transformers.
    pub count: u32,
    /// Rating of each, in megavolt-amperes.
    pub mva_each: f64,
    /// Loss of each while energised, in kilowatts.
    pub no_load_loss_kw: f64,
    /// Further loss of each at its rating, in kilowatts; it follows the square of load.
    pub full_load_loss_kw: f64,
    /// Active over apparent power of the load. Default 0.98 (assumption: power supplies with correction).
    #[serde(default = "default_power_factor")]
    pub power_factor: f64,
    /// How they fail: the site then has the rating of those that are up. Default: they do not; an empty table takes the
    /// published rates.
    #[serde(default)]
    pub failures: Option<BlockFailureSpec>,
}

fn default_power_factor() -> f64 {
    0.98
}

impl Check for TransformerSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        problems.within(&at.key("count"), f64::from(self.count), 1.0, 1_000.0);
        problems.within(&at.key("mva_each"), self.mva_each, 1e-3, 10_000.0);
        // Losses above a tenth of the rating are a slip of units, not a transformer.
        let most_kw = 100.0 * self.mva_each.max(0.0);
        problems.within(&at.key("no_load_loss_kw"), self.no_load_loss_kw, 0.0, most_kw);
        problems.within(&at.key("full_load_loss_kw"), self.full_load_loss_kw, 0.0, most_kw);
        problems.within(&at.key("power_factor"), self.power_factor, 0.1, 1.0);
        if let Some(failures) = &self.failures {
            failures.check(&at.key("failures"), problems);
        }
    }
}

/// Checked transformers: `upstream = load + iron + copper * load^2`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Transformers {
    iron_loss_mw: f64,
    copper_loss_per_mw2: f64,
    capacity_mw: f64,
    /// Number of transformers; zero for an ideal connection.
    count: u32,
    /// Of one: rating, iron loss, copper loss at rating, MW.
    each: [f64; 3],
}

impl Transformers {
    /// The transformers of a spec that has been checked.
    pub fn new(spec: &TransformerSpec) -> Self {
        let each = [
            spec.mva_each * spec.power_factor,
            spec.no_load_loss_kw * 1e-3,
            spec.full_load_loss_kw * 1e-3,
        ];
        let mut all = Self {
            count: spec.count,
            each,
            ..Self::ideal()
        };
        all.set_live(spec.count);
        all
    }
    /// Number of transformers; zero for an ideal connection.
    pub const fn count(&self) -> u32 {
        self.count
    }
    /// From now on so many are up; the load spreads over them.
    pub fn set_live(&mut self, live: u32) {
        let (live, [rating_mw, iron_mw, copper_mw]) = (f64::from(live.min(self.count)), self.each);
        self.capacity_mw = live * rating_mw;
        self.iron_loss_mw = live * iron_mw;
        self.copper_loss_per_mw2 = if live > 0.0 {
            live * copper_mw / (self.capacity_mw * self.capacity_mw)
        } else {
            0.0
        };
    }
    /// A connection without losses or limit, for sites that state no transformers.
    pub const fn ideal() -> Self {
        Self {
            iron_loss_mw: 0.0,
            copper_loss_per_mw2: 0.0,
            capacity_mw: f64::INFINITY,
            count: 0,
            each: [0.0; 3],
        }
    }
    /// The greatest downstream load at rating, in megawatts.
    pub const fn capacity_mw(&self) -> f64 {
        self.capacity_mw
    }
    /// Losses at a downstream load, in megawatts.
    pub fn losses_mw(&self, downstream_mw: f64) -> f64 {
        self.iron_loss_mw + self.copper_loss_per_mw2 * downstream_mw * downstream_mw
    }
    /// Upstream power for a downstream load, in megawatts.
    pub fn upstream_mw(&self, downstream_mw: f64) -> f64 {
        downstream_mw + self.losses_mw(downstream_mw)
    }
    /// The greatest downstream load within an upstream limit and the rating, in megawatts; never negative.
    pub fn downstream_mw(&self, upstream_mw: f64) -> f64 {
        self.unrated_downstream_mw(upstream_mw).min(self.capacity_mw)
    }
    /// The greatest downstream load within an upstream limit, whatever the rating, in megawatts; never negative.
    pub fn unrated_downstream_mw(&self, upstream_mw: f64) -> f64 {
        let rest = (upstream_mw - self.iron_loss_mw).max(0.0);
        // The root of a quadratic in the form that does not cancel.
        2.0 * rest / (1.0 + (1.0 + 4.0 * self.copper_loss_per_mw2 * rest).sqrt())
    }
}

/// The uninterruptible power supply of a hall.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum UpsSpec {
    /// None: mining halls, and loads that ride on their own batteries.
    None,
    /// Double conversion. Curve (sourced, 2026: public curve anchored to vendors' typical 95-96 %): 88 % at a
    /// tenth of rating, 92.5 % at a quarter, 95.5 % at half, 96.2 % at three quarters, 95.5 % at full.
    DoubleConversion {
        /// Rating of all modules that stand, in percent of the hall's design IT load. Default: each module carries its
        /// share of the design load, so `installed` over `needed` of `ups_blocks`: 100 with `n`, 125 with `n+1`, 200 with
        /// `2n`.
        #[serde(default)]
        rated_percent: Option<f64>,
    },
    /// Eco mode. Curve (sourced, 2025: vendors' 98.5-99.3 %): 98.8 % at a quarter, 99.0 % at half and full.
    Eco {
        /// Rating of all modules that stand, in percent of the hall's design IT load. Default: by `ups_blocks`, as of
        /// double conversion.
        #[serde(default)]
        rated_percent: Option<f64>,
    },
    /// A stated curve.
    Curve {
        /// Rating of all modules that stand, in percent of the hall's design IT load. Default: by `ups_blocks`, as of
        /// double conversion.
        #[serde(default)]
        rated_percent: Option<f64>,
        /// Efficiency over load, in increasing order of load.
        points: Vec<EfficiencyPointSpec>,
    },
}

/// Efficiency at one load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EfficiencyPointSpec {
    /// Load, in percent of rating.
    pub load_percent: f64,
    /// Output over input, in percent.
    pub efficiency_percent: f64,
}

/// Load shares of rating, each with an efficiency.
type Curve = Vec<(f64, f64)>;

/// Load share of rating and efficiency.
const DOUBLE_CONVERSION: [(f64, f64); 8] = [
    (0.1, 0.88),
    (0.2, 0.915),
    (0.3, 0.935),
    (0.4, 0.945),
    (0.5, 0.955),
    (0.6, 0.96),
    (0.75, 0.962),
    (1.0, 0.955),
];
/// Likewise in eco mode.
const ECO: [(f64, f64); 4] = [(0.25, 0.988), (0.5, 0.99), (0.75, 0.991), (1.0, 0.99)];

impl UpsSpec {
    /// Stated rating in percent of design IT load, and the curve; `None` without a UPS.
    fn curve(&self) -> Option<(Option<f64>, Curve)> {
        match self {
            Self::None => None,
            Self::DoubleConversion { rated_percent } => Some((*rated_percent, DOUBLE_CONVERSION.to_vec())),
            Self::Eco { rated_percent } => Some((*rated_percent, ECO.to_vec())),
            Self::Curve {
                rated_percent,
                points,
            } => {
                let share = |p: &EfficiencyPointSpec| (p.load_percent / 100.0, p.efficiency_percent / 100.0);
                Some((*rated_percent, points.iter().map(share).collect()))
            }
        }
    }
}

impl Check for UpsSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        let (rated, at) = match self {
            Self::None => return,
            Self::DoubleConversion { rated_percent } => (*rated_percent, at.key("double_conversion")),
            Self::Eco { rated_percent } => (*rated_percent, at.key("eco")),
            Self::Curve {
                rated_percent,
                points,
            } => {
                let at = at.key("curve");
                check_points(points, &at.key("points"), problems);
                (*rated_percent, at)
            }
        };
        if let Some(rated) = rated {
            problems.within(&at.key("rated_percent"), rated, 1.0, 1_000.0);
        }
    }
}

fn check_points(points: &[EfficiencyPointSpec], at: &FieldPath, problems: &mut Problems) {
    if points.is_empty() {
        problems.error(at, "a curve needs at least one point");
    }
    for (index, point) in points.iter().enumerate() {
        let here = at.index(index);
        problems.within(&here.key("load_percent"), point.load_percent, 0.1, 200.0);
        problems.within(
            &here.key("efficiency_percent"),
            point.efficiency_percent,
            1.0,
            100.0,
        );
        let before = index.checked_sub(1).map(|i| &points[i]);
        if before.is_some_and(|b| b.load_percent >= point.load_percent) {
            problems.error(
                &here.key("load_percent"),
                "loads must increase from point to point",
            );
        }
        // Input must rise with output, or a limit on input would not have one answer.
        let input = |p: &EfficiencyPointSpec| p.load_percent / p.efficiency_percent;
        if before.is_some_and(|b| input(b) >= input(point)) {
            problems.error(
                &here.key("efficiency_percent"),
                "the input power falls as load rises",
            );
        }
    }
}

/// What stands between a hall's feed and its racks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ElectricalPathSpec {
    /// The uninterruptible power supply.
    pub ups: UpsSpec,
    /// Loss in busways, distribution transformers and cables, in percent of what enters them. Default 1.5
    /// (assumption: 0.5 to 3; a source gives 0 to 5).
    pub distribution_loss_percent: f64,
    /// Modules of the UPS. Load spreads evenly over those that are up, so that a `2n` hall runs at half the load of an `n`
    /// hall, and at another point of the curve; with fewer up than needed the hall carries less.
    pub ups_blocks: BlocksSpec,
    /// Feeders of the hall: breaker, cable and switchgear. With fewer up than needed the hall carries less, with none it
    /// is dark.
    pub feeders: BlocksSpec,
}

impl Default for ElectricalPathSpec {
    fn default() -> Self {
        Self {
            ups: UpsSpec::DoubleConversion { rated_percent: None },
            distribution_loss_percent: 1.5,
            ups_blocks: BlocksSpec::default(),
            feeders: BlocksSpec::default(),
        }
    }
}

impl ElectricalPathSpec {
    /// The path of a mining hall: distribution alone.
    pub fn mining() -> Self {
        Self {
            ups: UpsSpec::None,
            ..Self::default()
        }
    }
}

impl Check for ElectricalPathSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        self.ups.check(&at.key("ups"), problems);
        problems.within(
            &at.key("distribution_loss_percent"),
            self.distribution_loss_percent,
            0.0,
            50.0,
        );
        self.ups_blocks.check(&at.key("ups_blocks"), problems);
        self.feeders.check(&at.key("feeders"), problems);
    }
}

/// Blocks of a level, and those of them that are up.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Live {
    needed: u32,
    installed: u32,
    up: u32,
    failures: Option<BlockFailureSpec>,
}

impl Live {
    fn new(spec: &BlocksSpec, level: Level, redundancy: Redundancy) -> Self {
        let (needed, installed) = spec.counts(level, redundancy);
        Self {
            needed,
            installed,
            up: installed,
            failures: spec.failures,
        }
    }
    /// Share of what stands that is up.
    fn share(self) -> f64 {
        f64::from(self.up) / f64::from(self.installed)
    }
    /// Share of the design load that those up carry; infinite while enough are.
    fn carried(self) -> f64 {
        if self.up >= self.needed {
            f64::INFINITY
        } else {
            f64::from(self.up) / f64::from(self.needed)
        }
    }
}

/// A checked path of one hall.
#[derive(Debug, Clone, PartialEq)]
pub struct ElectricalPath {
    /// Output and input of all modules of the UPS in megawatts at the knots of the curve; empty without one.
    knots: Vec<(f64, f64)>,
    /// Share of what enters distribution that arrives.
    passed: f64,
    design_mw: f64,
    ups: Live,
    feeders: Live,
}

impl ElectricalPath {
    /// The path of a spec that has been checked, in a hall of a design IT load and a redundancy.
    pub fn new(spec: &ElectricalPathSpec, design_mw: f64, redundancy: Redundancy) -> Self {
        let ups = Live::new(&spec.ups_blocks, Level::Ups, redundancy);
        let rated = 100.0 * f64::from(ups.installed) / f64::from(ups.needed);
        let knots = spec.ups.curve().map_or_else(Vec::new, |(stated, curve)| {
            knots(&curve, design_mw * stated.unwrap_or(rated) / 100.0)
        });
        Self {
            knots,
            passed: 1.0 - spec.distribution_loss_percent / 100.0,
            design_mw,
            ups,
            feeders: Live::new(&spec.feeders, Level::Feeder, redundancy),
        }
    }
    /// Blocks of a level that stand.
    pub const fn installed(&self, level: Level) -> u32 {
        match level {
            Level::Ups => self.ups.installed,
            Level::Feeder | Level::Transformer => self.feeders.installed,
        }
    }
    /// How blocks of a level fail; `None` where they do not, or there are none.
    pub fn failures(&self, level: Level) -> Option<BlockFailureSpec> {
        match level {
            Level::Ups if self.knots.is_empty() => None,
            Level::Ups => self.ups.failures,
            Level::Feeder | Level::Transformer => self.feeders.failures,
        }
    }
    /// From now on so many blocks of a level are up.
    pub fn set_live(&mut self, level: Level, live: u32) {
        match level {
            Level::Ups => self.ups.up = live,
            Level::Feeder | Level::Transformer => self.feeders.up = live,
        }
    }
    /// Whether a UPS carries the load through the first seconds of an outage.
    pub fn has_ups(&self) -> bool {
        !self.knots.is_empty() && self.ups.up > 0
    }
    /// The greatest IT load that the blocks that are up may carry, in megawatts; infinite without a UPS while enough feeders
    /// are up.
    pub fn capacity_mw(&self) -> f64 {
        let by_ups = self.knots.last().map_or(f64::INFINITY, |(output, _)| {
            output * self.ups.share() * self.passed
        });
        let by_feeders = self.feeders.carried();
        if by_feeders.is_finite() {
            by_ups.min(by_feeders * self.design_mw)
        } else {
            by_ups
        }
    }
    /// Power at the hall's feed for an IT load, in megawatts: each module carries an equal part.
    pub fn upstream_mw(&self, it_mw: f64) -> f64 {
        let share = if self.ups.up > 0 { self.ups.share() } else { 1.0 };
        interpolate(&self.knots, it_mw.max(0.0) / self.passed / share, |k| *k) * share
    }
    /// Losses on the way, in megawatts.
    pub fn losses_mw(&self, it_mw: f64) -> f64 {
        self.upstream_mw(it_mw) - it_mw.max(0.0)
    }
    /// The greatest IT load within a limit at the hall's feed and the rating, in megawatts; never negative.
    pub fn downstream_mw(&self, upstream_mw: f64) -> f64 {
        let share = if self.ups.up > 0 { self.ups.share() } else { 1.0 };
        let idle_mw = self.knots.first().map_or(0.0, |(_, input)| *input);
        if upstream_mw <= idle_mw * share {
            return 0.0;
        }
        let output = interpolate(&self.knots, upstream_mw / share, |(output, input)| {
            (*input, *output)
        });
        (output * share * self.passed).min(self.capacity_mw())
    }
}

/// Output and input at zero load, each point and full rating: loss is linear between points, and below the
/// first it keeps the slope of the first two (never below zero).
fn knots(curve: &[(f64, f64)], rated_mw: f64) -> Vec<(f64, f64)> {
    let loss = |(load, efficiency): (f64, f64)| load * (1.0 / efficiency - 1.0);
    let first = curve[0];
    let idle = match curve.get(1) {
        Some(second) => {
            let slope = (loss(*second) - loss(first)) / (second.0 - first.0);
            (loss(first) - slope * first.0).clamp(0.0, loss(first))
        }
        None => 0.0,
    };
    let mut knots = vec![(0.0, idle * rated_mw)];
    knots.extend(
        curve
            .iter()
            .map(|p| (p.0 * rated_mw, (p.0 + loss(*p)) * rated_mw)),
    );
    let last = curve[curve.len() - 1];
    if last.0 < 1.0 {
        // Efficiency holds from the last point on.
        knots.push((rated_mw, rated_mw / last.1));
    } else {
        knots.retain(|(output, _)| *output <= rated_mw * (1.0 + 1e-12));
    }
    knots
}

/// The piecewise-linear function through `axes` of the knots, extended by its last slope; the identity
/// without knots.
fn interpolate(knots: &[(f64, f64)], x: f64, axes: impl Fn(&(f64, f64)) -> (f64, f64)) -> f64 {
    if knots.len() < 2 {
        return x;
    }
    let upper = (1..knots.len() - 1)
        .find(|i| axes(&knots[*i]).0 >= x)
        .unwrap_or(knots.len() - 1);
    let ((x0, y0), (x1, y1)) = (axes(&knots[upper - 1]), axes(&knots[upper]));
    y0 + (y1 - y0) * (x - x0) / (x1 - x0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{ProptestConfig, prop_assert, proptest};

    fn substation() -> Transformers {
        Transformers::new(&TransformerSpec {
            count: 2,
            mva_each: 80.0,
            no_load_loss_kw: 45.0,
            full_load_loss_kw: 320.0,
            power_factor: 1.0,
            failures: None,
        })
    }

    #[test]
    fn transformers_lose_iron_always_and_copper_by_the_square_of_load() {
        let t = substation();
        assert!((t.losses_mw(0.0) - 0.09).abs() < 1e-15);
        assert!((t.losses_mw(160.0) - (0.09 + 0.64)).abs() < 1e-12);
        assert!((t.losses_mw(80.0) - (0.09 + 0.16)).abs() < 1e-12);
        // A large power transformer is published at 99.5-99.7 % at half load.
        let efficiency = 80.0 / t.upstream_mw(80.0);
        assert!((0.995..0.998).contains(&efficiency), "{efficiency}");
    }

    #[test]
    fn a_double_conversion_ups_gives_the_published_efficiencies_at_its_points() {
        let spec = ElectricalPathSpec {
            ups: UpsSpec::DoubleConversion {
                rated_percent: Some(100.0),
            },
            distribution_loss_percent: 0.0,
            ..ElectricalPathSpec::default()
        };
        let path = ElectricalPath::new(&spec, 10.0, Redundancy::NPlusOne);
        for (share, efficiency) in DOUBLE_CONVERSION {
            assert!(
                (share * 10.0 / path.upstream_mw(share * 10.0) - efficiency).abs() < 1e-12,
                "{share}"
            );
        }
        assert!(path.losses_mw(0.0) > 0.0, "an idle UPS still converts");
        assert_eq!(path.capacity_mw(), 10.0);
        assert_eq!(path.downstream_mw(1e9), 10.0);
    }

    #[test]
    fn two_n_runs_both_halves_at_half_load() {
        let path = |redundancy| {
            let spec = ElectricalPathSpec {
                distribution_loss_percent: 0.0,
                ..ElectricalPathSpec::default()
            };
            ElectricalPath::new(&spec, 10.0, redundancy)
        };
        // At 10 MW: N at full load, 95.5 %; N+1 at 80 %, between 96.2 % at 75 and 95.5 % at full; 2N at half, 95.5 %.
        let loss = |share: f64, efficiency: f64| share * (1.0 / efficiency - 1.0);
        assert!((path(Redundancy::N).losses_mw(10.0) - 10.0 * loss(1.0, 0.955)).abs() < 1e-12);
        let between = loss(0.75, 0.962) + 0.2 * (loss(1.0, 0.955) - loss(0.75, 0.962));
        assert!((path(Redundancy::NPlusOne).losses_mw(10.0) - 12.5 * between).abs() < 1e-12);
        assert!((path(Redundancy::TwoN).losses_mw(10.0) - 20.0 * loss(0.5, 0.955)).abs() < 1e-12);
        // At 4 MW: N at 40 %, 94.5 %; 2N at 20 %, 91.5 %: reserve costs losses at part load.
        assert!((path(Redundancy::N).losses_mw(4.0) - 10.0 * loss(0.4, 0.945)).abs() < 1e-12);
        assert!((path(Redundancy::TwoN).losses_mw(4.0) - 20.0 * loss(0.2, 0.915)).abs() < 1e-12);
    }

    #[test]
    fn lost_modules_load_the_others_and_then_cut_the_hall() {
        let spec = ElectricalPathSpec {
            distribution_loss_percent: 0.0,
            ..ElectricalPathSpec::default()
        };
        let mut path = ElectricalPath::new(&spec, 10.0, Redundancy::NPlusOne);
        assert_eq!((path.installed(Level::Ups), path.capacity_mw()), (5, 12.5));
        path.set_live(Level::Ups, 4);
        assert_eq!(path.capacity_mw(), 10.0);
        assert!((path.losses_mw(10.0) - 10.0 * (1.0 / 0.955 - 1.0)).abs() < 1e-12);
        assert!((path.downstream_mw(path.upstream_mw(7.0)) - 7.0).abs() < 1e-9);
        path.set_live(Level::Ups, 3);
        assert_eq!(path.capacity_mw(), 7.5);
        path.set_live(Level::Ups, 0);
        assert_eq!((path.capacity_mw(), path.downstream_mw(5.0)), (0.0, 0.0));
        let mut feeder = ElectricalPath::new(&spec, 10.0, Redundancy::N);
        feeder.set_live(Level::Feeder, 0);
        assert_eq!(feeder.capacity_mw(), 0.0);
    }

    #[test]
    fn a_transformer_down_takes_its_rating_and_its_iron_and_loads_the_others() {
        let mut t = substation();
        t.set_live(1);
        assert_eq!(t.capacity_mw(), 80.0);
        assert!((t.losses_mw(80.0) - (0.045 + 0.32)).abs() < 1e-12);
        t.set_live(0);
        assert_eq!(
            (t.capacity_mw(), t.losses_mw(0.0), t.downstream_mw(50.0)),
            (0.0, 0.0, 0.0)
        );
        t.set_live(2);
        assert_eq!(t, substation());
    }

    #[test]
    fn a_mining_hall_loses_its_distribution_share_only() {
        let path = ElectricalPath::new(&ElectricalPathSpec::mining(), 20.0, Redundancy::N);
        assert!((path.upstream_mw(19.7) - 20.0).abs() < 1e-12);
        assert_eq!(path.losses_mw(0.0), 0.0);
        assert!((path.downstream_mw(20.0) - 19.7).abs() < 1e-12);
        assert_eq!(path.capacity_mw(), f64::INFINITY);
    }

    #[test]
    fn a_limit_below_what_idles_leaves_nothing() {
        assert_eq!(substation().downstream_mw(0.05), 0.0);
        let path = ElectricalPath::new(&ElectricalPathSpec::default(), 10.0, Redundancy::NPlusOne);
        assert_eq!(path.downstream_mw(0.01), 0.0);
    }

    #[test]
    fn the_default_path_of_a_data_hall_loses_four_to_seven_percent() {
        let path = ElectricalPath::new(&ElectricalPathSpec::default(), 20.0, Redundancy::NPlusOne);
        let share = path.losses_mw(18.0) / 18.0;
        assert!((0.04..0.07).contains(&share), "{share}");
    }

    #[test]
    fn bad_curves_are_refused_with_their_place() {
        let point = |load_percent, efficiency_percent| EfficiencyPointSpec {
            load_percent,
            efficiency_percent,
        };
        let ups = UpsSpec::Curve {
            rated_percent: Some(100.0),
            points: vec![point(50.0, 95.0), point(40.0, 96.0)],
        };
        let mut problems = Problems::new();
        ups.check(&FieldPath::root().key("ups"), &mut problems);
        assert!(problems.has_errors());
        assert_eq!(
            problems.as_slice()[0].path.to_string(),
            "ups.curve.points[1].load_percent"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn the_inverse_is_exact(load in 0.0_f64..150.0, share in 0.0_f64..1.0) {
            let t = substation();
            prop_assert!((t.downstream_mw(t.upstream_mw(load)) - load).abs() < 1e-9);
            let path = ElectricalPath::new(&ElectricalPathSpec::default(), 20.0, Redundancy::NPlusOne);
            let it = share * path.capacity_mw();
            prop_assert!((path.downstream_mw(path.upstream_mw(it)) - it).abs() < 1e-9);
        }
    }
}
