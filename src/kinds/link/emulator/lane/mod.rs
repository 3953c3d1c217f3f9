//! One direction of a link: what becomes of each packet, as a function of the time. No socket and no clock is here.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;

use super::chance::Chance;
use super::clock::Nanos;
use super::condition::{Impairment, Passage};
use super::segment::{self, Head, Joined};
use super::tally::{Recent, Tally};
use super::{PATIENCE, QUEUE_LEAST, QUEUE_TIME};

/// Packets that are on their way may take up so much memory together; a packet for which there is none is lost.
pub(super) const MOST_ON_ITS_WAY: usize = 256 << 20;
/// What one costs beside its bytes.
const COST: usize = 96;
/// Packets are left joined while the bandwidth takes no longer than this for all of them.
const TOGETHER: Nanos = 250_000;
/// A probe counts as so many bytes.
const PROBE: usize = 64;

/// Where packets go that leave a direction.
pub(super) trait Outlet {
    /// Passes a frame on.
    fn send(&mut self, head: &Head, frame: &[u8]);
    /// Answers a frame that may not pass.
    fn refuse(&mut self, frame: &[u8]);
    /// One of soak's own probes has come through.
    fn probe(&mut self, probe: Probe);
}

/// A probe of soak's own on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Probe {
    pub id: u64,
}

/// What is on its way.
enum Load {
    Frame(Head, Vec<u8>),
    Probe(Probe),
}

/// A frame that has just come from its sender.
struct Came<'a> {
    head: &'a Head,
    frame: &'a [u8],
    joined: Joined,
    arrived: Nanos,
}

struct Waiting {
    load: Load,
    arrived: Nanos,
    due: Nanos,
    /// How many packets it stands for, and the bytes of all.
    packets: usize,
    bytes: usize,
}

impl Waiting {
    fn cost(&self) -> usize {
        COST + match &self.load {
            Load::Frame(_, frame) => frame.len(),
            Load::Probe(_) => 0,
        }
    }
}

/// One direction of a link.
pub(super) struct Lane {
    passage: Passage,
    chance: Chance,
    /// In the order in which they leave.
    queue: VecDeque<Waiting>,
    /// One that is to be overtaken by the next.
    held: Option<Waiting>,
    /// When the bandwidth has passed all that was given to it.
    free_from: Nanos,
    /// The memory that what is on its way takes up.
    on_its_way: usize,
    pub tally: Tally,
    pub delays: Recent,
}

impl Lane {
    pub fn new(seed: u64) -> Lane {
        Lane {
            passage: Passage::Clear,
            chance: Chance::new(seed),
            queue: VecDeque::new(),
            held: None,
            free_from: 0,
            on_its_way: 0,
            tally: Tally::default(),
            delays: Recent::default(),
        }
    }

    /// Whether it matters exactly when a packet arrived.
    pub fn is_timed(&self) -> bool {
        matches!(self.passage, Passage::Impaired(impairment) if !impairment.latency.is_zero())
    }

    /// Puts it into another condition, which holds for what is on its way too: silence swallows it, and it takes no
    /// longer than a packet that came now. [`Lane::release`] is due.
    pub fn set(&mut self, passage: Passage, now: Nanos) {
        self.passage = passage;
        self.delays.clear();
        self.free_from = now;
        let held = self.held.take();
        let mut waiting: Vec<Waiting> = held.into_iter().chain(std::mem::take(&mut self.queue)).collect();
        waiting.sort_by_key(|one| one.due);
        self.on_its_way = 0;
        let impairment = match passage {
            Passage::Silent | Passage::Refusing => {
                self.tally.silenced += waiting.iter().map(|one| one.packets as u64).sum::<u64>();
                return;
            }
            Passage::Clear => Impairment::default(),
            Passage::Impaired(impairment) => impairment,
        };
        let longest = nanos(impairment.latency + impairment.jitter);
        for mut one in waiting {
            let through = self.through(&impairment, one.bytes, one.arrived);
            one.due = one.due.min(one.arrived + longest).max(through);
            self.enqueue(one);
        }
    }

