//! Customers' machines: what a hosting contract says, when such a batch is worth running and to whom, and the invoice of a
//! month.
//!
//! The customer keeps the coins and says whether his machines shall run; the farm earns the fee, pays for power, and may
//! stand them still against a credit. Owns no machine and no clock.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::Name;
use crate::problem::{Check, FieldPath, Problems};
use crate::time::{SimTime, Span};
use crate::units::{Money, Power};

/// Hours of a mean month.
const MONTH_HOURS: f64 = 730.5;

/// Who bears a cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Bearer {
    /// The customer.
    #[default]
    Customer,
    /// The farm.
    Farm,
}

/// When a customer wants his machines to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CustomerRuns {
    /// Whenever his coins are worth more than the fee for their energy.
    #[default]
    WhenWorth,
    /// Always.
    Always,
}

/// How the farm ends a contract whose hall is wound down.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HostingEndSpec {
    /// Gives notice when the project starts; winding down begins when it has run. The default.
    #[default]
    Notice,
    /// Pays the cost of early termination when the project starts and waits for nobody.
    Termination,
    /// Whichever costs less: early termination, or the wait for the notice at what a month's delay costs.
    Cheaper(CheaperEndSpec),
}

/// What waiting costs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheaperEndSpec {
    /// What a month's delay of the conversion costs, USD a megawatt of these machines.
    pub delay_usd_per_mw_month: f64,
}

/// A contract to host a customer's machines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HostingSpec {
    /// Whose machines.
    pub customer: Name,
    /// Fee for energy at the machines, USD/MWh (75 is 7.5 cents a kWh; contracts of one to three years lay between 60
    /// and 90 in 2026: DOMAIN.md, assumption). Default: at cost, the cost of the next megawatt-hour in each interval with
    /// cooling and losses, which wants a share of profit.
    #[serde(default)]
    pub fee_usd_per_mwh: Option<f64>,
    /// The farm's share of the customer's profit of a month, percent: his coins less pool fees and energy. Default 0.
    #[serde(default)]
    pub profit_share_percent: f64,
    /// Energy that is paid for in any case, percent of the power of all machines over the month. Default 0.
    #[serde(default)]
    pub minimum_percent: f64,
    /// Credit for each megawatt-hour that the farm does not deliver because power is dear, USD. Default 0: the farm may
    /// stand the machines still for nothing.
    #[serde(default)]
    pub curtailment_credit_usd_per_mwh: f64,
    /// Promised share of the energy that the customer asks for, percent, over a month. Energy for which there is a
    /// curtailment credit counts as delivered. Default: nothing is promised (95 to 97 is usual: DOMAIN.md, assumption).
    #[serde(default)]
    pub uptime_promise_percent: f64,
    /// Credit for each megawatt-hour short of the promise, USD. Default 0.
    #[serde(default)]
    pub uptime_credit_usd_per_mwh: f64,
    /// Deposit in months of the fee at full power, paid when machines come within the horizon and returned when they
    /// leave. Default 0.
    #[serde(default)]
    pub deposit_months: f64,
    /// Term in months from the start or from the day on which the machines come; they leave at its end. Default: until
    /// one side gives notice, which customers do not.
    #[serde(default)]
    pub term_months: Option<f64>,
    /// Notice in months that the farm gives. Default 3 (assumption).
    #[serde(default = "notice_months")]
    pub notice_months: f64,
    /// What the farm pays to end the contract at once, USD a megawatt of these machines. Default 150,000 (assumption:
    /// three months of 70 USD/MWh).
    #[serde(default = "termination_usd_per_mw")]
    pub termination_usd_per_mw: f64,
    /// How the farm ends the contract when the hall is wound down. Default: `notice`.
    #[serde(default)]
    pub ends: HostingEndSpec,
    /// Cost of taking down, packing and handing over that the farm bears, USD a machine. Default 0: customers fetch theirs.
    #[serde(default)]
    pub return_usd_per_machine: f64,
    /// When the customer wants his machines to run. Default: `when_worth`.
    #[serde(default)]
    pub customer_runs: CustomerRuns,
    /// Who pays the pool. Default: the customer.
    #[serde(default)]
    pub pool_fees_by: Bearer,
    /// Who pays for parts of repairs. Default: the customer.
    #[serde(default)]
    pub repairs_by: Bearer,
}

