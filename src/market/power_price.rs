//! An hourly power price as a scenario writes it, and one path of it a replication.
//!
//! A price comes from a file (replayed, or its weeks redrawn), from a fitted process, from another price with a
//! spread, or is one number. Adjustments lie on top and say what if.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::price_catalogue::{PRESETS, SPREADS, preset, spread_preset};
use super::price_format::{PriceFormat, PriceSeries};
use super::price_process::{Heat, PriceProcess};
use super::price_spread::Spread;
use crate::id::Name;
use crate::ingest::weeks::{BASE_HOURS_MIN, not_replayed, replay};
use crate::ingest::{BaseSpan, GapPolicy, HourAxis, WeekMap};
use crate::problem::{Check, FieldPath, Problems};
use crate::random::Streams;
use crate::series::Regular;
use crate::time::{Calendar, Span, parse_date};

/// Most adjustments of one price.
const ADJUSTMENTS_MAX: usize = 1_000;
/// Prices beyond this are refused, USD/MWh.
const PRICE_MAX: f64 = 100_000.0;

/// An hourly power price that contracts can refer to. Exactly one of `series`, `process` and `fixed_usd_per_mwh`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PowerPriceSpec {
    /// A file of prices.
    #[serde(default)]
    pub series: Option<PriceSeriesSpec>,
    /// A random process.
    #[serde(default)]
    pub process: Option<PriceProcessSpec>,
    /// One price for all hours, USD/MWh.
    #[serde(default)]
    pub fixed_usd_per_mwh: Option<f64>,
    /// How a file's years become the horizon; weeks redrawn within their season by default.
    #[serde(default)]
    pub extend: ExtendSpec,
    /// What-if changes on top, in order.
    #[serde(default)]
    pub adjustments: Vec<PriceAdjustmentSpec>,
}

/// A file of prices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PriceSeriesSpec {
    /// Path of the file; `data:` stands for the data folder.
    pub file: String,
    /// Its layout; `native` by default.
    #[serde(default)]
    pub format: PriceFormat,
    /// The column to read where the layout has several, such as `rtm_lmp`.
    #[serde(default)]
    pub column: Option<String>,
    /// What to do with gaps; `refuse` by default.
    #[serde(default)]
    pub gaps: GapPolicy,
    /// What one unit of the file's currency is worth in USD, such as 1.08 for a file in EUR; without it amounts are
    /// taken for USD. From 0.000001 to 1000000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usd_per_unit: Option<f64>,
}

/// How a series becomes as long as the horizon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExtendSpec {
    /// Whole weeks are redrawn in each replication.
    ResampleWeeks(ResampleWeeksSpec),
    /// The same dates again, year after year, in every replication.
    Replayed,
}

impl Default for ExtendSpec {
    fn default() -> Self {
        Self::ResampleWeeks(ResampleWeeksSpec::default())
    }
}

/// How weeks are redrawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResampleWeeksSpec {
    /// Whether a week comes from within two weeks of its own season (true by default).
    #[serde(default = "yes")]
    pub keep_season: bool,
}

fn yes() -> bool {
    true
}

impl Default for ResampleWeeksSpec {
    fn default() -> Self {
        Self { keep_season: true }
    }
}

/// A random price.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PriceProcessSpec {
    /// A process fitted to a market.
    Fitted(FittedPriceSpec),
    /// Another price of this scenario and a fitted spread.
    SpreadOver(SpreadOverSpec),
}

/// A process fitted to a market.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FittedPriceSpec {
    /// Its name in the catalogue, such as `ercot-hub-2022-2024`.
    pub preset: String,
    /// Multiplies every price; 1 by default.
    #[serde(default = "one")]
    pub level_factor: f64,
}

fn one() -> f64 {
    1.0
}

/// Another price and a spread.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpreadOverSpec {
    /// The price underneath.
    pub price: Name,
    /// The spread's name in the catalogue, such as `ercot-west-2024`.
    pub preset: String,
}