    /// A frame came from its sender.
    pub fn arrive(&mut self, head: &Head, frame: &[u8], arrived: Nanos, outlet: &mut dyn Outlet) {
        let joined = Joined::of(head, frame);
        match self.passage {
            Passage::Silent => self.tally.silenced += joined.packets as u64,
            Passage::Refusing => {
                self.tally.refused += joined.packets as u64;
                outlet.refuse(frame);
            }
            Passage::Clear if self.queue.is_empty() => {
                self.tally.offered += joined.packets as u64;
                self.passed(joined.packets, joined.bytes(frame, 0..joined.packets));
                outlet.send(head, frame);
            }
            Passage::Clear => {
                // Behind what is about to be released.
                self.tally.offered += joined.packets as u64;
                let bytes = joined.bytes(frame, 0..joined.packets);
                let load = Load::Frame(*head, frame.to_vec());
                self.enqueue(Waiting { load, arrived, due: arrived, packets: joined.packets, bytes });
            }
            Passage::Impaired(impairment) => {
                self.tally.offered += joined.packets as u64;
                let came = Came { head, frame, joined, arrived };
                self.impair(&impairment, &came, outlet);
            }
        }
    }

    /// A probe begins its way. Chance spares it, so that it measures the time also where much is lost. False where it
    /// is swallowed.
    pub fn begin_probe(&mut self, probe: Probe, now: Nanos, outlet: &mut dyn Outlet) -> bool {
        match self.passage {
            Passage::Silent | Passage::Refusing => false,
            Passage::Clear => {
                outlet.probe(probe);
                true
            }
            Passage::Impaired(impairment) => {
                let through = self.book(&impairment, PROBE, now);
                if let Some(through) = through {
                    let due = through + nanos(impairment.latency);
                    let load = Load::Probe(probe);
                    self.enqueue(Waiting { load, arrived: now, due, packets: 0, bytes: 0 });
                }
                through.is_some()
            }
        }
    }

    /// When the next packet is due.
    pub fn next_due(&self) -> Option<Nanos> {
        let held = self.held.as_ref().map(|held| held.due + nanos(PATIENCE));
        let first = self.queue.front().map(|first| first.due);
        held.into_iter().chain(first).min()
    }

    /// Passes on what is due.
    pub fn release(&mut self, now: Nanos, outlet: &mut dyn Outlet) {
        if self.held.as_ref().is_some_and(|held| held.due + nanos(PATIENCE) <= now)
            && let Some(held) = self.held.take()
        {
            // Nothing came behind it.
            self.enqueue(held);
        }
        while self.queue.front().is_some_and(|first| first.due <= now) {
            let Some(first) = self.queue.pop_front() else { return };
            self.on_its_way = self.on_its_way.saturating_sub(first.cost());
            match first.load {
                Load::Frame(head, frame) => {
                    self.delays.record(now.saturating_sub(first.arrived));
                    self.passed(first.packets, first.bytes);
                    outlet.send(&head, &frame);
                }
                Load::Probe(probe) => outlet.probe(probe),
            }
        }
    }

    fn passed(&mut self, packets: usize, bytes: usize) {
        self.tally.packets += packets as u64;
        self.tally.bytes += bytes as u64;
    }

    /// Does to the packets of a frame what is asked for. What stays together is passed on together.
    fn impair(&mut self, impairment: &Impairment, came: &Came<'_>, outlet: &mut dyn Outlet) {
        let together = self.together(impairment, &came.joined, came.frame);
        let mut packet = 0;
        while packet < came.joined.packets {
            let end = (packet + together).min(came.joined.packets);
            // With nothing but loss, those between two losses stay together.
            let lost = (packet..end).find(|_| self.chance.loses(impairment));
            let kept = lost.unwrap_or(end);
            if kept > packet {
                self.pass_on(impairment, came, packet..kept, outlet);
            }
            self.tally.lost += u64::from(lost.is_some());
            packet = lost.map_or(end, |lost| lost + 1);
        }
    }

    /// How many packets may pass together.
    fn together(&self, impairment: &Impairment, joined: &Joined, frame: &[u8]) -> usize {
        let each = impairment.duplicate + impairment.corrupt + impairment.reorder;
        if each > 0.0 || !impairment.jitter.is_zero() {
            return 1;
        }
        let Some(bandwidth) = impairment.bandwidth else { return joined.packets };
        let one = wire_time(joined.bytes(frame, 0..1), bandwidth);
        usize::try_from(TOGETHER / one.max(1)).unwrap_or(1).clamp(1, joined.packets)
    }

