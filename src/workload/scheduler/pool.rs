//! The state of one pool: GPUs, the work clock, the running and the waiting; and the moves a policy may make.

mod entering;
mod estimates;
mod ordered;
mod planning;
mod progress;
mod promising;
mod standing;

use super::ends::{End, Ends};
use super::gate::Gate;
use super::layout::Nodes;
use super::order::Order;
use super::plan::Plan;
use super::queue::{Queue, Waiting};
use super::usage::{Finished, Observer, TICKS_PER_S, Usage, Withdrawal};
use super::{Runtimes, Settings};
use crate::time::{SimTime, Span};
use crate::workload::job::{Job, JobClass};
pub use progress::Overheads;
use progress::Progress;
use promising::Promise;

#[derive(Debug, Clone, Copy)]
struct Run {
    waiting: Waiting,
    start: SimTime,
    started_at: i64,
    /// Work-clock reading at which it ends.
    ends_at: i64,
    /// Work-clock reading at which the policy believes that it ends.
    planned_at: i64,
    sequence: u64,
}

/// One pool of identical GPUs. Policies see it through its moves only.
#[derive(Debug)]
pub struct Pool {
    settings: Settings,
    now: SimTime,
    /// Reading of the work clock, in ticks.
    work: i64,
    /// Ticks per second of wall time.
    speed: i64,
    capacity: u32,
    busy: [u32; 3],
    /// GPUs held times the share of their dynamic power that their gangs draw, in thousandths.
    powered: u64,
    /// Where gangs stand, if GPUs are more than counted.
    nodes: Option<Box<Nodes>>,
    /// The most GPUs that the nodes in service may have.
    limit: u32,
    /// Free GPUs on which the head cannot stand, though it needs no more, since the last pass.
    fragmented: u32,
    queue: Queue,
    ends: Ends,
    /// The ends as the policy believes them; empty where run times are known.
    planned: Ends,
    /// The waiting in the policy's order; empty where that is the queue's.
    order: Order,
    /// Quotas, where there are any, and those who wait for them.
    gate: Option<Box<Gate>>,
    /// Room for those who pass the gate at one instant.
    passed: Vec<Waiting>,
    runs: Vec<Option<Run>>,
    vacant: Vec<u32>,
    sequence: u64,
    promise: Option<Promise>,
    /// The plan of conservative backfill; stands until something unforeseen happens.
    plan: Option<Plan>,
    /// The gang whose patience ends first, as (place, deadline).
    impatient: Option<(usize, i64)>,
    pub(super) usage: Usage,
    pub(super) before: Usage,
}

impl Pool {
    pub(super) fn new(start: SimTime, settings: Settings) -> Self {
        Self {
            settings,
            now: start,
            work: 0,
            speed: TICKS_PER_S,
            capacity: settings.gpus,
            busy: [0; 3],
            nodes: None,
            limit: settings.gpus,
            fragmented: 0,
            queue: Queue::default(),
            powered: 0,
            ends: Ends::default(),
            planned: Ends::default(),
            order: Order::default(),
            gate: None,
            passed: Vec::new(),
            runs: Vec::new(),
            vacant: Vec::new(),
            sequence: 0,
            promise: None,
            plan: None,
            impatient: None,
            usage: Usage::default(),
            before: Usage::default(),
        }
    }

    // ---- what can be seen

    /// The clock.
    pub fn now(&self) -> SimTime {
        self.now
    }
    /// GPUs that the pool has now.
    pub fn capacity(&self) -> u32 {
        self.capacity
    }
    /// GPUs held by gangs.
    pub fn busy(&self) -> u32 {
        self.busy.iter().sum()
    }
    /// GPUs held by gangs, by class index.
    pub fn busy_by_class(&self) -> [u32; 3] {
        self.busy
    }
    /// Idle GPUs.
    pub fn free(&self) -> u32 {
        self.capacity - self.busy()
    }
    /// Gangs that wait, also for their tenant's quota.
    pub fn queued(&self) -> usize {
        self.queue.len() + self.gate.as_ref().map_or(0, |gate| gate.len())
    }
    /// Gangs that wait in the queue, where the policy sees them.
    pub(super) fn in_queue(&self) -> usize {
        self.queue.len()
    }
    /// Gangs that run.
    pub fn running(&self) -> usize {
        self.ends.len()
    }
    /// Ticks of work per second of wall time.
    pub fn speed(&self) -> i64 {
        self.speed
    }

    // ---- the clock

