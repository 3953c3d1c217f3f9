//! What a ledger receives: from where, and how an item is known there.

use super::mistake;
use super::names::nearest;
use super::scenario::{KnownBy, LedgerReceived, ReceivedFrom, SourceValue};
use super::state::Checker;
use crate::lang::expr::{Expr, TargetId};
use crate::lang::receipt::{RECEIPTS, Receipt, ReceiptKind, find_receipt};
use crate::lang::signature::Accepts;
use crate::lang::types::Type;
use crate::lang::value::Value;
use crate::syntax::ast::{self, Argument, ExprKind, LedgerLine};

/// What brings messages that a ledger can follow.
const MESSENGERS: &[&str] = &["nats", "mqtt", "websocket"];

/// The arguments of one call.
struct Given<'a> {
    receipt: &'static Receipt,
    call: &'a ast::Expr,
    plain: Vec<&'a ast::Expr>,
    named: Vec<(&'a ast::Name, &'a ast::Expr)>,
    /// Whether what is sent has a value.
    with_value: bool,
}

impl<'a> Given<'a> {
    fn named(&self, wanted: &str) -> Option<&'a ast::Expr> {
        self.named.iter().find(|(name, _)| name.text == wanted).map(|(_, value)| *value)
    }
}

impl Checker<'_> {
    pub(super) fn ledger_received(&mut self, line: &LedgerLine, with_value: bool) -> Vec<LedgerReceived> {
        if let Some(with) = &line.with {
            self.report(mistake::measure::received_with(with.span));
        }
        line.keys.iter().filter_map(|written| self.receipt(written, with_value)).collect()
    }

    fn receipt(&mut self, written: &ast::Expr, with_value: bool) -> Option<LedgerReceived> {
        let ExprKind::Call { function, arguments } = &written.kind else {
            if !matches!(written.kind, ExprKind::Bad) {
                self.report(mistake::measure::not_received(written.span, None));
            }
            return None;
        };
        let Some(receipt) = find_receipt(&function.text) else {
            let meant = nearest(&function.text, RECEIPTS.iter().map(|receipt| receipt.name));
            self.report(mistake::measure::not_received(function.span, meant));
            return None;
        };
        let given = self.receipt_arguments(receipt, written, arguments, with_value)?;
        let from = match receipt.kind {
            ReceiptKind::Files | ReceiptKind::Lines => self.followed(&given, function),
            ReceiptKind::Sql => self.rows_received(&given),
            ReceiptKind::Json => self.items_received(&given),
            ReceiptKind::Messages => self.messages_received(&given),
        }?;
        let exprs: Vec<Expr> = values(&from).into_iter().cloned().collect();
        if self.depends_on_block(&exprs, written.span) {
            return None;
        }
        Some(LedgerReceived { from, span: written.span })
    }

    /// Tells apart what has a name and what has none.
    fn receipt_arguments<'a>(
        &mut self,
        receipt: &'static Receipt,
        call: &'a ast::Expr,
        arguments: &'a [Argument],
        with_value: bool,
    ) -> Option<Given<'a>> {
        let mut given = Given { receipt, call, plain: Vec::new(), named: Vec::new(), with_value };
        let mut good = true;
        for argument in arguments {
            let Some(name) = &argument.name else {
                given.plain.push(&argument.value);
                continue;
            };
            if !receipt.named.iter().any(|(known, _)| *known == name.text) {
                let known: Vec<&str> = receipt.named.iter().map(|(known, _)| *known).collect();
                self.report(mistake::measure::receipt_knows_no(name.span, receipt, &name.text, &known));
                good = false;
            } else if given.named(&name.text).is_some() {
                self.report(mistake::arguments::given_twice(name.span, &name.text, None));
                good = false;
            }
            given.named.push((name, &argument.value));
        }
        let (least, most) = receipt.plain;
        if good && !(least..=most).contains(&given.plain.len()) {
            self.report(mistake::measure::ledger_without_key(call.span, receipt));
            good = false;
        }
        good.then_some(given)
    }

    fn followed(&mut self, given: &Given<'_>, function: &ast::Name) -> Option<ReceivedFrom> {
        let [place, pattern] = given.plain.as_slice() else { return None };
        let of = self.glob_or_log(place)?;
        let files = given.receipt.kind == ReceiptKind::Files;
        if files && matches!(of, SourceValue::Log(_)) {
            self.report(mistake::measure::files_of_log(place.span, function.span));
            return None;
        }
        let key = self.key_groups(pattern, given.with_value)?;
        Some(match of {
            SourceValue::Value(glob) if files => ReceivedFrom::Files { glob, key },
            of => ReceivedFrom::Lines { of, key },
        })
    }

    /// An expression with a group for the key, and one for the value where there is one.
    fn key_groups(&mut self, written: &ast::Expr, with_value: bool) -> Option<Expr> {
        let expr = self.value(written);
        if !self.expect_type(&expr, &Type::Text, "a regular expression") || !self.regex(written, &expr) {
            return None;
        }
        let (groups, what) = if with_value {
            (2, "the key, then the value that must arrive unchanged")
        } else {
            (1, "the key")
        };
        self.expect_groups(written, &SourceValue::Value(expr.clone()), groups, what).then_some(expr)
    }

    fn rows_received(&mut self, given: &Given<'_>) -> Option<ReceivedFrom> {
        let [database, query] = given.plain.as_slice() else { return None };
        let SourceValue::Target(database) = self.source_target(database, &["database"])? else {
            return None;
        };
        let query = self.accept_value(&Accepts::Sql, query, "sql")?;
        let growing = match given.named("growing") {
            Some(written) => {
                let growing = self.growing_column(written)?;
                let given = query.constant().and_then(Value::as_text).and_then(super::query::columns);
                if let (Some(columns), Some(name)) = (given, growing.constant().and_then(Value::as_text))
                    && !columns.iter().any(|column| column == name)
                {
                    self.report(mistake::measure::column_not_given(written.span, name, query.span, &columns));
                    return None;
                }
                Some(growing)
            }
            None => None,
        };
        Some(ReceivedFrom::Rows { database, query, growing })
    }

    /// The name of a column. It becomes a part of a statement, so it must be no more than a name.
    fn growing_column(&mut self, written: &ast::Expr) -> Option<Expr> {
        let expr = self.value(written);
        if !self.expect_type(&expr, &Type::Text, "the name of a column") {
            return None;
        }
        let name = expr.constant().and_then(Value::as_text).unwrap_or_default();
        let good = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !good {
            self.report(mistake::measure::not_a_column(written.span));
        }
        good.then_some(expr)
    }

    fn items_received(&mut self, given: &Given<'_>) -> Option<ReceivedFrom> {
        let [document, items] = given.plain.as_slice() else { return None };
        let SourceValue::Value(document) = self.file_or_url(document, "json")? else { return None };
        let items = self.path_to(items)?;
        let (key, value) = self.key_and_value(given)?;
        if key.is_none() && (value.is_some() || given.with_value) {
            self.report(mistake::measure::receipt_without(given.call.span, given.receipt, "key"));
            return None;
        }
        Some(ReceivedFrom::Items { document, items, key, value })
    }

    fn messages_received(&mut self, given: &Given<'_>) -> Option<ReceivedFrom> {
        let (messenger, rest) = given.plain.split_first()?;
        let SourceValue::Target(target) = self.source_target(messenger, MESSENGERS)? else { return None };
        let (topic, rest) = match (self.has_topics(target), rest) {
            (false, [topic, ..])
                if (given.named("key").is_some() || rest.len() > 1)
                    && !self.sources.text(topic.span).contains('(') =>
            {
                self.report(mistake::measure::no_topic(topic.span));
                return None;
            }
            (false, rest) => (None, rest),
            (true, [topic, rest @ ..]) => {
                let topic = self.value(topic);
                if !self.expect_type(&topic, &Type::Text, "a topic") || !self.no_secret(&topic, "a topic") {
                    return None;
                }
                (Some(topic), rest)
            }
            (true, []) => {
                self.report(mistake::measure::ledger_without_key(given.call.span, given.receipt));
                return None;
            }
        };
        let (key, value) = self.key_and_value(given)?;
        let known = match (rest, key) {
            ([groups], None) if value.is_none() => {
                KnownBy::Groups(self.key_groups(groups, given.with_value)?)
            }
            ([], Some(key)) => KnownBy::Paths { key, value },
            ([], None) => {
                self.report(mistake::measure::receipt_without(given.call.span, given.receipt, "key"));
                return None;
            }
            _ => {
                self.report(mistake::measure::known_twice(given.call.span));
                return None;
            }
        };
        Some(ReceivedFrom::Messages { target, topic, known })
    }

    fn has_topics(&self, target: TargetId) -> bool {
        self.scenario.target(target).kind.name != "websocket"
    }

    /// The JSONPaths `key` and `value`; the second must be there where what is sent has a value.
    fn key_and_value(&mut self, given: &Given<'_>) -> Option<(Option<Expr>, Option<Expr>)> {
        let mut path = |name: &str| match given.named(name) {
            Some(written) => self.path_to(written).map(Some),
            None => Some(None),
        };
        let (key, value) = (path("key")?, path("value")?);
        if key.is_some() && value.is_none() && given.with_value {
            self.report(mistake::measure::receipt_without(given.call.span, given.receipt, "value"));
            return None;
        }
        Some((key, value))
    }

    fn path_to(&mut self, written: &ast::Expr) -> Option<Expr> {
        let expr = self.value(written);
        let good = self.expect_type(&expr, &Type::Text, "a JSONPath") && self.json_path(written, &expr);
        good.then_some(expr)
    }
}

/// All values that what is received depends on.
fn values(from: &ReceivedFrom) -> Vec<&Expr> {
    match from {
        ReceivedFrom::Files { glob, key } => vec![glob, key],
        ReceivedFrom::Lines { of: SourceValue::Value(glob), key } => vec![glob, key],
        ReceivedFrom::Lines { key, .. } => vec![key],
        ReceivedFrom::Rows { query, growing, .. } => std::iter::once(query).chain(growing).collect(),
        ReceivedFrom::Items { document, items, key, value } => {
            [document, items].into_iter().chain(key).chain(value).collect()
        }
        ReceivedFrom::Messages { topic, known, .. } => {
            let known: Vec<&Expr> = match known {
                KnownBy::Groups(groups) => vec![groups],
                KnownBy::Paths { key, value } => std::iter::once(key).chain(value).collect(),
            };
            topic.iter().chain(known).collect()
        }
    }
}
