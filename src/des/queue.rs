//! A future-event list ordered by (time, class, sequence), with cancellation in constant time.
//!
//! The order is packed into one 128-bit number, so that a comparison is two machine instructions, and only these
//! numbers move in the heap; events wait in slots of their own. A cancelled event leaves its key behind until it
//! surfaces, or until more than half of the keys are dead, when all of them are swept out.

use crate::des::heap::KeyHeap;
use crate::time::SimTime;

/// The order among events at one instant: lower classes come first; within a class, first scheduled first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Class(pub u8);

/// Names one scheduled event, for cancelling it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    slot: u32,
    sequence: u64,
}

/// Bits of a key, from the highest: seconds from the start, class, sequence, slot.
const TIME_BITS: u32 = 48;
const SEQUENCE_BITS: u32 = 40;
const SLOT_BITS: u32 = 32;
/// Sequence numbers stay below this; at ten million events a second it lasts for thirty hours.
const SEQUENCE_END: u64 = 1 << SEQUENCE_BITS;
/// The last second that a key can hold, nine million years after the start; it stands for all later ones.
const OFFSET_LAST: u64 = (1 << TIME_BITS) - 1;
/// Fewer dead keys than this are never worth a sweep.
const SWEEP_MIN: usize = 64;

#[derive(Debug)]
struct Slot<E> {
    sequence: u64,
    event: Option<E>,
}

/// The future-event list and the clock.
///
/// Times more than 2^48 seconds (nine million years) after the start count as one instant,
/// [`SimTime::FAR_FUTURE`].
#[derive(Debug)]
pub struct EventQueue<E> {
    heap: KeyHeap,
    slots: Vec<Slot<E>>,
    free: Vec<u32>,
    start: SimTime,
    now: SimTime,
    sequence: u64,
    delivered: u64,
    dead: usize,
}

