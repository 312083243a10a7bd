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
