//! The event queue in the hold model: pop the next event, schedule another a random while later.
//!
//! Beside it runs the floor, a bare `BinaryHeap` of (time, sequence) that can neither cancel nor carry an event,
//! so that the figure to read is the ratio of the two.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use repower::des::{Class, EventQueue};
use repower::time::{SimTime, Span};

/// Holds in one measured iteration.
const HOLDS: u64 = 10_000;
/// Events that wait at any time.
const PENDING: [usize; 4] = [100, 1_000, 10_000, 100_000];

/// A multiplicative generator: its cost is a fraction of a nanosecond, so the queue is what is measured.
struct Delays(u64);

impl Delays {
    fn next(&mut self) -> i64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 44) as i64
    }
}

/// An event of the size that a world has.
type Event = [u64; 3];

fn queue(c: &mut Criterion) {
    let mut group = c.benchmark_group("event_queue");
    group.throughput(Throughput::Elements(HOLDS));
    for pending in PENDING {
        group.bench_function(BenchmarkId::new("repower", pending), |bencher| {
            let mut delays = Delays(1);
            let mut queue = EventQueue::<Event>::new(SimTime::from_unix_s(0));
            for i in 0..pending {
                queue.schedule(SimTime::from_unix_s(delays.next()), Class(1), [i as u64; 3]);
            }
            bencher.iter(|| {
                for _ in 0..HOLDS {
                    let (now, event) = queue.pop().expect("every pop is followed by a schedule");
                    queue.schedule(now + Span::from_seconds(delays.next()), Class(1), event);
                }
                black_box(queue.now())
            });
        });
        group.bench_function(BenchmarkId::new("cancel_and_put_off", pending), |bencher| {
            let mut delays = Delays(1);
            let mut queue = EventQueue::<Event>::new(SimTime::from_unix_s(0));
            let mut tokens: Vec<_> = (0..pending)
                .map(|i| queue.schedule(SimTime::from_unix_s(delays.next()), Class(1), [i as u64; 3]))
                .collect();
            bencher.iter(|| {
                for _ in 0..HOLDS {
                    let chosen = delays.next() as usize % pending;
                    let event = queue.cancel(tokens[chosen]).expect("nothing is delivered here");
                    tokens[chosen] = queue.schedule(SimTime::from_unix_s(delays.next()), Class(1), event);
                }
                black_box(queue.len())
            });
        });
        group.bench_function(BenchmarkId::new("floor", pending), |bencher| {
            let mut delays = Delays(1);
            let mut sequence = pending as u64;
            let mut heap: BinaryHeap<Reverse<(i64, u64)>> =
                (0..pending as u64).map(|i| Reverse((delays.next(), i))).collect();
            bencher.iter(|| {
                for _ in 0..HOLDS {
                    let Reverse((now, _)) = heap.pop().expect("every pop is followed by a push");
                    sequence += 1;
                    heap.push(Reverse((now + delays.next(), sequence)));
                }
                black_box(heap.len())
            });
        });
    }
    group.finish();
}

criterion_group!(benches, queue);
criterion_main!(benches);
