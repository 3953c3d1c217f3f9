//! The parts of a checked scenario that a load needs.

use rand::{RngCore, SeedableRng};
use soak::check;
use soak::check::scenario::{
    Action, Argued, Argument, IterationStep, Ledger, LedgerKey, LedgerSent, Mix, Scenario, Target, Tell,
};
use soak::kinds::client::Around;
use soak::kinds::disk::folder::Folder;
use soak::kinds::http::client::HttpClient;
use soak::kinds::reach::Reach;
use soak::kinds::request::Requester;
use soak::kinds::undo::RunId;
use soak::kinds::{disk, http};
use soak::lang::call::Arguments;
use soak::lang::eval::Surroundings;
use soak::lang::expr::{ActionId, Expr, ExprKind, IterationWord, MixId, Piece, TargetId};
use soak::lang::operator::BinaryOperator;
use soak::lang::quantity::{Dimension, Quantity};
use soak::lang::signature::Kind;
use soak::lang::types::Type;
use soak::lang::value::Value;
use soak::load::engine::MakeRequesters;
use soak::source::{Sources, Span};
use std::io;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// An expression; its type and place matter to the checker only.
pub fn expr(kind: ExprKind) -> Expr {
    Expr { kind, ty: Type::Unknown, span: Span::default() }
}

pub fn constant(value: Value) -> Expr {
    expr(ExprKind::Constant(value))
}

pub fn number(value: i128) -> Expr {
    constant(Value::Quantity(Quantity::number(value)))
}

pub fn text(value: &str) -> Expr {
    constant(Value::Text(value.into()))
}

/// A text in which `{}` stands for each of the values in turn.
pub fn texts(template: &str, values: Vec<Expr>) -> Expr {
    let mut values = values.into_iter();
    let mut pieces = Vec::new();
    for (index, literal) in template.split("{}").enumerate() {
        if index > 0 {
            pieces.push(Piece::Value(values.next().unwrap()));
        }
        pieces.push(Piece::Literal(literal.into()));
    }
    expr(ExprKind::Text(pieces))
}

pub fn word(word: IterationWord) -> Expr {
    expr(ExprKind::Iteration(word))
}

pub fn seq() -> Expr {
    word(IterationWord::Seq)
}

pub fn field(base: Expr, name: &str) -> Expr {
    expr(ExprKind::Field(Box::new(base), name.into()))
}

pub fn list(items: Vec<Expr>) -> Expr {
    expr(ExprKind::List(items))
}

pub fn binary(operator: BinaryOperator, left: Expr, right: Expr) -> Expr {
    expr(ExprKind::Binary(operator, Box::new(left), Box::new(right)))
}

pub fn pool(action: ActionId, take: bool) -> Expr {
    expr(ExprKind::Pool { action, capture: 0, take })
}

/// A scenario as it grows.
#[derive(Default)]
pub struct Builder {
    pub scenario: Scenario,
    pub sources: Sources,
    settings: Vec<Arguments>,
}

impl Builder {
    fn target(&mut self, kind: &'static Kind, settings: Arguments) -> TargetId {
        self.settings.push(settings);
        let name = format!("{}{}", kind.name, self.settings.len());
        self.scenario.targets.push(Target { kind, name, settings: Vec::new(), span: Span::default() });
        TargetId(self.scenario.targets.len() as u32 - 1)
    }

    pub fn http(&mut self, base: &str, timeout: Duration) -> TargetId {
        let mut settings = Arguments::default();
        settings.push("base", vec![Value::Text(base.into())]);
        settings.push("timeout", vec![Value::Quantity(Quantity::duration(timeout))]);
        settings.push("header", vec![Value::Text("X-Token".into()), Value::Text("hush".into())]);
        self.target(&http::signature::KIND, settings)
    }

    pub fn disk(&mut self, path: &str) -> TargetId {
        let mut settings = Arguments::default();
        settings.push("path", vec![Value::Text(path.into())]);
        self.target(&disk::signature::KIND, settings)
    }

    /// A request: `verb` with its path and further arguments by name, and the lines in its braces.
    pub fn tell(
        &self,
        target: TargetId,
        verb: &str,
        path: Expr,
        more: Vec<(&str, Expr)>,
        answer: Vec<IterationStep>,
    ) -> IterationStep {
        let kind = self.scenario.target(target).kind;
        let verb = kind.verb(verb).unwrap();
        let argument = |(name, value): (&str, Expr)| Argument {
            parameter: verb.parameter(name).unwrap(),
            values: vec![Argued::Value(value)],
            span: Span::default(),
        };
        let arguments = std::iter::once(("path", path)).chain(more).map(argument).collect();
        let tell = Tell {
            target,
            verb,
            arguments,
            duration: None,
            conversation: Vec::new(),
            took: None,
            checks: Vec::new(),
            span: Span::default(),
        };
        IterationStep::Tell { tell, answer }
    }