fn notice_months() -> f64 {
    3.0
}
fn termination_usd_per_mw() -> f64 {
    150_000.0
}

impl HostingSpec {
    fn check_ends(&self, at: &FieldPath, problems: &mut Problems) {
        problems.within(&at.key("notice_months"), self.notice_months, 0.0, 120.0);
        problems.within(
            &at.key("termination_usd_per_mw"),
            self.termination_usd_per_mw,
            0.0,
            1e8,
        );
        problems.within(
            &at.key("return_usd_per_machine"),
            self.return_usd_per_machine,
            0.0,
            1e5,
        );
        if let HostingEndSpec::Cheaper(spec) = &self.ends {
            let at = at.key("ends").key("cheaper").key("delay_usd_per_mw_month");
            problems.within(&at, spec.delay_usd_per_mw_month, 0.0, 1e9);
        }
        if let Some(months) = self.term_months {
            problems.within(&at.key("term_months"), months, 0.1, 600.0);
        }
    }
}

impl Check for HostingSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        if let Some(fee) = self.fee_usd_per_mwh {
            problems.within(&at.key("fee_usd_per_mwh"), fee, 0.0, 10_000.0);
        } else {
            let wants_fee = [
                ("minimum_percent", self.minimum_percent),
                ("deposit_months", self.deposit_months),
                (
                    "curtailment_credit_usd_per_mwh",
                    self.curtailment_credit_usd_per_mwh,
                ),
            ];
            for (key, value) in wants_fee {
                if value != 0.0 {
                    problems.error(
                        &at.key(key),
                        "this wants a `fee_usd_per_mwh`: energy at cost has none",
                    );
                }
            }
            if self.profit_share_percent <= 0.0 {
                problems.error_with_help(
                    &at.key("profit_share_percent"),
                    "energy at cost without a share of profit earns the farm nothing",
                    "state `fee_usd_per_mwh`, `profit_share_percent`, or both",
                );
            }
            if self.customer_runs == CustomerRuns::Always {
                problems.error(&at.key("customer_runs"), "`always` wants a `fee_usd_per_mwh`");
            }
        }
        problems.percent(&at.key("profit_share_percent"), self.profit_share_percent, 100.0);
        problems.percent(&at.key("minimum_percent"), self.minimum_percent, 100.0);
        problems.percent(
            &at.key("uptime_promise_percent"),
            self.uptime_promise_percent,
            100.0,
        );
        for (key, usd) in [
            (
                "curtailment_credit_usd_per_mwh",
                self.curtailment_credit_usd_per_mwh,
            ),
            ("uptime_credit_usd_per_mwh", self.uptime_credit_usd_per_mwh),
        ] {
            problems.within(&at.key(key), usd, 0.0, 10_000.0);
        }
        problems.within(&at.key("deposit_months"), self.deposit_months, 0.0, 36.0);
        self.check_ends(at, problems);
    }
}

/// What a megawatt-hour at the machines of a batch is worth to the farm, by hashprice.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Worth {
    /// USD/MWh whatever hashprice is.
    pub fixed_usd_per_mwh: f64,
    /// USD/MWh per USD/PH/day.
    pub per_hashprice: f64,
    /// The share of the cost of power that the farm bears.
    pub of_cost: f64,
    /// Hashprice above which this holds.
    pub above_hashprice: f64,
    /// USD/MWh at or below it; `None` where the owner lets the machines stand.
    pub below_usd_per_mwh: Option<f64>,
}

impl Worth {
    /// Of the farm's own machines, by bitcoin and by other coins; a pool leaves a share of both.
    pub fn own(per_hashprice: f64, other_usd_per_mwh: f64, kept: f64) -> Self {
        Self {
            fixed_usd_per_mwh: other_usd_per_mwh * kept,
            per_hashprice: per_hashprice * kept,
            of_cost: 1.0,
            above_hashprice: f64::NEG_INFINITY,
            below_usd_per_mwh: None,
        }
    }
    /// USD/MWh at a hashprice; `None` where the owner lets the machines stand.
    pub fn at(&self, hashprice: f64) -> Option<f64> {
        if hashprice > self.above_hashprice {
            Some(self.fixed_usd_per_mwh + hashprice * self.per_hashprice)
        } else {
            self.below_usd_per_mwh
        }
    }
}

