//! The line of each statement, up to its block.

use super::lines::Group;
use super::{MAX_LOOP_WIDTH, Writer};
use crate::source::Span;
use crate::syntax::ast::{
    Block, Branch, Demand, EachSource, Expect, Expr, Ledger, LedgerLine, LoadClauseKind, MixPart,
    PermitSubject, Qualifier, Repeat, Statement, StatementKind, Table, Word, Words,
};

/// The pieces of a line that are aligned with those of its neighbours.
pub(super) struct Cells {
    pub cells: Vec<String>,
    pub group: Group,
}

impl Cells {
    fn one(text: String) -> Cells {
        Cells { cells: vec![text], group: Group::None }
    }

    /// The line with single spaces.
    pub(super) fn text(&self) -> String {
        self.cells.join(" ")
    }
}

/// What stands in a statement's block.
pub(super) enum Body<'a> {
    /// Statements; `true` where they are the settings of a target.
    Block(&'a Block, bool),
    Settings(&'a [Statement], Span),
    Mix(&'a [MixPart], Span),
    Ledger(&'a Ledger),
    Curve(&'a Table, Span),
    Choose(&'a [Branch], Span),
}

impl Body<'_> {
    pub(super) fn span(&self) -> Span {
        match self {
            Body::Block(block, _) => block.span,
            Body::Ledger(ledger) => ledger.body,
            Body::Settings(_, span) | Body::Mix(_, span) | Body::Curve(_, span) | Body::Choose(_, span) => {
                *span
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        match self {
            Body::Block(block, _) => block.statements.is_empty(),
            Body::Settings(settings, _) => settings.is_empty(),
            Body::Mix(parts, _) => parts.is_empty(),
            Body::Ledger(ledger) => ledger.sent.is_empty() && ledger.received.is_empty(),
            Body::Curve(..) => false,
            Body::Choose(branches, _) => branches.is_empty(),
        }
    }
}

pub(super) fn body(statement: &Statement) -> Option<Body<'_>> {
    Some(match &statement.kind {
        StatementKind::Action { body, .. }
        | StatementKind::Sequence { body, .. }
        | StatementKind::Setup { body }
        | StatementKind::Cleanup { body }
        | StatementKind::Phase { body, .. }
        | StatementKind::Repeat { body, .. }
        | StatementKind::ForEach { body, .. }
        | StatementKind::Parallel { body }
        | StatementKind::Group { body }
        | StatementKind::Every { body, .. }
        | StatementKind::At { body, .. } => Body::Block(body, false),
        StatementKind::Words(words) => Body::Block(words.body.as_ref()?, is_declaration(words)),
        StatementKind::Dataset { settings, body, .. } => Body::Settings(settings, *body),
        StatementKind::Mix { parts, body, .. } => Body::Mix(parts, *body),
        StatementKind::Ledger(ledger) => Body::Ledger(ledger),
        StatementKind::Curve { table, body, .. } => Body::Curve(table, *body),
        StatementKind::Choose { branches, body } => Body::Choose(branches, *body),
        _ => return None,
    })
}

/// `KIND NAME { … }`
pub(super) fn is_declaration(words: &Words) -> bool {
    words.second.is_some() && words.arguments.is_empty() && words.duration.is_none()
}

impl<'a> Writer<'a> {
    pub(super) fn head(&self, statement: &Statement, indent: usize, setting: bool) -> Cells {
        let value = |expr: &Expr| self.expression(expr, indent);
        let three = |group, word: &str, name: &str, rest: String| Cells {
            cells: vec![word.to_string(), name.to_string(), rest],
            group,
        };
        match &statement.kind {
            StatementKind::Param { name, default, about } => {
                let about =
                    about.as_ref().map(|text| format!(" {}", self.source(text.span))).unwrap_or_default();
                three(Group::Constant, "param", &name.text, format!("= {}{about}", value(default)))
            }
            StatementKind::Let { name, value: given } => {
                three(Group::Constant, "let", &name.text, format!("= {}", value(given)))
            }
            StatementKind::Secret { name, variable } => {
                let rest = format!("from env {}", self.source(variable.span));
                three(Group::Secret, "secret", &name.text, rest)
            }
            StatementKind::Metric { name, value: source, every } => {
                let every =
                    every.as_ref().map(|every| format!(" every {}", value(every))).unwrap_or_default();
                three(Group::Metric, "metric", &name.text, format!("= {}{every}", value(source)))
            }
            StatementKind::Expect(expect) => self.expect(expect, indent),
            StatementKind::Words(words) => self.words(words, indent, setting),
            StatementKind::Run { command, timeout } => {
                let timeout =
                    timeout.as_ref().map(|time| format!(" timeout {}", value(time))).unwrap_or_default();
                let rest = format!("{}{timeout}", self.source(command.span));
                let group = if setting { Group::Setting } else { Group::None };
                Cells { cells: vec!["run".into(), rest], group }
            }
            other => Cells::one(self.plain_head(other, indent)),
        }
    }

    fn plain_head(&self, kind: &StatementKind, indent: usize) -> String {
        let value = |expr: &Expr| self.expression(expr, indent);
        let maximum =
            |max: &Option<Expr>| max.as_ref().map(|max| format!(" max {}", value(max))).unwrap_or_default();
        match kind {
            StatementKind::Scenario { title } => format!("scenario {}", self.source(title.span)),
            StatementKind::Include { path } => format!("include {}", self.source(path.span)),
            StatementKind::Permit(permit) => match &permit.subject {
                PermitSubject::To(text) => {
                    format!("permit {} to {}", permit.what.text, self.source(text.span))
                }
                PermitSubject::On(name) => format!("permit {} on {}", permit.what.text, name.text),
            },
            StatementKind::Ledger(ledger) => format!("ledger {}", ledger.name.text),
            StatementKind::Action { name, .. } => format!("action {}", name.text),
            StatementKind::Mix { name, .. } => format!("mix {}", name.text),
            StatementKind::Curve { name, .. } => format!("curve {}", name.text),
            StatementKind::Dataset { name, .. } => format!("dataset {}", name.text),
            StatementKind::Sequence { name, parameters, .. } => {
                let parameter = |parameter: &crate::syntax::ast::Parameter| match &parameter.default {
                    Some(default) => format!("{} = {}", parameter.name.text, value(default)),
                    None => parameter.name.text.clone(),
                };
                let list: Vec<String> = parameters.iter().map(parameter).collect();
                let list = if list.is_empty() { String::new() } else { format!("({})", list.join(", ")) };
                format!("sequence {}{list}", name.text)
            }
            StatementKind::Setup { .. } => "setup".into(),
            StatementKind::Cleanup { .. } => "cleanup".into(),
            StatementKind::Parallel { .. } => "parallel".into(),
            StatementKind::Choose { .. } => "choose".into(),
            StatementKind::Phase { name, duration, .. } => {
                let duration = duration.as_ref().map(|time| format!(" {}", value(time))).unwrap_or_default();
                format!("phase {}{duration}", self.source(name.span))
            }
            StatementKind::Repeat { count, .. } => match count {
                Repeat::Times(count) => format!("repeat {}", value(count)),
                Repeat::For(time) => format!("repeat for {}", value(time)),
                Repeat::Until { condition, max } => {
                    format!("repeat until {}{}", value(condition), maximum(max))
                }
            },
            StatementKind::ForEach { variable, source: EachSource::List(list), .. } => {
                format!("for each {} in {}", variable.text, value(list))
            }
            StatementKind::Every { period, .. } => format!("every {}", value(period)),
            StatementKind::At { time, .. } => format!("at {}", value(time)),
            StatementKind::Do { sequence, arguments } if arguments.is_empty() => {
                format!("do {}", sequence.text)
            }
            StatementKind::Do { sequence, arguments } => {
                format!("do {}{}", sequence.text, self.arguments(arguments, sequence.span.end, indent))
            }
            StatementKind::Wait { duration } => format!("wait {}", value(duration)),
            StatementKind::WaitUntil { condition, max } => {
                format!("wait until {}{}", value(condition), maximum(max))
            }
            StatementKind::Note { text } => format!("note {}", self.source(text.span)),
            StatementKind::Load(load) => {
                let clauses = load.clauses.iter().map(|clause| self.clause(&clause.kind, indent));
                let clauses: String = clauses.map(|clause| format!(" {clause}")).collect();
                format!("load {}{clauses}", load.subject.text)
            }
            StatementKind::Check { condition } => format!("check {}", value(condition)),
            StatementKind::Capture { name, value: taken } => {
                format!("capture {} = {}", name.text, value(taken))
            }
            StatementKind::Think { duration } => format!("think {}", value(duration)),
            _ => String::new(),
        }
    }

    fn clause(&self, kind: &LoadClauseKind, indent: usize) -> String {
        let value = |expr: &Expr| self.expression(expr, indent);
        match kind {
            LoadClauseKind::At { rate, to: None } => format!("at {}", value(rate)),
            LoadClauseKind::At { rate, to: Some(to) } => format!("at {} -> {}", value(rate), value(to)),
            LoadClauseKind::Poisson => "poisson".into(),
            LoadClauseKind::Users { users, to: None } => format!("with {} users", value(users)),
            LoadClauseKind::Users { users, to: Some(to) } => {
                format!("with {} users -> {} users", value(users), value(to))
            }
            LoadClauseKind::AtOnce => "at once".into(),
            LoadClauseKind::MaxUsers(users) => format!("max {} users", value(users)),
            LoadClauseKind::Shaped(curve) => format!("shaped {}", curve.text),
            LoadClauseKind::Every(period) => format!("every {}", value(period)),
            LoadClauseKind::Times(times) => format!("{} times", value(times)),
            LoadClauseKind::For(time) => format!("for {}", value(time)),
        }
    }

    fn expect(&self, expect: &Expect, indent: usize) -> Cells {
        let value = |expr: &Expr| self.expression(expr, indent);
        let word = match expect.demand {
            Demand::Want => "want",
            Demand::Expect => "expect",
            Demand::Require => "require",
        };
        let mut rest = value(&expect.condition);
        match &expect.qualifier {
            Qualifier::Now => {}
            Qualifier::Within(time) => rest.push_str(&format!(" within {}", value(time))),
            Qualifier::Always => rest.push_str(" always"),
            Qualifier::Sometimes => rest.push_str(" sometimes"),
            Qualifier::AtEnd => rest.push_str(" at end"),
            Qualifier::For(time) => rest.push_str(&format!(" for {}", value(time))),
            Qualifier::ForWithin { stretch, within } => {
                rest.push_str(&format!(" for {} within {}", value(stretch), value(within)));
            }
        }
        if let Some(tolerate) = &expect.tolerate {
            rest.push_str(&format!(" tolerate {}", value(tolerate)));
        }
        let mut cells = vec![word.to_string()];
        cells.extend(expect.name.as_ref().map(|name| format!("{}:", self.source(name.span))));
        if let Some(show) = &expect.show {
            let show = format!("show {}", value(show));
            let width: usize = indent * 2 + cells.iter().map(|cell| cell.len() + 1).sum::<usize>();
            let fits = width + rest.len() + 1 + show.len() <= MAX_LOOP_WIDTH;
            let gap = if fits { " ".to_string() } else { format!(" \\\n{}", "  ".repeat(indent + 1)) };
            rest = format!("{rest}{gap}{show}");
        }
        cells.push(rest);
        Cells { cells, group: Group::Expect }
    }

    fn words(&self, words: &Words, indent: usize, setting: bool) -> Cells {
        let mut rest = String::new();
        let mut add = |text: &str| {
            if !rest.is_empty() && text != "," {
                rest.push(' ');
            }
            rest.push_str(text);
        };
        if let Some(second) = &words.second {
            add(&second.text);
        }
        for word in &words.arguments {
            match word {
                Word::Plain(name) => add(&name.text),
                Word::Value(value) => add(&self.expression(value, indent)),
                Word::Json { keyword, value } => {
                    add(&format!("{} {}", keyword.text, self.expression(value, indent)));
                }
                Word::Comma(_) => add(","),
            }
        }
        if let Some(duration) = &words.duration {
            add(&format!("for {}", self.expression(duration, indent)));
        }
        let first = words.first.text.clone();
        if rest.is_empty() {
            return Cells { cells: vec![first], group: if setting { Group::Setting } else { Group::None } };
        }
        if setting && words.body.is_none() {
            return Cells { cells: vec![first, rest], group: Group::Setting };
        }
        // A comma right behind the first word has no space before it.
        let gap = if rest.starts_with(',') { "" } else { " " };
        Cells::one(format!("{first}{gap}{rest}"))
    }

    pub(super) fn ledger_line(&self, line: &LedgerLine, indent: usize) -> String {
        let keys: Vec<String> = line.keys.iter().map(|key| self.expression(key, indent)).collect();
        let with = line.with.as_ref().map(|with| format!(" with {}", self.expression(with, indent)));
        format!("{}{}", keys.join(", "), with.unwrap_or_default())
    }
}
