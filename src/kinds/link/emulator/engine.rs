//! The thread of a link: takes in what comes at either end, and gives it out at the other when its time has come.

use std::collections::HashMap;
use std::io;
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use nix::libc;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::prctl;
use nix::sys::time::TimeSpec;

use super::chance::Chance;
use super::clock::{self, Nanos};
use super::condition::{Condition, Side};
use super::end::End;
use super::flows::{self, Flows, Resets};
use super::lane::{Lane, Outlet, Probe};
use super::port::Port;
use super::segment::Head;
use super::tally::Counters;
use crate::kinds::link::lookout::{Lookout, Next};

/// The thread wakes at most so much ahead of a moment that is due and waits for the rest in a loop, because a processor
/// that has gone idle needs some tens of microseconds to come back.
const HEAD_START: Nanos = 50_000;
/// Probes that are on their way at once; another one is not begun.
const MOST_PROBES: usize = 256;
/// So many batches that came before a new condition are taken in before it holds; under a flood there is no end of them.
const DRAINED: usize = 64;
/// Where soak may say so, its links go before other programs: what waits for the processor is later than was asked.
const NICE: libc::c_int = -10;
/// The shortest turn on the processor that the kernel gives: who wants little at a time gets it sooner (EEVDF, since Linux
/// 6.12; sched(7)).
const SLICE: u64 = 100_000;
/// A thread that has nothing to do looks at its orders so often at least, in case that waking it failed.
const LONGEST_SLEEP: Nanos = 1_000_000_000;

/// How an order is answered, on the emulator's thread.
pub type Reply<T> = Box<dyn FnOnce(T) + Send>;

enum Order {
    Set(Condition, Reply<()>),
    Count(Reply<Counters>),
    Probe(Reply<Duration>),
    End(f64, Reply<usize>),
}

/// A link between two cards. Dropping it ends the thread, and with it the link.
pub struct Emulator {
    orders: Option<Sender<Order>>,
    wake: Arc<EventFd>,
    thread: Option<JoinHandle<()>>,
}

impl Emulator {
    /// Joins two network cards of the caller's network namespace, by their numbers: the first host's and the second
    /// host's.
    ///
    /// # Errors
    /// When the packet sockets or the thread cannot be had.
    pub fn start(name: &str, cards: (u32, u32), seed: u64) -> io::Result<Emulator> {
        Emulator::between(name, [Port::open(cards.0)?, Port::open(cards.1)?], seed)
    }

    /// Joins any two ends.
    pub(in crate::kinds::link) fn between<E: End + 'static>(
        name: &str,
        ends: [E; 2],
        seed: u64,
    ) -> io::Result<Emulator> {
        let wake = Arc::new(EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?);
        let (orders, inbox) = channel();
        let heard = Arc::clone(&wake);
        let thread = std::thread::Builder::new()
            .name(format!("link {name}"))
            .spawn(move || Engine::new(ends, seed).run(&inbox, &heard))?;
        Ok(Emulator { orders: Some(orders), wake, thread: Some(thread) })
    }

    /// Replaces the condition; the answer says that it is in force.
    pub fn set(&self, condition: Condition, reply: Reply<()>) {
        self.order(Order::Set(condition, reply));
    }

    /// Asks for the numbers.
    pub fn count(&self, reply: Reply<Counters>) {
        self.order(Order::Count(reply));
    }

    /// Sends a probe there and back; the answer says how long it took. There is none where it is swallowed.
    pub fn probe(&self, reply: Reply<Duration>) {
        self.order(Order::Probe(reply));
    }

    /// Ends a share of the TCP connections that go over the link, at least one where there is one, with a reset at both
    /// ends; the answer says how many.
    pub fn end(&self, share: f64, reply: Reply<usize>) {
        self.order(Order::End(share, reply));
    }

    fn order(&self, order: Order) {
        if let Some(orders) = &self.orders {
            // The thread ends only when this is dropped.
            let _ = orders.send(order);
            let _ = self.wake.write(1);
        }
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.orders = None;
        let _ = self.wake.write(1);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Asks the kernel to wake the calling thread as soon as its time has come. What of it is not granted makes packets later,
/// which their delays tell.
pub fn wake_soon() {
    // Without it sleeps end up to 50 µs late, which is what the kernel gives itself by default.
    let _ = prctl::set_timerslack(1);
    // SAFETY: the call takes integers only; 0 is the calling thread.
    let _ = unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, NICE) };
    // SAFETY: as above.
    let nice = unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) };
    // SAFETY: all zeros are valid here; zero is also the usual policy.
    let mut wanted: libc::sched_attr = unsafe { std::mem::zeroed() };
    wanted.size = std::mem::size_of::<libc::sched_attr>() as u32;
    wanted.sched_nice = nice;
    wanted.sched_runtime = SLICE;
    // SAFETY: the structure is as long as it says and is only read.
    let _ = unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const wanted, 0) };
}

