//! The words every later stage shares: quantities and their units, values, types, signatures, expressions.

pub mod moment;
pub mod quantity;
pub mod unit;
