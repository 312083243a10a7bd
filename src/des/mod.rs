//! The event kernel: a clock, a queue with a stable order, cancellable events, an outbox. Domain-free.

mod heap;
pub mod outbox;
pub mod queue;

pub use outbox::Outbox;
pub use queue::{Class, EventQueue, Token};
