//! From a month's counts to postings: power bills, tenants' invoices, running costs, capex, the residual.

mod closing;

use crate::conversion::{Component, HallPhase};
use crate::finance::account::Account;
use crate::finance::capital::Outcome;
use crate::finance::ledger::Ledger;
use crate::finance::register::Register;
use crate::finance::tax::{IncomeTax, IncomeTaxSpec};
use crate::fleet::HostingInvoice;
use crate::market::bitcoin::BitcoinPath;
use crate::market::treasury::Treasury;
use crate::power::contract::{LineKind, SettlementLine};
use crate::scenario::spec::FinanceSpec;
use crate::sim::demand::{Demand, Turn, invoice};
use crate::sim::hall::NewUse;
use crate::sim::invariant::{self, Fault};
use crate::sim::site::Site;
use crate::staff::StaffedPower;
use crate::time::{Calendar, Month, SimTime};
use crate::units::{Money, Power};

/// The books of a strategy.
#[derive(Debug)]
pub struct Books {
    /// Double entry.
    pub ledger: Ledger,
    tax: IncomeTax,
    register: Register,
    /// What entered service, by month, at cost.
    placed: Vec<(usize, Component, Money)>,
    finance: FinanceSpec,
    /// Credits and penalties so far, USD.
    pub credits_usd: f64,
    /// Revenue of GPU halls so far, USD.
    pub gpu_usd: f64,
    /// What miners were bought for less what they were sold for so far, and were worth at the start, USD.
    pub miners_usd: f64,
    /// Rent so far, pass-through power excluded, USD.
    pub rent_usd: f64,
    treasury: Treasury,
    fault: Option<Fault>,
    /// What became of the debt, once the books are closed.
    pub debt: Option<Outcome>,
    /// Drawn from lenders of machines, USD.
    pub equipment_usd: f64,
    /// GPU-hours served, by month.
    pub served_gpu_h: Vec<f64>,
    /// Energy at the meters, by month, MWh.
    pub grid_mwh: Vec<f64>,
    /// Tokens answered by inference services, by month, millions.
    pub mtok: Vec<f64>,
}

impl Books {
    /// Empty books from a first month on.
    /// `calendar` is the ledger's.
    pub fn new(
        months: usize,
        (first, calendar): (Month, &Calendar),
        finance: &FinanceSpec,
        fault: Option<Fault>,
    ) -> Self {
        let tax = IncomeTaxSpec {
            rate_percent: finance.income_tax_percent,
            loss_offset_percent: finance.loss_offset_percent,
        };
        Self {
            ledger: Ledger::new(months),
            tax: IncomeTax::new(&tax, first.month.unsigned_abs()),
            register: Register::default(),
            placed: Vec::new(),
            finance: finance.clone(),
            credits_usd: 0.0,
            gpu_usd: 0.0,
            miners_usd: 0.0,
            rent_usd: 0.0,
            treasury: Treasury::new(&finance.treasury, calendar),
            fault,
            debt: None,
            equipment_usd: 0.0,
            served_gpu_h: vec![0.0; months],
            grid_mwh: vec![0.0; months],
            mtok: vec![0.0; months],
        }
    }
    /// What a cost of the first year has become.
    fn inflated(&self, usd: f64, month: usize) -> Money {
        Money::from_usd(usd * (1.0 + self.finance.inflation_percent / 100.0).powf(month as f64 / 12.0))
    }

