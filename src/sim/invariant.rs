//! What must always hold, asserted in release builds: energy at every meter, GPU-hours, jobs, postings, the clock.
//!
//! A broken invariant is our fault, never the user's: it stops the replication with a [`Broken`] as the panic's
//! payload, to which the experiment adds seed and replication.

use crate::time::SimTime;

/// An invariant that did not hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Broken {
    /// Which.
    pub what: &'static str,
    /// Where: a site, a hall, a tenant.
    pub subject: String,
    /// When.
    pub time: SimTime,
    /// One side of the balance.
    pub left: f64,
    /// The other side.
    pub right: f64,
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            what,
            subject,
            time,
            left,
            right,
        } = self;
        write!(f, "{what} at {subject}, {time}: {left} against {right}")
    }
}

/// Faults that tests plant, to see that the invariants catch them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[doc(hidden)]
pub enum Fault {
    /// An energy term is left out of the meter.
    EnergyTerm,
    /// A posting reaches only one account.
    Posting,
    /// GPU-hours are counted twice.
    GpuHours,
    /// A job is forgotten.
    Job,
    /// Bill lines lose a line.
    Bill,
    /// An event is scheduled in the past.
    Clock,
    /// The end of a stage is written a day late.
    StageDate,
}

/// Relative tolerance of balances.
pub const TOLERANCE: f64 = 1e-9;

/// Requires two figures to be equal within [`TOLERANCE`] of `scale`, the gross of what was added up.
pub fn equal(what: &'static str, subject: &str, time: SimTime, sides: (f64, f64), scale: f64) {
    let (left, right) = sides;
    // Written so that a NaN on either side fails.
    let holds = (left - right).abs() <= TOLERANCE * scale.abs().max(1.0);
    if !holds {
        fail(what, subject, time, left, right);
    }
}

/// Requires `left <= right` within [`TOLERANCE`] of the right-hand side.
pub fn at_most(what: &'static str, subject: &str, time: SimTime, left: f64, right: f64) {
    let holds = left <= right + TOLERANCE * right.abs().max(1.0);
    if !holds {
        fail(what, subject, time, left, right);
    }
}

fn fail(what: &'static str, subject: &str, time: SimTime, left: f64, right: f64) -> ! {
    std::panic::panic_any(Broken {
        what,
        subject: subject.to_owned(),
        time,
        left,
        right,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caught(work: impl FnOnce() + std::panic::UnwindSafe) -> Option<Broken> {
        std::panic::catch_unwind(work)
            .err()
            .and_then(|e| e.downcast::<Broken>().ok())
            .map(|b| *b)
    }

    #[test]
    fn a_balance_that_is_off_says_by_how_much_and_nan_never_balances() {
        let t = SimTime::from_unix_s(0);
        assert!(caught(|| equal("energy", "s", t, (100.0, 100.0 + 1e-8), 100.0)).is_none());
        let broken = caught(|| equal("energy", "s", t, (100.0, 101.0), 100.0)).unwrap();
        assert_eq!((broken.left, broken.right), (100.0, 101.0));
        assert!(
            broken
                .to_string()
                .contains("energy at s, 1970-01-01T00:00:00Z: 100 against 101")
        );
        assert!(caught(|| equal("energy", "s", t, (f64::NAN, 1.0), 1.0)).is_some());
        assert!(caught(|| at_most("limit", "s", t, f64::NAN, 1.0)).is_some());
    }
}
