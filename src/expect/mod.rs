//! Expectations over windows, and the verdicts they come to.
//!
//! [`Judge`] is one small state machine for each qualifier. It knows no clock and no measurement: it is told
//! what the condition came to and when, and that its block has ended.

pub mod figure;
mod judge;
#[cfg(test)]
mod tests;

pub use judge::{Judge, Qualifier, Ruling, Tolerance};
