//! The statements of a file as places, each with the block that it stands in: what a comment can speak of.

use crate::source::Span;
use crate::syntax::ast::{Block, EachSource, File, Statement, StatementKind, Table};

/// A statement, a setting, a line of a mix, a ledger or a table.
#[derive(Clone, Copy, Debug)]
struct Unit {
    span: Span,
    /// The block that it stands in, from its opening mark to its closing one; of the outermost the whole file.
    block: Span,
    /// The one whose block that is.
    parent: Option<usize>,
}

/// Everything in a file that a comment can speak of.
pub(super) struct Units {
    /// In the order of the file, outer ones before those inside them.
    list: Vec<Unit>,
    /// Their places in the list by where they end, outer ones first.
    by_end: Vec<usize>,
}

impl Units {
    pub fn new(file: &File, whole: Span) -> Units {
        let mut list = List { units: Vec::new(), parent: None };
        list.statements(&file.items, whole);
        let list = list.units;
        let mut by_end: Vec<usize> = (0..list.len()).collect();
        by_end.sort_by_key(|index| (list[*index].span.end, list[*index].span.start));
        Units { list, by_end }
    }

    /// The outermost statement that ends exactly there.
    pub fn ending_at(&self, end: u32) -> Option<Span> {
        let first = self.by_end.partition_point(|index| self.list[*index].span.end < end);
        let unit = self.list[*self.by_end.get(first)?];
        (unit.span.end == end).then_some(unit.span)
    }

    /// What a line of its own speaks of: the next statement of its block, or the statement that it lies within.
    pub fn after(&self, place: Span) -> Option<Span> {
        let first = self.list.partition_point(|unit| unit.span.start < place.end);
        let next = self.list.get(first);
        let mut below = None;
        let mut around = first.checked_sub(1);
        while let Some(index) = around {
            if self.list[index].span.contains(place) {
                break;
            }
            below = Some(index);
            around = self.list[index].parent;
        }
        let in_block = |unit: &Unit| unit.parent == around && unit.block.contains(place);
        match (next.filter(|next| in_block(next)), below.map(|below| self.list[below])) {
            (Some(next), _) => Some(next.span),
            // The last of its block.
            (None, Some(below)) if in_block(&below) => None,
            (None, _) => around.map(|index| self.list[index].span),
        }
    }
}

struct List {
    units: Vec<Unit>,
    parent: Option<usize>,
}

impl List {
    fn add(&mut self, span: Span, block: Span) {
        self.units.push(Unit { span, block, parent: self.parent });
    }

    /// Adds a statement, and what stands inside it below it.
    fn nested(&mut self, span: Span, block: Span, statement: &Statement) {
        self.add(span, block);
        let outer = self.parent.replace(self.units.len() - 1);
        self.inside(statement);
        self.parent = outer;
    }

    fn statements(&mut self, statements: &[Statement], block: Span) {
        for statement in statements {
            self.nested(statement.span, block, statement);
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
            StatementKind::Bad { body, .. } => body.iter().for_each(|body| self.block(body)),
            StatementKind::Dataset { settings, body, .. } => self.statements(settings, *body),
            StatementKind::Curve { table, body, .. } => self.table(table, *body),
            StatementKind::Mix { parts, body, .. } => {
                parts.iter().for_each(|part| self.add(part.weight.span.to(part.action.span), *body));
            }
            StatementKind::Ledger(ledger) => {
                let mut lines: Vec<Span> =
                    ledger.sent.iter().chain(&ledger.received).map(|line| line.span).collect();
                lines.sort();
                lines.into_iter().for_each(|line| self.add(line, ledger.body));
            }
            StatementKind::Choose { branches, body } => {
                for branch in branches {
                    let span = branch.weight.span.to(branch.statement.span);
                    self.nested(span, *body, &branch.statement);
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
