//! The first pass: every declaration gets its name and its place in a list, nothing is resolved.

use super::mistake;
use super::names::{Entity, Symbol};
use super::scenario::{Action, Block, Curve, Dataset, DatasetOrder, Ledger, Mix, Secret, Sequence, Target};
use super::state::{
    ActionState, Checker, Constant, Metric, Progress, SequenceState, is_iteration_word, unknown,
};
use crate::kinds;
use crate::lang::expr::{ActionId, CurveId, DatasetId, LedgerId, MixId, SecretId, SequenceId, TargetId};
use crate::lang::signature::Kind;
use crate::syntax::ast::{self, Name, Statement, StatementKind};
use crate::syntax::is_any_sort;

impl<'a> Checker<'a> {
    /// Declares everything; `true` marks what stands in the scenario itself and not in an include.
    pub fn declare(&mut self, items: &[(bool, &'a Statement)]) {
        let mut titled = None;
        let mut first = true;
        for (own, item) in items {
            if let StatementKind::Scenario { title } = &item.kind {
                match titled {
                    _ if !own => self.report(mistake::place::scenario_in_include(item.span)),
                    Some(place) => self.report(mistake::place::second_scenario(item.span, place)),
                    None if !first => self.report(mistake::place::scenario_not_first(item.span)),
                    None => {}
                }
                titled.get_or_insert(item.span);
                if *own {
                    self.titled.get_or_insert(item.span);
                    self.scenario.title = title.literal().unwrap_or_else(|| {
                        self.found.push(mistake::place::title_interpolates(title.span));
                        String::new()
                    });
                }
            } else if !is_declaration(item) && !own && !matches!(item.kind, StatementKind::Bad { .. }) {
                self.report(mistake::place::story_in_include(item.span));
            } else {
                self.declare_item(item);
            }
            first = false;
        }
    }

    fn declare_item(&mut self, item: &'a Statement) {
        match &item.kind {
            StatementKind::Param { name, default, about } => {
                let param = Some(self.scenario.params.len());
                self.scenario.params.push(super::constants::param(name, about));
                self.declare_constant(name, default, param);
            }
            StatementKind::Let { name, value } => self.declare_constant(name, value, None),
            StatementKind::Secret { name, variable } => {
                let id = SecretId(self.scenario.secrets.len() as u32);
                let text = variable.literal().unwrap_or_default();
                if let Some(wrong) = text.chars().find(|c| c.is_whitespace() || "${}%=".contains(*c)) {
                    let better = text.trim_matches(['$', '{', '}', '%']);
                    self.report(mistake::names::not_a_variable(variable.span, &text, wrong, better));
                }
                self.scenario.secrets.push(Secret {
                    name: name.text.clone(),
                    variable: text,
                    span: name.span,
                });
                self.declare_name(name, Entity::Secret(id), "secret", true);
            }
            StatementKind::Metric { name, value, every } => {
                let index = self.metrics.len();
                let state = Progress::Waiting;
                self.metrics.push(Metric { name, written: value, every: every.as_ref(), state });
                self.declare_name(name, Entity::Metric(index), "metric", false);
            }
            StatementKind::Ledger(ledger) => {
                let id = LedgerId(self.ledgers.len() as u32);
                self.ledgers.push(ledger);
                let (name, span) = (ledger.name.text.clone(), ledger.name.span);
                self.scenario.ledgers.push(Ledger { name, sent: Vec::new(), received: Vec::new(), span });
                self.declare_name(&ledger.name, Entity::Ledger(id), "ledger", false);
            }
            StatementKind::Action { name, body } => self.declare_action(name, body),
            StatementKind::Mix { name, parts, .. } => {
                let id = MixId(self.mixes.len() as u32);
                self.mixes.push((parts, name.span));
                self.scenario.mixes.push(Mix { name: name.text.clone(), parts: Vec::new(), span: name.span });
                self.declare_name(name, Entity::Mix(id), "mix", false);
            }
            StatementKind::Curve { name, table, .. } => {
                let id = CurveId(self.curves.len() as u32);
                self.curves.push(table);
                self.scenario.curves.push(Curve {
                    name: name.text.clone(),
                    points: Vec::new(),
                    span: name.span,
                });
                self.declare_name(name, Entity::Curve(id), "curve", false);
            }
            StatementKind::Dataset { name, settings, .. } => {
                let id = DatasetId(self.datasets.len() as u32);
                self.datasets.push((settings, name.span));
                self.scenario.datasets.push(Dataset {
                    name: name.text.clone(),
                    file: unknown(name.span),
                    order: DatasetOrder::Sequential,
                    columns: Vec::new(),
                    span: name.span,
                });
                self.declare_name(name, Entity::Dataset(id), "dataset", true);
            }
            StatementKind::Sequence { name, parameters, body } => {
                let id = SequenceId(self.sequences.len() as u32);
                self.sequences.push(SequenceState { name, parameters, body, state: Progress::Waiting });
                let (text, span) = (name.text.clone(), name.span);
                let parameters = Vec::new();
                self.scenario.sequences.push(Sequence {
                    name: text,
                    parameters,
                    body: Block::default(),
                    span,
                });
                self.declare_name(name, Entity::Sequence(id), "sequence", false);
            }
            StatementKind::Words(words) if declares_target(words) => self.declare_target(words),
            StatementKind::Words(words) => {
                if let Some((name, better)) = self.target_without_block(words) {
                    self.report(mistake::told::target_without_block(item.span, &better));
                    let symbol =
                        Symbol { entity: Entity::Unknown, span: name.span, sort: "name", used: true };
                    let _ = self.symbols.declare(&name.text, symbol);
                }
                if let Some(name) = quoted_name(words) {
                    let text = self.sources.text(name).trim_matches(['"', '\'']).to_string();
                    self.report(mistake::names::quoted(name, &text));
                    let symbol = Symbol { entity: Entity::Unknown, span: name, sort: "name", used: true };
                    let _ = self.symbols.declare(&text, symbol);
                }
            }
            StatementKind::Bad { body, words } => self.declare_unread(words, body.is_some()),
            _ => {}
        }
    }

    /// `http api "http://…"`: a declaration with its first setting behind the name, and how it is written.
    fn target_without_block(&self, words: &'a ast::Words) -> Option<(&'a Name, String)> {
        let (name, kind, value) = without_block(words)?;
        let required = kind.settings.iter().find(|setting| setting.required).map(|setting| setting.name);
        let setting = required.or_else(|| kind.one_of.first()?.first().copied())?;
        let value = self.sources.text(value.span);
        Some((name, format!("{} {} {{ {} {value} }}", kind.name, name.text, setting)))
    }

    /// What a statement that could not be read declares, or permits: using it is silent.
    fn declare_unread(&mut self, words: &[Name], block: bool) {
        self.unread_include |= words.first().is_some_and(|first| first.text == "include");
        let [first, name, ..] = words else { return };
        self.unread_permit |= matches!(first.text.as_str(), "permit" | "allow");
        // `http api = "http://…"`, and any kind in other words.
        let target = (block || words.len() == 2) && kinds::find(&first.text).is_some();
        let target = target || words.len() == 2 && is_any_sort(&first.text);
        if (target || declares_unread(&first.text)) && !crate::lang::words::is_reserved(&name.text) {
            let symbol = Symbol { entity: Entity::Unknown, span: name.span, sort: "name", used: true };
            // Declared twice is told where both can be read.
            let _ = self.symbols.declare(&name.text, symbol);
        }
    }

    fn declare_constant(&mut self, name: &'a Name, written: &'a ast::Expr, param: Option<usize>) {
        let index = self.constants.len();
        self.constants.push(Constant { name, written, param, state: Progress::Waiting });
        self.declare_name(name, Entity::Constant(index), if param.is_some() { "param" } else { "let" }, true);
    }

    fn declare_action(&mut self, name: &'a Name, body: &'a ast::Block) {
        let id = ActionId(self.actions.len() as u32);
        let mut captures = Vec::new();
        let unreadable = collect_captures(&body.statements, &mut captures);
        let states = vec![None; captures.len()];
        self.actions.push(ActionState {
            body,
            captures: states,
            unreadable,
            yields_path: false,
            loaded: false,
        });
        let (text, span) = (name.text.clone(), name.span);
        let (steps, datasets) = (Vec::new(), Vec::new());
        self.scenario.actions.push(Action { name: text, steps, captures, datasets, span });
        self.declare_name(name, Entity::Action(id), "action", false);
    }

    fn declare_target(&mut self, words: &'a ast::Words) {
        let Some(name) = &words.second else { return };
        let Some(kind) = kinds::find(&words.first.text) else {
            let word = words.first.text.to_lowercase();
            let elsewhere = KINDS_ELSEWHERE.iter().find(|(others, _)| others.contains(&word.as_str()));
            let meant = elsewhere.map(|(_, kind)| *kind);
            let meant = meant.or_else(|| kinds::nearest(&word).map(|kind| kind.name));
            self.report(mistake::names::unknown_kind(words.first.span, &words.first.text, meant));
            self.declare_name(name, Entity::Unknown, "target", false);
            return;
        };
        if kind.built_in {
            self.report(mistake::names::built_in_kind(words.first.span, kind.name));
            return;
        }
        let id = self.add_target(kind, &name.text, name.span);
        self.targets.push(words);
        debug_assert_eq!(id.index() + 1, self.targets.len());
        self.declare_name(name, Entity::Target(id), kind.name, false);
    }

    fn add_target(&mut self, kind: &'static Kind, name: &str, span: crate::source::Span) -> TargetId {
        let id = TargetId(self.scenario.targets.len() as u32);
        self.scenario.targets.push(Target { kind, name: name.to_string(), settings: Vec::new(), span });
        id
    }

    /// The machine, which is among the targets once it is used.
    pub fn machine(&mut self) -> Option<TargetId> {
        let there = self.scenario.targets.iter().position(|target| target.kind.built_in);
        if let Some(index) = there {
            return Some(TargetId(index as u32));
        }
        let kind = kinds::find("machine")?;
        let span = crate::source::Span::at(self.sources.files()[0].base());
        Some(self.add_target(kind, "machine", span))
    }

    /// Declares a name. `in_actions` tells whether it can be used in actions, where some words have a meaning.
    fn declare_name(&mut self, name: &Name, entity: Entity, sort: &'static str, in_actions: bool) {
        let taken = matches!(name.text.as_str(), "machine" | "scratch" | "elapsed")
            || in_actions && is_iteration_word(&name.text);
        if taken || crate::lang::words::is_reserved(&name.text) {
            self.report(mistake::names::reserved(name.span, &name.text));
        }
        let symbol = Symbol { entity, span: name.span, sort, used: false };
        if let Err(first) = self.symbols.declare(&name.text, symbol) {
            self.report(mistake::names::declared_twice(name.span, &name.text, first));
        }
    }
}

/// The name in `process "shop" { … }`, which has no quotes.
pub(super) fn quoted_name(words: &ast::Words) -> Option<crate::source::Span> {
    let [ast::Word::Value(name)] = words.arguments.as_slice() else { return None };
    let declares = words.second.is_none() && words.body.is_some() && kinds::find(&words.first.text).is_some();
    (declares && matches!(name.kind, ast::ExprKind::Text(_))).then_some(name.span)
}

/// The name, the kind and the text in `KIND NAME "text"`, where the name is no verb of a target of that name.
pub(super) fn without_block(words: &ast::Words) -> Option<(&Name, &'static Kind, &ast::Expr)> {
    let name = words.second.as_ref()?;
    let kind = kinds::find(&words.first.text)?;
    let [ast::Word::Value(value)] = words.arguments.as_slice() else { return None };
    let told = words.body.is_some() || words.duration.is_some() || kind.verb(&name.text).is_some();
    let text = matches!(value.kind, ast::ExprKind::Text(_));
    (!told && text && !kind.built_in).then_some((name, kind, value))
}

/// Whether words are the declaration of a target: `KIND NAME { … }`.
pub(super) fn declares_target(words: &ast::Words) -> bool {
    let Some(second) = &words.second else { return false };
    if words.body.is_none() || !words.arguments.is_empty() || words.duration.is_some() {
        return false;
    }
    match kinds::find(&words.first.text) {
        // `websocket connect { … }` tells a target of that name something.
        Some(kind) => kind.verb(&second.text).is_none(),
        // A verb that takes no braces, of a target that stands here.
        None => !kinds::KINDS.iter().any(|kind| kind.verb(&second.text).is_some()),
    }
}

/// Whether a statement declares something and can therefore stand in an include.
pub(super) fn is_declaration(statement: &Statement) -> bool {
    match &statement.kind {
        StatementKind::Words(words) => declares_target(words),
        StatementKind::Scenario { .. }
        | StatementKind::Include { .. }
        | StatementKind::Param { .. }
        | StatementKind::Let { .. }
        | StatementKind::Secret { .. }
        | StatementKind::Permit(_)
        | StatementKind::Metric { .. }
        | StatementKind::Ledger(_)
        | StatementKind::Action { .. }
        | StatementKind::Mix { .. }
        | StatementKind::Curve { .. }
        | StatementKind::Dataset { .. }
        | StatementKind::Sequence { .. } => true,
        _ => false,
    }
}

/// Whether a statement that could not be read would declare something, here or where it comes from.
pub(super) fn declares_unread(word: &str) -> bool {
    matches!(
        word,
        "param"
            | "let"
            | "secret"
            | "metric"
            | "ledger"
            | "action"
            | "mix"
            | "curve"
            | "dataset"
            | "sequence"
    ) || matches!(word, "var" | "const" | "set" | "def" | "fn" | "func" | "function" | "macro" | "proc")
}

/// The names of all captures in an action, in the order they first stand; gives whether there may be others, because
/// something in it could not be read.
fn collect_captures(statements: &[Statement], captures: &mut Vec<String>) -> bool {
    let mut unreadable = false;
    for statement in statements {
        match &statement.kind {
            StatementKind::Capture { name, .. } if !captures.contains(&name.text) => {
                captures.push(name.text.clone());
            }
            StatementKind::Words(words) => {
                if let Some((_, name)) = super::tell::name_of_step(words)
                    && !captures.contains(&name.text)
                {
                    captures.push(name.text.clone());
                }
                if let Some(body) = &words.body {
                    unreadable |= collect_captures(&body.statements, captures);
                }
            }
            StatementKind::Bad { body, .. } => {
                unreadable = true;
                body.iter().for_each(|body| {
                    collect_captures(&body.statements, captures);
                });
            }
            _ => {}
        }
    }
    unreadable
}

/// What other tools call a kind of target, and what it is called here.
const KINDS_ELSEWHERE: &[(&[&str], &str)] = &[
    (&["postgres", "postgresql", "pg", "mysql", "mariadb", "sqlite", "db", "sql"], "database"),
    (&["server", "service", "app", "daemon", "command", "program", "container", "job"], "process"),
    (&["network", "net", "proxy", "toxiproxy", "connection", "wifi", "path"], "link"),
    (&["https", "rest", "api", "client", "web", "endpoint"], "http"),
    (&["volume", "folder", "directory", "dir", "fs", "filesystem", "storage"], "disk"),
    (&["ws", "wss", "socketio"], "websocket"),
    (&["broker", "mosquitto"], "mqtt"),
    (&["node", "vm", "device"], "host"),
    (&["cache", "valkey", "keydb"], "redis"),
];
