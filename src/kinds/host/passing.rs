//! Descriptors on their way from the helper to the run: what is asked for, and how they are passed (unix(7), SCM_RIGHTS).

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, send, sendmsg};

/// So many descriptors are passed with one message.
const TOGETHER: usize = 64;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The namespaces that are shared by all hosts, those that there are: user and mount namespace. The answer says
    /// which in two bits.
    Shared,
    /// The network namespace of a host.
    Network(u32),
    /// A socket on a host.
    Socket(u32, SocketKind),
}

/// What socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketKind {
    /// Of IPv6.
    pub v6: bool,
    /// Of datagrams instead of a stream.
    pub datagrams: bool,
}

impl Wanted {
    fn to_bytes(self) -> [u8; 6] {
        let (kind, host) = match self {
            Wanted::Shared => (0, 0),
            Wanted::Network(host) => (1, host),
            Wanted::Socket(host, kind) => (2 + u8::from(kind.v6) + 2 * u8::from(kind.datagrams), host),
        };
        let mut bytes = [kind, 0, 0, 0, 0, 0];
        bytes[2..].copy_from_slice(&host.to_ne_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Wanted> {
        let host = u32::from_ne_bytes(bytes.get(2..6)?.try_into().ok()?);
        match bytes[0] {
            0 => Some(Wanted::Shared),
            1 => Some(Wanted::Network(host)),
            kind @ 2..=5 => {
                let kind = kind - 2;
                Some(Wanted::Socket(host, SocketKind { v6: kind & 1 != 0, datagrams: kind & 2 != 0 }))
            }
            _ => None,
        }
    }
}

/// Asks for descriptors and waits for them, with the number that the answer holds.
pub(super) fn ask(channel: &OwnedFd, wanted: Wanted) -> io::Result<(u32, Vec<OwnedFd>)> {
    send(channel.as_raw_fd(), &wanted.to_bytes(), MsgFlags::MSG_NOSIGNAL)?;
    let mut answer = [0; 8];
    let mut space = nix::cmsg_space!([RawFd; TOGETHER]);
    let mut vectors = [IoSliceMut::new(&mut answer)];
    let flags = MsgFlags::MSG_CMSG_CLOEXEC;
    let came = recvmsg::<()>(channel.as_raw_fd(), &mut vectors, Some(&mut space), flags)?;
    let length = came.bytes;
    let mut descriptors = Vec::new();
    for control in came.cmsgs()? {
        if let ControlMessageOwned::ScmRights(passed) = control {
            // SAFETY: the kernel has just given these descriptors to this process, and nobody else knows them.
            descriptors.extend(passed.into_iter().map(|one| unsafe { OwnedFd::from_raw_fd(one) }));
        }
    }
    if length < answer.len() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let word = |at: usize| u32::from_ne_bytes([answer[at], answer[at + 1], answer[at + 2], answer[at + 3]]);
    match word(0) {
        0 => Ok((word(4), descriptors)),
        error => Err(Errno::from_raw(error as i32).into()),
    }
}

/// Waits for the next question; nothing when nobody asks any more.
pub(super) fn next(channel: &OwnedFd) -> Option<Wanted> {
    let mut bytes = [0; 6];
    loop {
        match nix::sys::socket::recv(channel.as_raw_fd(), &mut bytes, MsgFlags::empty()) {
            Ok(length) => return Wanted::from_bytes(&bytes[..length]),
            Err(Errno::EINTR) => {}
            Err(_) => return None,
        }
    }
}

/// Answers a question.
pub(super) fn answer(channel: &OwnedFd, answer: io::Result<(u32, Vec<impl AsFd>)>) -> io::Result<()> {
    let mut bytes = [0; 8];
    let mut passed = Vec::new();
    match &answer {
        Ok((number, descriptors)) => {
            bytes[4..].copy_from_slice(&number.to_ne_bytes());
            passed.extend(descriptors.iter().map(|one| one.as_fd().as_raw_fd()));
        }
        Err(error) => {
            let error = error.raw_os_error().unwrap_or(Errno::EIO as i32) as u32;
            bytes[..4].copy_from_slice(&error.to_ne_bytes());
        }
    }
    let rights = [ControlMessage::ScmRights(&passed)];
    let control: &[_] = if passed.is_empty() { &[] } else { &rights };
    let vectors = [IoSlice::new(&bytes)];
    sendmsg::<()>(channel.as_raw_fd(), &vectors, control, MsgFlags::MSG_NOSIGNAL, None)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_comes_as_it_was_asked() {
        let kind = |v6, datagrams| Wanted::Socket(7, SocketKind { v6, datagrams });
        let sockets = [kind(false, false), kind(true, false), kind(false, true), kind(true, true)];
        for wanted in [Wanted::Shared, Wanted::Network(300)].into_iter().chain(sockets) {
            assert_eq!(Wanted::from_bytes(&wanted.to_bytes()), Some(wanted));
        }
        assert_eq!(Wanted::from_bytes(&[9; 6]), None);
        assert_eq!(Wanted::from_bytes(&[0]), None);
    }
}
