//! Packets that the kernel left joined: a frame with a virtio-net header may stand for up to some sixty packets of one
//! TCP connection, or of UDP sent in one go (virtio 1.2, section 5.1.6; `linux/virtio_net.h`). They are taken apart only
//! where each must be looked at for itself, and what stays together is left joined.

use std::borrow::Cow;
use std::ops::Range;

/// The length of the header that the kernel puts in front of a frame, with `PACKET_VNET_HDR`.
pub(super) const HEAD: usize = 10;
/// What stands in front of the IP packet.
pub(in crate::kinds::link) const ETHERNET: usize = 14;

const NEEDS_CHECKSUM: u8 = 1;
const GSO_NONE: u8 = 0;
const GSO_TCP4: u8 = 1;
const GSO_TCP6: u8 = 4;
const GSO_UDP: u8 = 5;
/// Congestion was notified: it belongs to the first packet only.
const GSO_CONGESTION: u8 = 0x80;

const FIN: u8 = 0x01;
const PUSH: u8 = 0x08;
const CONGESTION_REDUCED: u8 = 0x80;

/// The header in front of a frame, in the machine's own byte order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::kinds::link) struct Head(pub [u8; HEAD]);

impl Head {
    fn number(&self, at: usize) -> usize {
        usize::from(u16::from_ne_bytes([self.0[at], self.0[at + 1]]))
    }

    fn set(&mut self, at: usize, value: usize) {
        self.0[at..at + 2].copy_from_slice(&(value as u16).to_ne_bytes());
    }

    fn gso(&self) -> u8 {
        self.0[1]
    }

    /// How much data each packet carries.
    fn size(&self) -> usize {
        self.number(4)
    }

    /// Where the checksum begins to be counted: at the header of TCP or UDP.
    fn checksum_start(&self) -> usize {
        self.number(6)
    }

    /// Where it belongs, from there.
    fn checksum_offset(&self) -> usize {
        self.number(8)
    }

    fn needs_checksum(&self) -> bool {
        self.0[0] & NEEDS_CHECKSUM != 0
    }
}

/// How the packets of a frame lie in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Joined {
    /// How many there are.
    pub packets: usize,
    /// The bytes in front of the data, which every packet has.
    pub headers: usize,
    /// The data of each packet but the last.
    size: usize,
    /// Where TCP or UDP begins.
    transport: usize,
}

impl Joined {
    /// How the packets of a frame lie; a frame that is one packet, and one that cannot be understood, is one.
    pub fn of(head: &Head, frame: &[u8]) -> Joined {
        let single = Joined { packets: 1, headers: frame.len(), size: 0, transport: 0 };
        let (transport, size) = (head.checksum_start(), head.size());
        let kind = head.gso() & !GSO_CONGESTION;
        if kind == GSO_NONE || size == 0 || !head.needs_checksum() || frame.len() <= ETHERNET {
            return single;
        }
        let headers = match kind {
            GSO_TCP4 | GSO_TCP6 => match frame.get(transport + 12) {
                Some(offset) => transport + usize::from(offset >> 4) * 4,
                None => return single,
            },
            GSO_UDP => transport + 8,
            _ => return single,
        };
        let least = if kind == GSO_UDP { 8 } else { 20 };
        let ip = if frame[ETHERNET] >> 4 == 4 { 20 } else { 40 };
        let whole = transport >= ETHERNET + ip
            && headers >= transport + least
            && frame.len() > headers
            && head.checksum_offset() + 2 <= least;
        if !whole || !is_ip(frame) {
            return single;
        }
        Joined { packets: (frame.len() - headers).div_ceil(size), headers, size, transport }
    }

    /// The length of one IP packet of them, or the length of all their IP packets together.
    pub fn bytes(&self, frame: &[u8], packets: Range<usize>) -> usize {
        let (from, to) = self.data(frame, &packets);
        packets.len() * self.headers.saturating_sub(ETHERNET) + (to - from)
    }

    /// Where the data of some of the packets lie.
    fn data(&self, frame: &[u8], packets: &Range<usize>) -> (usize, usize) {
        if self.packets == 1 {
            return (frame.len(), frame.len());
        }
        let at = |packet: usize| (self.headers + packet * self.size).min(frame.len());
        (at(packets.start), at(packets.end))
    }

