//! What a scenario says of a site's power contracts, and what must hold between them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::clause::{ClauseSpec, Reach, means};
use super::indexation::{CurrencySpec, EscalatorSpec};
use crate::id::Name;
use crate::power::curtailment::{Order, merge};
use crate::power::tariff::TariffFileSpec;
use crate::problem::{Check, FieldPath, Problems};
use crate::random::{Stream, Streams};
use crate::time::{Calendar, DAY_S, SimTime, Span, parse_date};

/// The most clauses of a site that may call load off; each is a bit of a word.
pub(super) const CALLERS_MAX: usize = 64;

/// A site's contracts, in the order in which they fill.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct PowerContractsSpec(pub Vec<ContractSpec>);

/// A power contract: a list of clauses over a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContractSpec {
    /// Its name in bills.
    pub id: Name,
    /// The first day on which it holds. Default: it holds already.
    #[serde(default)]
    pub starts: Option<String>,
    /// The last day on which it holds, that day included. Default: it does not end.
    #[serde(default)]
    pub ends: Option<String>,
    /// Carbon intensity of its power in grams per kWh, for reports by contract (market-based): 0 for a hydro or wind
    /// contract with guarantees of origin, the residual mix where none are bought. Default: the grid's of each hour.
    #[serde(default)]
    pub carbon_g_per_kwh: Option<f64>,
    /// How its rates rise from year to year. Default: they stay.
    #[serde(default)]
    pub escalator: Option<EscalatorSpec>,
    /// The currency of its rates. Default: US dollars.
    #[serde(default)]
    pub currency: Option<CurrencySpec>,
    /// Terms that stand in a file; its clauses come after those of `clauses`. Default: none.
    #[serde(default)]
    pub terms: Option<TermsSpec>,
    /// Its terms; those that supply energy fill in this order.
    #[serde(default)]
    pub clauses: Vec<ClauseSpec>,
}

/// Terms that stand in a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum TermsSpec {
    /// A rate of the `OpenEI` utility rate database, JSON of version 7 or 8.
    Urdb(TariffFileSpec),
}

impl ContractSpec {
    /// A contract of these clauses, which holds at all times.
    pub fn of(id: Name, clauses: Vec<ClauseSpec>) -> Self {
        Self {
            id,
            starts: None,
            ends: None,
            carbon_g_per_kwh: None,
            escalator: None,
            currency: None,
            terms: None,
            clauses,
        }
    }
    /// Whether it holds at all times and takes any load.
    fn covers_everything(&self) -> bool {
        let all = |c: &ClauseSpec| c.kind().reach() == Reach::Everything;
        let takes = self.terms.is_some() || self.clauses.iter().any(all);
        self.starts.is_none() && self.ends.is_none() && takes
    }
    /// Over which time it holds; `None` where a date is malformed.
    pub(super) fn period(&self, calendar: &Calendar) -> Option<(SimTime, SimTime)> {
        let from = match &self.starts {
            Some(text) => calendar.start_of(parse_date(text)?)?,
            None => SimTime::from_unix_s(i64::MIN / 4),
        };
        let to = match &self.ends {
            Some(text) => calendar.start_of(parse_date(text)?.tomorrow().ok()?)?,
            None => SimTime::FAR_FUTURE,
        };
        Some((from, to))
    }
}

