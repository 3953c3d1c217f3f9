//! One end of a link: a packet socket on a network card, which takes in and gives out whole Ethernet frames.

use std::io;
use std::mem;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::libc;
use nix::sys::time::TimeSpec;

use super::clock::{self, Nanos};
use super::end::{Came, End};
use super::segment::{HEAD, Head};

/// The largest frame: 64 KiB of joined packets and what stands in front.
const LARGEST: usize = 65_536 + 256;
/// So many frames are taken in together.
const BATCH: usize = 32;
/// A frame longer than this is sent by itself; shorter ones are gathered.
const SHORT: usize = 4096;
/// Room for frames that are gathered.
const GATHERED: usize = 128 << 10;
/// What the kernel may keep for us, where it lets us say so; without privileges it is some 400 KiB.
const RECEIVE_BUFFER: libc::c_int = 32 << 20;
/// Room for the time at which a frame came.
const CONTROL: usize = 64;
/// Frames are at most so old when they are taken in; what says otherwise is a clock that was set.
const OLDEST: Nanos = 1_000_000_000;

/// A packet socket with its buffers.
pub(super) struct Port {
    socket: OwnedFd,
    buffers: Box<[u8]>,
    control: Box<[[u64; CONTROL / 8]]>,
    lengths: [usize; BATCH],
    stamps: [Option<Nanos>; BATCH],
    stamped: bool,
    gathered: Vec<u8>,
    /// Where the frames in `gathered` begin and end; a head stands in front of each.
    places: Vec<(usize, usize)>,
    /// Frames that the kernel did not take, since the last look.
    refused: u64,
}

impl Port {
    /// Opens a socket on the card of that number, in the caller's network namespace.
    pub fn open(card: u32) -> io::Result<Port> {
        let protocol = (libc::ETH_P_ALL as u16).to_be();
        let kind = libc::SOCK_RAW | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
        // SAFETY: the call takes integers only.
        let socket = Errno::result(unsafe { libc::socket(libc::AF_PACKET, kind, 0) })?;
        // SAFETY: the kernel just made this descriptor, and nobody else knows it.
        let socket = unsafe { OwnedFd::from_raw_fd(socket) };
        let raw = socket.as_raw_fd();
        set(raw, libc::SOL_PACKET, libc::PACKET_VNET_HDR, 1)?;
        set(raw, libc::SOL_PACKET, libc::PACKET_IGNORE_OUTGOING, 1)?;
        // No queue of the kernel's stands between this socket and the card.
        set(raw, libc::SOL_PACKET, libc::PACKET_QDISC_BYPASS, 1)?;
        if set(raw, libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, RECEIVE_BUFFER).is_err() {
            set(raw, libc::SOL_SOCKET, libc::SO_RCVBUF, RECEIVE_BUFFER)?;
        }
        // SAFETY: all zeros are a valid address of this kind.
        let mut address: libc::sockaddr_ll = unsafe { mem::zeroed() };
        address.sll_family = libc::AF_PACKET as u16;
        address.sll_protocol = protocol;
        address.sll_ifindex = card as i32;
        let length = mem::size_of::<libc::sockaddr_ll>() as u32;
        // SAFETY: the address is one of packet(7) and as long as is said.
        Errno::result(unsafe { libc::bind(raw, (&raw const address).cast(), length) })?;
        Ok(Port {
            socket,
            buffers: vec![0; BATCH * LARGEST].into(),
            control: vec![[0; CONTROL / 8]; BATCH].into(),
            lengths: [0; BATCH],
            stamps: [None; BATCH],
            stamped: false,
            gathered: Vec::with_capacity(GATHERED),
            places: Vec::with_capacity(BATCH),
            refused: 0,
        })
    }

    fn send_now(&mut self, head: &Head, frame: &[u8]) {
        let vectors = [
            libc::iovec { iov_base: head.0.as_ptr().cast_mut().cast(), iov_len: HEAD },
            libc::iovec { iov_base: frame.as_ptr().cast_mut().cast(), iov_len: frame.len() },
        ];
        // SAFETY: both vectors point to memory of their length, which sending only reads.
        let sent = unsafe { libc::writev(self.descriptor(), vectors.as_ptr(), 2) };
        self.refused += u64::from(sent < 0);
    }
}

impl End for Port {
    fn descriptor(&self) -> RawFd {
        self.socket.as_raw_fd()
    }

    fn stamp(&mut self, wanted: bool) {
        if wanted != self.stamped {
            // Where it does not, they came when they were taken in.
            let done = set(self.descriptor(), libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, i32::from(wanted));
            self.stamped = wanted && done.is_ok();
        }
    }

