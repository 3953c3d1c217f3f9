//! From what the grammar read to the tree, statement by statement.

mod bodies;
mod declare;
mod expression;
mod load;
mod parts;
mod statement;
mod table;
mod text;
mod words;

use super::ast::{Block, Name, Statement, StatementKind};
use super::grammar::{Grammar, Rule, carries};
use super::layout::{BlockItem, Item, Layout};
use super::tokens::{Kind, first_tokens};
use super::{MAX_DIAGNOSTICS, mistake, vocabulary};
use crate::diag::Diagnostic;
use crate::source::{SourceFile, Span};
use pest::Parser;
use pest::error::InputLocation;
use pest::iterators::Pair;
use std::collections::HashSet;
use std::sync::Arc;
use std::thread;

pub use expression::MAX_OPERATORS;

/// A longer head is no declaration of a name that somebody could misspell.
const MAX_DECLARATION: usize = 1000;

/// Lowers the statements of a file.
pub(super) fn lower(file: &SourceFile, layout: &Layout) -> (Vec<Statement>, Vec<Diagnostic>) {
    lower_at_once(file, layout, thread::available_parallelism().map_or(1, usize::from))
}

/// Lowers them with so many threads at most.
fn lower_at_once(file: &SourceFile, layout: &Layout, threads: usize) -> (Vec<Statement>, Vec<Diagnostic>) {
    let mut lower = Lower {
        text: &layout.masked,
        base: file.base(),
        offset: 0,
        operators: 0,
        too_long: false,
        damaged: layout.damaged,
        includes: false,
        declared: Arc::default(),
        missing_block: false,
        diagnostics: layout.diagnostics.clone(),
    };
    lower.know(&layout.items);
    let items = lower.all(&layout.items, threads);
    let mut diagnostics = lower.diagnostics;
    if lower.missing_block {
        // A `}` too many is most likely the one whose `{` was reported as missing.
        diagnostics.retain(|diagnostic| diagnostic.code != "E0108" || !diagnostic.message.contains('}'));
    }
    forget_consequences(file, &mut diagnostics);
    (items, diagnostics)
}

/// Takes out what follows from another mistake: the `>` that is left over where a loop in `< >` was reported at its
/// head, and the use of a name that was reported as a word of the language.
fn forget_consequences(file: &SourceFile, diagnostics: &mut Vec<Diagnostic>) {
    let line = |found: &Diagnostic| file.text()[..(found.span().start - file.base()) as usize].rfind('\n');
    let heads = diagnostics.iter().filter(|found| matches!(found.code, "E0119" | "E0123"));
    let heads: HashSet<Option<usize>> = heads.map(line).collect();
    if !heads.is_empty() {
        diagnostics
            .retain(|found| found.message != "`>` is not expected here" || !heads.contains(&line(found)));
    }
    let word = |found: &Diagnostic| {
        let (from, to) = (found.span().start - file.base(), found.span().end - file.base());
        &file.text()[from as usize..to as usize]
    };
    let declared = diagnostics.iter().filter(|found| found.code == "E0116");
    let declared: HashSet<&str> = declared.map(word).collect();
    if !declared.is_empty() {
        diagnostics.retain(|found| found.code != "E0125" || !declared.contains(word(found)));
    }
}

/// The head of a statement: its text without the block. Positions are bytes from the file's start.
#[derive(Clone, Copy)]
struct Head {
    start: usize,
    end: usize,
}

struct Lower<'a> {
    /// The masked text.
    text: &'a str,
    base: u32,
    /// Where the text that the grammar is reading begins in the file.
    offset: usize,
    /// Operators read in the outermost expression so far, and whether they were too many.
    operators: usize,
    too_long: bool,
    damaged: bool,
    includes: bool,
    /// First words that may stand for something the file declares.
    declared: Arc<HashSet<&'a str>>,
    missing_block: bool,
    diagnostics: Vec<Diagnostic>,
}

