//! Rates of the `OpenEI` utility rate database: JSON of its interface (versions 7 and 8) and of its bulk download.
//!
//! Keys are compared without case and underscores, because replies write them in lower case, the manual in camel case
//! and the bulk download by shorter names. Periods count from zero; `max` is cumulative, absent, null or astronomic in
//! a last tier; a price is `rate + adj`.

mod demand;
mod document;
mod fixed;

use document::Document;

use super::{Imported, Refusal, TariffError, TariffFileSpec};
use crate::id::Name;
use crate::power::contract::clause::ClauseSpec;
use crate::power::contract::clause::fixed_price::FixedPriceSpec;
use crate::power::contract::clause::time_of_use::{
    BillingDemandSpec, EnergyPeriodSpec, EnergyTierSpec, Fill, TimeOfUseSpec,
};
use crate::power::contract::holidays::HolidaysSpec;
use crate::power::contract::schedule::{ScheduleSpec, TableSpec};
use crate::problem::{Check, FieldPath, Problems, Severity};

/// The highest price that is believed, in USD per kilowatt-hour: above it the file is in cents.
const USD_PER_KWH_MAX: f64 = 10.0;
/// From here on a limit is none: files write 1e38, rounded to single precision.
const ENDLESS: f64 = 1e30;

/// Reads a file of rates and turns one into clauses.
pub fn read(text: &str, spec: &TariffFileSpec) -> Result<Imported, TariffError> {
    let document = Document::parse(text, spec.label.as_deref())?;
    let mut import = Import {
        document,
        spec,
        refusals: Vec::new(),
        notes: Vec::new(),
        clauses: Vec::new(),
    };
    import.run();
    import.finish()
}

struct Import<'a> {
    document: Document,
    spec: &'a TariffFileSpec,
    refusals: Vec<Refusal>,
    notes: Vec<String>,
    clauses: Vec<ClauseSpec>,
}

/// A tier as files write it, adjusted.
#[derive(Debug, Clone, PartialEq)]
struct RawTier {
    max: Option<f64>,
    price: f64,
    unit: Option<String>,
}