    /// A frame of some of the packets, as the sender would have made it.
    pub fn part<'a>(&self, head: &Head, frame: &'a [u8], packets: Range<usize>) -> (Head, Cow<'a, [u8]>) {
        if packets.len() >= self.packets {
            return (*head, Cow::Borrowed(frame));
        }
        let (from, to) = self.data(frame, &packets);
        let mut part = Vec::with_capacity(self.headers + to - from);
        part.extend_from_slice(&frame[..self.headers]);
        part.extend_from_slice(&frame[from..to]);
        let mut new = *head;
        if packets.len() == 1 {
            new.0[1] = GSO_NONE;
            new.set(4, 0);
        } else if packets.start > 0 {
            new.0[1] &= !GSO_CONGESTION;
        }
        self.renumber(head, &mut part, &packets);
        (new, Cow::Owned(part))
    }

    /// Writes into the headers what differs from packet to packet.
    fn renumber(&self, head: &Head, part: &mut [u8], packets: &Range<usize>) {
        let length = part.len();
        let v4 = part[ETHERNET] >> 4 == 4;
        if v4 {
            put(part, ETHERNET + 2, (length - ETHERNET) as u16);
            let identification = get(part, ETHERNET + 4).wrapping_add(packets.start as u16);
            put(part, ETHERNET + 4, identification);
            put(part, ETHERNET + 10, 0);
            let checksum = !fold(sum(&part[ETHERNET..self.transport.min(ETHERNET + 60)]));
            put(part, ETHERNET + 10, checksum);
        } else {
            put(part, ETHERNET + 4, (length - ETHERNET - 40) as u16);
        }
        let transport = self.transport;
        let protocol = match head.gso() & !GSO_CONGESTION {
            GSO_UDP => {
                put(part, transport + 4, (length - transport) as u16);
                17
            }
            _ => {
                let place: [u8; 4] = [0, 1, 2, 3].map(|at| part[transport + 4 + at]);
                let sequence = u32::from_be_bytes(place).wrapping_add((packets.start * self.size) as u32);
                part[transport + 4..transport + 8].copy_from_slice(&sequence.to_be_bytes());
                if packets.end < self.packets {
                    part[transport + 13] &= !(FIN | PUSH);
                }
                if packets.start > 0 {
                    part[transport + 13] &= !CONGESTION_REDUCED;
                }
                6
            }
        };
        // The sum of the pseudo-header, which whoever completes the checksum goes on from.
        let addresses = if v4 { ETHERNET + 12..ETHERNET + 20 } else { ETHERNET + 8..ETHERNET + 40 };
        let pseudo = sum(&part[addresses]) + protocol + (length - transport) as u64;
        put(part, transport + head.checksum_offset(), fold(pseudo));
    }
}

/// Completes a checksum that was left to the network card, as nobody would notice a turned bit otherwise.
pub(super) fn complete_checksum(head: &mut Head, frame: &mut [u8]) {
    if !head.needs_checksum() || head.gso() != GSO_NONE {
        return;
    }
    let (start, place) = (head.checksum_start(), head.checksum_start() + head.checksum_offset());
    if place + 2 <= frame.len() {
        let checksum = match !fold(sum(&frame[start..])) {
            // Zero means "none" to UDP; both stand for the same number.
            0 => 0xffff,
            other => other,
        };
        put(frame, place, checksum);
    }
    *head = Head::default();
}

/// The Internet checksum of some pieces, of which all but the last have an even length, and a number.
pub(super) fn checksum(pieces: &[&[u8]], number: u64) -> u16 {
    !fold(number + pieces.iter().map(|piece| sum(piece)).sum::<u64>())
}

/// Where in a frame the IP packet's own data begin, or what is behind the Ethernet header where it is no IP packet.
pub(super) fn behind_ip(frame: &[u8]) -> usize {
    let begin = match frame.get(ETHERNET) {
        Some(first) if is_ip(frame) && first >> 4 == 4 => ETHERNET + usize::from(first & 15) * 4,
        Some(_) if is_ip(frame) => ETHERNET + 40,
        _ => ETHERNET,
    };
    if begin < frame.len() { begin } else { ETHERNET.min(frame.len()) }
}

fn is_ip(frame: &[u8]) -> bool {
    frame.len() >= ETHERNET + 20 && matches!(frame[12..14], [0x08, 0x00] | [0x86, 0xdd])
}

fn get(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([bytes[at], bytes[at + 1]])
}

fn put(bytes: &mut [u8], at: usize, value: u16) {
    bytes[at..at + 2].copy_from_slice(&value.to_be_bytes());
}

/// The sum of all 16-bit words (RFC 1071), not folded yet.
fn sum(bytes: &[u8]) -> u64 {
    let mut words = bytes.chunks_exact(2);
    let mut total: u64 = words.by_ref().map(|word| u64::from(u16::from_be_bytes([word[0], word[1]]))).sum();
    if let [last] = words.remainder() {
        total += u64::from(*last) << 8;
    }
    total
}