    /// Pays for a part of a project.
    pub fn capex(&mut self, month: usize, component: Component, usd: Money) {
        let account = match component {
            Component::Facility => Account::CapexFacility,
            Component::Hardware => Account::CapexHardware,
        };
        self.ledger.pay(month, account, usd);
    }
    /// Sells something that stood: miners, a hall.
    pub fn sell(&mut self, month: usize, account: Account, usd: Money) {
        self.ledger.receive(month, account, usd);
        if account == Account::AsicSalvage {
            self.miners_usd -= usd.as_usd();
        }
    }
    /// A customer pays in advance.
    pub fn prepaid(&mut self, month: usize, usd: Money) {
        self.ledger.receive(month, Account::CustomerPrepayments, usd);
    }
    /// A customer's deposit that was paid before the first month is owed.
    pub fn deposit_before(&mut self, usd: Money) {
        self.ledger
            .open(Account::OpeningEquity, Account::CustomerPrepayments, usd);
    }
    /// Gives a customer's deposit back.
    pub fn return_deposit(&mut self, month: usize, usd: Money) {
        self.ledger.pay(month, Account::CustomerPrepayments, usd);
    }
    /// Pays for ending a customer's contract early.
    pub fn terminate(&mut self, month: usize, usd: Money) {
        self.ledger.pay(month, Account::HostingTermination, usd);
    }
    /// Posts a customer's invoice.
    pub fn hosting(&mut self, month: usize, invoice: &HostingInvoice) {
        let fees = Money::from_usd(invoice.fees_usd());
        self.ledger.receive(month, Account::HostingRevenue, fees);
        self.credit(month, invoice.credits_usd());
        let pool = Money::from_usd(invoice.pool_fees_usd);
        self.ledger.pay(month, Account::PoolFees, pool);
    }
    /// Buys miners and puts them to work.
    pub fn buy_miners(&mut self, month: usize, usd: Money) {
        self.ledger.pay(month, Account::CapexHardware, usd);
        self.miners_usd += usd.as_usd();
        self.hardware(month, usd);
    }
    /// Pays for parts of miners' repairs, at the first year's prices, and takes what their scrap fetched. Gives what the
    /// parts cost.
    pub fn repair_miners(&mut self, month: usize, parts_usd: f64, scrap: Money) -> Money {
        let parts = self.inflated(parts_usd, month);
        self.ledger.pay(month, Account::MaintenanceCost, parts);
        self.sell(month, Account::AsicSalvage, scrap);
        parts
    }
    /// Pays for moving miners, at the first year's prices.
    pub fn move_miners(&mut self, month: usize, usd: f64) {
        self.ledger
            .pay(month, Account::OtherOpex, self.inflated(usd, month));
    }
    /// An asset enters service.
    pub fn in_service(&mut self, month: usize, facility_usd: f64, hardware_usd: f64) {
        let facility = Money::from_usd(facility_usd);
        self.placed.push((month, Component::Facility, facility));
        self.tax.add(month, facility, self.finance.facility_tax());
        self.register
            .add(month, facility, self.finance.facility_life_years);
        self.hardware(month, Money::from_usd(hardware_usd));
    }
    /// What entered service: month, part of the works, cost.
    pub fn placed(&self) -> &[(usize, Component, Money)] {
        &self.placed
    }
    fn hardware(&mut self, month: usize, usd: Money) {
        self.placed.push((month, Component::Hardware, usd));
        self.tax.add(month, usd, self.finance.hardware_depreciation);
        self.register.add(month, usd, self.finance.hardware_life_years);
    }

    /// Values coins held at the end of a month, sells what is due, settles hashprice forwards over `[from, to)`.
    pub fn coins(&mut self, month: usize, span: (SimTime, SimTime), path: &BitcoinPath) {
        let last = month + 1 == self.ledger.months();
        let end = self.treasury.end_month(month, span, path, last);
        let ledger = &mut self.ledger;
        let usd = Money::from_usd;
        ledger.post(
            month,
            Account::CoinsHeld,
            Account::CoinRevaluation,
            usd(end.revalued),
        );
        ledger.receive(month, Account::CoinsHeld, usd(end.sold));
        // A gain was income when the coin rose; it is taxed when it is sold.
        ledger.post(
            month,
            Account::CoinRevaluation,
            Account::CoinGains,
            usd(end.realised),
        );
        ledger.receive(month, Account::HashpriceForwards, usd(end.forwards));
    }

