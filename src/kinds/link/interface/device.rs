//! One interface of a run: what it is asked is carried out in order, on a thread of its own.

use super::echo;
use super::kernel::Kernel;
use super::tools::ToolError;
use crate::kinds::link::emulator::{Condition, Counters};
use crate::kinds::link::interface_name;
use crate::kinds::undo::{JournalError, Recorder, RunId};
use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use thiserror::Error;
use tokio::sync::oneshot;

/// How long the first echo may take; who does not answer it is not asked again.
const FIRST_ECHO: Duration = Duration::from_secs(1);

/// So many are sent at first, and the fastest is what an answer takes: what is measured later is judged by it, and the first one
/// often takes far longer.
const ECHOES: usize = 5;

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
    Set(Change),
    Count(Reply<Counters>),
}

/// A condition that is wanted, since when, and who is told what came of it.
struct Change {
    condition: Condition,
    asked: Instant,
    reply: Reply<(Counters, Instant)>,
}

/// Where one state ends as another begins, two changes are asked for at once. After so long no more come.
const AT_ONCE: Duration = Duration::from_micros(200);

/// Carries orders out until nobody can give any.
fn carry_out(kernel: &mut Kernel, inbox: &mpsc::Receiver<Order>) {
    let mut next = None;
    while let Some(order) = next.take().or_else(|| inbox.recv().ok()) {
        // Who asked may have gone.
        match order {
            Order::Count(reply) => drop(reply.send(kernel.counters())),
            Order::Set(change) => {
                let mut changes = vec![change];
                while let Ok(order) = inbox.recv_timeout(AT_ONCE) {
                    match order {
                        Order::Set(change) => changes.push(change),
                        other => {
                            next = Some(other);
                            break;
                        }
                    }
                }
                change_to_last(kernel, changes);
            }
        }
    }
}

/// Puts the last of several conditions in force, and tells all who asked. The kernel needs some time to settle each change, and
/// what only stood between two others would be over before it was there.
fn change_to_last(kernel: &mut Kernel, mut changes: Vec<Change>) {
    let Some(last) = changes.pop() else { return };
    let result = kernel.set(&last.condition);
    for earlier in changes {
        let told = match &result {
            Ok((counters, in_force)) => Ok((counters.clone(), (*in_force).max(earlier.asked))),
            // Each is to know what went wrong.
            Err(_) => kernel.set(&last.condition),
        };
        let _ = earlier.reply.send(told);
    }
    let _ = last.reply.send(result.map(|(counters, in_force)| (counters, in_force.max(last.asked))));
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
                carry_out(&mut kernel, &inbox);
            }
            Err(error) => drop(ready.send(Err(error))),
        };
        let thread = std::thread::Builder::new().name(thread_name).spawn(body);
        let thread = thread.map_err(|reason| InterfaceError::Thread { interface: name.clone(), reason })?;
        let mut interface = Interface { orders: Some(orders), thread: Some(thread), name, neighbour: None };
        begun.await.unwrap_or(Err(InterfaceError::Ended))?;
        if let Some(whom) = echo::neighbour(&interface.name) {
            let mut fastest = echo::echo(&interface.name, whom, FIRST_ECHO).await;
            for _ in 1..ECHOES {
                let Some(known) = fastest else { break };
                fastest = echo::echo(&interface.name, whom, FIRST_ECHO)
                    .await
                    .map(|took| took.min(known))
                    .or(fastest);
            }
            interface.neighbour = fastest.map(|took| (whom, took));
        }
        Ok(interface)
    }

    /// Puts it into a condition; comes to what had been counted until it was in force, and when that was. The order is on
    /// its way before this returns.
    pub fn set(
        &self,
        condition: Condition,
    ) -> impl Future<Output = Result<(Counters, Instant), InterfaceError>> + use<> {
        let asked = Instant::now();
        self.order(move |reply| Order::Set(Change { condition, asked, reply }))
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
