//! A slow, plain scheduler of gangs on nodes, written from the rules, against which the fast one is checked start by
//! start; that nodes of one GPU are no nodes; and what holds when nodes fail and come back.

use proptest::prelude::*;

use super::{
    Conservative, Easy, Fcfs, Layout, NodeGroup, Observer, Placement, Policy, Priority, Runtimes, Scheduler,
    Settings, Sjf,
};
use crate::time::{SimTime, Span};
use crate::workload::job::{Job, JobClass};
use crate::workload::replay::{CapacityChange, Cluster, replay_on};

/// (group, GPUs) of each node, by number.
type Nodes = Vec<(usize, u32)>;
/// (node, GPUs) of a gang.
type Parts = Vec<(usize, u32)>;

fn nodes_of(layout: &Layout) -> Nodes {
    let groups = layout.groups().iter().enumerate();
    groups
        .flat_map(|(index, g)| (0..g.nodes).map(move |_| (index, g.gpus_per_node)))
        .collect()
}

/// Where the rule puts a gang, looking at every node.
fn choose(layout: &Layout, free: &[u32], gpus: u32) -> Option<Parts> {
    let mut groups: Vec<(bool, i64, usize)> = layout
        .groups()
        .iter()
        .enumerate()
        .map(|(index, g)| {
            let size = i64::from(g.gpus_per_node);
            let several = g.gpus_per_node < gpus;
            (several, if several { -size } else { size }, index)
        })
        .collect();
    groups.sort_unstable();
    groups
        .iter()
        .find_map(|(_, _, group)| choose_in(layout, free, gpus, *group))
}

fn choose_in(layout: &Layout, free: &[u32], gpus: u32, group: usize) -> Option<Parts> {
    let nodes = nodes_of(layout);
    let size = layout.groups()[group].gpus_per_node;
    let mine: Vec<usize> = (0..nodes.len()).filter(|n| nodes[*n].0 == group).collect();
    let (whole, rest) = ((gpus / size) as usize, gpus % size);
    let empty: Vec<usize> = mine.iter().copied().filter(|n| free[*n] == size).collect();
    let mut parts: Parts = empty.get(..whole)?.iter().map(|n| (*n, size)).collect();
    if rest > 0 {
        let left = mine
            .iter()
            .copied()
            .filter(|n| free[*n] >= rest && !empty[..whole].contains(n));
        let best = match layout.placement() {
            Placement::Packing => left.min_by_key(|n| (free[*n], *n)),
            Placement::Spreading => left.min_by_key(|n| (std::cmp::Reverse(free[*n]), *n)),
        };
        parts.push((best?, rest));
    }
    Some(parts)
}

struct PlainPromise {
    at: i64,
    extra: u32,
}

struct Plain<'a> {
    layout: &'a Layout,
    free: Vec<u32>,
    running: Vec<(i64, u64, Parts)>,
    queue: Vec<Job>,
    starts: Vec<(u64, i64)>,
    fragmented: u32,
    fragmented_gpu_s: i128,
    /// The first promise made to each head.
    promised: std::collections::BTreeMap<u64, i64>,
}

