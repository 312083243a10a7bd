//! Worth, returns, cover of debt, unit figures.

use super::Scalars;
use crate::finance::account::{Account, CashFlow};
use crate::finance::break_even::BreakEven;
use crate::finance::{discount_factor, irr_roots_annual, mirr, moic, npv, payback_years, peak_equity};
use crate::metric::Metric;
use crate::results::replication::PORTFOLIO;
use crate::sim::capital::{self, completion};
use crate::sim::world::World;
use crate::units::Ratio;

/// Peak equity over capex below which no rate of return, multiple or payback is given.
const INVESTED_SHARE_MIN: f64 = 0.2;

/// Worth, returns, cover and unit figures of the whole.
pub(super) fn measure(scalars: &mut Scalars, world: &World<'_>) {
    let books = &world.books;
    let rate = Ratio::from_percent(world.from.spec.finance.discount_percent);
    let flows = books.ledger.project_flows_usd();
    let bare = books.ledger.project_flows_without_residual_usd();
    // Where there is debt, what the company holds back is not the owners' yet.
    let equity = if books.debt.is_some() {
        books.ledger.owners_flows_usd()
    } else {
        books.ledger.equity_flows_usd()
    };
    let capex: f64 = [Account::CapexFacility, Account::CapexHardware]
        .iter()
        .map(|a| 0.0 - books.ledger.cash_usd(*a).iter().sum::<f64>())
        .sum();
    let mut roots = Vec::new();
    let mut put = |metric, value| scalars.put(PORTFOLIO, metric, value);
    put(Metric::NpvUsd, npv(&flows, rate).as_usd());
    put(Metric::NpvEquityUsd, npv(&equity, rate).as_usd());
    put(Metric::NpvWithoutResidualUsd, npv(&bare, rate).as_usd());
    put(Metric::PeakEquityUsd, peak_equity(&equity).as_usd());
    put(Metric::CapexUsd, capex);
    // A rate of return needs money put in first: where the rest of the site pays for the works as they come, the
    // flows have roots without a meaning.
    if peak_equity(&equity).as_usd() > INVESTED_SHARE_MIN * capex && capex > 0.0 {
        roots = irr_roots_annual(&flows);
        let owners = if books.debt.is_some() || books.equipment_usd > 0.0 {
            irr_roots_annual(&equity).first().copied()
        } else {
            roots.first().copied()
        };
        let returns = [(Metric::Irr, roots.first().copied()), (Metric::IrrEquity, owners)];
        let others = [
            (Metric::Moic, moic(&equity)),
            (Metric::PaybackYears, payback_years(&bare)),
        ];
        for (metric, value) in returns.into_iter().chain(others) {
            if let Some(value) = value {
                put(metric, value);
            }
        }
    }
    put(Metric::ServiceCreditsUsd, books.credits_usd);
    let value = npv(&flows, rate).as_usd();
    put(
        Metric::ResidualShare,
        (value - npv(&bare, rate).as_usd()) / value.abs(),
    );
    if capex > 0.0 {
        several_roots(scalars, (&flows, &roots), rate);
        on_cost(scalars, world, capex);
        sold(scalars, world, (value, rate));
    }
    defaults(scalars, world);
    borrowed(scalars, world);
    shared(scalars, world, &equity);
    let gpu_it: f64 = world.sites.iter().map(|s| s.all.gpu_it_mwh).sum();
    let lease_it: f64 = world.sites.iter().map(|s| s.all.lease_it_mwh).sum();
    scalars.ratio(PORTFOLIO, Metric::GpuRevenueUsdPerMwh, books.gpu_usd, gpu_it);
    scalars.ratio(PORTFOLIO, Metric::LeaseRevenueUsdPerMwh, books.rent_usd, lease_it);
}

/// Where a project has several rates of return: how many, the highest, and the modified one.
fn several_roots(scalars: &mut Scalars, (flows, roots): (&[f64], &[f64]), rate: Ratio) {
    if roots.len() < 2 {
        return;
    }
    scalars.put(PORTFOLIO, Metric::IrrRoots, roots.len() as f64);
    if let Some(highest) = roots.last() {
        scalars.put(PORTFOLIO, Metric::IrrHighest, *highest);
    }
    let monthly = Ratio::from_fraction((rate.as_fraction().ln_1p() / 12.0).exp_m1());
    if let Some(modified) = mirr(flows, monthly, monthly) {
        let yearly = (12.0 * modified.as_fraction().ln_1p()).exp_m1();
        scalars.put(PORTFOLIO, Metric::Mirr, yearly);
    }
}