impl Check for ContractSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        problems.name(&at.key("id"), &self.id);
        for (key, text) in [("starts", &self.starts), ("ends", &self.ends)] {
            if let Some(text) = text.as_ref().filter(|t| parse_date(t).is_none()) {
                problems.error(
                    &at.key(key),
                    format!("`{text}` is not a date such as `2030-12-31`"),
                );
            }
        }
        let date = |text: &Option<String>| text.as_deref().and_then(parse_date);
        if let (Some(starts), Some(ends)) = (date(&self.starts), date(&self.ends))
            && ends < starts
        {
            problems.error(&at.key("ends"), "the contract ends before it starts");
        }
        if let Some(carbon) = self.carbon_g_per_kwh {
            problems.within(&at.key("carbon_g_per_kwh"), carbon, 0.0, 3_000.0);
        }
        if self.clauses.is_empty() && self.terms.is_none() {
            problems.error(
                &at.key("clauses"),
                "a contract needs at least one clause, or `terms` in a file",
            );
        }
        if let Some(escalator) = &self.escalator {
            escalator.check(&at.key("escalator"), self.starts.as_ref(), problems);
        }
        if let Some(currency) = &self.currency {
            currency.check(&at.key("currency"), problems);
        }
        self.check_named_lines(at, problems);
        let mut full = false;
        for (index, clause) in self.clauses.iter().enumerate() {
            let here = at.key("clauses").index(index);
            clause.check(&here, problems);
            let reach = clause.kind().reach();
            if full && reach != Reach::Nothing {
                problems.warn(
                    &here,
                    "no energy reaches this clause: one before it takes any load",
                );
            }
            full |= reach == Reach::Everything;
        }
    }
}

impl Check for PowerContractsSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        for (index, contract) in self.0.iter().enumerate() {
            contract.check(&at.index(index), problems);
            if self.0[..index].iter().any(|c| c.id == contract.id) {
                problems.error(
                    &at.index(index).key("id"),
                    format!("the name `{}` is taken", contract.id),
                );
            }
            if self.0[..index].iter().any(ContractSpec::covers_everything) && contract.supplies() {
                problems.warn(
                    &at.index(index),
                    "no energy reaches this contract: one before it takes any load",
                );
            }
        }
        let callers = self
            .0
            .iter()
            .flat_map(|c| &c.clauses)
            .filter(|c| c.kind().may_call());
        let callers = callers.count();
        if callers > CALLERS_MAX {
            let message = format!("{callers} clauses may call load off: at most {CALLERS_MAX} of a site");
            problems.error(at, message);
        }
        if !self.0.iter().any(ContractSpec::covers_everything) {
            let place = self
                .0
                .len()
                .checked_sub(1)
                .map_or_else(|| at.clone(), |last| at.index(last));
            problems.error_with_help(
                &place,
                "some energy would have no price: no contract takes whatever the others leave, at all times",
                "end the list with a contract without `starts` and `ends` that has a `fixed_price` or `index` clause",
            );
        }
    }
}

impl ContractSpec {
    /// A rider or minimum bill that names a line which no clause writes is a slip.
    fn check_named_lines(&self, at: &FieldPath, problems: &mut Problems) {
        if self.terms.is_some() {
            return;
        }
        let labels = || {
            let clauses = self.clauses.iter().enumerate();
            clauses.map(|(i, c)| format!("{}[{i}]", c.kind().name()))
        };
        for (index, clause) in self.clauses.iter().enumerate() {
            let kind = clause.kind();
            let (key, names) = kind.named_lines();
            for (position, name) in names.iter().enumerate() {
                let base = name.split('.').next().unwrap_or(name);
                if !labels().any(|label| means(&[base.to_owned()], &label)) {
                    let here = at
                        .key("clauses")
                        .index(index)
                        .key(kind.name())
                        .key(key)
                        .index(position);
                    let known: Vec<String> = labels().collect();
                    problems.unknown(&here, "clause", name, known.iter().map(String::as_str));
                }
            }
        }
    }

    fn supplies(&self) -> bool {
        self.terms.is_some() || self.clauses.iter().any(|c| c.kind().reach() != Reach::Nothing)
    }
}

impl PowerContractsSpec {
    /// Every tariff file that a contract names, with the contract's index and the place of the name.
    pub fn files(&self, at: &FieldPath) -> Vec<(usize, FieldPath, &TariffFileSpec)> {
        let named = self.0.iter().enumerate().filter_map(|(index, contract)| {
            let TermsSpec::Urdb(file) = contract.terms.as_ref()?;
            let place = at.index(index).key("terms").key("urdb").key("file");
            Some((index, place, file))
        });
        named.collect()
    }

