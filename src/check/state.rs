//! What the checker knows while it works.

use super::files::ReadFiles;
use super::mistake;
use super::names::{Entity, Local, Symbols, nearest};
use super::scenario::Scenario;
use super::series::SeriesKey;
use crate::diag::Diagnostic;
use crate::lang::expr::{ActionId, ExpectationId, Expr, ExprKind, SeriesId, VariableId};
use crate::lang::signature::Given;
use crate::lang::types::Type;
use crate::lang::value::Value;
use crate::source::{Sources, Span};
use crate::syntax::ast;
use std::collections::{BTreeMap, HashMap};

/// How many misspelt names are compared with all that are declared, so that a file full of them is still told in
/// linear time.
const MAX_SUGGESTIONS: usize = 200;

/// Where an expression stands, which says what it can know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A constant or a setting: fixed before the run.
    Fixed,
    /// A metric or a ledger: fixed, but it measures.
    Metric,
    /// The story.
    Story,
    /// An action, or the answer to what it asked.
    Action,
}

/// A constant: a `param` or a `let`.
pub(super) struct Constant<'a> {
    pub name: &'a ast::Name,
    pub written: &'a ast::Expr,
    /// Of a `param`, its place among them.
    pub param: Option<usize>,
    pub state: Progress<Expr>,
}

/// How far something that may depend on itself has come.
#[derive(Clone, Debug)]
pub(super) enum Progress<T> {
    Waiting,
    Busy,
    Done(T),
}

/// A metric.
pub(super) struct Metric<'a> {
    pub name: &'a ast::Name,
    pub written: &'a ast::Expr,
    pub every: Option<&'a ast::Expr>,
    pub state: Progress<Option<super::infer::Readout>>,
}

/// An action as written, and what its captures turned out to be.
pub(super) struct ActionState<'a> {
    pub body: &'a ast::Block,
    /// The types of its captures, in their order; `None` until one is made.
    pub captures: Vec<Option<Type>>,
    /// Whether a statement in it could not be read, so that it may capture anything.
    pub unreadable: bool,
    /// Whether a step yields `path`.
    pub yields_path: bool,
    /// Whether a load in the story runs it, itself or in a mix.
    pub loaded: bool,
}

/// A sequence.
pub(super) struct SequenceState<'a> {
    pub name: &'a ast::Name,
    pub parameters: &'a [ast::Parameter],
    pub body: &'a ast::Block,
    /// The types of its parameters, once its body has been checked.
    pub state: Progress<Vec<Type>>,
}

/// What an action knows at a place inside it.
#[derive(Clone)]
pub(super) struct Iteration {
    pub action: Option<ActionId>,
    /// What the answer brings, in the braces behind a request.
    pub answer: &'static [Given],
}

