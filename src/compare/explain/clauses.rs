//! Power bills by contract and clause.

use super::{Cash, Values};
use crate::finance::Account;

/// Accounts whose cash settlements explain.
const BILLED: [Account; 3] = [Account::PowerCost, Account::PowerResale, Account::DemandResponse];

/// Present value by clause of what settlements billed in their months; the bills' other cash (invoices of tenants, payment
/// later than the month) as one part, everything else as another.
pub(super) fn values(cash: &Cash<'_>) -> Values {
    let mut values = Values::new();
    let mut settled = 0.0;
    for row in &cash.tables.settlement {
        if row.strategy != cash.strategy || row.case != cash.case {
            continue;
        }
        let Some(factor) = cash.factor(&row.month) else {
            continue;
        };
        let name = format!("{} {} {}", row.site, row.contract, row.clause);
        *values.entry(name).or_insert(0.0) += row.usd * factor;
        settled += row.usd * factor;
    }
    let billed = |id: &str| BILLED.iter().any(|a| a.id() == id);
    let sums = cash.by(|row| if billed(&row.account) { "billed" } else { "rest" }.to_owned());
    let sum = |name: &str| sums.get(name).copied().unwrap_or(0.0);
    values.insert(
        "bills paid in other months, tenants' invoices".to_owned(),
        sum("billed") - settled,
    );
    values.insert("everything but power".to_owned(), sum("rest"));
    values
}
