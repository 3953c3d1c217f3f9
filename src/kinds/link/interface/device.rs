//! One interface of a run: what it is asked is carried out in order, on a thread of its own.

use super::connections;
use super::counts::{self, Count, Dropped, RuleCounts};
use super::echo;
use super::names::Names;
use super::queue::{self, Queue};
use super::rules::{Intake, Rules};
use super::session::{Session, sessions};
use super::tools::{Prefix, Tool, ToolError};
use crate::kinds::link::emulator::{Condition, Counters, Passage, Side, Tally};
use crate::kinds::link::interface_name;
use crate::kinds::undo::{Applied, JournalError, Recorder, RunId, TouchedInterface, Undo};
use nix::net::if_::if_nametoindex;
use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;
use thiserror::Error;
use tokio::sync::oneshot;

/// Where the Internet protocols have no MTU to go by, Ethernet's.
const USUAL_MTU: u32 = 1500;
/// How long the first echo may take; who does not answer it is not asked again.
const FIRST_ECHO: Duration = Duration::from_secs(1);

/// What a run knows of a link that is an interface.
#[derive(Clone)]
pub struct InterfaceOptions {
    /// The interface's name.
    pub interface: String,
    /// The place of the link in the run's list of targets.
    pub place: usize,
    pub run: RunId,
    pub recorder: Arc<dyn Recorder>,
    /// Whether anything is to be done to it. Otherwise nothing of the machine is touched, and it is only looked at.
    pub told: bool,
    /// Whether something is asked that takes a queue for what goes out.
    pub queued_up: bool,
    /// The same of what comes in.
    pub queued_down: bool,
    /// Whether SSH sessions are left alone.
    pub spare_sessions: bool,
}

/// Why an interface is not as it was asked to be.
#[derive(Debug, Error)]
pub enum InterfaceError {
    #[error("there is no interface `{interface}` here; there {}", are(.there))]
    NoInterface { interface: String, there: Vec<String> },
    #[error(
        "`{interface}` is not the interface any more that the run began with: it went away, or was made anew"
    )]
    Replaced { interface: String },
    #[error("`{interface}`: {why}; {}", interface_name::INSTEAD)]
    Refused { interface: String, why: &'static str },
    #[error(
        "`{interface}` has a queue already that somebody put there ({kind} {handle}), and soak could not put it back; \
         remove it with `tc qdisc del dev {interface} root`"
    )]
    Occupied { interface: String, kind: String, handle: String },
    #[error(transparent)]
    Tool(#[from] ToolError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("what passed through `{interface}` cannot be read: {reason}")]
    Unreadable { interface: String, reason: io::Error },
    #[error("no thread can be started for `{interface}`: {reason}")]
    Thread { interface: String, reason: io::Error },
    #[error("the link has ended")]
    Ended,
}

fn are(there: &[String]) -> String {
    match there {
        [] => "are none at all".into(),
        [one] => format!("is `{one}`"),
        all => {
            let all: Vec<_> = all.iter().map(|one| format!("`{one}`")).collect();
            format!("are {}", all.join(", "))
        }
    }
}

type Reply<T> = oneshot::Sender<Result<T, InterfaceError>>;

enum Order {
    Set(Condition, Reply<Counters>),
    Count(Reply<Counters>),
}

/// An interface that is in use. Dropped, everything of soak's own on it is taken away.
pub struct Interface {
    orders: Option<mpsc::Sender<Order>>,
    thread: Option<JoinHandle<()>>,
    name: String,
    /// Who answers soak's probes, and how long that took at first.
    neighbour: Option<(Ipv4Addr, Duration)>,
}

impl Interface {
    /// Looks whether the interface is there, and puts rules on it that only count, where more is to come.
    ///
    /// # Errors
    /// When it is not there, soak may not do that, or something stands in the way.
    pub async fn start(options: InterfaceOptions) -> Result<Interface, InterfaceError> {
        let name = options.interface.clone();
        let thread_name = format!("interface {name}");
        let (orders, inbox) = mpsc::channel();
        let (ready, begun) = oneshot::channel();
        let body = move || match Kernel::begin(&options) {
            Ok(mut kernel) => {
                let _ = ready.send(Ok(()));
                while let Ok(order) = inbox.recv() {
                    kernel.carry_out(order);
                }
            }
            Err(error) => drop(ready.send(Err(error))),
        };
        let thread = std::thread::Builder::new().name(thread_name).spawn(body);
        let thread = thread.map_err(|reason| InterfaceError::Thread { interface: name.clone(), reason })?;
        let mut interface = Interface { orders: Some(orders), thread: Some(thread), name, neighbour: None };
        begun.await.unwrap_or(Err(InterfaceError::Ended))?;
        if let Some(whom) = echo::neighbour(&interface.name) {
            let took = echo::echo(&interface.name, whom, FIRST_ECHO).await;
            interface.neighbour = took.map(|took| (whom, took));
        }
        Ok(interface)
    }

