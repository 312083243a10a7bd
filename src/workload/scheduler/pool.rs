//! The state of one pool: GPUs, the work clock, the running and the waiting; and the moves a policy may make.

mod entering;
mod estimates;
mod ordered;
mod planning;
mod progress;

use super::ends::{End, Ends};
use super::gate::Gate;
use super::order::Order;
use super::plan::Plan;
use super::queue::{Fit, Queue, Waiting};
use super::usage::{Finished, Observer, TICKS_PER_S, Usage, Withdrawal};
use super::{Runtimes, Settings};
use crate::time::{SimTime, Span};
use crate::workload::job::Job;
pub use progress::Overheads;
use progress::Progress;

/// What EASY promised the head of the queue.
///
/// It stays true, and nobody before `from` can fit, until a gang ends or is killed, the capacity or the speed
/// changes, or places are renumbered: a gang that starts beside it either is back before the instant or comes
/// out of `extra`, the clock only shortens the time that is left, and idle GPUs only become fewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Promise {
    /// The work-clock reading at the promised instant.
    pub(super) at: i64,
    /// GPUs that the head leaves over at that instant.
    pub(super) extra: u32,
    /// Places before this one were looked at.
    pub(super) from: usize,
}

/// The reading of a promise that cannot be given: the head needs more GPUs than the pool has at present.
const NEVER: i64 = i64::MAX / 4;

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
        let mut order: Vec<_> = self
            .runs
            .iter()
            .enumerate()
            .filter_map(|(slot, run)| run.map(|run| (run.waiting.job.class, run.sequence, slot as u32)))
            .collect();
        order.sort_unstable();
        let mut returning = Vec::new();
        while self.busy() > gpus {
            let (_, _, slot) = order.pop().expect("busy GPUs belong to running gangs");
            returning.push(self.kill(slot, observer));
        }
        self.merge(returning);
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
            if self.queue.get(head).job.gpus > self.free() {
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

    /// What the head of the queue, which does not fit now, can be promised.
    pub(super) fn promise(&self) -> Promise {
        if let Some(promise) = self.promise {
            return promise;
        }
        let head = self.queue.head().expect("a policy asks for a head that waits");
        let need = u64::from(self.queue.get(head).job.gpus);
        let free = u64::from(self.free());
        let from = head + 1;
        let Some(reading) = self.planned_ends().when_released(need - free) else {
            let extra = self.free();
            return Promise {
                at: NEVER,
                extra,
                from,
            };
        };
        // Ends within the same second release together, so the promise is the reading at that second.
        let at = self.reading_at_second_of(reading);
        let extra = (free + self.planned_ends().released_by(at) - need) as u32;
        Promise { at, extra, from }
    }

    fn reading_at_second_of(&self, reading: i64) -> i64 {
        let ahead = (reading - self.work).max(0);
        self.work + (ahead + self.speed - 1) / self.speed * self.speed
    }

    /// The next gang that may start without delaying the promise.
    pub(super) fn find_beside(&mut self, promise: &Promise) -> Option<usize> {
        let free = self.free();
        let longest = (promise.at - self.work) / TICKS_PER_S;
        let fit = Fit {
            free: free as i32,
            extra: promise.extra.min(free) as i32,
            longest_s: longest.clamp(-1, i64::from(i32::MAX - 1)) as i32,
        };
        self.queue.find(promise.from, &fit)
    }

    /// Starts such a gang: its GPUs, and whether it is back before the promised instant.
    pub(super) fn start_beside<O: Observer>(
        &mut self,
        place: usize,
        promise: &Promise,
        observer: &mut O,
    ) -> (u32, bool) {
        let waiting = self.queue.get(place);
        let gpus = waiting.job.gpus;
        let before = self.work + i64::from(waiting.planned_s()) * TICKS_PER_S <= promise.at;
        self.start(place, observer);
        (gpus, before)
    }

    /// Remembers a promise after a pass: everyone in the queue was looked at, or nothing is idle.
    pub(super) fn keep_promise(&mut self, mut promise: Promise) {
        promise.from = self.queue.end();
        self.promise = Some(promise);
    }

    fn forget_promises(&mut self) {
        self.promise = None;
        self.plan = None;
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
        if let Some(gate) = &self.gate {
            let running = self.runs.iter().flatten().map(|run| &run.waiting);
            let waiting = self.queue.iter().map(|(_, waiting)| waiting);
            gate.assert_taken(running.chain(waiting).map(|w| (w.job.tenant, w.job.gpus)));
        }
    }
}
