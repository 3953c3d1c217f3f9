//! The name of a network interface that soak puts rules on.

/// The longest that the kernel gives one, in bytes (IFNAMSIZ without its end).
const LONGEST: usize = 15;

/// What to do where one cannot be used.
pub const INSTEAD: &str = "name one as `ip link` shows it, or declare a proxy with `listen` and `to`";

/// Why a text names no interface for soak, whatever interfaces there are.
///
/// # Errors
/// The reason.
pub fn check(name: &str) -> Result<(), &'static str> {
    match name {
        "lo" => Err("all of this machine, and soak itself, talks over the loopback interface"),
        "" => Err("it is empty"),
        _ if name.len() > LONGEST => Err("the name of an interface has at most 15 bytes"),
        _ if name.contains(|c: char| c.is_whitespace() || c.is_control() || "/:\"\\*".contains(c)) => {
            Err("no interface has such a name")
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_no_rule_can_be_about_are_refused() {
        for name in ["eth0", "wlp3s0", "br-0f9d2c1e5b7a", "eth0.100", "enx00e04c680001"] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
        for name in ["", "lo", "eth0:1", "a/b", "wlan 0", "eth*", "a-name-too-long-for-it"] {
            assert!(check(name).is_err(), "{name}");
        }
    }
}
