//! What is known around an expression while the shortest course is walked.

use crate::lang::eval::{NoValue, Surroundings};
use crate::lang::expr::VariableId;
use crate::lang::value::Value;
use rand::RngCore;
use std::collections::HashMap;

/// What the walk knows around an expression: the rows and arguments that are bound.
#[derive(Default)]
pub(super) struct Around {
    pub variables: HashMap<VariableId, Value>,
    dice: Dice,
}

impl Around {
    /// Whether ranges come to their high ends from now on, or to their low ones.
    pub fn high(&mut self, high: bool) {
        self.dice.high = high;
    }

    /// Whether anything was drawn since this was asked last.
    pub fn take_drawn(&mut self) -> bool {
        std::mem::take(&mut self.dice.drawn)
    }
}

impl Surroundings for Around {
    fn random(&mut self) -> &mut dyn RngCore {
        &mut self.dice
    }

    fn variable(&mut self, variable: VariableId) -> Result<Value, NoValue> {
        self.variables.get(&variable).cloned().ok_or(NoValue::NotHere("a variable"))
    }
}

/// Draws the end of every range: the low one, or the high one.
#[derive(Default)]
struct Dice {
    high: bool,
    drawn: bool,
}

impl RngCore for Dice {
    fn next_u32(&mut self) -> u32 {
        self.drawn = true;
        if self.high { u32::MAX } else { 0 }
    }

    fn next_u64(&mut self) -> u64 {
        self.drawn = true;
        if self.high { u64::MAX } else { 0 }
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.drawn = true;
        bytes.fill(if self.high { u8::MAX } else { 0 });
    }
}