/// The pairs of a pair that carry something, keywords left out.
fn parts(pair: Pair<'_, Rule>) -> impl Iterator<Item = Pair<'_, Rule>> {
    pair.into_inner().filter(|pair| carries(pair.as_rule()))
}

impl<'a> Lower<'a> {
    fn report(&mut self, diagnostic: Diagnostic) {
        // Those of the layout are in the list already, at most as many.
        if self.diagnostics.len() <= 2 * MAX_DIAGNOSTICS {
            self.diagnostics.push(diagnostic);
        }
    }

    /// The span of two positions in the file.
    fn between(&self, start: usize, end: usize) -> Span {
        Span::new(self.base + start as u32, self.base + end as u32)
    }

    /// The span of something the grammar read.
    fn span(&self, pair: &Pair<'_, Rule>) -> Span {
        let span = pair.as_span();
        self.between(self.offset + span.start(), self.offset + span.end())
    }

    fn name(&self, pair: &Pair<'_, Rule>) -> Name {
        Name { text: pair.as_str().to_string(), span: self.span(pair) }
    }

    /// Reads `head` by `rule`; what is wrong is reported.
    fn read(&mut self, rule: Rule, head: Head) -> Option<Pair<'a, Rule>> {
        match self.attempt(rule, head) {
            Ok(pair) => Some(pair),
            // What would be told of it is not shown any more.
            Err(_) if self.diagnostics.len() > 2 * MAX_DIAGNOSTICS => None,
            Err(failed_at) => {
                let found = mistake::explain(self.text, self.base, rule, head.start..head.end, failed_at);
                self.report(found);
                None
            }
        }
    }

    /// Reads `head` by `rule`, or gives the position where it could not be read any further.
    fn attempt(&mut self, rule: Rule, head: Head) -> Result<Pair<'a, Rule>, usize> {
        self.offset = head.start;
        self.operators = 0;
        self.too_long = false;
        let text: &'a str = self.text[head.start..head.end].trim_end();
        match Grammar::parse(rule, text) {
            Ok(mut pairs) => pairs.next().ok_or(head.start),
            Err(error) => Err(head.start
                + match error.location {
                    InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
                }),
        }
    }

    /// The word at the front of a head; empty where there is none.
    fn first_word(&self, head: Head) -> &'a str {
        let text: &'a str = &self.text[head.start..head.end];
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        let end = text.bytes().position(|byte| !is_part(&byte)).unwrap_or(text.len());
        if text.starts_with(|c: char| c.is_ascii_digit()) { "" } else { &text[..end] }
    }

    /// Takes in the names that a statement may begin with, so that a misspelt statement word can be told from them.
    fn know(&mut self, items: &[Item]) {
        let mut declared = HashSet::new();
        self.declarations(items, &mut declared);
        self.declared = Arc::new(declared);
    }

    fn declarations(&mut self, items: &[Item], declared: &mut HashSet<&'a str>) {
        for item in items {
            let head = Head { start: item.start, end: item.end };
            // Names are short; of a text of megabytes not even the end is looked for.
            let mut ends = head.start + MAX_DECLARATION..head.end;
            let front = ends.find(|at| self.text.is_char_boundary(*at)).unwrap_or(head.end);
            let mut words = self.text[head.start..front].split_ascii_whitespace();
            if let (Some(first), Some(second)) = (words.next(), words.next()) {
                self.includes |= first == "include";
                if item.block.is_some() && front == head.end && words.next().is_none() {
                    declared.insert(second);
                }
            }
            if let Some(block) = &item.block {
                self.declarations(&block.items, declared);
            }
        }
    }

    fn items(&mut self, items: &[Item]) -> Vec<Statement> {
        let mut statements = Vec::with_capacity(items.len());
        let mut rest = items.iter().peekable();
        while let Some(item) = rest.next() {
            let mut block = item.block.as_ref();
            if let Some(statement) = self.indented_settings(item) {
                // What is indented below it was meant to stand in its braces.
                while rest.next_if(|next| self.indent(next) > self.indent(item)).is_some() {}
                statements.push(statement);
                continue;
            }
            if let Some(object) = block
                && let Some(found) = self.object_without_word(item, object)
            {
                self.report(found);
                // What stands behind the object belongs to the request.
                let next = rest.next_if(|next| self.goes_on(object, next));
                block = next.and_then(|next| next.block.as_ref());
                statements.push(self.request_without_object(item, object, next));
                continue;
            }
            if let Some(object) = block.filter(|object| !item.broken && !object.angle)
                && let Some(found) = self.object_as_value(item, object)
            {
                self.report(found);
                let head = Head { start: item.start, end: item.end };
                statements.push(self.statement(head, block, StatementKind::unreadable(None)));
                continue;
            }
            if let Some(whole) = block.filter(|_| self.is_whole_file(item)) {
                // What stands in it is the file.
                let head = Head { start: item.start, end: item.end };
                self.report(mistake::scenario_with_block(self.between(whole.open, whole.open + 1)));
                statements.push(self.any_statement(head, None));
                statements.extend(self.items(&whole.items));
                continue;
            }
            // A block on the line below a statement that lacks one was meant for it.
            if block.is_none()
                && !item.broken
                && let Some(next) = rest.peek()
                && let (true, Some(stray)) = (next.start == next.end, next.block.as_ref())
                && self.needs_block(item)
            {
                let place = self.between(stray.open, stray.open + 1);
                let found = Diagnostic::error("E0111", "the `{` stands on the line of its statement", place)
                    .here("on a line of its own this is a block by itself")
                    .also(self.between(item.start, item.end), "this needs it");
                self.report(found.fix(self.between(item.end, stray.open + 1), " {", true));
                block = Some(stray);
                rest.next();
            }
            statements.push(self.item(item, block));
        }
        statements
    }

    /// `scenario "title" { … }`
    fn is_whole_file(&self, item: &Item) -> bool {
        !item.broken && self.first_word(Head { start: item.start, end: item.end }) == "scenario"
    }

    /// How far the line of an item is indented.
    fn indent(&self, item: &Item) -> usize {
        let line = self.text[..item.start].rfind('\n').map_or(0, |newline| newline + 1);
        self.text[line..item.start].len() - self.text[line..item.start].trim_start().len()
    }

    /// `process app:` with its settings indented below it: what it declares is known all the same.
    fn indented_settings(&mut self, item: &Item) -> Option<Statement> {
        let head = Head { start: item.start, end: item.end };
        let written = self.text[item.start..item.end].strip_suffix(':')?;
        let (kind, name) = written.trim_end().split_once(' ')?;
        let is_name =
            |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if item.broken
            || item.block.is_some()
            || !is_name(kind)
            || !is_name(name)
            || vocabulary::begins_statement(kind)
        {
            return None;
        }
        let place = self.between(item.end - 1, item.end);
        let found =
            Diagnostic::error("E0111", "settings stand in `{ }`", place).here("no block begins with this");
        let help = format!("begin it with `{kind} {name} {{` and end it with `}}` on a line of its own");
        self.report(found.help(help));
        let body = Some(Block { statements: Vec::new(), span: place, angle: false });
        Some(self.statement(head, None, StatementKind::unreadable(body)))
    }

    /// What is wrong where the block behind a request is the object that it sends.
    fn object_without_word(&self, item: &Item, object: &BlockItem) -> Option<Diagnostic> {
        let first = object.items.first()?;
        let word = self.first_word(Head { start: item.start, end: item.end });
        if item.broken || object.angle || word.is_empty() || vocabulary::begins_statement(word) {
            return None;
        }
        let lines = object.items.iter().map(|item| item.start..item.end);
        let found = mistake::query_of_request(self.text, self.base, item.start..item.end, lines, object.end);
        if found.is_some() || !self.text[first.start..first.end].contains(':') {
            return found;
        }
        let end = object.items.last().map_or(first.end, |last| last.end);
        mistake::as_object(self.text, self.base, item.start..item.end, object.open, first.start..end)
    }

    /// What is wrong where a name is given an object: `let fast = { limit: 50ms }`.
    fn object_as_value(&self, item: &Item, object: &BlockItem) -> Option<Diagnostic> {
        let word = self.first_word(Head { start: item.start, end: item.end });
        let written = self.text[item.start..item.end].trim_end().strip_suffix('=')?;
        if !matches!(word, "let" | "param") {
            return None;
        }
        let name = written[word.len()..].trim();
        let first = object.items.first().map(|first| &self.text[first.start..first.end]);
        Some(mistake::object_as_value(self.block_span(object), word, name, first))
    }

    /// Whether a statement stands right behind a block, where another one cannot begin.
    fn goes_on(&self, block: &BlockItem, next: &Item) -> bool {
        let start = if next.start == next.end {
            next.block.as_ref().map_or(next.start, |block| block.open)
        } else {
            next.start
        };
        self.text
            .get(block.end..start)
            .is_some_and(|between| between.chars().all(|c| matches!(c, ' ' | '\t')))
    }

    /// A request as it would be without its object.
    fn request_without_object(&mut self, item: &Item, object: &BlockItem, rest: Option<&Item>) -> Statement {
        let answer = rest.and_then(|rest| rest.block.as_ref());
        if let Some(rest) = rest {
            let start = if rest.start == rest.end {
                answer.map_or(rest.start, |block| block.open)
            } else {
                rest.start
            };
            let at = self.between(start, start).start;
            self.diagnostics.retain(|found| found.code != "E0110" || found.span().start != at);
        }
        let written = self.text[item.start..item.end].trim_end();
        let mut parts = written.split_ascii_whitespace();
        if !parts.nth(1).is_some_and(vocabulary::is_method) {
            // Of the others nothing makes sense without what they send.
            let body = answer.map(|block| self.block(block));
            let head = Head { start: item.start, end: item.end };
            return self.statement(head, answer, StatementKind::unreadable(body));
        }
        let words = written.rsplit_once(' ').filter(|(_, last)| {
            mistake::is_body_word(last) || mistake::is_map_word(last) || mistake::is_query_word(last)
        });
        let end = words.map_or(item.end, |(before, _)| item.start + before.trim_end().len());
        let head = Head { start: item.start, end };
        let mut statement = self.any_statement(head, answer);
        statement.span = statement.span.to(self.block_span(object));
        statement
    }

    fn needs_block(&self, item: &Item) -> bool {
        let word = self.first_word(Head { start: item.start, end: item.end });
        matches!(
            word,
            "action"
                | "sequence"
                | "setup"
                | "cleanup"
                | "phase"
                | "repeat"
                | "for"
                | "parallel"
                | "every"
                | "at"
                | "choose"
                | "ledger"
                | "mix"
                | "curve"
                | "dataset"
        )
    }

    fn item(&mut self, item: &Item, block: Option<&BlockItem>) -> Statement {
        let head = Head { start: item.start, end: item.end };
        if item.broken {
            let body = block.map(|block| self.block(block));
            return self.statement(head, block, StatementKind::unreadable(body));
        }
        self.any_statement(head, block)
    }

    fn statement(&self, head: Head, block: Option<&BlockItem>, mut kind: StatementKind) -> Statement {
        if let StatementKind::Bad { words, .. } = &mut kind {
            *words = self.leading_words(head);
        }
        let end = block.map_or(head.end, |block| block.end);
        Statement { kind, span: self.between(head.start, end.max(head.end)) }
    }

    /// The words at the front of a head, three at most: what it would have declared or set.
    pub(super) fn leading_words(&self, head: Head) -> Vec<Name> {
        let mut tokens = first_tokens(self.text, head.start..head.end, 3);
        if let [name, mark, _] = &mut tokens[..]
            && mistake::is_assignment(name, mark)
        {
            tokens.swap(1, 2);
            tokens.swap(0, 1);
        }
        let words = tokens.iter().take_while(|token| matches!(token.kind, Kind::Word | Kind::Text));
        words
            .map(|token| Name {
                text: token.text.trim_matches(['"', '\'']).to_string(),
                span: self.between(token.range.start, token.range.end),
            })
            .collect()
    }

    fn block(&mut self, block: &BlockItem) -> Block {
        let statements = self.items(&block.items);
        Block { statements, span: self.block_span(block), angle: block.angle }
    }

    fn block_span(&self, block: &BlockItem) -> Span {
        self.between(block.open, block.end)
    }
}