impl Plain<'_> {
    fn start(&mut self, place: usize, now: i64) {
        let job = self.queue.remove(place);
        let parts = choose(self.layout, &self.free, job.gpus).expect("it fits");
        for (node, gpus) in &parts {
            self.free[*node] -= gpus;
        }
        self.running.push((now + job.duration_s, job.id, parts));
        self.starts.push((job.id, now));
        if let Some(promised) = self.promised.get(&job.id) {
            assert!(
                now <= *promised,
                "job {} starts at {now}, promised {promised}",
                job.id
            );
        }
    }
    fn free_at(&self, at: i64) -> Vec<u32> {
        let mut free = self.free.clone();
        for (end, _, parts) in &self.running {
            if *end <= at {
                for (node, gpus) in parts {
                    free[*node] += gpus;
                }
            }
        }
        free
    }
    fn new_promise(&self, head: &Job) -> PlainPromise {
        let mut ends: Vec<i64> = self.running.iter().map(|r| r.0).collect();
        ends.sort_unstable();
        let fits = |at: &i64| choose(self.layout, &self.free_at(*at), head.gpus).is_some();
        let at = ends.into_iter().find(fits).expect("the pool is large enough");
        let free: u32 = self.free_at(at).iter().sum();
        PlainPromise {
            at,
            extra: free - head.gpus,
        }
    }
    fn backfill(&mut self, now: i64) {
        if self.free.iter().sum::<u32>() == 0 || self.queue.len() < 2 {
            return;
        }
        let head = self.queue[0];
        let mut promise = self.new_promise(&head);
        self.promised.entry(head.id).or_insert(promise.at);
        let mut place = 1;
        while place < self.queue.len() {
            let job = self.queue[place];
            let parts = choose(self.layout, &self.free, job.gpus);
            let back = now + job.duration_s <= promise.at;
            let (true, Some(parts)) = (back || job.gpus <= promise.extra, parts) else {
                place += 1;
                continue;
            };
            let mut then = self.free_at(promise.at);
            let stands = parts.iter().all(|(node, gpus)| then[*node] >= *gpus);
            if !back && stands {
                for (node, gpus) in &parts {
                    then[*node] -= gpus;
                }
            }
            if back || (stands && choose(self.layout, &then, head.gpus).is_some()) {
                promise.extra -= if back { 0 } else { job.gpus };
                self.start(place, now);
            } else {
                promise.extra = job.gpus - 1;
                place += 1;
            }
        }
    }
    fn pass(&mut self, now: i64, easy: bool) {
        while self
            .queue
            .first()
            .is_some_and(|head| choose(self.layout, &self.free, head.gpus).is_some())
        {
            self.start(0, now);
        }
        if easy {
            self.backfill(now);
        }
        let free = self.free.iter().sum();
        let blocked = self.queue.first().is_some_and(|head| head.gpus <= free);
        self.fragmented = if blocked { free } else { 0 };
    }
    fn run(&mut self, jobs: &[Job], easy: bool) {
        let (mut next, mut last) = (0, 0);
        loop {
            let arrival = jobs.get(next).map(|job| job.submit_s);
            let Some(now) = self.running.iter().map(|r| r.0).chain(arrival).min() else {
                self.starts.sort_unstable();
                return;
            };
            self.fragmented_gpu_s += i128::from(self.fragmented) * i128::from(now - last);
            last = now;
            if self.running.iter().any(|r| r.0 == now) {
                self.free = self.free_at(now);
                self.running.retain(|r| r.0 != now);
            }
            while jobs.get(next).is_some_and(|job| job.submit_s == now) {
                self.queue.push(jobs[next]);
                next += 1;
            }
            self.pass(now, easy);
        }
    }
}

fn plain(jobs: &[Job], layout: &Layout, easy: bool) -> (Vec<(u64, i64)>, i128) {
    let mut plain = Plain {
        layout,
        free: nodes_of(layout).iter().map(|(_, size)| *size).collect(),
        running: Vec::new(),
        queue: Vec::new(),
        starts: Vec::new(),
        fragmented: 0,
        fragmented_gpu_s: 0,
        promised: std::collections::BTreeMap::new(),
    };
    plain.run(jobs, easy);
    (plain.starts, plain.fragmented_gpu_s)
}

#[derive(Default)]
struct Starts(Vec<(u64, i64)>);

impl Observer for Starts {
    fn started(&mut self, now: SimTime, job: &Job, _waited: Span, _restarts: u32) {
        self.0.push((job.id, now.as_unix_s()));
    }
}

fn fast<P: Policy>(
    jobs: &[Job],
    gpus: u32,
    layout: Option<&Layout>,
    changes: &[CapacityChange],
) -> (Vec<(u64, i64)>, i128) {
    let mut seen = Starts::default();
    let cluster = Cluster {
        layout: layout.cloned(),
        ..Settings::constant(gpus).into()
    };
    let outcome = replay_on::<P, _>(jobs, cluster, changes, &mut seen);
    seen.0.sort_unstable();
    (seen.0, outcome.usage.fragmented_gpu_s)
}

