//! The two ends of a proxy of datagrams, between which the emulator stands.

use std::io;
use std::net::UdpSocket;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nix::sys::epoll::EpollEvent;

use super::super::emulator::{Came, ETHERNET, End, Head, Nanos, Talkers, now};
use super::clients::Clients;
use super::door::Door;
use super::socket;

/// No datagram is larger.
const LARGEST: usize = 65_536;
/// So many are taken in together.
const BATCH: usize = 32;
/// So often those are looked for who were silent for too long.
const SWEEP: Nanos = 1_000_000_000;

/// Where clients send to, or where their datagrams go on from.
pub(super) struct DatagramEnd {
    which: Which,
    clients: Arc<Mutex<Clients>>,
    /// As the ends of a link want it, whatever becomes readable with the sockets of clients.
    watched: RawFd,
    frames: Box<[u8]>,
    lengths: [usize; BATCH],
    not_taken: u64,
}

enum Which {
    Clients { door: Door, refusing: bool, overrun: u32, swept: Nanos },
    Server,
}

/// Both ends of a proxy.
pub(super) fn ends(door: Door, clients: Clients) -> [DatagramEnd; 2] {
    let (listening, connected) = (door.socket.as_raw_fd(), clients.epoll.0.as_raw_fd());
    let clients = Arc::new(Mutex::new(clients));
    let of_clients = Which::Clients { door, refusing: false, overrun: 0, swept: now() };
    [
        DatagramEnd::new(of_clients, Arc::clone(&clients), listening),
        DatagramEnd::new(Which::Server, clients, connected),
    ]
}

impl DatagramEnd {
    fn new(which: Which, clients: Arc<Mutex<Clients>>, watched: RawFd) -> DatagramEnd {
        DatagramEnd {
            which,
            clients,
            watched,
            frames: vec![0; BATCH * (ETHERNET + LARGEST)].into(),
            lengths: [0; BATCH],
            not_taken: 0,
        }
    }
}

/// A place for a frame, in two parts: which client it belongs to, and its data.
fn place(frames: &mut [u8], at: usize) -> (&mut [u8], &mut [u8]) {
    frames[at * (ETHERNET + LARGEST)..(at + 1) * (ETHERNET + LARGEST)].split_at_mut(ETHERNET)
}

/// The bytes in front of a datagram: the client's number where Ethernet has addresses, and no protocol that anybody
/// knows.
fn mark(front: &mut [u8], number: u64) {
    front.fill(0);
    front[..8].copy_from_slice(&number.to_le_bytes());
}

/// Which client a frame belongs to, and its data.
fn parts(frame: &[u8]) -> Option<(u64, &[u8])> {
    let (front, data) = frame.split_at_checked(ETHERNET)?;
    Some((u64::from_le_bytes(*front.first_chunk()?), data))
}

fn lock(clients: &Mutex<Clients>) -> MutexGuard<'_, Clients> {
    clients.lock().unwrap_or_else(PoisonError::into_inner)
}

impl End for DatagramEnd {
    fn descriptor(&self) -> RawFd {
        self.watched
    }

    /// Datagrams came when they were taken in.
    fn stamp(&mut self, _: bool) {}

    fn receive(&mut self) -> usize {
        let mut clients = lock(&self.clients);
        let now = now();
        match &mut self.which {
            Which::Clients { door, swept, .. } => {
                if now.saturating_sub(*swept) >= SWEEP {
                    *swept = now;
                    clients.forget_idle(now);
                }
                from_clients(&door.socket, &mut clients, &mut self.frames, &mut self.lengths, now)
            }
            Which::Server => from_server(&mut clients, &mut self.frames, &mut self.lengths, now),
        }
    }

    fn came(&self, at: usize) -> Option<Came<'_>> {
        let begin = at * (ETHERNET + LARGEST);
        let frame = &self.frames[begin..begin + ETHERNET + self.lengths[at]];
        Some(Came { head: Head::default(), frame, stamp: None })
    }

    fn send(&mut self, _: &Head, frame: &[u8]) {
        let Some((number, data)) = parts(frame) else { return };
        let mut clients = lock(&self.clients);
        // Of one that was forgotten meanwhile nobody hears.
        let Some(client) = clients.get(number) else { return };
        let sent = match &self.which {
            Which::Clients { door, .. } => door.socket.send_to(data, client.address),
            // What became of an earlier datagram says nothing of this one.
            Which::Server => match client.socket.send(data) {
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => client.socket.send(data),
                sent => sent,
            },
        };
        self.not_taken += u64::from(sent.is_err());
    }

    fn flush(&mut self) {}

    fn overrun(&mut self) -> u64 {
        match &mut self.which {
            Which::Clients { door, overrun, .. } => {
                let before = std::mem::replace(overrun, socket::overrun(&door.socket));
                u64::from(overrun.wrapping_sub(before))
            }
            Which::Server => lock(&self.clients).overrun(),
        }
    }

    fn not_taken(&mut self) -> u64 {
        std::mem::take(&mut self.not_taken)
    }

    fn refuse(&mut self, refuses: bool) {
        let Which::Clients { door, refusing, .. } = &mut self.which else { return };
        if refuses != door.is_closed() {
            door.close(refuses);
        }
        if refuses {
            // Their sockets are closed too, so that the server's datagrams are refused as well.
            lock(&self.clients).forget_all();
        }
        *refusing = refuses && door.refuses();
    }

    fn talkers(&self) -> Talkers {
        let Which::Clients { refusing, .. } = &self.which else { return Talkers::default() };
        let clients = lock(&self.clients);
        Talkers { open: clients.open(), turned_away: clients.turned_away, refusing: *refusing }
    }
}

fn from_clients(
    listener: &UdpSocket,
    clients: &mut Clients,
    frames: &mut [u8],
    lengths: &mut [usize; BATCH],
    now: Nanos,
) -> usize {
    let mut count = 0;
    // Those that are turned away take a turn too, so that a flood of them leaves room for what else is due.
    for _ in 0..BATCH {
        let (front, data) = place(frames, count);
        let Ok((length, from)) = listener.recv_from(data) else { break };
        if let Some(number) = clients.number_of(from, now) {
            mark(front, number);
            lengths[count] = length;
            count += 1;
        }
    }
    count
}

fn from_server(clients: &mut Clients, frames: &mut [u8], lengths: &mut [usize; BATCH], now: Nanos) -> usize {
    let mut events = [EpollEvent::empty(); BATCH];
    let ready = clients.waiting(&mut events);
    let mut count = 0;
    for event in &events[..ready] {
        let number = event.data();
        let Some(client) = clients.get(number) else { continue };
        let (front, data) = place(frames, count);
        // What is no datagram is the network saying that nobody listens at the server; reading it takes it away.
        if let Ok(length) = client.socket.recv(data) {
            client.last = now;
            mark(front, number);
            lengths[count] = length;
            count += 1;
        }
    }
    count
}