    /// Posts a site's power bill and what it earned by mining. Gives the bill net of receipts, a cost positive.
    pub fn site_month(&mut self, month: usize, site: &mut Site, lines: &[SettlementLine]) -> f64 {
        self.served_gpu_h[month] += site.month.served_gpu_h;
        self.grid_mwh[month] += site.month.grid_mwh;
        let (mut bill, mut resale, mut response) = (0.0, 0.0, 0.0);
        for line in lines {
            match line.kind() {
                LineKind::Resale => resale += line.usd,
                LineKind::Response => response += line.usd,
                LineKind::Use => bill -= line.usd,
            }
        }
        self.ledger.pay(month, Account::PowerCost, Money::from_usd(bill));
        self.ledger
            .receive(month, Account::PowerResale, Money::from_usd(resale));
        self.ledger
            .receive(month, Account::DemandResponse, Money::from_usd(response));
        self.ledger
            .pay(month, Account::FuelCost, Money::from_usd(site.month.fuel_usd));
        let mined = Money::from_usd(site.month.mining_usd);
        // Other chains' coins are sold as they are mined.
        let bitcoin_usd = mined.as_usd() - site.month.coin_usd;
        let kept = Money::from_usd(self.treasury.keep(month, site.month.btc, bitcoin_usd));
        self.ledger
            .post(month, Account::CoinsHeld, Account::MiningRevenue, kept);
        self.ledger.receive(month, Account::MiningRevenue, mined - kept);
        self.ledger.pay(
            month,
            Account::PoolFees,
            mined * (site.costs.mining_pool_fee_percent / 100.0),
        );
        let restarts = Money::from_usd(site.month.restart_usd);
        self.ledger.pay(month, Account::MaintenanceCost, restarts);
        site.demand_response_usd += response;
        let net = bill - resale - response;
        site.power_cost_usd += net;
        net
    }

    /// Recharges tenants who pay for their power with their share, by energy of all sources, of what the site's use of
    /// energy cost: its bill, and fuel.
    pub fn recharge(&mut self, month: usize, site: &Site, cost_of_use_usd: f64) {
        let supplied = site.month.sources_mwh();
        if site.month.passed_mwh > 0.0 && supplied > 0.0 {
            let share = site.month.passed_mwh / supplied;
            let cost = cost_of_use_usd + site.month.fuel_usd;
            self.ledger
                .receive(month, Account::PowerRecharge, Money::from_usd(cost * share));
        }
    }

    /// Posts staff and running costs of a site for a part of a month (1 for a whole one).
    pub fn running_costs(&mut self, month: usize, site: &Site, part: f64) {
        let costs = &site.costs;
        let staff = people_usd(site) * part + site.crew_usd;
        self.ledger
            .pay(month, Account::StaffCost, self.inflated(staff, month));
        let (mut maintenance, mut insurance, mut property, mut cloud) = (0.0, 0.0, 0.0, 0.0);
        for hall in &site.halls {
            if matches!(hall.phase, HallPhase::Mining) {
                maintenance += costs.mining_usd_per_mw_year * hall.grid_mw;
            }
            let capex = hall.facility_capex_usd + hall.hardware_capex_usd;
            if hall.phase != HallPhase::Sold {
                insurance += costs.insurance_percent_of_capex / 100.0 * capex;
            }
            if !hall.serves() {
                continue;
            }
            maintenance += costs.facility_maintenance_percent_of_capex / 100.0 * hall.facility_capex_usd;
            maintenance += costs.hardware_support_percent_of_capex / 100.0 * hall.hardware_capex_usd;
            let age = |since: Option<SimTime>| {
                since.map_or(0.0, |t| (site.open.from - t).as_days().max(0.0) / 365.25)
            };
            let (built, ready) = (age(hall.built), age(hall.ready));
            let facility =
                (1.0 - built / self.finance.facility_life_years).max(0.0) * hall.facility_capex_usd;
            let hardware =
                (1.0 - ready / self.finance.hardware_life_years).max(0.0) * hall.hardware_capex_usd;
            property += costs.property_tax_percent_of_value / 100.0 * (facility + hardware);
            if let Some(NewUse::Gpu(gpu)) = &hall.new_use {
                cloud += costs.cloud_usd_per_gpu_h * f64::from(gpu.gpus()) * 8_766.0;
            }
        }
        let twelfth = part / 12.0;
        // Insurance and tax follow values, which are nominal already; the others follow inflation.
        self.ledger.pay(
            month,
            Account::MaintenanceCost,
            self.inflated(maintenance * twelfth, month),
        );
        self.ledger
            .pay(month, Account::NetworkCost, self.inflated(cloud * twelfth, month));
        self.ledger.pay(
            month,
            Account::OtherOpex,
            self.inflated(costs.site_overhead_usd_per_year * twelfth, month),
        );
        self.ledger.pay(
            month,
            Account::InsuranceCost,
            Money::from_usd(insurance * twelfth),
        );
        self.ledger
            .pay(month, Account::PropertyTax, Money::from_usd(property * twelfth));
    }

