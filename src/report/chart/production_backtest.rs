//! Errors of mining reported months again: one mark a month, by company, on an axis that shows both one percent and a
//! hundred.

use crate::report::chart::Meta;
use crate::report::chart::canvas::{
    Canvas, Dash, Frame, MUTED, PALETTE, Style, WIDTH, fit, paint, series_colour,
};
use crate::report::chart::panel::{Panel, Scale, Tick, year_ticks};
use crate::report::format;

/// A replayed month.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// Who.
    pub company: String,
    /// When, in years.
    pub year: f64,
    /// Replayed over reported, less one.
    pub error: f64,
    /// Whether the hash rate was that of machines at work.
    pub is_operating: bool,
}

/// Errors up to this are drawn linearly, percent.
const KNEE_PERCENT: f64 = 2.0;
/// Companies in the legend at most.
const NAMES_MAX: usize = 20;

/// The drawing.
pub fn draw(marks: &[Mark], assumed: &str) -> String {
    let mut names: Vec<&str> = marks.iter().map(|m| m.company.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let notes = [
        "Filled: from the hash rate of machines at work. Hollow: from the hash rate that stood at the month's end.".to_owned(),
        format!("Band: 2 %. Vertical axis linear to about {KNEE_PERCENT} %, logarithmic beyond. {assumed}"),
    ];
    let frame = Frame {
        title: "Coins of reported months, mined again: error",
        notes: &notes,
        height: 465.0,
    };
    let meta = Meta {
        scenario: "backtest of reported production".to_owned(),
        ..Meta::default()
    };
    paint(&frame, &meta, |canvas, top| {
        let panel = panel(marks, top + 10.0, frame.height - 62.0);
        axes(canvas, &panel);
        let band = (panel.py(2.0), panel.py(-2.0));
        canvas.rectangle((panel.left, band.0), (panel.right, band.1), PALETTE[2], 0.12);
        panel.rule(canvas, 0.0, 0.8, Dash::Solid);
        for mark in marks {
            let index = names.iter().position(|n| *n == mark.company).unwrap_or(0);
            dot(
                canvas,
                (panel.px(mark.year), panel.py(100.0 * mark.error)),
                index,
                mark.is_operating,
            );
        }
        for (index, name) in names.iter().take(NAMES_MAX).enumerate() {
            let y = panel.top + 8.0 + 16.0 * index as f64;
            dot(canvas, (panel.right + 20.0, y), index, true);
            let name = fit(name, 130.0, 12.0);
            canvas.text((panel.right + 32.0, y), &name, Style::new(12.0));
        }
        if names.len() > NAMES_MAX {
            let more = format!("and {} more", names.len() - NAMES_MAX);
            let y = panel.top + 8.0 + 16.0 * NAMES_MAX as f64;
            canvas.text((panel.right + 32.0, y), &more, Style::new(11.0).colour(MUTED));
        }
    })
}

fn panel(marks: &[Mark], top: f64, bottom: f64) -> Panel {
    let years = || marks.iter().map(|m| m.year).filter(|y| y.is_finite());
    let errors = || marks.iter().map(|m| 100.0 * m.error).filter(|e| e.is_finite());
    let low = errors().fold(-2.5, f64::min);
    let high = errors().fold(2.5, f64::max);
    Panel {
        left: 66.0,
        top,
        right: WIDTH - 190.0,
        bottom,
        x: Scale::linear(
            years().fold(f64::INFINITY, f64::min) - 0.05,
            years().fold(f64::NEG_INFINITY, f64::max) + 0.05,
        ),
        y: Scale::sym_log(1.15 * low, 1.15 * high, KNEE_PERCENT),
    }
}

fn axes(canvas: &mut Canvas<'_>, panel: &Panel) {
    let (Scale::Linear { low, high } | Scale::SymLog { low, high, .. }) = panel.x;
    panel.x_axis(canvas, &year_ticks(low, high, 8), "month reported");
    let (Scale::Linear { low, high } | Scale::SymLog { low, high, .. }) = panel.y;
    let ticks: Vec<Tick> = [
        -90.0, -50.0, -20.0, -10.0, -5.0, -2.0, -1.0, 0.0, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0,
        500.0,
    ]
    .into_iter()
    .filter(|v| *v >= low && *v <= high)
    .map(|v| (v, format::number(v, 0)))
    .collect();
    panel.y_axis(canvas, &ticks, "replayed over reported, less one, %", 46.0);
}

/// A mark of about seven pixels; companies that share a colour are told apart by their shape.
fn dot(canvas: &mut Canvas<'_>, (x, y): (f64, f64), index: usize, is_filled: bool) {
    let colour = series_colour(index);
    let r = 3.6;
    let shape: &[(f64, f64)] = match (index / PALETTE.len()) % 3 {
        0 => &[(-r, -r), (r, -r), (r, r), (-r, r)],
        1 => &[(0.0, -1.3 * r), (1.3 * r, 0.0), (0.0, 1.3 * r), (-1.3 * r, 0.0)],
        _ => &[(0.0, -1.2 * r), (1.2 * r, r), (-1.2 * r, r)],
    };
    let mut points: Vec<(f64, f64)> = shape.iter().map(|p| (x + p.0, y + p.1)).collect();
    if is_filled {
        canvas.polygon(&points, colour, 0.85);
    } else {
        points.push(points[0]);
        canvas.line(&points, colour, 1.3, Dash::Solid);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_any_size_are_drawn_and_names_are_escaped() {
        let marks: Vec<Mark> = (0..30)
            .map(|i| Mark {
                company: format!("<b>{i}"),
                year: 2021.0 + f64::from(i) / 12.0,
                error: f64::from(i - 10) / 20.0,
                is_operating: i % 2 == 0,
            })
            .collect();
        let svg = draw(&marks, "Fees assumed.");
        assert!(svg.starts_with("<svg") && svg.contains("and 10 more"));
        assert!(svg.contains("&lt;b&gt;1") && !svg.contains("<b>"));
        assert!(draw(&marks[..1], "").starts_with("<svg"));
    }
}
