//! A plotting panel: two scales on a rectangle, with axes, grid and ticks.
//!
//! Owns the map from values to pixels and where ticks stand. Does not own what is drawn inside.

use crate::report::chart::canvas::{Align, Canvas, Dash, GRID, INK, MUTED, Style, text_width};
use crate::report::format;
use crate::time::{Calendar, SimTime};

/// The text size of tick labels.
const TICK_SIZE: f64 = 11.0;

/// How values lie along an axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Scale {
    /// Evenly.
    Linear {
        /// Value at the left or bottom.
        low: f64,
        /// Value at the right or top.
        high: f64,
    },
    /// `asinh(value / knee)`: linear within the knee, logarithmic beyond, signs kept.
    SymLog {
        /// Value at the left or bottom.
        low: f64,
        /// Value at the right or top.
        high: f64,
        /// Where linear turns into logarithmic.
        knee: f64,
    },
}

impl Scale {
    /// A linear scale; an empty or undefined interval becomes one of width one, so that mapping never divides by 0.
    pub(crate) fn linear(low: f64, high: f64) -> Self {
        let (low, high) = proper(low, high);
        Self::Linear { low, high }
    }

    /// A symmetric logarithmic scale.
    pub(crate) fn sym_log(low: f64, high: f64, knee: f64) -> Self {
        let (low, high) = proper(low, high);
        Self::SymLog { low, high, knee }
    }

    /// Position between 0 and 1, clamped to the panel.
    fn position(self, value: f64) -> f64 {
        let share = match self {
            Self::Linear { low, high } => (value - low) / (high - low),
            Self::SymLog { low, high, knee } => {
                let warp = |v: f64| (v / knee).asinh();
                (warp(value) - warp(low)) / (warp(high) - warp(low))
            }
        };
        share.clamp(0.0, 1.0)
    }
}

fn proper(low: f64, high: f64) -> (f64, f64) {
    if !(low.is_finite() && high.is_finite()) {
        (0.0, 1.0)
    } else if high - low > f64::EPSILON * low.abs().max(high.abs()).max(1e-9) {
        (low, high)
    } else {
        let pad = (low.abs() * 0.1).max(0.5);
        (low - pad, high + pad)
    }
}

/// A tick: where, and what it says.
pub(crate) type Tick = (f64, String);

/// A rectangle with two scales.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Panel {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) right: f64,
    pub(crate) bottom: f64,
    pub(crate) x: Scale,
    pub(crate) y: Scale,
}

impl Panel {
    /// Pixel of a value on the horizontal axis.
    pub(crate) fn px(&self, value: f64) -> f64 {
        self.left + self.x.position(value) * (self.right - self.left)
    }
    /// Pixel of a value on the vertical axis.
    pub(crate) fn py(&self, value: f64) -> f64 {
        self.bottom - self.y.position(value) * (self.bottom - self.top)
    }
    /// Pixels of points.
    pub(crate) fn points(&self, points: &[(f64, f64)]) -> Vec<(f64, f64)> {
        points.iter().map(|p| (self.px(p.0), self.py(p.1))).collect()
    }

    /// Grid lines, tick labels and title of the horizontal axis.
    pub(crate) fn x_axis(&self, canvas: &mut Canvas<'_>, ticks: &[Tick], title: &str) {
        for (value, text) in ticks {
            let x = self.px(*value);
            canvas.line(&[(x, self.top), (x, self.bottom)], GRID, 0.75, Dash::Solid);
            canvas.line(
                &[(x, self.bottom), (x, self.bottom + 4.0)],
                INK,
                0.75,
                Dash::Solid,
            );
            // A wide label at an edge is moved inwards, so that it does not run into the next panel's.
            let is_wide = text_width(text, TICK_SIZE) > 32.0;
            let (at, align) = match (is_wide, x - self.left < 1.0, self.right - x < 1.0) {
                (true, true, _) => (x - 4.0, Align::Left),
                (true, _, true) => (x + 4.0, Align::Right),
                _ => (x, Align::Centre),
            };
            let style = Style::new(TICK_SIZE).align(align);
            canvas.text((at, self.bottom + 13.0), text, style);
        }
        canvas.line(
            &[(self.left, self.bottom), (self.right, self.bottom)],
            INK,
            1.0,
            Dash::Solid,
        );
        let middle = f64::midpoint(self.left, self.right);
        let style = Style::new(12.0).colour(MUTED).align(Align::Centre);
        canvas.text((middle, self.bottom + 30.0), title, style);
    }

