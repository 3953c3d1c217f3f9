//! gRPC: calls to a service under test.

#[cfg(all(target_os = "linux", feature = "grpc"))]
pub mod client;
#[cfg(all(target_os = "linux", feature = "grpc"))]
mod connection;
#[cfg(all(target_os = "linux", feature = "grpc"))]
mod message;
pub mod signature;
#[cfg(all(target_os = "linux", feature = "grpc"))]
mod status;