pub(super) struct Checker<'a> {
    pub sources: &'a Sources,
    pub files: &'a dyn ReadFiles,
    pub found: Vec<Diagnostic>,
    pub symbols: Symbols,
    pub scenario: Scenario,
    pub constants: Vec<Constant<'a>>,
    pub metrics: Vec<Metric<'a>>,
    pub actions: Vec<ActionState<'a>>,
    pub sequences: Vec<SequenceState<'a>>,
    /// Declarations whose insides are checked in the second pass, with their place in the scenario's lists.
    pub targets: Vec<&'a ast::Words>,
    pub mixes: Vec<(&'a [ast::MixPart], Span)>,
    pub curves: Vec<&'a ast::Table>,
    pub datasets: Vec<(&'a [ast::Statement], Span)>,
    pub ledgers: Vec<&'a ast::Ledger>,
    /// The statement that says the scenario's title.
    pub titled: Option<Span>,
    pub place: Place,
    /// Whether the innermost block lasts as long as it says.
    pub timed: bool,
    /// Mixes that a load in the story runs.
    pub loaded_mixes: std::collections::HashSet<crate::lang::expr::MixId>,
    /// Whether the path of a request is being read, in which a secret may stand.
    pub in_request_path: bool,
    /// Whether a member of an object is being read, which may be `null`.
    pub in_object: bool,
    pub iteration: Option<Iteration>,
    pub locals: Vec<Local>,
    pub series: HashMap<SeriesKey, SeriesId>,
    /// How often the metric that is being checked is sampled, where it says.
    pub metric_every: Option<std::time::Duration>,
    /// Phases that windows name, with the text as it was written.
    pub phases_named: Vec<(String, Span)>,
    /// What is loaded by statements that could not be read.
    pub unread_loads: Vec<String>,
    /// The names of phases that could not be read.
    pub unread_phases: Vec<String>,
    /// How long the story lasts, where it always lasts as long.
    pub story_lasts: Option<std::time::Duration>,
    /// When expectations of the story are judged at the latest, since its beginning, where the file fixes it.
    pub judged_after: BTreeMap<ExpectationId, std::time::Duration>,
    /// Pools that are drawn from, with whether what is drawn is gone.
    pub pools: Vec<(ActionId, Span, bool)>,
    /// How many misspelt names were compared with all others.
    pub suggestions: std::cell::Cell<usize>,
    /// The calls of sequences around what is checked.
    pub calls: Vec<(crate::lang::expr::SequenceId, Span)>,
    /// What every name is, where that is asked for.
    pub named: Option<super::hover::Named>,
    /// Targets of whose settings one is wrong, so that what they are is not known.
    pub half_known: std::collections::HashSet<crate::lang::expr::TargetId>,
    /// Whether a permit could not be read.
    pub unread_permit: bool,
    /// Whether an include could not be read, which may declare any name.
    pub unread_include: bool,
    /// Which expectations stand in one block, in order.
    pub siblings: Vec<Vec<crate::lang::expr::ExpectationId>>,
}

impl<'a> Checker<'a> {
    pub fn new(sources: &'a Sources, files: &'a dyn ReadFiles, found: Vec<Diagnostic>) -> Checker<'a> {
        Checker {
            sources,
            files,
            found,
            symbols: Symbols::default(),
            scenario: Scenario { title: sources.files()[0].name().to_string(), ..Scenario::default() },
            constants: Vec::new(),
            metrics: Vec::new(),
            actions: Vec::new(),
            sequences: Vec::new(),
            targets: Vec::new(),
            mixes: Vec::new(),
            curves: Vec::new(),
            datasets: Vec::new(),
            ledgers: Vec::new(),
            titled: None,
            place: Place::Fixed,
            timed: false,
            loaded_mixes: std::collections::HashSet::new(),
            in_request_path: false,
            iteration: None,
            locals: Vec::new(),
            series: HashMap::new(),
            metric_every: None,
            phases_named: Vec::new(),
            unread_loads: Vec::new(),
            unread_phases: Vec::new(),
            in_object: false,
            story_lasts: None,
            judged_after: BTreeMap::new(),
            pools: Vec::new(),
            suggestions: std::cell::Cell::new(0),
            calls: Vec::new(),
            named: None,
            half_known: std::collections::HashSet::new(),
            unread_permit: false,
            unread_include: false,
            siblings: Vec::new(),
        }
    }

    pub fn report(&mut self, finding: Diagnostic) {
        self.found.push(finding);
    }

    /// Does something as if it stood elsewhere.
    pub fn at_place<T>(&mut self, place: Place, inside: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.place, place);
        let result = inside(self);
        self.place = before;
        result
    }

    /// A new name that a block binds.
    pub fn bind(&mut self, name: &ast::Name, ty: Type) -> VariableId {
        // `times` and `users` begin nothing and end a clause only, so a sequence may count by them.
        let harmless = matches!(name.text.as_str(), "times" | "users");
        let reserved = crate::lang::words::is_reserved(&name.text) && !harmless;
        if reserved || is_iteration_word(&name.text) {
            self.report(mistake::names::reserved(name.span, &name.text));
        }
        let variable = VariableId(self.scenario.variables.len() as u32);
        self.scenario.variables.push(name.text.clone());
        self.note_typed(name.span, Some(name.span), &name.text, &ty);
        self.locals.push(Local { name: name.text.clone(), span: name.span, variable, ty });
        variable
    }

    pub fn local(&self, name: &str) -> Option<Local> {
        self.locals.iter().rev().find(|local| local.name == name).cloned()
    }

    /// Looks up a name that must be declared, and says so where it is not.
    pub fn entity(&mut self, name: &ast::Name, wanted: &'static str) -> Option<Entity> {
        if let Some(entity) = self.symbols.find(&name.text) {
            self.note_entity(name.span, entity);
            return Some(entity);
        }
        if name.text == "machine" {
            let machine = self.machine().map(Entity::Target);
            if let Some(machine) = machine {
                self.note_entity(name.span, machine);
            }
            return machine;
        }
        let meant = self.nearest_name(&name.text, wanted).map(str::to_string);
        let finding = match meant {
            None if wanted == "action" => self.unknown_action(name),
            meant => mistake::names::unknown(name.span, &name.text, wanted, meant.as_deref()),
        };
        self.report(finding);
        None
    }

    /// What is said of an action that there is not: those there are, where they are few.
    fn unknown_action(&self, name: &ast::Name) -> Diagnostic {
        const FEW: usize = 6;
        let able = |entity: Entity| matches!(entity, Entity::Action(_));
        let all = self
            .symbols
            .iter()
            .filter(|(_, symbol)| self.suggestions.get() < MAX_SUGGESTIONS && able(symbol.entity));
        let all: Vec<(&str, bool)> = all.take(FEW + 1).map(|(name, symbol)| (name, symbol.used)).collect();
        let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
        let mut unused = all.iter().filter(|(_, used)| !used);
        match (unused.next(), unused.next()) {
            (Some((only, _)), None) if all.len() <= FEW => {
                mistake::names::unknown(name.span, &name.text, "action", Some(only))
            }
            _ if all.is_empty() || all.len() > FEW => {
                mistake::names::unknown(name.span, &name.text, "action", None)
            }
            _ => mistake::names::unknown_action(name.span, &name.text, &names),
        }
    }

    /// A column of a table that is gone through, by its name alone.
    pub fn column_meant(&self, word: &str) -> Option<String> {
        let column = |local: &&Local| match &local.ty {
            Type::Row(columns) => columns.iter().any(|(name, _)| name == word),
            _ => false,
        };
        let local = self.locals.iter().rev().find(column)?;
        Some(format!("{}.{word}", local.name))
    }

    /// Whether what was meant by another word is looked for still: not once very many were.
    pub fn may_suggest(&self) -> bool {
        let asked = self.suggestions.get();
        self.suggestions.set(asked + 1);
        asked < MAX_SUGGESTIONS
    }

    /// The declared or bound name nearest to a word, of those that can stand for what is wanted; not looked for any more
    /// once very many were.
    pub fn nearest_name(&self, word: &str, wanted: &str) -> Option<&str> {
        if !self.may_suggest() {
            return None;
        }
        let locals = self.locals.iter().map(|local| local.name.as_str());
        let captures = self.iteration.iter().filter_map(|iteration| iteration.action);
        let captures =
            captures.flat_map(|action| self.scenario.action(action).captures.iter().map(String::as_str));
        let answer =
            self.iteration.iter().flat_map(|iteration| iteration.answer.iter().map(|given| given.name));
        let own = if self.iteration.is_some() { ["seq", "user"].as_slice() } else { &[] };
        let built_in = answer.chain(own.iter().copied()).chain(["machine", "scratch", "elapsed"]);
        let fits = |entity: Entity| match wanted {
            "action" => matches!(entity, Entity::Action(_) | Entity::Mix(_)),
            "sequence" => matches!(entity, Entity::Sequence(_)),
            "curve" => matches!(entity, Entity::Curve(_)),
            // The value of a name, or something of what it names.
            "name" => !matches!(entity, Entity::Sequence(_) | Entity::Curve(_)),
            _ => matches!(entity, Entity::Target(_)),
        };
        let declared = self.symbols.iter().filter(|(_, symbol)| fits(symbol.entity)).map(|(name, _)| name);
        if wanted != "name" {
            return nearest(word, declared);
        }
        nearest(word, locals.chain(captures).chain(declared).chain(built_in))
    }

    /// The action that makes a capture of that name, with its place.
    pub fn captured_elsewhere(&self, capture: &str) -> Option<(&str, Span)> {
        let mut actions = self.scenario.actions.iter();
        let action = actions.find(|action| action.captures.iter().any(|name| name == capture))?;
        Some((action.name.as_str(), action.span))
    }

    /// What a target is called in messages.
    pub fn sort_of(&self, name: &str) -> &'static str {
        self.symbols.peek(name).map_or("name", |symbol| symbol.sort)
    }
}

/// Whether a word means something in an action and therefore cannot be a name there.
pub(super) fn is_iteration_word(word: &str) -> bool {
    matches!(word, "seq" | "user" | "status" | "body" | "headers" | "latency" | "rows" | "path")
}

/// An expression of which nothing is known, because it is wrong.
pub(super) fn unknown(span: Span) -> Expr {
    Expr { kind: ExprKind::Constant(Value::Bool(false)), ty: Type::Unknown, span }
}
