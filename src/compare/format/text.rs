//! Aligned columns for people; better and worse in words, never by colour alone.

use std::io::{self, Write};

use crate::compare::Comparison;
use crate::compare::difference::{Change, Difference, Noise, RunName, Statistic};
use crate::compare::explain::By;
use crate::compare::format::{change_words, dollars, noise_words};

const HEADERS: [&str; 11] = [
    "strategy",
    "case",
    "scope",
    "metric",
    "unit",
    "figure",
    "A",
    "B",
    "B - A",
    "change",
    "reads as (95 % interval of B - A)",
];
/// Columns that hold numbers and stand at the right.
const RIGHT: std::ops::Range<usize> = 6..10;

pub(super) fn write(comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    write_run(out, "A", &comparison.a)?;
    write_run(out, "B", &comparison.b)?;
    for note in &comparison.notes {
        writeln!(out, "- {}", shown(note))?;
    }
    for missing in &comparison.missing {
        let run = missing.only_in.to_uppercase();
        writeln!(
            out,
            "- {} `{}` is only in {run}",
            missing.what,
            shown(&missing.id)
        )?;
    }
    let beyond = comparison.beyond().count();
    let differ = comparison.differences.len();
    let figures = comparison.figures;
    writeln!(
        out,
        "\n{figures} figures compared, {differ} differ, {beyond} beyond tolerance"
    )?;
    let rows = told(comparison);
    if !rows.is_empty() {
        writeln!(out)?;
        write_table(out, &rows)?;
    }
    write_hints(out, comparison, beyond - rows.len())?;
    write_splits(out, comparison)
}

/// Parts of a split that are written out; the rest is summed up.
const PARTS_MAX: usize = 12;

fn write_splits(out: &mut dyn Write, comparison: &Comparison) -> io::Result<()> {
    for split in comparison.explained.iter().filter(|s| !s.parts.is_empty()) {
        // Months are told by year: a decade of them is no reading.
        let split = if split.by == By::Month {
            &split.by_year()
        } else {
            split
        };
        writeln!(
            out,
            "\n{} ({}): change of net present value by {}; {}",
            shown(&split.strategy),
            shown(&split.case),
            split.by.word(),
            shown(&split.note)
        )?;
        let (told, rest) = split.parts.split_at(split.parts.len().min(PARTS_MAX));
        for part in told {
            writeln!(out, "  {:>18}  {}", dollars(part.cents), shown(&part.name))?;
        }
        if !rest.is_empty() {
            let sum = rest.iter().map(|p| p.cents).sum();
            writeln!(out, "  {:>18}  {} more", dollars(sum), rest.len())?;
        }
        writeln!(out, "  {:>18}  sum", dollars(split.cents))?;
    }
    Ok(())
}

fn write_run(out: &mut dyn Write, label: &str, run: &RunName) -> io::Result<()> {
    writeln!(
        out,
        "{label}  {}  scenario {}, run {}, seed {}, {} replications, version {}",
        shown(&run.dir),
        shown(&run.scenario),
        shown(&run.run_id),
        run.seed,
        run.replications,
        shown(&run.tool_version)
    )
}

/// Differences beyond tolerance: the mean of each metric, and quantiles where the mean does not tell already.
fn told(comparison: &Comparison) -> Vec<&Difference> {
    let mut told: Vec<&Difference> = Vec::new();
    for d in comparison.beyond() {
        let by_mean = |t: &&Difference| {
            t.statistic == Statistic::Mean
                && (&t.strategy, &t.case, &t.scope, &t.metric) == (&d.strategy, &d.case, &d.scope, &d.metric)
        };
        // The quantiles of a metric follow its mean.
        if !told.iter().rev().take(6).any(by_mean) {
            told.push(d);
        }
    }
    told
}

fn write_table(out: &mut dyn Write, rows: &[&Difference]) -> io::Result<()> {
    let mut table: Vec<[String; 11]> = vec![HEADERS.map(str::to_owned)];
    table.extend(rows.iter().map(|d| cells(d)));
    let width = |column: usize| {
        table
            .iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..HEADERS.len()).map(width).collect();
    for row in &table {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let gap = " ".repeat(width - cell.chars().count());
            if RIGHT.contains(&column) {
                line.push_str(&gap);
                line.push_str(cell);
            } else {
                line.push_str(cell);
                line.push_str(&gap);
            }
            line.push_str("  ");
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

fn cells(d: &Difference) -> [String; 11] {
    let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), figure);
    [
        shown(&d.strategy),
        shown(&d.case),
        shown(&d.scope),
        shown(&d.metric),
        shown(&d.unit),
        d.statistic.id().to_owned(),
        number(d.a),
        number(d.b),
        number(d.difference),
        d.relative.map_or_else(|| "-".to_owned(), percent),
        reading(d),
    ]
}

fn reading(d: &Difference) -> String {
    let change = change_words(d.change);
    if matches!(d.change, Change::OnlyInA | Change::OnlyInB | Change::OtherUnit) {
        return change.to_owned();
    }
    let noise = noise_words(d.noise);
    let Some(interval) = d.interval else {
        return format!("{change}, {noise}");
    };
    let how = if interval.paired { "paired" } else { "unpaired" };
    format!(
        "{change}, {noise} ({how}: {} to {})",
        figure(interval.low),
        figure(interval.high)
    )
}

fn write_hints(out: &mut dyn Write, comparison: &Comparison, folded: usize) -> io::Result<()> {
    if folded == 1 {
        writeln!(
            out,
            "\n1 quantile of the metrics above is beyond tolerance too; `--format csv` lists it"
        )?;
    } else if folded > 1 {
        writeln!(
            out,
            "\n{folded} quantiles of the metrics above are beyond tolerance too; `--format csv` lists them"
        )?;
    }
    let judged = comparison
        .beyond()
        .filter(|d| d.noise != Noise::NotJudged)
        .count();
    if judged >= 20 {
        let chance = judged / 20;
        writeln!(
            out,
            "of {judged} intervals of 95 %, about {chance} miss zero by chance alone"
        )?;
    }
    if comparison.is_same() {
        writeln!(out, "the runs are the same within tolerance")?;
    }
    Ok(())
}

/// A number for the eye: seven significant digits, thousands apart.
fn figure(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-4..1e15).contains(&size) {
        return format!("{value:.3e}");
    }
    let whole_digits = if size < 1.0 {
        1
    } else {
        size.log10().floor() as usize + 1
    };
    let text = format!("{size:.*}", 7_usize.saturating_sub(whole_digits));
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let fraction = fraction.trim_end_matches('0');
    let mut grouped = String::from(if value < 0.0 { "-" } else { "" });
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if !fraction.is_empty() {
        grouped.push('.');
        grouped.push_str(fraction);
    }
    grouped
}

fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent.abs() >= 0.01 {
        format!("{percent:+.2} %")
    } else {
        format!("{percent:+.1e} %")
    }
}

/// Names come from files: control characters do not reach the terminal.
fn shown(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_cut_to_seven_digits() {
        assert_eq!(figure(1_234_567.891), "1,234,568");
        assert_eq!(figure(-987_654_321.5), "-987,654,322");
        assert_eq!(figure(1.25), "1.25");
        assert_eq!(figure(0.0), "0");
        assert_eq!(figure(-1_005.5), "-1,005.5");
        assert_eq!(figure(3e-9), "3.000e-9");
        assert_eq!(percent(-0.0123), "-1.23 %");
        assert_eq!(percent(2e-8), "+2.0e-6 %");
    }
}
