//! A drawing surface for charts: shapes and text on plotters' SVG backend, which needs no system font.
//!
//! Owns pixels: sub-pixel precision, dashes, text styles, the frame of title and footer. Does not own data,
//! scales or axes (see [`super::panel`]). Coordinates are CSS pixels from the top left.

use plotters::backend::{DrawingBackend, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{
    Color, FontDesc, FontFamily, FontStyle, FontTransform, RGBColor, ShapeStyle, TextStyle,
};

use crate::report::chart::Meta;
use crate::report::format;

/// The backend counts whole pixels; it is given this many for each CSS pixel, and the view box scales back.
const SCALE: f64 = 4.0;
/// Plotters divides font sizes by this; we multiply, so that sizes here are CSS pixels.
const FONT_FACTOR: f64 = 1.24;
/// A wide guess of a character's width over its size, for sans-serif fonts.
const CHARACTER_WIDTH: f64 = 0.56;
/// Width of every chart: the text width of the memo.
pub(crate) const WIDTH: f64 = 900.0;

/// Ink of text and axes.
pub(crate) const INK: RGBColor = RGBColor(0x1f, 0x29, 0x33);
/// Secondary text.
pub(crate) const MUTED: RGBColor = RGBColor(0x5b, 0x67, 0x70);
/// Grid lines.
pub(crate) const GRID: RGBColor = RGBColor(0xdd, 0xe1, 0xe5);
/// Paper.
pub(crate) const PAPER: RGBColor = RGBColor(0xff, 0xff, 0xff);
/// Okabe and Ito's colours, told apart by colour-blind readers; order of strategies.
pub(crate) const PALETTE: [RGBColor; 7] = [
    RGBColor(0x00, 0x72, 0xb2),
    RGBColor(0xd5, 0x5e, 0x00),
    RGBColor(0x00, 0x9e, 0x73),
    RGBColor(0xcc, 0x79, 0xa7),
    RGBColor(0xe6, 0x9f, 0x00),
    RGBColor(0x56, 0xb4, 0xe9),
    RGBColor(0x6b, 0x6b, 0x6b),
];

/// The colour of the n-th strategy or series.
pub(crate) fn series_colour(index: usize) -> RGBColor {
    PALETTE[index % PALETTE.len()]
}

/// How a line is broken, so that it is known without its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dash {
    Solid,
    Dashed,
    Dotted,
    Chain,
}

impl Dash {
    /// Lengths of ink and gap, alternating, in pixels.
    const fn pattern(self) -> &'static [f64] {
        match self {
            Self::Solid => &[],
            Self::Dashed => &[7.0, 4.0],
            Self::Dotted => &[2.0, 3.0],
            Self::Chain => &[8.0, 3.0, 2.0, 3.0],
        }
    }
    /// The dash of the n-th series.
    pub(crate) const fn of_series(index: usize) -> Self {
        match index % 4 {
            0 => Self::Solid,
            1 => Self::Dashed,
            2 => Self::Chain,
            _ => Self::Dotted,
        }
    }
}

/// Where a text hangs on its point, horizontally.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Centre,
    Right,
}

/// How a text looks; it is centred vertically on its point.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    pub(crate) size: f64,
    pub(crate) colour: RGBColor,
    pub(crate) bold: bool,
    pub(crate) align: Align,
    pub(crate) turned: bool,
}

impl Style {
    /// Plain ink, to the right of its point.
    pub(crate) const fn new(size: f64) -> Self {
        Self {
            size,
            colour: INK,
            bold: false,
            align: Align::Left,
            turned: false,
        }
    }
    pub(crate) const fn colour(mut self, colour: RGBColor) -> Self {
        self.colour = colour;
        self
    }
    pub(crate) const fn bold(mut self) -> Self {
        self.bold = true;
        self
    }
    pub(crate) const fn align(mut self, align: Align) -> Self {
        self.align = align;
        self
    }
    /// Reads upwards, as titles of vertical axes do.
    pub(crate) const fn turned(mut self) -> Self {
        self.turned = true;
        self
    }
}

/// The surface.
pub(crate) struct Canvas<'a> {
    backend: SVGBackend<'a>,
}

/// Everything that the frame of a chart says.
pub(crate) struct Frame<'a> {
    /// What the chart shows, as a title.
    pub(crate) title: &'a str,
    /// How to read it: at most two lines.
    pub(crate) notes: &'a [String],
    /// Height in pixels.
    pub(crate) height: f64,
}

