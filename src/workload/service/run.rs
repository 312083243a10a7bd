//! A service at run time: replicas called and given up by the rate, requests answered and refused, what it used.

use std::sync::Arc;

use super::latency::Latencies;
use super::queueing::{Load, Served};
use super::rates::{HourRate, HourlyRates};
use super::replica::{Replica, Tokens};
use super::spec::{InferenceSpec, SCALE_IN_HOURS_MAX};
use crate::random::Streams;
use crate::time::{SimTime, Span};
use crate::workload::growth::Growth;

/// What a service needs to know.
#[derive(Debug, Clone)]
pub struct ServicePlan {
    /// Tenant: names the service in random streams and outputs.
    pub tenant: String,
    /// Terms.
    pub spec: InferenceSpec,
    /// Rates by hour of the week.
    pub rates: Arc<HourlyRates>,
    /// The rate over time.
    pub growth: Growth,
    /// Start of the scenario.
    pub start: SimTime,
}

/// Requests, tokens and GPU-hours of a stretch of time. Nothing waits over a change, so what was offered was served or
/// refused.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Counts {
    /// Requests that came.
    pub offered: f64,
    /// Requests answered.
    pub served: f64,
    /// Requests refused.
    pub refused: f64,
    /// Requests answered within both targets.
    pub within: f64,
    /// Tokens of prompts answered.
    pub tokens_in: f64,
    /// Tokens of answers.
    pub tokens_out: f64,
    /// Tokens of prompts and answers that came.
    pub tokens_offered: f64,
    /// Tokens refused.
    pub tokens_refused: f64,
    /// Hours that requests spent in batches after their prompt was read.
    pub writing_h: f64,
    /// Hours of replicas that answer.
    pub replica_h: f64,
    /// Hours.
    pub hours: f64,
    /// Time to the first token.
    pub first_token: Latencies,
}

impl Counts {
    /// Adds another stretch.
    pub fn add(&mut self, o: &Self) {
        self.offered += o.offered;
        self.served += o.served;
        self.refused += o.refused;
        self.within += o.within;
        self.tokens_in += o.tokens_in;
        self.tokens_out += o.tokens_out;
        self.tokens_offered += o.tokens_offered;
        self.tokens_refused += o.tokens_refused;
        self.writing_h += o.writing_h;
        self.replica_h += o.replica_h;
        self.hours += o.hours;
        self.first_token.add(1.0, &o.first_token);
    }
    /// Share of the requests that was answered within both targets; 1 where none came.
    pub fn within_share(&self) -> f64 {
        if self.offered > 0.0 {
            self.within / self.offered
        } else {
            1.0
        }
    }
    /// Two sides that must be equal: tokens that came, and tokens answered or refused.
    pub fn balance(&self) -> (f64, f64) {
        (
            self.tokens_offered,
            self.tokens_in + self.tokens_out + self.tokens_refused,
        )
    }
}

/// Integrals since the beginning, in seconds: over time, of shares of the replicas that stand.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Integral {
    /// Those that answer, not starting.
    pub ready: f64,
    /// Those at work, by power over that of training.
    pub drawing: f64,
}

/// What does not change between two instants, kept because many intervals share it.
#[derive(Debug, Clone)]
struct Settled {
    key: (u32, u64),
    served: Served,
    shares: Latencies,
}

/// A service.
#[derive(Debug)]
pub struct Service {
    plan: ServicePlan,
    replica: Replica,
    /// Whether it ever had a replica: before, nobody asks it.
    open: bool,
    /// Replicas that answer.
    ready: u32,
    /// Replicas on the way, soonest first.
    starting: Vec<(SimTime, u32)>,
    speed: f64,
    now: SimTime,
    rate: HourRate,
    /// The weeks of the calendar and of the rates that hold now.
    week: Option<(u32, usize)>,
    /// Replicas needed in the last hours, the latest first.
    needed: [u32; SCALE_IN_HOURS_MAX as usize + 1],
    settled: Option<Settled>,
    integral: Integral,
    /// Since the last month was closed.
    month: Counts,
    /// Since the beginning, without the present month.
    before: Counts,
}

