//! What must hold across the parts of a scenario: names, references, dates, limits.

use std::collections::BTreeSet;

use crate::id::Name;
use crate::market::power_price::check_power_prices;
use crate::problem::{Check, FieldPath, Problems};
use crate::scenario::horizon::Horizon;
use crate::scenario::spec::{FORMAT, FinanceSpec, RunSpec, ScenarioSpec, SiteSpec};
use crate::scenario::{cases, claims, construction, draw, lending, miners, residency, supply, uncertain};
use crate::site::hall::HALLS_MAX;
use crate::time::{Calendar, parse_date};
use crate::workload::tenant::{OnDemandSpec, ReservedSpec};

/// The most sites.
pub const SITES_MAX: usize = 200;
/// The most strategies.
pub const STRATEGIES_MAX: usize = 100;
/// The most tenants.
pub const TENANTS_MAX: usize = 200;
/// The longest horizon, years.
pub const YEARS_MAX: u32 = 40;
/// Years in which a horizon may begin: bitcoin's first, and as long as zones and calendars are known.
pub const START_YEARS: std::ops::RangeInclusive<i32> = 2009..=2200;

impl Check for ScenarioSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        if self.format != FORMAT {
            let help = format!("this version reads `format = {FORMAT}`");
            problems.error_with_help(
                &at.key("format"),
                format!("unknown format `{}`", self.format),
                help,
            );
        }
        problems.name(&at.key("name"), &self.name);
        problems.within(&at.key("years"), f64::from(self.years), 1.0, f64::from(YEARS_MAX));
        self.check_calendar(at, problems);
        check_power_prices(
            &self.market.power_list(),
            &at.key("market").key("power"),
            problems,
        );
        self.market
            .bitcoin
            .check(&at.key("market").key("bitcoin"), problems);
        if let Some(mining) = &self.market.gpu_mining {
            mining.check(&at.key("market").key("gpu_mining"), problems);
        }
        for (name, rent) in &self.market.gpu_rent {
            let at = at.key("market").key("gpu_rent").key(name.as_str());
            problems.name(&at, name);
            rent.check(&at, problems);
        }
        for (name, carbon) in &self.market.carbon {
            let at = at.key("market").key("carbon").key(name.as_str());
            problems.name(&at, name);
            carbon.check(&at, problems);
        }
        for (name, load) in &self.market.system_load {
            let at = at.key("market").key("system_load").key(name.as_str());
            problems.name(&at, name);
            load.check(&at, problems);
        }
        self.finance.check(&at.key("finance"), problems);
        if let Some(capital) = &self.capital {
            capital.check(&at.key("capital"), problems);
        }
        self.run.check(&at.key("run"), problems);
        self.check_sites(&at.key("sites"), problems);
        miners::check_moves(self, at, problems);
        miners::check_network(self, at, problems);
        miners::check_cards(self, at, problems);
        miners::check_planned(self, at, problems);
        self.check_tenants(&at.key("tenants"), problems);
        construction::check(self, at, problems);
        self.check_strategies(at, problems);
        uncertain::check(self, at, problems);
        cases::check(self, at, problems);
        if !problems.has_errors() {
            cases::check_whole(self, at, problems);
            draw::check(self, &at.key("uncertain"), problems);
        }
    }
}

fn check_unique<'a>(
    names: impl Iterator<Item = &'a Name>,
    (at, what): (&FieldPath, &str),
    most: usize,
    problems: &mut Problems,
) {
    let mut seen = BTreeSet::new();
    let mut count = 0;
    for (index, name) in names.enumerate() {
        count += 1;
        let at = at.index(index).key("id");
        problems.name(&at, name);
        if !seen.insert(name) {
            problems.error(&at, format!("the {what} `{name}` exists twice"));
        }
    }
    if count > most {
        problems.error(at, format!("{count} entries: at most {most}"));
    }
}

impl ScenarioSpec {
    fn check_calendar(&self, at: &FieldPath, problems: &mut Problems) {
        match parse_date(&self.start).map(|date| i32::from(date.year())) {
            None => problems.error(
                &at.key("start"),
                format!("`{}` is not a date such as `2026-01-01`", self.start),
            ),
            Some(year) if !START_YEARS.contains(&year) => problems.error(
                &at.key("start"),
                format!(
                    "`{}` lies outside the years {} to {}",
                    self.start,
                    START_YEARS.start(),
                    START_YEARS.end()
                ),
            ),
            Some(_) => {}
        }
        if let Some(zone) = self
            .timezone
            .as_deref()
            .filter(|z| Calendar::of_zone(z).is_none())
        {
            problems.error(&at.key("timezone"), format!("`{zone}` is no IANA time zone"));
        }
    }

