//! How many TCP connections an interface has: those that end at one of its addresses.

use nix::ifaddrs::getifaddrs;
use std::collections::HashSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// TCP_ESTABLISHED in `/proc/net/tcp`, proc_net(5).
const ESTABLISHED: &str = "01";

/// Connections that are established now.
///
/// # Errors
/// When the kernel does not tell them.
pub fn count(interface: &str) -> io::Result<usize> {
    let addresses: HashSet<IpAddr> = getifaddrs()?
        .filter(|one| one.interface_name == interface)
        .filter_map(|one| {
            let address = one.address?;
            let four = address.as_sockaddr_in().map(|address| IpAddr::V4(address.ip()));
            four.or_else(|| address.as_sockaddr_in6().map(|address| IpAddr::V6(address.ip())))
        })
        .collect();
    let mut count = 0;
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        let text = match std::fs::read_to_string(table) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            text => text?,
        };
        count += text.lines().filter_map(local).filter(|address| addresses.contains(address)).count();
    }
    Ok(count)
}

/// The address on this side of an established connection.
fn local(line: &str) -> Option<IpAddr> {
    let mut words = line.split_ascii_whitespace();
    let (address, _) = words.nth(1)?.split_once(':')?;
    (words.nth(1)? == ESTABLISHED).then(|| parse(address))?
}

/// Words of four bytes, each in the machine's own order.
fn parse(text: &str) -> Option<IpAddr> {
    let mut bytes = [0_u8; 16];
    let words = text.len() / 8;
    for (place, word) in bytes.chunks_exact_mut(4).take(words).enumerate() {
        let number = u32::from_str_radix(text.get(place * 8..place * 8 + 8)?, 16).ok()?;
        word.copy_from_slice(&number.to_ne_bytes());
    }
    match words {
        1 => Some(IpAddr::V4(Ipv4Addr::new(bytes[0], bytes[1], bytes[2], bytes[3]))),
        // An IPv4 connection of a socket that takes both.
        4 => Some(Ipv6Addr::from(bytes).to_canonical()),
        _ => None,
    }
}

#[cfg(test)]
#[cfg(target_endian = "little")]
mod tests {
    use super::*;

    #[test]
    fn established_connections_are_read() {
        let cases = [
            ("0: 0100007F:1F90 00000000:0000 0A 00000000:00000000", None),
            ("1: 0100090A:C350 0200090A:0050 01 00000000:00000000", Some("10.9.0.1")),
            ("2: 0000000000000000FFFF00000100090A:0016 0:0 01 0", Some("10.9.0.1")),
            ("3: 000080FE00000000FF005450FEFFFF00:0016 0:0 01 0", Some("fe80::5054:ff:ff:fffe")),
            ("sl local_address rem_address st", None),
        ];
        for (line, expected) in cases {
            assert_eq!(local(line).map(|address| address.to_string()).as_deref(), expected, "{line}");
        }
    }
}
