//! Faults: states that override what was declared, and acts that are held, each with its end.

use super::interpreter::Interpreter;
use super::overrides::{Property, Removed};
use super::scope::{Owned, ScopeId};
use super::strand::StrandId;
use super::tell::Pending;
use super::world::{Answer, Effect, FaultId, Order, State, Ticket};
use crate::event::{Acted, EventKind, Evidence, FaultApplied, FaultUndone, Verdict};
use crate::lang::call::Call;
use crate::lang::expr::TargetId;
use crate::lang::moment::Moment;
use std::time::Duration;

/// What sort of fault it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum FaultKind {
    /// A state of a property.
    State(Property),
    /// An act that is held.
    Held,
}

/// A fault that begins.
#[derive(Debug)]
pub(super) struct NewFault {
    /// The block that owns it.
    pub scope: ScopeId,
    pub kind: FaultKind,
    pub target: TargetId,
    pub call: Call,
    pub asked: String,
    pub line: u32,
    pub due: Moment,
    /// How long it is to last; without one until its block ends.
    pub lasts: Option<Duration>,
}

/// A fault that has begun and is not done with.
#[derive(Debug)]
pub(super) struct Fault<'s> {
    new: NewFault,
    name: &'s str,
    /// Since when it is in force.
    applied: Option<Moment>,
    /// What is known of its effect.
    effect: Option<Effect>,
    /// Answers that are still to come.
    outstanding: u32,
    /// Whether it is to be no more.
    removed: bool,
    /// How many blocks stand around its statement, where that is told.
    depth: Option<u32>,
}

