//! A reserved block: what was promised to its tenant, what he holds, what a month of it comes to.

use super::promise::Promise;
use super::{MONTH_HOURS, week};
use crate::sim::block_work::BlockWork;
use crate::sim::world::Ingredients;
use crate::time::{SimTime, Span};
use crate::workload::profile::LoadProfileSpec;
use crate::workload::signature::SignsSpec;
use crate::workload::tenant::{GpuBlockSpec, TenantSpec};

/// The value of a whole contract, USD.
fn contract_usd(spec: &GpuBlockSpec) -> f64 {
    f64::from(spec.gpus) * spec.usd_per_gpu_h * MONTH_HOURS * 12.0 * spec.years
}

/// A reserved block.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says one thing that has happened to the tenant, in any order"
)]
#[derive(Debug)]
pub struct Block {
    /// Tenant.
    pub tenant: String,
    /// Terms.
    pub spec: GpuBlockSpec,
    promise: Promise,
    /// When its tenant signs; he has the scenario's start where nothing is said.
    signs: SimTime,
    signed: bool,
    profile: Vec<f64>,
    market: Option<usize>,
    trains: bool,
    /// GPUs given to it in halls that serve.
    pub installed: u32,
    /// When all of its GPUs were there.
    pub full: Option<SimTime>,
    /// When the first of its GPUs were there.
    pub first: Option<SimTime>,
    /// Whether its term is over.
    pub over: bool,
    /// Years of its term after which its tenant defaults; none where he never does.
    lasts: Option<f64>,
    /// Whether he has.
    pub defaulted: bool,
    /// Prepaid and not yet credited, USD.
    pub prepaid_usd: f64,
    /// What its tenant worked.
    pub work: BlockWork,
    /// Of the present month: under the contract, and after its end.
    month: BlockMonth,
    after: BlockMonth,
}

/// When somebody signs, in this replication.
pub(super) fn signature(spec: Option<&SignsSpec>, who: &str, from: &Ingredients<'_>) -> SimTime {
    let start = from.scenario.horizon.start;
    spec.map_or(start, |spec| {
        let mut stream = from.streams.stream(&format!("signatures/{who}"));
        spec.draw(start, &from.scenario.horizon.calendar, &mut stream)
    })
}

#[derive(Debug, Clone, Copy, Default)]
struct BlockMonth {
    held_gpu_h: f64,
    delivered_gpu_h: f64,
}

/// What a month of a block comes to, USD.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct BlockInvoice {
    /// Fee earned.
    pub fee_usd: f64,
    /// Part of it settled out of the prepayment.
    pub from_prepayment_usd: f64,
    /// Credits for short and penalties for late capacity, and what a tenant is paid who leaves for it; positive.
    pub credits_usd: f64,
    /// Prepayment that a tenant who leaves gets back.
    pub returned_usd: f64,
}

