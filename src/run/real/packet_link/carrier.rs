//! What carries a link's packets: an emulator in the virtual network of the run, a proxy of datagrams, or a real interface.

use crate::kinds::host::NetworkError;
use crate::kinds::host::network::Network;
use crate::kinds::link::datagrams::{DatagramOptions, DatagramProxy};
use crate::kinds::link::emulator::{Condition, Counters};
use crate::kinds::link::interface::{Interface, InterfaceOptions};
use futures_util::future::{FutureExt, LocalBoxFuture};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// An answer that comes later. The order is on its way before there is one.
pub(super) type Later<T> = LocalBoxFuture<'static, T>;

/// A condition on its way.
pub(super) struct Switch {
    /// The counters up to the very end of the condition before it.
    pub last: Later<Option<Counters>>,
    /// Whether it is, and since when where that was before the answer.
    pub done: Later<Result<Option<Instant>, String>>,
    /// The counters from which on it is in force.
    pub first: Later<Option<Counters>>,
}

/// There until the run ends it.
pub(super) enum Carrier {
    /// One of a network's links, by its place.
    Network(RefCell<Option<Rc<Network>>>, usize),
    /// A proxy, once it is started.
    Datagrams(DatagramOptions, RefCell<Option<Rc<DatagramProxy>>>),
    /// An interface of the machine, once it was looked at.
    Interface(InterfaceOptions, RefCell<Option<Rc<Interface>>>),
}

impl Carrier {
    /// Opens the port of a proxy, or takes hold of an interface; a network is there already.
    pub async fn start(&self) -> Result<(), String> {
        match self {
            Carrier::Network(..) => {}
            Carrier::Datagrams(options, proxy) => {
                let started = DatagramProxy::start(options).await.map_err(|error| error.to_string())?;
                *proxy.borrow_mut() = Some(Rc::new(started));
            }
            Carrier::Interface(options, interface) => {
                let started = Interface::start(options.clone()).await.map_err(|error| error.to_string())?;
                *interface.borrow_mut() = Some(Rc::new(started));
            }
        }
        Ok(())
    }

    pub fn end(&self) {
        match self {
            Carrier::Network(network, _) => drop(network.take()),
            Carrier::Datagrams(_, proxy) => drop(proxy.take()),
            Carrier::Interface(_, interface) => drop(interface.take()),
        }
    }

    fn present(&self) -> Result<Present, String> {
        match self {
            Carrier::Network(network, place) => {
                let network = network.borrow().clone().ok_or(NetworkError::Ended);
                network.map(|network| Present::Network(network, *place)).map_err(|error| error.to_string())
            }
            Carrier::Datagrams(_, proxy) => {
                proxy.borrow().clone().map(Present::Datagrams).ok_or_else(|| "the link is not open".into())
            }
            Carrier::Interface(_, interface) => {
                let interface = interface.borrow().clone();
                interface.map(Present::Interface).ok_or_else(|| "the link is not open".into())
            }
        }
    }

    /// Has the link put into a condition; all of it is on its way when this returns.
    pub fn set(&self, condition: Condition) -> Result<Switch, String> {
        let set = match self.present()? {
            // It tells itself what was counted until then, so that counting keeps nobody waiting.
            Present::Interface(interface) => {
                let switched = told(interface.set(condition)).shared();
                let counted =
                    || switched.clone().map(|told| told.ok().map(|(counters, _)| counters)).boxed_local();
                let (last, first) = (counted(), counted());
                let done = switched.map(|done| done.map(|(_, since)| Some(since))).boxed_local();
                return Ok(Switch { last, done, first });
            }
            Present::Network(network, place) => Box::new(move || told(network.set(place, condition)))
                as Box<dyn FnOnce() -> Later<Result<(), String>>>,
            Present::Datagrams(proxy) => Box::new(move || told(proxy.set(condition))),
        };
        // Orders are carried out one after the other.
        let counted = || self.counters().map(|counted| counted.map(Result::ok).boxed_local());
        let last = counted()?;
        let done = set().map(|done| done.map(|()| None)).boxed_local();
        Ok(Switch { last, done, first: counted()? })
    }

    pub fn counters(&self) -> Result<Later<Result<Counters, String>>, String> {
        Ok(match self.present()? {
            Present::Network(network, place) => told(network.counters(place)),
            Present::Datagrams(proxy) => told(proxy.counters()),
            Present::Interface(interface) => told(interface.counters()),
        })
    }

    pub fn probe(&self, patience: Duration) -> Result<Later<Option<Duration>>, String> {
        Ok(match self.present()? {
            Present::Network(network, place) => network.probe(place, patience).boxed_local(),
            Present::Datagrams(proxy) => proxy.probe(patience).boxed_local(),
            Present::Interface(interface) => {
                interface.probe(patience).map_err(|error| error.to_string())?.boxed_local()
            }
        })
    }

    /// The part of a probe's time that it takes where nothing is asked, as far as it matters.
    pub fn unimpaired(&self) -> Duration {
        match self.present() {
            Ok(Present::Interface(interface)) => interface.unimpaired(),
            _ => Duration::ZERO,
        }
    }

    /// Ends a share of the connections; the answer says how many.
    pub fn reset(&self, share: f64) -> Result<Later<Result<usize, String>>, String> {
        match self.present()? {
            Present::Network(network, place) => Ok(told(network.end(place, share))),
            Present::Datagrams(_) => Err("datagrams have no connections that could be ended".into()),
            Present::Interface(_) => Err("soak does not hold the connections of an interface".into()),
        }
    }
}

enum Present {
    Network(Rc<Network>, usize),
    Datagrams(Rc<DatagramProxy>),
    Interface(Rc<Interface>),
}

/// An answer whose error is told in a sentence.
fn told<T, E: std::fmt::Display>(
    answer: impl Future<Output = Result<T, E>> + 'static,
) -> Later<Result<T, String>> {
    answer.map(|answer| answer.map_err(|error| error.to_string())).boxed_local()
}
