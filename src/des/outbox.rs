//! The way in which a concern schedules its own events without knowing the world's event type.

use crate::des::queue::{Class, EventQueue, Token};
use crate::time::SimTime;

/// A concern's view of the queue: what it schedules is wrapped into the world's event `W`.
#[derive(Debug)]
pub struct Outbox<'q, W> {
    queue: &'q mut EventQueue<W>,
}

impl<'q, W> Outbox<'q, W> {
    /// A view of `queue`.
    pub fn new(queue: &'q mut EventQueue<W>) -> Self {
        Self { queue }
    }
    /// The clock.
    pub fn now(&self) -> SimTime {
        self.queue.now()
    }
    /// Schedules an event of the concern.
    pub fn schedule<E: Into<W>>(&mut self, time: SimTime, class: Class, event: E) -> Token {
        self.queue.schedule(time, class, event.into())
    }
    /// Cancels an event; whether it was still waiting.
    pub fn cancel(&mut self, token: Token) -> bool {
        self.queue.cancel(token).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;

    #[derive(Debug, PartialEq)]
    enum Pump {
        Stop,
    }

    #[derive(Debug, PartialEq)]
    enum World {
        Pump(Pump),
    }

    impl From<Pump> for World {
        fn from(event: Pump) -> Self {
            Self::Pump(event)
        }
    }

    #[test]
    fn a_concern_schedules_its_own_events_and_the_world_receives_them_wrapped() {
        let mut queue = EventQueue::<World>::new(SimTime::from_unix_s(100));
        let mut outbox = Outbox::new(&mut queue);
        let soon = outbox.now() + Span::from_seconds(5);
        let token = outbox.schedule(soon, Class(0), Pump::Stop);
        outbox.schedule(soon + Span::from_seconds(1), Class(0), Pump::Stop);
        assert!(outbox.cancel(token));
        assert!(!outbox.cancel(token));
        let (time, event) = queue.pop().unwrap();
        assert_eq!((time.as_unix_s(), event), (106, World::Pump(Pump::Stop)));
    }
}
