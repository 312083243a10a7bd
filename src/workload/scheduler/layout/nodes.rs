//! The nodes themselves: what is free on each, which are out of service, and who stands where.

use super::counts::Counts;
use super::future::Future;
use super::set::NodeSet;
use super::{Layout, Placement};

/// GPUs of one gang on one node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::workload::scheduler) struct Part {
    pub(in crate::workload::scheduler) node: u32,
    pub(in crate::workload::scheduler) gpus: u32,
    pub(super) group: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    InService,
    /// Sound, but beyond the number of GPUs that the pool has at present.
    Parked,
    Failed,
}

#[derive(Debug, Clone, Copy)]
struct Node {
    group: u16,
    state: State,
    free: u32,
}

/// Equal nodes, in sets by the GPUs that are free on them.
#[derive(Debug)]
struct Group {
    /// Number of its first node.
    first: usize,
    with: Vec<NodeSet>,
}

/// All nodes of a pool and the gangs on them.
#[derive(Debug)]
pub(in crate::workload::scheduler) struct Nodes {
    placement: Placement,
    all: Vec<Node>,
    groups: Vec<Group>,
    counts: Vec<Counts>,
    /// Groups by size of node, smallest first, and largest first; ties in the order of the layout.
    upwards: Vec<u16>,
    downwards: Vec<u16>,
    in_service: u32,
    largest: u32,
    /// Where each running gang stands, by its slot among the running.
    gangs: Vec<Vec<Part>>,
    /// Where the gang that was asked for last would stand.
    choice: Vec<Part>,
    future: Future,
}

impl Nodes {
    /// All nodes of a layout, out of service.
    pub(in crate::workload::scheduler) fn new(layout: &Layout) -> Self {
        let (mut nodes, mut groups, mut counts) = (Vec::new(), Vec::new(), Vec::new());
        for (index, group) in layout.groups().iter().enumerate() {
            let (number, size) = (group.nodes as usize, group.gpus_per_node);
            groups.push(Group {
                first: nodes.len(),
                with: vec![NodeSet::new(number); size as usize + 1],
            });
            let parked = Node {
                group: index as u16,
                state: State::Parked,
                free: size,
            };
            nodes.resize(nodes.len() + number, parked);
            counts.push(Counts::new(size));
        }
        let size_of = |group: &u16| counts[usize::from(*group)].size();
        let mut upwards: Vec<u16> = (0..groups.len() as u16).collect();
        let mut downwards = upwards.clone();
        upwards.sort_by_key(size_of);
        downwards.sort_by_key(|group| std::cmp::Reverse(size_of(group)));
        Self {
            placement: layout.placement(),
            all: nodes,
            groups,
            counts,
            upwards,
            downwards,
            in_service: 0,
            largest: 0,
            gangs: Vec::new(),
            choice: Vec::new(),
            future: Future::default(),
        }
    }

    // ---- what can be seen

    /// The largest gang that fits now.
    pub(in crate::workload::scheduler) fn largest(&self) -> u32 {
        self.largest
    }
    /// GPUs of the nodes in service.
    pub(in crate::workload::scheduler) fn in_service(&self) -> u32 {
        self.in_service
    }
    /// How many nodes there are, in service or not.
    pub(in crate::workload::scheduler) fn len(&self) -> usize {
        self.all.len()
    }
    /// Where the gang in a slot stands.
    pub(in crate::workload::scheduler) fn parts(&self, slot: u32) -> &[Part] {
        &self.gangs[slot as usize]
    }
    /// The node in service that holds a GPU, counted through all nodes in service.
    pub(in crate::workload::scheduler) fn node_of_gpu(&self, gpu: u32) -> Option<usize> {
        let mut passed = 0;
        self.all.iter().position(|node| {
            if node.state == State::InService {
                passed += self.counts[usize::from(node.group)].size();
            }
            gpu < passed
        })
    }
    /// The slots of the gangs on the node in service that holds a GPU, and on the next ones in service until these
    /// have `gpus` GPUs.
    pub(in crate::workload::scheduler) fn gangs_at(&self, gpu: u32, gpus: u32) -> Vec<u32> {
        let Some(first) = self.node_of_gpu(gpu) else {
            return Vec::new();
        };
        let (mut last, mut hit) = (first, 0);
        for (number, node) in self.all.iter().enumerate().skip(first) {
            if hit >= gpus {
                break;
            }
            if node.state == State::InService {
                hit += self.counts[usize::from(node.group)].size();
            }
            last = number;
        }
        let on = |part: &Part| (first..=last).contains(&(part.node as usize));
        let gangs = self.gangs.iter().enumerate();
        gangs
            .filter(|(_, parts)| parts.iter().any(on))
            .map(|(slot, _)| slot as u32)
            .collect()
    }