/// What a customer's machines did since the last invoice.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct HostedUse {
    /// Energy at the machines, MWh.
    pub energy_mwh: f64,
    /// Energy that the customer asked for, MWh.
    pub asked_mwh: f64,
    /// Of it not delivered because power was dear, MWh.
    pub dear_mwh: f64,
    /// Energy of all machines at full power, MWh.
    pub contracted_mwh: f64,
    /// What energy at cost comes to, USD.
    pub cost_usd: f64,
    /// Coins, USD before pool fees.
    pub coins_usd: f64,
}

impl HostedUse {
    /// Adds more use.
    pub fn add(&mut self, o: &Self) {
        self.energy_mwh += o.energy_mwh;
        self.asked_mwh += o.asked_mwh;
        self.dear_mwh += o.dear_mwh;
        self.contracted_mwh += o.contracted_mwh;
        self.cost_usd += o.cost_usd;
        self.coins_usd += o.coins_usd;
    }
}

/// A line of a customer's invoice: a quantity at a rate; money to the farm is positive.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HostingLine {
    /// What it is for.
    pub clause: &'static str,
    /// What is priced.
    pub quantity: f64,
    /// Unit of the quantity.
    pub unit: &'static str,
    /// USD a unit, negative for a credit.
    pub rate_usd: f64,
}

impl HostingLine {
    /// What it comes to, USD.
    pub fn usd(&self) -> f64 {
        self.quantity * self.rate_usd
    }
}

/// What a customer owes and is owed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HostingInvoice {
    /// Lines that are not nought.
    pub lines: Vec<HostingLine>,
    /// Pool fees that the farm bears, USD.
    pub pool_fees_usd: f64,
}

impl HostingInvoice {
    /// Fees and shares, USD.
    pub fn fees_usd(&self) -> f64 {
        self.lines
            .iter()
            .map(HostingLine::usd)
            .filter(|usd| *usd > 0.0)
            .sum()
    }
    /// Credits, USD, positive.
    pub fn credits_usd(&self) -> f64 {
        -self
            .lines
            .iter()
            .map(HostingLine::usd)
            .filter(|usd| *usd < 0.0)
            .sum::<f64>()
    }
}

/// A contract at run time, with what was used since the last invoice.
#[derive(Debug, Clone, PartialEq)]
pub struct Hosting {
    spec: HostingSpec,
    used: HostedUse,
    deposit_usd: f64,
    has_come: bool,
}

