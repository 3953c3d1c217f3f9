//! Why there is no virtual network, and what to do about it.

use std::io;
use std::path::Path;

use thiserror::Error;

/// Why a virtual network cannot be had.
#[derive(Debug, Error)]
pub enum NetworkError {
    #[error("this machine does not let soak make networks of its own ({reason}): {remedy}")]
    Denied { reason: io::Error, remedy: String },
    #[error("the virtual network cannot be made: {doing}: {reason}")]
    Make { doing: String, reason: io::Error },
    #[error("the helper process of the virtual network cannot be started: {reason}")]
    Start { reason: io::Error },
    #[error("the helper process of the virtual network said nothing it should have said")]
    NoAnswer,
    /// As the helper said it.
    #[error("{0}")]
    Told(String),
    #[error(transparent)]
    Journal(#[from] crate::kinds::undo::JournalError),
    #[error("the helper process of the virtual network has ended, and with it every link between hosts")]
    Ended,
}

impl NetworkError {
    /// For what the kernel refused while the network was made.
    pub(super) fn make(doing: impl Into<String>) -> impl FnOnce(io::Error) -> NetworkError {
        let doing = doing.into();
        move |reason| match reason.raw_os_error() {
            // What a namespace of one's own would allow, and something else forbids.
            Some(EPERM | EACCES) => NetworkError::denied(reason),
            _ => NetworkError::Make { doing, reason },
        }
    }

    /// For a machine that forbids it.
    pub(super) fn denied(reason: io::Error) -> NetworkError {
        NetworkError::Denied { reason, remedy: what_to_do() }
    }
}

const EPERM: i32 = nix::errno::Errno::EPERM as i32;
const EACCES: i32 = nix::errno::Errno::EACCES as i32;

/// Switches of a machine: where each is found, the values with which it forbids, and what to do.
const SWITCHES: &[(&str, &str, &str)] = &[
    (
        "/proc/sys/user/max_user_namespaces",
        "0",
        "user namespaces are switched off; `sudo sysctl user.max_user_namespaces=15000` allows them",
    ),
    (
        "/proc/sys/user/max_net_namespaces",
        "0",
        "network namespaces are switched off; `sudo sysctl user.max_net_namespaces=15000` allows them",
    ),
    (
        "/proc/sys/user/max_mnt_namespaces",
        "0",
        "mount namespaces are switched off; `sudo sysctl user.max_mnt_namespaces=15000` allows them",
    ),
    (
        "/proc/sys/kernel/unprivileged_userns_clone",
        "0",
        "user namespaces are kept from ordinary users; `sudo sysctl kernel.unprivileged_userns_clone=1` allows them, or run soak as root",
    ),
    (
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "AppArmor keeps user namespaces from programs without a profile; `sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0` allows them, or a profile for soak with the rule `userns,`, or run soak as root",
    ),
];

/// What to do on a machine that forbids namespaces, as a sentence.
pub fn what_to_do() -> String {
    remedy(|path| std::fs::read_to_string(path).ok())
}

/// What to do, by what the machine's files say.
fn remedy(read: impl Fn(&str) -> Option<String>) -> String {
    for (path, forbids, remedy) in SWITCHES {
        if read(path).is_some_and(|value| value.trim() == *forbids) {
            return (*remedy).to_string();
        }
    }
    let container = ["/.dockerenv", "/run/.containerenv"].iter().any(|mark| Path::new(mark).exists());
    let what = if container {
        "start the container with `--security-opt seccomp=unconfined --security-opt apparmor=unconfined`, or with a profile that allows `unshare` and `mount`"
    } else {
        "allow user namespaces (`unshare --user --net true` must succeed), or run soak as root; a seccomp filter or a container around soak may forbid them"
    };
    what.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_remedy_names_the_switch_that_forbids() {
        for (path, forbids, _) in SWITCHES {
            let told = remedy(|asked| {
                Some(if asked == *path { format!("{forbids}\n") } else { "99\n".to_string() })
            });
            let name = path.rsplit('/').next().unwrap();
            assert!(told.contains(name), "{told}");
        }
        assert!(remedy(|_| None).contains("seccomp"));
    }
}
