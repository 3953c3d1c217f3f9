//! gRPC: calls to a service under test.

#[cfg(all(target_os = "linux", feature = "grpc"))]
pub mod client;
#[cfg(all(target_os = "linux", feature = "grpc"))]
mod connection;
#[cfg(all(target_os = "linux", feature = "grpc"))]
mod descriptors;
#[cfg(all(target_os = "linux", feature = "grpc"))]
mod frames;
#[cfg(all(target_os = "linux", feature = "grpc"))]
mod message;
#[cfg(all(target_os = "linux", feature = "grpc"))]
mod outgoing;
#[cfg(all(target_os = "linux", feature = "grpc"))]
mod reflection;
pub mod signature;
#[cfg(all(target_os = "linux", feature = "grpc"))]
mod status;
#[cfg(all(target_os = "linux", feature = "grpc"))]
mod stream;