impl Hosting {
    /// Of a checked spec.
    pub fn new(spec: &HostingSpec) -> Self {
        Self {
            spec: spec.clone(),
            used: HostedUse::default(),
            deposit_usd: 0.0,
            has_come: false,
        }
    }
    /// Whose machines.
    pub fn customer(&self) -> &str {
        self.spec.customer.as_str()
    }
    /// What the file says.
    pub fn spec(&self) -> &HostingSpec {
        &self.spec
    }
    /// What a megawatt-hour is worth to the farm where a batch earns so much per hashprice and a pool keeps `fee` of it.
    pub fn worth(&self, per_hashprice: f64, fee: f64) -> Worth {
        let spec = &self.spec;
        let share = spec.profit_share_percent / 100.0;
        let (customer_keeps, farm_pays) = match spec.pool_fees_by {
            Bearer::Customer => (1.0 - fee, 0.0),
            Bearer::Farm => (1.0, fee),
        };
        let coins = per_hashprice * customer_keeps;
        let own_fee = per_hashprice * farm_pays;
        let Some(usd) = spec.fee_usd_per_mwh else {
            // Energy at cost: the farm's gain is its share of coins less power, and bears that share of the cost.
            return Worth {
                fixed_usd_per_mwh: 0.0,
                per_hashprice: share * coins - own_fee,
                of_cost: share,
                above_hashprice: f64::NEG_INFINITY,
                below_usd_per_mwh: None,
            };
        };
        let credit = spec.curtailment_credit_usd_per_mwh;
        Worth {
            fixed_usd_per_mwh: usd * (1.0 - share) + credit,
            per_hashprice: share * coins - own_fee,
            of_cost: 1.0,
            above_hashprice: usd / coins,
            below_usd_per_mwh: (spec.customer_runs == CustomerRuns::Always).then_some(usd + credit),
        }
    }
    /// Counts what was used.
    pub fn count(&mut self, used: &HostedUse) {
        self.used.add(used);
    }
    /// What was used since the last invoice.
    pub fn used(&self) -> &HostedUse {
        &self.used
    }
    /// The invoice of what was used since the last, where a pool keeps `fee`.
    pub fn invoice(&mut self, fee: f64) -> HostingInvoice {
        let used = std::mem::take(&mut self.used);
        let spec = &self.spec;
        let share = spec.profit_share_percent / 100.0;
        let rate = |usd: f64, mwh: f64| if mwh > 0.0 { usd / mwh } else { 0.0 };
        let energy_rate = spec
            .fee_usd_per_mwh
            .unwrap_or_else(|| rate(used.cost_usd, used.energy_mwh));
        let energy_usd = energy_rate * used.energy_mwh;
        let (customer, farm) = match spec.pool_fees_by {
            Bearer::Customer => (fee, 0.0),
            Bearer::Farm => (0.0, fee),
        };
        let profit_usd = (used.coins_usd * (1.0 - customer) - energy_usd).max(0.0);
        let minimum_mwh = (spec.minimum_percent / 100.0 * used.contracted_mwh - used.energy_mwh).max(0.0);
        let credited_mwh = if spec.curtailment_credit_usd_per_mwh > 0.0 {
            used.dear_mwh
        } else {
            0.0
        };
        let promised_mwh = spec.uptime_promise_percent / 100.0 * used.asked_mwh;
        let short_mwh = (promised_mwh - used.energy_mwh - credited_mwh).max(0.0);
        let line = |clause, quantity, unit, rate_usd| HostingLine {
            clause,
            quantity,
            unit,
            rate_usd,
        };
        let mut lines = vec![
            line("fee", used.energy_mwh, "mwh", energy_rate),
            line("minimum", minimum_mwh, "mwh", energy_rate),
            line("profit_share", profit_usd, "usd", share),
            line(
                "curtailment_credit",
                used.dear_mwh,
                "mwh",
                -spec.curtailment_credit_usd_per_mwh,
            ),
            line("uptime_credit", short_mwh, "mwh", -spec.uptime_credit_usd_per_mwh),
        ];
        lines.retain(|line| line.usd() != 0.0);
        HostingInvoice {
            lines,
            pool_fees_usd: used.coins_usd * farm,
        }
    }
    /// The deposit that a customer pays when his machines, of a power, have come; it is held from now on. Nothing where
    /// they came before, or are still to come (a power of nought).
    pub fn take_deposit(&mut self, power: Power) -> Money {
        if self.has_come || power <= Power::ZERO {
            return Money::ZERO;
        }
        self.has_come = true;
        let monthly = self.spec.fee_usd_per_mwh.unwrap_or(0.0) * power.as_mw() * MONTH_HOURS;
        self.deposit_usd = monthly * self.spec.deposit_months;
        Money::from_usd(self.deposit_usd)
    }
    /// The deposit that is held.
    pub fn deposit(&self) -> Money {
        Money::from_usd(self.deposit_usd)
    }
    /// Gives the deposit back.
    pub fn return_deposit(&mut self) -> Money {
        Money::from_usd(std::mem::take(&mut self.deposit_usd))
    }
    /// What ending the contract now takes, for machines of a power: the day on which they may go, and what is paid.
    pub fn end(&self, now: SimTime, power: Power) -> (SimTime, Money) {
        let spec = &self.spec;
        let cost = spec.termination_usd_per_mw * power.as_mw();
        let waits = match &spec.ends {
            HostingEndSpec::Notice => true,
            HostingEndSpec::Termination => false,
            HostingEndSpec::Cheaper(c) => {
                c.delay_usd_per_mw_month * power.as_mw() * spec.notice_months <= cost
            }
        };
        if waits {
            let hours = spec.notice_months * MONTH_HOURS;
            (
                now + Span::from_seconds((hours * 3_600.0).round() as i64),
                Money::ZERO,
            )
        } else {
            (now, Money::from_usd(cost))
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn contract() -> HostingSpec {
        toml::from_str("customer = \"alpha\"\nfee_usd_per_mwh = 75").unwrap()
    }

    #[test]
    fn a_fee_is_worth_what_it_brings_as_long_as_the_customer_earns_more() {
        // 17.5 J/TH earn 2.381 USD/MWh per USD/PH/day; at 1 % to the pool coins pay 75 USD from 31.82 USD/PH/day on.
        let worth = Hosting::new(&contract()).worth(1.0 / (0.024 * 17.5), 0.01);
        assert!((worth.above_hashprice - 75.0 * 0.42 / 0.99).abs() < 1e-9);
        assert_eq!((worth.at(31.8), worth.at(40.0)), (None, Some(75.0)));
        let always = HostingSpec {
            customer_runs: CustomerRuns::Always,
            curtailment_credit_usd_per_mwh: 5.0,
            ..contract()
        };
        assert_eq!(Hosting::new(&always).worth(2.0, 0.0).at(1.0), Some(80.0));
    }

    #[test]
    fn a_share_of_profit_adds_to_the_fee_or_splits_the_margin() {
        let both = HostingSpec {
            profit_share_percent: 20.0,
            ..contract()
        };
        // Coins of 95: 75 and a fifth of 20.
        assert!((Hosting::new(&both).worth(2.0, 0.05).at(50.0).unwrap() - 79.0).abs() < 1e-9);
        let split = HostingSpec {
            fee_usd_per_mwh: None,
            profit_share_percent: 40.0,
            ..contract()
        };
        let worth = Hosting::new(&split).worth(2.0, 0.05);
        assert!((worth.at(50.0).unwrap() - worth.of_cost * 60.0 - 0.4 * 35.0).abs() < 1e-9);
    }

    #[test]
    fn an_invoice_by_hand() {
        let spec = HostingSpec {
            profit_share_percent: 10.0,
            minimum_percent: 90.0,
            curtailment_credit_usd_per_mwh: 12.0,
            uptime_promise_percent: 97.0,
            uptime_credit_usd_per_mwh: 30.0,
            pool_fees_by: Bearer::Farm,
            ..contract()
        };
        let mut hosting = Hosting::new(&spec);
        hosting.count(&HostedUse {
            energy_mwh: 800.0,
            asked_mwh: 950.0,
            dear_mwh: 50.0,
            contracted_mwh: 1_000.0,
            cost_usd: 0.0,
            coins_usd: 90_000.0,
        });
        let invoice = hosting.invoice(0.02);
        // 800 MWh at 75, 100 more to the minimum, a tenth of 90,000 - 60,000.
        assert!((invoice.fees_usd() - (60_000.0 + 7_500.0 + 3_000.0)).abs() < 1e-9);
        // 50 MWh at 12, and 921.5 - 850 MWh at 30.
        assert!((invoice.credits_usd() - (600.0 + 71.5 * 30.0)).abs() < 1e-9);
        assert!((invoice.pool_fees_usd - 1_800.0).abs() < 1e-9);
        assert_eq!(hosting.invoice(0.02), HostingInvoice::default());
    }

    #[test]
    fn ending_waits_or_pays_as_stated_or_as_is_cheaper() {
        let now = SimTime::from_unix_s(0);
        let end = |ends| {
            let spec = HostingSpec { ends, ..contract() };
            Hosting::new(&spec).end(now, Power::from_mw(4.0))
        };
        let notice = now + Span::from_seconds((3.0 * 730.5 * 3_600.0) as i64);
        assert_eq!(end(HostingEndSpec::Notice), (notice, Money::ZERO));
        assert_eq!(
            end(HostingEndSpec::Termination),
            (now, Money::from_usd(600_000.0))
        );
        let cheaper = |usd| {
            HostingEndSpec::Cheaper(CheaperEndSpec {
                delay_usd_per_mw_month: usd,
            })
        };
        // Three months at 49,000 cost less than 150,000 a megawatt, at 51,000 more.
        assert_eq!(end(cheaper(49_000.0)).0, notice);
        assert_eq!(end(cheaper(51_000.0)).0, now);
    }
}
