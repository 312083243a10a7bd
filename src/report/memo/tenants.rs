//! Sentences of the decision on tenants who may leave and on customers who have their machines hosted.

use crate::finance::account::Account;
use crate::metric::Metric;
use crate::report::format;
use crate::report::memo::document::Text;
use crate::report::memo::figures::of_summary;
use crate::report::view::View;
use crate::results::tables::CashflowRow;

/// What a strategy loses by tenants who default or whose term ends; nothing where no contract says that they may.
pub(crate) fn who_leave(view: &View<'_>, id: &str) -> Option<Text> {
    let defaults = view.summary(id, Metric::TenantDefaults);
    let empty = view.summary(id, Metric::ShellEmptyMonths);
    if defaults.is_none() && empty.is_none() {
        return None;
    }
    let mut text = Text::default().strong(id).text(": ");
    if let Some(defaults) = defaults {
        let values = view.finite(id, Metric::TenantDefaults);
        let some = values.iter().filter(|v| **v > 0.0).count();
        let chance = format::probability(some as f64 / values.len().max(1) as f64, values.len());
        let mean = of_summary(view, id, Metric::TenantDefaults, |r| format::number(r.mean, 2));
        text = text.text(format!("a tenant defaults in {chance} of the replications ("));
        text = text.then(mean).text(if defaults.mean == 1.0 {
            " default in the mean)"
        } else {
            " defaults in the mean)"
        });
    }
    let Some(empty) = empty else {
        return Some(text.text("."));
    };
    let joint = if defaults.is_some() { "; " } else { "" };
    if empty.max <= 0.0 {
        return Some(text.text(format!("{joint}no leased hall stands empty after its tenant.")));
    }
    let months = of_summary(view, id, Metric::ShellEmptyMonths, |r| format::number(r.mean, 1));
    let lost = of_summary(view, id, Metric::TenantLossUsd, |r| {
        format::number(r.mean.abs() / 1e6, 2)
    });
    let rest = if view
        .summary(id, Metric::TenantLossUsd)
        .is_some_and(|r| r.mean < 0.0)
    {
        " million USD less than guarantors pay (the worst tenth "
    } else {
        " million USD in rent and letting, less what guarantors pay (the worst tenth "
    };
    let worst = of_summary(view, id, Metric::TenantLossUsd, |r| {
        format::number(r.p90 / 1e6, 2)
    });
    Some(
        text.text(format!("{joint}leased halls stand empty for "))
            .then(months)
            .text(" months in the mean, which costs ")
            .then(lost)
            .text(rest)
            .then(worst)
            .text(" or more)."),
    )
}

/// What customers' machines bring a strategy and take of its energy.
pub(crate) fn hosted(view: &View<'_>, id: &str) -> Option<Text> {
    let energy = view
        .summary(id, Metric::HostedMwh)
        .filter(|r| r.max > 0.0)
        .map(|r| r.mean)?;
    let paid = view.summary(id, Metric::HostingRevenueUsd)?;
    let own = |r: &&CashflowRow| r.strategy == id && r.case == view.case && r.which == "mean";
    let mined: f64 = view
        .tables
        .cashflow
        .iter()
        .filter(own)
        .filter(|r| r.account == Account::MiningRevenue.id())
        .map(|r| r.usd)
        .sum();
    let per_mwh = format::number(paid.mean / energy, 1);
    let usd = of_summary(view, id, Metric::HostingRevenueUsd, |r| {
        format::number(r.mean / 1e6, 1)
    });
    let gwh = of_summary(view, id, Metric::HostedMwh, |r| format::number(r.mean / 1e3, 1));
    let text = Text::default()
        .strong(id)
        .text(": customers' machines pay ")
        .then(usd)
        .text(" million USD in the mean for ")
        .then(gwh)
        .text(format!(" GWh, {per_mwh} USD/MWh"));
    let text = match view.summary(id, Metric::HostingUptime) {
        Some(_) => text
            .text(", at an uptime of ")
            .then(of_summary(view, id, Metric::HostingUptime, |r| {
                format::percent(r.p50, 1)
            })),
        None => text,
    };
    let beside = if mined > 0.0 {
        format!(
            "; its own machines mine {} million USD.",
            format::number(mined / 1e6, 1)
        )
    } else {
        "; it mines nothing of its own.".to_owned()
    };
    Some(text.text(beside))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;
    use crate::report::memo::document::Span;

    fn plain(text: &Text) -> String {
        let word = |span: &Span| match span {
            Span::Text(t) | Span::Strong(t) | Span::Code(t) | Span::Link(t, _) | Span::Figure(t, _) => {
                t.clone()
            }
        };
        text.0.iter().map(word).collect()
    }

    /// One of two replications has a default that leaves a hall empty for six months and costs two millions.
    #[test]
    fn a_default_is_told_with_its_chance_its_months_and_its_cost() {
        let mut tables = fixture::with_npv(&[("stay", [1.0, 1.0]), ("lease", [3.0, 5.0])]);
        let lease = |tables: &mut crate::results::tables::RunTables, metric, values: [f64; 2]| {
            for (replication, value) in values.into_iter().enumerate() {
                tables.metrics.set((1, 0, 0), metric, replication, value);
            }
        };
        lease(&mut tables, Metric::TenantDefaults, [1.0, 0.0]);
        lease(&mut tables, Metric::ShellEmptyMonths, [6.0, 0.0]);
        lease(&mut tables, Metric::TenantLossUsd, [2e6, 0.0]);
        tables.summary.clear();
        tables.comparison.clear();
        fixture::summarise(&mut tables);
        let view = View::new(&tables);
        assert!(who_leave(&view, "stay").is_none() && hosted(&view, "lease").is_none());
        let said = plain(&who_leave(&view, "lease").unwrap());
        for part in [
            "lease: a tenant defaults in 50 % of the replications (0.50 defaults in the mean)",
            "leased halls stand empty for 3.0 months in the mean, which costs 1.00 million USD in rent and letting",
        ] {
            assert!(said.contains(part), "`{part}` is not in: {said}");
        }
    }

    /// Eight millions in the mean for 100,000 MWh are 80 USD a megawatt-hour.
    #[test]
    fn hosting_is_told_with_what_customers_pay_for_a_megawatt_hour() {
        let mut tables = fixture::with_npv(&[("stay", [1.0, 1.0])]);
        for (replication, usd) in [7e6, 9e6].into_iter().enumerate() {
            let at = (0, 0, 0);
            tables
                .metrics
                .set(at, Metric::HostingRevenueUsd, replication, usd);
            tables.metrics.set(at, Metric::HostedMwh, replication, 1e5);
            tables.metrics.set(at, Metric::HostingUptime, replication, 0.97);
        }
        tables.summary.clear();
        tables.comparison.clear();
        fixture::summarise(&mut tables);
        let said = plain(&hosted(&View::new(&tables), "stay").unwrap());
        let all = "stay: customers' machines pay 8.0 million USD in the mean for 100.0 GWh, 80.0 USD/MWh, at an uptime of \
                   97.0 %; it mines nothing of its own.";
        assert_eq!(said, all);
    }
}
