//! What a rate charges whatever is used, its least bills, and its fuel adjustment.

use super::{Import, USD_PER_KWH_MAX};
use crate::id::Name;
use crate::power::contract::clause::ClauseSpec;
use crate::power::contract::clause::fixed_charge::FixedChargeSpec;
use crate::power::contract::clause::minimum_bill::MinimumBillSpec;
use crate::power::contract::clause::rider::RiderSpec;

impl Import<'_> {
    pub(super) fn fixed(&mut self) {
        if let Some(amount) = self.number("fixedmonthlycharge").filter(|a| *a != 0.0) {
            self.clauses.push(ClauseSpec::FixedCharge(FixedChargeSpec {
                usd_per_month: Some(amount),
                ..FixedChargeSpec::default()
            }));
        }
        let Some(amount) = self.number("fixedchargefirstmeter").filter(|a| *a != 0.0) else {
            return;
        };
        let mut spec = FixedChargeSpec::default();
        match self.per("fixedchargeunits") {
            Some(Per::Month) => spec.usd_per_month = Some(amount),
            Some(Per::Day) => spec.usd_per_day = Some(amount),
            Some(Per::Year) => spec.usd_per_year = Some(amount),
            None => return,
        }
        self.clauses.push(ClauseSpec::FixedCharge(spec));
    }

    pub(super) fn minimum(&mut self) {
        let mut spec = MinimumBillSpec {
            usd_per_month: self.number("minmonthlycharge").filter(|a| *a > 0.0),
            usd_per_year: self.number("annualmincharge").filter(|a| *a > 0.0),
            ..MinimumBillSpec::default()
        };
        if let Some(amount) = self.number("mincharge").filter(|a| *a > 0.0) {
            let taken = spec.usd_per_month.is_some() || spec.usd_per_year.is_some();
            match self.per("minchargeunits") {
                _ if taken => self.refuse(
                    "mincharge",
                    "stands beside `minmonthlycharge` or `annualmincharge`",
                ),
                Some(Per::Month) => spec.usd_per_month = Some(amount),
                Some(Per::Day) => spec.usd_per_day = Some(amount),
                Some(Per::Year) => spec.usd_per_year = Some(amount),
                None => {}
            }
        }
        if spec != MinimumBillSpec::default() {
            self.clauses.push(ClauseSpec::MinimumBill(spec));
        }
    }

    /// The unit of an amount; refused where it is unknown.
    fn per(&mut self, field: &str) -> Option<Per> {
        match self.document.text(field).as_deref() {
            Some("$/month") => Some(Per::Month),
            Some("$/day") => Some(Per::Day),
            Some("$/year") => Some(Per::Year),
            Some(other) => {
                let why = format!("is `{other}`; known are $/day, $/month and $/year");
                self.refuse(field, why);
                None
            }
            None => {
                self.refuse(field, "is missing: an amount a day, a month or a year?");
                None
            }
        }
    }

    pub(super) fn fuel(&mut self) {
        let Some(row) = self.months("fueladjustmentsmonthly") else {
            return;
        };
        if row.iter().all(|v| *v == 0.0) {
            return;
        }
        if let Some(value) = row.iter().find(|v| v.abs() > USD_PER_KWH_MAX) {
            let why = format!("has {value} USD/kWh, which is not believed: is it in cents?");
            self.refuse("fueladjustmentsmonthly", why);
            return;
        }
        self.clauses.push(ClauseSpec::Rider(RiderSpec {
            usd_per_mwh_by_month: Some(row.iter().map(|v| v * 1e3).collect()),
            ..RiderSpec::named(Name::from("fuel"))
        }));
    }
}

#[derive(Debug, Clone, Copy)]
enum Per {
    Day,
    Month,
    Year,
}
