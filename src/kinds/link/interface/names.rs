//! What soak's own rules, queues and devices of one interface are called, so that they are known again.

use crate::kinds::undo::RunId;
use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;
use std::hash::{Hash, Hasher};

/// Handles of soak's own queues begin here, and there are as many of them: the kernel makes up others from 0x8000 on.
const HANDLES: u16 = 0x5000;
const HANDLE_COUNT: u64 = 0x1000;

/// The names for one link of one run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    /// The interface.
    pub interface: String,
    /// Its nft tables, one in the family `inet` and one in `netdev`.
    pub table: String,
    /// The device that gives what comes in a queue; at most 15 bytes, as the kernel wants it.
    pub intake: String,
    /// The major number of the queue at the root of the interface.
    pub handle: u16,
}

impl Names {
    /// For the link at a place in a run's list of targets.
    pub fn of(run: &RunId, place: usize, interface: &str) -> Names {
        let mut hasher = SipHasher13::new();
        (run.as_str(), place).hash(&mut hasher);
        let hash = hasher.finish();
        let word: String = run.as_str().replace('-', "_");
        Names {
            interface: interface.to_owned(),
            table: format!("soak_{word}_{place}"),
            intake: format!("soak{:010x}", hash >> 24),
            handle: HANDLES + (hash % HANDLE_COUNT) as u16,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_the_kernel_takes_them_and_each_link_has_its_own() {
        let run = RunId::parse("0f9d2c1e-5b7a-4c3d-9e8f-001122334455").unwrap();
        let (first, second) = (Names::of(&run, 0, "eth0"), Names::of(&run, 1, "eth0"));
        assert_eq!(first.table, "soak_0f9d2c1e_5b7a_4c3d_9e8f_001122334455_0");
        assert!(first.intake.len() <= 15 && first.intake != second.intake, "{first:?}");
        assert!((0x5000..0x6000).contains(&first.handle));
    }
}
