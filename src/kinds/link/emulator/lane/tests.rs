//! What becomes of numbered packets on a clock of the test's own.

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
    let impairment = Impairment { bandwidth: Some(64_000.0), queue: Some(640.0), ..Impairment::default() };
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
