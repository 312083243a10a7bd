//! What a reserved block promised by when, and what it owes for being late.

use super::MONTH_HOURS;
use crate::time::{Calendar, SimTime, Span, parse_date};
use crate::workload::tenant::GpuBlockSpec;

/// A number of GPUs that was promised by a date.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Part {
    /// GPUs of this part and those before it.
    gpus: u32,
    /// GPUs of this part over all.
    share: f64,
    /// The end of the last free day.
    latest: Option<SimTime>,
    ready: Option<SimTime>,
}

/// The promises of a block.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Promise {
    parts: Vec<Part>,
    /// Penalty for a month of delay, as a share of a month's fee.
    share_per_month: f64,
    /// What may still be charged for delay, USD.
    cap_usd: f64,
    leaves_after: Option<Span>,
    /// What a tenant who leaves is paid, USD.
    payment_usd: f64,
    left: bool,
}

/// The instant after the last second of a day.
pub(super) fn end_of(day: &str, calendar: &Calendar) -> Option<SimTime> {
    calendar.start_of(parse_date(day)?.tomorrow().ok()?)
}

impl Promise {
    /// Of a checked spec whose whole contract is worth so many USD.
    pub(super) fn new(spec: &GpuBlockSpec, contract_usd: f64, calendar: &Calendar) -> Self {
        let milestone = spec.starts.milestone();
        let mut sum = 0;
        let part = |gpus: u32, latest: Option<&String>| {
            sum += gpus;
            Part {
                gpus: sum,
                share: f64::from(gpus) / f64::from(spec.gpus),
                latest: latest.and_then(|day| end_of(day, calendar)),
                ready: None,
            }
        };
        let mut whole = [(spec.gpus, milestone.latest.as_ref())].to_vec();
        if !spec.tranches.is_empty() {
            whole = spec.tranches.iter().map(|t| (t.gpus, Some(&t.latest))).collect();
        }
        let mut part = part;
        let days = |days: u32| Span::from_hours(i64::from(days) * 24);
        Self {
            parts: whole
                .into_iter()
                .map(|(gpus, latest)| part(gpus, latest))
                .collect(),
            share_per_month: milestone.late_penalty_percent_per_month / 100.0,
            cap_usd: spec
                .late_penalty_cap_percent
                .map_or(f64::INFINITY, |percent| percent / 100.0 * contract_usd),
            leaves_after: spec.termination.map(|termination| days(termination.after_days)),
            payment_usd: spec.termination.map_or(0.0, |termination| {
                termination.payment_percent / 100.0 * contract_usd
            }),
            left: false,
        }
    }
    /// All dates move by a time.
    pub(super) fn postpone(&mut self, by: Span) {
        for part in &mut self.parts {
            part.latest = part.latest.map(|latest| latest + by);
        }
    }
    /// So many GPUs are there.
    pub(super) fn installed(&mut self, gpus: u32, now: SimTime) {
        for part in self.parts.iter_mut().filter(|part| part.gpus <= gpus) {
            part.ready.get_or_insert(now);
        }
    }
    /// When the tenant gives notice because of a delay, if it has come to that by `now`.
    fn notice(&self, now: SimTime) -> Option<SimTime> {
        let after = self.leaves_after?;
        let notices = self.parts.iter().filter_map(|part| {
            let notice = part.latest? + after;
            (notice <= part.ready.unwrap_or(now).min(now)).then_some(notice)
        });
        notices.min()
    }
    /// Penalties for `[from, to)`, USD, of a block with such a fee a month: they grow with the delay of each part, end
    /// with a notice, and never pass their cap.
    pub(super) fn penalty_usd(&mut self, from: SimTime, to: SimTime, fee_usd: f64) -> f64 {
        if self.left {
            return 0.0;
        }
        let to = self.notice(to).map_or(to, |notice| notice.max(from).min(to));
        let late = |part: &Part| {
            let until = part.ready.map_or(to, |ready| ready.min(to));
            let from = part.latest.map_or(until, |latest| from.max(latest));
            part.share * (until - from).as_hours().max(0.0)
        };
        let months = self.parts.iter().map(late).sum::<f64>() / MONTH_HOURS;
        let penalty = (months * self.share_per_month * fee_usd).min(self.cap_usd);
        self.cap_usd -= penalty;
        penalty
    }
    /// The tenant leaves, where a delay has lasted so long by `now`: what he is paid for it. Nothing after that.
    pub(super) fn leave(&mut self, now: SimTime) -> Option<f64> {
        if self.left || self.notice(now).is_none() {
            return None;
        }
        self.left = true;
        Some(self.payment_usd)
    }
    /// Whether the tenant has left because of a delay.
    pub(super) fn has_left(&self) -> bool {
        self.left
    }
}
