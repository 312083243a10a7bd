//! Demand charges of a rate: flat by month, by time, with window and look-back.

use super::{Import, RawTier, period_name};
use crate::power::contract::clause::ClauseSpec;
use crate::power::contract::clause::demand_charge::{DemandChargeSpec, DemandPeriodSpec, DemandTierSpec};
use crate::power::contract::ratchet::{Outlook, RatchetSpec};
use crate::power::contract::schedule::ScheduleSpec;

/// Months of look-back where a file names months and no range: the year that ends with the billed month.
const LOOK_BACK_MONTHS: u32 = 11;

/// A look-back as files say it.
#[derive(Debug, Clone)]
pub(super) struct RatchetParts {
    percent: f64,
    percent_by_month: Option<Vec<f64>>,
    months: u32,
    peak_months: Option<Vec<u8>>,
}

impl RatchetParts {
    /// As a ratchet without history.
    pub(super) fn spec(&self) -> RatchetSpec {
        RatchetSpec {
            percent: self.percent,
            percent_by_month: self.percent_by_month.clone(),
            months: self.months,
            peak_months: self.peak_months.clone(),
            billed_months: None,
            own_peak_months: None,
            peak_periods: None,
            billed_periods: None,
            history_mw: Vec::new(),
            history_kw: Vec::new(),
            outlook: Outlook::default(),
        }
    }
}

