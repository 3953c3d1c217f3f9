//! The clients of a proxy of datagrams, each with a socket towards the server.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

use super::super::emulator::Nanos;
use super::socket;

/// A link knows so many clients at once; datagrams of others are not taken.
pub const MOST_CLIENTS: usize = 8192;
/// A client that nothing came from or went to for so long is forgotten, and its socket closed.
pub const IDLE: Duration = Duration::from_secs(60);

/// One that sends datagrams to the link.
pub(super) struct Client {
    pub address: SocketAddr,
    /// Goes to the server.
    pub socket: UdpSocket,
    /// When something last came from it or for it.
    pub last: Nanos,
    /// What the kernel had no room for, as far as that was counted.
    overrun: u32,
}

/// All clients, by their addresses and by their numbers, which are never used twice.
pub(super) struct Clients {
    to: SocketAddr,
    /// Watches the sockets of all.
    pub epoll: Epoll,
    numbers: HashMap<SocketAddr, u64>,
    known: HashMap<u64, Client>,
    next: u64,
    /// Datagrams for whose senders there was no room.
    pub turned_away: u64,
    /// What sockets that are closed by now had no room for.
    lost: u64,
}

impl Clients {
    pub fn of(to: SocketAddr) -> io::Result<Clients> {
        Ok(Clients {
            to,
            epoll: Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?,
            numbers: HashMap::new(),
            known: HashMap::new(),
            next: 0,
            turned_away: 0,
            lost: 0,
        })
    }

    pub fn open(&self) -> usize {
        self.known.len()
    }

    /// The number of the client at an address, from which something has just come; nothing where it cannot be had.
    pub fn number_of(&mut self, address: SocketAddr, now: Nanos) -> Option<u64> {
        if let Some(number) = self.numbers.get(&address) {
            if let Some(client) = self.known.get_mut(number) {
                client.last = now;
            }
            return Some(*number);
        }
        let socket = (self.known.len() < MOST_CLIENTS).then(|| self.connected(self.next));
        let Some(Ok(socket)) = socket else {
            self.turned_away += 1;
            return None;
        };
        let number = self.next;
        self.next += 1;
        self.numbers.insert(address, number);
        self.known.insert(number, Client { address, socket, last: now, overrun: 0 });
        Some(number)
    }

    fn connected(&self, number: u64) -> io::Result<UdpSocket> {
        let socket = UdpSocket::bind(socket::any(self.to))?;
        socket.set_nonblocking(true)?;
        socket::make_room(&socket);
        socket.connect(self.to)?;
        self.epoll.add(&socket, EpollEvent::new(EpollFlags::EPOLLIN, number))?;
        Ok(socket)
    }

    pub fn get(&mut self, number: u64) -> Option<&mut Client> {
        self.known.get_mut(&number)
    }

    /// The numbers of clients for whom something has come.
    pub fn waiting(&self, events: &mut [EpollEvent]) -> usize {
        // A signal in between is as good as nothing having come: it is looked at again.
        self.epoll.wait(events, EpollTimeout::ZERO).unwrap_or(0)
    }

    /// Forgets those that were silent for too long.
    pub fn forget_idle(&mut self, now: Nanos) {
        let idle = IDLE.as_nanos() as Nanos;
        self.forget(|client| now.saturating_sub(client.last) >= idle);
    }

    /// Forgets everybody.
    pub fn forget_all(&mut self) {
        self.forget(|_| true);
    }

    fn forget(&mut self, which: impl Fn(&Client) -> bool) {
        let (numbers, lost) = (&mut self.numbers, &mut self.lost);
        self.known.retain(|_, client| {
            if !which(client) {
                return true;
            }
            numbers.remove(&client.address);
            *lost += client.newly_lost();
            // Closing a socket takes it out of what is watched.
            false
        });
    }

    /// What the kernel had no room for on the way back, since the last look.
    pub fn overrun(&mut self) -> u64 {
        std::mem::take(&mut self.lost) + self.known.values_mut().map(Client::newly_lost).sum::<u64>()
    }
}

impl Client {
    fn newly_lost(&mut self) -> u64 {
        let overrun = socket::overrun(&self.socket);
        let new = overrun.wrapping_sub(self.overrun);
        self.overrun = overrun;
        u64::from(new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_silent_is_forgotten_and_makes_room() {
        let server = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut clients = Clients::of(server.local_addr().unwrap()).unwrap();
        let address = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
        let minute = IDLE.as_nanos() as Nanos;
        let (first, second) = (clients.number_of(address(1), 0), clients.number_of(address(2), 0));
        assert_ne!(first, second);
        assert_eq!(clients.number_of(address(1), minute / 2), first);
        clients.forget_idle(minute);
        assert_eq!(clients.open(), 1);
        assert_eq!(clients.number_of(address(1), minute), first);
        assert!(clients.number_of(address(2), minute) > second);
        clients.forget_all();
        assert_eq!((clients.open(), clients.numbers.len()), (0, 0));
    }

    #[test]
    fn who_finds_no_room_is_counted() {
        // An address that no socket of this family can be connected to.
        let mut clients = Clients::of("[2001:db8::1]:9".parse().unwrap()).unwrap();
        clients.to = SocketAddr::from(([255, 255, 255, 255], 9));
        assert_eq!(clients.number_of(SocketAddr::from(([127, 0, 0, 1], 1)), 0), None);
        assert_eq!((clients.turned_away, clients.open()), (1, 0));
    }
}