/// EBITDA and capex by what was converted.
fn on_cost(scalars: &mut Scalars, world: &World<'_>, capex: f64) {
    let ledger = &world.books.ledger;
    let ebitda = ledger.profit_of_usd(CashFlow::Operating);
    let place = |&(s, h): &(usize, usize)| world.sites[s].halls[h].grid_mw;
    let converted: f64 = world
        .projects
        .iter()
        .filter(|p| !p.again)
        .flat_map(|p| &p.halls)
        .map(place)
        .sum();
    let all: f64 = world.sites.iter().flat_map(|s| &s.halls).map(|h| h.grid_mw).sum();
    scalars.ratio(PORTFOLIO, Metric::CapexUsdPerMw, capex, converted);
    let years = ledger.months() as f64 / 12.0;
    scalars.ratio(
        PORTFOLIO,
        Metric::EbitdaUsdPerMwYear,
        ebitda.iter().sum::<f64>() / years,
        all,
    );
    // The second year: the first still has free months and a ramp.
    let from = completion(world) + 12;
    if let Some(second) = ebitda.get(from..from + 12) {
        scalars.ratio(PORTFOLIO, Metric::YieldOnCost, second.iter().sum(), capex);
    }
}

/// Prices at which the strategy is worth nothing: of a GPU-hour, of a megawatt-hour bought.
fn sold(scalars: &mut Scalars, world: &World<'_>, (npv_usd, rate): (f64, Ratio)) {
    let books = &world.books;
    let taxable_usd = books.ledger.profit_before_depreciation_usd();
    let search = BreakEven {
        tax: books.tax(),
        taxable_usd: &taxable_usd,
        npv_usd,
        rate,
    };
    let present = |by_month: &[f64]| -> f64 {
        let months = by_month.iter().enumerate();
        months.map(|(m, x)| x * discount_factor(rate, m)).sum()
    };
    let earned = |accounts: &[Account]| -> f64 {
        let present = accounts.iter().map(|a| present(books.ledger.movement_usd(*a)));
        0.0 - present.sum::<f64>()
    };
    let compute = [
        Account::GpuReservedRevenue,
        Account::GpuOnDemandRevenue,
        Account::GpuSpotRevenue,
        Account::InferenceRevenue,
    ];
    for (metric, units, accounts) in [
        (Metric::LevelisedUsdPerGpuH, &books.served_gpu_h, &compute[..]),
        (Metric::LevelisedUsdPerMtok, &books.mtok, &compute[3..]),
    ] {
        if let Some(shift) = search.shift(units) {
            scalars.put(PORTFOLIO, metric, earned(accounts) / present(units) + shift);
        }
    }
    // Worth nothing where every coin is worth a share of what it was.
    let mined = books.ledger.movement_usd(Account::MiningRevenue);
    let mined: Vec<f64> = mined.iter().map(|usd| 0.0 - usd).collect();
    if let Some(shift) = search.shift(&mined) {
        scalars.put(PORTFOLIO, Metric::BreakEvenHashpriceShare, 1.0 + shift);
    }
    if let Some(shift) = search.shift(&books.grid_mwh) {
        let paid = present(books.ledger.movement_usd(Account::PowerCost)) / present(&books.grid_mwh);
        scalars.put(PORTFOLIO, Metric::BreakEvenPowerUsdPerMwh, paid - shift);
    }
    let months = |lease: &crate::sim::demand::Lease| {
        let ready = lease.ready?;
        Some(
            lease.it_kw * (world.from.scenario.horizon.end - ready).as_days()
                / crate::conversion::DAYS_PER_MONTH,
        )
    };
    let kw_months: f64 = world.demand.leases.iter().filter_map(months).sum();
    scalars.ratio(PORTFOLIO, Metric::LeaseUsdPerKwMonth, books.rent_usd, kw_months);
}