impl<E> EventQueue<E> {
    /// An empty queue whose clock stands at `start`.
    pub fn new(start: SimTime) -> Self {
        Self {
            heap: KeyHeap::new(),
            slots: Vec::new(),
            free: Vec::new(),
            start,
            now: start,
            sequence: 0,
            delivered: 0,
            dead: 0,
        }
    }
    /// The clock: the time of the last delivered event.
    pub fn now(&self) -> SimTime {
        self.now
    }
    /// How many events were delivered.
    pub fn delivered(&self) -> u64 {
        self.delivered
    }
    /// How many events wait; cancelled ones do not count.
    pub fn len(&self) -> usize {
        self.heap.len() - self.dead
    }
    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Schedules an event. The past is refused: the clock never runs back.
    pub fn schedule(&mut self, time: SimTime, class: Class, event: E) -> Token {
        assert!(
            time >= self.now,
            "an event at {time} lies before the clock at {}",
            self.now
        );
        let sequence = self.sequence;
        assert!(sequence < SEQUENCE_END, "more than 2^40 events were scheduled");
        self.sequence += 1;
        let slot = self.occupy(Slot {
            sequence,
            event: Some(event),
        });
        self.heap.push(self.key(time, class, sequence, slot));
        Token { slot, sequence }
    }
    /// Cancels an event and gives it back; `None` where it was delivered or cancelled before.
    pub fn cancel(&mut self, token: Token) -> Option<E> {
        let slot = self.slots.get_mut(token.slot as usize)?;
        if slot.sequence != token.sequence {
            return None;
        }
        let event = slot.event.take()?;
        self.dead += 1;
        if self.dead >= SWEEP_MIN && self.dead * 2 > self.heap.len() {
            self.sweep();
        }
        Some(event)
    }
    /// The time of the next event.
    pub fn next_time(&mut self) -> Option<SimTime> {
        loop {
            let key = self.heap.peek()?;
            let slot = slot_of(key);
            if self.slots[slot as usize].event.is_some() {
                return Some(self.time_of(key));
            }
            self.heap.pop();
            self.bury(slot);
        }
    }
    /// Delivers the next event and moves the clock to it.
    pub fn pop(&mut self) -> Option<(SimTime, E)> {
        loop {
            let key = self.heap.pop()?;
            let slot = slot_of(key);
            let Some(event) = self.slots[slot as usize].event.take() else {
                self.bury(slot);
                continue;
            };
            let time = self.time_of(key);
            assert!(time >= self.now, "the clock ran back from {} to {time}", self.now);
            self.now = time;
            self.delivered += 1;
            self.free.push(slot);
            return Some((time, event));
        }
    }
    fn occupy(&mut self, content: Slot<E>) -> u32 {
        if let Some(slot) = self.free.pop() {
            self.slots[slot as usize] = content;
            slot
        } else {
            self.slots.push(content);
            u32::try_from(self.slots.len() - 1).expect("fewer than 2^32 events wait at once")
        }
    }
    /// Frees the slot of a cancelled event whose key has left the heap.
    fn bury(&mut self, slot: u32) {
        self.free.push(slot);
        self.dead -= 1;
    }
    /// Takes the keys of all cancelled events out of the heap; costs as much as the cancellations that led to it.
    fn sweep(&mut self) {
        let Self {
            heap, slots, free, ..
        } = self;
        heap.retain(|key| {
            let slot = slot_of(key);
            let lives = slots[slot as usize].event.is_some();
            if !lives {
                free.push(slot);
            }
            lives
        });
        self.dead = 0;
    }
    fn key(&self, time: SimTime, class: Class, sequence: u64, slot: u32) -> u128 {
        // No overflow: `time` is not before `start`, and the difference of two `i64` fits `u64`.
        let offset = time.as_unix_s().abs_diff(self.start.as_unix_s()).min(OFFSET_LAST);
        let order = (u128::from(offset) << 8) | u128::from(class.0);
        (order << (SEQUENCE_BITS + SLOT_BITS)) | (u128::from(sequence) << SLOT_BITS) | u128::from(slot)
    }
    fn time_of(&self, key: u128) -> SimTime {
        let offset = (key >> (8 + SEQUENCE_BITS + SLOT_BITS)) as u64;
        if offset == OFFSET_LAST {
            SimTime::FAR_FUTURE
        } else {
            SimTime::from_unix_s(self.start.as_unix_s() + offset as i64)
        }
    }
}

