//! A page of its own: what changed, paired charts of it, and where a change of value comes from.

use std::io::{self, Write};

use maud::{DOCTYPE, Markup, html};

use crate::compare::Comparison;
use crate::compare::difference::{Difference, Noise, RunName, Statistic};
use crate::compare::explain::Split;
use crate::compare::format::{change_words, noise_words};

/// Rows of a table at most; the CSV has all.
const ROWS_MAX: usize = 1_000;
/// Parts of a split at most.
const PARTS_MAX: usize = 30;
/// Size of a chart.
const WIDTH: f64 = 720.0;
const ROW: f64 = 24.0;
const NAMES: f64 = 200.0;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#1f2933}\
    table{border-collapse:collapse;margin:1rem 0;font-size:13px}td,th{padding:.2rem .6rem;border-bottom:1px solid #dde1e5;text-align:left}\
    td.n{text-align:right;font-variant-numeric:tabular-nums}svg{display:block;margin:1rem 0}.muted{color:#5b6770}";

pub(super) fn write(comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                title { "Comparison of two runs" }
                style { (maud::PreEscaped(STYLE)) }
            }
            body { (body(comparison)) }
        }
    };
    writeln!(out, "{}", page.into_string())
}

fn body(comparison: &Comparison) -> Markup {
    let beyond: Vec<&Difference> = comparison.beyond().collect();
    html! {
        h1 { "Comparison of two runs" }
        (run("A", &comparison.a)) (run("B", &comparison.b))
        ul {
            @for note in &comparison.notes { li { (clean(note)) } }
            @for missing in &comparison.missing {
                li { (missing.what) " " code { (clean(&missing.id)) } " is only in " (missing.only_in.to_uppercase()) }
            }
        }
        p {
            (comparison.figures) " figures compared, " (comparison.differences.len()) " differ, " (beyond.len())
            " beyond tolerance."
        }
        (charts(&beyond))
        @if !beyond.is_empty() { h2 { "Figures beyond tolerance" } (table(&beyond)) }
        @if !comparison.explained.is_empty() { h2 { "Where the change of net present value comes from" } }
        @for split in &comparison.explained { @if !split.parts.is_empty() { (parts(split)) } }
    }
}

fn run(label: &str, run: &RunName) -> Markup {
    html! {
        p {
            b { (label) } " " code { (clean(&run.dir)) } ", scenario " (clean(&run.scenario)) ", run " (clean(&run.run_id))
            ", seed " (run.seed) ", " (run.replications) " replications, version " (clean(&run.tool_version))
        }
    }
}

/// Control characters have no place in a page; maud escapes the rest.
fn clean(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

/// One chart for each metric whose mean of the portfolio has moved: A and B side by side for every strategy.
fn charts(beyond: &[&Difference]) -> Markup {
    let shown = |d: &&&Difference| {
        d.statistic == Statistic::Mean && d.scope == "portfolio" && d.a.is_some() && d.b.is_some()
    };
    let means: Vec<&Difference> = beyond.iter().filter(shown).copied().collect();
    let mut metrics: Vec<&str> = Vec::new();
    for d in &means {
        if !metrics.contains(&d.metric.as_str()) {
            metrics.push(&d.metric);
        }
    }
    html! {
        @if !metrics.is_empty() {
            h2 { "Side by side" }
            p.muted { "Hollow: A. Filled: B. Line: 95 % interval of B less A, laid at A; where it does not reach A, the change is clear." }
        }
        @for metric in metrics {
            @let own: Vec<&Difference> = means.iter().filter(|d| d.metric == *metric).copied().collect();
            h3 { (metric) " (" (clean(&own[0].unit)) ")" }
            (chart(&own))
        }
    }
}

fn chart(rows: &[&Difference]) -> Markup {
    let ends = |d: &Difference| {
        let (a, b) = (d.a.unwrap_or(0.0), d.b.unwrap_or(0.0));
        let interval = d.interval.map_or((a, b), |i| (a + i.low, a + i.high));
        [a, b, interval.0, interval.1]
    };
    let all = || rows.iter().flat_map(|d| ends(d));
    let (low, high) = (
        all().fold(f64::INFINITY, f64::min),
        all().fold(f64::NEG_INFINITY, f64::max),
    );
    let width = (high - low).max(f64::MIN_POSITIVE);
    let x = |value: f64| NAMES + 10.0 + (WIDTH - NAMES - 30.0) * (value - low) / width;
    let height = ROW * rows.len() as f64 + 22.0;
    html! {
        svg role="img" width=(WIDTH) height=(height) viewBox=(format!("0 0 {WIDTH} {height}")) {
            @for (index, d) in rows.iter().enumerate() {
                @let y = ROW * (index as f64 + 0.5);
                @let [a, b, from, to] = ends(d);
                text x=(NAMES - 4.0) y=(y + 4.0) text-anchor="end" font-size="12" fill="#1f2933" { (clean(&d.strategy)) }
                line x1=(x(from)) x2=(x(to)) y1=(y) y2=(y) stroke="#5b6770" stroke-width="2" {}
                circle cx=(x(a)) cy=(y) r="5" fill="#ffffff" stroke="#1f2933" stroke-width="1.5" {}
                circle cx=(x(b)) cy=(y) r="5" fill="#1f5fa8" {}
            }
            text x=(NAMES + 10.0) y=(height - 4.0) font-size="11" fill="#5b6770" { (number(Some(low))) }
            text x=(WIDTH - 20.0) y=(height - 4.0) text-anchor="end" font-size="11" fill="#5b6770" { (number(Some(high))) }
        }
    }
}

fn table(beyond: &[&Difference]) -> Markup {
    html! {
        table {
            tr { @for name in ["strategy", "case", "scope", "metric", "unit", "figure", "A", "B", "B - A", "reads as"] { th { (name) } } }
            @for d in beyond.iter().take(ROWS_MAX) {
                tr {
                    @for text in [&d.strategy, &d.case, &d.scope, &d.metric, &d.unit] { td { (clean(text)) } }
                    td { (d.statistic.id()) }
                    @for value in [d.a, d.b, d.difference] { td.n { (number(value)) } }
                    td { (change_words(d.change)) @if d.noise != Noise::NotJudged { ", " (noise_words(d.noise)) } }
                }
            }
        }
        @if beyond.len() > ROWS_MAX { p { (beyond.len() - ROWS_MAX) " more rows are left out; the CSV has them all." } }
    }
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(
        || "-".to_owned(),
        |v| {
            if v.abs() >= 1e4 {
                format!("{v:.0}")
            } else {
                format!("{v:.4}")
            }
        },
    )
}

fn parts(split: &Split) -> Markup {
    let by = split.by.word();
    html! {
        h3 { (clean(&split.strategy)) ", by " (by) }
        p.muted { (clean(&split.note)) }
        table {
            tr { th { (by) } th { "USD" } }
            @for part in split.parts.iter().take(PARTS_MAX) {
                tr { td { (clean(&part.name)) } td.n { (super::dollars(part.cents)) } }
            }
            @if split.parts.len() > PARTS_MAX {
                @let rest: i64 = split.parts[PARTS_MAX..].iter().map(|p| p.cents).sum();
                tr { td { (split.parts.len() - PARTS_MAX) " more" } td.n { (super::dollars(rest)) } }
            }
            tr { th { "sum" } th { (super::dollars(split.cents)) } }
        }
    }
}