impl Service {
    /// Without replicas at the scenario's start.
    pub fn new(plan: ServicePlan) -> Self {
        Self {
            replica: plan.spec.replica(),
            open: false,
            ready: 0,
            starting: Vec::new(),
            speed: 1.0,
            now: plan.start,
            rate: HourRate::default(),
            week: None,
            needed: [0; SCALE_IN_HOURS_MAX as usize + 1],
            settled: None,
            integral: Integral::default(),
            month: Counts::default(),
            before: Counts::default(),
            plan,
        }
    }
    /// The tenant.
    pub fn tenant(&self) -> &str {
        &self.plan.tenant
    }
    /// Terms.
    pub fn spec(&self) -> &InferenceSpec {
        &self.plan.spec
    }
    /// GPUs of one replica.
    pub fn gpus_per_replica(&self) -> u32 {
        self.replica.gpus
    }
    /// Integrals of use.
    pub fn integral(&self) -> Integral {
        self.integral
    }
    /// Replicas that answer now.
    pub fn ready(&self) -> u32 {
        self.ready
    }
    /// Counts since the beginning.
    pub fn total(&self) -> Counts {
        let mut total = self.before.clone();
        total.add(&self.month);
        total
    }
    /// Counts of the month so far.
    pub fn month(&self) -> &Counts {
        &self.month
    }
    /// Ends the month.
    pub fn close_month(&mut self) -> Counts {
        let month = std::mem::take(&mut self.month);
        self.before.add(&month);
        month
    }

    fn tokens_in(&self) -> f64 {
        self.rate.tokens_in.unwrap_or(self.plan.spec.tokens_in)
    }
    fn tokens(&self) -> Tokens {
        let spec = &self.plan.spec;
        spec.tokens(self.tokens_in(), self.rate.tokens_out.unwrap_or(spec.tokens_out))
    }

    /// A new hour begins, `hour_of_week` in a week of the calendar: gives the replicas that should stand.
    pub fn turn_hour(&mut self, now: SimTime, (week, hour_of_week): (u32, usize), streams: &Streams) -> u32 {
        let rates = &self.plan.rates;
        let drawn = match self.week {
            Some((known, drawn)) if known == week => drawn,
            _ => rates.draw(streams, &self.plan.tenant, week),
        };
        self.week = Some((week, drawn));
        self.rate = rates.at(drawn, hour_of_week);
        self.rate.rps *= self.plan.growth.factor(now) * self.plan.spec.requests.factor();
        self.settled = None;
        let spec = &self.plan.spec;
        self.needed.copy_within(0..SCALE_IN_HOURS_MAX as usize, 1);
        let rate_rps = self.rate.rps * (1.0 + spec.headroom_percent / 100.0);
        self.needed[0] = spec.replicas_for(rate_rps, self.tokens());
        let kept = self.needed.iter().take(spec.scale_in_hours as usize + 1);
        let most = kept.copied().max().unwrap_or(0);
        most.clamp(spec.replicas_min, spec.replicas_max)
    }

    /// So many replicas stand from now on, at a share of full speed: those that went were the latest called, those that
    /// came must start.
    pub fn set(&mut self, replicas: u32, speed: f64) {
        self.open |= replicas > 0;
        let starting: u32 = self.starting.iter().map(|s| s.1).sum();
        let standing = self.ready + starting;
        if replicas > standing {
            self.start(replicas - standing);
        }
        let mut surplus = standing.saturating_sub(replicas);
        while surplus > 0
            && let Some(last) = self.starting.last_mut()
        {
            let gone = surplus.min(last.1);
            last.1 -= gone;
            surplus -= gone;
            if last.1 == 0 {
                self.starting.pop();
            }
        }
        self.ready -= surplus;
        if speed.to_bits() != self.speed.to_bits() {
            self.speed = speed;
            self.settled = None;
        }
    }

    fn start(&mut self, count: u32) {
        let delay = Span::from_seconds((self.plan.spec.startup_minutes * 60.0).round() as i64);
        if delay <= Span::ZERO {
            self.ready += count;
        } else {
            self.starting.push((self.now + delay, count));
        }
    }

    /// So many GPUs of replicas fail together: the replicas that stood on them answer no more. Those that replace them
    /// start when they are [`Self::set`].
    pub fn fail(&mut self, gpus: u32) {
        self.ready = self.ready.saturating_sub(gpus.div_ceil(self.replica.gpus));
    }

    /// Moves on to an instant; the rate of the hour holds.
    pub fn run_until(&mut self, to: SimTime) {
        while self.now < to {
            let next = self.starting.first().map_or(to, |s| s.0.min(to));
            if next > self.now {
                self.stretch(next);
            }
            while self.starting.first().is_some_and(|s| s.0 <= self.now) {
                self.ready += self.starting.remove(0).1;
            }
        }
    }