    /// Grid lines, tick labels and title of the vertical axis; `title_offset` is its distance from the panel.
    pub(crate) fn y_axis(&self, canvas: &mut Canvas<'_>, ticks: &[Tick], title: &str, title_offset: f64) {
        for (value, text) in ticks {
            let y = self.py(*value);
            canvas.line(&[(self.left, y), (self.right, y)], GRID, 0.75, Dash::Solid);
            let style = Style::new(TICK_SIZE).align(Align::Right);
            canvas.text((self.left - 6.0, y), text, style);
        }
        canvas.line(
            &[(self.left, self.top), (self.left, self.bottom)],
            INK,
            1.0,
            Dash::Solid,
        );
        let middle = f64::midpoint(self.top, self.bottom);
        let style = Style::new(12.0).colour(MUTED).align(Align::Centre).turned();
        canvas.text((self.left - title_offset, middle), title, style);
    }

    /// A horizontal line across the panel.
    pub(crate) fn rule(&self, canvas: &mut Canvas<'_>, value: f64, width: f64, dash: Dash) {
        let y = self.py(value);
        canvas.line(&[(self.left, y), (self.right, y)], INK, width, dash);
    }
}

/// About `target` ticks at 1, 2, 2.5 or 5 times a power of ten within an interval.
pub(crate) fn nice_ticks(low: f64, high: f64, target: usize) -> Vec<Tick> {
    let (low, high) = proper(low, high);
    let raw = (high - low) / target.max(1) as f64;
    let magnitude = 10_f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0]
        .into_iter()
        .map(|k| k * magnitude)
        .find(|step| *step >= raw * 0.999)
        .unwrap_or(10.0 * magnitude);
    let decimals = decimals_of(step);
    let first = (low / step - 1e-9).ceil();
    let count = ((high / step + 1e-9).floor() - first).clamp(-1.0, 50.0) as i64;
    (0..=count)
        .map(|i| (first + i as f64) * step)
        .map(|value| (value, format::number(value, decimals)))
        .collect()
}

/// Decimals that a multiple of `step` needs.
fn decimals_of(step: f64) -> usize {
    (0..9)
        .find(|d| {
            let scaled = step * 10_f64.powi(*d);
            (scaled - scaled.round()).abs() < 1e-6 * scaled.abs()
        })
        .unwrap_or(9) as usize
}

/// An interval widened to whole ticks that includes zero.
pub(crate) fn nice_range(values: impl Iterator<Item = f64>, target: usize) -> (f64, f64) {
    let (mut low, mut high) = (0.0_f64, 0.0_f64);
    for value in values.filter(|v| v.is_finite()) {
        low = low.min(value);
        high = high.max(value);
    }
    let ticks = nice_ticks(low, high, target);
    let step = match ticks.as_slice() {
        [a, b, ..] => b.0 - a.0,
        _ => return proper(low, high),
    };
    ((low / step).floor() * step, (high / step).ceil() * step)
}

/// Ticks at beginnings of years, or of months where the interval is short; values are years as decimals.
pub(crate) fn year_ticks(low: f64, high: f64, target: usize) -> Vec<Tick> {
    let (low, high) = proper(low, high);
    if high - low <= 2.5 {
        return month_ticks(low, high, target);
    }
    let step = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 1_000.0, 10_000.0]
        .into_iter()
        .find(|step| (high - low) / step <= target.max(1) as f64)
        .unwrap_or(10_000.0);
    // An axis that begins some hours into a year still names that year.
    let slack = 2e-3 * (high - low) / step;
    let first = (low / step - slack).ceil() as i64;
    let last = (high / step + slack).floor() as i64;
    (first..=last)
        .map(|i| i as f64 * step)
        .map(|year| (year, format!("{year:.0}")))
        .collect()
}

fn month_ticks(low: f64, high: f64, target: usize) -> Vec<Tick> {
    let months = (high - low) * 12.0;
    let step = [1.0, 2.0, 3.0, 6.0, 12.0]
        .into_iter()
        .find(|step| months / step <= target.max(1) as f64)
        .unwrap_or(12.0);
    let slack = 2e-3 * months / step;
    let first = (low * 12.0 / step - slack).ceil() as i64;
    let last = (high * 12.0 / step + slack).floor() as i64;
    (first..=last)
        .map(|i| (i as f64 * step).round() as i64)
        .map(|m| {
            (
                m as f64 / 12.0,
                format!("{}-{:02}", m.div_euclid(12), m.rem_euclid(12) + 1),
            )
        })
        .collect()
}

/// Decimal year at which a billing month `YYYY-MM` begins.
pub(crate) fn year_of_month(text: &str) -> Option<f64> {
    let month = format::parse_month(text)?;
    Some(f64::from(month.year) + f64::from(month.month - 1) / 12.0)
}