    /// What mining cost in a part of a month: power, and with the rest. Power net of receipts, people and overhead are
    /// shared by energy at the meter. Posts nothing.
    pub fn mining_cost_usd(&self, month: usize, site: &mut Site, net_usd: f64, part: f64) -> (f64, f64) {
        let parts = std::mem::take(&mut site.miner_parts_usd);
        let share = if site.month.grid_mwh > 0.0 {
            site.month.mining_meter_mwh * site.month.own_mining_share() / site.month.grid_mwh
        } else {
            0.0
        };
        let costs = &site.costs;
        let mines = |h: &&crate::sim::hall::Hall| h.phase == HallPhase::Mining;
        let halls_mw: f64 = site.halls.iter().filter(mines).map(|h| h.grid_mw).sum();
        let people = people_usd(site) + costs.site_overhead_usd_per_year / 12.0;
        let monthly = costs.mining_usd_per_mw_year / 12.0 * halls_mw + share * people;
        let fees = site.month.mining_usd * costs.mining_pool_fee_percent / 100.0;
        let power = share * net_usd;
        let rest = self.inflated(monthly * part, month).as_usd() + parts + fees;
        (power, power + rest)
    }

    /// Posts what tenants owe and are owed for `[from, to)` of a calendar month of so many hours; `rents` are the
    /// markets' at its end.
    pub fn tenants(
        &mut self,
        month: usize,
        demand: &mut Demand,
        ((from, to), month_hours): ((SimTime, SimTime), f64),
        rents: &[f64],
        concerned: &[bool],
    ) {
        for (index, block) in demand.blocks.iter_mut().enumerate() {
            if !concerned[index] {
                continue;
            }
            let rent = block.market().map(|m| rents[m]);
            let invoice = block.invoice(from, to, rent);
            let cash = invoice.fee_usd - invoice.from_prepayment_usd;
            self.ledger
                .receive(month, Account::GpuReservedRevenue, Money::from_usd(cash));
            let prepaid = Money::from_usd(invoice.from_prepayment_usd);
            self.ledger.post(
                month,
                Account::CustomerPrepayments,
                Account::GpuReservedRevenue,
                prepaid,
            );
            let returned = Money::from_usd(invoice.returned_usd);
            self.ledger.pay(month, Account::CustomerPrepayments, returned);
            self.credit(month, invoice.credits_usd);
            self.gpu_usd += invoice.fee_usd;
        }
        for book in &mut demand.pool_books {
            let (on_demand, spot) = (
                std::mem::take(&mut book.on_demand_usd),
                std::mem::take(&mut book.spot_usd),
            );
            self.ledger
                .receive(month, Account::GpuOnDemandRevenue, Money::from_usd(on_demand));
            self.ledger
                .receive(month, Account::GpuSpotRevenue, Money::from_usd(spot));
            self.gpu_usd += on_demand + spot;
        }
        for service in &mut demand.services {
            let counts = service.close_month();
            let (came, gone) = counts.balance();
            invariant::equal("tokens", service.tenant(), to, (came, gone), came);
            let invoice = invoice(service.spec(), &counts);
            let fee = Money::from_usd(invoice.fee_usd);
            self.mtok[month] += (counts.tokens_in + counts.tokens_out) / 1e6;
            self.ledger.receive(month, Account::InferenceRevenue, fee);
            self.credit(month, invoice.credits_usd);
            self.gpu_usd += invoice.fee_usd;
        }
        for lease in &mut demand.leases {
            let (rent_usd, credits_usd) = lease.invoice((from, to), month_hours);
            self.ledger
                .receive(month, Account::LeaseRevenue, Money::from_usd(rent_usd));
            self.credit(month, credits_usd);
            self.rent_usd += rent_usd;
        }
    }

