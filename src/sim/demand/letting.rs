//! Who holds a leased shell: its first tenant until his term ends or he defaults, then nobody, then the next.
//!
//! Changes fall on month ends. Owns the times and the rent; not what a month comes to, nor availability.

use crate::random::Stream;
use crate::site::LeaseSpec;
use crate::time::{SimTime, Span};

/// The most tenants of one shell; the last stays.
const TENANTS_MAX: usize = 64;
const MONTH_DAYS: f64 = 365.25 / 12.0;

/// What the end of a month brought.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Turn {
    /// The tenant defaulted; his guarantor pays so much: of its currency per kW, then USD.
    Default(f64),
    /// His term ended.
    Left,
    /// The next one came; letting cost so much, likewise.
    Let(f64),
}

/// A tenancy.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Tenancy {
    start: SimTime,
    usd_per_kw_month: f64,
    free_months: u32,
}

/// The tenancies of a shell.
#[derive(Debug)]
pub(super) struct Lettings {
    /// Years that each tenant lasts, where he may default.
    lasts: Vec<f64>,
    tenant: usize,
    now: Option<Tenancy>,
    empty_since: Option<SimTime>,
    /// Rent a month when the last tenant left, of its currency per kW.
    left_rent: f64,
    stood_empty: Vacancy,
}

/// What standing empty came to.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Vacancy {
    /// Mean months without a tenant.
    pub months: f64,
    /// Rent that was not paid in them, as it was when the tenant left, of its currency per kW.
    pub rent_per_kw: f64,
    /// What guarantors paid, less what letting again cost, likewise.
    pub received_per_kw: f64,
}

impl Lettings {
    /// Of a shell that waits for its first tenant. Without `credit` nothing is drawn.
    pub(super) fn new(spec: &LeaseSpec, stream: impl FnOnce() -> Stream) -> Self {
        let lasts = spec.credit.map(|credit| {
            let mut stream = stream();
            (0..TENANTS_MAX).map(|_| credit.draw_years(&mut stream)).collect()
        });
        Self {
            lasts: lasts.unwrap_or_default(),
            tenant: 0,
            now: None,
            empty_since: None,
            left_rent: 0.0,
            stood_empty: Vacancy::default(),
        }
    }
    /// The first tenancy begins.
    pub(super) fn begin(&mut self, spec: &LeaseSpec, start: SimTime) {
        self.now = Some(Tenancy {
            start,
            usd_per_kw_month: spec.usd_per_kw_month,
            free_months: spec.free_months,
        });
    }
    /// Whether a tenant has left and none has come.
    pub(super) fn is_empty(&self) -> bool {
        self.empty_since.is_some()
    }
    /// What standing empty came to until an instant.
    pub(super) fn vacancy(&self, now: SimTime) -> Vacancy {
        let mut so_far = self.stood_empty;
        if let Some(since) = self.empty_since {
            let months = (now - since).as_days() / MONTH_DAYS;
            so_far.months += months;
            so_far.rent_per_kw += months * self.left_rent;
        }
        so_far
    }
    /// Rent of `[from, to)` at full availability, of its currency per kW, within a calendar month of so many hours. A month is split at the
    /// anniversary on which the rent steps up.
    pub(super) fn rent(&self, spec: &LeaseSpec, (from, to): (SimTime, SimTime), month_hours: f64) -> f64 {
        let Some(tenancy) = self.now else {
            return 0.0;
        };
        let free = Span::from_days_f64(f64::from(tenancy.free_months) * MONTH_DAYS);
        let start = from.max(tenancy.start + free);
        let years = ((start - tenancy.start).as_days() / 365.25).floor();
        let step = tenancy.start + Span::from_days_f64((years + 1.0) * 365.25);
        let hours = |from: SimTime, to: SimTime| (to - from).as_hours().max(0.0);
        let rent = |years: f64| tenancy.rent(spec, years);
        (rent(years) * hours(start, to.min(step)) + rent(years + 1.0) * hours(start.max(step), to))
            / month_hours
    }
    /// Looks at the end of a month; `from` is the scenario's start.
    pub(super) fn look(&mut self, spec: &LeaseSpec, (from, now): (SimTime, SimTime)) -> Option<Turn> {
        if let Some(tenancy) = self.now {
            let years = (now - tenancy.start).as_days() / 365.25;
            let defaults = self.lasts.get(self.tenant).is_some_and(|lasts| *lasts <= years);
            let ends = spec.reletting.is_some() && years >= spec.years;
            if !defaults && !ends {
                return None;
            }
            (self.now, self.empty_since) = (None, Some(now));
            self.left_rent = tenancy.rent(spec, years.floor());
            if !defaults {
                return Some(Turn::Left);
            }
            let paid = tenancy.termination(spec, years);
            self.stood_empty.received_per_kw += paid;
            return Some(Turn::Default(paid));
        }
        let (Some(since), Some(again)) = (self.empty_since, spec.reletting) else {
            return None;
        };
        if now < since + Span::from_days_f64(again.empty_months * MONTH_DAYS) {
            return None;
        }
        let years = (now - from).as_days() / 365.25;
        let usd_per_kw_month =
            again.usd_per_kw_month * (1.0 + again.growth_percent_per_year / 100.0).powf(years);
        let cost = again.cost_months * usd_per_kw_month;
        self.stood_empty = self.vacancy(now);
        self.stood_empty.received_per_kw -= cost;
        (self.tenant, self.empty_since) = (self.tenant + 1, None);
        self.now = Some(Tenancy {
            start: now,
            usd_per_kw_month,
            free_months: again.free_months,
        });
        Some(Turn::Let(cost))
    }
}

