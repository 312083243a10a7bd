//! The moves of a pool whose GPUs stand in nodes: which gang fits, what the head can be promised, who may overtake,
//! and which nodes leave when the pool shrinks or one fails. Without a layout every gang fits where enough GPUs are
//! free, and nothing here costs anything.

use super::Pool;
use super::promising::{NEVER, Promise};
use crate::workload::job::{Job, JobClass};
use crate::workload::scheduler::layout::{Layout, Nodes};
use crate::workload::scheduler::queue::Waiting;
use crate::workload::scheduler::usage::{Observer, TICKS_PER_S};

impl Pool {
    /// Lets the GPUs stand in nodes. Before anything was submitted.
    pub(in crate::workload::scheduler) fn set_layout(&mut self, layout: &Layout) {
        assert!(
            self.usage.submitted + self.before.submitted == 0,
            "nodes change after jobs have come"
        );
        let mut nodes = Box::new(Nodes::new(layout));
        nodes.fill(self.settings.gpus);
        self.limit = self.settings.gpus;
        self.capacity = nodes.in_service();
        self.settings.gpus_max = self.settings.gpus_max.min(layout.largest_gang());
        self.nodes = Some(nodes);
    }
    /// The largest gang that fits now.
    pub fn largest_fit(&self) -> u32 {
        self.nodes
            .as_ref()
            .map_or_else(|| self.free(), |nodes| nodes.largest())
    }
    /// Nodes of the layout, in service or not; zero where GPUs are only counted.
    pub fn nodes(&self) -> usize {
        self.nodes.as_ref().map_or(0, |nodes| nodes.len())
    }
    /// The node in service that holds a GPU, counted through those of all nodes in service.
    pub fn node_of_gpu(&self, gpu: u32) -> Option<usize> {
        self.nodes.as_ref()?.node_of_gpu(gpu)
    }

    /// What the head, which does not fit now, can be promised: the first instant at which enough gangs have ended
    /// for it to stand on the nodes. The instant stays true as long as [`Promise`] says; but where a gang would stand
    /// changes with everyone who starts, so all are looked at in each pass.
    pub(super) fn promise_on_nodes(&mut self, head: usize) -> Promise {
        let need = self.queue.get(head).job.gpus;
        let mut nodes = self.nodes.take().expect("the caller saw nodes");
        let at = match self.promise {
            Some(promise) => promise.at,
            None => self.first_fit_on(&mut nodes, need),
        };
        let extra = nodes.free_in_future().saturating_sub(u64::from(need));
        self.nodes = Some(nodes);
        Promise {
            at,
            extra: extra as u32,
            from: head + 1,
        }
    }
    /// The reading at the first instant at which `need` GPUs can stand together.
    fn first_fit_on(&self, nodes: &mut Nodes, need: u32) -> i64 {
        nodes.begin_future();
        let mut at = NEVER;
        let mut ends = self.planned_ends().iter();
        for end in &mut ends {
            nodes.release_in_future(end.slot);
            if nodes.largest_in_future() >= need {
                at = self.reading_at_second_of(end.at);
                break;
            }
        }
        // Ends within the same second release together.
        for end in ends.take_while(|end| end.at <= at) {
            nodes.release_in_future(end.slot);
        }
        at
    }
    /// Whether a gang that would run beyond the promised instant leaves room for the head then; if so, the promise
    /// counts with it. Where one does not, larger ones are taken not to either.
    pub(super) fn stands_beside(&mut self, place: usize, promise: &mut Promise) -> bool {
        let job = self.queue.get(place).job;
        if self.work + i64::from(self.queue.get(place).planned_s()) * TICKS_PER_S <= promise.at {
            return true;
        }
        let head = self.queue.head().expect("a gang overtakes a head that waits");
        let need = self.queue.get(head).job.gpus;
        let leaves = self.leaves_room(job.gpus, need);
        if !leaves {
            promise.extra = job.gpus - 1;
            promise.from = place + 1;
        }
        leaves
    }

