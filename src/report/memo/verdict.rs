//! The recommendation and its probability, worded from the figures and from nothing else.
//!
//! The ranking is by mean net present value over replications; whether it holds is judged on differences paired
//! by replication, because all strategies met the same prices, weather and delays.

use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::metric::Metric;
use crate::report::format;
use crate::report::memo::document::Text;
use crate::report::memo::figures::{comparison_cite, of_summary};
use crate::report::view::View;

/// Below this share of replications a lead is called uncertain.
const LIKELY: f64 = 0.8;

/// Less than this shows as 0.0 million USD.
const SHOWN_USD_MIN: f64 = 50_000.0;

/// The difference of two strategies in a metric, paired by replication.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Paired {
    /// Mean of the first minus the second.
    pub(crate) mean: f64,
    /// Ends of the 95 % interval of the mean (Student's t); `NaN` with fewer than two pairs.
    pub(crate) interval: (f64, f64),
    /// Share of pairs in which the first is larger; ties count half.
    pub(crate) p_larger: f64,
    /// Pairs.
    pub(crate) count: usize,
}

impl Paired {
    /// Pairs two series, leaving out replications where either has no value.
    pub(crate) fn of(first: &[f64], second: &[f64]) -> Option<Self> {
        let differences: Vec<f64> = first
            .iter()
            .zip(second)
            .map(|(a, b)| a - b)
            .filter(|d| d.is_finite())
            .collect();
        let count = differences.len();
        if count == 0 {
            return None;
        }
        let mean = differences.iter().sum::<f64>() / count as f64;
        let larger: f64 = differences
            .iter()
            .map(|d| {
                if *d > 0.0 {
                    1.0
                } else if *d == 0.0 {
                    0.5
                } else {
                    0.0
                }
            })
            .sum();
        Some(Self {
            mean,
            interval: interval(&differences, mean),
            p_larger: larger / count as f64,
            count,
        })
    }
    /// Whether the interval of the mean lies off zero.
    fn is_separated(&self) -> bool {
        self.interval.0 > 0.0 || self.interval.1 < 0.0
    }
}

fn interval(values: &[f64], mean: f64) -> (f64, f64) {
    let count = values.len();
    let freedom = count.saturating_sub(1) as f64;
    let Ok(student) = StudentsT::new(0.0, 1.0, freedom) else {
        return (f64::NAN, f64::NAN);
    };
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / freedom;
    let half = student.inverse_cdf(0.975) * (variance / count as f64).sqrt();
    (mean - half, mean + half)
}

/// A strategy in the ranking.
#[derive(Debug, Clone)]
struct Standing<'a> {
    id: &'a str,
    mean: f64,
}

/// Strategies by mean NPV, best first; equals in file order.
fn ranking<'a>(view: &View<'a>, metric: Metric) -> Vec<Standing<'a>> {
    let known = view.strategies().filter_map(|id| {
        let mean = view.summary(id, metric)?.mean;
        Some(Standing { id, mean })
    });
    let mut order: Vec<Standing<'a>> = known.collect();
    order.sort_by(|a, b| b.mean.total_cmp(&a.mean));
    order
}

/// Share of replications in which a strategy has the highest NPV; ties are split. `None` without replications.
pub(crate) fn p_best(view: &View<'_>, strategy: &str) -> Option<f64> {
    let metric = Metric::NpvUsd;
    let all: Vec<(&str, &[f64])> = view
        .strategies()
        .map(|id| (id, view.values(id, metric)))
        .collect();
    let count = all.first().map_or(0, |(_, values)| values.len());
    let (mut won, mut judged) = (0.0, 0_usize);
    for replication in 0..count {
        let here = all.iter().map(|(id, values)| (*id, values[replication]));
        let finite: Vec<(&str, f64)> = here.filter(|(_, v)| v.is_finite()).collect();
        let best = finite.iter().map(|(_, v)| *v).fold(f64::NEG_INFINITY, f64::max);
        let winners: Vec<&str> = finite
            .iter()
            .filter(|(_, v)| *v == best)
            .map(|(id, _)| *id)
            .collect();
        if winners.is_empty() {
            continue;
        }
        judged += 1;
        if winners.contains(&strategy) {
            won += 1.0 / winners.len() as f64;
        }
    }
    (judged > 0).then(|| won / judged as f64)
}

/// The answer to the question, in a few sentences; the first is the recommendation.
pub(crate) fn answer(view: &View<'_>) -> Vec<Text> {
    let order = ranking(view, Metric::NpvUsd);
    let Some(best) = order.first() else {
        let why = "No recommendation: the run holds no net present value for any strategy.";
        return vec![Text::default().strong(why)];
    };
    let mut lines = vec![headline(view, &order)];
    lines.push(lead(view, &order));
    lines.extend(doubts(view, best));
    lines.extend(safer(view, &order));
    lines.extend(losers(view, &order));
    lines.extend(order.iter().filter_map(|s| unpaid(view, s.id)));
    lines
}

