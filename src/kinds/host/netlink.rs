//! The few requests of rtnetlink(7) that a virtual network takes: pairs of network cards, addresses, routes, neighbours.

use std::io;
use std::net::IpAddr;
use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, send, socket};

const HEADER: usize = 16;
const ACKNOWLEDGED: u16 = (libc::NLM_F_REQUEST | libc::NLM_F_ACK) as u16;
const CREATE: u16 = (libc::NLM_F_CREATE | libc::NLM_F_EXCL) as u16;

// linux/veth.h and linux/if_link.h; libc has no names for these.
const VETH_INFO_PEER: u16 = 1;
const IFLA_INET6_ADDR_GEN_MODE: u16 = 8;
const IN6_ADDR_GEN_MODE_NONE: u8 = 1;
// linux/rtnetlink.h
const RTNH_F_ONLINK: u32 = 4;

/// The address of a network card.
pub(super) type Mac = [u8; 6];

/// A connection to the network part of the kernel, in the namespace in which it was opened.
pub(super) struct Netlink {
    socket: OwnedFd,
    sequence: u32,
}

/// One of the two cards of a pair.
pub(super) struct Card<'a> {
    pub name: &'a str,
    pub mac: Mac,
    pub mtu: u32,
}

impl Netlink {
    /// Opens it in the caller's network namespace.
    pub fn open() -> io::Result<Netlink> {
        let kind =
            (AddressFamily::Netlink, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::NetlinkRoute);
        Ok(Netlink { socket: socket(kind.0, kind.1, kind.2, kind.3)?, sequence: 0 })
    }

    /// Makes two cards of which each is the other's cable: one here, one in another namespace.
    pub fn pair(&mut self, here: &Card<'_>, there: &Card<'_>, namespace: &OwnedFd) -> io::Result<()> {
        let mut message = Message::new(libc::RTM_NEWLINK, CREATE);
        message.raw(&[0; 16]);
        card(&mut message, here);
        message.nest(libc::IFLA_LINKINFO, |message| {
            message.attribute(libc::IFLA_INFO_KIND, b"veth");
            message.nest(libc::IFLA_INFO_DATA, |message| {
                message.nest(VETH_INFO_PEER, |message| {
                    message.raw(&[0; 16]);
                    card(message, there);
                    let descriptor = namespace.as_raw_fd().to_ne_bytes();
                    message.attribute(libc::IFLA_NET_NS_FD, &descriptor);
                });
            });
        });
        self.ask(message)
    }

    /// Switches a card on.
    pub fn up(&mut self, card: u32) -> io::Result<()> {
        let mut message = Message::new(libc::RTM_NEWLINK, 0);
        let up = libc::IFF_UP as u32;
        message.raw(&[0; 4]).raw(&card.to_ne_bytes()).raw(&up.to_ne_bytes()).raw(&up.to_ne_bytes());
        self.ask(message)
    }

    /// Keeps a card from giving itself an IPv6 address, and so from saying anything that nobody asked for.
    pub fn quiet(&mut self, card: u32) -> io::Result<()> {
        let mut message = Message::new(libc::RTM_NEWLINK, 0);
        message.raw(&[0; 4]).raw(&card.to_ne_bytes()).raw(&[0; 8]);
        message.nest(libc::IFLA_AF_SPEC, |message| {
            message.nest(libc::AF_INET6 as u16, |message| {
                message.attribute(IFLA_INET6_ADDR_GEN_MODE, &[IN6_ADDR_GEN_MODE_NONE]);
            });
        });
        self.ask(message)
    }

    /// Gives a card an address.
    pub fn address(&mut self, card: u32, address: IpAddr) -> io::Result<()> {
        let mut message = Message::new(libc::RTM_NEWADDR, CREATE);
        // Nobody else can have it, so it need not be asked for first.
        let flags = libc::IFA_F_PERMANENT as u8 | libc::IFA_F_NODAD as u8;
        message.raw(&[family(address), length(address), flags, libc::RT_SCOPE_UNIVERSE]);
        message.raw(&card.to_ne_bytes());
        message.attribute(libc::IFA_LOCAL, &bytes(address)).attribute(libc::IFA_ADDRESS, &bytes(address));
        self.ask(message)
    }