struct Engine<E> {
    /// The first host's end and the second's.
    ports: [E; 2],
    /// From the first to the second, and back.
    lanes: [Lane; 2],
    probes: HashMap<u64, (Nanos, Reply<Duration>)>,
    next_probe: u64,
    /// Probes that have come through a lane, by the lane.
    through: [Vec<Probe>; 2],
    /// How long waking up has taken lately.
    wake_up: Nanos,
    flows: Flows,
    /// What chooses among connections.
    chance: Chance,
    /// How many were ended.
    reset: u64,
    /// Answers to what may not pass, of the batch at hand.
    refusals: Vec<Vec<u8>>,
}

/// The end of a lane.
struct Way<'a, E> {
    port: &'a mut E,
    probes: &'a mut Vec<Probe>,
    refusals: &'a mut Vec<Vec<u8>>,
}

impl<E: End> Outlet for Way<'_, E> {
    fn send(&mut self, head: &Head, frame: &[u8]) {
        self.port.send(head, frame);
    }

    fn refuse(&mut self, frame: &[u8]) {
        self.refusals.extend(flows::refusal(frame));
    }

    fn probe(&mut self, probe: Probe) {
        self.probes.push(probe);
    }
}

impl<E: End> Engine<E> {
    fn new(ports: [E; 2], seed: u64) -> Engine<E> {
        Engine {
            ports,
            lanes: [Lane::new(seed), Lane::new(seed ^ u64::MAX)],
            probes: HashMap::new(),
            next_probe: 0,
            through: [Vec::new(), Vec::new()],
            wake_up: 0,
            flows: Flows::default(),
            chance: Chance::new(seed.rotate_left(32)),
            reset: 0,
            refusals: Vec::new(),
        }
    }

    fn run(mut self, orders: &Receiver<Order>, wake: &EventFd) {
        wake_soon();
        let mut lookout = Lookout::new(clock::now());
        loop {
            loop {
                match orders.try_recv() {
                    Ok(order) => self.obey(order),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return,
                }
            }
            let came = self.take_in(0) + self.take_in(1);
            let next = self.give_out();
            match lookout.next(came, clock::now()) {
                Next::Look => {}
                Next::Gather(time) => pause(next, time, wake),
                Next::Sleep => self.sleep(next, wake),
            }
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Set(condition, reply) => {
                // What came before it is not bound by it.
                for _ in 0..DRAINED {
                    if self.take_in(0) + self.take_in(1) == 0 {
                        break;
                    }
                }
                let now = clock::now();
                for (at, side) in [Side::Up, Side::Down].into_iter().enumerate() {
                    self.lanes[at].set(condition.passage(side), now);
                    let timed = self.lanes[at].is_timed();
                    self.ports[at].stamp(timed);
                }
                if matches!(condition, Condition::Off | Condition::Refuse) {
                    self.probes.clear();
                }
                if condition == Condition::Refuse {
                    self.end(1.0);
                }
                self.ports.iter_mut().for_each(|port| port.refuse(condition == Condition::Refuse));
                self.give_out();
                reply(());
            }
            Order::Count(reply) => {
                for at in [0, 1] {
                    let not_taken = self.ports[1 - at].not_taken();
                    self.lanes[at].tally.overrun += self.ports[at].overrun() + not_taken;
                }
                let [up, down] = &self.lanes;
                let talkers = self.ports.each_ref().map(End::talkers);
                reply(Counters {
                    up: up.tally,
                    down: down.tally,
                    connections: self.flows.open() + talkers.iter().map(|end| end.open).sum::<usize>(),
                    reset: self.reset,
                    turned_away: talkers.iter().map(|end| end.turned_away).sum(),
                    refusing: talkers.iter().any(|end| end.refusing),
                    uncounted: false,
                    up_delays: up.delays.delays(),
                    down_delays: down.delays.delays(),
                });
            }
            Order::Probe(reply) => self.begin_probe(reply),
            Order::End(share, reply) => reply(self.end(share)),
        }
    }

    /// Ends a share of the connections.
    fn end(&mut self, share: f64) -> usize {
        let (count, resets): (usize, Resets) = self.flows.end(share, &mut self.chance);
        for (port, frames) in self.ports.iter_mut().zip(&resets) {
            frames.iter().for_each(|frame| port.send(&Head::default(), frame));
            port.flush();
        }
        self.reset += count as u64;
        count
    }