    fn pass_on(
        &mut self,
        impairment: &Impairment,
        came: &Came<'_>,
        packets: Range<usize>,
        outlet: &mut dyn Outlet,
    ) {
        let copies = if self.chance.hits(impairment.duplicate) { 2 } else { 1 };
        let corrupted = self.chance.hits(impairment.corrupt);
        let held = impairment.reorder > 0.0 && self.chance.holds(impairment.reorder);
        let bytes = came.joined.bytes(came.frame, packets.clone());
        for copy in 0..copies {
            let Some(through) = self.book(impairment, bytes, came.arrived) else {
                self.tally.overflowed += packets.len() as u64;
                continue;
            };
            let due = through + nanos(self.chance.delay(impairment));
            if self.on_its_way + came.frame.len() + COST > MOST_ON_ITS_WAY {
                self.tally.overrun += packets.len() as u64;
                continue;
            }
            let (mut head, mut part) = came.joined.part(came.head, came.frame, packets.clone());
            if corrupted && copy == 0 {
                self.corrupt(&mut head, part.to_mut());
                self.tally.corrupted += 1;
            }
            self.tally.duplicated += u64::from(copy == 1);
            let waits = due > came.arrived || !self.queue.is_empty() || self.held.is_some() || held;
            if !waits {
                self.passed(packets.len(), bytes);
                outlet.send(&head, &part);
                continue;
            }
            let load = Load::Frame(head, part.into_owned());
            let waiting = Waiting { load, arrived: came.arrived, due, packets: packets.len(), bytes };
            if held && copy + 1 == copies && self.held.is_none() {
                self.held = Some(waiting);
            } else {
                self.enqueue(waiting);
                self.overtaken();
            }
        }
    }

    /// Lets the one that was held follow the one that has just come in.
    fn overtaken(&mut self) {
        if let Some(mut held) = self.held.take() {
            self.tally.reordered += 1;
            held.due = held.due.max(self.queue.back().map_or(0, |last| last.due));
            self.enqueue(held);
        }
    }

    /// Puts it behind what came before it, which it never overtakes.
    fn enqueue(&mut self, mut waiting: Waiting) {
        waiting.due = waiting.due.max(self.queue.back().map_or(0, |last| last.due));
        self.on_its_way += waiting.cost();
        self.queue.push_back(waiting);
    }

    fn corrupt(&mut self, head: &mut Head, frame: &mut [u8]) {
        segment::complete_checksum(head, frame);
        let begin = segment::behind_ip(frame);
        let bit = self.chance.below((frame.len() - begin) * 8);
        if let Some(byte) = frame.get_mut(begin + bit / 8) {
            *byte ^= 1 << (bit % 8);
        }
    }

    /// When so many bytes have passed the bandwidth; nothing where they find no room in its queue.
    fn book(&mut self, impairment: &Impairment, bytes: usize, arrived: Nanos) -> Option<Nanos> {
        let Some(bandwidth) = impairment.bandwidth else { return Some(arrived) };
        let waiting = self.free_from.saturating_sub(arrived) as f64 * sensible(bandwidth) / 1e9;
        let fits = waiting <= 0.0 || waiting + bytes as f64 <= room(impairment, bandwidth);
        fits.then(|| self.through(impairment, bytes, arrived))
    }

    /// When so many bytes have passed the bandwidth, however long the queue in front of it is.
    fn through(&mut self, impairment: &Impairment, bytes: usize, arrived: Nanos) -> Nanos {
        let Some(bandwidth) = impairment.bandwidth else { return arrived };
        self.free_from = self.free_from.max(arrived) + wire_time(bytes, bandwidth);
        self.free_from
    }
}

/// How many bytes may wait for a bandwidth.
fn room(impairment: &Impairment, bandwidth: f64) -> f64 {
    impairment.queue.unwrap_or_else(|| (sensible(bandwidth) * QUEUE_TIME.as_secs_f64()).max(QUEUE_LEAST))
}

fn sensible(bandwidth: f64) -> f64 {
    if bandwidth >= 1.0 { bandwidth } else { 1.0 }
}

/// How long a bandwidth takes for so many bytes.
fn wire_time(bytes: usize, bandwidth: f64) -> Nanos {
    (bytes as f64 * 1e9 / sensible(bandwidth)) as Nanos
}

fn nanos(duration: Duration) -> Nanos {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX / 4).min(u64::MAX / 4)
}

#[cfg(test)]
mod tests;