    /// The next instant at which a gang ends or gives up, if nothing else happens.
    pub(super) fn next_event_time(&self) -> Option<SimTime> {
        let end = self.ends.first().and_then(|end| self.wall_time_of(end.at));
        let patience = self
            .next_patience_s()
            .map(|deadline| SimTime::from_unix_s(deadline).max(self.now));
        match (end, patience) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// The first whole second at which the work clock shows at least `reading`.
    fn wall_time_of(&self, reading: i64) -> Option<SimTime> {
        if reading <= self.work {
            return Some(self.now);
        }
        let ahead = reading - self.work;
        let seconds = match self.speed {
            0 => return None,
            TICKS_PER_S => (ahead + TICKS_PER_S - 1) / TICKS_PER_S,
            speed => (ahead + speed - 1) / speed,
        };
        Some(self.now + Span::from_seconds(seconds))
    }

    /// Moves the clock within an interval in which nothing happens, then takes the ends that are due.
    pub(super) fn step_to<O: Observer>(&mut self, now: SimTime, observer: &mut O) {
        let seconds = (now - self.now).as_seconds();
        assert!(
            seconds >= 0,
            "a pool's clock runs back from {} to {now}",
            self.now
        );
        self.usage.capacity_gpu_s += i128::from(self.capacity) * i128::from(seconds);
        for (integral, busy) in self.usage.busy_gpu_s.iter_mut().zip(self.busy) {
            *integral += i128::from(busy) * i128::from(seconds);
        }
        self.usage.powered_gpu_ms += i128::from(self.powered) * i128::from(seconds);
        if self.fragmented > 0 {
            self.usage.fragmented_gpu_s += i128::from(self.fragmented) * i128::from(seconds);
        }
        let ticks = seconds * self.speed;
        self.usage.work_gpu_ticks += i128::from(self.busy()) * i128::from(ticks);
        self.work += ticks;
        self.now = now;
        while self.ends.first().is_some_and(|end| end.at <= self.work) {
            self.finish(observer);
        }
    }

    fn finish<O: Observer>(&mut self, observer: &mut O) {
        let end = self.ends.pop().expect("the caller saw an end");
        let run = self.vacate(end.slot);
        // The clock stops at whole seconds, so a slow gang may have been done within the last one.
        self.usage.work_gpu_ticks -= i128::from(self.work - end.at) * i128::from(end.gpus);
        self.unplan_end(End {
            at: run.planned_at,
            ..end
        });
        let job = run.waiting.job;
        self.release_quota(&job);
        let ran = run.ends_at - run.started_at;
        let limited = ran < i64::from(run.waiting.remaining_s()) * TICKS_PER_S;
        let done = Progress::after(ran, &run.waiting, &self.settings.overheads);
        self.usage.overhead_gpu_ticks += i128::from(done.overhead) * i128::from(job.gpus);
        if limited {
            let lost = i64::from(run.waiting.saved_s) * TICKS_PER_S + done.saved + done.unsaved;
            self.usage.lost_gpu_ticks += i128::from(lost) * i128::from(job.gpus);
            self.withdraw(&job, Withdrawal::TimeLimit, observer);
            return;
        }
        self.usage.finished += 1;
        self.count_deadline(&job, Some(self.now));
        observer.finished(&Finished {
            job,
            start: run.start,
            end: self.now,
            waited: Span::from_seconds(run.waiting.waited_s),
            restarts: run.waiting.restarts,
        });
    }

    fn vacate(&mut self, slot: u32) -> Run {
        let run = self.runs[slot as usize]
            .take()
            .expect("an end names a running gang");
        self.vacant.push(slot);
        if let Some(nodes) = &mut self.nodes {
            nodes.release(slot);
        }
        self.busy[run.waiting.job.class.index()] -= run.waiting.job.gpus;
        self.powered -= run.waiting.job.power_ms();
        self.promise = None;
        run
    }

    // ---- what the owner may do

    pub(super) fn set_speed(&mut self, ticks_per_s: i64) {
        assert!(
            (0..=TICKS_PER_S).contains(&ticks_per_s),
            "a speed of {ticks_per_s} per mille"
        );
        if ticks_per_s != self.speed {
            self.speed = ticks_per_s;
            self.forget_promises();
        }
    }

    pub(super) fn set_capacity<O: Observer>(&mut self, gpus: u32, observer: &mut O) {
        if self.nodes.is_some() {
            if gpus != self.limit {
                self.limit_nodes(gpus, observer);
            }
            return;
        }
        if gpus == self.capacity {
            return;
        }
        assert!(
            gpus <= self.settings.gpus_max,
            "{gpus} GPUs where {} are the most",
            self.settings.gpus_max
        );
        self.forget_promises();
        if self.busy() > gpus {
            self.shed(gpus, observer);
        }
        self.capacity = gpus;
    }

    /// Kills the latest started, spot before on-demand before reserved, until `gpus` are enough for the rest.
    fn shed<O: Observer>(&mut self, gpus: u32, observer: &mut O) {
        let mut order = self.kill_order();
        let mut returning = Vec::new();
        while self.busy() > gpus {
            let (_, _, slot) = order.pop().expect("busy GPUs belong to running gangs");
            returning.push(self.kill(slot, observer));
        }
        self.merge(returning);
    }

    /// The running gangs by slot, those last who are killed first.
    fn kill_order(&self) -> Vec<(JobClass, u64, u32)> {
        let slots = self.runs.iter().enumerate();
        let running =
            slots.filter_map(|(slot, run)| run.map(|run| (run.waiting.job.class, run.sequence, slot as u32)));
        let mut order: Vec<_> = running.collect();
        order.sort_unstable();
        order
    }

    fn kill<O: Observer>(&mut self, slot: u32, observer: &mut O) -> Waiting {
        let run = self.vacate(slot);
        let mut waiting = run.waiting;
        let end = End {
            at: run.ends_at,
            slot,
            gpus: waiting.job.gpus,
        };
        self.ends.remove(end);
        self.unplan_end(End {
            at: run.planned_at,
            ..end
        });
        let done = Progress::after(self.work - run.started_at, &waiting, &self.settings.overheads);
        // Without checkpoints nothing was ever saved.
        waiting.saved_s += (done.saved / TICKS_PER_S) as i32;
        let lost = i128::from(done.unsaved) * i128::from(waiting.job.gpus);
        self.usage.lost_gpu_ticks += lost;
        self.usage.overhead_gpu_ticks += i128::from(done.overhead) * i128::from(waiting.job.gpus);
        self.usage.killed += 1;
        observer.killed(self.now, &waiting.job, lost as f64 / TICKS_PER_S as f64);
        waiting.restarts += 1;
        waiting.hold_s = self
            .settings
            .overheads
            .hold_s(&waiting.job, waiting.saved_s, waiting.restarts);
        waiting.since_s = self.now.as_unix_s();
        waiting
    }

    /// A job as it comes.
    fn newcomer(&self, job: &Job) -> Waiting {
        Waiting {
            job: *job,
            saved_s: 0,
            hold_s: self.settings.overheads.hold_s(job, 0, 0),
            restarts: 0,
            since_s: self.now.as_unix_s(),
            waited_s: 0,
        }
    }

    // ---- the moves of a policy

    /// Starts the gangs at the front while they fit.
    pub(super) fn start_heads<O: Observer>(&mut self, observer: &mut O) {
        while let Some(head) = self.queue.head() {
            if self.queue.get(head).job.gpus > self.largest_fit() {
                return;
            }
            self.promise = None;
            self.start(head, observer);
        }
    }

    pub(super) fn start<O: Observer>(&mut self, place: usize, observer: &mut O) {
        let mut waiting = self.take_waiting(place);
        if self.queue.len() == 0 || self.impatient.is_some_and(|(impatient, _)| impatient == place) {
            self.impatient = None;
            self.find_impatient();
        }
        let waited = self.now.as_unix_s() - waiting.since_s;
        waiting.waited_s += waited;
        self.usage.wait_s += waited;
        if waiting.restarts == 0 {
            self.usage.started += 1;
        } else {
            self.usage.restarted += 1;
        }
        self.busy[waiting.job.class.index()] += waiting.job.gpus;
        self.powered += waiting.job.power_ms();
        let (planned_s, mut length_s) = (waiting.planned_s(), waiting.remaining_s());
        if (self.settings.runtimes == Runtimes::Estimated { kills_at_limit: true }) {
            length_s = length_s.min(planned_s);
        }
        let run = Run {
            waiting,
            start: self.now,
            started_at: self.work,
            ends_at: self.work + i64::from(length_s) * TICKS_PER_S,
            planned_at: self.work + i64::from(planned_s) * TICKS_PER_S,
            sequence: self.sequence,
        };
        self.sequence += 1;
        let slot = self.vacant.pop().unwrap_or(self.runs.len() as u32);
        if slot as usize == self.runs.len() {
            self.runs.push(None);
        }
        self.runs[slot as usize] = Some(run);
        if let Some(nodes) = &mut self.nodes {
            nodes.place(slot, waiting.job.gpus);
        }
        let end = End {
            at: run.ends_at,
            slot,
            gpus: waiting.job.gpus,
        };
        self.ends.insert(end);
        self.plan_end(End {
            at: run.planned_at,
            ..end
        });
        observer.started(
            self.now,
            &waiting.job,
            Span::from_seconds(waited),
            waiting.restarts,
        );
    }

    // ---- conservation

    /// Submitted jobs are finished, running, waiting or withdrawn. Stops the program otherwise.
    pub(super) fn assert_conserved(&self) {
        let mut total = self.before;
        total.add(&self.usage);
        let (running, queued) = (self.ends.len() as u64, self.queued() as u64);
        let accounted = total.finished + running + queued + total.withdrawn();
        assert!(
            total.submitted == accounted,
            "{} jobs submitted at {}, but {} finished + {running} running + {queued} queued + {} withdrawn",
            total.submitted,
            self.now,
            total.finished,
            total.withdrawn()
        );
        let held: u32 = self.runs.iter().flatten().map(|run| run.waiting.job.gpus).sum();
        assert!(
            held == self.busy() && held <= self.capacity,
            "running gangs hold {held} GPUs at {}, {} are booked, the pool has {}",
            self.now,
            self.busy(),
            self.capacity
        );
        if let Some(nodes) = &self.nodes {
            nodes.assert_conserved(held);
        }
        if let Some(gate) = &self.gate {
            let running = self.runs.iter().flatten().map(|run| &run.waiting);
            let waiting = self.queue.iter().map(|(_, waiting)| waiting);
            gate.assert_taken(running.chain(waiting).map(|w| (w.job.tenant, w.job.gpus)));
        }
    }
}
