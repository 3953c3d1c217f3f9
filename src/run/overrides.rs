//! One stack of overrides a property of a target: the newest wins, and taking one away uncovers the one below.

use super::world::{FaultId, State};
use crate::lang::call::Call;
use crate::lang::expr::TargetId;
use std::collections::BTreeMap;

/// A property of a target.
pub type Property = (TargetId, &'static str);

/// All stacks of a run.
#[derive(Debug, Default)]
pub struct Overrides {
    stacks: BTreeMap<Property, Vec<State>>,
    /// The fault whose state each property was last ordered into.
    pub in_force: BTreeMap<Property, FaultId>,
}

impl Overrides {
    /// Puts a state on top.
    pub fn push(&mut self, property: Property, fault: FaultId, call: Call) {
        self.stacks.entry(property).or_default().push(State { fault, call });
    }

    /// Takes a state away, wherever in the stack it is. Where it was on top, gives what is effective now.
    pub fn remove(&mut self, property: Property, fault: FaultId) -> Removed {
        let Some(stack) = self.stacks.get_mut(&property) else { return Removed::Absent };
        let Some(place) = stack.iter().position(|state| state.fault == fault) else { return Removed::Absent };
        stack.remove(place);
        if place < stack.len() {
            return Removed::Covered;
        }
        let uncovered = stack.last().cloned();
        if uncovered.is_none() {
            self.stacks.remove(&property);
        }
        Removed::Uncovers(uncovered)
    }
}

/// What taking a state away changed.
#[derive(Debug)]
pub enum Removed {
    /// There was no such state.
    Absent,
    /// Another one lies above it: nothing changes in the world.
    Covered,
    /// This is effective now; nothing is what was declared.
    Uncovers(Option<State>),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::call::Arguments;

    fn call(verb: &'static str) -> Call {
        Call { verb, arguments: Arguments::default() }
    }

    #[test]
    fn removal_from_the_middle_changes_nothing_until_it_is_uncovered() {
        let property = (TargetId(0), "state");
        let mut overrides = Overrides::default();
        overrides.push(property, 1, call("off"));
        overrides.push(property, 2, call("on"));
        overrides.push(property, 3, call("degrade"));
        assert!(matches!(overrides.remove(property, 2), Removed::Covered));
        assert!(matches!(overrides.remove(property, 2), Removed::Absent));
        let Removed::Uncovers(Some(state)) = overrides.remove(property, 3) else { panic!("it was on top") };
        assert_eq!((state.fault, state.call.verb), (1, "off"));
        assert!(matches!(overrides.remove(property, 1), Removed::Uncovers(None)));
        assert!(matches!(overrides.remove(property, 1), Removed::Absent));
    }
}
