//! Soak's own probe of an interface: an echo (RFC 792) of whom it leads to, and back.

use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::BindToDevice;
use std::ffi::OsString;
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use nix::libc;
use tokio::io::unix::AsyncFd;

const ECHO: u8 = 8;
const ECHO_REPLY: u8 = 0;
/// The head of an echo, without data.
const LENGTH: usize = 8;
/// RTF_GATEWAY in `/proc/net/route`, ATF_COM in `/proc/net/arp`.
const GATEWAY: u32 = 2;
const COMPLETE: u32 = 2;

/// Whom an interface leads to: its gateway, or else somebody whose address on it is known.
pub fn neighbour(interface: &str) -> Option<Ipv4Addr> {
    let table = |name: &str| std::fs::read_to_string(format!("/proc/net/{name}")).unwrap_or_default();
    gateway(&table("route"), interface).or_else(|| known(&table("arp"), interface))
}

fn gateway(routes: &str, interface: &str) -> Option<Ipv4Addr> {
    routes.lines().map(|line| line.split_ascii_whitespace().collect::<Vec<_>>()).find_map(|words| {
        let [device, _, gateway, flags, ..] = words.as_slice() else { return None };
        let flags = u32::from_str_radix(flags, 16).ok()?;
        let gateway = u32::from_str_radix(gateway, 16).ok()?;
        (*device == interface && flags & GATEWAY != 0).then(|| Ipv4Addr::from(gateway.to_ne_bytes()))
    })
}

fn known(neighbours: &str, interface: &str) -> Option<Ipv4Addr> {
    neighbours.lines().map(|line| line.split_ascii_whitespace().collect::<Vec<_>>()).find_map(|words| {
        let [address, _, flags, _, _, device] = words.as_slice() else { return None };
        let flags = u32::from_str_radix(flags.strip_prefix("0x")?, 16).ok()?;
        (*device == interface && flags & COMPLETE != 0).then(|| address.parse().ok())?
    })
}

/// The time that an echo takes; nothing when none came back in time.
pub async fn echo(interface: &str, whom: Ipv4Addr, patience: Duration) -> Option<Duration> {
    // SAFETY: nobody else knows the descriptor, and it is closed with the one that owns it here.
    let socket = unsafe { AsyncFd::register(open(interface).ok()?) }.ok()?;
    let sent = Instant::now();
    let sequence = send(socket.get_ref(), whom).ok()?;
    let come = async {
        loop {
            let mut ready = socket.readable().await.ok()?;
            match receive(socket.get_ref()) {
                Ok(packet) if is_reply(&packet, sequence) => return Some(sent.elapsed()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => ready.clear_ready(),
                Err(_) => return None,
            }
        }
    };
    tokio::time::timeout(patience, come).await.ok().flatten()
}

fn open(interface: &str) -> io::Result<OwnedFd> {
    let flags = libc::SOCK_RAW | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: a plain call; what it gives is checked and owned by nobody else.
    let socket = unsafe {
        let number = libc::socket(libc::AF_INET, flags, libc::IPPROTO_ICMP);
        if number < 0 {
            return Err(io::Error::last_os_error());
        }
        OwnedFd::from_raw_fd(number)
    };
    setsockopt(&socket.as_fd(), BindToDevice, &OsString::from(interface))?;
    Ok(socket)
}

/// What tells soak's own echoes from others: the number of its process, as ping(8) does it.
fn identifier() -> u16 {
    std::process::id() as u16
}

fn send(socket: &OwnedFd, whom: Ipv4Addr) -> io::Result<u16> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let sequence = NEXT.fetch_add(1, Ordering::Relaxed);
    let packet = request(identifier(), sequence);
    let address = nix::sys::socket::SockaddrIn::from(SocketAddrV4::new(whom, 0));
    nix::sys::socket::sendto(socket.as_raw_fd(), &packet, &address, nix::sys::socket::MsgFlags::empty())?;
    Ok(sequence)
}

fn request(identifier: u16, sequence: u16) -> [u8; LENGTH] {
    let (id, seq) = (identifier.to_be_bytes(), sequence.to_be_bytes());
    let mut packet = [ECHO, 0, 0, 0, id[0], id[1], seq[0], seq[1]];
    // The Internet checksum, RFC 1071.
    let words = packet.chunks_exact(2).map(|word| u32::from(u16::from_be_bytes([word[0], word[1]])));
    let sum = words.sum::<u32>();
    let folded = (sum & 0xffff) + (sum >> 16);
    let checksum = !((folded & 0xffff) + (folded >> 16)) as u16;
    packet[2..4].copy_from_slice(&checksum.to_be_bytes());
    packet
}

fn receive(socket: &OwnedFd) -> io::Result<Vec<u8>> {
    let mut buffer = vec![0; 256];
    let length =
        nix::sys::socket::recv(socket.as_raw_fd(), &mut buffer, nix::sys::socket::MsgFlags::empty())?;
    buffer.truncate(length);
    Ok(buffer)
}

/// A raw socket is given the head of the packet too, whose length is in words of four bytes.
fn is_reply(packet: &[u8], sequence: u16) -> bool {
    let Some(head) = packet.first().map(|first| usize::from(first & 0xf) * 4) else { return false };
    let wanted = [identifier().to_be_bytes(), sequence.to_be_bytes()].concat();
    packet.get(head) == Some(&ECHO_REPLY) && packet.get(head + 4..head + LENGTH) == Some(wanted.as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_leads_to_its_gateway_or_to_whom_it_knows() {
        let routes = "Iface Destination Gateway Flags RefCnt Use Metric Mask\n\
                      eth0 00000000 0100A8C0 0003 0 0 0 00000000\n\
                      wlan0 0000090A 00000000 0001 0 0 0 00FFFFFF\n";
        let neighbours = "IP address HW type Flags HW address Mask Device\n\
                          10.9.0.2 0x1 0x0 00:00:00:00:00:00 * wlan0\n\
                          10.9.0.3 0x1 0x2 02:00:00:00:00:03 * wlan0\n";
        assert_eq!(gateway(routes, "eth0"), Some(Ipv4Addr::new(192, 168, 0, 1)));
        assert_eq!(gateway(routes, "wlan0"), None);
        assert_eq!(known(neighbours, "wlan0"), Some(Ipv4Addr::new(10, 9, 0, 3)));
        assert_eq!(known(neighbours, "eth0"), None);
    }

    #[test]
    fn a_checksum_makes_all_words_one() {
        let packet = request(0xfedc, 0x1234);
        let sum: u32 =
            packet.chunks_exact(2).map(|word| u32::from(u16::from_be_bytes([word[0], word[1]]))).sum();
        assert_eq!((sum & 0xffff) + (sum >> 16), 0xffff);
    }

    #[test]
    fn only_the_answer_to_ones_own_echo_counts() {
        let mut packet = vec![0x45; 20];
        packet.extend(request(identifier(), 7));
        assert!(!is_reply(&packet, 7), "it is the question");
        packet[20] = ECHO_REPLY;
        assert!(
            is_reply(&packet, 7) && !is_reply(&packet, 8) && !is_reply(&packet[..24], 7) && !is_reply(&[], 7)
        );
    }
}
