//! TCP connections that go over a link, as far as their packets show them, and how they are ended from outside.
//!
//! Whoever gets a reset believes it only where its number is the very next that it expects (RFC 5961, section 3.2). So what
//! each end has acknowledged, and how far the other one has sent, is noted of every packet.

use std::collections::HashMap;
use std::ops::Range;

use super::chance::Chance;
use super::segment::{self, ETHERNET};

/// More connections of one link than this are not noted.
pub const MOST_CONNECTIONS: usize = 65_536;

const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMP: u8 = 1;
const ICMP6: u8 = 58;
const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const RESET: u8 = 0x04;
const ACKNOWLEDGES: u8 = 0x10;

/// An IP packet in a frame, as far as it matters here.
struct Packet<'a> {
    frame: &'a [u8],
    v4: bool,
    protocol: u8,
    /// Where the header behind that of IP begins, and where the packet ends.
    body: Range<usize>,
}

/// The two ends of a connection, the first host's in front.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Ends {
    /// An IPv4 address is in the first four bytes.
    addresses: [[u8; 16]; 2],
    ports: [u16; 2],
    v4: bool,
}

/// What is known of a connection, by the end that said it.
#[derive(Clone, Copy, Default)]
struct Flow {
    /// The Ethernet header of what that end sends.
    headers: [[u8; ETHERNET]; 2],
    /// What that end expects next.
    expects: [Option<u32>; 2],
    /// What that end will send next.
    sends: [Option<u32>; 2],
    /// Whether that end has said its last.
    ended: [bool; 2],
}

/// The connections of a link.
#[derive(Default)]
pub(super) struct Flows {
    known: HashMap<Ends, Flow>,
}

/// Frames to be sent to the first and to the second host.
pub(super) type Resets = [Vec<Vec<u8>>; 2];

impl Flows {
    /// How many are open.
    pub fn open(&self) -> usize {
        self.known.len()
    }

    /// Takes note of a frame that came from one of the ends, 0 or 1.
    pub fn see(&mut self, from: usize, frame: &[u8]) {
        let Some(packet) = Packet::of(frame) else { return };
        let Some(tcp) = packet.tcp() else { return };
        let ends = packet.ends(from);
        if tcp.flags & RESET != 0 {
            self.known.remove(&ends);
            return;
        }
        let begins = tcp.flags & SYN != 0;
        let is_new = !self.known.contains_key(&ends);
        if is_new && (self.known.len() >= MOST_CONNECTIONS || tcp.flags & FIN != 0) {
            return;
        }
        let flow = self.known.entry(ends).or_default();
        if begins && tcp.flags & ACKNOWLEDGES == 0 {
            // The same ports once more.
            *flow = Flow::default();
        }
        flow.headers[from].copy_from_slice(&frame[..ETHERNET]);
        flow.sends[from] = Some(tcp.next());
        if tcp.flags & ACKNOWLEDGES != 0 {
            flow.expects[from] = Some(tcp.acknowledges);
        }
        flow.ended[from] |= tcp.flags & FIN != 0;
        if flow.ended == [true, true] {
            self.known.remove(&ends);
        }
    }

    /// Ends a share of the connections, drawn at random and rounded up, at both ends; says how many.
    pub fn end(&mut self, share: f64, chance: &mut Chance) -> (usize, Resets) {
        let mut all: Vec<Ends> = self.known.keys().copied().collect();
        // The order of a table is no order.
        all.sort_unstable_by_key(|ends| (ends.addresses, ends.ports));
        let count = (share.clamp(0.0, 1.0) * all.len() as f64).ceil() as usize;
        let mut resets = Resets::default();
        for _ in 0..count {
            let ends = all.swap_remove(chance.below(all.len()));
            if let Some(flow) = self.known.remove(&ends) {
                for to in [0, 1] {
                    resets[to].extend(flow.resets(&ends, to));
                }
            }
        }
        (count, resets)
    }
}

impl Flow {
    /// What an end takes for the other one's reset: what it has said it expects, and what was sent to it since.
    fn resets(&self, ends: &Ends, to: usize) -> Vec<Vec<u8>> {
        let from = 1 - to;
        let mut numbers: Vec<u32> = self.expects[to].into_iter().chain(self.sends[from]).collect();
        numbers.dedup();
        // One end may never have said anything; then its header is the other's, turned round.
        let mut header = self.headers[from];
        if header == [0; ETHERNET] {
            header = turned(&self.headers[to]);
        }
        numbers.into_iter().map(|number| ends.reset(&header, from, number, None)).collect()
    }
}

impl Ends {
    /// A frame with a reset from one end to the other.
    fn reset(&self, header: &[u8; ETHERNET], from: usize, number: u32, acknowledges: Option<u32>) -> Vec<u8> {
        let mut body = vec![0; 20];
        body[0..2].copy_from_slice(&self.ports[from].to_be_bytes());
        body[2..4].copy_from_slice(&self.ports[1 - from].to_be_bytes());
        body[4..8].copy_from_slice(&number.to_be_bytes());
        body[8..12].copy_from_slice(&acknowledges.unwrap_or(0).to_be_bytes());
        body[12] = 5 << 4;
        body[13] = RESET | if acknowledges.is_some() { ACKNOWLEDGES } else { 0 };
        self.frame(header, from, TCP, &body, 16)
    }

