//! `tcp`: whether an address takes connections.

use std::time::Duration;

use super::Sample;
use crate::kinds::host::stand::Stand;

/// An address (`host:port`) that should take connections.
#[derive(Clone, Debug)]
pub struct TcpSource {
    address: String,
    timeout: Duration,
    stand: Stand,
}

impl TcpSource {
    pub fn new(address: String, timeout: Duration) -> TcpSource {
        TcpSource { address, timeout, stand: Stand::default() }
    }

    /// The same, asked from there.
    pub fn from(self, stand: Stand) -> TcpSource {
        TcpSource { stand, ..self }
    }

    /// True once connected; false when refused or not connected in time.
    pub async fn sample(&mut self) -> Sample {
        let connected = tokio::time::timeout(self.timeout, self.stand.connect_to(&self.address)).await;
        Sample::Bool(matches!(connected, Ok(Ok(_))))
    }
}
