//! The words every later stage shares: quantities and their units, values, types, signatures, expressions.

pub mod call;
pub mod declare;
pub mod demand;
pub mod eval;
pub mod expr;
pub mod function;
pub mod json;
pub mod mask;
pub mod moment;
pub mod operator;
pub mod pattern;
pub mod profile;
pub mod quantity;
pub mod reading;
pub mod receipt;
pub mod row;
pub mod search;
pub mod signature;
pub mod types;
pub mod unit;
pub mod value;
#[cfg(target_os = "linux")]
pub mod wakeup;
pub mod words;