    /// A frame with an IP packet from one end to the other, its checksum at a place of its body.
    fn frame(
        &self,
        header: &[u8; ETHERNET],
        from: usize,
        protocol: u8,
        body: &[u8],
        checksum: usize,
    ) -> Vec<u8> {
        let mut frame = header.to_vec();
        let (source, target) = (self.addresses[from], self.addresses[1 - from]);
        if self.v4 {
            let length = (20 + body.len()) as u16;
            frame.extend_from_slice(&[0x45, 0]);
            frame.extend_from_slice(&length.to_be_bytes());
            frame.extend_from_slice(&[0, 0, 0x40, 0, 64, protocol, 0, 0]);
            frame.extend_from_slice(&source[..4]);
            frame.extend_from_slice(&target[..4]);
            let sum = segment::checksum(&[&frame[ETHERNET..]], 0);
            frame[ETHERNET + 10..ETHERNET + 12].copy_from_slice(&sum.to_be_bytes());
        } else {
            let length = body.len() as u16;
            frame.extend_from_slice(&[0x60, 0, 0, 0]);
            frame.extend_from_slice(&length.to_be_bytes());
            frame.extend_from_slice(&[protocol, 64]);
            frame.extend_from_slice(&source);
            frame.extend_from_slice(&target);
        }
        let begin = frame.len();
        frame.extend_from_slice(body);
        // ICMP over IPv4 is the one whose checksum leaves the addresses out.
        let sum = if protocol == ICMP {
            segment::checksum(&[body], 0)
        } else {
            segment::checksum(&[&source, &target, body], u64::from(protocol) + body.len() as u64)
        };
        frame[begin + checksum..begin + checksum + 2].copy_from_slice(&sum.to_be_bytes());
        frame
    }
}

/// What a host on which nobody listens says to a frame; nothing to what is no question.
pub(super) fn refusal(frame: &[u8]) -> Option<Vec<u8>> {
    let packet = Packet::of(frame)?;
    let header = turned(frame.first_chunk()?);
    match packet.protocol {
        TCP => {
            let tcp = packet.tcp().filter(|tcp| tcp.flags & RESET == 0)?;
            let (number, acknowledges) = match tcp.flags & ACKNOWLEDGES {
                0 => (0, Some(tcp.next())),
                _ => (tcp.acknowledges, None),
            };
            Some(packet.ends(0).reset(&header, 1, number, acknowledges))
        }
        UDP => {
            // "Port unreachable", with the header of what was sent and the eight bytes behind it.
            let (kind, code) = if packet.v4 { (3, 3) } else { (1, 4) };
            let protocol = if packet.v4 { ICMP } else { ICMP6 };
            let mut body = vec![kind, code, 0, 0, 0, 0, 0, 0];
            body.extend_from_slice(frame.get(ETHERNET..packet.body.start + 8)?);
            Some(packet.ends(0).frame(&header, 1, protocol, &body, 2))
        }
        _ => None,
    }
}

/// The Ethernet header of an answer.
fn turned(header: &[u8; ETHERNET]) -> [u8; ETHERNET] {
    let mut turned = *header;
    turned[..6].copy_from_slice(&header[6..12]);
    turned[6..12].copy_from_slice(&header[..6]);
    turned
}

struct Tcp {
    number: u32,
    acknowledges: u32,
    flags: u8,
    data: u32,
}

impl Tcp {
    /// The number behind all that this has taken up.
    fn next(&self) -> u32 {
        let marks = u32::from(self.flags & SYN != 0) + u32::from(self.flags & FIN != 0);
        self.number.wrapping_add(self.data).wrapping_add(marks)
    }
}

