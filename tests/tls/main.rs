//! TLS as the program speaks it, with every kind that can: whole runs against servers that encrypt, real ones where there
//! are any, and against those that do it wrong. Each failure is counted under its name while the run goes on.

#![cfg(target_os = "linux")]

mod authority;
mod brokers;
#[path = "../cli_soak/mod.rs"]
mod cli_soak;
mod databases;
#[cfg(feature = "grpc")]
#[path = "../clients/serve/grpc.rs"]
#[allow(dead_code, reason = "the tests of clients serve without TLS")]
mod greeter;
#[cfg(feature = "grpc")]
mod grpc;
mod hosts;
mod http;
mod http2;
#[path = "../ports/mod.rs"]
mod ports;
mod run;
mod served;
#[path = "../database/servers.rs"]
#[allow(dead_code, reason = "the tests of databases use the rest of it")]
mod servers;
mod sources;
mod tcp;
mod websocket;