fn fold(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATA: usize = 3500;
    const SIZE: usize = 1000;

    /// A frame of four packets of TCP over IPv4, as the kernel hands them over.
    fn joined() -> (Head, Vec<u8>) {
        let mut frame = vec![0; ETHERNET + 20 + 32];
        frame[12..14].copy_from_slice(&[8, 0]);
        frame[ETHERNET] = 0x45;
        put(&mut frame, ETHERNET + 4, 0xfffe);
        frame[ETHERNET + 9] = 6;
        frame[ETHERNET + 12..ETHERNET + 20].copy_from_slice(&[10, 0, 0, 1, 10, 0, 0, 2]);
        let transport = ETHERNET + 20;
        frame[transport + 4..transport + 8].copy_from_slice(&0xffff_ff00_u32.to_be_bytes());
        frame[transport + 12] = 8 << 4;
        frame[transport + 13] = FIN | PUSH | CONGESTION_REDUCED | 0x10;
        frame.extend((0..DATA).map(|at| (at / 7) as u8));
        let mut head = Head::default();
        head.0[0] = NEEDS_CHECKSUM;
        head.0[1] = GSO_TCP4;
        head.set(4, SIZE);
        head.set(6, transport);
        head.set(8, 16);
        (head, frame)
    }

    /// Whether the checksum of a single packet holds.
    fn holds(frame: &[u8]) -> bool {
        let transport = ETHERNET + 20;
        let pseudo = sum(&frame[ETHERNET + 12..ETHERNET + 20]) + 6 + (frame.len() - transport) as u64;
        fold(pseudo + sum(&frame[transport..])) == 0xffff && fold(sum(&frame[ETHERNET..transport])) == 0xffff
    }

    #[test]
    fn packets_are_taken_apart_as_the_sender_would_have_sent_them() {
        let (head, frame) = joined();
        let joined = Joined::of(&head, &frame);
        assert_eq!((joined.packets, joined.headers), (4, ETHERNET + 52));
        assert_eq!(joined.bytes(&frame, 0..4), 4 * 52 + DATA);
        let mut data = Vec::new();
        for packet in 0..4 {
            let (mut alone, part) = joined.part(&head, &frame, packet..packet + 1);
            assert_eq!(part.len() - ETHERNET, joined.bytes(&frame, packet..packet + 1));
            let mut part = part.into_owned();
            complete_checksum(&mut alone, &mut part);
            assert!(holds(&part), "packet {packet}");
            assert_eq!(alone, Head::default());
            assert_eq!(get(&part, ETHERNET + 2) as usize, part.len() - ETHERNET);
            assert_eq!(get(&part, ETHERNET + 4), 0xfffe_u16.wrapping_add(packet as u16));
            let sequence = u32::from_be_bytes([38, 39, 40, 41].map(|at| part[at]));
            assert_eq!(sequence, 0xffff_ff00_u32.wrapping_add(1000 * packet as u32));
            let flags = part[ETHERNET + 33];
            assert_eq!(flags & (FIN | PUSH) != 0, packet == 3);
            assert_eq!(flags & CONGESTION_REDUCED != 0, packet == 0);
            data.extend_from_slice(&part[joined.headers..]);
        }
        assert_eq!(data, frame[joined.headers..]);
    }

    #[test]
    fn what_stays_together_is_left_joined() {
        let (head, frame) = joined();
        let joined = Joined::of(&head, &frame);
        let (rest, part) = joined.part(&head, &frame, 1..4);
        let again = Joined::of(&rest, &part);
        assert_eq!((again.packets, again.headers), (3, joined.headers));
        assert_eq!(part[joined.headers..], frame[joined.headers + SIZE..]);
        assert_eq!(joined.part(&head, &frame, 0..4), (head, Cow::Borrowed(&frame[..])));
    }

    #[test]
    fn a_turned_bit_is_noticed() {
        let (head, frame) = joined();
        let (mut head, part) = Joined::of(&head, &frame).part(&head, &frame, 2..3);
        let mut part = part.into_owned();
        complete_checksum(&mut head, &mut part);
        for at in behind_ip(&part)..part.len() {
            part[at] ^= 4;
            assert!(!holds(&part), "{at}");
            part[at] ^= 4;
        }
    }

    #[test]
    fn what_cannot_be_understood_is_one_packet() {
        let (head, frame) = joined();
        for length in 0..frame.len().min(100) {
            let cut = &frame[..length];
            assert!(Joined::of(&head, cut).packets <= 1, "{length}");
            assert!(behind_ip(cut) <= length);
        }
        let mut odd = head;
        odd.0[1] = 3;
        assert_eq!(Joined::of(&odd, &frame).packets, 1);
        assert_eq!(Joined::of(&Head::default(), &frame).packets, 1);
    }
}