    /// Puts it into a condition; comes to what had been counted until it was in force. The order is on its way before
    /// this returns.
    pub fn set(
        &self,
        condition: Condition,
    ) -> impl Future<Output = Result<Counters, InterfaceError>> + use<> {
        self.order(|reply| Order::Set(condition, reply))
    }

    /// What passed and what did not, since the run began.
    pub fn counters(&self) -> impl Future<Output = Result<Counters, InterfaceError>> + use<> {
        self.order(Order::Count)
    }

    fn order<T, F: FnOnce(Reply<T>) -> Order>(
        &self,
        order: F,
    ) -> impl Future<Output = Result<T, InterfaceError>> + use<T, F> {
        let (reply, answer) = oneshot::channel();
        if let Some(orders) = &self.orders {
            let _ = orders.send(order(reply));
        }
        async { answer.await.unwrap_or(Err(InterfaceError::Ended)) }
    }

    /// Asks whom the interface leads to, once more; the time that takes.
    ///
    /// # Errors
    /// When nobody answered in the beginning either.
    pub fn probe(
        &self,
        patience: Duration,
    ) -> Result<impl Future<Output = Option<Duration>> + use<>, InterfaceError> {
        let (whom, _) = self.neighbour.ok_or(InterfaceError::Ended)?;
        let name = self.name.clone();
        Ok(async move { echo::echo(&name, whom, patience).await })
    }

    /// How long an answer took before anything was asked of the interface.
    pub fn unimpaired(&self) -> Duration {
        self.neighbour.map_or(Duration::ZERO, |(_, took)| took)
    }
}

impl Drop for Interface {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            // What it undoes is undone when this returns.
            let _ = thread.join();
        }
    }
}

/// Soak's own things in the kernel, as they are now.
struct Kernel {
    names: Names,
    index: u32,
    mtu: u32,
    sessions: Vec<Session>,
    prefix: Prefix,
    /// What the journal knows; nothing where the interface is only looked at.
    applied: Option<Applied>,
    /// The queue of each direction, by its handle.
    up: Option<u16>,
    down: Option<u16>,
    intake: Intake,
    /// Handles are used once, so that one queue is never taken for another.
    next_handle: u16,
    /// The condition in force, by its number.
    generation: u64,
    /// What rules counted under conditions before it.
    counted: [Tally; 2],
    /// What queues dropped that are gone.
    gone: [Dropped; 2],
    /// What had passed when the run began.
    before: [Count; 2],
}

impl Kernel {
    fn begin(options: &InterfaceOptions) -> Result<Kernel, InterfaceError> {
        let interface = &options.interface;
        interface_name::check(interface)
            .map_err(|why| InterfaceError::Refused { interface: interface.clone(), why })?;
        let index = if_nametoindex(interface.as_str()).map_err(|_| no_interface(interface))?;
        let names = Names::of(&options.run, options.place, interface);
        let before = counts::of_device(interface).map_err(|reason| unreadable(interface, reason))?;
        let sessions = if options.spare_sessions { sessions().into_iter().collect() } else { Vec::new() };
        let mut kernel = Kernel {
            index,
            mtu: USUAL_MTU,
            sessions,
            prefix: Prefix::of_run(&options.run),
            applied: None,
            up: None,
            down: None,
            intake: Intake::Untouched,
            next_handle: names.handle + 1,
            generation: 0,
            counted: [Tally::default(); 2],
            gone: [Dropped::default(); 2],
            before,
            names,
        };
        if options.told {
            kernel.mtu = mtu(&kernel.prefix, interface)?;
            if options.queued_up {
                kernel.refuse_foreign_queue()?;
            }
            let undo = Undo::Interface(TouchedInterface::plan(&kernel.names, index));
            kernel.applied = Some(Applied::record(&options.recorder, undo)?);
            if options.queued_down {
                kernel.make_intake()?;
            }
            kernel.put_rules(&Condition::On)?;
        }
        Ok(kernel)
    }

