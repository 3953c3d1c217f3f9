//! What every name of a scenario is, at every place it is written: what an editor shows beside it.
//!
//! The places are taken down while the scenario is checked, so they are there for all that can be told of one that is
//! partly wrong. Checking alone takes none down.

mod text;

use super::infer::{Readout, Term};
use super::names::Entity;
use super::state::Checker;
use super::{Options, files};
use crate::lang::expr::{ActionId, Expr};
use crate::lang::types::Type;
use crate::source::{Sources, Span};
use std::collections::{BTreeMap, HashMap};

/// A name at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedPlace {
    /// Where it is written; of a phase with its quotes.
    pub span: Span,
    /// Where it is declared, where it is in these files.
    pub declared: Option<Span>,
    /// What it is, on one line: `metric queue: gauge, number, sampled every 5s`.
    pub text: String,
}

/// Every name at every place it is written, declarations and uses, in the order of their places: the first file of
/// `sources` is the scenario, to which what it includes is added. What is wrong is left out; the rest is told.
///
/// # Panics
///
/// Where `sources` holds no file.
pub fn names(sources: &mut Sources, options: &Options) -> Vec<NamedPlace> {
    let mut found = Vec::new();
    let parsed = files::parse_all(sources, options.files, &mut found);
    let given = super::constants::parse_given(sources, options.params, &mut found);
    let mut checker = Checker::new(sources, options.files, found);
    checker.named = Some(Named::default());
    checker.work(&super::items(&parsed), &given);
    checker.named_places()
}

/// What was taken down.
#[derive(Debug, Default)]
pub(super) struct Named {
    /// Uses of declared names; what these are is known at the end.
    entities: BTreeMap<Span, Entity>,
    /// Names with their texts.
    told: BTreeMap<Span, NamedPlace>,
    /// Where captures are made first.
    captures: HashMap<(ActionId, String), Span>,
    /// The phases: what stands between their quotes, and their place and text.
    phases: BTreeMap<String, (Span, String)>,
    /// Uses of phases.
    phase_uses: Vec<(Span, String)>,
}

