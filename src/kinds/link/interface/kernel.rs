//! What soak has in the kernel for one interface: rules, queues and a device, changed from one condition to the next.

use super::connections;
use super::counts::{self, Count, Dropped, RuleCounts};
use super::device::{InterfaceError, InterfaceOptions};
use super::names::Names;
use super::queue::{self, Queue};
use super::rules::{Intake, Rules};
use super::session::{Session, sessions};
use super::tools::{Prefix, Tool, ToolError, Waiting};
use crate::kinds::link::emulator::{Condition, Counters, Passage, Side, Tally};
use crate::kinds::link::interface_name;
use crate::kinds::undo::{Applied, TouchedInterface, Undo};
use nix::net::if_::if_nametoindex;
use std::io;
use std::time::Instant;

/// Where the Internet protocols have no MTU to go by, Ethernet's.
const USUAL_MTU: u32 = 1500;

/// Soak's own things in the kernel, as they are now.
pub(super) struct Kernel {
    names: Names,
    index: u32,
    mtu: u32,
    sessions: Vec<Session>,
    prefix: Prefix,
    /// Who carries out the next change of rules.
    nft: Option<Waiting>,
    /// What the journal knows; nothing where the interface is only looked at.
    applied: Option<Applied>,
    /// The queue of each direction, by its handle.
    up: Option<u16>,
    down: Option<u16>,
    intake: Intake,
    /// Handles are used once, so that one queue is never taken for another.
    next_handle: u16,
    /// The condition in force, by its number, and since when.
    generation: u64,
    condition: Condition,
    since: Instant,
    /// What rules counted under conditions before it.
    counted: [Tally; 2],
    /// What queues dropped that are gone.
    gone: [Dropped; 2],
    /// What had passed when the run began.
    before: [Count; 2],
}

impl Kernel {
    pub fn begin(options: &InterfaceOptions) -> Result<Kernel, InterfaceError> {
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
            nft: None,
            applied: None,
            up: None,
            down: None,
            intake: Intake::Untouched,
            next_handle: names.handle + 1,
            generation: 0,
            condition: Condition::On,
            since: Instant::now(),
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
            kernel.have_nft_wait();
        }
        Ok(kernel)
    }

    /// Where it cannot be started now, the next change tells why it cannot be then.
    fn have_nft_wait(&mut self) {
        self.nft = Waiting::start(&self.prefix).ok();
    }

    fn refuse_foreign_queue(&self) -> Result<(), InterfaceError> {
        match counts::root(&self.prefix, &self.names.interface)? {
            None => Ok(()),
            Some((kind, handle)) => {
                Err(InterfaceError::Occupied { interface: self.names.interface.clone(), kind, handle })
            }
        }
    }

    /// New queues are there before rules lead to them, and old ones go when no rule does any more. Says when the condition
    /// was in force: what was counted is known later, as the kernel has whoever asks wait for the change to settle.
    pub fn set(&mut self, condition: &Condition) -> Result<(Counters, Instant), InterfaceError> {
        if if_nametoindex(self.names.interface.as_str()) != Ok(self.index) {
            return Err(InterfaceError::Replaced { interface: self.names.interface.clone() });
        }
        if *condition == self.condition {
            return Ok((self.counters()?, self.since));
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
        let in_force = Instant::now();
        (self.condition, self.since) = (condition.clone(), in_force);
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
        self.have_nft_wait();
        Ok((self.told([Tally::default(); 2])?, in_force))
    }

    fn put_rules(&mut self, condition: &Condition) -> Result<(), InterfaceError> {
        let rules = Rules {
            names: &self.names,
            sessions: &self.sessions,
            condition,
            generation: self.generation,
            intake: self.intake,
        };
        let text = rules.text();
        let nft = match self.nft.take().and_then(Waiting::still) {
            Some(nft) => nft,
            None => Waiting::start(&self.prefix)?,
        };
        Ok(nft.carry_out(&text)?)
    }

    fn put_up(&mut self, queue: Queue) -> Result<(), InterfaceError> {
        let device = self.names.interface.clone();
        let parent = queue::below_root(self.names.handle);
        let mut orders = match self.up {
            Some(handle) => {
                self.remember(Side::Up, handle)?;
                queue::away(&device, &parent)
            }
            None => {
                // Somebody may have come in between.
                self.refuse_foreign_queue()?;
                queue::root(&device, self.names.handle)
            }
        };
        let handle = self.fresh_handle();
        orders += &queue.put(&device, &parent, handle, self.mtu);
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
        let device = &self.names.intake.clone();
        let mut orders = String::new();
        if let Some(handle) = self.down {
            self.remember(Side::Down, handle)?;
            orders = queue::away(device, "root");
        }
        let handle = self.fresh_handle();
        orders += &queue.put(device, "root", handle, self.mtu);
        Tool::TC.batch(&self.prefix, &orders)?;
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

    pub fn counters(&self) -> Result<Counters, InterfaceError> {
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
