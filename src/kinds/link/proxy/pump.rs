//! One direction of one connection: reads from one socket, keeps what is on its way, writes to the other.

use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::condition::{Direction, Side};
use super::counters::Tally;
use super::engine::Link;
use super::setting::{Asked, Gate, Passage, Setting, Slot};
use super::transit::Transit;
use super::wire::Wire;
use crate::lang::wakeup::{Sleep, low_tenth};

/// The most bytes read at once. Larger ones no longer carry more, smaller ones do.
pub const CHUNK: usize = 256 << 10;
/// Steps a pump takes before it lets the link's other connections have their turn. Few, because every step may
/// carry a whole chunk, and what is delayed elsewhere on the link must not become late by it.
const TURNS: usize = 2;
/// A piece follows the one before it no sooner, so that a receiver that waits for it reads it alone. It bounds what
/// pieces can carry: at 10 bytes, 100 KB/s a connection and direction.
pub const PIECE_GAP: Duration = Duration::from_micros(100);
/// Something held back is passed on at most so long before it is due, and only where it is held back for much longer.
const MOST_AHEAD: Duration = Duration::from_micros(200);
const LEAST_AHEAD: Duration = Duration::from_millis(1);
/// The step in which it is learnt how long passing on takes.
const LEARNT_PART: Duration = Duration::from_micros(1);
/// A delay too long for the clock to represent ends after this time instead.
const NEVER: Duration = Duration::from_secs(365 * 24 * 3600);

thread_local! {
    /// Where bytes are read to. One for all connections of a thread, so that an idle connection costs no buffer.
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; CHUNK].into_boxed_slice());
}

/// How a direction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The sender closed its side; the receiver has everything and has been told.
    Finished,
    /// The sender reset the connection; the receiver is still to be told.
    Reset,
    /// The receiver takes nothing any more.
    Broken,
}

/// The sender's last word, on its way like everything before it.
#[derive(Clone, Copy, Debug)]
struct Last {
    end: End,
    arrived: Instant,
    sway: f64,
}

enum Step {
    /// Something happened; there may be more to do.
    Moved,
    /// Nothing can be done, and what would change that will wake the task.
    Waiting,
    Ended(End),
}

/// One direction of one connection. All its state survives between calls, so a change of condition is simply
/// the next call with another setting.
pub(super) struct Pump {
    side: Side,
    link: Arc<Link>,
    tally: Arc<Tally>,
    transit: Transit,
    last: Option<Last>,
    sleep: Option<Sleep>,
    /// The bytes booked at a bandwidth limit, and the number of the setting that the limit belongs to.
    booked: Option<(u64, Slot)>,
    /// When the next piece may be written, while data pass in pieces.
    next_piece: Option<Instant>,
    random: ChaCha8Rng,
    ended: Option<End>,
}

impl Pump {
    /// `number` picks the random numbers, and what is carried is counted in `tally`.
    pub fn new(side: Side, number: u64, link: &Arc<Link>, tally: &Arc<Tally>) -> Pump {
        let mut random = ChaCha8Rng::seed_from_u64(link.seed);
        random.set_stream(number * 2 + u64::from(side == Side::Down));
        let transit = Transit::new(Arc::clone(&link.held));
        Pump {
            side,
            link: Arc::clone(link),
            tally: Arc::clone(tally),
            transit,
            last: None,
            sleep: None,
            booked: None,
            next_piece: None,
            random,
            ended: None,
        }
    }

    /// Carries what `setting` lets pass, until the direction ends. `stale` says that a newer setting is there:
    /// then nothing more is done, and the caller calls again with that one.
    ///
    /// Where the opposite direction is broken, the end of this one is not passed on, because a reset follows. The
    /// kernel reports a reset only once: after the opposite direction has found it by writing, reading finds what
    /// looks like an orderly end.
    pub fn poll(
        &mut self,
        context: &mut Context<'_>,
        (from, to): (&impl Wire, &impl Wire),
        asked: &Asked,
        opposite: Option<End>,
        stale: impl Fn() -> bool,
    ) -> Poll<End> {
        let passage = asked.setting.passage(self.side);
        let polled = match self.ended {
            Some(end) => Poll::Ready(end),
            None if matches!(passage, Passage::Held) => Poll::Pending,
            None => self.carry(context, (from, to), (asked, &passage), opposite, stale),
        };
        if !matches!(passage, Passage::Held) {
            to.poll_flush(context);
        }
        polled
    }

