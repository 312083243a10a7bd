//! A conversion of a strategy: what a file says, and what must hold of it.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::conversion::archetype::{Outcome, kind};
use crate::conversion::{
    ArchetypeSpec, HallPhase, LearningSpec, ProgrammeSpec, RefreezeSpec, RiskSpec, Sequence,
    StageCorrelationSpec, StageOverrideSpec, StartSpec,
};
use crate::id::Name;
use crate::problem::{Check, FieldPath, Problems};
use crate::scenario::horizon::Horizon;
use crate::scenario::spec::{ScenarioSpec, StrategySpec};
use crate::scenario::{construction, residency, starts};
use crate::site::{InstallSpec, LeaseSpec, MineSpec};
use crate::time::parse_date;

/// A set of halls that is converted together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConversionSpec {
    /// Halls, written `site/hall`, in the order in which they follow each other.
    pub halls: Vec<String>,
    /// Kind of conversion, one of `archetypes` or built in: `swap-in-place`, `rebuild-on-pad`, `build-beside-the-mine`,
    /// `powered-shell`, `sell-the-land`, `greenfield`; of halls that serve `gpu-refresh`, `return-to-mining`; `buy-a-mine`,
    /// `close-down`.
    pub archetype: Name,
    /// In which order the halls follow each other. Default: all at once.
    #[serde(default)]
    pub order: Sequence,
    /// When it starts.
    pub start: StartSpec,
    /// What is installed, where the halls serve GPUs.
    #[serde(default)]
    pub install: Option<InstallSpec>,
    /// The lease, where the halls are let as powered shell.
    #[serde(default)]
    pub lease: Option<LeaseSpec>,
    /// What mines there, where the halls mine at the end.
    #[serde(default)]
    pub mine: Option<MineSpec>,
    /// What old GPU systems lose of their price a year, percent, where a conversion takes them out and sells them. Default 23.4:
    /// 45 percent are left after three years (computed from an index of H100 resale prices).
    #[serde(default = "value_loss_percent")]
    pub resale_loss_percent_per_year: f64,
    /// Tenants that these halls serve, in order of claim. Default: all tenants in file order.
    #[serde(default)]
    pub tenants: Option<Vec<Name>>,
    /// Orders placed when the project starts, before design is frozen. Default: none.
    #[serde(default)]
    pub at_risk_orders: Vec<Name>,
    /// Paid when an order is placed, percent of its price; the balance on delivery. Default 20 (assumption: 10 to 30).
    #[serde(default = "deposit_percent")]
    pub deposit_percent: f64,
    /// Changes of the archetype's stages, and further stages. Default: none.
    #[serde(default)]
    pub stages: Vec<StageOverrideSpec>,
    /// How it strays from the plan. Default: like the reference class of data-centre projects.
    #[serde(default)]
    pub risk: RiskSpec,
    /// Working calendar of works at the halls, by the names of `calendars`. Default: every day is worked.
    #[serde(default)]
    pub calendar: Option<Name>,
    /// How much less works take and cost at each further hall. Default: no less.
    #[serde(default)]
    pub learning: LearningSpec,
    /// Events after which the frozen design is opened again, such as a new GPU generation. Default: none.
    #[serde(default)]
    pub refreezes: Vec<RefreezeSpec>,
    /// Stages whose durations go together, beside the factor common to all. Default: none.
    #[serde(default)]
    pub correlations: Vec<StageCorrelationSpec>,
}

fn deposit_percent() -> f64 {
    20.0
}
fn value_loss_percent() -> f64 {
    23.4
}