/// A layout, and jobs of sizes around its nodes.
fn worlds(most: usize) -> impl Strategy<Value = (Layout, Vec<Job>)> {
    let groups = prop::collection::vec((1u32..7, prop::sample::select(vec![1u32, 2, 3, 4, 8, 72])), 1..4);
    let spread = prop::bool::ANY;
    let jobs = prop::collection::vec((0u32..14, 0i64..300, 0.0f64..1.0), 1..most);
    (groups, spread, jobs, 0.5f64..1.6).prop_map(|(groups, spread, raw, load)| {
        let groups = groups
            .into_iter()
            .map(|(nodes, gpus_per_node)| NodeGroup { nodes, gpus_per_node });
        let placement = if spread {
            Placement::Spreading
        } else {
            Placement::Packing
        };
        let layout = Layout::new(groups.collect(), placement).expect("a sound layout");
        let sizes = [1, 1, 2, 3, 4, 5, 7, 8, 8, 9, 16, 24, 72, 80];
        let mut jobs: Vec<Job> = Vec::new();
        for (id, (size, duration_s, _)) in raw.iter().enumerate() {
            let gpus = sizes[*size as usize].min(layout.largest_gang());
            jobs.push(Job::new(id as u64, 0, gpus, *duration_s));
        }
        let work: i64 = jobs.iter().map(Job::gpu_s).sum();
        let horizon = work as f64 / (load * f64::from(layout.gpus()));
        for (job, (_, _, at)) in jobs.iter_mut().zip(&raw) {
            job.submit_s = (at * horizon) as i64 / 10 * 10;
        }
        jobs.sort_by_key(Job::rank);
        (layout, jobs)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn easy_on_nodes_equals_the_plain_scheduler((layout, jobs) in worlds(250)) {
        let fast = fast::<Easy>(&jobs, layout.gpus(), Some(&layout), &[]);
        prop_assert_eq!(fast, plain(&jobs, &layout, true));
    }

    #[test]
    fn fcfs_on_nodes_equals_the_plain_scheduler((layout, jobs) in worlds(250)) {
        let fast = fast::<Fcfs>(&jobs, layout.gpus(), Some(&layout), &[]);
        prop_assert_eq!(fast, plain(&jobs, &layout, false));
    }

    #[test]
    fn nodes_of_one_gpu_are_no_nodes(
        (_, mut jobs) in worlds(250),
        gpus in 80u32..120,
        spread in prop::bool::ANY,
        changes in prop::collection::vec((0i64..2_000, 0u32..=100), 0..6),
        spot in 2usize..9,
    ) {
        for job in jobs.iter_mut().step_by(spot) {
            job.class = JobClass::Spot;
        }
        let placement = if spread { Placement::Spreading } else { Placement::Packing };
        let layout = Layout::of_equal_nodes(gpus, 1, placement).expect("a sound layout");
        let mut changes: Vec<CapacityChange> =
            changes.into_iter().map(|(at_s, share)| CapacityChange { at_s, gpus: gpus * share / 100 }).collect();
        changes.sort_by_key(|change| change.at_s);
        changes.push(CapacityChange { at_s: 3_000, gpus });
        let on_nodes = Some(&layout);
        prop_assert_eq!(fast::<Easy>(&jobs, gpus, on_nodes, &changes), fast::<Easy>(&jobs, gpus, None, &changes));
        prop_assert_eq!(fast::<Fcfs>(&jobs, gpus, on_nodes, &changes), fast::<Fcfs>(&jobs, gpus, None, &changes));
        prop_assert_eq!(fast::<Sjf>(&jobs, gpus, on_nodes, &changes), fast::<Sjf>(&jobs, gpus, None, &changes));
                // A gang of no length reserves nothing in a plan, so the plan that stands and one made anew may differ.
        for job in &mut jobs {
            job.duration_s = job.duration_s.max(1);
        }
let (a, b) = (fast::<Conservative>(&jobs, gpus, on_nodes, &changes), fast::<Conservative>(&jobs, gpus, None, &changes));
        prop_assert_eq!(a, b);
    }

    /// No node is overcommitted, nothing is lost, and every job ends once all nodes are back.
    #[test]
    fn jobs_survive_failing_nodes_and_lost_capacity(
        (layout, jobs) in worlds(150),
        (classes, estimate_s) in (1usize..5, 0i32..400),
        storms in prop::collection::vec((0i64..120, 0usize..20, 0u8..4, 0u32..=100), 1..60),
    ) {
        let mut jobs = jobs;
        for (index, job) in jobs.iter_mut().enumerate() {
            job.class = JobClass::ALL[index * classes % 3];
            job.estimate_s = estimate_s;
        }
        storm::<Easy>(&layout, &jobs, &storms, Runtimes::Known)?;
        storm::<Easy>(&layout, &jobs, &storms, Runtimes::Unknown)?;
        storm::<Easy>(&layout, &jobs, &storms, Runtimes::Estimated { kills_at_limit: false })?;
        storm::<Conservative>(&layout, &jobs, &storms, Runtimes::Known)?;
        storm::<Sjf>(&layout, &jobs, &storms, Runtimes::Known)?;
        storm::<Priority>(&layout, &jobs, &storms, Runtimes::Known)?;
    }
}

/// A policy under failing nodes and changing capacity.
fn storm<P: Policy>(
    layout: &Layout,
    jobs: &[Job],
    storms: &[(i64, usize, u8, u32)],
    runtimes: Runtimes,
) -> Result<(), TestCaseError> {
    let gpus = layout.gpus();
    let settings = Settings {
        runtimes,
        ..Settings::constant(gpus)
    };
    let mut s = Scheduler::<P>::new(SimTime::from_unix_s(0), settings);
    s.set_layout(layout);
    let (mut now, mut next) = (0, 0);
    for (gap, node, kind, share) in storms.iter().copied() {
        now += gap;
        while jobs.get(next).is_some_and(|job| job.submit_s <= now) {
            let at = SimTime::from_unix_s(jobs[next].submit_s.max(s.pool().now().as_unix_s()));
            s.advance(at, &mut ());
            s.submit(&jobs[next], &mut ());
            s.pass(&mut ());
            next += 1;
        }
        s.advance(SimTime::from_unix_s(now), &mut ());
        let node = node % s.pool().nodes();
        match kind {
            0 => s.fail_node(node, &mut ()),
            1 => s.repair_node(node),
            _ => s.set_capacity(gpus * share / 100, &mut ()),
        }
        prop_assert!(s.pool().busy() <= s.pool().capacity() && s.pool().capacity() <= gpus);
        s.assert_conserved();
        s.pass(&mut ());
        s.assert_conserved();
    }
    for node in 0..s.pool().nodes() {
        s.repair_node(node);
    }
    s.set_capacity(gpus, &mut ());
    s.pass(&mut ());
    prop_assert_eq!(s.pool().capacity(), gpus);
    s.advance(SimTime::from_unix_s(1 << 32), &mut ());
    s.assert_conserved();
    prop_assert_eq!(s.total_usage().finished as usize, next);
    Ok(())
}

fn two_nodes(placement: Placement) -> Layout {
    Layout::of_equal_nodes(16, 8, placement).expect("a sound layout")
}

#[test]
fn packing_keeps_a_node_for_the_large_and_spreading_does_not() {
    // Two gangs of 4 from second 0, then one of 8 that needs a whole node. Packed, the two share a node and the
    // third starts at once; spread, 8 GPUs are idle until the shorter of the two has ended.
    let jobs = [
        Job::new(0, 0, 4, 100),
        Job::new(1, 0, 4, 60),
        Job::new(2, 10, 8, 5),
    ];
    let packed = fast::<Easy>(&jobs, 16, Some(&two_nodes(Placement::Packing)), &[]);
    assert_eq!(packed, (vec![(0, 0), (1, 0), (2, 10)], 0));
    let spread = fast::<Easy>(&jobs, 16, Some(&two_nodes(Placement::Spreading)), &[]);
    assert_eq!(spread, (vec![(0, 0), (1, 0), (2, 60)], 8 * 50));
}

#[test]
fn a_gang_that_would_stand_in_the_way_of_the_head_waits() {
    // Node 0 is full until 100, node 1 has a gang of 4 until 50. The head needs a node and is promised second 50.
    // A gang of 4 for 60 s fits now and 4 GPUs are left over by count, but it would stand on node 1 beyond 50.
    let jobs = [
        Job::new(0, 0, 8, 100),
        Job::new(1, 0, 4, 50),
        Job::new(2, 10, 8, 10),
        Job::new(3, 20, 4, 60),
        Job::new(4, 20, 4, 30),
    ];
    let (starts, fragmented) = fast::<Easy>(&jobs, 16, Some(&two_nodes(Placement::Packing)), &[]);
    assert_eq!(starts, [(0, 0), (1, 0), (2, 50), (3, 60), (4, 20)]);
    assert_eq!(fragmented, 0);
}

#[test]
fn a_failed_node_kills_its_gangs_and_a_spare_takes_its_place() {
    let at = SimTime::from_unix_s;
    let layout = Layout::of_equal_nodes(24, 8, Placement::Packing).expect("a sound layout");
    let mut s = Scheduler::<Fcfs>::new(at(0), Settings::constant(16));
    s.set_layout(&layout);
    for (id, gpus) in [(1, 8), (2, 4), (3, 4)] {
        s.submit(
            &Job {
                checkpoint_s: 10,
                ..Job::new(id, 0, gpus, 100)
            },
            &mut (),
        );
    }
    s.pass(&mut ());
    s.advance(at(25), &mut ());
    assert_eq!(s.pool().node_of_gpu(8), Some(1));
    s.fail_node(1, &mut ());
    // Nodes 0 and 2 serve now; the two gangs of node 1 go on from their checkpoints at 20 s of work.
    assert_eq!(
        (s.pool().capacity(), s.pool().busy(), s.pool().queued()),
        (16, 8, 2)
    );
    s.pass(&mut ());
    s.advance(at(25 + 80), &mut ());
    assert_eq!(s.total_usage().lost_gpu_s(), 2.0 * 4.0 * 5.0);
    assert_eq!((s.total_usage().finished, s.pool().running()), (3, 0));
    // Without a spare a second failure costs capacity until the repair.
    s.fail_node(0, &mut ());
    assert_eq!(s.pool().capacity(), 8);
    s.repair_node(1);
    assert_eq!(s.pool().capacity(), 16);
    s.assert_conserved();
}

#[derive(Default)]
struct Kills(Vec<u64>);

impl Observer for Kills {
    fn killed(&mut self, _now: SimTime, job: &Job, _lost_gpu_s: f64) {
        self.0.push(job.id);
    }
}

#[test]
fn preemption_spares_those_whose_place_does_not_help() {
    // Spread over two nodes: 1 and 3 on node 0, 2 and 4 on node 1. A reserved gang of 8 needs one of them whole. The
    // usual order is 4, 3, 2; node 1 is empty without 3, who stands on node 0.
    let mut s = Scheduler::<Priority>::new(SimTime::from_unix_s(0), Settings::constant(16));
    s.set_layout(&two_nodes(Placement::Spreading));
    let mut kills = Kills::default();
    for (id, gpus) in [(1, 4), (2, 4), (3, 2), (4, 2)] {
        s.submit(
            &Job {
                class: JobClass::Spot,
                ..Job::new(id, 0, gpus, 100)
            },
            &mut kills,
        );
        s.pass(&mut kills);
    }
    s.submit(
        &Job {
            class: JobClass::Reserved,
            ..Job::new(5, 0, 8, 100)
        },
        &mut kills,
    );
    s.pass(&mut kills);
    kills.0.sort_unstable();
    assert_eq!(kills.0, [2, 4]);
    assert_eq!((s.pool().busy(), s.pool().queued()), (14, 2));
    s.assert_conserved();
}

#[test]
fn a_failure_drawn_among_all_gpus_kills_who_stands_on_that_node() {
    // 1 and 2 share node 0, 3 has node 1; node 2 is empty.
    let layout = Layout::of_equal_nodes(24, 8, Placement::Packing).expect("a sound layout");
    for (draw, killed) in [
        (0.0, vec![1, 2]),
        (0.3, vec![1, 2]),
        (0.34, vec![3]),
        (0.7, vec![]),
    ] {
        let mut s = Scheduler::<Easy>::new(SimTime::from_unix_s(0), Settings::constant(24));
        s.set_layout(&layout);
        let mut kills = Kills::default();
        for (id, gpus) in [(1, 4), (2, 4), (3, 8)] {
            s.submit(&Job::new(id, 0, gpus, 100), &mut kills);
        }
        s.pass(&mut kills);
        assert_eq!(s.fail(8, draw, &mut kills) as usize, killed.len());
        kills.0.sort_unstable();
        assert_eq!(kills.0, killed, "{draw}");
        // The caller then lowers the capacity by the node: nobody else is killed.
        s.set_capacity(16, &mut kills);
        assert_eq!(kills.0.len(), killed.len());
        s.assert_conserved();
    }
}