    /// Says that the way to an address, or to as many as its first bits leave open, leads over a card: right there, or
    /// by another host.
    pub fn route(
        &mut self,
        (to, bits): (IpAddr, u8),
        card: u32,
        by: Option<IpAddr>,
        own: IpAddr,
    ) -> io::Result<()> {
        let mut message = Message::new(libc::RTM_NEWROUTE, CREATE);
        let scope = if by.is_some() { libc::RT_SCOPE_UNIVERSE } else { libc::RT_SCOPE_LINK };
        message.raw(&[
            family(to),
            bits,
            0,
            0,
            libc::RT_TABLE_MAIN,
            libc::RTPROT_STATIC,
            scope,
            libc::RTN_UNICAST,
        ]);
        let flags = if by.is_some() { RTNH_F_ONLINK } else { 0 };
        message.raw(&flags.to_ne_bytes());
        message.attribute(libc::RTA_DST, &bytes(to)).attribute(libc::RTA_OIF, &card.to_ne_bytes());
        message.attribute(libc::RTA_PREFSRC, &bytes(own));
        if let Some(by) = by {
            message.attribute(libc::RTA_GATEWAY, &bytes(by));
        }
        self.ask(message)
    }

    /// Says which card has an address, for good: nobody has to ask for it over a link that loses packets.
    pub fn neighbour(&mut self, card: u32, address: IpAddr, mac: Mac) -> io::Result<()> {
        let mut message = Message::new(libc::RTM_NEWNEIGH, CREATE);
        message.raw(&[family(address), 0, 0, 0]).raw(&card.to_ne_bytes());
        message.raw(&libc::NUD_PERMANENT.to_ne_bytes()).raw(&[0, 0]);
        message.attribute(libc::NDA_DST, &bytes(address)).attribute(libc::NDA_LLADDR, &mac);
        self.ask(message)
    }

    /// Sends a request and waits for what the kernel says of it.
    fn ask(&mut self, message: Message) -> io::Result<()> {
        self.sequence += 1;
        let request = message.finish(self.sequence);
        send(self.socket.as_raw_fd(), &request, MsgFlags::empty())?;
        let mut answer = [0; 8192];
        loop {
            let length = recv(self.socket.as_raw_fd(), &mut answer, MsgFlags::empty())?;
            let word = |at: usize| -> Option<i32> {
                Some(i32::from_ne_bytes(answer.get(at..at + 4)?.try_into().ok()?))
            };
            if length < HEADER + 4 || word(8) != Some(self.sequence as i32) {
                continue;
            }
            return match word(HEADER).unwrap_or(-libc::EIO) {
                0 => Ok(()),
                error => Err(Errno::from_raw(-error).into()),
            };
        }
    }
}

fn card(message: &mut Message, card: &Card<'_>) {
    let mut name = card.name.as_bytes().to_vec();
    name.push(0);
    message.attribute(libc::IFLA_IFNAME, &name);
    message.attribute(libc::IFLA_ADDRESS, &card.mac).attribute(libc::IFLA_MTU, &card.mtu.to_ne_bytes());
}

fn family(address: IpAddr) -> u8 {
    (if address.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 }) as u8
}

/// How many bits an address of its family has.
pub(super) fn length(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn bytes(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

/// A request as it grows: a header, the fixed part of its kind, attributes.
struct Message(Vec<u8>);

impl Message {
    fn new(kind: u16, flags: u16) -> Message {
        let mut bytes = vec![0; HEADER];
        bytes[4..6].copy_from_slice(&kind.to_ne_bytes());
        bytes[6..8].copy_from_slice(&(ACKNOWLEDGED | flags).to_ne_bytes());
        Message(bytes)
    }

    fn raw(&mut self, bytes: &[u8]) -> &mut Message {
        self.0.extend_from_slice(bytes);
        self
    }

    fn attribute(&mut self, kind: u16, value: &[u8]) -> &mut Message {
        self.nest(kind, |message| {
            message.raw(value);
        })
    }

    /// An attribute whose value is what `fill` adds.
    fn nest(&mut self, kind: u16, fill: impl FnOnce(&mut Message)) -> &mut Message {
        let begin = self.0.len();
        self.raw(&[0, 0]).raw(&kind.to_ne_bytes());
        fill(self);
        let length = self.0.len() - begin;
        self.0[begin..begin + 2].copy_from_slice(&(length as u16).to_ne_bytes());
        // Each begins at a multiple of four bytes.
        self.0.resize(self.0.len().next_multiple_of(4), 0);
        self
    }

    fn finish(mut self, sequence: u32) -> Vec<u8> {
        let length = self.0.len() as u32;
        self.0[..4].copy_from_slice(&length.to_ne_bytes());
        self.0[8..12].copy_from_slice(&sequence.to_ne_bytes());
        self.0
    }
}