/// The recommendation.
fn headline(view: &View<'_>, order: &[Standing<'_>]) -> Text {
    let best = &order[0];
    let rate = format::percent(view.tables.manifest.discount_rate, 1);
    let mean = of_summary(view, best.id, Metric::NpvUsd, |_| {
        format!("{} million USD", format::musd(best.mean))
    });
    if best.mean < 0.0 {
        let say = format!("Do not invest on these figures: no strategy earns the discount rate of {rate}.");
        let rest = if order.len() > 1 { "loses least" } else { "loses" };
        let text = format!(" {} {rest}: its mean net present value is ", best.id);
        return Text::default().strong(say).text(text).then(mean).text(".");
    }
    if order.len() == 1 {
        let say = format!("Nothing was simulated to compare {} with.", best.id);
        let text = Text::default().strong(say).text(" It is worth ").then(mean);
        return text.text(format!(" on average at a discount rate of {rate}."));
    }
    let chance = chance(view, best.id);
    if let Some(rival) = unsettled(view, order) {
        let say = format!(
            "No firm recommendation: the ranking of {} and {rival} is not settled.",
            best.id
        );
        let text = format!(" {} has the highest mean net present value, ", best.id);
        let rest = format!(" at a discount rate of {rate}{chance}.");
        return Text::default().strong(say).text(text).then(mean).text(rest);
    }
    let verb = if best.id == view.baseline() {
        "Keep the baseline"
    } else {
        "Choose"
    };
    let likely = p_best(view, best.id).is_some_and(|p| p < LIKELY);
    let strength = if likely { ", but the lead is uncertain" } else { "" };
    let say = format!("{verb}: {}{strength}.", best.id);
    let rest = format!(" at a discount rate of {rate}{chance}.");
    let text = Text::default()
        .strong(say)
        .text(" It has the highest mean net present value, ");
    text.then(mean).text(rest)
}

/// `, and it is the best of 3 strategies in 83 % of 100 replications`, where that can be said.
fn chance(view: &View<'_>, id: &str) -> String {
    let count = view.values(id, Metric::NpvUsd).len();
    match p_best(view, id) {
        Some(p) if count > 1 => format!(
            ", and it is the best of {} strategies in {} of {count} replications",
            view.strategies().count(),
            format::probability(p, count)
        ),
        _ => "; a single replication gives it no probability".to_owned(),
    }
}

/// The rival that the leader's mean cannot be told from, if any: the runner-up or the baseline.
fn unsettled<'a>(view: &View<'a>, order: &[Standing<'a>]) -> Option<&'a str> {
    let best = &order[0];
    let rivals = order[1..].iter().map(|s| s.id);
    let judged: Vec<&str> = rivals
        .enumerate()
        .filter(|(rank, id)| *rank == 0 || *id == view.baseline())
        .map(|(_, id)| id)
        .collect();
    judged
        .into_iter()
        .find(|rival| paired(view, best.id, rival, Metric::NpvUsd).is_some_and(|p| !p.is_separated()))
}

/// The paired difference of two strategies.
fn paired(view: &View<'_>, first: &str, second: &str, metric: Metric) -> Option<Paired> {
    Paired::of(view.values(first, metric), view.values(second, metric))
}

/// How far the leader is ahead of the baseline and of the runner-up.
fn lead(view: &View<'_>, order: &[Standing<'_>]) -> Text {
    let mut text = Text::default();
    let best = &order[0];
    let mut rivals: Vec<(&str, &str)> = Vec::new();
    if best.id != view.baseline() {
        rivals.push((view.baseline(), "the baseline "));
    }
    if let Some(second) = order
        .get(1)
        .filter(|s| s.id != view.baseline() || best.id == view.baseline())
    {
        rivals.push((second.id, "the runner-up "));
    }
    for (rival, role) in rivals {
        let Some(pair) = paired(view, best.id, rival, Metric::NpvUsd) else {
            continue;
        };
        let usd = format!("{} million USD", format::musd(pair.mean));
        // A row holds differences to the baseline, whichever of the two leads.
        let row = [best.id, rival].into_iter().find(|id| *id != view.baseline());
        let row = row
            .filter(|_| [best.id, rival].contains(&view.baseline()))
            .and_then(|id| view.comparison_at(id, Metric::NpvUsd));
        text = text.text(format!("Against {role}{rival} it adds "));
        text = match row {
            Some(found) => text.figure(usd, comparison_cite(found)),
            None => text.link(usd, "metrics.csv"),
        };
        text = text.text(format!(
            " on average{}, and is ahead in {} of replications. ",
            bracket(pair.interval),
            format::probability(pair.p_larger, pair.count)
        ));
    }
    text
}