impl Tenancy {
    fn rent(&self, spec: &LeaseSpec, years: f64) -> f64 {
        self.usd_per_kw_month * (1.0 + spec.escalator_percent / 100.0).powf(years)
    }
    /// What is paid where its tenant defaults after so many years, USD per kW.
    fn termination(&self, spec: &LeaseSpec, years: f64) -> f64 {
        let Some(credit) = spec.credit else {
            return 0.0;
        };
        self.rent(spec, years.floor()) * credit.paid_months((spec.years - years) * 12.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;

    fn spec(more: &str) -> LeaseSpec {
        let text = format!("usd_per_kw_month = 100\nyears = 5\ncooling.air_cooled = {{}}\n{more}");
        toml::from_str(&text).unwrap()
    }
    fn day(days: f64) -> SimTime {
        SimTime::from_unix_s(0) + Span::from_days_f64(days)
    }
    fn months(months: f64) -> SimTime {
        day(months * MONTH_DAYS)
    }

    /// Hazard -ln(1 - p) a year: of many tenants a share p is gone within a year, and 1 - (1 - p)^3 within three.
    #[test]
    fn the_drawn_defaults_have_the_stated_chance_a_year() {
        let spec = spec("credit = { default_percent_per_year = 10 }");
        let lasts: Vec<f64> = (0..200)
            .flat_map(|r| Lettings::new(&spec, || Streams::new(7, r).stream("defaults/x")).lasts)
            .collect();
        let share = |years: f64| lasts.iter().filter(|l| **l <= years).count() as f64 / lasts.len() as f64;
        // 12,800 draws: three standard errors are 0.008 and 0.012.
        assert!((share(1.0) - 0.10).abs() < 0.008, "{}", share(1.0));
        assert!((share(3.0) - 0.271).abs() < 0.012, "{}", share(3.0));
    }

    #[test]
    fn a_default_ends_the_rent_and_its_backstop_pays_no_more_than_the_rest_of_the_term() {
        let spec = spec(
            "escalator_percent = 0\ncredit = { default_percent_per_year = 50, termination_months = 12, backstop_percent = 40 }",
        );
        let mut shell = Lettings::new(&spec, || Streams::new(7, 0).stream("defaults/x"));
        shell.lasts = vec![4.5];
        shell.begin(&spec, day(0.0));
        assert_eq!(shell.look(&spec, (day(0.0), months(53.0))), None);
        let Some(Turn::Default(usd)) = shell.look(&spec, (day(0.0), months(54.0))) else {
            panic!("he defaulted after 4.5 years");
        };
        // Six months are left: 100 x 6 x 40 %.
        assert!((usd - 240.0).abs() < 1e-6, "{usd}");
        assert!(shell.is_empty() && shell.rent(&spec, (months(54.0), months(55.0)), 730.5) == 0.0);
        // Nothing says how it is let again: six months at 100 less the 240.
        let stood = shell.vacancy(months(60.0));
        assert!((stood.months - 6.0).abs() < 1e-6 && (stood.rent_per_kw - 600.0).abs() < 1e-4);
        assert!((stood.received_per_kw - 240.0).abs() < 1e-6, "{stood:?}");
        assert_eq!(shell.look(&spec, (day(0.0), months(100.0))), None);
    }

    #[test]
    fn after_its_term_a_shell_stands_empty_and_is_let_at_the_market_rent_of_the_day() {
        let spec = spec(
            "reletting = { usd_per_kw_month = 80, growth_percent_per_year = 2, empty_months = 6, free_months = 1, cost_months = 3 }",
        );
        let mut shell = Lettings::new(&spec, || unreachable!("nothing is drawn"));
        shell.begin(&spec, day(0.0));
        assert_eq!(shell.look(&spec, (day(0.0), months(59.0))), None);
        assert_eq!(shell.look(&spec, (day(0.0), months(60.0))), Some(Turn::Left));
        assert_eq!(shell.look(&spec, (day(0.0), months(65.0))), None);
        let rent = 80.0 * 1.02_f64.powf(5.5);
        let Some(Turn::Let(cost)) = shell.look(&spec, (day(0.0), months(66.0))) else {
            panic!("the shell is let again");
        };
        assert!((cost - 3.0 * rent).abs() < 1e-9, "{cost}");
        let stood = shell.vacancy(months(90.0));
        assert!((stood.months - 6.0).abs() < 1e-6 && (stood.received_per_kw + cost).abs() < 1e-9);
        assert_eq!(shell.rent(&spec, (months(66.0), months(67.0)), 730.5), 0.0);
        let second = shell.rent(&spec, (months(67.0), months(68.0)), 730.5);
        assert!((second - rent).abs() < 1e-6, "{second}");
    }
}