    // ---- gangs come and go

    /// Puts a gang that fits onto nodes.
    pub(in crate::workload::scheduler) fn place(&mut self, slot: u32, gpus: u32) {
        let fits = self.choose(gpus);
        assert!(
            fits,
            "a gang of {gpus} GPUs was started where {} fit",
            self.largest
        );
        let slot = slot as usize;
        if slot >= self.gangs.len() {
            self.gangs.resize_with(slot + 1, Vec::new);
        }
        std::mem::swap(&mut self.gangs[slot], &mut self.choice);
        for at in 0..self.gangs[slot].len() {
            let part = self.gangs[slot][at];
            let free = self.all[part.node as usize].free;
            assert!(
                free >= part.gpus,
                "node {} has {free} free GPUs and is given {}",
                part.node,
                part.gpus
            );
            self.set_free(part.node as usize, free - part.gpus);
        }
        self.renew_largest();
    }
    /// Takes a gang off its nodes.
    pub(in crate::workload::scheduler) fn release(&mut self, slot: u32) {
        let slot = slot as usize;
        for at in 0..self.gangs[slot].len() {
            let part = self.gangs[slot][at];
            let free = self.all[part.node as usize].free;
            self.set_free(part.node as usize, free + part.gpus);
        }
        self.gangs[slot].clear();
        self.renew_largest();
    }

    fn set_free(&mut self, number: usize, free: u32) {
        let node = self.all[number];
        assert!(
            node.state == State::InService,
            "a gang stands on node {number}, which is out of service"
        );
        self.leave_set(number);
        self.all[number].free = free;
        self.enter_set(number);
    }
    fn enter_set(&mut self, number: usize) {
        let node = self.all[number];
        let group = &mut self.groups[usize::from(node.group)];
        group.with[node.free as usize].insert(number - group.first);
        self.counts[usize::from(node.group)].add(node.free);
    }
    fn leave_set(&mut self, number: usize) {
        let node = self.all[number];
        let group = &mut self.groups[usize::from(node.group)];
        group.with[node.free as usize].remove(number - group.first);
        self.counts[usize::from(node.group)].remove(node.free);
    }
    fn renew_largest(&mut self) {
        self.largest = self.counts.iter().map(Counts::largest).max().unwrap_or(0);
    }

    // ---- the rule of placement

    /// Chooses where a gang would stand now; false where it does not fit.
    fn choose(&mut self, gpus: u32) -> bool {
        let of = |group: &u16| &self.counts[usize::from(*group)];
        let within = self.upwards.iter().filter(|group| of(group).size() >= gpus);
        let over = self.downwards.iter().filter(|group| of(group).size() < gpus);
        let group = within.chain(over).find(|group| of(group).largest() >= gpus);
        let Some(group) = group.copied() else {
            return false;
        };
        self.choose_in(group, gpus);
        true
    }

    /// The same within a group where it fits.
    fn choose_in(&mut self, group: u16, gpus: u32) {
        self.choice.clear();
        let counts = &self.counts[usize::from(group)];
        let Group { first, with } = &self.groups[usize::from(group)];
        let size = counts.size();
        let empty = &with[size as usize];
        let (whole, rest) = (gpus / size, gpus % size);
        let mut next = 0;
        for _ in 0..whole {
            let node = empty.from(next).expect("a gang that fits finds its empty nodes");
            self.choice.push(Part {
                node: (first + node) as u32,
                gpus: size,
                group,
            });
            next = node + 1;
        }
        if rest == 0 {
            return;
        }
        let spare = empty.from(next);
        let partial = match self.placement {
            Placement::Packing => counts.at_least(rest),
            Placement::Spreading => counts.below(size as usize).filter(|free| *free >= rest),
        };
        let partial = partial
            .filter(|free| *free < size)
            .and_then(|free| with[free as usize].first());
        let node = match self.placement {
            Placement::Packing => partial.or(spare),
            Placement::Spreading => spare.or(partial),
        };
        let node = node.expect("a gang that fits finds a node for what is left over");
        self.choice.push(Part {
            node: (first + node) as u32,
            gpus: rest,
            group,
        });
    }

    // ---- nodes come and go

