//! Statements whose block stays on their line.

use super::head::{Body, Cells, body, is_declaration};
use super::lines::{Group, Line};
use super::{MAX_LINE_WIDTH, MAX_LOOP_WIDTH, Writer};
use crate::syntax::ast::{Block, Repeat, Statement, StatementKind};
use unicode_width::UnicodeWidthStr;

impl<'a> Writer<'a> {
    /// The whole statement on one line, where it has a block that may stand there.
    pub(super) fn on_one_line(
        &self,
        statement: &Statement,
        indent: usize,
        prefix: &str,
        setting: bool,
    ) -> Option<Line<'a>> {
        let inner = self.inline_body(body(statement)?)?;
        let head = self.head(statement, indent, setting).text();
        if head.contains('\n') {
            return None;
        }
        let angle = inner.starts_with('<');
        let limit = if angle { MAX_LOOP_WIDTH } else { MAX_LINE_WIDTH };
        let space = if head.is_empty() { 0 } else { 1 };
        if indent * 2 + prefix.width() + head.width() + space + inner.width() > limit {
            return None;
        }
        let cells = if head.is_empty() { vec![inner] } else { vec![head, inner] };
        let group = match &statement.kind {
            StatementKind::Words(words) if is_declaration(words) => Group::Declaration,
            StatementKind::Action { .. } => Group::Action,
            _ => Group::None,
        };
        Some(Line::cells(indent, prefix, Cells { cells, group }))
    }

    fn inline_body(&self, body: Body<'_>) -> Option<String> {
        let span = body.span();
        if self.has_comment(span) {
            return None;
        }
        if body.is_empty() {
            return Some("{}".into());
        }
        let on_one_line = !self.source(span).contains('\n');
        let statements = match body {
            Body::Block(block, _) if block.angle => {
                let parts = self.inline_statements(&block.statements)?;
                return (!compares(block)).then(|| format!("< {parts} >"));
            }
            _ if !on_one_line => return None,
            Body::Block(block, _) => self.inline_statements(&block.statements)?,
            Body::Settings(settings, _) => self.inline_statements(settings)?,
            Body::Mix(parts, _) => {
                let part = |part: &crate::syntax::ast::MixPart| {
                    format!("{} {}", self.expression(&part.weight, 0), part.action.text)
                };
                parts.iter().map(part).collect::<Vec<_>>().join("; ")
            }
            Body::Ledger(ledger) => {
                let mut lines: Vec<_> = ledger.sent.iter().map(|line| ("sent", line)).collect();
                lines.extend(ledger.received.iter().map(|line| ("received", line)));
                lines.sort_by_key(|(_, line)| line.span.start);
                let line = |(word, line): &(&str, &crate::syntax::ast::LedgerLine)| {
                    format!("{word} {}", self.ledger_line(line, 0))
                };
                lines.iter().map(line).collect::<Vec<_>>().join("; ")
            }
            Body::Choose(branches, _) => {
                let mut parts = Vec::new();
                for branch in branches {
                    let statement = self.inline_statement(&branch.statement)?;
                    parts.push(format!("{}: {statement}", self.expression(&branch.weight, 0)));
                }
                parts.join("; ")
            }
            Body::Curve(..) => return None,
        };
        Some(format!("{{ {statements} }}"))
    }

    fn inline_statements(&self, statements: &[Statement]) -> Option<String> {
        let parts: Option<Vec<String>> = statements.iter().map(|one| self.inline_statement(one)).collect();
        parts.map(|parts| parts.join("; "))
    }

    fn inline_statement(&self, statement: &Statement) -> Option<String> {
        if let StatementKind::ForEach { source: crate::syntax::ast::EachSource::Table(_), .. } =
            &statement.kind
        {
            return None;
        }
        let head = self.head(statement, 0, false).text();
        if head.contains('\n') {
            return None;
        }
        match body(statement) {
            None => Some(head),
            Some(body) => {
                let inner = self.inline_body(body)?;
                Some(if head.is_empty() { inner } else { format!("{head} {inner}") })
            }
        }
    }
}

/// Whether a condition stands somewhere in a block: a reader would have to tell its `<` and `>` from the block's.
fn compares(block: &Block) -> bool {
    block.statements.iter().any(is_conditional)
}

fn is_conditional(statement: &Statement) -> bool {
    let conditional = matches!(
        &statement.kind,
        StatementKind::Expect(_)
            | StatementKind::Check { .. }
            | StatementKind::WaitUntil { .. }
            | StatementKind::Repeat { count: Repeat::Until { .. }, .. }
            | StatementKind::Metric { .. }
            | StatementKind::Let { .. }
            | StatementKind::Param { .. }
            | StatementKind::Capture { .. }
    );
    conditional
        || match body(statement) {
            Some(Body::Block(block, _)) => compares(block),
            Some(Body::Choose(branches, _)) => {
                branches.iter().any(|branch| is_conditional(&branch.statement))
            }
            _ => false,
        }
}