    fn check_sites(&self, at: &FieldPath, problems: &mut Problems) {
        if self.sites.is_empty() {
            problems.error(at, "a scenario needs at least one site");
        }
        check_unique(
            self.sites.iter().map(|s| &s.id),
            (at, "site"),
            SITES_MAX,
            problems,
        );
        let prices: Vec<&str> = self.market.power.keys().map(Name::as_str).collect();
        let system_loads: Vec<&str> = self.market.system_load.keys().map(Name::as_str).collect();
        for (index, site) in self.sites.iter().enumerate() {
            let at = at.index(index);
            site.check(&at, problems);
            site.power_contracts
                .check_prices(&at.key("power_contracts"), &prices, problems);
            site.power_contracts
                .check_system_loads(&at.key("power_contracts"), &system_loads, problems);
            supply::check_names(self, site, &at, problems);
        }
        let Some(horizon) = Horizon::of(self) else { return };
        for (index, site) in self.sites.iter().enumerate() {
            supply::check_import_at_start(site, &horizon, &at.index(index), problems);
        }
    }

    fn check_tenants(&self, at: &FieldPath, problems: &mut Problems) {
        check_unique(
            self.tenants.iter().map(|t| &t.id),
            (at, "tenant"),
            TENANTS_MAX,
            problems,
        );
        residency::check_tenants(self, at, problems);
        let rents = || self.market.gpu_rent.keys().map(Name::as_str);
        for (index, tenant) in self.tenants.iter().enumerate() {
            let at = at.index(index);
            tenant.check(&at, problems);
            lending::check(self, tenant, &at, problems);
            let named = match (&tenant.reserved, &tenant.on_demand) {
                (Some(ReservedSpec::GpuBlock(block)), _) => block
                    .then_market
                    .as_ref()
                    .map(|n| (at.key("reserved").key("gpu_block").key("then_market"), n)),
                (_, Some(OnDemandSpec::Jobs(jobs))) => {
                    Some((at.key("on_demand").key("jobs").key("price"), &jobs.price))
                }
                _ => None,
            };
            if let Some((at, name)) = named.filter(|(_, name)| !self.market.gpu_rent.contains_key(*name)) {
                problems.unknown(&at, "GPU rent market", name.as_str(), rents());
            }
        }
    }

    fn check_strategies(&self, root: &FieldPath, problems: &mut Problems) {
        let at = root.key("strategies");
        if self.strategies.is_empty() {
            problems.error(&at, "a scenario needs at least one strategy");
        }
        check_unique(
            self.strategies.iter().map(|s| &s.id),
            (&at, "strategy"),
            STRATEGIES_MAX,
            problems,
        );
        if !self.strategies.iter().any(|s| s.id == self.baseline) {
            let known = self.strategies.iter().map(|s| s.id.as_str());
            problems.unknown(&root.key("baseline"), "strategy", self.baseline.as_str(), known);
        }
        for (index, strategy) in self.strategies.iter().enumerate() {
            let here = at.index(index);
            claims::check(self, strategy, &here, problems);
            if let Some(capital) = &strategy.capital {
                capital.check(&here.key("capital"), problems);
            }
            self.check_tenor(index, &here, problems);
            self.check_conversions(strategy, &here.key("conversions"), problems);
        }
    }

    /// A debt is repaid within the horizon, and pays for something.
    fn check_tenor(&self, strategy: usize, at: &FieldPath, problems: &mut Problems) {
        let Some(debt) = self.capital_of(strategy).and_then(|c| c.debt.as_ref()) else {
            return;
        };
        let of = &self.strategies[strategy];
        let owner = if of.capital.is_some() {
            at.clone()
        } else {
            FieldPath::root()
        };
        let at = owner.key("capital").key("debt");
        if of.conversions.is_empty() {
            let message = format!("`{}` converts nothing: there are no works to lend on", of.id);
            problems.error(&at, message);
        }
        if debt.tenor_years > f64::from(self.years) {
            let (tenor, years) = (debt.tenor_years, self.years);
            let message = format!("a tenor of {tenor} years is longer than the horizon of {years} years");
            let help = "shorten it, or lengthen `years`";
            problems.error_with_help(&at.key("tenor_years"), message, help);
        }
    }

