//! Connections that are kept open: a few which all users share, or one for each user.

use super::request::RequestError;
use crate::lang::call::Arguments;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::Future;
use std::ops::RangeInclusive;
use std::rc::Rc;
use tokio::sync::Mutex;

/// So many of one client's users are given connections together before a barrier.
const TOGETHER: usize = 256;
/// More shared connections than this are of no use.
const MOST_SHARED: usize = 1_000;

/// Something kept in a pool.
pub trait Pooled {
    /// Whether it may still be used.
    fn is_open(&self) -> bool;
}

/// A place for a connection; whoever opens it keeps others from doing so too.
type Slot<C> = Rc<Mutex<Option<Rc<C>>>>;

/// The connections of one client.
pub struct Pool<C> {
    /// Empty where each user has its own.
    shared: Vec<Slot<C>>,
    next: Cell<usize>,
    own: RefCell<HashMap<u64, Slot<C>>>,
}

impl<C: Pooled> Pool<C> {
    /// From the settings `connections` and `own`.
    pub fn new(settings: &Arguments, usual: usize) -> Pool<C> {
        let given = settings.number("connections").map(|count| count as usize);
        Pool::of(given.unwrap_or(usual), settings.has("own"))
    }

    /// So many that are shared, or one for each user.
    pub fn of(most: usize, own: bool) -> Pool<C> {
        let count = if own { 0 } else { most.clamp(1, MOST_SHARED) };
        Pool {
            shared: (0..count).map(|_| Slot::default()).collect(),
            next: Cell::new(0),
            own: RefCell::default(),
        }
    }

    /// Whether each user has its own.
    pub fn is_own(&self) -> bool {
        self.shared.is_empty()
    }

    /// A user's connection, or the next of those that are shared; opened where it is not.
    pub async fn get<F>(&self, user: u64, open: impl FnOnce() -> F) -> Result<Rc<C>, RequestError>
    where
        F: Future<Output = Result<C, RequestError>>,
    {
        let slot = if self.is_own() {
            Rc::clone(self.own.borrow_mut().entry(user).or_default())
        } else {
            let next = self.next.get();
            self.next.set((next + 1) % self.shared.len());
            Rc::clone(&self.shared[next])
        };
        let mut place = slot.lock().await;
        if let Some(connection) = place.as_ref().filter(|connection| connection.is_open()) {
            return Ok(Rc::clone(connection));
        }
        // The one that has ended goes before the new one comes.
        *place = None;
        let connection = Rc::new(open().await?);
        *place = Some(Rc::clone(&connection));
        Ok(connection)
    }

    /// Opens what these users will need. What cannot be opened now is told by the request that needs it.
    pub async fn warm_up<F>(&self, users: RangeInclusive<u64>, open: impl Fn() -> F)
    where
        F: Future<Output = Result<C, RequestError>>,
    {
        let wanted = if self.is_own() { usize::MAX } else { self.shared.len() };
        let users: Vec<u64> = users.take(wanted).collect();
        for together in users.chunks(TOGETHER) {
            futures_util::future::join_all(together.iter().map(|user| self.get(*user, &open))).await;
        }
    }

    /// Lets go of what these users had of their own.
    pub fn release(&self, users: &RangeInclusive<u64>) {
        self.own.borrow_mut().retain(|user, _| !users.contains(user));
    }
}
