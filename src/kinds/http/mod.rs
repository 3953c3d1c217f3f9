//! HTTP: requests to a service under test.

pub mod signature;