    /// Every hall, written `site/hall`.
    pub fn hall_names(&self) -> Vec<String> {
        let of_site = |site: &SiteSpec| -> Vec<String> {
            // A `repeat` beyond the limit is reported as such; its names would fill the memory.
            let few = site.halls.iter().filter(|hall| hall.repeat as usize <= HALLS_MAX);
            let names = few.flat_map(crate::site::HallSpec::names);
            names.map(|hall| format!("{}/{hall}", site.id)).collect()
        };
        self.sites.iter().flat_map(of_site).collect()
    }
}

fn is_country(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|b| b.is_ascii_lowercase())
}

impl Check for SiteSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        if Calendar::of_zone(&self.timezone).is_none() {
            let help = "write an IANA zone such as `America/Chicago` or `Europe/Oslo`";
            problems.error_with_help(
                &at.key("timezone"),
                format!("unknown time zone `{}`", self.timezone),
                help,
            );
        }
        if let Some(country) = self.country.as_deref().filter(|c| !is_country(c)) {
            let help = "write the two letters of ISO 3166, such as `us` or `no`";
            problems.error_with_help(&at.key("country"), format!("`{country}` is no country"), help);
        }
        self.weather.check(&at.key("weather"), problems);
        self.grid.check(&at.key("grid"), problems);
        self.power_contracts.check(&at.key("power_contracts"), problems);
        supply::check_sources(self, at, problems);
        miners::check_shop(self, at, problems);
        self.staff.check(&at.key("staff"), problems);
        self.costs.check(&at.key("costs"), problems);
        check_dispatch(self, at, problems);
        let mut names = BTreeSet::new();
        for (index, hall) in self.halls.iter().enumerate() {
            let at = at.key("halls").index(index);
            hall.check(&at, problems);
            if hall.repeat as usize > HALLS_MAX {
                continue;
            }
            for name in hall.names() {
                if !names.insert(name.clone()) {
                    problems.error(&at.key("id"), format!("the hall `{name}` exists twice"));
                }
            }
            miners::check_fleet(hall, &at, problems);
        }
        if names.len() > HALLS_MAX {
            problems.error(
                &at.key("halls"),
                format!("{} halls: at most {HALLS_MAX}", names.len()),
            );
        }
    }
}

/// The operator, and rules of batches that it must see to the end of.
fn check_dispatch(site: &SiteSpec, at: &FieldPath, problems: &mut Problems) {
    let Some(operator) = &site.mining_dispatch else {
        return;
    };
    operator.check(&at.key("mining_dispatch"), problems);
    for (hall, spec) in site.halls.iter().enumerate() {
        for (batch, miners) in spec.miners.iter().enumerate() {
            let at = at
                .key("halls")
                .index(hall)
                .key("miners")
                .index(batch)
                .key("rules");
            operator.check_rules(&miners.rules, &at, problems);
        }
    }
}

/// Load that is firm from the first day must fit under the connection; what comes later is clipped by dispatch.
impl Check for FinanceSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        problems.percent(&at.key("discount_percent"), self.discount_percent, 100.0);
        problems.within(&at.key("inflation_percent"), self.inflation_percent, -20.0, 100.0);
        problems.warn_of_fraction(&at.key("inflation_percent"), self.inflation_percent, 0.1);
        problems.percent(&at.key("income_tax_percent"), self.income_tax_percent, 100.0);
        problems.within(
            &at.key("facility_life_years"),
            self.facility_life_years,
            1.0,
            100.0,
        );
        problems.within(
            &at.key("hardware_life_years"),
            self.hardware_life_years,
            1.0,
            30.0,
        );
        problems.percent(&at.key("loss_offset_percent"), self.loss_offset_percent, 100.0);
        if let Some(method) = &self.facility_depreciation {
            method.check(&at.key("facility_depreciation"), problems);
        }
        self.hardware_depreciation
            .check(&at.key("hardware_depreciation"), problems);
        problems.within(&at.key("receivable_days"), self.receivable_days, 0.0, 365.0);
        problems.within(&at.key("payable_days"), self.payable_days, 0.0, 365.0);
        problems.not_negative(
            &at.key("decommissioning_usd_per_mw"),
            self.decommissioning_usd_per_mw,
        );
        self.treasury.check(&at.key("treasury"), problems);
    }
}

impl Check for RunSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        problems.within(&at.key("replications"), f64::from(self.replications), 1.0, 1e7);
        problems.within(
            &at.key("sampled_weeks_per_year"),
            f64::from(self.sampled_weeks_per_year),
            1.0,
            52.0,
        );
        if let Some((message, help)) = self.design.misfit(self.replications) {
            // The command line may say another number, which is then refused where it does not fit.
            problems.warn(&at.key("replications"), format!("{message}: {help}"));
        }
    }
}