/// Draws a chart: white paper, title, notes and footer, then what `draw` adds below `top`, its second argument.
pub(crate) fn paint(frame: &Frame<'_>, meta: &Meta, draw: impl FnOnce(&mut Canvas<'_>, f64)) -> String {
    let mut svg = String::new();
    {
        let size = ((WIDTH * SCALE) as u32, (frame.height * SCALE) as u32);
        let mut canvas = Canvas {
            backend: SVGBackend::with_string(&mut svg, size),
        };
        canvas.rectangle((0.0, 0.0), (WIDTH, frame.height), PAPER, 1.0);
        canvas.text((14.0, 20.0), frame.title, Style::new(17.0).bold());
        for (line, note) in frame.notes.iter().enumerate() {
            let at = (14.0, 40.0 + 15.0 * line as f64);
            canvas.text(at, &fit(note, WIDTH - 28.0, 12.0), Style::new(12.0).colour(MUTED));
        }
        let footer = Style::new(10.0).colour(MUTED);
        let at = (WIDTH - 14.0, frame.height - 10.0);
        canvas.text(at, &meta.footer(), footer.align(Align::Right));
        draw(&mut canvas, 44.0 + 15.0 * frame.notes.len() as f64);
        canvas
            .backend
            .present()
            .expect("an SVG in memory takes everything");
    }
    with_header(&svg, frame)
}

/// Replaces the backend's opening tag: CSS size apart from the finer view box, and a name for screen readers.
fn with_header(svg: &str, frame: &Frame<'_>) -> String {
    let body = svg.split_once('>').map_or("", |(_, body)| body);
    let title = maud::html! { title { (format::clean(frame.title)) } }.into_string();
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"{WIDTH}\" height=\"{}\" viewBox=\"0 0 {} {}\">\n{title}{body}",
        frame.height,
        WIDTH * SCALE,
        frame.height * SCALE,
    )
}

/// A guess of the width of a text in pixels; the backend knows no fonts.
pub(crate) fn text_width(text: &str, size: f64) -> f64 {
    text.chars().count() as f64 * size * CHARACTER_WIDTH
}

/// The text, shortened to a width.
pub(crate) fn fit(text: &str, width: f64, size: f64) -> String {
    format::shorten(text, (width / (size * CHARACTER_WIDTH)).max(1.0) as usize)
}

fn pixel((x, y): (f64, f64)) -> (i32, i32) {
    let whole = |v: f64| (v * SCALE).round().clamp(-1e6, 1e6) as i32;
    (whole(x), whole(y))
}

fn finite(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let usable = |p: &&(f64, f64)| p.0.is_finite() && p.1.is_finite();
    points.iter().filter(usable).copied().collect()
}

impl Canvas<'_> {
    /// A line through points; points that are not finite are left out.
    pub(crate) fn line(&mut self, points: &[(f64, f64)], colour: RGBColor, width: f64, dash: Dash) {
        let points = finite(points);
        if dash == Dash::Solid {
            self.path(&points, colour, width);
        } else {
            for piece in dashes(&points, dash.pattern()) {
                self.path(&piece, colour, width);
            }
        }
    }

    fn path(&mut self, points: &[(f64, f64)], colour: RGBColor, width: f64) {
        if points.len() < 2 {
            return;
        }
        let style = ShapeStyle {
            color: colour.to_rgba(),
            filled: false,
            stroke_width: (width * SCALE).round() as u32,
        };
        self.backend
            .draw_path(points.iter().map(|p| pixel(*p)), &style)
            .expect("an SVG in memory takes everything");
    }

    /// A filled polygon.
    pub(crate) fn polygon(&mut self, points: &[(f64, f64)], colour: RGBColor, alpha: f64) {
        let points = finite(points);
        if points.len() < 3 {
            return;
        }
        self.backend
            .fill_polygon(points.iter().map(|p| pixel(*p)), &colour.mix(alpha))
            .expect("an SVG in memory takes everything");
    }

    /// A filled rectangle between two corners, in any order.
    pub(crate) fn rectangle(&mut self, a: (f64, f64), b: (f64, f64), colour: RGBColor, alpha: f64) {
        if ![a.0, a.1, b.0, b.1].iter().all(|v| v.is_finite()) {
            return;
        }
        let low = pixel((a.0.min(b.0), a.1.min(b.1)));
        let high = pixel((a.0.max(b.0), a.1.max(b.1)));
        self.backend
            .draw_rect(low, high, &colour.mix(alpha), true)
            .expect("an SVG in memory takes everything");
    }

    /// The outline of a rectangle.
    pub(crate) fn outline(&mut self, a: (f64, f64), b: (f64, f64), colour: RGBColor, width: f64) {
        let corners = [a, (b.0, a.1), b, (a.0, b.1), a];
        self.line(&corners, colour, width, Dash::Solid);
    }

    /// A text, vertically centred on its point. Control characters are dropped, markup is escaped.
    pub(crate) fn text(&mut self, at: (f64, f64), text: &str, style: Style) {
        if !at.0.is_finite() || !at.1.is_finite() {
            return;
        }
        let weight = if style.bold {
            FontStyle::Bold
        } else {
            FontStyle::Normal
        };
        let font = FontDesc::new(FontFamily::SansSerif, style.size * SCALE * FONT_FACTOR, weight);
        let horizontal = match style.align {
            Align::Left => HPos::Left,
            Align::Centre => HPos::Center,
            Align::Right => HPos::Right,
        };
        let turn = if style.turned {
            FontTransform::Rotate270
        } else {
            FontTransform::None
        };
        let text_style = TextStyle::from(font.transform(turn))
            .color(&style.colour)
            .pos(Pos::new(horizontal, VPos::Center));
        self.backend
            .draw_text(&format::clean(text), &text_style, pixel(at))
            .expect("an SVG in memory takes everything");
    }

    /// A legend in one row: swatches with words; returns where the row ended.
    pub(crate) fn legend(&mut self, at: (f64, f64), entries: &[Entry<'_>]) -> f64 {
        let mut x = at.0;
        for entry in entries {
            match entry.swatch {
                Swatch::Area(alpha) => {
                    self.rectangle((x, at.1 - 6.0), (x + 18.0, at.1 + 6.0), entry.colour, alpha);
                }
                Swatch::Line(dash) => {
                    self.line(&[(x, at.1), (x + 24.0, at.1)], entry.colour, 2.0, dash);
                }
                Swatch::Box => self.outline((x, at.1 - 5.0), (x + 18.0, at.1 + 5.0), entry.colour, 1.2),
            }
            let text_at = x + if matches!(entry.swatch, Swatch::Line(_)) {
                30.0
            } else {
                24.0
            };
            self.text((text_at, at.1), entry.text, Style::new(12.0));
            x = text_at + text_width(entry.text, 12.0) + 14.0;
        }
        x
    }
}

