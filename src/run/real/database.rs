//! Orders to databases: what is held over connections of soak's own, and the proof of what it did.

use super::Shared;
use crate::event::Evidence;
use crate::kinds::database::client::DatabaseClient;
use crate::kinds::database::disturb::{DisturbError, Held, Hog, TableLock};
use crate::lang::call::Call;
use crate::run::world::{Answer, Effect, State, Ticket};
use serde_json::Value;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::{Mutex, oneshot};

/// How often is looked who waits for a lock.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// So many rows are shown.
const MAX_SHOWN: usize = 20;

/// A declared database.
pub(super) struct DatabaseTarget {
    client: Rc<DatabaseClient>,
    lock: Property<WatchedLock>,
    hog: Property<Hog>,
}

/// What is in force of one property. Orders take their turn, in the order in which they were given.
struct Property<T> {
    turn: Mutex<()>,
    held: RefCell<Option<T>>,
}

impl<T> Default for Property<T> {
    fn default() -> Property<T> {
        Property { turn: Mutex::new(()), held: RefCell::new(None) }
    }
}

/// A lock, and the task that looks at who waits for it.
struct WatchedLock {
    /// Dropped to let it go.
    release: oneshot::Sender<()>,
    released: oneshot::Receiver<Held>,
}

impl WatchedLock {
    fn watch(mut lock: TableLock) -> WatchedLock {
        let (release, mut wanted) = oneshot::channel();
        let (done, released) = oneshot::channel();
        tokio::task::spawn_local(async move {
            while tokio::time::timeout(LOOK_EVERY, &mut wanted).await.is_err() {
                if lock.look().await.is_err() {
                    // It is lost, as its end will tell.
                    let _ = wanted.await;
                    break;
                }
            }
            let _ = done.send(lock.release().await);
        });
        WatchedLock { release, released }
    }

    async fn end(self) -> Option<Held> {
        drop(self.release);
        self.released.await.ok()
    }
}

impl DatabaseTarget {
    pub fn new(client: DatabaseClient) -> DatabaseTarget {
        DatabaseTarget { client: Rc::new(client), lock: Property::default(), hog: Property::default() }
    }

    pub fn client(&self) -> &Rc<DatabaseClient> {
        &self.client
    }

    /// Closes every connection that is not in use, and whatever is held.
    pub fn end(&self) {
        self.lock.held.take();
        self.hog.held.take();
        self.client.close();
    }

    pub fn set(
        self: &Rc<Self>,
        shared: &Rc<Shared>,
        ticket: Ticket,
        property: &'static str,
        state: Option<State>,
    ) {
        let (this, shared) = (Rc::clone(self), Rc::clone(shared));
        tokio::task::spawn_local(async move {
            let (before, done) = match property {
                "lock" => this.set_lock(state).await,
                _ => this.set_hog(state).await,
            };
            let effect = before.map(effect);
            shared.answer(ticket, done.map(|()| Answer::Set(effect)).map_err(|error| error.to_string()));
        });
    }

    async fn set_lock(&self, state: Option<State>) -> (Option<Held>, Result<(), DisturbError>) {
        let _turn = self.lock.turn.lock().await;
        let held = self.lock.held.take();
        let before = match held {
            Some(held) => held.end().await,
            None => None,
        };
        let Some(state) = state else { return (before, Ok(())) };
        let table = state.call.arguments.text("table").unwrap_or_default();
        let done = self.client.lock(table).await.map(|lock| {
            *self.lock.held.borrow_mut() = Some(WatchedLock::watch(lock));
        });
        (before, done)
    }

    async fn set_hog(&self, state: Option<State>) -> (Option<Held>, Result<(), DisturbError>) {
        let _turn = self.hog.turn.lock().await;
        let before = self.hog.held.take().map(Hog::release);
        let Some(state) = state else { return (before, Ok(())) };
        let connections = state.call.arguments.number("connections").unwrap_or(1.0) as usize;
        let done = self.client.hog(connections).await.map(|hog| {
            *self.hog.held.borrow_mut() = Some(hog);
        });
        (before, done)
    }

    pub fn act(self: &Rc<Self>, shared: &Rc<Shared>, ticket: Ticket, call: &Call) {
        let (this, shared) = (Rc::clone(self), Rc::clone(shared));
        let share = call.arguments.number("share").unwrap_or(1.0);
        tokio::task::spawn_local(async move {
            let done = this.client.disconnect(share).await.map(|ended| {
                Answer::Did(match ended.of {
                    0 => "nobody was connected".into(),
                    of => format!("{} of {of} connections ended, all gone", ended.ended),
                })
            });
            shared.answer(ticket, done.map_err(|error| error.to_string()));
        });
    }

    /// The first rows of a query, a line each.
    pub fn show(self: &Rc<Self>, shared: &Rc<Shared>, ticket: Ticket, query: String) {
        let (this, shared) = (Rc::clone(self), Rc::clone(shared));
        tokio::task::spawn_local(async move {
            let rows = this.client.rows(&query).await.map(|rows| {
                let more = rows.len().saturating_sub(MAX_SHOWN);
                let shown = rows.iter().take(MAX_SHOWN).map(line);
                Answer::Rows(shown.chain((more > 0).then(|| format!("and {more} more"))).collect())
            });
            shared.answer(ticket, rows.map_err(|error| error.in_full()));
        });
    }
}

fn effect(held: Held) -> Effect {
    let evidence = if held.real { Evidence::Measured } else { Evidence::None };
    Effect { measured: Some(held.told), evidence }
}

/// A row as people read it.
fn line(row: &Value) -> String {
    let cell = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match row.as_object() {
        Some(row) => {
            row.iter().map(|(name, value)| format!("{name} = {}", cell(value))).collect::<Vec<_>>().join(", ")
        }
        None => row.to_string(),
    }
}