impl Import<'_> {
    fn refuse(&mut self, field: &str, why: impl Into<String>) {
        let field = self.document.written(field).to_owned();
        self.refusals.push(Refusal {
            field,
            why: why.into(),
        });
    }
    fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    fn run(&mut self) {
        for name in &self.spec.leave_out {
            if self.document.remove(name) {
                self.notes.push(format!("`{name}` is left out, as asked"));
            } else {
                self.refusals.push(Refusal {
                    field: name.clone(),
                    why: "is asked to be left out, but is not there".to_owned(),
                });
            }
        }
        let window = self.window();
        let ratchet = self.ratchet();
        self.energy(window, ratchet.as_ref());
        self.demand(window, ratchet.as_ref());
        self.coincident();
        self.fixed();
        self.minimum();
        self.fuel();
        self.unread();
    }

    fn finish(mut self) -> Result<Imported, TariffError> {
        if self.refusals.is_empty() {
            // What the file says must also pass the checks of our own clauses.
            let mut problems = Problems::new();
            for clause in &self.clauses {
                clause.check(&FieldPath::root(), &mut problems);
            }
            for problem in problems.into_vec() {
                if problem.severity == Severity::Error {
                    self.refusals.push(Refusal {
                        field: problem.path.to_string(),
                        why: problem.message,
                    });
                }
            }
        }
        if !self.refusals.is_empty() {
            return Err(TariffError::Refused(self.refusals));
        }
        Ok(Imported {
            title: self.document.title(),
            clauses: self.clauses,
            notes: self.notes,
        })
    }

    /// A number of a field; refused where something else stands there.
    fn number(&mut self, field: &str) -> Option<f64> {
        match self.document.number(field)? {
            Ok(number) => Some(number),
            Err(why) => {
                self.refuse(field, why);
                None
            }
        }
    }

    /// Twelve numbers; `None` where the field is absent or empty.
    fn months(&mut self, field: &str) -> Option<Vec<f64>> {
        let row = match self.document.row(field)? {
            Ok(row) => row,
            Err(why) => {
                self.refuse(field, why);
                return None;
            }
        };
        if row.is_empty() {
            return None;
        }
        if row.len() != 12 {
            self.refuse(field, format!("has {} months where 12 are expected", row.len()));
            return None;
        }
        Some(row)
    }

    /// The periods and tiers of a structure; `None` where it is absent or broken.
    fn structure(&mut self, field: &str) -> Option<Vec<Vec<RawTier>>> {
        match self.document.structure(field)? {
            Ok(periods) => {
                let sound = self.check_structure(field, &periods);
                sound.then_some(periods)
            }
            Err(why) => {
                self.refuse(field, why);
                None
            }
        }
    }

    fn check_structure(&mut self, field: &str, periods: &[Vec<RawTier>]) -> bool {
        let before = self.refusals.len();
        for (index, tiers) in periods.iter().enumerate() {
            if tiers.is_empty() {
                self.refuse(field, format!("has no tier in period {index}"));
            }
            let mut below = 0.0;
            for (position, tier) in tiers.iter().enumerate() {
                let last = position + 1 == tiers.len();
                let place = format!("period {index}, tier {position}");
                match tier.max {
                    Some(max) if last => self.refuse(
                        field,
                        format!("ends at {max} in {place}: what exceeds it has no price"),
                    ),
                    Some(max) if max <= below => {
                        self.refuse(field, format!("has the limit {max} after {below} in {place}"));
                    }
                    Some(max) => below = max,
                    None if !last => {
                        self.refuse(field, format!("has no limit in {place}, which is not the last"));
                    }
                    None => {}
                }
            }
        }
        self.refusals.len() == before
    }

    /// Weekday and weekend tables of periods, from 1; refused where their shape or a number is wrong.
    fn schedule(&mut self, weekday: &str, weekend: &str, periods: usize) -> Option<ScheduleSpec> {
        let mut tables = Vec::new();
        for field in [weekday, weekend] {
            let table = match self.document.table(field) {
                Some(Ok(table)) => table,
                Some(Err(why)) => {
                    self.refuse(field, why);
                    continue;
                }
                None if periods == 1 => vec![vec![0; 24]; 12],
                None => {
                    self.refuse(field, "is missing, so that nobody knows which period holds when");
                    continue;
                }
            };
            let shape = table.len() == 12 && table.iter().all(|row| row.len() == 24);
            if !shape {
                let columns = table.iter().map(Vec::len).find(|n| *n != 24).unwrap_or(24);
                let rows = table.len();
                self.refuse(
                    field,
                    format!("has the shape {rows} x {columns} where 12 x 24 is expected"),
                );
                continue;
            }
            if let Some(wrong) = table.iter().flatten().find(|p| usize::from(**p) >= periods) {
                self.refuse(field, format!("names the period {wrong} of 0 to {}", periods - 1));
                continue;
            }
            let up = |row: Vec<u16>| row.into_iter().map(|p| p + 1).collect();
            tables.push(table.into_iter().map(up).collect::<Vec<Vec<u16>>>());
        }
        let weekend = tables.pop()?;
        let weekday = tables.pop()?;
        Some(ScheduleSpec::Table(TableSpec {
            weekday,
            weekend: Some(weekend),
            holiday: None,
        }))
    }

    fn energy(&mut self, window: u32, ratchet: Option<&demand::RatchetParts>) {
        const FIELD: &str = "energyratestructure";
        let Some(structure) = self.structure(FIELD) else {
            if !self.document.has(FIELD) {
                self.note("the tariff prices no energy: what is used costs nothing here");
                let free = FixedPriceSpec { usd_per_mwh: 0.0 };
                self.clauses.push(ClauseSpec::FixedPrice(free));
            }
            return;
        };
        for tier in structure.iter().flatten() {
            if tier.price.abs() > USD_PER_KWH_MAX {
                let price = tier.price;
                self.refuse(
                    FIELD,
                    format!("has {price} USD/kWh, which is not believed: is it in cents?"),
                );
            }
        }
        let Some(measure) = self.energy_unit(&structure) else {
            return;
        };
        let weekday = ["energyweekdayschedule", "energyweekendschedule"];
        let Some(schedule) = self.schedule(weekday[0], weekday[1], structure.len()) else {
            return;
        };
        let Some(fill) = self.fill(&structure, &schedule) else {
            return;
        };
        let tier = |t: &RawTier| {
            let mut tier = EnergyTierSpec {
                usd_per_mwh: t.price * 1e3,
                ..EnergyTierSpec::default()
            };
            match measure {
                Measure::Kwh => tier.up_to_mwh = t.max.map(|kwh| kwh / 1e3),
                Measure::KwhDaily => tier.up_to_mwh_per_day = t.max.map(|kwh| kwh / 1e3),
                Measure::Hours => tier.up_to_hours = t.max,
                Measure::HoursDaily => tier.up_to_hours_per_day = t.max,
            }
            tier
        };
        let period = |(index, tiers): (usize, &Vec<RawTier>)| EnergyPeriodSpec {
            name: period_name(index),
            usd_per_mwh: None,
            tiers: Some(tiers.iter().map(tier).collect()),
        };
        let billing_demand = BillingDemandSpec {
            window_minutes: window,
            minimum_kw: 0.0,
            ratchet: ratchet.map(demand::RatchetParts::spec),
        };
        self.clauses.push(ClauseSpec::TimeOfUse(TimeOfUseSpec {
            periods: structure.iter().enumerate().map(period).collect(),
            schedule: Some(schedule),
            holidays: HolidaysSpec::default(),
            fill: Some(fill),
            billing_demand,
        }));
    }

    /// The one unit of all limits.
    fn energy_unit(&mut self, structure: &[Vec<RawTier>]) -> Option<Measure> {
        const FIELD: &str = "energyratestructure";
        let mut found: Option<Measure> = None;
        let mut missing = false;
        for tier in structure.iter().flatten() {
            let Some(unit) = &tier.unit else {
                missing |= tier.max.is_some();
                continue;
            };
            let Some(measure) = Measure::of(unit) else {
                self.refuse(
                    FIELD,
                    format!("has the unit `{unit}`; known are kWh, kWh/kW, and both daily"),
                );
                return None;
            };
            if found.is_some_and(|f| f != measure) {
                self.refuse(FIELD, "mixes units");
                return None;
            }
            found = Some(measure);
        }
        if missing {
            self.note("limits of energy tiers without a unit are read as kWh");
            if found.is_some_and(|f| f != Measure::Kwh) {
                self.refuse(FIELD, "has limits without a unit among limits with another");
                return None;
            }
        }
        Some(found.unwrap_or(Measure::Kwh))
    }

    /// Which energy fills tiers; refused where the file leaves two readings.
    fn fill(&mut self, structure: &[Vec<RawTier>], schedule: &ScheduleSpec) -> Option<Fill> {
        if let Some(fill) = self.spec.tier_fill {
            return Some(fill);
        }
        let ScheduleSpec::Table(table) = schedule else {
            return None;
        };
        let limits = |period: u16| -> Vec<Option<f64>> {
            let tiers = &structure[usize::from(period) - 1];
            tiers.iter().map(|t| t.max).collect()
        };
        let mut shared = false;
        for month in 0..12 {
            let weekend = table.weekend.as_ref().unwrap_or(&table.weekday);
            let mut used: Vec<u16> = [&table.weekday[month][..], &weekend[month][..]].concat();
            used.sort_unstable();
            used.dedup();
            let unequal = used.windows(2).any(|pair| limits(pair[0]) != limits(pair[1]));
            if unequal {
                self.refuse(
                    "energyratestructure",
                    format!(
                        "has unequal limits in periods of month {}, so that several bills are possible: say `tier_fill`",
                        month + 1
                    ),
                );
                return None;
            }
            shared |= used.len() > 1 && limits(used[0]).len() > 1;
        }
        if shared {
            self.note("tiers that periods share fill in the order of time (`tier_fill` says otherwise)");
        }
        Some(Fill::InTimeOrder)
    }

    fn coincident(&mut self) {
        const FIELD: &str = "coincidentratestructure";
        let Some(structure) = self.structure(FIELD) else {
            return;
        };
        if structure.iter().flatten().any(|t| t.price != 0.0) {
            self.refuse(
                FIELD,
                "charges the load at the system's peak, which a clock of 12 x 24 cannot tell",
            );
        }
    }

    /// Fields nobody asked for: text is noted, what looks like a price is refused.
    fn unread(&mut self) {
        for field in self.document.unread() {
            if document::is_text(&field) {
                if let Some(text) = self.document.text(&field).filter(|t| !t.trim().is_empty()) {
                    let text: String = text.chars().take(160).collect();
                    let field = self.document.written(&field).to_owned();
                    self.note(format!("`{field}` is text and not priced: {text}"));
                }
            } else if document::is_attributes(&field) {
                let field = self.document.written(&field).to_owned();
                self.note(format!("`{field}` is not priced"));
            } else if self.document.looks_priced(&field) {
                self.refuse(&field, "is not known, and may be a price");
            }
        }
    }
}

/// What limits of energy tiers are measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Measure {
    Kwh,
    KwhDaily,
    Hours,
    HoursDaily,
}

impl Measure {
    fn of(unit: &str) -> Option<Self> {
        match unit.to_ascii_lowercase().as_str() {
            "kwh" => Some(Self::Kwh),
            "kwh daily" => Some(Self::KwhDaily),
            "kwh/kw" => Some(Self::Hours),
            "kwh/kw daily" => Some(Self::HoursDaily),
            _ => None,
        }
    }
}

/// Periods keep the number that the file gives them.
fn period_name(index: usize) -> Name {
    Name::new(format!("period-{index}"))
}

#[cfg(test)]
mod tests;