impl ConversionSpec {
    /// The project that it describes, with the kinds that the scenario states.
    pub fn programme(&self, archetypes: &[ArchetypeSpec]) -> ProgrammeSpec {
        let install = self.install.as_ref();
        let lease = self.lease.as_ref();
        let mine = self.mine.as_ref();
        ProgrammeSpec {
            archetype: self.archetype.clone(),
            archetypes: archetypes.to_vec(),
            order: self.order,
            start: self.start.clone(),
            at_risk_orders: self.at_risk_orders.clone(),
            deposit_percent: self.deposit_percent,
            capex_usd_per_it_kw: install
                .and_then(|i| i.fit_out_usd_per_it_kw)
                .or_else(|| lease.and_then(|l| l.fit_out_usd_per_it_kw))
                .or_else(|| mine.and_then(|m| m.usd_per_grid_kw)),
            stages: self.stages.clone(),
            risk: self.risk,
            calendar: self.calendar.clone(),
            learning: self.learning,
            refreezes: self.refreezes.clone(),
            correlations: self.correlations.clone(),
        }
    }
    /// One phrase about it, for the memo.
    pub fn describe(&self) -> String {
        let halls = self.halls.join(", ");
        let by = format!("by `{}`, {}", self.archetype, self.start.describe());
        match (&self.install, &self.lease) {
            (Some(install), _) => format!("turns {halls} into GPU halls of {} {by}", install.model),
            (None, Some(lease)) => {
                let (rent, years) = (lease.usd_per_kw_month, lease.years);
                format!("lets {halls} at {rent} USD/kW-month for {years} years {by}")
            }
            (None, None) if self.mine.is_some() => format!("lets {halls} mine {by}"),
            (None, None) if self.archetype.as_str() == "sell-the-land" => format!("sells {halls} {by}"),
            (None, None) => format!("changes {halls} {by}"),
        }
    }
}

impl StrategySpec {
    /// The last conversion before one at `position` that names a hall.
    pub fn earlier(&self, position: usize, hall: &str) -> Option<usize> {
        let before = self.conversions.iter().take(position);
        let named = before
            .enumerate()
            .filter(|(_, c)| c.halls.iter().any(|h| h == hall));
        named.map(|(index, _)| index).next_back()
    }
}

impl ScenarioSpec {
    /// What a hall is doing when a conversion of a strategy finds it.
    pub fn phase_before(&self, strategy: &StrategySpec, position: usize, hall: &str) -> HallPhase {
        if let Some(earlier) = strategy.earlier(position, hall) {
            let kind = kind::kind(&strategy.conversions[earlier].archetype, &self.archetypes);
            return match kind.map(|kind| kind.becomes) {
                Some(Outcome::Serve) | None => HallPhase::Serving,
                Some(Outcome::Lease) => HallPhase::Leased,
                Some(Outcome::Sell) => HallPhase::Sold,
                Some(Outcome::Mine) => HallPhase::Mining,
                Some(Outcome::Idle) => HallPhase::Idle,
            };
        }
        let site = self
            .sites
            .iter()
            .find(|s| hall.starts_with(&format!("{}/", s.id)));
        let named = |name: &str| hall.split_once('/').is_some_and(|(_, own)| own == name);
        let halls = site.into_iter().flat_map(|s| &s.halls);
        let mut found = halls.filter(|entry| entry.names().iter().any(|n| named(n)));
        match found.next() {
            Some(entry) if entry.serving.is_some() => HallPhase::Serving,
            Some(entry) if !entry.miners.is_empty() => HallPhase::Mining,
            _ => HallPhase::Idle,
        }
    }

    /// The conversions of a strategy, and which of them name the same hall.
    pub(super) fn check_conversions(&self, strategy: &StrategySpec, at: &FieldPath, problems: &mut Problems) {
        let halls = self.hall_names();
        for (position, conversion) in strategy.conversions.iter().enumerate() {
            let at = at.index(position);
            self.check_conversion(conversion, &at, problems);
            let capital = strategy.capital.as_ref().or(self.capital.as_ref());
            if let StartSpec::When(when) = &conversion.start
                && when.dscr_above.is_some()
                && capital.is_none_or(|capital| capital.debt.is_none())
            {
                let help = "state `capital.debt`, or use `cash_cover_above`";
                let at = at.key("start").key("when").key("dscr_above");
                problems.error_with_help(&at, format!("`{}` borrows nothing", strategy.id), help);
            }
            let mut own: BTreeSet<&str> = BTreeSet::new();
            for (i, hall) in conversion.halls.iter().enumerate() {
                let at_hall = at.key("halls").index(i);
                if !halls.contains(hall) {
                    problems.unknown(&at_hall, "hall", hall, halls.iter().map(String::as_str));
                    continue;
                }
                let dated = matches!(conversion.start, StartSpec::Date(_));
                let again = strategy.earlier(position, hall).is_some();
                if !own.insert(hall) || (again && dated) {
                    let message = format!("hall `{hall}` is converted twice in this strategy");
                    let help = "a hall is converted again by a conversion with `start.when`, once the one before is done";
                    problems.error_with_help(&at_hall, message, help);
                    continue;
                }
                let before = self.phase_before(strategy, position, hall);
                if before == HallPhase::Serving && conversion.lease.is_some() {
                    let message = format!("hall `{hall}` serves by then and cannot be let as a shell");
                    let help = "convert another hall, or state one that takes its systems out first";
                    problems.error_with_help(&at_hall, message, help);
                }
                if matches!(before, HallPhase::Leased | HallPhase::Sold) {
                    let message = format!(
                        "hall `{hall}` is {} by then and cannot be converted again",
                        before.as_str()
                    );
                    problems.error(&at_hall, message);
                }
            }
        }
    }

