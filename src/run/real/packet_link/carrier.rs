//! What carries a link's packets: an emulator in the virtual network of the run, or a proxy of datagrams.

use crate::kinds::host::NetworkError;
use crate::kinds::host::network::Network;
use crate::kinds::link::datagrams::{DatagramOptions, DatagramProxy};
use crate::kinds::link::emulator::{Condition, Counters};
use futures_util::future::{FutureExt, LocalBoxFuture};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

/// An answer that comes later. The order is on its way before there is one.
pub(super) type Later<T> = LocalBoxFuture<'static, T>;

/// There until the run ends it.
pub(super) enum Carrier {
    /// One of a network's links, by its place.
    Network(RefCell<Option<Rc<Network>>>, usize),
    /// A proxy, once it is started.
    Datagrams(DatagramOptions, RefCell<Option<Rc<DatagramProxy>>>),
}

impl Carrier {
    /// Opens the port of a proxy; a network is there already.
    pub async fn start(&self) -> Result<(), String> {
        if let Carrier::Datagrams(options, proxy) = self {
            let started = DatagramProxy::start(options).await.map_err(|error| error.to_string())?;
            *proxy.borrow_mut() = Some(Rc::new(started));
        }
        Ok(())
    }

    pub fn end(&self) {
        match self {
            Carrier::Network(network, _) => drop(network.take()),
            Carrier::Datagrams(_, proxy) => drop(proxy.take()),
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
        }
    }

    pub fn set(&self, condition: Condition) -> Result<Later<Result<(), String>>, String> {
        Ok(match self.present()? {
            Present::Network(network, place) => told(network.set(place, condition)),
            Present::Datagrams(proxy) => told(proxy.set(condition)),
        })
    }

    pub fn counters(&self) -> Result<Later<Result<Counters, String>>, String> {
        Ok(match self.present()? {
            Present::Network(network, place) => told(network.counters(place)),
            Present::Datagrams(proxy) => told(proxy.counters()),
        })
    }

    pub fn probe(&self, patience: Duration) -> Result<Later<Option<Duration>>, String> {
        Ok(match self.present()? {
            Present::Network(network, place) => network.probe(place, patience).boxed_local(),
            Present::Datagrams(proxy) => proxy.probe(patience).boxed_local(),
        })
    }

    /// Ends a share of the connections; the answer says how many.
    pub fn reset(&self, share: f64) -> Result<Later<Result<usize, String>>, String> {
        match self.present()? {
            Present::Network(network, place) => Ok(told(network.end(place, share))),
            Present::Datagrams(_) => Err("datagrams have no connections that could be ended".into()),
        }
    }
}

enum Present {
    Network(Rc<Network>, usize),
    Datagrams(Rc<DatagramProxy>),
}

/// An answer whose error is told in a sentence.
fn told<T, E: std::fmt::Display>(
    answer: impl Future<Output = Result<T, E>> + 'static,
) -> Later<Result<T, String>> {
    answer.map(|answer| answer.map_err(|error| error.to_string())).boxed_local()
}
