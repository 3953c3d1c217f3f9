//! The pool of a capture: its last values, drawn from by `recent` and emptied by `take`.

use crate::lang::value::Value;
use rand::Rng;
use std::collections::VecDeque;

/// How many captures a pool remembers.
pub const POOL_SIZE: usize = 10_000;

/// The last captures of one name.
#[derive(Debug, Default)]
pub struct Pool {
    values: VecDeque<Value>,
}

impl Pool {
    /// Remembers a value; the oldest is forgotten when the pool is full.
    pub fn put(&mut self, value: Value) {
        if self.values.len() == POOL_SIZE {
            self.values.pop_front();
        }
        self.values.push_back(value);
    }

    /// One of them at random, which stays.
    pub fn recent(&self, random: &mut (impl Rng + ?Sized)) -> Option<Value> {
        let index = (!self.values.is_empty()).then(|| random.random_range(0..self.values.len()))?;
        self.values.get(index).cloned()
    }

    /// One of them at random, which goes.
    pub fn take(&mut self, random: &mut (impl Rng + ?Sized)) -> Option<Value> {
        let index = (!self.values.is_empty()).then(|| random.random_range(0..self.values.len()))?;
        self.values.swap_remove_back(index)
    }
}