impl Checker<'_> {
    /// A declared name is used.
    pub(super) fn note_entity(&mut self, span: Span, entity: Entity) {
        if let Some(named) = &mut self.named {
            named.entities.insert(span, entity);
        }
    }

    /// A name that a block or an action makes: its declaration, or a use of one that is `declared` elsewhere.
    pub(super) fn note(
        &mut self,
        span: Span,
        declared: Option<Span>,
        text: impl FnOnce(&mut Self) -> Option<String>,
    ) {
        if self.named.is_none() {
            return;
        }
        let Some(text) = text(self) else { return };
        if let Some(named) = &mut self.named {
            named.told.insert(span, NamedPlace { span, declared, text });
        }
    }

    /// A name with the type of its values.
    pub(super) fn note_typed(&mut self, span: Span, declared: Option<Span>, name: &str, ty: &Type) {
        self.note(span, declared, |_| Some(format!("{name}: {}", text::noun(ty))));
    }

    /// What stands behind a dot.
    pub(super) fn note_part(&mut self, span: Span, whole: Span, term: &Term) {
        self.note(span, None, |checker| {
            let name = checker.sources.text(whole).to_string();
            match term {
                Term::Readout(readout) => Some(format!("{name}: {}", checker.readout_text(readout))),
                Term::Log(..) => Some(format!("{name}: lines of output")),
                Term::Value(expr) if expr.ty == Type::Unknown => None,
                Term::Value(expr) => Some(format!("{name}: {}", text::noun(&expr.ty))),
            }
        });
    }

    /// A declared name that is used, where it is declared at all.
    pub(super) fn used_entity(&mut self, name: &str, span: Span) -> Option<Entity> {
        let entity = self.symbols.find(name)?;
        self.note_entity(span, entity);
        Some(entity)
    }

    /// A capture of an action, named behind a dot.
    pub(super) fn note_capture(&mut self, span: Span, whole: Span, action: ActionId, capture: usize) {
        let name = self.scenario.action(action).captures[capture].clone();
        let declared = self.named.as_ref().and_then(|named| named.captures.get(&(action, name))).copied();
        self.note(span, declared, |checker| {
            let ty = checker.actions[action.index()].captures[capture].as_ref()?;
            Some(format!("{}: {}", checker.sources.text(whole), text::noun(ty)))
        });
    }

    /// Where a capture is made first.
    pub(super) fn note_captured(&mut self, action: ActionId, name: &str, span: Span) {
        if let Some(named) = &mut self.named {
            named.captures.entry((action, name.to_string())).or_insert(span);
        }
    }

    /// Where the action at hand makes a capture of that name.
    pub(super) fn captured_at(&self, name: &str) -> Option<Span> {
        let action = self.iteration.as_ref()?.action?;
        self.named.as_ref()?.captures.get(&(action, name.to_string())).copied()
    }

    /// A phase of the story.
    pub(super) fn note_phase(&mut self, span: Span, name: &Expr, duration: Option<&Expr>) {
        if self.named.is_none() {
            return;
        }
        let length = match duration {
            None => "as long as its statements".to_string(),
            Some(duration) => self.sources.text(duration.span).to_string(),
        };
        let written = self.sources.text(span).to_string();
        let text = format!("phase {written}: {length}");
        self.note(span, Some(span), |_| Some(text.clone()));
        let known = name.constant().and_then(|name| name.as_text()).map(str::to_string);
        if let (Some(named), Some(known)) = (&mut self.named, known) {
            named.phases.entry(known).or_insert((span, text));
        }
    }

    /// A phase that a window names, which may stand further down.
    pub(super) fn note_phase_use(&mut self, span: Span, name: &Expr) {
        let written = self.sources.text(span).to_string();
        let known = name.constant().and_then(|name| name.as_text()).map(str::to_string);
        let Some(named) = &mut self.named else { return };
        match known {
            Some(known) => named.phase_uses.push((span, known)),
            None => {
                let text = format!("phase {written}: the one whose name this comes to");
                named.told.insert(span, NamedPlace { span, declared: None, text });
            }
        }
    }

    /// Everything that was taken down, and all declarations.
    fn named_places(mut self) -> Vec<NamedPlace> {
        let named = self.named.take().unwrap_or_default();
        let mut places = named.told;
        for (span, name) in named.phase_uses {
            if let Some((declared, text)) = named.phases.get(&name) {
                let (declared, text) = (Some(*declared), text.clone());
                places.insert(span, NamedPlace { span, declared, text });
            }
        }
        let mut entities = named.entities;
        entities.extend(self.symbols.iter().map(|(_, symbol)| (symbol.span, symbol.entity)));
        let mut known: HashMap<Entity, NamedPlace> = HashMap::new();
        for (_, symbol) in self.symbols.iter() {
            if let Some(text) = self.entity_text(symbol.entity) {
                let place = NamedPlace { span: symbol.span, declared: Some(symbol.span), text };
                known.entry(symbol.entity).or_insert(place);
            }
        }
        for (span, entity) in entities {
            let place = known.get(&entity).cloned().or_else(|| {
                // The machine is declared nowhere.
                Some(NamedPlace { span, declared: None, text: self.entity_text(entity)? })
            });
            if let Some(place) = place {
                places.insert(span, NamedPlace { span, ..place });
            }
        }
        // A value given on the command line has a file of its own, which is none of the scenario's.
        let written = |place: &NamedPlace| !self.sources.file_of(place.span).name().starts_with("--param");
        places.into_values().filter(written).collect()
    }

    /// What a declared name is.
    fn entity_text(&self, entity: Entity) -> Option<String> {
        let scenario = &self.scenario;
        Some(match entity {
            Entity::Constant(index) => self.constant_text(index),
            Entity::Secret(secret) => {
                let secret = scenario.secret(secret);
                format!("secret {}: text, from the environment variable {}", secret.name, secret.variable)
            }
            Entity::Target(target) => {
                let target = scenario.target(target);
                format!("{} {}: target", target.kind.name, target.name).replace("machine machine", "machine")
            }
            Entity::Metric(index) => self.metric_text(index),
            Entity::Ledger(ledger) => self.ledger_text(ledger),
            Entity::Action(action) => self.action_text(action),
            Entity::Mix(mix) => {
                let mix = &scenario.mixes[mix.index()];
                let parts = mix.parts.iter().map(|(share, action)| {
                    let share = crate::lang::quantity::Quantity::share(*share);
                    format!("{share} {}", scenario.action(*action).name)
                });
                format!("mix {}: {}", mix.name, parts.collect::<Vec<_>>().join(", "))
            }
            Entity::Curve(curve) => {
                let curve = &scenario.curves[curve.index()];
                format!("curve {}: {} points", curve.name, curve.points.len())
            }
            Entity::Dataset(dataset) => {
                let dataset = &scenario.datasets[dataset.index()];
                format!("dataset {}: rows of {}", dataset.name, dataset.columns.join(", "))
            }
            Entity::Sequence(sequence) => self.sequence_text(sequence),
            Entity::Unknown => return None,
        })
    }

    /// What a reading gives, and how often.
    fn readout_text(&self, readout: &Readout) -> String {
        let shown = text::measured(readout.shape, readout.dimension, readout.percent, readout.json);
        match self.sampled_every(readout) {
            Some(every) => format!("{shown}, sampled every {}", crate::lang::unit::format_duration(every)),
            None => shown,
        }
    }
}
