//! What the kernel is asked about sockets of datagrams.

use std::mem;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;

use nix::libc;
use nix::sys::socket::{setsockopt, sockopt};

/// What the kernel may keep for us, where it lets us say so.
const RECEIVE_BUFFER: usize = 4 << 20;
/// The place of the count of lost datagrams in what the kernel tells (`SK_MEMINFO_DROPS`, linux/sock_diag.h).
const DROPS: usize = 8;

/// Any address of the same family as another one, with any port.
pub(super) fn any(like: SocketAddr) -> SocketAddr {
    match like {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    }
}

/// Makes room for datagrams that come while soak has no turn on the processor.
pub(super) fn make_room(socket: &UdpSocket) {
    // Privileged programs may have more than the system's limit; where neither is granted, the usual room is there.
    if setsockopt(socket, sockopt::RcvBufForce, &RECEIVE_BUFFER).is_err() {
        let _ = setsockopt(socket, sockopt::RcvBuf, &RECEIVE_BUFFER);
    }
}

/// Datagrams that came and for which there was no room, since the socket was made.
pub(super) fn overrun(socket: &UdpSocket) -> u32 {
    let mut told = [0_u32; DROPS + 1];
    let mut length = mem::size_of_val(&told) as libc::socklen_t;
    // SAFETY: the kernel writes at most `length` bytes, which is what there is.
    let answer = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_MEMINFO,
            told.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    if answer == 0 { told[DROPS] } else { 0 }
}
