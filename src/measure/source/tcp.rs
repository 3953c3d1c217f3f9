//! `tcp`: whether an address takes connections.

use std::time::Duration;

use tokio::net::TcpStream;

use super::Sample;

/// An address (`host:port`) that should take connections.
#[derive(Clone, Debug)]
pub struct TcpSource {
    address: String,
    timeout: Duration,
}

impl TcpSource {
    pub fn new(address: String, timeout: Duration) -> TcpSource {
        TcpSource { address, timeout }
    }

    /// True once connected; false when refused or not connected in time.
    pub async fn sample(&mut self) -> Sample {
        let connected = tokio::time::timeout(self.timeout, TcpStream::connect(&self.address)).await;
        Sample::Bool(matches!(connected, Ok(Ok(_))))
    }
}
