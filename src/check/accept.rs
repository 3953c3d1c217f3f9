//! One value against what a parameter takes.

use super::mistake;
use super::names::{Entity, meant};
use super::scenario::Argued;
use super::state::{Checker, unknown};
use crate::lang::expr::{Expr, ExprKind};
use crate::lang::function::PROBES;
use crate::lang::quantity::{Dimension, Quantity};
use crate::lang::signature::Accepts;
use crate::lang::types::Type;
use crate::lang::value::Value;
use crate::syntax::ast::{self, Name};

impl Checker<'_> {
    /// An expression that a parameter named `what` takes; `None` where it does not, which has been said.
    pub fn accept_value(
        &mut self,
        accepts: &Accepts,
        written: &ast::Expr,
        what: &'static str,
    ) -> Option<Expr> {
        let outside = std::mem::replace(&mut self.in_object, matches!(accepts, Accepts::Json));
        let expr = self.value(written);
        self.in_object = outside;
        if expr.ty == Type::Unknown {
            return None;
        }
        self.accepts(accepts, written, &expr, what).then_some(expr)
    }

    fn accepts(&mut self, accepts: &Accepts, written: &ast::Expr, expr: &Expr, what: &'static str) -> bool {
        let quoted = format!("`{what}`");
        match accepts {
            Accepts::Quantity(Dimension::TIME) => self.expect_duration(expr, &quoted),
            Accepts::Quantity(dimension) => {
                self.expect_quantity(expr, *dimension, &quoted) && self.not_negative(expr, &quoted)
            }
            Accepts::Count => self.expect_count(expr, &quoted, 0),
            Accepts::Share => self.expect_share(expr, &quoted, 100),
            Accepts::Half => self.expect_share(expr, &quoted, 50),
            Accepts::Json => {
                let good = !matches!(expr.ty, Type::Row(_) | Type::Log | Type::Series { .. });
                if !good {
                    self.report(mistake::types::wrong(expr, "a value that JSON can hold", None));
                }
                if let Some(text) = expr.constant().and_then(|value| value.as_text())
                    && text.starts_with(['{', '['])
                    && let Ok(serde_json::Value::Object(_) | serde_json::Value::Array(_)) =
                        serde_json::from_str(text)
                {
                    self.report(mistake::worded::json_in_text(expr.span, text));
                }
                good
            }
            _ => self.accepts_text(accepts, written, expr, what),
        }
    }

    fn accepts_text(
        &mut self,
        accepts: &Accepts,
        written: &ast::Expr,
        expr: &Expr,
        what: &'static str,
    ) -> bool {
        let quoted = format!("`{what}`");
        let port = super::infer::constant_quantity(expr).and_then(|number| number.to_count());
        if let (Accepts::Address { port: true }, Some(port)) = (accepts, port) {
            self.report(mistake::embedded::bare_port(expr.span, what, port));
            return false;
        }
        if matches!(accepts, Accepts::Command)
            && let ast::ExprKind::List(items) = &written.kind
            && let Some(better) = self.as_one_command(items)
        {
            self.report(mistake::embedded::command_as_list(expr.span, &better));
            return false;
        }
        let is_text = match expr.ty {
            // What came out of an answer is put in as it is.
            Type::Json => true,
            _ => self.expect_type(expr, &Type::Text, &quoted),
        };
        if !is_text {
            return false;
        }
        match accepts {
            Accepts::Url(schemes) => self.url(written, expr, schemes),
            Accepts::Address { port } => self.address(written, expr, *port),
            Accepts::Regex => self.no_secret(expr, "a regular expression") && self.regex(written, expr),
            Accepts::Glob => self.no_secret(expr, "a path") && self.glob(written, expr),
            Accepts::Path => {
                self.no_secret(expr, "a path") && self.not_empty(expr, "path") && self.is_written_out(expr)
            }
            Accepts::Command => self.command(expr),
            Accepts::Sql => {
                self.no_secret(expr, "a query or a name")
                    && self.not_empty(expr, "statement")
                    && self.one_statement(written, expr)
            }
            Accepts::Text => {
                // A text goes into a request, a header or an environment. A file's name and a query are shown.
                let shown = matches!(
                    what,
                    "path"
                        | "prometheus"
                        | "glob"
                        | "table"
                        | "topic"
                        | "method"
                        | "interface"
                        | "unit"
                        | "container"
                        | "signal"
                );
                let is_url_path = what == "path" && self.in_request_path;
                !shown
                    || is_url_path
                    || self.no_secret(expr, if what == "path" { "a path" } else { "a query or a name" })
            }
            _ => true,
        }
    }

    /// The words of a command as one text.
    fn as_one_command(&self, items: &[ast::Expr]) -> Option<String> {
        let word = |item: &ast::Expr| {
            let written = self.sources.text(item.span);
            let inner = written.strip_prefix(['"', '\''])?.strip_suffix(['"', '\''])?;
            let quoted = if inner.contains(' ') { format!("'{inner}'") } else { inner.to_string() };
            (!inner.contains(['"', '\'', '\\']) && !inner.is_empty()).then_some(quoted)
        };
        let words: Vec<String> = items.iter().map(word).collect::<Option<_>>()?;
        (!words.is_empty()).then(|| format!("\"{}\"", words.join(" ")))
    }

    /// Whether a path is none that only a shell would understand.
    fn is_written_out(&mut self, expr: &Expr) -> bool {
        let sketch = self.sketch(expr);
        let begins = sketch.split('/').next().filter(|first| *first == "~" || first.starts_with('$'));
        if let Some(first) = begins {
            self.report(mistake::worded::path_of_shell(expr.span, first));
        }
        begins.is_none()
    }

    /// A command line.
    pub fn command(&mut self, expr: &Expr) -> bool {
        let sketch = self.sketch(expr);
        if !self.no_secret(expr, "a command line") || !self.not_empty(expr, "command") {
            return false;
        }
        self.shell_lint(expr, &sketch);
        let mut quote = None;
        let mut chars = sketch.chars();
        while let Some(c) = chars.next() {
            match (quote, c) {
                (None | Some('"'), '\\') => {
                    chars.next();
                }
                (None, '\'' | '"') => quote = Some(c),
                (Some(open), c) if c == open => quote = None,
                _ => {}
            }
        }
        if let Some(quote) = quote {
            self.report(mistake::embedded::open_quote(expr.span, quote));
        }
        quote.is_none()
    }

    fn not_empty(&mut self, expr: &Expr, what: &str) -> bool {
        let empty = expr.constant().and_then(Value::as_text).is_some_and(|text| text.trim().is_empty());
        if empty {
            self.report(mistake::embedded::empty_text(expr.span, what));
        }
        !empty
    }

    fn not_negative(&mut self, expr: &Expr, what: &str) -> bool {
        let negative = lowest(expr).is_some_and(|low| low.to_f64() < 0.0);
        if negative {
            self.report(mistake::values::negative(expr, what, self.sources.text(expr.span)));
        }
        !negative
    }

    /// A whole number of at least `least`.
    pub fn expect_count(&mut self, expr: &Expr, what: &str, least: u64) -> bool {
        if !self.expect_quantity(expr, Dimension::NONE, what) {
            return false;
        }
        let Some(low) = lowest(expr) else { return true };
        let good = low.to_count().is_some_and(|count| count >= least) && !low.percent;
        if !good {
            self.report(mistake::values::not_a_count(expr, what, least));
        }
        good
    }

    /// A share of at most so many percent.
    fn expect_share(&mut self, expr: &Expr, what: &str, most: u32) -> bool {
        if matches!(&expr.ty, Type::Quantity { dimension, .. } if *dimension != Dimension::NONE) {
            self.report(mistake::types::share_wanted(expr, what));
            return false;
        }
        if !self.expect_quantity(expr, Dimension::NONE, what) {
            return false;
        }
        let ends = [lowest(expr), highest(expr)];
        let good =
            ends.into_iter().flatten().all(|end| (0.0..=f64::from(most) / 100.0).contains(&end.to_f64()));
        if !good {
            self.report(mistake::values::not_a_share(expr, what, most));
        }
        good
    }

    /// Whether a text, as far as the file fixes it, is one statement of SQL; where not, says so.
    fn one_statement(&mut self, written: &ast::Expr, expr: &Expr) -> bool {
        let text = self.sketch(expr);
        let Some(second) = super::query::second_statement(&text) else { return true };
        let span = self.inside(written, second, text.len());
        self.report(mistake::embedded::several_statements(span));
        false
    }

    /// The name of a declared target of one of these kinds.
    pub fn accept_target(&mut self, name: &Name, kinds: &'static [&'static str]) -> Option<Argued> {
        match self.entity(name, kinds.first().copied().unwrap_or("target"))? {
            Entity::Target(target) if kinds.contains(&self.scenario.target(target).kind.name) => {
                Some(Argued::Target(target))
            }
            Entity::Unknown => None,
            _ => {
                let sort = self.sort_of(&name.text);
                let found = mistake::names::wrong_sort(name.span, &name.text, sort, kinds);
                let found = match kinds {
                    ["host"] => found.help(mistake::names::hosts_there_are(&self.named_hosts())),
                    _ => found,
                };
                self.report(found);
                None
            }
        }
    }

    /// The names of the hosts declared so far.
    fn named_hosts(&self) -> Vec<&str> {
        let hosts = self.scenario.targets.iter().filter(|target| target.kind.name == "host");
        hosts.map(|host| host.name.as_str()).collect()
    }

    /// `http("…")` and the like behind `ready`.
    pub fn accept_probe(&mut self, written: &ast::Expr) -> Option<Argued> {
        let ast::ExprKind::Call { function, arguments } = &written.kind else {
            let text = self.sources.text(written.span);
            let found = match &written.kind {
                ast::ExprKind::Text(_) if text.contains(' ') => {
                    mistake::words::probe_without_word(written.span, &format!("succeeds({text})"))
                }
                ast::ExprKind::Text(_) if text.contains("://") => {
                    mistake::words::probe_without_word(written.span, &format!("http({text})"))
                }
                ast::ExprKind::Text(_) if text.contains(':') && !text.contains([' ', '/']) => {
                    mistake::words::probe_without_word(written.span, &format!("tcp({text})"))
                }
                _ => mistake::words::not_a_probe(written.span),
            };
            self.report(found);
            return None;
        };
        let Some((name, accepts, _)) = PROBES.iter().find(|(name, ..)| *name == function.text) else {
            let meant = meant(&function.text, &PROBES.iter().map(|(name, ..)| *name).collect::<Vec<_>>());
            self.report(mistake::words::unknown_probe(function.span, &function.text, meant));
            return None;
        };
        let [argument] = arguments.as_slice() else {
            self.report(mistake::types::argument_count(written.span, name, "one value", arguments.len()));
            return None;
        };
        let expr = self.accept_value(accepts, &argument.value, name)?;
        Some(Argued::Probe(name, expr))
    }

    /// Reads words behind a keyword that takes any: used where a word was wrong, so that names in it count as used.
    pub fn look_over(&mut self, written: &ast::Expr) {
        let before = self.found.len();
        self.term(written);
        self.found.truncate(before);
    }
}

/// The lowest value that a constant can come to.
pub(super) fn lowest(expr: &Expr) -> Option<Quantity> {
    match &expr.kind {
        ExprKind::Constant(Value::Quantity(value) | Value::Range(value, _)) => Some(*value),
        _ => None,
    }
}

/// The highest value that a constant can come to.
pub(super) fn highest(expr: &Expr) -> Option<Quantity> {
    match &expr.kind {
        ExprKind::Constant(Value::Quantity(value) | Value::Range(_, value)) => Some(*value),
        _ => None,
    }
}

/// An argument of which nothing is known.
pub(super) fn unknown_argument(span: crate::source::Span) -> Argued {
    Argued::Value(unknown(span))
}
