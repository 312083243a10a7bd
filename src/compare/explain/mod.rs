//! Where a change of net present value comes from: the two ledgers side by side, by account, month, stage and clause.
//!
//! Accounts and months split the change of the mean; stages and clauses that of the median replications, because only those
//! are told with their stages and settlements. In every split the parts add up to the whole to the cent.

mod clauses;
mod stages;

use indexmap::IndexMap;
use serde::Serialize;

use crate::finance::{Account, CashFlow, discount_factor};
use crate::results::manifest::Manifest;
use crate::results::tables::{CashflowRow, RunTables};
use crate::units::Ratio;

/// How a change was split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// By account, of the mean over replications.
    Account,
    /// By month, of the mean.
    Month,
    /// By the stage on the critical path in the month, of the median replications.
    Stage,
    /// Power bills by contract and clause, everything else as one part; of the median replications.
    Clause,
    /// By input that is not the same, by simulating the mixtures; mean over replications.
    Input,
}

impl By {
    /// The word for people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Month => "month",
            Self::Stage => "stage",
            Self::Clause => "clause",
            Self::Input => "input",
        }
    }
}

/// One part of a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    /// Account, month, stage or clause.
    pub name: String,
    /// In whole cents, so that parts add up exactly.
    pub cents: i64,
}

/// The change of one strategy, split one way.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Split {
    /// Strategy id.
    pub strategy: String,
    /// Case id.
    pub case: String,
    /// How it was split.
    pub by: By,
    /// Net present value of B less that of A, in cents: the sum of the parts.
    pub cents: i64,
    /// Parts, those of the greatest magnitude first (months in order).
    pub parts: Vec<Part>,
    /// What the reader must know.
    pub note: String,
}

impl Split {
    /// A split by month summed up by year.
    pub(super) fn by_year(&self) -> Self {
        let mut years: IndexMap<&str, i64> = IndexMap::new();
        for part in &self.parts {
            *years.entry(part.name.get(..4).unwrap_or(&part.name)).or_insert(0) += part.cents;
        }
        let part = |(name, cents): (&str, i64)| Part {
            name: name.to_owned(),
            cents,
        };
        Self {
            parts: years.into_iter().map(part).collect(),
            ..self.clone()
        }
    }
    /// A split by input from present values in dollars, in the order given.
    pub fn of_inputs((strategy, case): (&str, &str), values: Vec<(String, f64)>, note: String) -> Self {
        let (cents, parts) = in_cents(values.into_iter().collect());
        Self {
            strategy: strategy.to_owned(),
            case: case.to_owned(),
            by: By::Input,
            cents,
            parts,
            note,
        }
    }
}

/// Present value of named parts of a strategy's cash, in the order in which they come.
type Values = IndexMap<String, f64>;

/// The cash of one strategy and case in one run.
struct Cash<'a> {
    tables: &'a RunTables,
    strategy: &'a str,
    case: &'a str,
    which: &'static str,
}

impl<'a> Cash<'a> {
    fn manifest(&self) -> &'a Manifest {
        &self.tables.manifest
    }
    /// What a dollar of a month is worth at the start; `None` for a month outside the run.
    fn factor(&self, month: &str) -> Option<f64> {
        let index = self.manifest().months.iter().position(|m| m == month)?;
        Some(discount_factor(
            Ratio::from_fraction(self.manifest().discount_rate),
            index,
        ))
    }
    /// Rows of the project's own cash: net present value is before lenders and owners.
    fn rows(&self) -> impl Iterator<Item = &'a CashflowRow> {
        let own =
            |r: &&CashflowRow| r.strategy == self.strategy && r.case == self.case && r.which == self.which;
        self.tables
            .cashflow
            .iter()
            .filter(own)
            .filter(|r| is_project(&r.account))
    }
    /// Present values summed by what `name` makes of a row.
    fn by(&self, name: impl Fn(&CashflowRow) -> String) -> Values {
        let mut values = Values::new();
        for row in self.rows() {
            if let Some(factor) = self.factor(&row.month) {
                *values.entry(name(row)).or_insert(0.0) += row.usd * factor;
            }
        }
        values
    }
}

/// Whether cash of an account is the project's own.
fn is_project(id: &str) -> bool {
    let account = Account::from_id(id);
    // An account that this version does not know would be missing from the sum: it counts.
    account.is_none_or(|a| a.cash_flow().is_none_or(CashFlow::is_project))
}

/// Splits the change of every strategy and case that both runs have.
pub fn explain(a: &RunTables, b: &RunTables) -> Vec<Split> {
    let mut splits = Vec::new();
    let (first, second) = (&a.manifest, &b.manifest);
    for strategy in first.strategies.iter().map(|s| s.id.as_str()) {
        if !second.strategies.iter().any(|s| s.id == strategy) {
            continue;
        }
        for case in first.cases.iter().filter(|c| second.cases.contains(c)) {
            let cash = |tables, which| Cash {
                tables,
                strategy,
                case,
                which,
            };
            let means = (cash(a, "mean"), cash(b, "mean"));
            let medians = (cash(a, "p50"), cash(b, "p50"));
            splits.push(split(&means, By::Account, |c| c.by(|r| r.account.clone())));
            splits.push(split(&means, By::Month, |c| c.by(|r| r.month.clone())));
            splits.push(split(&medians, By::Stage, stages::values));
            splits.push(split(&medians, By::Clause, clauses::values));
        }
    }
    splits
}

