//! Regular series out of files: bounded text rows with places, gaps by stated policy, whole weeks redrawn.
//!
//! Domain-free (layer 1): `market` and `cooling` read prices and weather through it, so that limits, messages and
//! gap repairs are the same everywhere. Opens no files; callers hand in anything that implements `Read`.

pub mod axis;
pub mod gaps;
pub mod hourly;
pub mod rows;
pub mod weeks;

pub use axis::HourAxis;
pub use gaps::{GapPolicy, Laid, Repairs, Stamp, lay};
pub use hourly::HourlyRows;
pub use rows::{CsvRows, ReadError, Row, parse_instant};
pub use weeks::{BaseSpan, WeekMap};
