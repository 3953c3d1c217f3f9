//! What tc is told: the queue of one direction, which holds packets back.
//!
//! At the root of the interface stands a queue of soak's own with two classes: one for sessions that are left alone, and one for the
//! rest, below which stands what was asked for. Taken away, the kernel's own is back.

use super::tools::{Prefix, Tool, ToolError};
use crate::kinds::link::emulator::{Impairment, PATIENCE, QUEUE_LEAST, QUEUE_TIME};
use std::fmt::Write;
use std::time::Duration;

/// Words of `degrade` that only netem knows.
pub const NETEM_WORDS: [&str; 6] = ["latency", "jitter", "burst", "duplicate", "corrupt", "reorder"];
/// The word of `degrade` that takes tbf.
pub const BANDWIDTH: &str = "bandwidth";

/// The class of what is left alone, and that of all else.
pub(super) const CLASS_EXEMPT: u16 = 1;
const CLASS: u16 = 2;
/// More than any interface carries: the classes themselves hold nothing back.
const UNLIMITED: &str = "100gbit";
/// What a class may send before it is the other's turn, in bytes.
const QUANTUM: u32 = 60_000;
/// So much of a bandwidth may come at once, in seconds of it.
const BURST_TIME: f64 = 0.01;
/// Beside the data of a packet, in bytes: its head, with tags.
const HEAD: f64 = 100.0;
/// The handle of a queue that is only tried.
const TRIED: u16 = 0x5000;
/// More packets than may be on their way.
const NETEM_LIMIT: u32 = 1_000_000;

/// What holds packets of one direction back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Queue(Impairment);

impl Queue {
    /// The queue that an impairment takes, if it takes one.
    pub fn of(impairment: &Impairment) -> Option<Queue> {
        let queue = Queue(*impairment);
        (queue.needs_netem() || impairment.bandwidth.is_some()).then_some(queue)
    }

    fn needs_netem(&self) -> bool {
        let asked = &self.0;
        let shares = [asked.duplicate, asked.corrupt, asked.reorder];
        !asked.latency.is_zero() || shares.iter().any(|share| *share > 0.0) || asked.burst.is_some()
    }

    /// Puts it below a parent, where none of soak's stands; `mtu` in bytes.
    pub fn put(&self, device: &str, parent: &str, handle: u16, mtu: u32) -> String {
        let tbf = self.0.bandwidth.map(|bandwidth| self.tbf(bandwidth, mtu));
        let at = |parent: &str, handle: u16, what: &str| {
            format!("qdisc add dev {device} {parent} handle {handle:x}: {what}\n")
        };
        match (self.needs_netem(), tbf) {
            (true, None) => at(parent, handle, &self.netem()),
            (true, Some(tbf)) => {
                at(parent, handle, &self.netem()) + &at(&format!("parent {handle:x}:1"), handle + 1, &tbf)
            }
            (false, tbf) => at(parent, handle, &tbf.unwrap_or_default()),
        }
    }

    fn tbf(&self, bandwidth: f64, mtu: u32) -> String {
        let bytes = if bandwidth >= 1.0 { bandwidth } else { 1.0 };
        let burst = (bytes * BURST_TIME).max(f64::from(mtu) + HEAD).ceil();
        let waits = self.0.queue.unwrap_or_else(|| (bytes * QUEUE_TIME.as_secs_f64()).max(QUEUE_LEAST));
        let limit = waits.max(f64::from(mtu) + HEAD).ceil();
        format!("tbf rate {}bit burst {burst}b limit {limit}b", (bytes * 8.0).round())
    }

    fn netem(&self) -> String {
        let asked = &self.0;
        let mut text = format!("netem limit {NETEM_LIMIT}");
        let percent = |share: f64| format!("{:.6}%", share * 100.0);
        let mut add = |words: String| write!(text, " {words}").expect("a String takes everything");
        let latency = if asked.latency.is_zero() && asked.reorder > 0.0 { PATIENCE } else { asked.latency };
        if !latency.is_zero() {
            add(format!("delay {}us {}us", latency.as_micros(), asked.jitter.as_micros()));
        }
        if let Some(burst) = asked.burst {
            // From the good state to the bad one, and back, so that as many are lost as was asked.
            let back = 1.0 / burst.max(1.0);
            let bad = (asked.loss * back / (1.0 - asked.loss).max(f64::EPSILON)).min(1.0);
            add(format!("loss gemodel {} {}", percent(bad), percent(back)));
        }
        for (word, share) in
            [("duplicate", asked.duplicate), ("corrupt", asked.corrupt), ("reorder", asked.reorder)]
        {
            if share > 0.0 {
                add(format!("{word} {}", percent(share)));
            }
        }
        // With a rate netem lets none overtake another.
        if !asked.jitter.is_zero() {
            add(format!("rate {UNLIMITED}"));
        }
        text
    }
}