fn bracket((low, high): (f64, f64)) -> String {
    if low.is_finite() {
        format!(
            " (95 % interval {})",
            format::range(low, high, format::musd_signed)
        )
    } else {
        " (one replication: no interval)".to_owned()
    }
}

/// What the leader asks for, in words.
pub(crate) fn request(view: &View<'_>) -> Text {
    let order = ranking(view, Metric::NpvUsd);
    let Some(best) = order.first() else {
        return Text::default();
    };
    let asks = [
        (Metric::CapexUsd, "capital expenditure"),
        (Metric::PeakEquityUsd, "peak equity"),
        (Metric::DebtUsd, "debt"),
    ];
    let mut parts: Vec<Text> = Vec::new();
    for (metric, name) in asks {
        if view
            .summary(best.id, metric)
            .is_none_or(|row| row.p90 < SHOWN_USD_MIN)
        {
            continue;
        }
        parts.push(of_summary(view, best.id, metric, |row| {
            let (middle, high) = (format::musd(row.p50), format::musd(row.p90));
            if row.p50 < SHOWN_USD_MIN {
                format!("no {name} at P50 and {high} million USD at P90")
            } else {
                format!("{name} of {middle} million USD (P50; P90 {high})")
            }
        }));
    }
    let text = Text::default().strong(best.id);
    let count = parts.len();
    if count == 0 {
        return text.text(" asks for no capital. What the others would have asked for:");
    }
    let joined = parts
        .into_iter()
        .enumerate()
        .fold(text.text(" asks for "), |text, (index, part)| {
            let joint = match (index, index + 1 == count) {
                (0, _) => "",
                (_, true) => " and ",
                _ => ", ",
            };
            text.text(joint).then(part)
        });
    joined.text(".")
}

/// A strategy with a better P10 than the leader's: the choice is then one of risk.
fn safer(view: &View<'_>, order: &[Standing<'_>]) -> Option<Text> {
    let low = |id: &str| view.summary(id, Metric::NpvUsd).map(|r| r.p10);
    let leader = low(order[0].id)?;
    let rivals = order[1..].iter().filter_map(|s| Some((s.id, low(s.id)?)));
    let best = rivals
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .filter(|rival| rival.1 > leader)?;
    Some(Text::new(format!(
        "{} is the safer choice: its P10 is {} million USD, against {} for {}.",
        best.0,
        format::musd(best.1),
        format::musd(leader),
        order[0].id
    )))
}

/// Whether the lead over the baseline stands without the residual at the horizon.
fn bare_lead(view: &View<'_>, id: &str) -> Option<Text> {
    let pair = paired(view, id, view.baseline(), Metric::NpvWithoutResidualUsd)?;
    let with = paired(view, id, view.baseline(), Metric::NpvUsd)?;
    let shrinks = pair.mean < with.mean;
    if id == view.baseline() || !shrinks || pair.interval.0 > 0.0 || with.interval.0 <= 0.0 {
        return None;
    }
    Some(Text::new(format!(
        "Its lead over {} rests on the residual at the horizon: without it the difference is {} million USD{}.",
        view.baseline(),
        format::musd_signed(pair.mean),
        bracket(pair.interval)
    )))
}

/// What a reader must know before trusting the leader: losses, the residual, another ranking for equity.
fn doubts(view: &View<'_>, best: &Standing<'_>) -> Vec<Text> {
    let mut lines = Vec::new();
    let values = view.finite(best.id, Metric::NpvUsd);
    let negative = values.iter().filter(|v| **v < 0.0).count();
    if negative > 0 && best.mean >= 0.0 {
        let share = negative as f64 / values.len() as f64;
        lines.push(Text::new(format!(
            "It loses money in {} of replications.",
            format::probability(share, values.len())
        )));
    }
    if let Some(bare) = view.summary(best.id, Metric::NpvWithoutResidualUsd)
        && bare.mean < 0.0
        && best.mean >= 0.0
    {
        lines.push(Text::new(format!(
            "Its value rests on the residual at the horizon: without it the mean is {} million USD.",
            format::musd(bare.mean)
        )));
    }
    lines.extend(bare_lead(view, best.id));
    for (metric, name) in [
        (Metric::NpvWithoutResidualUsd, "without the residual"),
        (Metric::NpvEquityUsd, "for equity"),
    ] {
        if let Some(other) = ranking(view, metric).first().filter(|other| other.id != best.id) {
            lines.push(Text::new(format!(
                "The ranking differs {name}: there {} leads with {} million USD.",
                other.id,
                format::musd(other.mean)
            )));
        }
    }
    lines
}