    /// A stretch in which the same replicas answer.
    fn stretch(&mut self, to: SimTime) {
        if !self.open {
            self.now = to;
            return;
        }
        let seconds = (to - self.now).as_seconds() as f64;
        let (served, shares) = self.settle();
        let standing = self.ready + self.starting.iter().map(|s| s.1).sum::<u32>();
        if standing > 0 {
            let ready = f64::from(self.ready) / f64::from(standing);
            self.integral.ready += ready * seconds;
            let power = self.plan.spec.power_percent / 100.0;
            self.integral.drawing += ready * served.occupied * power * seconds;
        }
        let offered = self.rate.rps * seconds;
        let (refused, hours) = (offered * served.refused, seconds / 3_600.0);
        let answered = offered - refused;
        let (tokens_in, tokens_out) = (self.tokens_in(), self.tokens().written);
        let month = &mut self.month;
        month.offered += offered;
        month.refused += refused;
        month.served += answered;
        month.within += offered * served.within;
        month.tokens_in += answered * tokens_in;
        month.tokens_out += answered * tokens_out;
        month.tokens_offered += offered * (tokens_in + tokens_out);
        month.tokens_refused += refused * (tokens_in + tokens_out);
        month.writing_h += served.in_batches * hours;
        month.replica_h += f64::from(self.ready) * hours;
        month.hours += hours;
        month.first_token.add(answered, &shares);
        self.now = to;
    }

