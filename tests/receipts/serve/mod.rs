//! Servers of the cases: a shop over HTTP, and a WebSocket that hands messages on.

mod hub;
mod shop;

/// Serves until it is killed.
pub fn serve(what: &str, address: &str) {
    match what {
        "shop" => shop::serve(address),
        "hub" => hub::serve(address),
        other => panic!("there is no server {other}"),
    }
}