impl Import<'_> {
    /// The window of demand, in minutes.
    pub(super) fn window(&mut self) -> u32 {
        match self.number("demandwindow") {
            Some(minutes) if [15.0, 30.0, 60.0].contains(&minutes) => minutes as u32,
            Some(minutes) => {
                self.refuse(
                    "demandwindow",
                    format!("is {minutes} minutes; known are 15, 30 and 60"),
                );
                15
            }
            None => {
                let charged = ["demandratestructure", "flatdemandstructure"];
                if charged.iter().any(|field| self.document.has(field)) {
                    self.note("`demandwindow` is not said: demand is the mean of 15 minutes");
                }
                15
            }
        }
    }

    /// The look-back, where there is one.
    pub(super) fn ratchet(&mut self) -> Option<RatchetParts> {
        let percent = self.number("lookbackpercent").filter(|p| *p != 0.0);
        let range = self.number("lookbackrange").filter(|r| *r != 0.0);
        let flags = self.months("lookbackmonths");
        let flags = flags.filter(|row| row.iter().any(|f| *f != 0.0));
        let by_month = self.months("demandratchetpercentage");
        let by_month = by_month.filter(|row| row.iter().any(|p| *p != 0.0));
        if percent.is_none() && by_month.is_none() {
            if range.is_some() || flags.is_some() {
                self.refuse("lookbackpercent", "is missing beside its range or months");
            }
            return None;
        }
        if range.is_some() && flags.is_some() {
            self.refuse(
                "lookbackrange",
                "stands beside `lookbackmonths`: one of them is meant",
            );
        }
        if percent.is_some() && by_month.is_some() {
            self.refuse(
                "lookbackpercent",
                "stands beside `demandratchetpercentage`: one of them is meant",
            );
        }
        if let Some(range) = range.filter(|r| r.fract() != 0.0 || !(1.0..=120.0).contains(r)) {
            self.refuse(
                "lookbackrange",
                format!("is {range} months; whole ones, 1 to 120, are known"),
            );
            return None;
        }
        if range.is_none() {
            let text =
                "a look-back without `lookbackrange` reaches over the eleven months before the billed one";
            self.note(text);
        }
        self.note("the months before the first have no recorded peak: the look-back begins with the load");
        let fraction = by_month
            .as_ref()
            .map_or(percent, |row| row.iter().copied().reduce(f64::max));
        let scale = if fraction.is_some_and(|p| p <= 1.0) {
            self.note("a look-back share up to 1 is read as a fraction, not as percent");
            100.0
        } else {
            1.0
        };
        let flagged = flags.map(|row| {
            (1..=12)
                .filter(|m: &u8| row[usize::from(*m) - 1] != 0.0)
                .collect()
        });
        Some(RatchetParts {
            percent: fraction.unwrap_or(0.0) * scale,
            percent_by_month: by_month.map(|row| row.iter().map(|p| p * scale).collect()),
            months: range.map_or(LOOK_BACK_MONTHS, |r| r as u32),
            peak_months: flagged,
        })
    }

    pub(super) fn demand(&mut self, window: u32, ratchet: Option<&RatchetParts>) {
        if let Some(charge) = self.number("demandreactivepowercharge").filter(|c| *c != 0.0) {
            self.refuse(
                "demandreactivepowercharge",
                format!("charges {charge} USD/kVAR, and a load in kW says nothing of reactive power"),
            );
        }
        let flat = self.structure("flatdemandstructure");
        let by_time = self.structure("demandratestructure");
        let charged = |s: &Option<Vec<Vec<RawTier>>>| s.iter().flatten().flatten().any(|t| t.price != 0.0);
        if ratchet.is_some() && charged(&flat) && charged(&by_time) {
            let field = if self.document.has("lookbackpercent") {
                "lookbackpercent"
            } else {
                "demandratchetpercentage"
            };
            self.refuse(
                field,
                "does not say whether the flat demand charge looks back, the one by time, or both",
            );
        }
        if let Some(structure) = flat {
            self.demand_unit("flatdemandunit", &structure);
            let months = self.months("flatdemandmonths").unwrap_or_else(|| vec![0.0; 12]);
            let periods = structure.len() as f64;
            if months
                .iter()
                .all(|p| p.fract() == 0.0 && (0.0..periods).contains(p))
            {
                let row = months.iter().map(|p| *p as u16 + 1).collect();
                self.charge(&structure, ScheduleSpec::ByMonth(row), window, ratchet);
            } else {
                self.refuse(
                    "flatdemandmonths",
                    "names a period that `flatdemandstructure` has not",
                );
            }
        }
        if let Some(structure) = by_time {
            self.demand_unit("demandrateunit", &structure);
            let schedule = self.schedule("demandweekdayschedule", "demandweekendschedule", structure.len());
            if let Some(schedule) = schedule {
                self.charge(&structure, schedule, window, ratchet);
            }
        }
    }

    fn charge(
        &mut self,
        structure: &[Vec<RawTier>],
        schedule: ScheduleSpec,
        window: u32,
        ratchet: Option<&RatchetParts>,
    ) {
        if structure.iter().flatten().all(|t| t.price == 0.0) {
            return;
        }
        let tier = |t: &RawTier| DemandTierSpec {
            up_to_kw: t.max,
            usd_per_kw_month: t.price,
        };
        let period = |(index, tiers): (usize, &Vec<RawTier>)| DemandPeriodSpec {
            name: period_name(index),
            usd_per_kw_month: None,
            tiers: Some(tiers.iter().map(tier).collect()),
        };
        self.clauses.push(ClauseSpec::DemandCharge(DemandChargeSpec {
            periods: Some(structure.iter().enumerate().map(period).collect()),
            schedule: Some(schedule),
            window_minutes: window,
            ratchet: ratchet.map(RatchetParts::spec),
            ..DemandChargeSpec::default()
        }));
    }

    /// Requires kilowatts: apparent power and horsepower need what a load in kilowatts does not say.
    fn demand_unit(&mut self, field: &str, structure: &[Vec<RawTier>]) {
        let named = self.document.text(field);
        let within = structure.iter().flatten().filter_map(|t| t.unit.clone());
        let mut units: Vec<String> = named.into_iter().chain(within).collect();
        units.dedup();
        for unit in units {
            match unit.to_ascii_lowercase().as_str() {
                "kw" => {}
                "kw daily" => self.refuse(
                    field,
                    "is `kW daily`: a charge on the peak of each day is not known",
                ),
                _ => self.refuse(field, format!("is `{unit}`, which a load in kW does not say")),
            }
        }
    }
}
