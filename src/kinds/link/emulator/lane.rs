//! One direction of a link: what becomes of each packet, as a function of the time. No socket and no clock is here.

use std::collections::VecDeque;
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
    held_bytes: usize,
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
            held_bytes: 0,
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
        let mut on_its_way: Vec<Waiting> = held.into_iter().chain(std::mem::take(&mut self.queue)).collect();
        on_its_way.sort_by_key(|waiting| waiting.due);
        self.held_bytes = 0;
        let impairment = match passage {
            Passage::Silent | Passage::Refusing => {
                self.tally.silenced += on_its_way.iter().map(|one| one.packets as u64).sum::<u64>();
                return;
            }
            Passage::Clear => Impairment::default(),
            Passage::Impaired(impairment) => impairment,
        };
        let longest = nanos(impairment.latency + impairment.jitter);
        for mut waiting in on_its_way {
            let through = self.through(&impairment, waiting.bytes, waiting.arrived);
            waiting.due = waiting.due.min(waiting.arrived + longest).max(through);
            self.enqueue(waiting);
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
                self.impair(&impairment, head, frame, &joined, arrived);
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
            self.held_bytes = self.held_bytes.saturating_sub(first.cost());
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
    fn impair(
        &mut self,
        impairment: &Impairment,
        head: &Head,
        frame: &[u8],
        joined: &Joined,
        arrived: Nanos,
    ) {
        let together = self.together(impairment, joined, frame);
        let mut packet = 0;
        while packet < joined.packets {
            let end = (packet + together).min(joined.packets);
            // With nothing but loss, those between two losses stay together.
            let lost = (packet..end).find(|_| self.chance.loses(impairment));
            let kept = lost.unwrap_or(end);
            if kept > packet {
                self.pass_on(impairment, head, frame, joined, packet..kept, arrived);
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
        head: &Head,
        frame: &[u8],
        joined: &Joined,
        packets: std::ops::Range<usize>,
        arrived: Nanos,
    ) {
        let copies = if self.chance.hits(impairment.duplicate) { 2 } else { 1 };
        let corrupted = self.chance.hits(impairment.corrupt);
        let held = impairment.reorder > 0.0 && self.chance.holds(impairment.reorder);
        let bytes = joined.bytes(frame, packets.clone());
        for copy in 0..copies {
            let Some(through) = self.book(impairment, bytes, arrived) else {
                self.tally.overflowed += packets.len() as u64;
                continue;
            };
            let due = through + nanos(self.chance.delay(impairment));
            if self.held_bytes + frame.len() + COST > MOST_ON_ITS_WAY {
                self.tally.overrun += packets.len() as u64;
                continue;
            }
            let (mut head, mut part) = joined.part(head, frame, packets.clone());
            if corrupted && copy == 0 {
                self.corrupt(&mut head, &mut part);
                self.tally.corrupted += 1;
            }
            self.tally.duplicated += u64::from(copy == 1);
            let load = Load::Frame(head, part);
            let waiting = Waiting { load, arrived, due, packets: packets.len(), bytes };
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
        self.held_bytes += waiting.cost();
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
mod tests {
    use super::*;

    const MILLISECOND: Nanos = 1_000_000;

    /// Keeps the first bytes of what comes out, with the moment.
    #[derive(Default)]
    struct Out {
        now: Nanos,
        frames: Vec<(Nanos, u32)>,
        probes: Vec<Nanos>,
    }

    impl Outlet for Out {
        fn send(&mut self, _: &Head, frame: &[u8]) {
            let number = [60, 61, 62, 63].map(|at| frame[at]);
            self.frames.push((self.now, u32::from_be_bytes(number)));
        }

        fn refuse(&mut self, _: &[u8]) {}

        fn probe(&mut self, _: Probe) {
            self.probes.push(self.now);
        }
    }

    struct Bench {
        lane: Lane,
        out: Out,
    }

    impl Bench {
        fn new(impairment: Impairment) -> Bench {
            let mut lane = Lane::new(7);
            lane.set(Passage::Impaired(impairment), 0);
            Bench { lane, out: Out::default() }
        }

        /// A packet of 64 bytes behind the Ethernet header; its number is in it.
        fn arrive(&mut self, number: u32, at: Nanos) {
            self.until(at);
            let mut frame = vec![0; segment::ETHERNET + 64];
            frame[60..64].copy_from_slice(&number.to_be_bytes());
            self.lane.arrive(&Head::default(), &frame, at, &mut self.out);
        }

        /// Releases everything at the moment it is due.
        fn until(&mut self, end: Nanos) {
            while let Some(due) = self.lane.next_due().filter(|due| *due <= end) {
                self.out.now = due;
                self.lane.release(due, &mut self.out);
            }
            self.out.now = end;
        }

        fn numbers(&self) -> Vec<u32> {
            self.out.frames.iter().map(|(_, number)| *number).collect()
        }
    }

    fn milliseconds(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn latency_holds_every_packet_back_for_as_long() {
        let mut bench = Bench::new(Impairment { latency: milliseconds(20), ..Impairment::default() });
        (0..10).for_each(|number| bench.arrive(number, u64::from(number) * MILLISECOND));
        bench.until(100 * MILLISECOND);
        let expected: Vec<_> = (0..10).map(|number| (u64::from(number + 20) * MILLISECOND, number)).collect();
        assert_eq!(bench.out.frames, expected);
        let delays = bench.lane.delays.delays().unwrap();
        assert_eq!((delays.minimum, delays.maximum), (milliseconds(20), milliseconds(20)));
    }

    #[test]
    fn jitter_keeps_the_order() {
        let impairment =
            Impairment { latency: milliseconds(5), jitter: milliseconds(4), ..Impairment::default() };
        let mut bench = Bench::new(impairment);
        (0..1000).for_each(|number| bench.arrive(number, u64::from(number) * MILLISECOND));
        bench.until(2_000 * MILLISECOND);
        assert!(bench.numbers().is_sorted());
        assert_eq!(bench.out.frames.len(), 1000);
        let delays: Vec<Nanos> =
            bench.out.frames.iter().map(|(at, number)| at - u64::from(*number) * MILLISECOND).collect();
        assert!(delays.iter().all(|delay| (MILLISECOND..=9 * MILLISECOND).contains(delay)));
        assert!(delays.iter().any(|delay| *delay < 4 * MILLISECOND));
    }

    #[test]
    fn what_is_asked_for_is_done_and_counted() {
        let order = Impairment { loss: 0.1, duplicate: 0.01, reorder: 0.05, ..Impairment::default() };
        let count = 100_000;
        let run = |impairment| {
            let mut bench = Bench::new(impairment);
            (0..count).for_each(|number| bench.arrive(number, u64::from(number) * 10_000));
            bench.until(10_000 * MILLISECOND);
            bench
        };
        let near = |hit: u64, share: f64, of: u64| {
            let of = of as f64;
            let error = 3.0 * (of * share * (1.0 - share)).sqrt();
            assert!((hit as f64 - share * of).abs() <= error, "{hit} of {of} is not {share}");
        };
        let bench = run(order);
        let tally = bench.lane.tally;
        assert_eq!(tally.offered, u64::from(count));
        assert_eq!(tally.packets, bench.out.frames.len() as u64);
        assert_eq!(tally.packets, tally.offered - tally.lost + tally.duplicated);
        near(tally.lost, 0.1, tally.offered);
        let left = tally.offered - tally.lost;
        near(tally.duplicated, 0.01, left);
        near(tally.reordered, 0.05, left);
        let late = bench.numbers().windows(2).filter(|pair| pair[1] < pair[0]).count() as u64;
        assert_eq!(late, tally.reordered);
        let damaged = run(Impairment { corrupt: 0.01, ..order }).lane.tally;
        near(damaged.corrupted, 0.01, damaged.offered - damaged.lost);
    }

    #[test]
    fn a_bandwidth_passes_as_much_as_it_says_and_its_queue_holds_as_much() {
        let impairment =
            Impairment { bandwidth: Some(64_000.0), queue: Some(640.0), ..Impairment::default() };
        let mut bench = Bench::new(impairment);
        (0..30).for_each(|number| bench.arrive(number, 0));
        bench.until(1_000 * MILLISECOND);
        // One on the wire, and 640 bytes behind it.
        assert_eq!((bench.out.frames.len(), bench.lane.tally.overflowed), (10, 20));
        let at: Vec<Nanos> = bench.out.frames.iter().map(|(at, _)| *at).collect();
        assert_eq!(at, (1..=10).map(|place| place * MILLISECOND).collect::<Vec<_>>());
        bench.arrive(99, 2_000 * MILLISECOND);
        bench.until(3_000 * MILLISECOND);
        assert_eq!(bench.out.frames.last(), Some(&(2_001 * MILLISECOND, 99)));
    }

    #[test]
    fn one_behind_which_nothing_comes_goes_alone() {
        let mut bench = Bench::new(Impairment { reorder: 1.0, ..Impairment::default() });
        bench.arrive(1, 0);
        bench.until(1_000 * MILLISECOND);
        assert_eq!(bench.out.frames, [(PATIENCE.as_nanos() as u64, 1)]);
        assert_eq!(bench.lane.tally.reordered, 0);
    }

    #[test]
    fn a_new_condition_holds_for_what_is_on_its_way() {
        let slow = Impairment { latency: milliseconds(500), ..Impairment::default() };
        let mut bench = Bench::new(slow);
        bench.arrive(1, 0);
        bench.lane.set(Passage::Impaired(Impairment { latency: milliseconds(100), ..slow }), MILLISECOND);
        bench.until(150 * MILLISECOND);
        assert_eq!(bench.out.frames, [(100 * MILLISECOND, 1)]);
        bench.arrive(2, 150 * MILLISECOND);
        bench.lane.set(Passage::Clear, 160 * MILLISECOND);
        bench.until(160 * MILLISECOND);
        assert_eq!(bench.numbers(), [1, 2]);
        bench.arrive(3, 170 * MILLISECOND);
        assert_eq!(bench.numbers(), [1, 2, 3]);
        bench.lane.set(Passage::Impaired(slow), 180 * MILLISECOND);
        bench.arrive(4, 180 * MILLISECOND);
        bench.lane.set(Passage::Silent, 190 * MILLISECOND);
        bench.arrive(5, 200 * MILLISECOND);
        bench.until(10_000 * MILLISECOND);
        assert_eq!(bench.numbers(), [1, 2, 3]);
        assert_eq!(bench.lane.tally.silenced, 2);
    }

    #[test]
    fn a_probe_takes_as_long_as_a_packet_and_counts_nowhere() {
        let lossy = Impairment { latency: milliseconds(20), loss: 1.0, ..Impairment::default() };
        let mut bench = Bench::new(lossy);
        assert!(bench.lane.begin_probe(Probe { id: 1 }, 0, &mut bench.out));
        bench.arrive(1, 0);
        bench.until(100 * MILLISECOND);
        assert_eq!(bench.out.probes, [20 * MILLISECOND]);
        assert_eq!((bench.lane.tally.offered, bench.lane.tally.packets), (1, 0));
        bench.lane.set(Passage::Silent, 100 * MILLISECOND);
        assert!(!bench.lane.begin_probe(Probe { id: 2 }, 100 * MILLISECOND, &mut bench.out));
    }
}