/// That the debt of a strategy does not hold in some replications.
fn unpaid(view: &View<'_>, id: &str) -> Option<Text> {
    let count = view.values(id, Metric::CovenantBroken).len();
    let broken = view
        .summary(id, Metric::CovenantBroken)
        .filter(|r| r.mean > 0.0)?
        .mean;
    let chance = of_summary(view, id, Metric::CovenantBroken, |_| {
        format::probability(broken, count)
    });
    let cover = of_summary(view, id, Metric::DscrMin, |r| format::number(r.p50, 2));
    let text = Text::new(format!("{id} breaks its covenant or leaves debt unpaid in ")).then(chance);
    let text = text.text(" of replications; the median of its smallest cover ratio (DSCR) is ");
    Some(text.then(cover).text("."))
}

/// Strategies that lose money, or lose against the baseline: the memo says so.
fn losers(view: &View<'_>, order: &[Standing<'_>]) -> Vec<Text> {
    let mut lines = Vec::new();
    for standing in &order[1..] {
        let against = view
            .comparison(standing.id, Metric::NpvUsd)
            .filter(|c| c.ci95_high < 0.0);
        let behind = against.map(|c| {
            let difference = format::musd(c.mean_difference.abs());
            // A sentence that says that its mean is negative says of what the difference is.
            let mean = if standing.mean < 0.0 { "" } else { " on average" };
            format!(
                "is worse than {} by {difference} million USD{mean}",
                view.baseline()
            )
        });
        let loses = (standing.mean < 0.0).then(|| {
            format!(
                "has a negative mean net present value ({} million USD)",
                format::musd(standing.mean)
            )
        });
        let facts: Vec<String> = loses.into_iter().chain(behind).collect();
        if !facts.is_empty() {
            lines.push(Text::new(format!(
                "{} {}.",
                standing.id,
                format::join_and(&facts)
            )));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    fn text(lines: &[Text]) -> String {
        format!("{lines:?}")
    }

    #[test]
    fn a_paired_interval_is_students_t() {
        // Differences 1, 2, 3, 4: mean 2.5, sd 1.29099, t(0.975, 3) = 3.18245.
        let pair = Paired::of(&[2.0, 4.0, 6.0, 8.0], &[1.0, 2.0, 3.0, 4.0]).unwrap();
        assert_eq!((pair.mean, pair.p_larger, pair.count), (2.5, 1.0, 4));
        assert!((pair.interval.1 - 4.554_26).abs() < 1e-4, "{pair:?}");
        let one = Paired::of(&[2.0], &[1.0]).unwrap();
        assert!(one.interval.0.is_nan());
        assert_eq!(Paired::of(&[f64::NAN], &[1.0]), None);
    }

    #[test]
    fn a_clear_winner_is_recommended_with_its_probability() {
        let tables = fixture::with_npv(&[
            ("stay", [10.0, 12.0, 11.0, 9.0]),
            ("cloud", [30.0, 33.0, 29.0, 31.0]),
        ]);
        let said = text(&answer(&View::new(&tables)));
        assert!(
            said.contains("Choose: cloud.") && said.contains("> 75 % of 4 replications"),
            "{said}"
        );
    }

    #[test]
    fn an_open_ranking_is_called_open() {
        let tables = fixture::with_npv(&[
            ("stay", [10.0, 12.0, 11.0, 9.0]),
            ("cloud", [30.0, -20.0, 40.0, 1.0]),
        ]);
        let said = text(&answer(&View::new(&tables)));
        assert!(said.contains("No firm recommendation"), "{said}");
        assert!(said.contains("It loses money in 25 %"), "{said}");
    }

    #[test]
    fn where_all_lose_nothing_is_recommended() {
        let tables = fixture::with_npv(&[
            ("stay", [-1.0, -2.0, -1.5, -1.0]),
            ("cloud", [-30.0, -33.0, -29.0, -31.0]),
        ]);
        let said = text(&answer(&View::new(&tables)));
        assert!(
            said.contains("Do not invest") && said.contains("stay loses least"),
            "{said}"
        );
        assert!(
            said.contains("cloud has a negative mean") && said.contains("is worse than stay"),
            "{said}"
        );
    }

    #[test]
    fn the_baseline_can_win() {
        let tables = fixture::with_npv(&[
            ("stay", [50.0, 52.0, 51.0, 49.0]),
            ("cloud", [30.0, 33.0, 29.0, 31.0]),
        ]);
        assert!(text(&answer(&View::new(&tables))).contains("Keep the baseline: stay."));
    }
}