impl<'a> Packet<'a> {
    fn of(frame: &'a [u8]) -> Option<Packet<'a>> {
        let kind = frame.get(12..ETHERNET)?;
        let ip = &frame[ETHERNET..];
        let byte = |at: usize| ip.get(at).copied();
        let (v4, protocol, header) = match kind {
            [0x08, 0x00] => (true, byte(9)?, usize::from(byte(0)? & 15) * 4),
            [0x86, 0xdd] => (false, byte(6)?, 40),
            _ => return None,
        };
        let begin = ETHERNET + header;
        let long_enough = header >= 20 && frame.len() >= begin + 8;
        long_enough.then_some(Packet { frame, v4, protocol, body: begin..frame.len() })
    }

    fn tcp(&self) -> Option<Tcp> {
        let header = self.frame.get(self.body.start..self.body.start + 20)?;
        if self.protocol != TCP {
            return None;
        }
        let word = |at: usize| u32::from_be_bytes([0, 1, 2, 3].map(|next| header[at + next]));
        let data = self.body.len().checked_sub(usize::from(header[12] >> 4) * 4)?;
        Some(Tcp { number: word(4), acknowledges: word(8), flags: header[13], data: data as u32 })
    }

    /// The ends, where it came from one of them.
    fn ends(&self, from: usize) -> Ends {
        let length = if self.v4 { 4 } else { 16 };
        let first = ETHERNET + if self.v4 { 12 } else { 8 };
        let mut ends = Ends { addresses: [[0; 16]; 2], ports: [0; 2], v4: self.v4 };
        for (place, end) in [from, 1 - from].into_iter().enumerate() {
            let begin = first + place * length;
            ends.addresses[end][..length].copy_from_slice(&self.frame[begin..begin + length]);
            let port = self.body.start + 2 * place;
            ends.ports[end] = u16::from_be_bytes([self.frame[port], self.frame[port + 1]]);
        }
        ends
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame of TCP from one end to the other, as one that ends connections makes it, with other flags and some data.
    fn frame(v4: bool, from: usize, number: u32, acknowledges: u32, flags: u8, data: usize) -> Vec<u8> {
        let addresses = if v4 { [[10; 16], [11; 16]] } else { [[0xfd; 16], [0xfe; 16]] };
        let mut ends = Ends { addresses, ports: [1000, 80], v4 };
        if v4 {
            ends.addresses.iter_mut().for_each(|address| address[4..].fill(0));
        }
        let kind = if v4 { [8, 0] } else { [0x86, 0xdd] };
        let mut header = [from as u8; ETHERNET];
        header[6..12].fill(1 - from as u8);
        header[12..].copy_from_slice(&kind);
        let mut frame = ends.reset(&header, from, number, Some(acknowledges));
        let flag = frame.len() - 7;
        frame[flag] = flags;
        frame.extend(vec![0; data]);
        frame
    }

    fn numbers(frames: &[Vec<u8>]) -> Vec<u32> {
        let one = |frame: &Vec<u8>| {
            let tcp = Packet::of(frame).unwrap().tcp().unwrap();
            assert_eq!(tcp.flags & RESET, RESET);
            tcp.number
        };
        frames.iter().map(one).collect()
    }

    #[test]
    fn a_connection_is_known_from_its_first_packet_to_its_last() {
        for v4 in [true, false] {
            let mut flows = Flows::default();
            flows.see(0, &frame(v4, 0, 100, 0, SYN, 0));
            flows.see(1, &frame(v4, 1, 500, 101, SYN | ACKNOWLEDGES, 0));
            flows.see(0, &frame(v4, 0, 101, 501, ACKNOWLEDGES, 50));
            assert_eq!(flows.open(), 1);
            flows.see(0, &frame(v4, 0, 151, 501, ACKNOWLEDGES | FIN, 0));
            assert_eq!(flows.open(), 1);
            flows.see(1, &frame(v4, 1, 501, 152, ACKNOWLEDGES | FIN, 0));
            assert_eq!(flows.open(), 0);
        }
    }

    #[test]
    fn both_ends_get_a_reset_that_they_expect() {
        for v4 in [true, false] {
            let mut flows = Flows::default();
            flows.see(0, &frame(v4, 0, 100, 0, SYN, 0));
            flows.see(1, &frame(v4, 1, 500, 101, SYN | ACKNOWLEDGES, 0));
            flows.see(0, &frame(v4, 0, 101, 501, ACKNOWLEDGES, 50));
            let (count, [first, second]) = flows.end(0.01, &mut Chance::new(1));
            assert_eq!((count, flows.open()), (1, 0));
            assert_eq!(numbers(&first), [501]);
            // Fifty bytes that it may have got, and not acknowledged yet.
            assert_eq!(numbers(&second), [101, 151]);
            assert_eq!(first[0][..6], [1; 6]);
        }
    }

    #[test]
    fn what_is_refused_is_answered_as_by_a_host_on_which_nobody_listens() {
        for v4 in [true, false] {
            let answer = refusal(&frame(v4, 0, 100, 0, SYN, 0)).unwrap();
            let packet = Packet::of(&answer).unwrap();
            let tcp = packet.tcp().unwrap();
            assert_eq!((tcp.flags, tcp.acknowledges), (RESET | ACKNOWLEDGES, 101));
            assert_eq!(packet.ends(1).ports, [1000, 80]);
            let open = refusal(&frame(v4, 0, 7, 900, ACKNOWLEDGES, 3)).unwrap();
            assert_eq!(numbers(&[open]), [900]);
            assert_eq!(refusal(&frame(v4, 0, 7, 900, RESET, 0)), None);
        }
    }

    #[test]
    fn what_is_cut_short_is_passed_over() {
        let whole = frame(true, 0, 100, 0, SYN, 0);
        for length in 0..whole.len() {
            let mut flows = Flows::default();
            flows.see(0, &whole[..length]);
            assert_eq!(flows.open(), 0, "{length}");
            assert_eq!(refusal(&whole[..length]), None, "{length}");
        }
    }
}
