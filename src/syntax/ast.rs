//! The tree of a scenario as it is written: every word and every place, nothing resolved.
//!
//! No kind, verb or setting is known here. A target's declaration (`link wifi { … }`), a setting
//! (`ready tcp("…")`) and what a target is told (`wifi off 2s`) have one shape, [`Words`]; the checker
//! tells them apart by the vocabulary.

use crate::source::Span;

/// A word with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    pub text: String,
    pub span: Span,
}

/// One file.
#[derive(Clone, Debug, Default)]
pub struct File {
    pub items: Vec<Statement>,
    /// In the order of the file; the formatter puts them back.
    pub comments: Vec<Comment>,
}

/// A comment from its `#` to the end of its line.
#[derive(Clone, Debug)]
pub struct Comment {
    pub span: Span,
    /// Whether nothing but white space stands before it on its line.
    pub own_line: bool,
}

/// A statement, a declaration, a setting, or a line of an action.
#[derive(Clone, Debug)]
pub struct Statement {
    pub kind: StatementKind,
    /// From its first word to its last mark, block included.
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum StatementKind {
    /// `scenario "title"`
    Scenario {
        title: Text,
    },
    /// `include "common.soak"`
    Include {
        path: Text,
    },
    /// `param name = value "what it is"`
    Param {
        name: Name,
        default: Expr,
        about: Option<Text>,
    },
    /// `let name = value`
    Let {
        name: Name,
        value: Expr,
    },
    /// `secret name from env "NAME"`
    Secret {
        name: Name,
        variable: Text,
    },
    /// `permit load to "host"`, `permit fault on name`
    Permit(Permit),
    /// `metric name = source every 5s`
    Metric {
        name: Name,
        value: Expr,
        every: Option<Expr>,
    },
    Ledger(Ledger),
    /// `action name { … }`
    Action {
        name: Name,
        body: Block,
    },
    /// `mix name { 35% list; … }`
    Mix {
        name: Name,
        parts: Vec<MixPart>,
        body: Span,
    },
    /// `curve name { | at | level | … }`
    Curve {
        name: Name,
        table: Table,
        body: Span,
    },
    /// `dataset name { file "…"; order random }`
    Dataset {
        name: Name,
        settings: Vec<Statement>,
        body: Span,
    },
    /// `sequence name(parameter = default) { … }`
    Sequence {
        name: Name,
        parameters: Vec<Parameter>,
        body: Block,
    },
    Setup {
        body: Block,
    },
    Cleanup {
        body: Block,
    },
    /// `phase "name" 10m { … }`
    Phase {
        name: Text,
        duration: Option<Expr>,
        body: Block,
    },
    Repeat {
        count: Repeat,
        body: Block,
    },
    ForEach {
        variable: Name,
        source: EachSource,
        body: Block,
    },
    Parallel {
        body: Block,
    },
    /// A bare `{ … }`: one branch of a `parallel`, or a scope of its own.
    Group {
        body: Block,
    },
    /// `every 30s..60s { … }`
    Every {
        period: Expr,
        body: Block,
    },
    /// `at 2h { … }`
    At {
        time: Expr,
        body: Block,
    },
    Choose {
        branches: Vec<Branch>,
        body: Span,
    },
    /// `do flap(times = 20)`
    Do {
        sequence: Name,
        arguments: Vec<Argument>,
    },
    /// `wait 30s`
    Wait {
        duration: Expr,
    },
    /// `wait until queue > 0 max 5m`
    WaitUntil {
        condition: Expr,
        max: Option<Expr>,
    },
    /// `run "aws s3 ls" timeout 1m`; in a process it is the setting of that name
    Run {
        command: Text,
        timeout: Option<Expr>,
    },
    /// `note "…"`
    Note {
        text: Text,
    },
    Expect(Box<Expect>),
    Load(Load),
    /// `check status == 200` in an action
    Check {
        condition: Expr,
    },
    /// `capture id = body.id` in an action
    Capture {
        name: Name,
        value: Expr,
    },
    /// `think 1s..3s` in an action
    Think {
        duration: Expr,
    },
    /// A declaration of a target, a setting, or what a target is told.
    Words(Words),
    /// What could not be read; already reported. A block behind it was read all the same. The words at its front tell
    /// what it would have declared or set.
    Bad {
        body: Option<Block>,
        words: Vec<Name>,
    },
}

impl StatementKind {
    /// What could not be read, whose words are not known yet.
    pub(in crate::syntax) fn unreadable(body: Option<Block>) -> StatementKind {
        StatementKind::Bad { body, words: Vec::new() }
    }
}

/// `first second argument… [for DURATION] [{ … }]`
///
/// `process core { … }` is `first = process`, `second = core`; `wifi off 2s` is `first = wifi`,
/// `second = off`, one value; `base "http://…"` is `first = base`, no second, one value; `start later`
/// is `first = start`, `second = later`.
#[derive(Clone, Debug)]
pub struct Words {
    pub first: Name,
    /// The second word, where the thing right behind the first is a plain word.
    pub second: Option<Name>,
    pub arguments: Vec<Word>,
    /// What stands after `for`.
    pub duration: Option<Expr>,
    pub body: Option<Block>,
}

/// One argument of [`Words`].
#[derive(Clone, Debug)]
pub enum Word {
    /// A word by itself: a keyword of the verb, or a name (the checker knows which).
    Plain(Name),
    /// A literal, range, call, path, list or parenthesis.
    Value(Expr),
    /// `json` or `form` with the object (or other value) behind it.
    Json { keyword: Name, value: Expr },
    /// A comma between two arguments.
    Comma(Span),
}

impl Word {
    /// Where it stands.
    pub fn span(&self) -> Span {
        match self {
            Word::Plain(name) => name.span,
            Word::Value(value) => value.span,
            Word::Json { keyword, value } => keyword.span.to(value.span),
            Word::Comma(span) => *span,
        }
    }
}

/// `{ … }`, or `< … >` after a loop.
#[derive(Clone, Debug)]
pub struct Block {
    pub statements: Vec<Statement>,
    /// From the opening mark to the closing one, both included.
    pub span: Span,
    /// Written `< … >`.
    pub angle: bool,
}

#[derive(Clone, Debug)]
pub struct Permit {
    /// `load` or `fault`.
    pub what: Name,
    /// What stands after `to` or `on`.
    pub subject: PermitSubject,
}

#[derive(Clone, Debug)]
pub enum PermitSubject {
    /// `to "staging.example.com"`
    To(Text),
    /// `on db`
    On(Name),
}

#[derive(Clone, Debug)]
pub struct Ledger {
    pub name: Name,
    /// `sent a.b, c.d [with a.value]`
    pub sent: Vec<LedgerLine>,
    /// `received files("…", '…')`
    pub received: Vec<LedgerLine>,
    pub body: Span,
}

#[derive(Clone, Debug)]
pub struct LedgerLine {
    pub keys: Vec<Expr>,
    /// The value that must arrive unchanged.
    pub with: Option<Expr>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct MixPart {
    pub weight: Expr,
    pub action: Name,
}

/// Rows between `|`; the header's words are names.
#[derive(Clone, Debug)]
pub struct Table {
    pub header: Vec<Name>,
    pub rows: Vec<Row>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct Row {
    pub cells: Vec<Expr>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct Parameter {
    pub name: Name,
    pub default: Option<Expr>,
}

/// An argument of a call or of `do`; `name` where it was given by name.
#[derive(Clone, Debug)]
pub struct Argument {
    pub name: Option<Name>,
    pub value: Expr,
}

#[derive(Clone, Debug)]
pub enum Repeat {
    Times(Expr),
    For(Expr),
    Until { condition: Expr, max: Option<Expr> },
}

#[derive(Clone, Debug)]
pub enum EachSource {
    List(Expr),
    Table(Table),
}

/// `3: db disconnect 10%` in a `choose`.
#[derive(Clone, Debug)]
pub struct Branch {
    pub weight: Expr,
    pub statement: Statement,
}

#[derive(Clone, Debug)]
pub struct Expect {
    pub demand: Demand,
    pub name: Option<Text>,
    pub condition: Expr,
    pub qualifier: Qualifier,
    /// `tolerate 30s` or `tolerate 1%`
    pub tolerate: Option<Expr>,
    /// `show sql(…)`
    pub show: Option<Expr>,
}

/// When an expectation is judged.
#[derive(Clone, Debug)]
pub enum Qualifier {
    Now,
    Within(Expr),
    Always,
    Sometimes,
    AtEnd,
    For(Expr),
    ForWithin { stretch: Expr, within: Expr },
}

/// `load name …`, its clauses in the order written; the checker says which go together.
#[derive(Clone, Debug)]
pub struct Load {
    pub subject: Name,
    pub clauses: Vec<LoadClause>,
}

#[derive(Clone, Debug)]
pub struct LoadClause {
    pub kind: LoadClauseKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum LoadClauseKind {
    /// `at 50/s`, `at 1k/s -> 10k/s`
    At { rate: Expr, to: Option<Expr> },
    /// `poisson`
    Poisson,
    /// `with 100 users`, `with 5k users -> 1k users`
    Users { users: Expr, to: Option<Expr> },
    /// `at once`
    AtOnce,
    /// `max 500 users`
    MaxUsers(Expr),
    /// `shaped rhythm`
    Shaped(Name),
    /// `every 24h`
    Every(Expr),
    /// `50 times`
    Times(Expr),
    /// `for 3m`
    For(Expr),
}

/// A text: literal and interpolated pieces.
#[derive(Clone, Debug, Default)]
pub struct Text {
    pub pieces: Vec<Piece>,
    /// Quotes included.
    pub span: Span,
    /// Written `'…'`.
    pub raw: bool,
}

impl Text {
    /// The text where nothing is interpolated.
    pub fn literal(&self) -> Option<String> {
        let mut whole = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Literal { text, .. } => whole.push_str(text),
                Piece::Value(_) => return None,
            }
        }
        Some(whole)
    }
}

#[derive(Clone, Debug)]
pub enum Piece {
    /// With the escapes resolved; `span` covers it as written.
    Literal {
        text: String,
        span: Span,
    },
    Value(Box<Expr>),
}

#[derive(Clone, Debug)]
pub struct Expr {
    pub kind: ExprKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum ExprKind {
    /// A number with or without a unit, as written: `10k`, `1h30m`, `50MB/h`, `99.9%`. Whether the unit
    /// exists was checked at lowering.
    Quantity(crate::lang::quantity::Quantity),
    /// `06:00`, in seconds since 00:00.
    TimeOfDay(u32),
    Text(Text),
    True,
    False,
    /// A name.
    Name(String),
    /// `base.field`
    Field {
        base: Box<Expr>,
        field: Name,
    },
    /// `base.field(argument)`: a reading that takes values, such as `machine.disk("/")`.
    FieldCall {
        base: Box<Expr>,
        field: Name,
        arguments: Vec<Argument>,
    },
    /// `function(argument, name = argument)`
    Call {
        function: Name,
        arguments: Vec<Argument>,
    },
    List(Vec<Expr>),
    Object(Vec<(Name, Expr)>),
    Range {
        low: Box<Expr>,
        high: Box<Expr>,
    },
    Unary {
        operator: UnaryOperator,
        operand: Box<Expr>,
    },
    Binary {
        operator: BinaryOperator,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    /// `( … )`, kept for the formatter.
    Parenthesis(Box<Expr>),
    /// `reading over 5m`
    Over {
        base: Box<Expr>,
        window: Box<Expr>,
    },
    /// `reading in "Phase"`
    InPhase {
        base: Box<Expr>,
        phase: Text,
    },
    /// What could not be read; already reported.
    Bad,
}

pub use crate::lang::demand::Demand;
pub use crate::lang::operator::{BinaryOperator, UnaryOperator};