impl Block {
    /// The block of a tenant before it has GPUs.
    pub(super) fn new(tenant: &TenantSpec, block: &GpuBlockSpec, from: &Ingredients<'_>) -> Self {
        let markets = &from.spec.market.gpu_rent;
        let signs = signature(block.signs.as_ref(), tenant.id.as_str(), from);
        let start = from.scenario.horizon.start;
        Self {
            tenant: tenant.id.to_string(),
            promise: Promise::new(block, contract_usd(block), &from.scenario.horizon.calendar),
            signs,
            signed: signs <= start,
            profile: week(&tenant.load_profile),
            market: block
                .then_market
                .as_ref()
                .and_then(|name| markets.get_index_of(name)),
            spec: block.clone(),
            installed: 0,
            full: None,
            first: None,
            over: false,
            lasts: block.credit.map(|credit| {
                let purpose = format!("defaults/{}", tenant.id);
                credit.draw_years(&mut from.streams.stream(&purpose))
            }),
            defaulted: false,
            prepaid_usd: 0.0,
            work: BlockWork::default(),
            month: BlockMonth::default(),
            after: BlockMonth::default(),
            trains: tenant.load_profile == LoadProfileSpec::Training,
        }
    }
    /// Adds an interval: GPU-hours held for the tenant, and those of them that had power, at their speed.
    pub fn deliver(&mut self, held_gpu_h: f64, delivered_gpu_h: f64) {
        if !self.signed {
            return;
        }
        let month = if self.over {
            &mut self.after
        } else {
            &mut self.month
        };
        month.held_gpu_h += held_gpu_h;
        month.delivered_gpu_h += delivered_gpu_h;
    }
    /// Some of its GPUs will stand where each fails so often a day; its run is planned by the first hall that says so.
    pub fn plan_training(&mut self, failures_per_gpu_day: f64) {
        if self.trains {
            self.work
                .plan(&self.spec.training, self.spec.gpus, failures_per_gpu_day);
        }
    }
    /// GPUs of the block fail together in an hour of the week; `draw`, uniform in `[0, 1)`, chooses among its gangs.
    pub fn fail(&mut self, gpus: u32, draw: f64, hour_of_week: usize) {
        let here = f64::from(self.installed.min(self.spec.gpus)) / f64::from(self.spec.gpus);
        let active = self.share(hour_of_week) * here;
        self.work.fail(gpus, draw, active);
    }
    /// Adds an interval of work: GPU-hours, and hours at full speed of so many of its GPUs.
    pub fn worked(&mut self, busy_gpu_h: f64, hours: f64, gpus: u32) {
        if !self.signed {
            return;
        }
        let share = f64::from(gpus) / f64::from(self.installed.max(1));
        self.work.add(busy_gpu_h, hours * share);
    }
    /// GPUs come to the block.
    pub fn install(&mut self, gpus: u32, now: SimTime) {
        self.installed += gpus;
        if self.signed {
            self.take(now);
        }
    }
    /// GPUs are taken out for good, or until others come.
    pub fn remove(&mut self, gpus: u32) {
        self.installed = self.installed.saturating_sub(gpus);
    }
    /// Its tenant signs: he takes what stands, and what he was promised moves by as long as he took.
    pub fn sign(&mut self, now: SimTime, start: SimTime) {
        self.signed = true;
        self.promise.postpone(now - start);
        if self.installed > 0 {
            self.take(now);
        }
    }
    /// When its tenant signs; [`SimTime::FAR_FUTURE`] where he never does.
    pub fn signs(&self) -> SimTime {
        self.signs
    }
    /// Whether its tenant has signed.
    pub fn has_signed(&self) -> bool {
        self.signed
    }
    fn take(&mut self, now: SimTime) {
        self.first.get_or_insert(now);
        if self.installed >= self.spec.gpus {
            self.full.get_or_insert(now);
        }
        self.promise.installed(self.installed, now);
    }
    /// Notes whether the block is let by its contract no more: its term is over, or its tenant has left.
    pub fn look_at_end(&mut self, now: SimTime) {
        let left = self.promise.has_left() || self.defaulted;
        self.over = left || self.term_end().is_some_and(|end| end <= now);
    }
    /// Looks at the end of a month whether its tenant defaults in it: what his guarantor pays, and what he had prepaid, USD.
    pub fn default_at_end(&mut self, now: SimTime) -> Option<(f64, f64)> {
        let (full, credit) = (self.full?, self.spec.credit?);
        let years = (now - full).as_days() / 365.25;
        if self.over || self.lasts.is_none_or(|lasts| lasts > years) {
            return None;
        }
        self.defaulted = true;
        let month_usd = f64::from(self.spec.gpus) * self.spec.usd_per_gpu_h * MONTH_HOURS;
        let paid = month_usd * credit.paid_months((self.spec.years - years) * 12.0);
        Some((paid, std::mem::take(&mut self.prepaid_usd)))
    }
    /// Whether the tenant has left because of a delay.
    pub fn has_left(&self) -> bool {
        self.promise.has_left()
    }
    /// When the term ends, once it has begun: it runs from the day the whole block is ready.
    pub fn term_end(&self) -> Option<SimTime> {
        self.full
            .map(|t| t + Span::from_days_f64(self.spec.years * 365.25))
    }
    /// The value of the whole contract, USD.
    pub fn contract_usd(&self) -> f64 {
        contract_usd(&self.spec)
    }
    /// Closes `[from, to)`: what the tenant owes and is owed. `rent` is the market's, for the time after the term.
    pub fn invoice(&mut self, from: SimTime, to: SimTime, rent: Option<f64>) -> BlockInvoice {
        let (month, after) = (std::mem::take(&mut self.month), std::mem::take(&mut self.after));
        let fee_of_all = f64::from(self.spec.gpus) * self.spec.usd_per_gpu_h * MONTH_HOURS;
        if !self.signed {
            return BlockInvoice::default();
        }
        let penalty = self.promise.penalty_usd(from, to, fee_of_all);
        let mut invoice = self.fee(month, (from, to));
        let occupied = self.spec.then_occupancy_percent / 100.0;
        invoice.fee_usd += after.delivered_gpu_h * occupied * rent.unwrap_or(0.0);
        invoice.credits_usd += penalty;
        if let Some(payment_usd) = self.promise.leave(to) {
            invoice.credits_usd += payment_usd;
            invoice.returned_usd = std::mem::take(&mut self.prepaid_usd);
        }
        invoice
    }
    /// The fee of what was held under the contract, and the credit for what of it was not available.
    fn fee(&mut self, month: BlockMonth, (from, to): (SimTime, SimTime)) -> BlockInvoice {
        if month.held_gpu_h <= 0.0 {
            return BlockInvoice::default();
        }
        let fee_usd = month.held_gpu_h * self.spec.usd_per_gpu_h;
        let availability = month.delivered_gpu_h / month.held_gpu_h * 100.0;
        let missed = (self.spec.availability_percent - availability).max(0.0);
        let most = self.spec.credit_cap_percent / 100.0;
        let share = (missed * self.spec.credit_percent_per_point / 100.0).min(most);
        BlockInvoice {
            fee_usd,
            from_prepayment_usd: self.credit_prepayment(from, to, fee_usd),
            credits_usd: share * fee_usd,
            returned_usd: 0.0,
        }
    }
    /// From the stated month of the term on, the prepayment is credited evenly until the term ends.
    fn credit_prepayment(&mut self, from: SimTime, to: SimTime, fee_usd: f64) -> f64 {
        let (Some(full), Some(end)) = (self.full, self.term_end()) else {
            return 0.0;
        };
        let begins = full
            + Span::from_days_f64(f64::from(self.spec.prepay_credit_from_month.max(1) - 1) * 365.25 / 12.0);
        let begins = begins.min(end + Span::from_hours(-1));
        let (from, to) = (from.max(begins), to.min(end));
        if to <= from || self.prepaid_usd <= 0.0 {
            return 0.0;
        }
        let share = ((to - from).as_hours() / (end - from).as_hours()).min(1.0);
        let credited = (self.prepaid_usd * share).min(fee_usd);
        self.prepaid_usd -= credited;
        credited
    }
    pub(super) fn share(&self, hour_of_week: usize) -> f64 {
        let occupied = if !self.signed {
            0.0
        } else if self.over {
            self.spec.then_occupancy_percent / 100.0
        } else {
            1.0
        };
        self.profile[hour_of_week] * occupied
    }
    /// The rent market that it falls back to.
    pub fn market(&self) -> Option<usize> {
        self.market
    }
}
