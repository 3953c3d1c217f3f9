//! Measurements: sources that are followed or sampled, series, windows over them, ledgers.
//!
//! Nothing here knows the language: a caller says what to measure, when a block begins and ends, and which
//! function over which window it wants. "No value" is always `None` with a reason, never a 0.

pub mod aggregate;
pub mod distinct;
pub mod follow;
pub mod ledger;
pub mod receipt;
pub mod series;
pub mod sketch;
pub mod slope;
pub mod source;
pub mod window;

pub use aggregate::WindowStats;
pub use distinct::{Distinct, DistinctCount};
pub use ledger::{FirstKeys, Ledger, LedgerCounts};
pub use series::{Counter, Distribution, Gauge, Series, State};
pub use window::Window;