impl<'s> Interpreter<'s, '_> {
    /// Takes a fault in. Its block owns it.
    pub fn begin_fault(&mut self, new: NewFault) -> FaultId {
        let id = self.number();
        let name = self.scenario.target(new.target).name.as_str();
        self.scopes.own(new.scope, Owned::Fault(id));
        let outstanding = u32::from(new.kind == FaultKind::Held);
        let depth = self.depth;
        let fault = Fault { new, name, applied: None, effect: None, outstanding, removed: false, depth };
        self.faults.insert(id, fault);
        id
    }

    /// Puts a state on top of its property's stack, and into force.
    pub fn push_state(&mut self, id: FaultId, property: Property, call: Call, strand: StrandId) -> Ticket {
        self.overrides.push(property, id, call.clone());
        self.set(property, Some(State { fault: id, call }), Some(strand))
    }

    fn set(&mut self, property: Property, state: Option<State>, strand: Option<StrandId>) -> Ticket {
        let new = state.as_ref().map(|state| state.fault);
        let previous = match new {
            Some(new) => self.overrides.in_force.insert(property, new),
            None => self.overrides.in_force.remove(&property),
        };
        for fault in [previous, new].into_iter().flatten() {
            if let Some(fault) = self.faults.get_mut(&fault) {
                fault.outstanding += 1;
            }
        }
        let (target, word) = property;
        let order = Order::Set { target, property: word, state };
        self.order(order, Pending::Set { property, previous, new, strand })
    }

    /// A property was put into a state, or could not be.
    pub fn state_set(
        &mut self,
        property: Property,
        previous: Option<FaultId>,
        new: Option<FaultId>,
        at: Moment,
        answer: Result<Answer, String>,
    ) {
        let (effect, since, failed) = match answer {
            Ok(Answer::Set(effect)) => (effect, at, None),
            Ok(Answer::SetSince(effect, since)) => (effect, since.min(at), None),
            Ok(_) => (None, at, None),
            Err(failed) => (None, at, Some(failed)),
        };
        if let Some(id) = previous {
            self.learn(id, effect);
            self.settle_fault(id, at, since);
        }
        match (new, failed) {
            (Some(id), None) => self.in_force(id, at, since),
            (Some(id), Some(failed)) => {
                self.state_failed(id, property, at, failed);
            }
            (None, Some(failed)) => {
                let name = &self.scenario.target(property.0).name;
                let text = format!("{name} could not be put back as it was declared: {failed}");
                self.tell_at(at, EventKind::Noticed { line: None, text });
                self.count(Verdict::Fail);
            }
            (None, None) => {}
        }
    }

    /// A fault is in force since a moment, which is told at another one.
    fn in_force(&mut self, id: FaultId, at: Moment, since: Moment) {
        let Some(fault) = self.faults.get_mut(&id) else { return };
        fault.outstanding = fault.outstanding.saturating_sub(1);
        if fault.applied.is_none() {
            fault.applied = Some(since);
            let applied = FaultApplied {
                fault: id,
                target: fault.name.to_owned(),
                verb: fault.new.call.verb.to_owned(),
                line: fault.new.line,
                asked: fault.new.asked.clone(),
                due: fault.new.due.seconds(),
                applied: since.seconds(),
                lasts: fault.new.lasts.map(|lasts| lasts.as_secs_f64()),
            };
            let depth = fault.depth;
            self.tell_inside(at, depth, EventKind::FaultApplied(applied));
        }
        self.settle_fault(id, at, at);
    }

    /// A state that could not be put into force counts as a failed act; what lies below it is in force again.
    fn state_failed(&mut self, id: FaultId, property: Property, at: Moment, failed: String) {
        let Some(fault) = self.faults.get(&id) else { return };
        let acted = Acted {
            target: fault.name.to_owned(),
            verb: fault.new.call.verb.to_owned(),
            line: fault.new.line,
            asked: fault.new.asked.clone(),
            due: fault.new.due.seconds(),
            measured: None,
            failed: Some(failed),
        };
        let depth = fault.depth;
        self.acted(at, depth, acted);
        self.forget_fault(id);
        if let Removed::Uncovers(state) = self.overrides.remove(property, id) {
            self.set(property, state, None);
        }
    }

    /// A held act has happened.
    pub fn held(&mut self, id: FaultId, at: Moment) {
        self.in_force(id, at, at);
    }

    /// The fault never came about.
    pub fn forget_fault(&mut self, id: FaultId) {
        if let Some(fault) = self.faults.remove(&id) {
            self.scopes.disown(fault.new.scope, Owned::Fault(id));
        }
    }

    /// Ends a fault: a state is taken off its stack, a held act is let go.
    pub fn undo(&mut self, id: FaultId) {
        let Some(fault) = self.faults.get_mut(&id).filter(|fault| !fault.removed) else { return };
        fault.removed = true;
        let (scope, kind, target) = (fault.new.scope, fault.new.kind, fault.new.target);
        self.scopes.disown(scope, Owned::Fault(id));
        match kind {
            FaultKind::State(property) => match self.overrides.remove(property, id) {
                Removed::Uncovers(state) => {
                    self.set(property, state, None);
                }
                Removed::Covered | Removed::Absent => self.settle_fault(id, self.now, self.now),
            },
            FaultKind::Held => {
                fault.outstanding += 1;
                let call = fault.new.call.clone();
                self.order(Order::Release { target, call, held: id }, Pending::Release(id));
            }
        }
    }

    /// A held act was let go.
    pub fn released(&mut self, id: FaultId, at: Moment, answer: Result<Answer, String>) {
        let effect = match answer {
            Ok(Answer::Released(effect)) => Some(effect),
            Ok(_) => None,
            Err(failed) => {
                let line = self.faults.get(&id).map(|fault| fault.new.line);
                self.tell_at(at, EventKind::Noticed { line, text: failed });
                self.count(Verdict::Fail);
                None
            }
        };
        self.learn(id, effect);
        self.settle_fault(id, at, at);
    }

    /// Takes in what a fault did while it was in force; a part that was measured outweighs one that was not.
    fn learn(&mut self, id: FaultId, effect: Option<Effect>) {
        let Some(fault) = self.faults.get_mut(&id) else { return };
        fault.outstanding = fault.outstanding.saturating_sub(1);
        let Some(effect) = effect else { return };
        let known = fault.effect.as_ref().map_or(0, |known| weight(known.evidence));
        if weight(effect.evidence) >= known {
            fault.effect = Some(effect);
        }
    }

    /// Tells of a fault's end, once nothing more can come of it.
    fn settle_fault(&mut self, id: FaultId, at: Moment, since: Moment) {
        if self.faults.get(&id).is_none_or(|fault| !fault.removed || fault.outstanding > 0) {
            return;
        }
        let Some(fault) = self.faults.remove(&id) else { return };
        if fault.applied.is_none() {
            return;
        }
        let unknown = Effect { measured: None, evidence: Evidence::NotExercised };
        let depth = fault.depth;
        let Effect { measured, evidence } = fault.effect.unwrap_or(unknown);
        if evidence == Evidence::None {
            self.count(Verdict::Inconclusive);
        }
        let undone = FaultUndone { fault: id, undone: since.seconds(), measured, evidence };
        self.tell_inside(at, depth, EventKind::FaultUndone(undone));
    }

    /// The faults that are in force, as the scenario says them.
    pub fn faults_in_force(&self) -> Vec<String> {
        let effective = |id: &FaultId, fault: &Fault<'_>| match fault.new.kind {
            FaultKind::State(property) => self.overrides.in_force.get(&property) == Some(id),
            FaultKind::Held => true,
        };
        self.faults
            .iter()
            .filter(|(id, fault)| fault.applied.is_some() && !fault.removed && effective(id, fault))
            .map(|(_, fault)| fault.new.asked.clone())
            .collect()
    }
}

fn weight(evidence: Evidence) -> u8 {
    match evidence {
        Evidence::NotExercised => 1,
        Evidence::None => 2,
        Evidence::Measured => 3,
    }
}
