//! The finance of one replication of ten years: draws, interest, fees, reserve, waterfall, tax, depreciation, disposal, the
//! proof that books and statements agree, and every measure. What comes before, the postings of operation, is prepared.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use jiff::civil::{Date, date};
use repower::finance::account::Account;
use repower::finance::break_even::BreakEven;
use repower::finance::capital::{Case, DebtSpec, Plan, Realised, Terms, plan, run};
use repower::finance::ledger::Ledger;
use repower::finance::register::Register;
use repower::finance::tax::{Depreciation, IncomeTax, IncomeTaxSpec};
use repower::finance::{irr_roots_annual, moic, npv, payback_years, peak_equity, statement};
use repower::units::{Money, Ratio};

const MONTHS: usize = 120;

/// A year of works, then a hall that earns.
struct World {
    ledger: Ledger,
    tax: IncomeTax,
    register: Register,
    spec: DebtSpec,
    terms: Terms,
    plan: Plan,
}

fn world() -> World {
    let spec: DebtSpec = toml::from_str("sweep_percent = 25").expect("every key has a default");
    let first_days: Vec<Date> = (0..=MONTHS)
        .map(|m| date(2026 + (m / 12) as i16, 1 + (m % 12) as i8, 1))
        .collect();
    let terms = Terms::new(&spec, &first_days);
    let mut tax = IncomeTax::new(&IncomeTaxSpec::default(), 1);
    let (mut ledger, mut register) = (Ledger::new(MONTHS), Register::default());
    let by = |of: &dyn Fn(usize) -> f64| (0..MONTHS).map(of).collect::<Vec<f64>>();
    let works = by(&|m| if (2..14).contains(&m) { 10e6 } else { 0.0 });
    let revenue = by(&|m| if m >= 14 { 8e6 + 5e4 * (m % 7) as f64 } else { 1e6 });
    let cost = by(&|m| if m >= 14 { 3e6 } else { 0.5e6 });
    for m in 0..MONTHS {
        ledger.pay(m, Account::CapexHardware, Money::from_usd(works[m]));
        ledger.receive(m, Account::GpuReservedRevenue, Money::from_usd(revenue[m]));
        ledger.pay(m, Account::PowerCost, Money::from_usd(cost[m]));
    }
    for (month, usd) in [(14, 80e6), (14, 40e6)] {
        tax.add(month, Money::from_usd(usd), Depreciation::Macrs5 {});
        register.add(month, Money::from_usd(usd), 5.0);
    }
    let case = Case {
        taxable_usd: ledger.profit_before_depreciation_usd(),
        deductions_usd: tax.deductions_usd(MONTHS),
        revenue_usd: revenue,
        cost_usd: cost,
        working_usd: vec![0.0; MONTHS],
        works_usd: works,
        completion: 14,
        contract_end: None,
        p90_share: 1.0,
    };
    let plan = plan::size(&spec, &terms, &case, (&tax, 20.0)).expect("the case carries debt");
    World {
        ledger,
        tax,
        register,
        spec,
        terms,
        plan,
    }
}

/// Everything that a replication's finance does; gives its equity NPV.
fn close(mut w: World) -> f64 {
    let realised = Realised {
        spec: &w.spec,
        terms: &w.terms,
        completion: 15,
        facility_life_years: 20.0,
    };
    let outcome = run::run(&mut w.ledger, (&mut w.tax, &mut w.register), &w.plan, &realised);
    w.register.post(&mut w.ledger);
    w.ledger
        .receive(MONTHS - 1, Account::HardwareResidual, Money::from_usd(5e6));
    Register::dispose(&mut w.ledger);
    w.ledger.assert_balanced();
    statement::check(&w.ledger).expect("the statements agree");
    let rate = Ratio::from_percent(10.0);
    let (project, equity) = (w.ledger.project_flows_usd(), w.ledger.equity_flows_usd());
    let taxable_usd = w.ledger.profit_before_depreciation_usd();
    let search = BreakEven {
        tax: &w.tax,
        taxable_usd: &taxable_usd,
        npv_usd: npv(&project, rate).as_usd(),
        rate,
    };
    let units = vec![1e6; MONTHS];
    black_box((
        search.shift(&units),
        irr_roots_annual(&project),
        irr_roots_annual(&equity),
        (moic(&equity), payback_years(&project), peak_equity(&equity)),
        (outcome.least_cover(), outcome.mean_cover()),
        w.ledger.movements(),
    ));
    npv(&equity, rate).as_usd()
}

fn benchmark(criterion: &mut Criterion) {
    criterion.bench_function("finance/ten_years_of_a_replication", |bencher| {
        bencher.iter_batched(world_of(&world()), close, BatchSize::SmallInput);
    });
}

/// Copies of a prepared world.
fn world_of(w: &World) -> impl FnMut() -> World + '_ {
    || World {
        ledger: w.ledger.clone(),
        tax: w.tax.clone(),
        register: w.register.clone(),
        spec: w.spec.clone(),
        terms: w.terms.clone(),
        plan: w.plan.clone(),
    }
}

criterion_group!(benches, benchmark);
criterion_main!(benches);
