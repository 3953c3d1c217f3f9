//! The helper's own side: it makes the network, passes on descriptors, and hands orders to the threads of the links.

use std::io::{self, BufReader};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, PoisonError};

use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};

use super::build::{Built, build};
use super::message::{LinkOrder, LinkOutcome, Order, Told};
use super::namespace;
use super::passing::{self, SocketKind, Wanted};
use crate::kinds::helper::own;
use crate::kinds::link::emulator::{Emulator, wake_soon};

/// Where answers go. The threads of the links answer too.
type Answers = Arc<Mutex<UnixStream>>;

/// Runs a helper; returns its exit code when the run has closed the socket that is its standard input.
pub fn main() -> i32 {
    own::main(serve)
}

fn serve() -> io::Result<()> {
    let control = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let asked = io::stdout().as_fd().try_clone_to_owned()?;
    let answers: Answers = Arc::new(Mutex::new(control.try_clone()?));
    let mut orders = BufReader::new(control);
    let Some(Order::Begin(plan)) = own::next(&mut orders)? else {
        return Err(io::Error::other("nothing to begin with"));
    };
    let built = match build(&plan) {
        Ok(built) => built,
        Err(error) => {
            tell(&answers, &Told::Failed(error.to_string()));
            return Ok(());
        }
    };
    let Built { shared, networks, links, lacks } = built;
    std::thread::Builder::new().name("sockets".into()).spawn(move || pass(&asked, &shared, &networks))?;
    // A new condition is to be in force when it is due.
    wake_soon();
    tell(&answers, &Told::Begun { lacks });
    while let Some(order) = own::next(&mut orders)? {
        if let Order::Link { id, link, what } = order
            && let Some(link) = links.get(link)
        {
            obey(link, id, what, Arc::clone(&answers));
        }
    }
    Ok(())
}

fn obey(link: &Emulator, id: u64, what: LinkOrder, answers: Answers) {
    let done = move |outcome| tell(&answers, &Told::Done { id, outcome });
    match what {
        LinkOrder::Set(condition) => link.set(condition, Box::new(move |()| done(LinkOutcome::Set))),
        LinkOrder::Count => {
            link.count(Box::new(move |counters| done(LinkOutcome::Counted(Box::new(counters)))));
        }
        LinkOrder::End(share) => link.end(share, Box::new(move |count| done(LinkOutcome::Ended(count)))),
        LinkOrder::Probe => link.probe(Box::new(move |took| done(LinkOutcome::Probed(took)))),
    }
}

fn tell(answers: &Answers, told: &Told) {
    let mut stream = answers.lock().unwrap_or_else(PoisonError::into_inner);
    // A run that is gone hears nothing, and the end of its orders ends this process.
    let _ = own::tell(&mut stream, told);
}

/// Answers who asks for descriptors, until nobody does.
fn pass(asked: &OwnedFd, shared: &namespace::Shared, networks: &[OwnedFd]) {
    let of = |host: u32| networks.get(host as usize).ok_or(io::ErrorKind::NotFound.into());
    while let Some(wanted) = passing::next(asked) {
        let found: io::Result<(u32, Vec<OwnedFd>)> = match wanted {
            Wanted::Shared => {
                let both = shared.user.iter().chain([&shared.mount]);
                let copies: io::Result<Vec<_>> = both.map(OwnedFd::try_clone).collect();
                copies.map(|copies| (u32::from(shared.user.is_some()), copies))
            }
            Wanted::Network(host) => of(host).and_then(OwnedFd::try_clone).map(|network| (0, vec![network])),
            Wanted::Socket(host, kind) => {
                of(host).and_then(|network| open(network, kind)).map(|socket| (0, vec![socket]))
            }
        };
        if passing::answer(asked, found).is_err() {
            return;
        }
    }
}

/// Opens a socket in a network. It stays there whoever uses it.
fn open(network: &OwnedFd, kind: SocketKind) -> io::Result<OwnedFd> {
    namespace::enter_network(network)?;
    let family = if kind.v6 { AddressFamily::Inet6 } else { AddressFamily::Inet };
    let form = if kind.datagrams { SockType::Datagram } else { SockType::Stream };
    Ok(socket(family, form, SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK, None)?)
}