/// Seconds of an ISO 8601 UTC text.
pub(crate) fn parse_utc(text: &str) -> Option<SimTime> {
    let stamp: jiff::Timestamp = text.parse().ok()?;
    Some(SimTime::from_unix_s(stamp.as_second()))
}

/// Decimal year of an instant, UTC; months are equally long, as on the axes.
pub(crate) fn year_of(time: SimTime) -> f64 {
    let civil = Calendar::utc().civil(time);
    let month_days = f64::from(civil.date().days_in_month());
    let day = f64::from(civil.day() - 1) + f64::from(civil.hour()) / 24.0;
    f64::from(civil.year()) + (f64::from(civil.month() - 1) + day / month_days) / 12.0
}

/// Moves label positions apart so that none is nearer than `gap` to the next, within `low..=high` where there is
/// room; each crowd stays centred on where it wanted to be. Returns the positions in the order given.
pub(crate) fn spread(positions: &[f64], gap: f64, low: f64, high: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..positions.len()).collect();
    order.sort_by(|a, b| positions[*a].total_cmp(&positions[*b]));
    // Less `gap` for each rank before it, a position must not be below its predecessor: isotonic regression by
    // pooling neighbours into blocks of (sum, count).
    let mut blocks: Vec<(f64, usize)> = Vec::new();
    for (rank, &index) in order.iter().enumerate() {
        let mut block = (positions[index] - gap * rank as f64, 1);
        while let Some(last) = blocks.pop() {
            if last.0 / last.1 as f64 <= block.0 / block.1 as f64 {
                blocks.push(last);
                break;
            }
            block = (block.0 + last.0, block.1 + last.1);
        }
        blocks.push(block);
    }
    let room = (high - gap * positions.len().saturating_sub(1) as f64).max(low);
    let levels = blocks
        .iter()
        .flat_map(|(sum, count)| std::iter::repeat_n(sum / *count as f64, *count));
    let mut placed = vec![0.0; positions.len()];
    for (rank, (level, &index)) in levels.zip(&order).enumerate() {
        placed[index] = level.clamp(low, room) + gap * rank as f64;
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_bounded() {
        let ticks = nice_ticks(-130.0, 410.0, 6);
        assert_eq!(
            ticks.iter().map(|t| t.0).collect::<Vec<_>>(),
            [-100.0, 0.0, 100.0, 200.0, 300.0, 400.0]
        );
        assert_eq!(nice_ticks(0.0, 0.5, 5)[1].1, "0.1");
        assert_eq!(nice_ticks(0.0, 1.0, 4)[1].1, "0.25");
        for (low, high) in [
            (0.0, 0.0),
            (f64::NAN, 1.0),
            (1e300, 1.1e300),
            (-1e-12, 1e-12),
            (5.0, 4.0),
        ] {
            assert!(nice_ticks(low, high, 6).len() <= 51, "{low} {high}");
        }
    }

    #[test]
    fn years_and_months_are_ticked_by_length() {
        let years = year_ticks(2026.0, 2036.0, 6);
        assert_eq!(years[0].1, "2026");
        assert_eq!(years.len(), 6);
        assert_eq!(year_ticks(2026.0, 2026.5, 6)[1].1, "2026-02");
    }

    #[test]
    fn a_flat_or_undefined_scale_still_maps() {
        for scale in [
            Scale::linear(3.0, 3.0),
            Scale::linear(f64::NAN, 1.0),
            Scale::sym_log(0.0, 0.0, 50.0),
        ] {
            assert!((0.0..=1.0).contains(&scale.position(3.0)), "{scale:?}");
        }
        let warped = Scale::sym_log(-50.0, 5_000.0, 50.0);
        assert!(warped.position(50.0) > 3.0 * Scale::linear(-50.0, 5_000.0).position(0.0));
    }

    #[test]
    fn crowded_labels_are_spread_in_order() {
        let placed = spread(&[40.0, 41.0, 42.0, 90.0], 14.0, 0.0, 100.0);
        assert_eq!(placed, [27.0, 41.0, 55.0, 90.0]);
        assert_eq!(spread(&[1.0, 2.0], 14.0, 0.0, 100.0), [0.0, 14.0]);
        let low = spread(&[99.0, 98.0], 14.0, 0.0, 100.0);
        assert_eq!(low, [100.0, 86.0]);
    }

    #[test]
    fn instants_become_decimal_years() {
        let time = parse_utc("2028-07-01T00:00:00Z").unwrap();
        assert_eq!(year_of(time), 2028.5);
        assert_eq!(year_of_month("2028-07"), Some(2028.5));
        assert_eq!(parse_utc("yesterday"), None);
    }
}
