//! The plans of a strategy made together: dates with crews and calendars, floors, floats, and the reference class.

use std::sync::Arc;

use super::flat::Flat;
use super::plan::Plan;
use super::portfolio::{Luck, NOBODY, Portfolio, Run, since};
use super::risk::CommonFactor;
use crate::random::Streams;
use crate::time::SimTime;

/// Draws of each pass that brings plans with crews or calendars to the reference class, and passes.
const CALIBRATION_DRAWS: u64 = 600;
const CALIBRATION_PASSES: usize = 4;
/// Seed of those draws.
const CALIBRATION_SEED: u64 = 0x7265_706f_7765_7222;
impl Portfolio {
    /// The dates of the plans with crews and calendars.
    pub(super) fn plan(&mut self) {
        let remaining: Vec<f64> = self.plans.iter().flat_map(|p| p.remaining_months()).collect();
        let mut luck = Luck {
            floor: vec![0.0; remaining.len()],
            repeats: vec![0.0; remaining.len()],
            months: remaining,
            times: self.works.planned(),
            ..Luck::default()
        };
        let mut run = Run::default();
        let rank = |portfolio: &mut Self, run: &Run| {
            portfolio.change(|plan, offset, start| {
                let own = &run.start[offset..offset + plan.network().nodes.len()];
                plan.bound.rank = own.iter().map(|s| since(start, *s)).collect();
            });
            portfolio.flat = Flat::new(&portfolio.plans, &portfolio.starts);
        };
        run.start.resize(self.len(), 0);
        run.end.resize(self.len(), 0);
        run.cause.resize(self.len(), NOBODY);
        self.pass(&luck, &mut run);
        rank(self, &run);
        self.schedule(&luck, &mut run);
        let (free, latest) = (run.start.clone(), self.latest(&run));
        let last = self.ready_dates(&run);
        luck.floor = self.floors(&latest);
        self.schedule(&luck, &mut run);
        if self
            .ready_dates(&run)
            .iter()
            .zip(&last)
            .any(|(with, without)| with > without)
        {
            for (n, floor) in luck.floor.iter_mut().enumerate() {
                *floor = floor.min(since(self.starts[self.flat.project[n] as usize], free[n]));
            }
            self.schedule(&luck, &mut run);
        }
        let latest = self.latest(&run);
        self.change(|plan, offset, start| {
            let nodes = offset..offset + plan.network().nodes.len();
            let since_start = |s: &i64| since(start, *s);
            plan.planned.start = run.start[nodes.clone()].iter().map(since_start).collect();
            plan.planned.end = run.end[nodes.clone()].iter().map(since_start).collect();
            plan.bound.latest = latest[nodes.clone()].iter().map(since_start).collect();
            plan.floor = luck.floor[nodes].to_vec();
        });
    }

    pub(super) fn change(&mut self, mut with: impl FnMut(&mut Plan, usize, SimTime)) {
        for (p, plan) in self.plans.iter_mut().enumerate() {
            with(Arc::make_mut(plan), self.flat.offset[p], self.starts[p]);
        }
    }

    pub(super) fn ready_dates(&self, run: &Run) -> Vec<i64> {
        let of = |(p, plan): (usize, &Arc<Plan>)| -> Vec<i64> {
            let ready = plan.network().ready.iter();
            ready.map(|r| run.end[self.flat.offset[p] + r]).collect()
        };
        self.plans.iter().enumerate().flat_map(of).collect()
    }