/// A change of the price between two dates. Exactly one of `add_usd_per_mwh` and `set_usd_per_mwh`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PriceAdjustmentSpec {
    /// First day, in the first site's zone.
    pub from: String,
    /// Day after the last.
    pub to: String,
    /// Added to the price, USD/MWh.
    #[serde(default)]
    pub add_usd_per_mwh: Option<f64>,
    /// Put in the price's place, USD/MWh.
    #[serde(default)]
    pub set_usd_per_mwh: Option<f64>,
}

impl Check for PowerPriceSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        let given = [
            self.series.is_some(),
            self.process.is_some(),
            self.fixed_usd_per_mwh.is_some(),
        ];
        if given.iter().filter(|g| **g).count() != 1 {
            problems.error(
                at,
                "expected exactly one of `series`, `process` and `fixed_usd_per_mwh`",
            );
        }
        if self.series.as_ref().is_some_and(|series| series.file.is_empty()) {
            problems.error(&at.key("series").key("file"), "a file must be named");
        }
        if let Some(rate) = self.series.as_ref().and_then(|series| series.usd_per_unit) {
            problems.within(&at.key("series").key("usd_per_unit"), rate, 1e-6, 1e6);
        }
        if let Some(price) = self.fixed_usd_per_mwh {
            problems.within(&at.key("fixed_usd_per_mwh"), price, -PRICE_MAX, PRICE_MAX);
        }
        if let Some(process) = &self.process {
            process.check(&at.key("process"), problems);
        }
        if self.adjustments.len() > ADJUSTMENTS_MAX {
            problems.error(
                &at.key("adjustments"),
                format!("at most {ADJUSTMENTS_MAX} adjustments"),
            );
        }
        for (index, adjustment) in self.adjustments.iter().enumerate() {
            adjustment.check(&at.key("adjustments").index(index), problems);
        }
    }
}

impl Check for PriceProcessSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        match self {
            Self::Fitted(spec) => {
                let at = at.key("fitted");
                if preset(&spec.preset).is_none() {
                    problems.unknown(
                        &at.key("preset"),
                        "price process",
                        &spec.preset,
                        PRESETS.iter().map(|p| p.name),
                    );
                }
                problems.within(&at.key("level_factor"), spec.level_factor, 0.001, 1_000.0);
            }
            Self::SpreadOver(spec) => {
                let at = at.key("spread_over");
                problems.name(&at.key("price"), &spec.price);
                if spread_preset(&spec.preset).is_none() {
                    problems.unknown(
                        &at.key("preset"),
                        "price spread",
                        &spec.preset,
                        SPREADS.iter().map(|s| s.0),
                    );
                }
            }
        }
    }
}

impl Check for PriceAdjustmentSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        check_days(at, &self.from, &self.to, problems);
        match (self.add_usd_per_mwh, self.set_usd_per_mwh) {
            (Some(add), None) => problems.within(&at.key("add_usd_per_mwh"), add, -PRICE_MAX, PRICE_MAX),
            (None, Some(set)) => problems.within(&at.key("set_usd_per_mwh"), set, -PRICE_MAX, PRICE_MAX),
            _ => problems.error(
                at,
                "expected exactly one of `add_usd_per_mwh` and `set_usd_per_mwh`",
            ),
        }
    }
}

/// Two dates, the second later.
fn check_days(at: &FieldPath, from: &str, to: &str, problems: &mut Problems) {
    let parsed = [("from", from), ("to", to)].map(|(key, text)| {
        let date = parse_date(text);
        if date.is_none() {
            problems.error(
                &at.key(key),
                format!("`{text}` is not a date such as `2026-07-01`"),
            );
        }
        date
    });
    if let [Some(from), Some(to)] = parsed
        && to <= from
    {
        problems.error(&at.key("to"), format!("`{to}` must be later than `{from}`"));
    }
}