    fn receive(&mut self) -> usize {
        let mut vectors: [libc::iovec; BATCH] = std::array::from_fn(|at| libc::iovec {
            iov_base: self.buffers[at * LARGEST..].as_mut_ptr().cast(),
            iov_len: LARGEST,
        });
        // SAFETY: all zeros are a valid message header: nothing to write to.
        let mut messages: [libc::mmsghdr; BATCH] = unsafe { mem::zeroed() };
        for (at, message) in messages.iter_mut().enumerate() {
            message.msg_hdr.msg_iov = &raw mut vectors[at];
            message.msg_hdr.msg_iovlen = 1;
            if self.stamped {
                message.msg_hdr.msg_control = self.control[at].as_mut_ptr().cast();
                message.msg_hdr.msg_controllen = CONTROL as _;
            }
        }
        // SAFETY: every header points to buffers of the length it says, which live until this function ends.
        let count = unsafe {
            libc::recvmmsg(
                self.descriptor(),
                messages.as_mut_ptr(),
                BATCH as u32,
                libc::MSG_DONTWAIT as _,
                std::ptr::null_mut(),
            )
        };
        // Nothing has come, or the card is gone, with which nothing will.
        let count = usize::try_from(count).unwrap_or(0);
        for (at, message) in messages.iter().take(count).enumerate() {
            self.lengths[at] = message.msg_len as usize;
            self.stamps[at] = if self.stamped { stamp(&message.msg_hdr) } else { None };
        }
        count
    }

    fn came(&self, at: usize) -> Option<Came<'_>> {
        let bytes = &self.buffers[at * LARGEST..at * LARGEST + self.lengths[at]];
        let (head, frame) = bytes.split_first_chunk::<HEAD>()?;
        Some(Came { head: Head(*head), frame, stamp: self.stamps[at] })
    }

    fn send(&mut self, head: &Head, frame: &[u8]) {
        if frame.len() > SHORT {
            self.flush();
            self.send_now(head, frame);
            return;
        }
        if self.gathered.len() + HEAD + frame.len() > GATHERED || self.places.len() == BATCH {
            self.flush();
        }
        let begin = self.gathered.len();
        self.gathered.extend_from_slice(&head.0);
        self.gathered.extend_from_slice(frame);
        self.places.push((begin, self.gathered.len()));
    }

    fn flush(&mut self) {
        let mut done = 0;
        while done < self.places.len() {
            let mut vectors: [libc::iovec; BATCH] = std::array::from_fn(|at| {
                let (begin, end) = self.places.get(done + at).copied().unwrap_or((0, 0));
                libc::iovec {
                    iov_base: self.gathered[begin..].as_ptr().cast_mut().cast(),
                    iov_len: end - begin,
                }
            });
            // SAFETY: all zeros are a valid message header: nothing to send.
            let mut messages: [libc::mmsghdr; BATCH] = unsafe { mem::zeroed() };
            for (at, message) in messages.iter_mut().enumerate() {
                message.msg_hdr.msg_iov = &raw mut vectors[at];
                message.msg_hdr.msg_iovlen = 1;
            }
            let count = (self.places.len() - done).min(BATCH) as u32;
            let (socket, wait) = (self.descriptor(), libc::MSG_DONTWAIT as _);
            // SAFETY: every header points to memory of the length it says, which sending only reads.
            let sent = unsafe { libc::sendmmsg(socket, messages.as_mut_ptr(), count, wait) };
            // One that the kernel does not take is lost, as it would be on a card that is too busy.
            self.refused += u64::from(sent <= 0);
            done += usize::try_from(sent).unwrap_or(0).max(1);
        }
        self.places.clear();
        self.gathered.clear();
    }

    fn overrun(&mut self) -> u64 {
        let mut statistics = [0_u32; 2];
        let mut length = mem::size_of_val(&statistics) as u32;
        // SAFETY: the kernel writes at most `length` bytes, which is what there is.
        let answer = unsafe {
            libc::getsockopt(
                self.descriptor(),
                libc::SOL_PACKET,
                libc::PACKET_STATISTICS,
                statistics.as_mut_ptr().cast(),
                &mut length,
            )
        };
        if answer == 0 { u64::from(statistics[1]) } else { 0 }
    }

    fn not_taken(&mut self) -> u64 {
        mem::take(&mut self.refused)
    }
}

fn set(socket: RawFd, level: libc::c_int, option: libc::c_int, value: libc::c_int) -> io::Result<()> {
    let length = mem::size_of_val(&value) as u32;
    // SAFETY: the value is as long as is said and is only read.
    let answer = unsafe { libc::setsockopt(socket, level, option, (&raw const value).cast(), length) };
    Ok(Errno::result(answer).map(drop)?)
}

/// When a frame came, by the kernel's own note.
fn stamp(header: &libc::msghdr) -> Option<Nanos> {
    // SAFETY: the kernel has written the header and the control message it points to, which are both alive.
    let note = unsafe { libc::CMSG_FIRSTHDR(header).as_ref()? };
    if (note.cmsg_level, note.cmsg_type) != (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) {
        return None;
    }
    // SAFETY: a control message of this type holds a timespec, at whatever alignment.
    let time = unsafe { std::ptr::read_unaligned(libc::CMSG_DATA(note).cast::<libc::timespec>()) };
    Some(clock::moment_of(TimeSpec::from(time), OLDEST))
}