    fn carry(
        &mut self,
        context: &mut Context<'_>,
        (from, to): (&impl Wire, &impl Wire),
        (asked, passage): (&Asked, &Passage<'_>),
        opposite: Option<End>,
        stale: impl Fn() -> bool,
    ) -> Poll<End> {
        for _ in 0..TURNS {
            if stale() {
                return Poll::Pending;
            }
            let delivered = self.deliver(context, to, asked, passage);
            let step = match delivered {
                Step::Ended(_) => delivered,
                Step::Moved => self.collect(context, (from, to), asked, passage).or_moved(),
                Step::Waiting => self.collect(context, (from, to), asked, passage),
            };
            match step {
                Step::Moved => {}
                Step::Waiting => return Poll::Pending,
                Step::Ended(end) => {
                    self.ended = Some(end);
                    self.sleep = None;
                    self.swallow();
                    if end == End::Finished && opposite != Some(End::Broken) {
                        to.finish();
                    }
                    return Poll::Ready(end);
                }
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// How the direction ended, if it has.
    pub fn ended(&self) -> Option<End> {
        self.ended
    }

    fn swallow(&mut self) {
        let lost = self.transit.discard();
        self.tally.swallowed.fetch_add(lost as u64, Ordering::Relaxed);
    }

    /// Writes as much of the oldest chunk as may be written now.
    fn deliver(
        &mut self,
        context: &mut Context<'_>,
        to: &impl Wire,
        asked: &Asked,
        passage: &Passage,
    ) -> Step {
        let Some(first) = self.transit.first() else {
            return self.conclude(context, passage);
        };
        let (length, arrived, sway) = (first.rest().len(), first.arrived, first.sway);
        let mut allowed = length;
        if let Passage::Impaired(direction, gate) = passage {
            let due = due(arrived, sway, direction);
            let ahead = self.head_start(direction);
            if Instant::now() < due - ahead {
                return self.sleep(context, due - ahead);
            }
            if let Some(bandwidth) = direction.bandwidth {
                let slot = self.slot(&asked.setting, gate, length, bandwidth, due);
                if Instant::now() < slot.release {
                    return self.sleep(context, slot.release);
                }
                allowed = slot.bytes.min(length);
            }
        }
        if let Some(size) = asked.slice {
            allowed = allowed.min(size);
            match self.next_piece {
                Some(next) if Instant::now() < next => return self.sleep(context, next),
                _ => {}
            }
        }
        match to.poll_writable(context) {
            Poll::Pending => return Step::Waiting,
            Poll::Ready(Err(_)) => return Step::Ended(End::Broken),
            Poll::Ready(Ok(())) => {}
        }
        let Some(first) = self.transit.first() else { return Step::Waiting };
        let bytes = &first.rest()[..allowed];
        let written = if asked.slice.is_some() { to.try_write_piece(bytes) } else { to.try_write(bytes) };
        match written {
            Ok(count) => {
                self.tally.carried(self.side, count);
                if asked.slice.is_some() {
                    self.piece(count < length);
                }
                if let Some(arrived) = self.transit.advance(count) {
                    self.measure(arrived, &asked.setting);
                    if let Passage::Impaired(direction, _) = passage {
                        self.learn(due(arrived, sway, direction), direction);
                    }
                }
                self.use_up(count);
                Step::Moved
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Step::Moved,
            Err(_) => Step::Ended(End::Broken),
        }
    }

    /// So long before something is due it is passed on, because that takes time itself: sockets that have not been written
    /// to for milliseconds, and a reader on a processor that has gone idle.
    fn head_start(&self, direction: &Direction) -> Duration {
        let learnt = Duration::from_nanos(self.link.passing_on.load(Ordering::Relaxed));
        // With a bandwidth it is not known what took how long.
        let holds_back = direction.latency >= LEAST_AHEAD && direction.bandwidth.is_none();
        if holds_back { learnt } else { Duration::ZERO }
    }

    /// Something that was due then has been passed on.
    fn learn(&self, due: Instant, direction: &Direction) {
        if direction.bandwidth.is_some() {
            return;
        }
        let known = Duration::from_nanos(self.link.passing_on.load(Ordering::Relaxed));
        let taken = (Instant::now() + self.head_start(direction)).saturating_duration_since(due);
        let learnt = low_tenth(known, taken, LEARNT_PART, MOST_AHEAD);
        self.link.passing_on.store(learnt.as_nanos() as u64, Ordering::Relaxed);
    }

    /// A piece was written; `cut` says that what was read with it goes on in another one.
    fn piece(&mut self, cut: bool) {
        self.next_piece = Some(Instant::now() + PIECE_GAP);
        self.tally.pieces.fetch_add(1, Ordering::Relaxed);
        self.tally.cuts.fetch_add(u64::from(cut), Ordering::Relaxed);
    }

    /// Passes the end on once nothing is before it.
    fn conclude(&mut self, context: &mut Context<'_>, passage: &Passage) -> Step {
        let Some(last) = self.last else { return Step::Waiting };
        if let Passage::Impaired(direction, _) = passage {
            let due = due(last.arrived, last.sway, direction);
            if Instant::now() < due {
                return self.sleep(context, due);
            }
        }
        Step::Ended(last.end)
    }

    /// Reads what is there, if there is room for it. When nothing holds it up it is written at once.
    fn collect(
        &mut self,
        context: &mut Context<'_>,
        (from, to): (&impl Wire, &impl Wire),
        asked: &Asked,
        passage: &Passage,
    ) -> Step {
        let room = self.transit.room(passage);
        if room == 0 || self.last.is_some() {
            return Step::Waiting;
        }
        // Nothing is read that could not be written on at once: a slow receiver slows its sender down.
        if matches!(passage, Passage::Clear) && to.poll_writable(context).is_pending() {
            return Step::Waiting;
        }
        // An error of the socket is found by reading, which also finds the bytes that came before it.
        if from.poll_readable(context).is_pending() {
            return Step::Waiting;
        }
        SCRATCH.with_borrow_mut(|scratch| {
            let read = from.try_read(&mut scratch[..room]);
            let arrived = Instant::now();
            match read {
                Ok(0) => self.last = Some(Last { end: End::Finished, arrived, sway: self.sway(passage) }),
                Ok(count) if matches!(passage, Passage::Clear) && asked.slice.is_none() => {
                    return self.forward(&scratch[..count], arrived, to, &asked.setting);
                }
                Ok(count) => {
                    let sway = self.sway(passage);
                    self.transit.push(&scratch[..count], arrived, sway);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => self.last = Some(Last { end: End::Reset, arrived, sway: self.sway(passage) }),
            }
            Step::Moved
        })
    }

    fn forward(&mut self, bytes: &[u8], arrived: Instant, to: &impl Wire, setting: &Setting) -> Step {
        let written = match to.try_write(bytes) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            Err(_) => {
                self.tally.swallowed.fetch_add(bytes.len() as u64, Ordering::Relaxed);
                return Step::Ended(End::Broken);
            }
        };
        self.tally.carried(self.side, written);
        if written == bytes.len() {
            self.measure(arrived, setting);
        } else {
            self.transit.push(&bytes[written..], arrived, 0.0);
        }
        Step::Moved
    }

    /// A chunk that came under an earlier setting says nothing about this one.
    fn measure(&self, arrived: Instant, setting: &Setting) {
        if arrived >= setting.since {
            self.tally.delayed(self.side, setting, arrived.elapsed());
        }
    }

    fn slot(
        &mut self,
        setting: &Setting,
        gate: &Gate,
        wanted: usize,
        bandwidth: f64,
        since: Instant,
    ) -> Slot {
        match self.booked {
            Some((number, slot)) if number == setting.number => slot,
            _ => {
                let slot = gate.book(wanted, bandwidth, since, Instant::now());
                self.booked = Some((setting.number, slot));
                slot
            }
        }
    }

    fn use_up(&mut self, count: usize) {
        if let Some((_, slot)) = &mut self.booked {
            slot.bytes = slot.bytes.saturating_sub(count);
            if slot.bytes == 0 {
                self.booked = None;
            }
        }
    }

    fn sway(&mut self, passage: &Passage) -> f64 {
        match passage {
            Passage::Impaired(direction, _) if !direction.jitter.is_zero() => {
                self.random.random_range(-1.0..=1.0)
            }
            _ => 0.0,
        }
    }

    fn sleep(&mut self, context: &mut Context<'_>, deadline: Instant) -> Step {
        let sleep = match &mut self.sleep {
            Some(sleep) if sleep.deadline() == deadline => sleep,
            other => other.insert(self.link.wakeups.sleep_until(deadline)),
        };
        match Pin::new(sleep).poll(context) {
            Poll::Ready(()) => {
                self.sleep = None;
                Step::Moved
            }
            Poll::Pending => Step::Waiting,
        }
    }
}

impl Step {
    fn or_moved(self) -> Step {
        match self {
            Step::Waiting => Step::Moved,
            other => other,
        }
    }
}

impl Drop for Pump {
    fn drop(&mut self) {
        self.swallow();
    }
}

/// When something that arrived then has been on its way for long enough.
fn due(arrived: Instant, sway: f64, direction: &Direction) -> Instant {
    arrived.checked_add(direction.delay(sway)).unwrap_or_else(|| arrived + NEVER)
}