/// Checks the prices of a scenario together: every spread's price exists and no price follows itself.
pub fn check_power_prices(prices: &[(&Name, &PowerPriceSpec)], at: &FieldPath, problems: &mut Problems) {
    for (name, spec) in prices {
        let at = at.key(name.as_str());
        problems.name(&at, name);
        spec.check(&at, problems);
        let Some(over) = spec.over() else { continue };
        let field = at.key("process").key("spread_over").key("price");
        if !prices.iter().any(|(n, _)| *n == over) {
            problems.unknown(
                &field,
                "price",
                over.as_str(),
                prices.iter().map(|(n, _)| n.as_str()),
            );
        } else if follows_itself(prices, name) {
            problems.error(&field, format!("`{name}` follows itself through `{over}`"));
        }
    }
}

/// Whether the chain of prices that begins at `name` comes back to it.
fn follows_itself(prices: &[(&Name, &PowerPriceSpec)], name: &Name) -> bool {
    let mut at = name;
    for _ in prices {
        match prices
            .iter()
            .find(|(n, _)| *n == at)
            .and_then(|(_, spec)| spec.over())
        {
            Some(over) if over == name => return true,
            Some(over) => at = over,
            None => return false,
        }
    }
    false
}

/// An order in which every price comes after the one it follows; `None` where they go round in a circle.
pub fn draw_order(prices: &[(&Name, &PowerPriceSpec)]) -> Option<Vec<usize>> {
    let mut order: Vec<usize> = Vec::with_capacity(prices.len());
    while order.len() < prices.len() {
        let ready = |index: &usize| {
            let over = prices[*index].1.over();
            let over = over.and_then(|name| prices.iter().position(|(n, _)| *n == name));
            !order.contains(index) && over.is_none_or(|o| order.contains(&o))
        };
        order.push((0..prices.len()).find(ready)?);
    }
    Some(order)
}

impl PowerPriceSpec {
    /// The price that this one follows.
    pub fn over(&self) -> Option<&Name> {
        match &self.process {
            Some(PriceProcessSpec::SpreadOver(spec)) => Some(&spec.price),
            _ => None,
        }
    }
}

/// Where a checked price comes from.
#[derive(Debug, Clone)]
enum Source {
    Series(Arc<PriceSeries>, ExtendSpec),
    Process(PriceProcess),
    SpreadOver(Spread),
    Fixed(f64),
}

/// A change between two hours of the axis.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Adjustment {
    from: usize,
    to: usize,
    keep: f64,
    add: f64,
}

/// A checked price, ready to be drawn.
#[derive(Debug, Clone)]
pub struct PowerPrice {
    purpose: String,
    source: Source,
    adjustments: Vec<Adjustment>,
}

/// What a replication has drawn before its prices.
#[derive(Debug, Clone, Copy)]
pub struct PriceContext<'a> {
    /// The hours to draw.
    pub axis: &'a HourAxis,
    /// The weeks that all series of the replication share.
    pub weeks: &'a WeekMap,
    /// The heat that fitted processes follow; without it they see usual weather only.
    pub heat: Option<Heat<'a>>,
    /// The path underneath, for a spread.
    pub over: Option<&'a [f64]>,
}

impl PowerPrice {
    /// Builds a checked spec; `series` is what its file held. Says what does not fit.
    pub fn new(
        name: &Name,
        spec: &PowerPriceSpec,
        series: Option<Arc<PriceSeries>>,
        axis: &HourAxis,
    ) -> Result<Self, String> {
        let source = match (series, &spec.process, spec.fixed_usd_per_mwh) {
            (Some(series), _, _) => {
                Source::Series(long_enough(name, series, spec.extend, axis)?, spec.extend)
            }
            (None, Some(PriceProcessSpec::Fitted(fitted)), _) => {
                let preset = preset(&fitted.preset)
                    .ok_or_else(|| format!("unknown price process `{}`", fitted.preset))?;
                Source::Process(PriceProcess {
                    regimes: preset.regimes.to_vec(),
                    level_factor: fitted.level_factor,
                })
            }
            (None, Some(PriceProcessSpec::SpreadOver(over)), _) => Source::SpreadOver(
                spread_preset(&over.preset)
                    .ok_or_else(|| format!("unknown price spread `{}`", over.preset))?,
            ),
            (None, None, Some(price)) => Source::Fixed(price),
            (None, None, None) => return Err(format!("price `{name}` has no source")),
        };
        let adjustments = spec
            .adjustments
            .iter()
            .filter_map(|a| Adjustment::new(a, axis))
            .collect();
        Ok(Self {
            purpose: format!("price/{name}"),
            source,
            adjustments,
        })
    }

