//! Free ports for tests that run at the same time, in one process or in several.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below what the kernel hands out to outgoing connections, so that none of those takes one in between.
const FIRST: u16 = 22_000;
const COUNT: u16 = 2_000;

static NEXT: AtomicU16 = AtomicU16::new(0);

/// A port nobody listens on, and which this process gives out once. Processes start at places of their own.
pub fn free() -> u16 {
    let own = (std::process::id() % 97) as u16 * 20;
    for _ in 0..COUNT {
        let port = FIRST + (own + NEXT.fetch_add(1, Ordering::Relaxed)) % COUNT;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no port from {FIRST} on is free");
}
