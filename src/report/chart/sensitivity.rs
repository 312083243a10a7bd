//! Bars of one figure by input: Sobol's indices, Morris' effects or a tornado.

use crate::report::chart::Meta;
use crate::report::chart::canvas::{Align, Canvas, Dash, Frame, INK, PALETTE, Style, WIDTH, fit, paint};
use crate::report::chart::panel::{Panel, Scale, nice_range, nice_ticks};
use crate::results::sensitivity_row::SensitivityRow;

/// Inputs drawn at most.
const INPUTS_MAX: usize = 30;
const ROW_HEIGHT: f64 = 26.0;
/// Width of the column of names.
const NAMES: f64 = 330.0;

/// What one method says of one figure.
#[derive(Debug, Clone, PartialEq)]
struct Bars<'a> {
    input: &'a str,
    /// Ends of the long bar, then of the short one.
    ends: [(f64, f64); 2],
    /// 95 % interval of the long bar's right end.
    interval: (f64, f64),
}

/// The drawing of `method` from the rows of one figure; `None` where they have none of that method.
pub fn draw(rows: &[&SensitivityRow], method: &str, meta: &Meta) -> Option<String> {
    let mut bars = bars(rows, method)?;
    bars.sort_by(|a, b| length(b).total_cmp(&length(a)).then(a.input.cmp(b.input)));
    let left_out = bars.len().saturating_sub(INPUTS_MAX);
    bars.truncate(INPUTS_MAX);
    let first = rows.first()?;
    let over = if first.against.is_empty() {
        String::new()
    } else {
        format!(" over {}", first.against)
    };
    let (what, how, axis) = words(method);
    let title = format!("{what}: {} of {}{over}", first.metric, first.strategy);
    let mut notes = vec![how.to_owned()];
    if left_out > 0 {
        notes.push(format!(
            "{left_out} more inputs, all with shorter bars, are in sensitivity.csv."
        ));
    }
    let frame = Frame {
        title: &title,
        notes: &notes,
        height: 128.0 + ROW_HEIGHT * bars.len() as f64 + 15.0 * notes.len() as f64,
    };
    let axis = axis.map_or_else(|| first.unit.clone(), str::to_owned);
    Some(paint(&frame, meta, |canvas, top| {
        panel(canvas, &bars, top + 8.0, &axis);
    }))
}

/// Title, note, and the axis where it is not in the unit of the figure.
fn words(method: &str) -> (&'static str, &'static str, Option<&'static str>) {
    match method {
        "sobol" => (
            "Shares of the variance",
            "Light: total, alone or with others. Dark: alone. Whisker: 95 % interval of the total.",
            Some("share of the variance"),
        ),
        "morris" => (
            "Screening",
            "Light: mean size of an effect over the grid (mu*). Dark: spread of effects (sigma). Whisker: 95 % interval of mu*.",
            None,
        ),
        _ => (
            "One input at a time",
            "From the 10th (dark) and to the 90th percentile (light) of each input, all others at their medians.",
            None,
        ),
    }
}

fn bars<'a>(rows: &[&'a SensitivityRow], method: &str) -> Option<Vec<Bars<'a>>> {
    let own = || rows.iter().filter(|r| r.method == method);
    let mut inputs: Vec<&str> = Vec::new();
    for row in own() {
        if !inputs.contains(&row.input.as_str()) {
            inputs.push(&row.input);
        }
    }
    let of = |input: &str, measure: &str| own().find(|r| r.input == input && r.measure == measure);
    let value = |input: &str, measure: &str| of(input, measure).map_or(f64::NAN, |r| r.value);
    let none = (f64::NAN, f64::NAN);
    let bar = |input: &&'a str| {
        let (ends, interval) = match method {
            "sobol" | "morris" => {
                let (long, short) = if method == "sobol" {
                    ("total_order", "first_order")
                } else {
                    ("mu_star", "sigma")
                };
                let interval = of(input, long).map_or(none, |r| (r.ci95_low, r.ci95_high));
                ([(0.0, value(input, long)), (0.0, value(input, short))], interval)
            }
            _ => {
                let base = value(input, "base");
                ([(base, value(input, "p90")), (base, value(input, "p10"))], none)
            }
        };
        Bars {
            input,
            ends,
            interval,
        }
    };
    let bars: Vec<Bars<'_>> = inputs.iter().map(bar).collect();
    let drawable = |b: &Bars<'_>| b.ends.iter().all(|(a, b)| a.is_finite() && b.is_finite());
    let bars: Vec<Bars<'_>> = bars.into_iter().filter(drawable).collect();
    (!bars.is_empty()).then_some(bars)
}

