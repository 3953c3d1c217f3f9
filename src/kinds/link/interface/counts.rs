//! What the kernel counted: nft by rule, tc by queue, and the interface itself by what passed.

use super::rules::{COUNTED, counter};
use super::tools::{Prefix, Tool, ToolError};
use crate::kinds::link::emulator::{Side, Tally};
use serde_json::Value;
use std::io;

/// Packets and bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub packets: u64,
    pub bytes: u64,
}

/// What a queue dropped since it was put there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Dropped {
    /// By chance.
    pub lost: u64,
    /// For want of room.
    pub overflowed: u64,
}

/// What nft counted under the latest conditions, outwards and inwards.
pub(super) struct RuleCounts(Value);

impl RuleCounts {
    /// Reads the counters of a table.
    pub fn read(prefix: &Prefix, table: &str) -> Result<RuleCounts, ToolError> {
        let told = Tool::NFT.ask(prefix, &["-j", "list", "counters", "table", "inet", table])?;
        Ok(RuleCounts(serde_json::from_str(&told).unwrap_or_default()))
    }

    /// What was counted under one condition.
    pub fn under(&self, generation: u64) -> [Tally; 2] {
        [Side::Up, Side::Down].map(|side| {
            let [passed, lost, silenced, refused] =
                COUNTED.map(|what| named(&self.0, &counter(side, what, generation)));
            Tally {
                offered: passed.packets + lost.packets,
                packets: passed.packets,
                bytes: passed.bytes,
                lost: lost.packets,
                silenced: silenced.packets,
                refused: refused.packets,
                ..Tally::default()
            }
        })
    }
}

fn named(told: &Value, name: &str) -> Count {
    let items = told["nftables"].as_array().into_iter().flatten();
    let counter = items.map(|item| &item["counter"]).find(|counter| counter["name"] == name);
    counter.map_or_else(Count::default, |counter| Count {
        packets: counter["packets"].as_u64().unwrap_or_default(),
        bytes: counter["bytes"].as_u64().unwrap_or_default(),
    })
}

/// What soak's queues on a device dropped: those from a handle on.
pub(super) fn of_queue(prefix: &Prefix, device: &str, handle: u16) -> Result<Dropped, ToolError> {
    let told = Tool::TC.ask(prefix, &["-s", "-j", "qdisc", "show", "dev", device])?;
    Ok(dropped(&told, handle))
}

fn dropped(told: &str, handle: u16) -> Dropped {
    let told: Value = serde_json::from_str(told).unwrap_or_default();
    let queues = || told.as_array().into_iter().flatten();
    let of = |handle: u16, kind: &str| {
        let handle = format!("{handle:x}:");
        let found = queues().find(|queue| queue["handle"] == handle.as_str() && queue["kind"] == kind);
        found.and_then(|queue| queue["drops"].as_u64())
    };
    let below = of(handle + 1, "tbf").unwrap_or_default();
    Dropped {
        // What the queue below netem does not take counts with netem too.
        lost: of(handle, "netem").unwrap_or_default().saturating_sub(below),
        overflowed: below + of(handle, "tbf").unwrap_or_default(),
    }
}

/// The queue at the root of a device: its kind and handle, where it is not one that the kernel puts there by itself.
pub(super) fn root(prefix: &Prefix, device: &str) -> Result<Option<(String, String)>, ToolError> {
    let told = Tool::TC.ask(prefix, &["-j", "qdisc", "show", "dev", device])?;
    Ok(configured_root(&told))
}

fn configured_root(told: &str) -> Option<(String, String)> {
    let told: Value = serde_json::from_str(told).unwrap_or_default();
    let root = told.as_array()?.iter().find(|queue| queue["root"] == true)?;
    let (kind, handle) = (root["kind"].as_str()?, root["handle"].as_str()?);
    (handle != "0:").then(|| (kind.to_owned(), handle.to_owned()))
}

/// What passed through an interface since it was made, outwards and inwards.
///
/// # Errors
/// When there is no such interface any more.
pub(super) fn of_device(device: &str) -> io::Result<[Count; 2]> {
    let text = std::fs::read_to_string("/proc/net/dev")?;
    passed(&text, device).ok_or_else(|| io::ErrorKind::NotFound.into())
}

/// Bytes and packets come first, and as many columns of what went out behind eight of what came in, proc_net(5).
fn passed(text: &str, device: &str) -> Option<[Count; 2]> {
    let line = text.lines().find_map(|line| line.trim_start().strip_prefix(device)?.strip_prefix(':'))?;
    let numbers: Vec<u64> = line.split_ascii_whitespace().map_while(|word| word.parse().ok()).collect();
    let at = |place: usize| Some(Count { bytes: *numbers.get(place)?, packets: *numbers.get(place + 1)? });
    Some([at(8)?, at(0)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_of_rules_are_read() {
        let told = r#"{"nftables": [{"metainfo": {"version": "1.0.6"}},
            {"counter": {"family": "inet", "name": "up_passed_4", "table": "t", "handle": 1, "packets": 90, "bytes": 9000}},
            {"counter": {"family": "inet", "name": "up_lost_4", "table": "t", "handle": 2, "packets": 10, "bytes": 1000}},
            {"counter": {"family": "inet", "name": "down_silenced_5", "table": "t", "handle": 3, "packets": 4, "bytes": 1}}]}"#;
        let up = Tally { offered: 100, packets: 90, bytes: 9000, lost: 10, ..Tally::default() };
        let counts = RuleCounts(serde_json::from_str(told).unwrap());
        let silenced = Tally { silenced: 4, ..Tally::default() };
        assert_eq!(counts.under(4), [up, Tally::default()]);
        assert_eq!(counts.under(5), [Tally::default(), silenced]);
    }

    #[test]
    fn what_a_queue_dropped_is_read() {
        let told = r#"[{"kind": "htb", "handle": "5200:", "root": true, "drops": 7},
            {"kind": "netem", "handle": "5201:", "parent": "5200:2", "drops": 12},
            {"kind": "tbf", "handle": "5202:", "parent": "5201:1", "drops": 5},
            {"kind": "tbf", "handle": "5301:", "parent": "5200:2", "drops": 3}]"#;
        assert_eq!(dropped(told, 0x5201), Dropped { lost: 7, overflowed: 5 });
        assert_eq!(dropped(told, 0x5301), Dropped { lost: 0, overflowed: 3 });
        assert_eq!(dropped(told, 0x5401), Dropped::default());
        assert_eq!(configured_root(told), Some(("htb".into(), "5200:".into())));
        assert_eq!(configured_root(r#"[{"kind": "mq", "handle": "0:", "root": true}]"#), None);
    }

    #[test]
    fn what_passed_an_interface_is_read() {
        let text = "Inter-| Receive | Transmit\n face |bytes packets\n    lo: 1 2 0 0 0 0 0 0 1 2 0 0 0 0 0 0\n  eth0:500 6 0 0 0 0 0 0 700 8 0 0 0 0 0 0\n";
        let count = |bytes, packets| Count { packets, bytes };
        assert_eq!(passed(text, "eth0"), Some([count(700, 8), count(500, 6)]));
        assert_eq!(passed(text, "eth"), None);
    }
}