    /// `get "/" { check status == 200 }`
    pub fn get(&mut self, target: TargetId, path: &str) -> IterationStep {
        let fine = binary(BinaryOperator::Equal, word(IterationWord::Status), number(200));
        let check = self.check("check status == 200", fine);
        self.tell(target, "get", text(path), Vec::new(), vec![check])
    }

    pub fn check(&mut self, text: &str, condition: Expr) -> IterationStep {
        let file = self.sources.add("test.soak", text).unwrap();
        IterationStep::Check { condition, span: self.sources.files()[file].span() }
    }

    pub fn capture(&self, capture: usize, value: Expr) -> IterationStep {
        IterationStep::Capture { capture, value, span: Span::default() }
    }

    pub fn think(&self, low: Duration, high: Duration) -> IterationStep {
        let end = |time| Box::new(constant(Value::Quantity(Quantity::duration(time))));
        IterationStep::Think { duration: expr(ExprKind::Range(end(low), end(high))), span: Span::default() }
    }

    pub fn action(&mut self, name: &str, captures: &[&str], steps: Vec<IterationStep>) -> ActionId {
        let captures = captures.iter().map(|name| name.to_string()).collect();
        let action =
            Action { name: name.into(), steps, captures, datasets: Vec::new(), span: Span::default() };
        self.scenario.actions.push(action);
        ActionId(self.scenario.actions.len() as u32 - 1)
    }

    pub fn mix(&mut self, parts: Vec<(f64, ActionId)>) -> MixId {
        self.scenario.mixes.push(Mix { name: "traffic".into(), parts, span: Span::default() });
        MixId(self.scenario.mixes.len() as u32 - 1)
    }

    pub fn ledger(&mut self, action: ActionId, key: LedgerKey, value: Option<LedgerKey>) {
        self.scenario.ledgers.push(Ledger {
            name: "items".into(),
            sent: vec![LedgerSent { action, key, value, span: Span::default() }],
            received: Vec::new(),
            span: Span::default(),
        });
    }

    /// The action of a name.
    pub fn named(&self, name: &str) -> ActionId {
        let place = self.scenario.actions.iter().position(|action| action.name == name);
        ActionId(place.unwrap_or_else(|| panic!("there is no action {name}")) as u32)
    }

    /// The scenario, its texts, and what makes its clients.
    pub fn build(self) -> (Arc<Scenario>, Arc<Sources>, MakeRequesters) {
        let kinds: Vec<&'static str> = self.scenario.targets.iter().map(|target| target.kind.name).collect();
        let settings = self.settings;
        let make = move || {
            let mut made: Vec<Option<Rc<dyn Requester>>> = Vec::new();
            for (kind, settings) in kinds.into_iter().zip(settings) {
                made.push(Some(match kind {
                    "disk" => Rc::new(Folder::open(settings.text("path").unwrap_or_default(), 1)?),
                    _ => Rc::new(HttpClient::new(&settings, &around()).map_err(io::Error::other)?),
                }));
            }
            Ok(made)
        };
        (Arc::new(self.scenario), Arc::new(self.sources), Box::new(make))
    }
}

/// What the clients of tests know of their run: they may ask a name that has no address.
pub fn around() -> Around {
    let reach = Reach::to(["no-such-name.invalid".to_string()]);
    Around { reach: Arc::new(reach), ..Around::new(RunId::fresh().unwrap(), ".".into()) }
}

/// A scenario from its text, as the parser and the checker read it.
pub fn read(text: &str) -> Builder {
    let mut sources = Sources::new();
    sources.add("test.soak", text).unwrap();
    let checked = check::check(&mut sources, &check::Options { params: &[], files: &check::DiskFiles });
    let found: Vec<String> = checked.diagnostics.iter().map(|finding| format!("{finding:?}")).collect();
    let scenario = checked.scenario.unwrap_or_else(|| panic!("{}", found.join("\n")));
    let mut random = Randomness(rand_chacha::ChaCha8Rng::seed_from_u64(1));
    let targets = scenario.targets.iter();
    let settings =
        targets.map(|target| check::evaluated::arguments(&scenario, &target.settings, &mut random).unwrap());
    Builder { settings: settings.collect(), scenario, sources }
}

/// Knows nothing but how to draw.
struct Randomness(rand_chacha::ChaCha8Rng);

impl Surroundings for Randomness {
    fn random(&mut self) -> &mut dyn RngCore {
        &mut self.0
    }
}

/// A size in bytes.
pub fn size(bytes: f64) -> Expr {
    constant(Value::Quantity(Quantity::measured(bytes, Dimension::SIZE)))
}
