//! Whom a run may ask: this machine, its own hosts, and what the file permits. What is known only while it runs, such
//! as where a redirect leads, is held against this.

use std::collections::HashSet;
use std::net::IpAddr;

/// The hosts beyond this machine that a run may ask, by their names or addresses.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    hosts: HashSet<String>,
}

impl Reach {
    /// This machine, and these hosts.
    pub fn to(hosts: impl IntoIterator<Item = String>) -> Reach {
        Reach { hosts: hosts.into_iter().map(|host| host.to_lowercase()).collect() }
    }

    /// Whether a host may be asked. Ports are not looked at.
    pub fn allows(&self, host: &str) -> bool {
        let host = host.trim_matches(['[', ']']).to_lowercase();
        is_loopback(&host) || self.hosts.contains(&host)
    }
}

/// Whether a host, in small letters, is this machine and can be nothing else.
pub fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::Reach;

    #[test]
    fn this_machine_and_what_is_permitted_may_be_asked() {
        let reach = Reach::to(["Staging.example.com".to_string(), "10.0.0.7".to_string()]);
        for host in
            ["localhost", "api.localhost", "127.8.8.8", "::1", "[::1]", "staging.EXAMPLE.com", "10.0.0.7"]
        {
            assert!(reach.allows(host), "{host}");
        }
        for host in ["example.com", "localhost.example.com", "10.0.0.8", ""] {
            assert!(!reach.allows(host), "{host}");
        }
    }
}