/// The slot is the lowest part of a key, so that it never decides an order.
fn slot_of(key: u128) -> u32 {
    key as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn t(s: i64) -> SimTime {
        SimTime::from_unix_s(s)
    }

    #[test]
    fn equal_times_are_delivered_by_class_then_by_order_of_scheduling() {
        let mut queue = EventQueue::new(t(0));
        for (class, event) in [(1, "b1"), (0, "a1"), (1, "b2"), (0, "a2")] {
            queue.schedule(t(5), Class(class), event);
        }
        let order: Vec<_> = std::iter::from_fn(|| queue.pop()).map(|(_, e)| e).collect();
        assert_eq!(order, ["a1", "a2", "b1", "b2"]);
    }

    #[test]
    fn a_cancelled_event_never_comes_and_its_token_dies() {
        let mut queue = EventQueue::new(t(0));
        let token = queue.schedule(t(1), Class(0), 'x');
        queue.schedule(t(2), Class(0), 'y');
        assert_eq!(queue.cancel(token), Some('x'));
        assert_eq!(queue.cancel(token), None);
        assert_eq!(queue.pop(), Some((t(2), 'y')));
        let reused = queue.schedule(t(3), Class(0), 'z');
        assert_eq!(
            queue.cancel(token),
            None,
            "a stale token must not reach the slot's next tenant"
        );
        assert_eq!(queue.cancel(reused), Some('z'));
        assert_eq!(queue.pop(), None);
    }

    #[test]
    #[should_panic(expected = "before the clock")]
    fn the_past_is_refused() {
        let mut queue = EventQueue::new(t(10));
        queue.schedule(t(9), Class(0), ());
    }

    #[test]
    fn the_far_future_can_be_waited_for_and_comes_last() {
        let mut queue = EventQueue::new(t(1_767_225_600));
        queue.schedule(SimTime::FAR_FUTURE, Class(0), 'z');
        queue.schedule(t(1_767_225_600 + (1 << 40)), Class(255), 'a');
        assert_eq!(queue.pop(), Some((t(1_767_225_600 + (1 << 40)), 'a')));
        assert_eq!(queue.next_time(), Some(SimTime::FAR_FUTURE));
        assert_eq!(queue.pop(), Some((SimTime::FAR_FUTURE, 'z')));
        assert_eq!(queue.now(), SimTime::FAR_FUTURE);
    }

    #[test]
    fn a_clock_may_start_before_the_epoch() {
        let mut queue = EventQueue::new(t(-100));
        queue.schedule(t(-1), Class(0), 'a');
        queue.schedule(t(0), Class(0), 'b');
        assert_eq!(queue.pop(), Some((t(-1), 'a')));
        assert_eq!(queue.pop(), Some((t(0), 'b')));
    }

    #[test]
    fn an_event_that_is_put_off_a_million_times_does_not_fill_the_memory() {
        let mut queue = EventQueue::new(t(0));
        let mut token = queue.schedule(t(1), Class(0), 0);
        for time in 2..1_000_000 {
            queue.cancel(token);
            token = queue.schedule(t(time), Class(0), time);
            assert!(queue.heap.len() <= 2 * SWEEP_MIN && queue.slots.len() <= 2 * SWEEP_MIN);
        }
        assert_eq!(queue.len(), 1);
        assert_eq!(queue.pop(), Some((t(999_999), 999_999)));
    }

    /// What the queue promises, kept in a plain list.
    #[derive(Default)]
    struct Oracle(Vec<(i64, u8, u64)>);

    impl Oracle {
        fn pop(&mut self) -> Option<(i64, u8, u64)> {
            let least = *self.0.iter().min()?;
            self.0.retain(|entry| *entry != least);
            Some(least)
        }
    }

    #[derive(Debug, Clone)]
    enum Step {
        Schedule(i64, u8),
        Cancel(prop::sample::Index),
        Pop,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        // Few distinct times and classes, so that ties are the rule; many cancellations, so that sweeps occur.
        let step = prop_oneof![
            5 => (0i64..6, 0u8..3).prop_map(|(delay, class)| Step::Schedule(delay, class)),
            3 => any::<prop::sample::Index>().prop_map(Step::Cancel),
            1 => Just(Step::Pop),
        ];
        prop::collection::vec(step, 0..1_000)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn delivery_follows_time_class_and_order_of_scheduling_through_any_cancellations(steps in steps()) {
            let mut queue = EventQueue::new(t(0));
            let mut oracle = Oracle::default();
            let mut tokens = Vec::new();
            let drain = vec![Step::Pop; 1_000];
            for step in steps.into_iter().chain(drain) {
                match step {
                    Step::Schedule(delay, class) => {
                        let entry = (queue.now().as_unix_s() + delay, class, tokens.len() as u64);
                        tokens.push((queue.schedule(t(entry.0), Class(class), entry), entry));
                        oracle.0.push(entry);
                    }
                    Step::Cancel(index) if !tokens.is_empty() => {
                        let (token, entry) = *index.get(&tokens);
                        let waits = oracle.0.contains(&entry);
                        prop_assert_eq!(queue.cancel(token), waits.then_some(entry));
                        oracle.0.retain(|other| *other != entry);
                    }
                    Step::Cancel(_) => {}
                    Step::Pop => prop_assert_eq!(queue.pop().map(|(_, entry)| entry), oracle.pop()),
                }
                prop_assert_eq!(queue.len(), oracle.0.len());
                prop_assert_eq!(queue.is_empty(), oracle.0.is_empty());
            }
        }
    }
}
