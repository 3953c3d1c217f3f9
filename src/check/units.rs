//! The statements of a file as places, each with the block that it stands in: what a comment can speak of.

use crate::source::Span;
use crate::syntax::ast::{Block, EachSource, File, Statement, StatementKind, Table};

/// A statement, a setting, a line of a mix, a ledger or a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unit {
    pub span: Span,
    /// The block that it stands in, from its opening mark to its closing one; of the outermost the whole file.
    pub block: Span,
}

/// Everything in a file that a comment can speak of.
pub(super) fn units(file: &File, whole: Span) -> Vec<Unit> {
    let mut list = List { units: Vec::new() };
    list.statements(&file.items, whole);
    list.units
}

struct List {
    units: Vec<Unit>,
}

impl List {
    fn add(&mut self, span: Span, block: Span) {
        self.units.push(Unit { span, block });
    }

    fn statements(&mut self, statements: &[Statement], block: Span) {
        for statement in statements {
            self.add(statement.span, block);
            self.inside(statement);
        }
    }

    fn block(&mut self, block: &Block) {
        self.statements(&block.statements, block.span);
    }

    fn table(&mut self, table: &Table, block: Span) {
        for row in &table.rows {
            self.add(row.span, block);
        }
    }

    fn inside(&mut self, statement: &Statement) {
        match &statement.kind {
            StatementKind::Action { body, .. }
            | StatementKind::Sequence { body, .. }
            | StatementKind::Setup { body }
            | StatementKind::Cleanup { body }
            | StatementKind::Phase { body, .. }
            | StatementKind::Repeat { body, .. }
            | StatementKind::Parallel { body }
            | StatementKind::Group { body }
            | StatementKind::Every { body, .. }
            | StatementKind::At { body, .. } => self.block(body),
            StatementKind::ForEach { source, body, .. } => {
                if let EachSource::Table(table) = source {
                    self.table(table, table.span);
                }
                self.block(body);
            }
            StatementKind::Words(words) => words.body.iter().for_each(|body| self.block(body)),
            StatementKind::Bad { body } => body.iter().for_each(|body| self.block(body)),
            StatementKind::Dataset { settings, body, .. } => self.statements(settings, *body),
            StatementKind::Curve { table, body, .. } => self.table(table, *body),
            StatementKind::Mix { parts, body, .. } => {
                parts.iter().for_each(|part| self.add(part.weight.span.to(part.action.span), *body));
            }
            StatementKind::Ledger(ledger) => {
                let lines = ledger.sent.iter().chain(&ledger.received);
                lines.for_each(|line| self.add(line.span, ledger.body));
            }
            StatementKind::Choose { branches, body } => {
                for branch in branches {
                    self.add(branch.weight.span.to(branch.statement.span), *body);
                    self.inside(&branch.statement);
                }
            }
            StatementKind::Scenario { .. }
            | StatementKind::Include { .. }
            | StatementKind::Param { .. }
            | StatementKind::Let { .. }
            | StatementKind::Secret { .. }
            | StatementKind::Permit(_)
            | StatementKind::Metric { .. }
            | StatementKind::Do { .. }
            | StatementKind::Wait { .. }
            | StatementKind::WaitUntil { .. }
            | StatementKind::Run { .. }
            | StatementKind::Note { .. }
            | StatementKind::Expect(_)
            | StatementKind::Load(_)
            | StatementKind::Check { .. }
            | StatementKind::Capture { .. }
            | StatementKind::Think { .. } => {}
        }
    }
}
