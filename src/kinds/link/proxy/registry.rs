//! The connections that are open, and the orders they can be given.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rand::RngCore;
use rand::seq::index;
use tokio::sync::oneshot;

/// The most connections a link carries at once.
pub const CONNECTION_LIMIT: usize = 20_000;

/// How a connection is ended from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Reset,
    Cut,
}

/// All open connections of one link, by number.
#[derive(Debug, Default)]
pub(super) struct Registry {
    open: Mutex<BTreeMap<u64, oneshot::Sender<Order>>>,
}

/// A connection's place among the open ones, until it is dropped.
#[derive(Debug)]
pub(super) struct Entry {
    registry: Arc<Registry>,
    pub number: u64,
}

impl Registry {
    /// Enters a connection; `None` when there are too many.
    pub fn enter(self: &Arc<Registry>, number: u64) -> Option<(Entry, oneshot::Receiver<Order>)> {
        let mut open = self.lock();
        if open.len() >= CONNECTION_LIMIT {
            return None;
        }
        let (order, orders) = oneshot::channel();
        open.insert(number, order);
        Some((Entry { registry: Arc::clone(self), number }, orders))
    }

    pub fn open(&self) -> usize {
        self.lock().len()
    }

    /// Orders all connections to be reset; says how many.
    pub fn reset_all(&self) -> usize {
        let open = std::mem::take(&mut *self.lock());
        open.into_values().filter_map(|order| order.send(Order::Reset).ok()).count()
    }

    /// Orders a share of the connections to be cut, drawn at random, at least one when there is one; says how
    /// many.
    pub fn cut(&self, share: f64, random: &mut dyn RngCore) -> usize {
        let mut open = self.lock();
        let count = portion(share, open.len());
        let mut chosen = index::sample(random, open.len(), count).into_vec();
        chosen.sort_unstable();
        let numbers: Vec<u64> = open.keys().copied().collect();
        let orders = chosen.into_iter().filter_map(|place| open.remove(&numbers[place]));
        orders.filter_map(|order| order.send(Order::Cut).ok()).count()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, oneshot::Sender<Order>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.registry.lock().remove(&self.number);
    }
}

/// How many of `all` a share is, rounded up.
fn portion(share: f64, all: usize) -> usize {
    if share.is_nan() || share <= 0.0 {
        return 0;
    }
    // Shares such as 7 % have no exact binary form; what lies above a whole number only by that error is not
    // rounded up.
    let exact = share * all as f64;
    ((exact - 1e-9).ceil().max(1.0) as usize).min(all)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn a_share_is_rounded_up_and_never_more_than_all() {
        for (share, all, expected) in [
            (0.3, 10, 3),
            (0.07, 100, 7),
            (0.3, 11, 4),
            (0.001, 5, 1),
            (0.5, 0, 0),
            (1.0, 7, 7),
            (3.0, 7, 7),
            (0.0, 7, 0),
            (-1.0, 7, 0),
            (f64::NAN, 7, 0),
        ] {
            assert_eq!(portion(share, all), expected, "{share} of {all}");
        }
    }

    #[test]
    fn there_is_a_limit_and_who_leaves_makes_room() {
        let registry = Arc::new(Registry::default());
        let mut all: Vec<_> =
            (0..CONNECTION_LIMIT as u64).filter_map(|number| registry.enter(number)).collect();
        assert_eq!((all.len(), registry.open()), (CONNECTION_LIMIT, CONNECTION_LIMIT));
        assert!(registry.enter(CONNECTION_LIMIT as u64).is_none());
        all.pop();
        assert!(registry.enter(CONNECTION_LIMIT as u64).is_some());
    }

    #[test]
    fn the_same_seed_cuts_the_same_connections() {
        let survivors = |seed| {
            let registry = Arc::new(Registry::default());
            let all: Vec<_> = (0..20).filter_map(|number| registry.enter(number)).collect();
            assert_eq!(registry.cut(0.5, &mut ChaCha8Rng::seed_from_u64(seed)), 10);
            assert_eq!(registry.open(), 10);
            let left: Vec<u64> = registry.lock().keys().copied().collect();
            drop(all);
            assert_eq!(registry.open(), 0);
            left
        };
        assert_eq!(survivors(1), survivors(1));
        assert_ne!(survivors(1), survivors(2));
    }
}