    fn begin_probe(&mut self, reply: Reply<Duration>) {
        if self.probes.len() >= MOST_PROBES {
            return;
        }
        let (id, now) = (self.next_probe, clock::now());
        self.next_probe += 1;
        let [_, far] = &mut self.ports;
        let mut way = Way { port: far, probes: &mut self.through[0], refusals: &mut self.refusals };
        if self.lanes[0].begin_probe(Probe { id }, now, &mut way) {
            self.probes.insert(id, (now, reply));
        }
    }

    /// Takes in what has come at an end, and passes on what may pass at once.
    fn take_in(&mut self, at: usize) -> usize {
        let [first, second] = &mut self.ports;
        let (from, to) = if at == 0 { (first, second) } else { (second, first) };
        let count = from.receive();
        if count == 0 {
            return 0;
        }
        let now = clock::now();
        let mut way = Way { port: to, probes: &mut self.through[at], refusals: &mut self.refusals };
        for place in 0..count {
            if let Some(came) = from.came(place) {
                let arrived = came.stamp.unwrap_or(now);
                self.flows.see(at, came.frame);
                self.lanes[at].arrive(&came.head, came.frame, arrived, &mut way);
            }
        }
        to.flush();
        for answer in self.refusals.drain(..) {
            from.send(&Head::default(), &answer);
        }
        from.flush();
        count
    }

    /// Gives out what is due, and says when the next is.
    fn give_out(&mut self) -> Option<Nanos> {
        let now = clock::now();
        for at in [0, 1] {
            let mut way = Way {
                port: &mut self.ports[1 - at],
                probes: &mut self.through[at],
                refusals: &mut self.refusals,
            };
            self.lanes[at].release(now, &mut way);
            self.ports[1 - at].flush();
        }
        self.pass_probes(now);
        self.lanes.iter().filter_map(Lane::next_due).min()
    }

    /// Turns probes that have come to the far end, and answers those that are back.
    fn pass_probes(&mut self, now: Nanos) {
        for probe in std::mem::take(&mut self.through[0]) {
            let mut way =
                Way { port: &mut self.ports[0], probes: &mut self.through[1], refusals: &mut self.refusals };
            if !self.lanes[1].begin_probe(probe, now, &mut way) {
                self.probes.remove(&probe.id);
            }
        }
        for probe in std::mem::take(&mut self.through[1]) {
            if let Some((begun, reply)) = self.probes.remove(&probe.id) {
                reply(Duration::from_nanos(clock::now().saturating_sub(begun)));
            }
        }
    }

    /// Sleeps until something comes, is ordered, or is due.
    fn sleep(&mut self, next: Option<Nanos>, wake: &EventFd) {
        let now = clock::now();
        let due = next.unwrap_or(Nanos::MAX);
        let head_start = (self.wake_up * 3 / 4).min(HEAD_START);
        if due <= now + head_start {
            while clock::now() < due {
                std::hint::spin_loop();
            }
            return;
        }
        let length = (due - head_start - now).min(LONGEST_SLEEP);
        // SAFETY: the sockets live as long as the engine, which is borrowed here.
        let ends = [0, 1].map(|at| unsafe { BorrowedFd::borrow_raw(self.ports[at].descriptor()) });
        let mut watched = [
            PollFd::new(ends[0], PollFlags::POLLIN),
            PollFd::new(ends[1], PollFlags::POLLIN),
            PollFd::new(std::os::fd::AsFd::as_fd(wake), PollFlags::POLLIN),
        ];
        let timeout = TimeSpec::from_duration(Duration::from_nanos(length));
        let woken = ppoll(&mut watched, Some(timeout), None);
        if woken == Ok(0) {
            // One that took far longer says that the machine was busy, not how idle it was.
            let taken = clock::now().saturating_sub(now + length).min(2 * HEAD_START);
            self.wake_up = (self.wake_up * 7 + taken) / 8;
        }
        // An error is a signal, or a card that is gone; either shows on the next round.
        let _ = wake.read();
    }
}

/// Lets frames gather, as long as nothing is due or ordered.
fn pause(next: Option<Nanos>, time: Nanos, wake: &EventFd) {
    let left = next.map_or(time, |due| time.min(due.saturating_sub(clock::now())));
    let mut watched = [PollFd::new(std::os::fd::AsFd::as_fd(wake), PollFlags::POLLIN)];
    // Its order is read before the next frames; being woken early harms nobody.
    let _ = ppoll(&mut watched, Some(TimeSpec::from_duration(Duration::from_nanos(left))), None);
    let _ = wake.read();
}
