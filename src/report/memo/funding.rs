//! Sources and uses: what pays for the works until the last hall is ready, and what it pays for.

use crate::finance::account::{Account, CashFlow};
use crate::report::chart::parse_utc;
use crate::report::format;
use crate::report::memo::document::{Table, Text};
use crate::report::memo::figures::COLUMNS_MAX;
use crate::report::view::View;
use crate::results::tables::CashflowRow;
use crate::time::Calendar;

/// Money of the median replication until its last hall was ready, USD, uses and sources positive.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Funding {
    works: f64,
    lenders: f64,
    reserve: f64,
    debt: f64,
    grants: f64,
    prepaid: f64,
    owners: f64,
    running: f64,
}

impl Funding {
    fn uses(&self) -> f64 {
        self.works + self.lenders + self.reserve
    }
    fn sources(&self) -> f64 {
        self.debt + self.grants + self.prepaid + self.owners + self.running
    }
    fn add(&mut self, account: Account, usd: f64) {
        match account {
            Account::DebtDraws | Account::DebtRepayments => self.debt += usd,
            Account::Grants => self.grants += usd,
            Account::CustomerPrepayments => self.prepaid += usd,
            Account::ReserveAccounts => self.reserve -= usd,
            _ => match account.cash_flow() {
                Some(CashFlow::Equity) => self.owners += usd,
                Some(CashFlow::Debt) => self.lenders -= usd,
                Some(CashFlow::Investing) => self.works -= usd,
                Some(CashFlow::Operating | CashFlow::Tax) => self.running += usd,
                Some(CashFlow::Residual) | None => {}
            },
        }
    }
}

/// A part of it.
type Part = fn(&Funding) -> f64;

/// A column for each strategy; empty where no strategy is financed.
pub(crate) fn sources_and_uses(view: &View<'_>) -> Vec<Table> {
    let known: Vec<(&str, Funding)> = view
        .strategies()
        .filter_map(|id| funding(view, id).map(|f| (id, f)))
        .collect();
    let parts: [(&str, Part); 11] = [
        ("Use: works, net of what was sold", |f| f.works),
        ("Use: interest and fees of lenders", |f| f.lenders),
        ("Use: reserve of lenders", |f| f.reserve),
        ("Uses", Funding::uses),
        ("Source: debt, net of what was repaid", |f| f.debt),
        ("Source: grants", |f| f.grants),
        ("Source: customers' prepayments", |f| f.prepaid),
        ("Source: owners, net of what they took out", |f| f.owners),
        ("Source: running halls after tax", |f| f.running),
        ("Sources", Funding::sources),
        ("Left in cash: sources less uses", |f| f.sources() - f.uses()),
    ];
    let source = Text::default()
        .link("cashflow.csv", "cashflow.csv")
        .text(", which = p50, from the start to the month in which the last hall was ready.");
    let row = |(name, part): &(&str, Part), chunk: &[(&str, Funding)]| -> Vec<Text> {
        let cells = chunk.iter().map(|(_, f)| Text::new(format::musd(part(f))));
        std::iter::once(Text::new(*name)).chain(cells).collect()
    };
    let table = |chunk: &[(&str, Funding)]| {
        let head: Vec<&str> = std::iter::once("")
            .chain(chunk.iter().map(|(id, _)| *id))
            .collect();
        let caption = "Sources and uses until the last hall is ready, million USD, median replication";
        Table {
            rows: parts.iter().map(|part| row(part, chunk)).collect(),
            ..Table::figures(caption, source.clone(), &head)
        }
    };
    known.chunks(COLUMNS_MAX).map(table).collect()
}

/// The funding of a strategy that has accounts with lenders or owners.
fn funding(view: &View<'_>, id: &str) -> Option<Funding> {
    let replication = view.p50_replication(id)?;
    let ends = view.schedule(id).filter(|r| r.replication == replication);
    let last = ends.filter_map(|r| parse_utc(&r.end)).max()?;
    let last = Calendar::utc().civil_hour(last).month.to_string();
    let own =
        |r: &&CashflowRow| r.strategy == id && r.case == view.case && r.which == "p50" && r.month <= last;
    let mut funding = Funding::default();
    let mut is_financed = false;
    for row in view.tables.cashflow.iter().filter(own) {
        if let Some(account) = Account::from_id(&row.account) {
            is_financed |=
                matches!(account.cash_flow(), Some(CashFlow::Debt | CashFlow::Equity)) && row.usd != 0.0;
            funding.add(account, row.usd);
        }
    }
    is_financed.then_some(funding)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_in_is_what_goes_out_and_what_is_left() {
        let mut funding = Funding::default();
        let flows = [
            (Account::DebtDraws, 70.0),
            (Account::EquityContributions, 40.0),
            (Account::EquityDistributions, -4.0),
            (Account::CapexFacility, -90.0),
            (Account::AsicSalvage, 5.0),
            (Account::InterestCapitalised, -6.0),
            (Account::ReserveAccounts, -8.0),
            (Account::MiningRevenue, 12.0),
            (Account::PowerCost, -9.0),
            (Account::HardwareResidual, 1e6),
        ];
        for (account, usd) in flows {
            funding.add(account, usd);
        }
        assert_eq!(
            (funding.uses(), funding.sources()),
            (85.0 + 6.0 + 8.0, 70.0 + 36.0 + 3.0)
        );
        let net: f64 = flows[..9].iter().map(|f| f.1).sum();
        assert!((funding.sources() - funding.uses() - net).abs() < 1e-12);
    }
}
