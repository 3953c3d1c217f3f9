//! Blocks that have been entered: each owns what starts in it, and knows when it ends.

use super::random::Place;
use super::strand::StrandId;
use super::watch::WatchId;
use super::world::{FaultId, LoadId};
use crate::lang::expr::{SeriesId, VariableId};
use crate::lang::moment::Moment;
use crate::lang::value::Value;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A block that has been entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScopeId(pub u64);

/// The names bound by a block and those around it. It outlives the block where an expectation still needs it.
#[derive(Debug, Default)]
pub struct Names {
    bound: Vec<(VariableId, Value)>,
    outer: Option<Rc<Names>>,
}

impl Names {
    /// The names of a block inside another.
    pub fn inside(outer: &Rc<Names>, bound: Vec<(VariableId, Value)>) -> Rc<Names> {
        if bound.is_empty() {
            Rc::clone(outer)
        } else {
            Rc::new(Names { bound, outer: Some(Rc::clone(outer)) })
        }
    }

    /// What a name stands for.
    pub fn find(&self, variable: VariableId) -> Option<&Value> {
        let own = self.bound.iter().find(|(known, _)| *known == variable).map(|(_, bound)| bound);
        own.or_else(|| self.outer.as_ref()?.find(variable))
    }
}

/// What sort of block it is.
#[derive(Clone, Debug, PartialEq)]
pub enum ScopeKind {
    /// The file, `setup`, `cleanup`.
    Stage,
    Phase {
        number: u64,
        name: String,
    },
    /// A whole loop, around its passes.
    Loop,
    /// One pass of a loop or of `every`. What it has not decided when it is cut does not count.
    Pass {
        number: u64,
    },
    Parallel,
    At,
    Sequence,
}

/// What a block owns, in the order in which it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owned {
    Scope(ScopeId),
    Strand(StrandId),
    Every(u64),
    Load(LoadId),
    Watch(WatchId),
    Fault(FaultId),
}

/// A block that has been entered and not left.
#[derive(Debug)]
pub struct Scope {
    pub parent: Option<ScopeId>,
    pub depth: u32,
    pub kind: ScopeKind,
    /// Where in the story it is, for random choices.
    pub place: Place,
    pub began: Moment,
    /// Its exact end, where it has one.
    pub deadline: Option<Moment>,
    /// The earliest end of it and of all blocks around it.
    pub limit: Moment,
    /// The strand that entered it.
    pub strand: StrandId,
    pub names: Rc<Names>,
    pub owned: Vec<Owned>,
    /// The series whose windows begin with this block.
    pub pinned: Rc<[SeriesId]>,
}

/// All blocks that have been entered and not left.
#[derive(Debug, Default)]
pub struct Scopes {
    scopes: BTreeMap<ScopeId, Scope>,
    number: u64,
}

impl Scopes {
    /// Takes a block in. The one around it owns it.
    pub fn add(&mut self, scope: Scope) -> ScopeId {
        self.number += 1;
        let id = ScopeId(self.number);
        if let Some(parent) = scope.parent {
            self.own(parent, Owned::Scope(id));
        }
        self.scopes.insert(id, scope);
        id
    }

    /// A block that has not been left.
    pub fn get(&self, id: ScopeId) -> Option<&Scope> {
        self.scopes.get(&id)
    }

    /// Takes a block out, and away from the one around it.
    pub fn remove(&mut self, id: ScopeId) -> Option<Scope> {
        let scope = self.scopes.remove(&id)?;
        if let Some(parent) = scope.parent {
            self.disown(parent, Owned::Scope(id));
        }
        Some(scope)
    }

    /// From now on the block owns it.
    pub fn own(&mut self, id: ScopeId, owned: Owned) {
        if let Some(scope) = self.scopes.get_mut(&id) {
            scope.owned.push(owned);
        }
    }

    /// The block no longer owns it: it has ended by itself.
    pub fn disown(&mut self, id: ScopeId, owned: Owned) {
        if let Some(scope) = self.scopes.get_mut(&id)
            && let Some(place) = scope.owned.iter().rposition(|one| *one == owned)
        {
            scope.owned.remove(place);
        }
    }

    /// All that a block owns, which it then no longer does.
    pub fn take_owned(&mut self, id: ScopeId) -> Vec<Owned> {
        self.scopes.get_mut(&id).map(|scope| std::mem::take(&mut scope.owned)).unwrap_or_default()
    }

    /// The phases and passes around a place, outermost first, and the number of the innermost phase.
    pub fn around(&self, id: ScopeId) -> (Vec<String>, Option<u64>) {
        let (mut labels, mut phase) = (Vec::new(), None);
        let mut next = Some(id);
        while let Some(scope) = next.and_then(|id| self.scopes.get(&id)) {
            match &scope.kind {
                ScopeKind::Phase { number, name } => {
                    labels.push(name.clone());
                    phase = phase.or(Some(*number));
                }
                ScopeKind::Pass { number } => labels.push(format!("pass {number}")),
                _ => {}
            }
            next = scope.parent;
        }
        labels.reverse();
        (labels, phase)
    }
}