    /// Every file of exchange rates that a contract names, with the contract's index and the place of the name.
    pub fn currency_files(&self, at: &FieldPath) -> Vec<(usize, FieldPath, &str, &CurrencySpec)> {
        let named = self.0.iter().enumerate().filter_map(|(index, contract)| {
            let currency = contract.currency.as_ref()?;
            let place = at.index(index).key("currency").key("file");
            Some((index, place, currency.file.as_deref()?, currency))
        });
        named.collect()
    }

    /// Every price that a clause names, with its place.
    pub fn prices(&self, at: &FieldPath) -> Vec<(FieldPath, &Name)> {
        let mut named = Vec::new();
        for (index, contract) in self.0.iter().enumerate() {
            for (position, clause) in contract.clauses.iter().enumerate() {
                let kind = clause.kind();
                let here = at.index(index).key("clauses").index(position).key(kind.name());
                named.extend(kind.prices().into_iter().map(|(key, name)| (here.key(key), name)));
            }
        }
        named
    }

    /// Every system load that a clause names, with its place.
    pub fn system_loads(&self, at: &FieldPath) -> Vec<(FieldPath, &Name)> {
        let mut named = Vec::new();
        for (index, contract) in self.0.iter().enumerate() {
            for (position, clause) in contract.clauses.iter().enumerate() {
                let kind = clause.kind();
                let here = at.index(index).key("clauses").index(position).key(kind.name());
                named.extend(kind.system_load().map(|name| (here.key("system_load"), name)));
            }
        }
        named
    }

    /// Reports every named system load that is not among `known`.
    pub fn check_system_loads(&self, at: &FieldPath, known: &[&str], problems: &mut Problems) {
        for (path, name) in self.system_loads(at) {
            if !known.contains(&name.as_str()) {
                problems.unknown(&path, "system load", name.as_str(), known.iter().copied());
            }
        }
    }

    /// Reports every named price that is not among `known`.
    pub fn check_prices(&self, at: &FieldPath, known: &[&str], problems: &mut Problems) {
        for (path, name) in self.prices(at) {
            if !known.contains(&name.as_str()) {
                problems.unknown(&path, "price", name.as_str(), known.iter().copied());
            }
        }
    }

    /// Draws the calls on load that the contracts allow, within `[from, to)`, merged.
    pub fn calls(
        &self,
        site: &Name,
        calendar: &Calendar,
        span: (SimTime, SimTime),
        streams: &Streams,
    ) -> Vec<Order> {
        self.collect_calls(calendar, span, |contract, position| {
            Some(streams.stream(&format!("calls/{site}/{contract}/{position}")))
        })
    }

    /// The calls at stated times alone, as a metered load met them.
    pub fn stated_calls(&self, calendar: &Calendar, span: (SimTime, SimTime)) -> Vec<Order> {
        self.collect_calls(calendar, span, |_, _| None)
    }

    fn collect_calls(
        &self,
        calendar: &Calendar,
        span: (SimTime, SimTime),
        stream: impl Fn(&Name, usize) -> Option<Stream>,
    ) -> Vec<Order> {
        let (mut orders, mut bit) = (Vec::new(), 1_u64);
        for contract in &self.0 {
            let period = contract.period(calendar);
            for (position, clause) in contract.clauses.iter().enumerate() {
                let kind = clause.kind();
                if !kind.may_call() {
                    continue;
                }
                let (by, mut rng) = (bit, stream(&contract.id, position));
                bit = bit.wrapping_shl(1);
                let Some((starts, ends)) = period else { continue };
                // Drawn over the whole span and cut, so that a contract's dates move no other call.
                let drawn = kind.draw_calls(calendar, span, rng.as_mut()).into_iter();
                let held = drawn.filter(|o| o.from >= starts && o.from < ends);
                orders.extend(held.map(|o| Order { by, ..o }));
            }
        }
        merge(&orders)
    }
}

/// The zone's offset from UTC within the hour, in seconds: where civil windows begin.
pub(super) fn alignment_s(calendar: &Calendar) -> i64 {
    let noon = SimTime::from_unix_s(0) + Span::from_seconds(DAY_S * 20_000);
    let civil = calendar.civil(noon);
    (i64::from(civil.minute()) * 60 + i64::from(civil.second())).rem_euclid(3_600)
}