    /// Puts sound nodes into service, lowest number first, while all together have no more than `gpus`.
    pub(in crate::workload::scheduler) fn fill(&mut self, gpus: u32) {
        for number in 0..self.all.len() {
            if self.all[number].state == State::Parked {
                let size = self.counts[usize::from(self.all[number].group)].size();
                if self.in_service + size <= gpus {
                    self.all[number].state = State::InService;
                    self.in_service += size;
                    self.enter_set(number);
                }
            }
        }
        self.renew_largest();
    }
    /// Takes empty nodes out of service, highest number first, until all together have at most `gpus`; says whether
    /// there were enough.
    pub(in crate::workload::scheduler) fn drain(&mut self, gpus: u32) -> bool {
        while self.in_service > gpus {
            let empty = self
                .groups
                .iter()
                .zip(&self.counts)
                .rev()
                .find_map(|(group, counts)| {
                    let last = group.with[counts.size() as usize].last()?;
                    Some(group.first + last)
                });
            match empty {
                Some(number) => self.retire(number, State::Parked),
                None => break,
            }
        }
        self.renew_largest();
        self.in_service <= gpus
    }
    /// Marks a node as failed, which nobody stands on any more.
    pub(in crate::workload::scheduler) fn fail(&mut self, number: usize) {
        match self.all[number].state {
            State::InService => self.retire(number, State::Failed),
            State::Parked | State::Failed => self.all[number].state = State::Failed,
        }
        self.renew_largest();
    }
    /// Marks a failed node as sound; it waits to be put into service.
    pub(in crate::workload::scheduler) fn repair(&mut self, number: usize) {
        if self.all[number].state == State::Failed {
            self.all[number].state = State::Parked;
        }
    }
    fn retire(&mut self, number: usize, state: State) {
        let size = self.counts[usize::from(self.all[number].group)].size();
        let free = self.all[number].free;
        assert!(
            free == size,
            "node {number} leaves with {} GPUs in use",
            size - free
        );
        self.leave_set(number);
        self.all[number].state = state;
        self.in_service -= size;
    }

    // ---- the promised instant

    /// Begins a view of the nodes at a later instant, at first as they are now.
    pub(in crate::workload::scheduler) fn begin_future(&mut self) {
        let free = self.all.iter().map(|node| node.free);
        self.future.begin(free, &self.counts);
    }
    /// The gang in a slot will have ended by then.
    pub(in crate::workload::scheduler) fn release_in_future(&mut self, slot: u32) {
        self.future.release(&self.gangs[slot as usize]);
    }
    /// The largest gang that will fit then.
    pub(in crate::workload::scheduler) fn largest_in_future(&self) -> u32 {
        self.future.largest()
    }
    /// Free GPUs then.
    pub(in crate::workload::scheduler) fn free_in_future(&self) -> u64 {
        self.future.free()
    }
    /// Whether a gang of `gpus` GPUs, which fits now, may stand beyond that instant, where the rule puts it, and
    /// still leave room for one of `need` GPUs then. If so, it is taken to stand there.
    pub(in crate::workload::scheduler) fn leaves_room(&mut self, gpus: u32, need: u32) -> bool {
        if !self.choose(gpus) || !self.future.take(&self.choice) {
            return false;
        }
        if self.future.largest() >= need {
            return true;
        }
        self.future.release(&self.choice);
        false
    }

    /// Whether the gang in a slot, released in the future before, may stay where it stands and leave room for one of
    /// `need` GPUs. If so, it is taken to stay.
    pub(in crate::workload::scheduler) fn stays_in_future(&mut self, slot: u32, need: u32) -> bool {
        let parts = &self.gangs[slot as usize];
        if !self.future.take(parts) {
            return false;
        }
        if self.future.largest() >= need {
            return true;
        }
        self.future.release(parts);
        false
    }

    // ---- conservation

    /// Stops the program unless no node is overcommitted and the gangs hold exactly what is not free.
    pub(in crate::workload::scheduler) fn assert_conserved(&self, busy: u32) {
        let mut held = vec![0u32; self.all.len()];
        for part in self.gangs.iter().flatten() {
            held[part.node as usize] += part.gpus;
        }
        let mut total = 0;
        for (number, (node, held)) in self.all.iter().zip(&held).enumerate() {
            let size = self.counts[usize::from(node.group)].size();
            assert!(
                held + node.free == size && (*held == 0 || node.state == State::InService),
                "node {number} ({:?}): {held} of {size} GPUs held, {} free",
                node.state,
                node.free
            );
            total += held;
        }
        assert!(total == busy, "nodes hold {total} GPUs, {busy} are booked");
        let sets = self.groups.iter().flat_map(|group| &group.with).map(NodeSet::len);
        let in_service = self.all.iter().filter(|node| node.state == State::InService);
        assert_eq!(
            sets.sum::<usize>(),
            in_service.count(),
            "nodes in sets and in service"
        );
    }
}