    /// One path: USD/MWh for each hour of the axis.
    pub fn draw(&self, streams: &Streams, context: &PriceContext<'_>) -> Regular {
        let axis = context.axis;
        let mut path = match &self.source {
            Source::Fixed(price) => vec![*price; axis.len()],
            Source::Process(process) => process.draw(axis, context.heat, &mut streams.stream(&self.purpose)),
            Source::SpreadOver(spread) => {
                let over = context.over.expect("prices are drawn in `draw_order`");
                spread.draw(axis, over, &mut streams.stream(&self.purpose))
            }
            Source::Series(series, extend) => {
                let values = series.hourly.values();
                let base = BaseSpan {
                    start: series.hourly.start(),
                    hours: values.len(),
                };
                let indices = match extend {
                    ExtendSpec::ResampleWeeks(weeks) => context.weeks.resample(axis, base, weeks.keep_season),
                    ExtendSpec::Replayed => replay(axis, base),
                };
                indices.into_iter().map(|i| values[i as usize]).collect()
            }
        };
        for a in &self.adjustments {
            path[a.from..a.to]
                .iter_mut()
                .for_each(|p| *p = a.keep * *p + a.add);
        }
        Regular::new(axis.start(), Span::from_hours(1), path)
    }
}

/// Weeks can only be redrawn from a year, and a part of a year can only be replayed over itself.
fn long_enough(
    name: &Name,
    series: Arc<PriceSeries>,
    extend: ExtendSpec,
    axis: &HourAxis,
) -> Result<Arc<PriceSeries>, String> {
    let hours = series.hourly.values().len();
    if matches!(extend, ExtendSpec::ResampleWeeks(_)) && hours < BASE_HOURS_MIN {
        return Err(format!(
            "price `{name}` has {hours} hours; redrawing weeks needs at least {BASE_HOURS_MIN}"
        ));
    }
    let base = BaseSpan {
        start: series.hourly.start(),
        hours,
    };
    if extend == ExtendSpec::Replayed
        && let Some(first) = not_replayed(axis, base)
    {
        return Err(format!(
            "price `{name}` has no figure for the date of {}, which `replayed` needs; begin later, add data, or let \
             weeks be redrawn (`extend.resample_weeks`)",
            first.to_utc_text()
        ));
    }
    Ok(series)
}

impl Adjustment {
    /// The hours between two dates; `None` where they lie off the axis.
    fn new(spec: &PriceAdjustmentSpec, axis: &HourAxis) -> Option<Self> {
        let (from, to) = hours_between(axis, &spec.from, &spec.to)?;
        let (keep, add) = match (spec.add_usd_per_mwh, spec.set_usd_per_mwh) {
            (Some(add), _) => (1.0, add),
            (None, Some(set)) => (0.0, set),
            (None, None) => return None,
        };
        Some(Self { from, to, keep, add })
    }
}

/// The hours of the axis between two local dates.
fn hours_between(axis: &HourAxis, from: &str, to: &str) -> Option<(usize, usize)> {
    let calendar: &Calendar = axis.calendar();
    let hour = |text: &str| {
        let at = calendar.start_of(parse_date(text)?)?;
        let hours = (at - axis.start()).as_seconds().div_euclid(crate::time::HOUR_S);
        Some(hours.clamp(0, axis.len() as i64) as usize)
    };
    let (from, to) = (hour(from)?, hour(to)?);
    (from < to).then_some((from, to))
}

#[cfg(test)]
#[path = "power_price_tests.rs"]
mod tests;
