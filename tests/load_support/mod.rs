//! Scenarios put together by hand, and an engine that runs loads of them.

#![allow(dead_code, unused_imports, reason = "each test and benchmark that includes this uses a part of it")]

mod engine;
pub mod http2;
mod scenario;
pub mod server;

pub use engine::{Run, Seen, open, order, percentile};
pub use scenario::{
    Builder, around, binary, constant, field, list, number, pool, read, seq, size, text, texts, word,
};