    pub(super) fn check_conversion(
        &self,
        conversion: &ConversionSpec,
        at: &FieldPath,
        problems: &mut Problems,
    ) {
        if conversion.halls.is_empty() {
            problems.error(&at.key("halls"), "a conversion needs at least one hall");
        }
        conversion.programme(&self.archetypes).check(at, problems);
        construction::check_conversion(self, conversion, at, problems);
        if let Some(install) = &conversion.install {
            install.check(&at.key("install"), problems);
        }
        if let Some(lease) = &conversion.lease {
            lease.check(&at.key("lease"), problems);
        }
        if let Some(mine) = &conversion.mine {
            mine.check(&at.key("mine"), problems);
        }
        let loss = conversion.resale_loss_percent_per_year;
        problems.percent(&at.key("resale_loss_percent_per_year"), loss, 100.0);
        if let Some(kind) = kind::kind(&conversion.archetype, &self.archetypes) {
            check_use(conversion, kind.becomes, at, problems);
        }
        for (index, tenant) in conversion.tenants.iter().flatten().enumerate() {
            if !self.tenants.iter().any(|t| t.id == *tenant) {
                let known = self.tenants.iter().map(|t| t.id.as_str());
                problems.unknown(&at.key("tenants").index(index), "tenant", tenant.as_str(), known);
            }
        }
        residency::check_conversion(self, conversion, at, problems);
        self.check_start(conversion, at, problems);
        if let StartSpec::When(when) = &conversion.start {
            starts::check(self, conversion, when, &at.key("start").key("when"), problems);
        }
    }

    /// A planned start lies within the horizon; what was begun before is said by `stages`.
    fn check_start(&self, conversion: &ConversionSpec, at: &FieldPath, problems: &mut Problems) {
        let (text, at) = match &conversion.start {
            StartSpec::Date(text) => (Some(text), at.key("start").key("date")),
            StartSpec::When(when) => (when.or_date.as_ref(), at.key("start").key("when").key("or_date")),
        };
        let date = text.and_then(|t| parse_date(t));
        let horizon = Horizon::of(self).filter(|h| !h.months.is_empty());
        if let (Some(date), Some(horizon)) = (date, horizon) {
            let time = horizon.calendar.start_of(date);
            if time.is_some_and(|t| t < horizon.start || t >= horizon.end) {
                let (from, to) = (horizon.months[0], horizon.months[horizon.months.len() - 1]);
                problems.error(&at, format!("`{date}` lies outside the horizon, {from} to {to}"));
            }
        }
    }
}

/// What the halls become decides what a conversion must say.
fn check_use(conversion: &ConversionSpec, becomes: Outcome, at: &FieldPath, problems: &mut Problems) {
    let given = (
        conversion.install.is_some(),
        conversion.lease.is_some(),
        conversion.mine.is_some(),
    );
    let (wanted, says) = match becomes {
        Outcome::Serve => ((true, false, false), "needs `install` and no `lease`"),
        Outcome::Lease => ((false, true, false), "needs `lease` and no `install`"),
        Outcome::Mine => (
            (false, false, true),
            "needs `mine`, and neither `install` nor `lease`",
        ),
        Outcome::Sell | Outcome::Idle => ((false, false, false), "takes neither `install` nor `lease`"),
    };
    if given != wanted {
        problems.error(at, format!("archetype `{}` {says}", conversion.archetype));
    }
}