/// How an entry of a legend is marked.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Swatch {
    /// A filled area of this opacity.
    Area(f64),
    /// A line.
    Line(Dash),
    /// An outline.
    Box,
}

/// An entry of a legend.
pub(crate) struct Entry<'a> {
    pub(crate) text: &'a str,
    pub(crate) colour: RGBColor,
    pub(crate) swatch: Swatch,
}

/// Cuts a line into its inked pieces. The number of pieces is bounded by the length of the line, which lies
/// within the chart.
fn dashes(points: &[(f64, f64)], pattern: &[f64]) -> Vec<Vec<(f64, f64)>> {
    let mut pieces = Vec::new();
    let mut piece: Vec<(f64, f64)> = points.first().copied().into_iter().collect();
    let (mut slot, mut left) = (0_usize, pattern[0]);
    for pair in points.windows(2) {
        let (mut from, to) = (pair[0], pair[1]);
        let mut length = (to.0 - from.0).hypot(to.1 - from.1).min(10.0 * WIDTH);
        while length > left {
            let share = left / length;
            from = (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share);
            length -= left;
            if slot.is_multiple_of(2) {
                piece.push(from);
                pieces.push(std::mem::take(&mut piece));
            } else {
                piece = vec![from];
            }
            slot = (slot + 1) % pattern.len();
            left = pattern[slot];
        }
        left -= length;
        if slot.is_multiple_of(2) {
            piece.push(to);
        }
    }
    pieces.push(piece);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashes_cover_the_ink_share_of_a_line() {
        let pieces = dashes(&[(0.0, 0.0), (50.0, 0.0), (110.0, 0.0)], Dash::Dashed.pattern());
        let ink: f64 = pieces
            .iter()
            .filter(|p| p.len() > 1)
            .map(|p| p[p.len() - 1].0 - p[0].0)
            .sum();
        assert!((ink - 70.0).abs() < 1e-9, "{ink}");
    }

    #[test]
    fn text_is_escaped_and_fits() {
        let frame = Frame {
            title: "<script>&\u{1}",
            notes: &[],
            height: 100.0,
        };
        let svg = paint(&frame, &Meta::default(), |canvas, top| {
            canvas.text((0.0, top), "\"a\" & <b>", Style::new(12.0));
            canvas.line(&[(f64::NAN, 0.0), (1.0, f64::INFINITY)], INK, 1.0, Dash::Dotted);
        });
        assert!(
            !svg.contains("<script") && !svg.contains("<b>") && !svg.contains('\u{1}'),
            "{svg}"
        );
        assert_eq!(fit("abcdefghij", 30.0, 10.0), "abcd\u{2026}");
    }
}