/// How many tenants defaulted, where it is said that one may, and what shells that stood empty came to.
fn defaults(scalars: &mut Scalars, world: &World<'_>) {
    let leases = world.demand.leases.iter();
    let leases = leases.map(|l| (l.spec.credit.is_some(), f64::from(l.defaults)));
    let blocks = world.demand.blocks.iter();
    let blocks = blocks.map(|b| (b.spec.credit.is_some(), if b.defaulted { 1.0 } else { 0.0 }));
    let held: Vec<f64> = leases
        .chain(blocks)
        .filter_map(|(may, defaults)| may.then_some(defaults))
        .collect();
    if !held.is_empty() {
        scalars.put(PORTFOLIO, Metric::TenantDefaults, held.iter().sum());
    }
    let may_leave = |l: &&crate::sim::demand::Lease| l.spec.credit.is_some() || l.spec.reletting.is_some();
    let end = world.from.scenario.horizon.end;
    let leases = world.demand.leases.iter().filter(may_leave);
    let stood: Vec<(f64, f64)> = leases.map(|l| l.vacancy(end)).collect();
    if !stood.is_empty() {
        let sum = |of: fn(&(f64, f64)) -> f64| stood.iter().map(of).sum();
        scalars.put(PORTFOLIO, Metric::ShellEmptyMonths, sum(|s| s.0));
        scalars.put(PORTFOLIO, Metric::TenantLossUsd, sum(|s| s.1));
    }
}

/// Cover ratios and covenants of a debt.
fn borrowed(scalars: &mut Scalars, world: &World<'_>) {
    if world.books.equipment_usd > 0.0 {
        let usd = world.books.equipment_usd;
        scalars.put(PORTFOLIO, Metric::EquipmentDebtUsd, usd);
    }
    let Some(debt) = &world.books.debt else {
        return;
    };
    let mut put = |metric, value: Option<f64>| {
        if let Some(value) = value {
            scalars.put(PORTFOLIO, metric, value);
        }
    };
    put(Metric::DebtUsd, Some(debt.debt_usd));
    put(Metric::InterestBuildingUsd, Some(debt.interest_usd));
    put(Metric::FeesBuildingUsd, Some(debt.fees_usd));
    put(Metric::DscrMin, debt.least_cover().map(|least| least.1));
    put(
        Metric::DscrMinMonth,
        debt.least_cover().map(|least| least.0 as f64 + 1.0),
    );
    put(Metric::DscrMean, debt.mean_cover());
    put(Metric::Llcr, debt.loan_life_cover);
    put(Metric::Plcr, debt.project_life_cover);
    let broken = if debt.breaches > 0 { 1.0 } else { 0.0 };
    put(Metric::CovenantBroken, Some(broken));
    put(Metric::CovenantBreaches, Some(debt.breaches as f64));
    put(Metric::LockUps, Some(debt.lock_ups as f64));
}

/// What each owner gets.
fn shared(scalars: &mut Scalars, world: &World<'_>, equity: &[f64]) {
    let subscribed = capital::vendor(world).map(|(vendor, from)| {
        let paid = world.books.ledger.cash_usd(Account::CapexHardware).iter();
        let hardware: Vec<f64> = paid.map(|usd| 0.0 - usd).collect();
        vendor.split(from, equity, &hardware)
    });
    if let Some(split) = &subscribed {
        let rate = Ratio::from_percent(world.from.spec.finance.discount_percent);
        scalars.put(PORTFOLIO, Metric::VendorEquityUsd, split.paid_usd);
        scalars.put(
            PORTFOLIO,
            Metric::NpvOtherOwnersUsd,
            npv(&split.others_usd, rate).as_usd(),
        );
        if let Some(lowest) = irr_roots_annual(&split.vendor_usd).first() {
            scalars.put(PORTFOLIO, Metric::IrrVendor, *lowest);
        }
    }
    let stated = world.from.spec.capital_of(world.from.strategy);
    let Some(owners) = stated.and_then(|c| c.owners) else {
        return;
    };
    let shares = owners.share(subscribed.as_ref().map_or(equity, |split| &split.others_usd));
    for (metric, flows) in [
        (Metric::IrrInvestor, &shares.investor_usd),
        (Metric::IrrSponsor, &shares.sponsor_usd),
    ] {
        if let Some(lowest) = irr_roots_annual(flows).first() {
            scalars.put(PORTFOLIO, metric, *lowest);
        }
    }
}
