//! Load is three values: when an iteration is due ([`arrival`]), what it does ([`iteration`]), and how that
//! is recorded ([`recorder`]). One engine, on a thread of its own, puts them together.

pub mod arrival;
mod closed;
pub mod dataset;
pub mod engine;
mod iteration;
mod open;
pub mod order;
mod pool;
pub mod recorder;
mod state;
mod stop;