fn length(bars: &Bars<'_>) -> f64 {
    let ends = || bars.ends.iter().flat_map(|(a, b)| [*a, *b]);
    ends().fold(f64::NEG_INFINITY, f64::max) - ends().fold(f64::INFINITY, f64::min)
}

fn panel(canvas: &mut Canvas<'_>, bars: &[Bars<'_>], top: f64, axis: &str) {
    let whiskers = bars.iter().flat_map(|b| [b.interval.0, b.interval.1]);
    let ends = bars
        .iter()
        .flat_map(|b| b.ends.iter().flat_map(|(a, b)| [*a, *b]));
    let (low, high) = nice_range(ends.chain(whiskers).filter(|v| v.is_finite()), 6);
    let panel = Panel {
        left: NAMES,
        top,
        right: WIDTH - 40.0,
        bottom: top + ROW_HEIGHT * bars.len() as f64,
        x: Scale::linear(low, high),
        y: Scale::linear(0.0, 1.0),
    };
    panel.x_axis(canvas, &nice_ticks(low, high, 6), axis);
    for (index, bar) in bars.iter().enumerate() {
        let middle = top + ROW_HEIGHT * (index as f64 + 0.5);
        let name = fit(bar.input, NAMES - 24.0, 11.0);
        canvas.text(
            (NAMES - 10.0, middle),
            &name,
            Style::new(11.0).align(Align::Right),
        );
        for ((from, to), (half, alpha)) in bar.ends.iter().zip([(9.0, 0.45), (5.0, 0.95)]) {
            let (a, b) = (panel.px(from.min(*to)), panel.px(from.max(*to)));
            canvas.rectangle((a, middle - half), (b, middle + half), PALETTE[0], alpha);
        }
        let (low, high) = bar.interval;
        if low.is_finite() && high.is_finite() {
            let (a, b) = (panel.px(low), panel.px(high));
            canvas.line(&[(a, middle), (b, middle)], INK, 1.2, Dash::Solid);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(input: &str, method: &str, measure: &str, value: f64) -> SensitivityRow {
        SensitivityRow {
            strategy: "gpu".to_owned(),
            metric: "npv_usd".to_owned(),
            input: input.to_owned(),
            method: method.to_owned(),
            measure: measure.to_owned(),
            value,
            ci95_low: value - 0.1,
            ci95_high: value + 0.1,
            ..SensitivityRow::default()
        }
    }

    #[test]
    fn bars_stand_in_order_of_length_and_names_are_escaped() {
        let rows: Vec<SensitivityRow> = (0..40)
            .flat_map(|i| {
                let (total, first) = (f64::from(i) / 40.0, f64::from(i) / 80.0);
                let name = format!("<i>{i}");
                [
                    row(&name, "sobol", "total_order", total),
                    row(&name, "sobol", "first_order", first),
                ]
            })
            .collect();
        let rows: Vec<&SensitivityRow> = rows.iter().collect();
        let svg = draw(&rows, "sobol", &Meta::default()).unwrap();
        assert!(svg.starts_with("<svg") && !svg.contains("<i>") && svg.contains("10 more inputs"));
        let place = |name: &str| svg.find(&format!("&lt;i&gt;{name}")).unwrap();
        assert!(place("39") < place("38") && place("38") < place("11"));
        assert_eq!(draw(&rows, "morris", &Meta::default()), None);
    }
}