    /// What the present rate, replicas and speed come to.
    fn settle(&mut self) -> (Served, Latencies) {
        let key = (self.ready, self.rate.rps.to_bits());
        if let Some(settled) = self.settled.as_ref().filter(|s| s.key == key) {
            return (settled.served, settled.shares.clone());
        }
        let (spec, speed) = (&self.plan.spec, self.speed);
        let pace = self.replica.pace(self.tokens(), speed.max(1e-6));
        let load = Load {
            replicas: if speed > 0.0 { self.ready } else { 0 },
            batch_max: self.replica.batch_max,
            rate_rps: self.rate.rps,
            pace,
            step_s: (
                self.replica.base_s / speed.max(1e-6),
                self.replica.per_request_s / speed.max(1e-6),
            ),
            burstiness: spec.burstiness,
            patience_s: spec.patience_seconds,
            targets_s: (
                spec.service_level.first_token_seconds,
                1.0 / spec.service_level.tokens_per_second,
            ),
        };
        let served = load.serve();
        let shares = if served.refused < 1.0 {
            Latencies::of(&served.first_token)
        } else {
            Latencies::default()
        };
        self.settled = Some(Settled {
            key,
            served,
            shares: shares.clone(),
        });
        (served, shares)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Calendar;
    use crate::workload::requests::{RequestStep, RequestTrace};

    /// A replica of 2 GPUs with 10 ms a step whatever the batch of 10, for answers of 100 tokens: 10 requests a second.
    fn service(rates: &[f64], more: &str) -> Service {
        let spec: InferenceSpec = toml::from_str(&format!(
            "requests.shape = {{ mean_rps = 1 }}\ntokens_in = 200\ntokens_out = 100\nbatch_max = 10\n\
             headroom_percent = 0\nreplicas_max = 8\nprice.gpu_hours = {{ usd_per_gpu_h = 3 }}\n\
             model.given = {{ gpus = 2, step_ms = 10, step_ms_per_request = 0, prefill_tokens_per_s = 1e9 }}\n{more}"
        ))
        .unwrap();
        let step = |i: usize| RequestStep {
            rate_rps: rates[i % rates.len()],
            ..RequestStep::default()
        };
        let trace = RequestTrace::new(0, 3_600, (0..168).map(step).collect(), None, Vec::new());
        let start = SimTime::from_unix_s(0);
        Service::new(ServicePlan {
            tenant: "chat".to_owned(),
            spec,
            rates: Arc::new(HourlyRates::of_trace(&trace).unwrap()),
            growth: Growth::new(start, 0.0, &[], &Calendar::utc()),
            start,
        })
    }

    /// Runs hours with as many replicas as it asks for; what it asked for.
    fn hours(service: &mut Service, count: i64) -> Vec<u32> {
        let streams = Streams::new(1, 0);
        let hour = |h: i64| {
            let now = SimTime::from_unix_s(h * 3_600);
            let wanted = service.turn_hour(now, (0, h as usize), &streams);
            service.set(wanted, 1.0);
            service.run_until(SimTime::from_unix_s((h + 1) * 3_600));
            wanted
        };
        (0..count).map(hour).collect()
    }

    #[test]
    fn nobody_asks_a_service_before_its_first_replica_and_everybody_does_from_then_on() {
        let mut service = service(&[15.0], "startup_minutes = 0");
        service.turn_hour(SimTime::from_unix_s(0), (0, 0), &Streams::new(1, 0));
        service.set(0, 1.0);
        service.run_until(SimTime::from_unix_s(1_800));
        assert_eq!(service.total(), Counts::default());
        service.set(2, 1.0);
        service.run_until(SimTime::from_unix_s(2_700));
        service.set(0, 1.0);
        service.run_until(SimTime::from_unix_s(3_600));
        let total = service.total();
        assert!((total.offered - 15.0 * 1_800.0).abs() < 1e-6);
        assert!(total.refused >= 15.0 * 900.0 && total.hours == 0.5);
    }

    #[test]
    fn replicas_follow_the_rate_and_leave_an_hour_later() {
        let mut service = service(&[15.0, 45.0, 5.0, 5.0], "startup_minutes = 0");
        // 2, 5, still 5, then 1.
        assert_eq!(hours(&mut service, 4), vec![2, 5, 5, 1]);
        let mut service_at_once =
            self::service(&[15.0, 45.0, 5.0, 5.0], "startup_minutes = 0\nscale_in_hours = 0");
        assert_eq!(hours(&mut service_at_once, 4), vec![2, 5, 1, 1]);
        let mut most = self::service(&[1e6], "replicas_min = 3");
        assert_eq!(hours(&mut most, 1), vec![8]);
    }

    #[test]
    fn what_came_was_answered_or_refused_and_a_late_replica_costs_requests() {
        // 45 a second in the second hour, but for 6 minutes only the 2 replicas of the first answer 20 of them.
        let mut service = service(&[15.0, 45.0], "startup_minutes = 6\npatience_seconds = 0");
        hours(&mut service, 1);
        let first = service.close_month();
        // Nobody for 6 minutes of the first hour.
        assert!((first.offered - 54_000.0).abs() < 1e-6);
        assert!(first.refused > 360.0 * 15.0 && first.refused < 360.0 * 15.0 + 0.2 * 3_240.0 * 15.0);
        let wanted = {
            let streams = Streams::new(1, 0);
            service.turn_hour(SimTime::from_unix_s(3_600), (0, 1), &streams)
        };
        service.set(wanted, 1.0);
        assert_eq!((wanted, service.ready()), (5, 2));
        service.run_until(SimTime::from_unix_s(3_600 + 360));
        let starting = service.close_month();
        // Erlang's loss of 45 at 20 places.
        let blocking = (1..=20).fold(1.0, |b, n| 45.0 * b / (f64::from(n) + 45.0 * b));
        assert!((starting.refused / starting.offered - blocking).abs() < 1e-6);
        assert!((starting.replica_h - 0.2).abs() < 1e-12);
        service.run_until(SimTime::from_unix_s(7_200));
        assert_eq!(service.ready(), 5);
        let rest = service.month().clone();
        assert!((rest.replica_h - 4.5).abs() < 1e-12);
        for counts in [&first, &starting, &rest, &service.total()] {
            let (came, gone) = counts.balance();
            assert!((came - gone).abs() < 1e-9 * came, "{came} {gone}");
            assert!((counts.offered - counts.served - counts.refused).abs() < 1e-6);
            assert!((counts.first_token.requests() / counts.served - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn half_the_speed_halves_what_a_full_batch_answers_and_lost_replicas_start_anew() {
        let mut service = service(&[100.0], "startup_minutes = 10\npatience_seconds = 30");
        service.turn_hour(SimTime::from_unix_s(0), (0, 0), &Streams::new(1, 0));
        service.set(8, 1.0);
        service.run_until(SimTime::from_unix_s(600));
        assert_eq!(service.ready(), 8);
        service.close_month();
        service.set(8, 0.5);
        service.run_until(SimTime::from_unix_s(1_200));
        let half = service.close_month();
        // 8 replicas answer 40 of 100 a second.
        assert!((half.served / half.offered - 0.4).abs() < 1e-6, "{half:?}");
        // Three GPUs strike two replicas; the scheduler's site finds others, which start.
        service.fail(3);
        service.set(8, 1.0);
        assert_eq!(service.ready(), 6);
        service.run_until(SimTime::from_unix_s(1_799));
        assert_eq!(service.ready(), 6);
        service.run_until(SimTime::from_unix_s(1_801));
        assert_eq!(service.ready(), 8);
        // Replicas that go while others start: those that start go first.
        service.set(2, 1.0);
        service.set(5, 1.0);
        service.set(3, 1.0);
        assert_eq!((service.ready(), service.starting.len()), (2, 1));
        service.set(0, 1.0);
        service.run_until(SimTime::from_unix_s(2_000));
        assert!((service.close_month().replica_h * 3_600.0 - (6.0 * 600.0 + 8.0)).abs() < 1e-6);
    }
}