    fn refuse_foreign_queue(&self) -> Result<(), InterfaceError> {
        match counts::root(&self.prefix, &self.names.interface)? {
            None => Ok(()),
            Some((kind, handle)) => {
                Err(InterfaceError::Occupied { interface: self.names.interface.clone(), kind, handle })
            }
        }
    }

    fn carry_out(&mut self, order: Order) {
        // Who asked may have gone.
        match order {
            Order::Set(condition, reply) => drop(reply.send(self.set(&condition))),
            Order::Count(reply) => drop(reply.send(self.counters())),
        }
    }

    /// New queues are there before rules lead to them, and old ones go when no rule does any more.
    fn set(&mut self, condition: &Condition) -> Result<Counters, InterfaceError> {
        if if_nametoindex(self.names.interface.as_str()) != Ok(self.index) {
            return Err(InterfaceError::Replaced { interface: self.names.interface.clone() });
        }
        let wanted = |side: Side| match condition.passage(side) {
            Passage::Impaired(asked) => Queue::of(&asked),
            _ => None,
        };
        let (up, down) = (wanted(Side::Up), wanted(Side::Down));
        if let Some(queue) = up {
            self.put_up(queue)?;
        }
        if let Some(queue) = down {
            self.put_down(queue)?;
        }
        self.intake = match (down, self.intake) {
            (Some(_), _) => Intake::Queued,
            (None, Intake::Untouched) => Intake::Untouched,
            (None, _) => Intake::Direct,
        };
        let last = self.generation;
        self.generation += 1;
        if let Err(error) = self.put_rules(condition) {
            self.generation = last;
            return Err(error);
        }
        let counted = RuleCounts::read(&self.prefix, &self.names.table)?.under(last);
        for (all, latest) in self.counted.iter_mut().zip(counted) {
            *all = all.plus(&latest);
        }
        if up.is_none() {
            self.take_up()?;
        }
        if down.is_none() {
            self.take_down()?;
        }
        self.told([Tally::default(); 2])
    }

    fn put_rules(&self, condition: &Condition) -> Result<(), InterfaceError> {
        let rules = Rules {
            names: &self.names,
            sessions: &self.sessions,
            condition,
            generation: self.generation,
            intake: self.intake,
        };
        Ok(Tool::NFT.batch(&self.prefix, &rules.text())?)
    }

    fn put_up(&mut self, queue: Queue) -> Result<(), InterfaceError> {
        let device = self.names.interface.clone();
        let mut orders = String::new();
        match self.up {
            Some(handle) => self.remember(Side::Up, handle)?,
            None => {
                // Somebody may have come in between.
                self.refuse_foreign_queue()?;
                orders = queue::root(&device, self.names.handle);
            }
        }
        let handle = self.fresh_handle();
        orders += &queue.put(&device, &queue::below_root(self.names.handle), handle, self.mtu);
        Tool::TC.batch(&self.prefix, &orders)?;
        self.up = Some(handle);
        Ok(())
    }

    fn make_intake(&mut self) -> Result<(), InterfaceError> {
        let device = &self.names.intake;
        let make = format!("link add name {device} type ifb\nlink set dev {device} up\n");
        Tool::IP.batch(&self.prefix, &make)?;
        self.intake = Intake::Direct;
        Ok(())
    }

    fn put_down(&mut self, queue: Queue) -> Result<(), InterfaceError> {
        if let Some(handle) = self.down {
            self.remember(Side::Down, handle)?;
        }
        let handle = self.fresh_handle();
        Tool::TC.batch(&self.prefix, &queue.put(&self.names.intake, "root", handle, self.mtu))?;
        self.down = Some(handle);
        Ok(())
    }

    fn take_up(&mut self) -> Result<(), InterfaceError> {
        let Some(handle) = self.up.take() else { return Ok(()) };
        self.remember(Side::Up, handle)?;
        Tool::TC.ask(&self.prefix, &["qdisc", "del", "dev", &self.names.interface, "root"])?;
        Ok(())
    }