    /// As [`Nodes::leaves_room`]; without nodes a count of GPUs has said it all.
    pub(super) fn leaves_room(&mut self, gpus: u32, need: u32) -> bool {
        self.nodes
            .as_mut()
            .is_none_or(|nodes| nodes.leaves_room(gpus, need))
    }
    /// For a head that cannot be promised an instant: where all gangs that came before it will have ended, is there
    /// room for it? Begins the view in which [`Nodes::leaves_room`] then judges those who would overtake.
    pub(super) fn will_fit_after_elders(&mut self, head: &Job) -> bool {
        let Some(nodes) = &mut self.nodes else {
            return true;
        };
        nodes.begin_future();
        for (slot, run) in self.runs.iter().enumerate() {
            if run.is_some_and(|run| run.waiting.job.rank() <= head.rank()) {
                nodes.release_in_future(slot as u32);
            }
        }
        nodes.largest_in_future() >= head.gpus
    }
    /// Kills gangs of some classes so that one of `gpus` GPUs can stand, if that can be: in the usual order, but none
    /// whose place does not help.
    pub(super) fn make_room_on_nodes<O: Observer>(
        &mut self,
        gpus: u32,
        victims: &[JobClass],
        observer: &mut O,
    ) -> bool {
        let mut order = self.kill_order();
        order.retain(|(class, _, _)| victims.contains(class));
        let Some(nodes) = &mut self.nodes else {
            return false;
        };
        nodes.begin_future();
        let mut doomed = Vec::new();
        while nodes.largest_in_future() < gpus {
            let Some((_, _, slot)) = order.pop() else {
                return false;
            };
            nodes.release_in_future(slot);
            doomed.push(slot);
        }
        // Spare whoever stands elsewhere, the most protected first.
        for at in (0..doomed.len()).rev() {
            if nodes.stays_in_future(doomed[at], gpus) {
                doomed.remove(at);
            }
        }
        self.usage.preempting += 1;
        let returning = doomed.into_iter().map(|slot| self.kill(slot, observer)).collect();
        self.merge(returning);
        true
    }

    /// Notes after a pass how many GPUs are free though the head of the queue, which needs no more, cannot stand on
    /// them.
    pub(in crate::workload::scheduler) fn note_fragmentation(&mut self) {
        self.fragmented = match (&self.nodes, self.queue.head()) {
            (Some(nodes), Some(head)) => {
                let need = self.queue.get(head).job.gpus;
                let free = self.free();
                if nodes.largest() < need && need <= free {
                    free
                } else {
                    0
                }
            }
            _ => 0,
        };
    }

    // ---- nodes come and go

    /// Keeps as many nodes in service as have no more than `gpus` GPUs. Empty nodes leave first, highest number
    /// first; then those whose gangs are the first to be killed (see [`Pool::set_capacity`]): of two nodes the one
    /// whose most protected gang is the less protected. Sound nodes come back in the order of their numbers.
    pub(super) fn limit_nodes<O: Observer>(&mut self, gpus: u32, observer: &mut O) {
        self.limit = gpus;
        let mut returning = Vec::new();
        while !self.drain_nodes() {
            let node = self.most_expendable_node();
            self.kill_on_node(node, &mut returning, observer);
        }
        self.settle_nodes(returning);
    }
    fn drain_nodes(&mut self) -> bool {
        let limit = self.limit;
        self.nodes.as_mut().is_none_or(|nodes| nodes.drain(limit))
    }
    /// Fills up with sound nodes and puts those who were killed back into the queue.
    fn settle_nodes(&mut self, returning: Vec<Waiting>) {
        let limit = self.limit;
        if let Some(nodes) = &mut self.nodes {
            nodes.fill(limit);
            self.capacity = nodes.in_service();
        }
        self.forget_promises();
        if !returning.is_empty() {
            self.merge(returning);
        }
    }
    fn most_expendable_node(&self) -> usize {
        let order = self.kill_order();
        let nodes = self.nodes.as_ref().expect("only nodes are drained");
        let mut first_gang = vec![usize::MAX; nodes.len()];
        for (rank, (_, _, slot)) in order.iter().enumerate() {
            for part in nodes.parts(*slot) {
                let first = &mut first_gang[part.node as usize];
                *first = rank.min(*first);
            }
        }
        let held = first_gang
            .iter()
            .enumerate()
            .filter(|(_, rank)| **rank != usize::MAX);
        let last = held.max_by_key(|(_, rank)| **rank);
        last.expect("nodes that are not empty hold gangs").0
    }
    fn kill_on_node<O: Observer>(&mut self, node: usize, returning: &mut Vec<Waiting>, observer: &mut O) {
        let mut order = self.kill_order();
        while let Some((_, _, slot)) = order.pop() {
            let nodes = self.nodes.as_ref().expect("gangs stand on nodes");
            if nodes.parts(slot).iter().any(|part| part.node as usize == node) {
                let waiting = self.kill(slot, observer);
                returning.push(waiting);
            }
        }
    }

    /// A node fails: the gangs on it are killed and wait again, and the node leaves until it is repaired. Where the
    /// pool has a sound node that is not in service, that takes its place.
    pub(in crate::workload::scheduler) fn fail_node<O: Observer>(&mut self, node: usize, observer: &mut O) {
        let mut returning = Vec::new();
        self.kill_on_node(node, &mut returning, observer);
        if let Some(nodes) = &mut self.nodes {
            nodes.fail(node);
        }
        self.settle_nodes(returning);
    }
    /// A failed node is sound again and serves where the pool may have its GPUs.
    pub(in crate::workload::scheduler) fn repair_node(&mut self, node: usize) {
        if let Some(nodes) = &mut self.nodes {
            nodes.repair(node);
        }
        self.settle_nodes(Vec::new());
    }
}