fn split((a, b): &(Cash<'_>, Cash<'_>), by: By, values: impl Fn(&Cash<'_>) -> Values) -> Split {
    let (in_a, in_b) = (values(a), values(b));
    let mut changes: Values = in_b;
    for (name, usd) in in_a {
        *changes.entry(name).or_insert(0.0) -= usd;
    }
    let (cents, mut parts) = in_cents(changes);
    if by == By::Month {
        parts.sort_by(|x, y| x.name.cmp(&y.name));
    } else {
        parts.sort_by(|x, y| {
            y.cents
                .abs()
                .cmp(&x.cents.abs())
                .then_with(|| x.name.cmp(&y.name))
        });
    }
    let note = match by {
        By::Account | By::Month | By::Input => "mean over replications".to_owned(),
        By::Stage | By::Clause => {
            let (first, second) = (median_of(a), median_of(b));
            if first == second {
                format!("median replication, number {first} in both")
            } else {
                format!("median replications: number {first} of A, {second} of B, which met different worlds")
            }
        }
    };
    Split {
        strategy: a.strategy.to_owned(),
        case: a.case.to_owned(),
        by,
        cents,
        parts,
        note,
    }
}

fn median_of(cash: &Cash<'_>) -> u32 {
    let manifest = cash.manifest();
    let strategy = manifest
        .strategies
        .iter()
        .position(|s| s.id == cash.strategy)
        .unwrap_or(0);
    let case = manifest.cases.iter().position(|c| c == cash.case).unwrap_or(0);
    let index = strategy * manifest.cases.len() + case;
    manifest.p50_replications.get(index).copied().unwrap_or(0)
}

/// Parts in whole cents that add up to the whole in whole cents: what rounding leaves goes, cent by cent, to the parts that
/// lost most by it.
fn in_cents(values: Values) -> (i64, Vec<Part>) {
    let whole = (values.values().sum::<f64>() * 100.0).round() as i64;
    let exact: Vec<(String, f64)> = values
        .into_iter()
        .map(|(name, usd)| (name, usd * 100.0))
        .collect();
    let mut parts: Vec<Part> = exact
        .iter()
        .map(|(name, cents)| Part {
            name: name.clone(),
            cents: cents.floor() as i64,
        })
        .collect();
    let missing = whole - parts.iter().map(|p| p.cents).sum::<i64>();
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by(|x, y| (exact[*y].1 - exact[*y].1.floor()).total_cmp(&(exact[*x].1 - exact[*x].1.floor())));
    // Floors lose less than a cent each; one or none is missing of each, but for sums of very large numbers.
    for index in order
        .iter()
        .cycle()
        .take(usize::try_from(missing).unwrap_or(0).min(4 * parts.len()))
    {
        parts[*index].cents += 1;
    }
    let whole = parts.iter().map(|p| p.cents).sum();
    parts.retain(|p| p.cents != 0);
    (whole, parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::fixture;

    #[test]
    fn parts_in_cents_add_up_to_the_whole() {
        let values: Values = [
            ("a", 1.0 / 3.0),
            ("b", 1.0 / 3.0),
            ("c", 1.0 / 3.0),
            ("d", -0.005),
            ("e", 2e9 + 0.001),
        ]
        .into_iter()
        .map(|(n, v)| (n.to_owned(), v))
        .collect();
        let (whole, parts) = in_cents(values);
        assert_eq!(whole, 200_000_000_100);
        assert_eq!(parts.iter().map(|p| p.cents).sum::<i64>(), whole);
        assert_eq!(in_cents(Values::new()), (0, Vec::new()));
    }

    #[test]
    fn a_change_of_one_account_in_one_month_is_found_there() {
        let (a, mut b) = (fixture::tables(4), fixture::tables(4));
        let row = b
            .cashflow
            .iter_mut()
            .find(|r| r.which == "mean" && is_project(&r.account))
            .unwrap();
        row.usd += 1e6;
        let (strategy, account, month) = (row.strategy.clone(), row.account.clone(), row.month.clone());
        let index = b.manifest.months.iter().position(|m| *m == month).unwrap();
        let rate = 1.0 + b.manifest.discount_rate;
        let expected = (1e8 * rate.powf(-(index as f64 + 0.5) / 12.0)).round() as i64;
        for split in explain(&a, &b) {
            let changed = split.strategy == strategy && matches!(split.by, By::Account | By::Month);
            let name = if split.by == By::Account { &account } else { &month };
            if changed {
                assert_eq!(split.cents, expected);
                assert_eq!(
                    split.parts,
                    [Part {
                        name: name.clone(),
                        cents: expected
                    }]
                );
            } else {
                assert!(split.parts.is_empty(), "{split:?}");
            }
        }
    }
}