    /// The device stays for the next time; nothing comes to it.
    fn take_down(&mut self) -> Result<(), InterfaceError> {
        let Some(handle) = self.down.take() else { return Ok(()) };
        self.remember(Side::Down, handle)?;
        Tool::TC.ask(&self.prefix, &["qdisc", "del", "dev", &self.names.intake, "root"])?;
        Ok(())
    }

    /// A queue may have another one below it, with the handle behind its own.
    fn fresh_handle(&mut self) -> u16 {
        let handle = self.next_handle;
        // Those that the kernel makes up begin at 0x8000.
        self.next_handle = if handle >= 0x7ff0 { self.names.handle + 1 } else { handle + 2 };
        handle
    }

    /// What a queue dropped is known to itself only.
    fn remember(&mut self, side: Side, handle: u16) -> Result<(), InterfaceError> {
        let dropped = self.dropped(side, handle)?;
        let gone = &mut self.gone[place(side)];
        gone.lost += dropped.lost;
        gone.overflowed += dropped.overflowed;
        Ok(())
    }

    fn dropped(&self, side: Side, handle: u16) -> Result<Dropped, InterfaceError> {
        let device = match side {
            Side::Up => &self.names.interface,
            Side::Down => &self.names.intake,
        };
        Ok(counts::of_queue(&self.prefix, device, handle)?)
    }

    fn counters(&self) -> Result<Counters, InterfaceError> {
        let latest = if self.applied.is_some() {
            RuleCounts::read(&self.prefix, &self.names.table)?.under(self.generation)
        } else {
            let interface = &self.names.interface;
            let now = counts::of_device(interface).map_err(|reason| unreadable(interface, reason))?;
            [0, 1].map(|place| {
                let (now, before) = (now[place], self.before[place]);
                let packets = now.packets.saturating_sub(before.packets);
                let bytes = now.bytes.saturating_sub(before.bytes);
                Tally { offered: packets, packets, bytes, ..Tally::default() }
            })
        };
        self.told(latest)
    }

    /// All counters, of which the rules of the present condition are given.
    fn told(&self, latest: [Tally; 2]) -> Result<Counters, InterfaceError> {
        let [mut up, mut down] = [0, 1].map(|place| self.counted[place].plus(&latest[place]));
        // What leaves meets the rules before the queue, what comes in behind it.
        let behind = self.all_dropped(Side::Up, self.up)?;
        up.packets = up.packets.saturating_sub(behind.lost + behind.overflowed);
        let ahead = self.all_dropped(Side::Down, self.down)?;
        down.offered += ahead.lost + ahead.overflowed;
        for (tally, dropped) in [(&mut up, behind), (&mut down, ahead)] {
            tally.lost += dropped.lost;
            tally.overflowed += dropped.overflowed;
        }
        let connections = connections::count(&self.names.interface);
        let connections = connections.map_err(|reason| unreadable(&self.names.interface, reason))?;
        Ok(Counters { up, down, connections, uncounted: true, ..Counters::default() })
    }

    fn all_dropped(&self, side: Side, queue: Option<u16>) -> Result<Dropped, InterfaceError> {
        let now = queue.map(|handle| self.dropped(side, handle)).transpose()?.unwrap_or_default();
        let gone = self.gone[place(side)];
        Ok(Dropped { lost: gone.lost + now.lost, overflowed: gone.overflowed + now.overflowed })
    }
}

fn place(side: Side) -> usize {
    usize::from(side == Side::Down)
}

fn no_interface(interface: &str) -> InterfaceError {
    let there = nix::net::if_::if_nameindex().map(|all| {
        all.iter().map(|one| one.name().to_string_lossy().into_owned()).filter(|name| name != "lo").collect()
    });
    InterfaceError::NoInterface { interface: interface.to_owned(), there: there.unwrap_or_default() }
}

fn unreadable(interface: &str, reason: io::Error) -> InterfaceError {
    InterfaceError::Unreadable { interface: interface.to_owned(), reason }
}

/// The largest packet of an interface, in bytes.
fn mtu(prefix: &Prefix, interface: &str) -> Result<u32, ToolError> {
    let told = Tool::IP.ask(prefix, &["-j", "link", "show", "dev", interface])?;
    let told: serde_json::Value = serde_json::from_str(&told).unwrap_or_default();
    Ok(told[0]["mtu"].as_u64().and_then(|mtu| u32::try_from(mtu).ok()).unwrap_or(USUAL_MTU))
}
