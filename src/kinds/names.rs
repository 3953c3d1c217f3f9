//! The addresses of a host's name: asked for once in a while, not once a connection, so that ten thousand connections a
//! second are not as many questions, and a name that moves is followed all the same.

use std::cell::{Cell, RefCell};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio::task::spawn_local;

/// How old an answer may grow where no target says otherwise.
pub const DEFAULT_EVERY: Duration = Duration::from_secs(30);
/// A name without an address is asked for again after so long.
const AGAIN: Duration = Duration::from_secs(1);

/// A name and what is known of it. All connections of one target share it.
#[derive(Debug)]
pub struct Name {
    host: String,
    /// Where it is no name but an address.
    number: Option<IpAddr>,
    every: Cell<Duration>,
    known: RefCell<Option<Known>>,
    asking: Cell<bool>,
    told: Notify,
    turn: Cell<usize>,
}

#[derive(Clone, Debug)]
struct Known {
    at: Instant,
    /// Without an address, what the system said, by its kind.
    addresses: Result<Rc<[IpAddr]>, io::ErrorKind>,
}

impl Name {
    /// A name of which nothing is known yet.
    pub fn new(host: &str) -> Name {
        Name {
            host: host.to_string(),
            number: host.parse().ok(),
            every: Cell::new(DEFAULT_EVERY),
            known: RefCell::default(),
            asking: Cell::new(false),
            told: Notify::new(),
            turn: Cell::new(0),
        }
    }

    /// Says how old an answer may grow; 0 asks anew for each connection.
    pub fn renewed_every(&self, every: Duration) {
        self.every.set(every);
    }

    /// How old an answer may grow.
    pub fn every(&self) -> Duration {
        self.every.get()
    }

    /// Where connections may go, in the order in which to try: the addresses take turns in being the first. While the
    /// name is asked for anew the last answer still holds, for as long again at most. Must be called within a
    /// `LocalSet`.
    ///
    /// # Errors
    /// One without a number of the system's, where the name has no address.
    pub async fn addresses(self: &Rc<Name>, port: u16) -> io::Result<Vec<SocketAddr>> {
        if let Some(address) = self.number {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        let addresses = self.current().await?;
        let turn = self.turn.get();
        self.turn.set(turn.wrapping_add(1));
        let first = turn % addresses.len().max(1);
        let (before, after) = addresses.split_at(first);
        Ok(after.iter().chain(before).map(|address| SocketAddr::new(*address, port)).collect())
    }

    async fn current(self: &Rc<Name>) -> io::Result<Rc<[IpAddr]>> {
        let begun = Instant::now();
        loop {
            let told = self.told.notified();
            let known = self.known.borrow().clone();
            if let Some(known) = known {
                let every = self.every.get();
                let age = begun.saturating_duration_since(known.at);
                let fresh = if known.addresses.is_ok() { every } else { every.min(AGAIN) };
                if known.at >= begun || age < fresh {
                    return known.addresses.map_err(io::Error::from);
                }
                if known.addresses.is_ok() && age < 2 * every {
                    self.ask();
                    return known.addresses.map_err(io::Error::from);
                }
            }
            self.ask();
            told.await;
        }
    }

    /// Asks, unless somebody does already.
    fn ask(self: &Rc<Name>) {
        if self.asking.replace(true) {
            return;
        }
        let this = Rc::clone(self);
        spawn_local(async move {
            // The port is none of the system's business here.
            let found = tokio::net::lookup_host((this.host.as_str(), 0)).await;
            let addresses = match found.map(|found| found.map(|address| address.ip()).collect::<Rc<[_]>>()) {
                Ok(addresses) if addresses.is_empty() => Err(io::ErrorKind::NotFound),
                Ok(addresses) => Ok(addresses),
                // Whatever the reason is, the name has no address now.
                Err(_) => Err(io::ErrorKind::NotFound),
            };
            *this.known.borrow_mut() = Some(Known { at: Instant::now(), addresses });
            this.asking.set(false);
            this.told.notify_waiters();
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::task::LocalSet;

    const LONG: Duration = Duration::from_secs(3600);

    fn run(test: impl Future<Output = ()>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        LocalSet::new().block_on(&runtime, test);
    }

    fn known(name: &Name, ago: Duration, addresses: &[&str]) {
        let addresses: Rc<[IpAddr]> = addresses.iter().map(|address| address.parse().unwrap()).collect();
        let at = Instant::now() - ago;
        *name.known.borrow_mut() = Some(Known { at, addresses: Ok(addresses) });
    }

    #[test]
    fn addresses_take_turns() {
        run(async {
            let name = Rc::new(Name::new("two.example"));
            known(&name, Duration::ZERO, &["127.0.0.1", "127.0.0.2"]);
            let mut firsts = Vec::new();
            for _ in 0..4 {
                let addresses = name.addresses(7).await.unwrap();
                assert_eq!(addresses.len(), 2);
                firsts.push(addresses[0].to_string());
            }
            assert_eq!(firsts, ["127.0.0.1:7", "127.0.0.2:7", "127.0.0.1:7", "127.0.0.2:7"]);
        });
    }

    #[test]
    fn an_old_answer_holds_while_it_is_renewed_and_no_longer() {
        run(async {
            let name = Rc::new(Name::new("no-such-name.invalid"));
            name.renewed_every(LONG);
            known(&name, LONG * 3 / 2, &["127.0.0.1"]);
            assert_eq!(name.addresses(7).await.unwrap().len(), 1);
            assert!(name.asking.get());
            name.told.notified().await;
            let error = name.addresses(7).await.unwrap_err();
            assert_eq!((error.kind(), error.raw_os_error()), (io::ErrorKind::NotFound, None));
            known(&name, LONG * 3, &["127.0.0.1"]);
            assert!(name.addresses(7).await.is_err());
        });
    }

    #[test]
    fn many_that_wait_are_one_question_and_numbers_are_none() {
        run(async {
            let name = Rc::new(Name::new("localhost"));
            name.renewed_every(Duration::ZERO);
            let all = futures_util::future::join_all((0..50).map(|_| name.addresses(7))).await;
            assert!(all.iter().all(|found| found.as_ref().is_ok_and(|found| !found.is_empty())));
            let number = Rc::new(Name::new("::1"));
            assert_eq!(number.addresses(7).await.unwrap()[0].to_string(), "[::1]:7");
            assert!(number.known.borrow().is_none());
        });
    }
}