    /// Latest start of every node that keeps the ready dates of a schedule, crews passed on as in it.
    pub fn latest(&self, run: &Run) -> Vec<i64> {
        let flat = &self.flat;
        let mut latest_end = vec![i64::MAX; self.len()];
        for (p, plan) in self.plans.iter().enumerate() {
            for ready in &plan.network().ready {
                latest_end[flat.offset[p] + ready] = run.end[flat.offset[p] + ready];
            }
        }
        // Crews: whoever began when another with the same pool ended follows it.
        let mut after_crew: Vec<Vec<u32>> = vec![Vec::new(); self.len()];
        for n in 0..self.len() {
            let cause = run.cause[n];
            if cause != NOBODY && !flat.after(n).contains(&cause) {
                after_crew[cause as usize].push(n as u32);
            }
        }
        let mut order: Vec<usize> = (0..self.len()).collect();
        let mut place = vec![0; self.len()];
        for (i, n) in flat.order.iter().enumerate() {
            place[*n as usize] = i;
        }
        order.sort_by_key(|n| (run.start[*n], run.end[*n], place[*n]));
        let mut latest_start: Vec<i64> = run.start.clone();
        for &n in order.iter().rev() {
            for &later in flat.before(n).iter().chain(&after_crew[n]) {
                if latest_end[later as usize] < i64::MAX {
                    latest_end[n] = latest_end[n].min(latest_start[later as usize]);
                }
            }
            if latest_end[n] < i64::MAX {
                latest_start[n] = latest_end[n] - (run.end[n] - run.start[n]);
            }
        }
        latest_start
    }

    /// Floors of the just-in-time nodes under latest starts, months.
    pub(super) fn floors(&self, latest: &[i64]) -> Vec<f64> {
        let floor = |(n, latest): (usize, &i64)| {
            let (project, node) = self.node(n);
            let stage = self.plans[project].stage(node);
            let begun = stage.done || stage.elapsed_months > 0.0;
            match stage.spec.just_in_time_buffer_months {
                Some(buffer) if !begun => (since(self.starts[project], *latest) - buffer).max(0.0),
                _ => 0.0,
            }
        };
        latest.iter().enumerate().map(floor).collect()
    }

    /// Brings each plan with risk to its reference class, by draws of all of them together as if nothing had begun.
    pub(super) fn calibrate(&mut self) {
        if !self.plans.iter().any(|p| p.inputs().risk.enabled) {
            return;
        }
        let mut fresh = self.clone();
        fresh.change(|plan, _, _| *plan = plan.as_new());
        fresh.plan();
        fresh.change(|plan, _, _| plan.factor = CommonFactor::ONE);
        let planned: Vec<f64> = fresh
            .plans
            .iter()
            .map(|p| p.network().last_ready(p.planned()))
            .collect();
        let (mut luck, mut run) = (Luck::default(), Run::default());
        for _ in 0..CALIBRATION_PASSES {
            let mut logs = vec![(0.0, 0.0); fresh.plans.len()];
            for draw in 0..CALIBRATION_DRAWS {
                fresh.draw_into(&Streams::new(CALIBRATION_SEED, draw), &mut luck);
                fresh.schedule(&luck, &mut run);
                for (p, sums) in logs.iter_mut().enumerate() {
                    let took = since(fresh.starts[p], fresh.ready(p, &run).as_unix_s());
                    let log = (took / planned[p]).ln();
                    *sums = (sums.0 + log, sums.1 + log * log);
                }
            }
            let n = CALIBRATION_DRAWS as f64;
            fresh.change_factors(&planned, |p| {
                let mean = logs[p].0 / n;
                (mean, (logs[p].1 - n * mean * mean) / (n - 1.0))
            });
        }
        for (own, made) in self.plans.iter_mut().zip(&fresh.plans) {
            Arc::make_mut(own).factor = made.factor;
        }
    }

    /// Moves each factor by what its draws miss of the target, mean and variance of the logarithm.
    pub(super) fn change_factors(&mut self, planned: &[f64], measured: impl Fn(usize) -> (f64, f64)) {
        let mut p = 0;
        self.change(|plan, _, _| {
            let risk = plan.inputs().risk;
            if risk.enabled && planned[p] > 0.0 {
                let (mean, variance) = measured(p);
                plan.factor.log_mean += risk.overrun_log_mean - mean;
                let missing = risk.overrun_log_sd.powi(2) - variance;
                plan.factor.log_sd = (plan.factor.log_sd.powi(2) + missing).max(0.0).sqrt();
            }
            p += 1;
        });
    }
}