/// Makes the queue at the root of an interface, and its classes.
pub(super) fn root(device: &str, handle: u16) -> String {
    let class = |class: u16| {
        format!(
            "class add dev {device} parent {handle:x}: classid {handle:x}:{class:x} htb rate {UNLIMITED} quantum {QUANTUM}\n"
        )
    };
    format!("qdisc add dev {device} root handle {handle:x}: htb default {CLASS:x}\n")
        + &class(CLASS_EXEMPT)
        + &class(CLASS)
}

/// Takes away what stands below a parent. Newer kernels take no netem that duplicates while another one is there, so that one
/// queue cannot replace the other at once.
pub(super) fn away(device: &str, parent: &str) -> String {
    format!("qdisc del dev {device} {parent}\n")
}

/// Where the queue that was asked for stands below the root.
pub(super) fn below_root(handle: u16) -> String {
    format!("parent {handle:x}:{CLASS:x}")
}

/// Tries the queues of a bandwidth, of both directions, where nobody is.
///
/// # Errors
/// When the kernel or the user has not what that takes.
pub fn try_bandwidth() -> Result<(), ToolError> {
    let queue = Queue(Impairment { bandwidth: Some(1e6), ..Impairment::default() });
    let orders = root("lo", TRIED) + &queue.put("lo", &below_root(TRIED), TRIED + 1, 1500);
    Tool::TC.batch(&Prefix::fresh(), &orders)?;
    Tool::IP.batch(&Prefix::fresh(), "link add name soak0 type ifb\n")
}

/// Tries netem, where nobody is.
///
/// # Errors
/// When the kernel or the user has not what that takes.
pub fn try_netem() -> Result<(), ToolError> {
    let queue = Queue(Impairment { latency: Duration::from_millis(1), ..Impairment::default() });
    Tool::TC.batch(&Prefix::fresh(), &queue.put("lo", "root", TRIED, 1500))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_impairment_has_its_queue() {
        let none = Impairment::default();
        let slow = Impairment { latency: Duration::from_millis(20), ..none };
        let cases = [
            (none, None),
            (Impairment { loss: 0.1, ..none }, None),
            (slow, Some("handle 5201: netem limit 1000000 delay 20000us 0us")),
            (
                Impairment { jitter: Duration::from_millis(5), ..slow },
                Some("handle 5201: netem limit 1000000 delay 20000us 5000us rate 100gbit"),
            ),
            (
                Impairment { loss: 0.1, burst: Some(4.0), ..none },
                Some("handle 5201: netem limit 1000000 loss gemodel 2.777778% 25.000000%"),
            ),
            (
                Impairment { duplicate: 0.01, reorder: 0.05, ..none },
                Some(
                    "handle 5201: netem limit 1000000 delay 10000us 0us duplicate 1.000000% reorder 5.000000%",
                ),
            ),
            (
                Impairment { bandwidth: Some(125_000.0), ..none },
                Some("handle 5201: tbf rate 1000000bit burst 1600b limit 32000b"),
            ),
            (
                Impairment { bandwidth: Some(12_500_000.0), queue: Some(64_000.0), ..none },
                Some("handle 5201: tbf rate 100000000bit burst 125000b limit 64000b"),
            ),
            (
                Impairment { bandwidth: Some(125_000.0), ..slow },
                Some(
                    "handle 5201: netem limit 1000000 delay 20000us 0us|qdisc add dev eth0 parent 5201:1 handle 5202: \
                     tbf rate 1000000bit burst 1600b limit 32000b",
                ),
            ),
        ];
        for (asked, expected) in cases {
            let told = Queue::of(&asked).map(|queue| queue.put("eth0", "parent 5200:2", 0x5201, 1500));
            let expected = expected
                .map(|text| format!("qdisc add dev eth0 parent 5200:2 {}\n", text.replace('|', "\n")));
            assert_eq!(told, expected, "{asked:?}");
        }
    }
}
