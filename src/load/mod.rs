//! Load is three values: when an iteration is due ([`arrival`]), what it does ([`iteration`]), and how that
//! is recorded ([`recorder`]). One engine, on a thread of its own, puts them together.

pub mod arrival;
mod closed;
pub mod dataset;
pub mod effort;
pub mod engine;
pub mod interval_log;
mod iteration;
pub mod kept;
mod open;
pub mod order;
mod pool;
pub mod recorder;
mod state;
mod stop;