    /// What the end of a tenancy brings, and what the next one costs.
    pub fn turn_lease(&mut self, month: usize, turn: Turn) {
        match turn {
            Turn::Default(usd) => {
                self.ledger
                    .receive(month, Account::CompensationReceived, Money::from_usd(usd));
            }
            Turn::Let(usd) => self.ledger.pay(month, Account::OtherOpex, Money::from_usd(usd)),
            Turn::Left => {}
        }
    }

    /// The tenant of a block defaults: what his guarantor pays, and what he had prepaid and is kept.
    pub fn default_of_block(&mut self, month: usize, paid_usd: f64, kept_usd: f64) {
        let (paid, kept) = (Money::from_usd(paid_usd), Money::from_usd(kept_usd));
        let income = Account::CompensationReceived;
        self.ledger.receive(month, income, paid);
        self.ledger
            .post(month, Account::CustomerPrepayments, income, kept);
    }

    fn credit(&mut self, month: usize, usd: f64) {
        self.ledger
            .pay(month, Account::ServiceCredits, Money::from_usd(usd));
        self.credits_usd += usd;
    }
}

/// A month's wages at the first year's prices, USD, but for those of a crew that is hired one by one.
fn people_usd(site: &Site) -> f64 {
    let mines = site.fleets.iter().any(|fleet| !fleet.is_empty());
    let repairers = site.repair_shop.as_ref().filter(|_| mines);
    let repairers = repairers.map_or(0.0, |shop| shop.wages_per_year().as_usd() / 12.0);
    let mut power = staffed(site);
    if site.crew.is_some() {
        power = StaffedPower {
            mining: power.mining,
            ..StaffedPower::default()
        };
    }
    site.staff.monthly_cost(&power).as_usd() + repairers
}

/// What the energy that a site used cost, USD: its bill without the energy that was bought and sold on. What the sale
/// earned, and what was paid for standing ready, is the owner's and not shared with tenants.
pub fn cost_of_use_usd(lines: &[SettlementLine]) -> f64 {
    let cost = |line: &SettlementLine| {
        let own = |l: &&SettlementLine| l.contract == line.contract && Some(&*l.clause) == line.bought();
        match line.kind() {
            LineKind::Use => -line.usd,
            LineKind::Response => 0.0,
            // Sold quantities are negative.
            LineKind::Resale => lines.iter().find(own).map_or(0.0, |l| line.quantity * l.rate_usd),
        }
    };
    lines.iter().map(cost).sum()
}

/// Megawatts of a site by what people do with them.
fn staffed(site: &Site) -> StaffedPower {
    let mut power = StaffedPower::default();
    for hall in &site.halls {
        let mw = Power::from_mw(hall.grid_mw);
        match (hall.phase, &hall.new_use) {
            (HallPhase::Mining, _) => power.mining += mw,
            (HallPhase::Serving, _) => power.gpu_cloud += mw,
            (HallPhase::Leased, _) => power.landlord += mw,
            _ => {}
        }
        match &hall.new_use {
            Some(NewUse::Gpu(_)) if hall.hiring && !hall.serves() => power.gpu_cloud_hiring += mw,
            Some(NewUse::Lease(_)) if hall.hiring && !hall.serves() => power.landlord_hiring += mw,
            _ => {}
        }
    }
    power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenants_share_the_cost_of_what_was_used_and_not_the_gain_of_what_was_sold() {
        let line = |clause: &str, quantity: f64, rate_usd: f64| SettlementLine {
            month: Month { year: 2023, month: 8 },
            contract: "block".to_owned(),
            clause: clause.to_owned(),
            quantity,
            unit: "mwh",
            rate_usd,
            usd: -quantity * rate_usd,
            set_by: String::new(),
            carries_energy: true,
        };
        let lines = [
            line("block[0]", 100.0, 42.0),
            line("block[0].resale", -30.0, 900.0),
            line("index[1]", 50.0, 30.0),
            line("curtailment_payment[2]", -500.0, 4.5),
        ];
        // 70 MWh of the block were used; the bill net of receipts is negative.
        assert!((cost_of_use_usd(&lines) - (70.0 * 42.0 + 50.0 * 30.0)).abs() < 1e-9);
        assert!(lines.iter().map(|l| -l.usd).sum::<f64>() < 0.0);
    }
}
