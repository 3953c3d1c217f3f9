//! The way somebody came in over: SSH sessions, which faults of an interface leave alone.
//!
//! A rule that cuts off the one who made it cannot be taken back by them. Sessions are told by `SSH_CONNECTION`, which sshd sets, in
//! the environment of soak and of what it was started by: `sudo` takes it away, its parent still has it.

use crate::kinds::undo::ProcessEntry;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// More ancestors than any process has.
const MOST_ANCESTORS: usize = 64;

/// Whom a session is with, and the port here that it came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Session {
    pub from: IpAddr,
    pub port: u16,
}

/// The sessions that this process runs in.
pub fn sessions() -> BTreeSet<Session> {
    let own = nix::unistd::getpid().as_raw();
    let ancestors = std::iter::successors(Some(own), |pid| {
        ProcessEntry::read(*pid).map(|entry| entry.parent).filter(|parent| *parent > 0)
    });
    ancestors.take(MOST_ANCESTORS).filter_map(|pid| session(&environment(pid))).collect()
}

fn environment(pid: i32) -> Vec<u8> {
    std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default()
}

/// `SSH_CONNECTION` is the client's address and port, then the server's, ssh(1).
fn session(environment: &[u8]) -> Option<Session> {
    let entry =
        environment.split(|byte| *byte == 0).find_map(|entry| entry.strip_prefix(b"SSH_CONNECTION="))?;
    let mut words = std::str::from_utf8(entry).ok()?.split(' ');
    // Of an address of a link its zone does not matter.
    let from = words.next()?.split('%').next()?.parse().ok()?;
    let port = words.nth(2)?.parse().ok()?;
    Some(Session { from, port })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_told_by_what_sshd_sets() {
        let of = |text: &str| {
            session(text.replace('|', "\0").as_bytes()).map(|one| (one.from.to_string(), one.port))
        };
        let cases = [
            ("A=1|SSH_CONNECTION=10.0.0.7 51544 10.0.0.1 22|B=2|", Some(("10.0.0.7".into(), 22))),
            ("SSH_CONNECTION=fe80::1%eth0 51544 fe80::2%eth0 2222", Some(("fe80::1".into(), 2222))),
            ("SSH_CONNECTION=UNKNOWN 65535 UNKNOWN 65535", None),
            ("SSH_CONNECTION=10.0.0.7 51544", None),
            ("NOT_SSH_CONNECTION=10.0.0.7 1 10.0.0.1 22", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(of(text), expected, "{text}");
        }
    }
}
