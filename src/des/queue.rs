//! A future-event list ordered by (time, class, sequence), with cancellation in constant time.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Key {
    time: SimTime,
    class: Class,
    sequence: u64,
    slot: u32,
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        // Reversed, because the heap gives its greatest entry first.
        (other.time, other.class, other.sequence).cmp(&(self.time, self.class, self.sequence))
    }
}
impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[derive(Debug)]
struct Slot<E> {
    sequence: u64,
    event: Option<E>,
}

/// The future-event list and the clock.
#[derive(Debug)]
pub struct EventQueue<E> {
    heap: BinaryHeap<Key>,
    slots: Vec<Slot<E>>,
    free: Vec<u32>,
    sequence: u64,
    now: SimTime,
    delivered: u64,
}

impl<E> EventQueue<E> {
    /// An empty queue whose clock stands at `start`.
    pub fn new(start: SimTime) -> Self {
        Self {
            heap: BinaryHeap::new(),
            slots: Vec::new(),
            free: Vec::new(),
            sequence: 0,
            now: start,
            delivered: 0,
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
    /// How many events wait, cancelled ones that have not surfaced included.
    pub fn len(&self) -> usize {
        self.heap.len()
    }
    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }
    /// Schedules an event. The past is refused: the clock never runs back.
    pub fn schedule(&mut self, time: SimTime, class: Class, event: E) -> Token {
        assert!(
            time >= self.now,
            "an event at {time} lies before the clock at {}",
            self.now
        );
        let sequence = self.sequence;
        self.sequence += 1;
        let content = Slot {
            sequence,
            event: Some(event),
        };
        let slot = if let Some(slot) = self.free.pop() {
            self.slots[slot as usize] = content;
            slot
        } else {
            self.slots.push(content);
            u32::try_from(self.slots.len() - 1).expect("fewer than 2^32 events wait at once")
        };
        self.heap.push(Key {
            time,
            class,
            sequence,
            slot,
        });
        Token { slot, sequence }
    }
    /// Cancels an event and gives it back; `None` where it was delivered or cancelled before.
    pub fn cancel(&mut self, token: Token) -> Option<E> {
        let slot = self.slots.get_mut(token.slot as usize)?;
        if slot.sequence == token.sequence {
            slot.event.take()
        } else {
            None
        }
    }
    /// The time of the next event.
    pub fn next_time(&mut self) -> Option<SimTime> {
        self.drop_cancelled();
        self.heap.peek().map(|key| key.time)
    }
    /// Delivers the next event and moves the clock to it.
    pub fn pop(&mut self) -> Option<(SimTime, E)> {
        self.drop_cancelled();
        let key = self.heap.pop()?;
        assert!(
            key.time >= self.now,
            "the clock ran back from {} to {}",
            self.now,
            key.time
        );
        self.now = key.time;
        self.delivered += 1;
        self.free.push(key.slot);
        let event = self.slots[key.slot as usize].event.take();
        Some((key.time, event.expect("cancelled events were dropped above")))
    }
    fn drop_cancelled(&mut self) {
        while let Some(key) = self.heap.peek() {
            if self.slots[key.slot as usize].event.is_some() {
                return;
            }
            self.free.push(key.slot);
            self.heap.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
