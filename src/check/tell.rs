//! What targets are told: `wifi off 2s`, `api post "/jobs" json { … } { check status == 201 }`.

use super::arguments::{Telling, Together, Words};
use super::backend;
use super::mistake;
use super::mistake::place::Stray;
use super::scenario::{Argued, Argument, ConversationStep, IterationStep, Tell};
use super::state::{Checker, Iteration};
use crate::diag::Diagnostic;
use crate::lang::declare::{keyword, positional};
use crate::lang::expr::{ActionId, Expr};
use crate::lang::signature::{Accepts, Body, Form, Nature, Parameter, Verb};
use crate::lang::types::Type;
use crate::source::Span;
use crate::syntax::ast::{self, Name, Statement, StatementKind, Word};

/// What `send` takes in a conversation.
static SEND: [Parameter; 3] = [
    positional("text", &[Accepts::Text], "What to send, as it is."),
    keyword("json", &[Accepts::Json], "What to send, as JSON."),
    keyword("hex", &[Accepts::Text], "What to send: bytes, as pairs of hexadecimal digits."),
];
/// What `receive` takes in a conversation.
static RECEIVE: [Parameter; 1] =
    [positional("pattern", &[Accepts::Regex], "What must come; anything where it is not given.")];

/// A target that is told something, with the answer's checks and captures apart.
pub(super) struct Told {
    pub tell: Tell,
    pub answer: Vec<IterationStep>,
}

impl Checker<'_> {
    /// A statement that tells a target something; `None` where it does not, which has been said.
    pub fn tell(&mut self, words: &ast::Words, span: Span) -> Option<Told> {
        let target = self.told_target(words)?;
        let kind = self.scenario.target(target).kind;
        let name = self.scenario.target(target).name.clone();
        let Some(second) = &words.second else {
            let verbs: Vec<&str> = kind.verbs.iter().map(|verb| verb.name).collect();
            let query =
                kind.verb("query").and(words.arguments.first()).map(|query| self.sources.text(query.span()));
            self.report(match query.filter(|query| query.starts_with('"')) {
                Some(query) => mistake::told::query_without_verb(words.first.span, &name, query),
                None => mistake::told::verb_missing(words.first.span, &name, &verbs),
            });
            return None;
        };
        let Some(verb) = kind.verb(&second.text) else {
            let found = self.unknown_verb(kind, &name, second, words);
            self.report(found);
            self.look_over_words(words);
            return None;
        };
        if verb.name == "delay" && self.is_delay_of_packets(words) {
            self.report(mistake::told::verb_in_other_words(
                second.span,
                second.span,
                kind.name,
                "delay",
                "degrade latency",
            ));
            self.look_over_words(words);
            return None;
        }
        let named =
            self.iteration.as_ref().and(name_of_step(words)).filter(|_| verb.nature == Nature::Request);
        let (before, behind) = match named {
            Some((at, _)) => (&words.arguments[..at], &words.arguments[at + 2..]),
            None => (&words.arguments[..], &[][..]),
        };
        let list = Words::new(before.iter().chain(behind), Span::at(second.span.end));
        // The path of a request is part of its URL; that of a file is not.
        self.in_request_path = kind.name == "http";
        let matched = self.verb_arguments(&Telling { target: &name, kind, verb, at: second.span }, list);
        self.in_request_path = false;
        if !matched.wrong {
            let owner = format!("`{name} {}`", verb.name);
            let together = Together {
                parameters: verb.parameters,
                one_of: verb.one_of,
                rules: verb.rules,
                example: verb.example,
            };
            self.check_rules(&owner, &together, &matched.arguments, second.span);
        }
        let held = words.duration.is_some() || matched.duration.is_some();
        let known = !self.half_known.contains(&target);
        let finding =
            backend::verb_mistake(self.scenario.target(target), verb, &matched.arguments, held, second.span);
        let finding = finding.or_else(|| self.worded_mistake(target, verb, &matched.arguments));
        self.found.extend(finding.filter(|_| known));
        if kind.name == "disk" {
            // What is written to a disk stays there.
            for value in matched.arguments.iter().flat_map(|argument| &argument.values) {
                if let Argued::Value(expr) = value {
                    self.no_secret(expr, "a file");
                }
            }
        }
        let duration = self.tell_duration(verb, &name, words.duration.as_ref(), matched.duration);
        let mut tell = Tell {
            target,
            verb,
            arguments: matched.arguments,
            duration,
            conversation: Vec::new(),
            checks: Vec::new(),
            took: None,
            span,
        };
        let mut answer = Vec::new();
        if let Some(body) = &words.body {
            match verb.body {
                Body::None => {
                    let answering = |other: &&Verb| {
                        matches!(other.body, Body::Answer) && std::ptr::eq(other.parameters, verb.parameters)
                    };
                    self.report(match kind.verbs.iter().find(answering) {
                        Some(other) => {
                            mistake::arguments::no_answer(body.span, (verb.name, second.span), other.name)
                        }
                        None => mistake::arguments::no_block(body.span, verb.name),
                    });
                }
                Body::Answer => answer = self.answer(verb, body),
                Body::Conversation => tell.conversation = self.conversation(verb, body),
            }
        }
        tell.took = named.and_then(|(_, step)| self.name_step(step));
        Some(Told { tell, answer })
    }

    /// Looks at what stands in words that mean nothing, so that names in it count as used.
    pub(super) fn look_over_words(&mut self, words: &ast::Words) {
        words.arguments.iter().for_each(|word| self.look_over_word(word));
        if let Some(duration) = &words.duration {
            self.look_over(duration);
        }
    }

    pub(super) fn look_over_word(&mut self, word: &Word) {
        match word {
            Word::Value(value) | Word::Json { value, .. } => self.look_over(value),
            Word::Plain(name) => {
                self.used_entity(&name.text, name.span);
            }
            Word::Comma(_) => {}
        }
    }

    /// The place of a duration together with the `for` and the space before it.
    fn with_for(&self, duration: Span) -> Span {
        let before = self.sources.before(duration);
        let trimmed = before.trim_end();
        let trimmed = trimmed.strip_suffix("for").unwrap_or(trimmed).trim_end();
        Span::new(duration.start - (before.len() - trimmed.len()) as u32, duration.end)
    }

    fn tell_duration(
        &mut self,
        verb: &'static Verb,
        target: &str,
        written: Option<&ast::Expr>,
        bare: Option<Expr>,
    ) -> Option<Expr> {
        let duration = match (written, bare) {
            (Some(written), Some(bare)) => {
                self.report(mistake::arguments::two_durations(written.span, bare.span));
                return None;
            }
            (Some(written), None) => self.value(written),
            (None, Some(bare)) => bare,
            (None, None) => return None,
        };
        if verb.name == "kill"
            && super::infer::constant_quantity(&duration)
                .is_some_and(|value| value.dimension == crate::lang::quantity::Dimension::NONE)
        {
            // `kill -9`, as a shell has it.
            let place = self.with_for(duration.span);
            self.report(mistake::words::kill_by_number(duration.span, target, place));
            return None;
        }
        let lasts = match verb.nature {
            Nature::State { .. } => true,
            Nature::Act { held } => held,
            Nature::Request => false,
        };
        if !lasts {
            let whole = self.with_for(duration.span);
            self.report(mistake::arguments::cannot_last(duration.span, target, verb.name, whole));
            return None;
        }
        self.expect_duration(&duration, "the duration").then_some(duration)
    }

    /// The braces behind a request: checks and captures on its answer.
    fn answer(&mut self, verb: &'static Verb, body: &ast::Block) -> Vec<IterationStep> {
        let outer = self.enter_answer(verb);
        let mut steps = Vec::new();
        for statement in &body.statements {
            match &statement.kind {
                StatementKind::Check { .. } | StatementKind::Capture { .. } => {
                    steps.extend(self.check_or_capture(statement));
                }
                StatementKind::Bad { .. } => {}
                _ => {
                    let written = self.sources.text(statement.span).to_string();
                    self.report(mistake::place::only_checks_here(statement.span, &written));
                }
            }
        }
        self.iteration = outer;
        steps
    }

    /// From here on what the verb's answer brings is known; gives what was known before.
    fn enter_answer(&mut self, verb: &'static Verb) -> Option<Iteration> {
        let outer = self.iteration.clone();
        let action = outer.as_ref().and_then(|iteration| iteration.action);
        self.iteration = Some(Iteration { action, answer: verb.gives });
        outer
    }

    /// The capture of that name, which is made here, of that type.
    fn make_capture(&mut self, action: ActionId, name: &Name, ty: &Type) -> Option<usize> {
        let capture =
            self.scenario.action(action).captures.iter().position(|capture| *capture == name.text)?;
        if capture_is_taken(&name.text) {
            self.report(mistake::names::reserved(name.span, &name.text));
        }
        let made = &mut self.actions[action.index()].captures[capture];
        let ty = match made.take() {
            // Made in two places: what both are, or anything.
            Some(earlier) => super::infer::unify(&earlier, ty).unwrap_or(Type::Json),
            None => ty.clone(),
        };
        *made = Some(ty.clone());
        let owner = self.scenario.action(action).name.clone();
        self.note_typed(name.span, Some(name.span), &format!("{owner}.{}", name.text), &ty);
        self.note_captured(action, &name.text, name.span);
        Some(capture)
    }

    /// `api get "/items" as list`: how long it takes is a capture of that name.
    fn name_step(&mut self, name: &Name) -> Option<usize> {
        let action = self.iteration.as_ref().and_then(|iteration| iteration.action)?;
        self.make_capture(action, name, &Type::DURATION)
    }

    /// `capture id = "$.id"`, `capture id = 'id=(\d+)'`: what leads to a part of the answer, as a text.
    fn path_as_text(&self, value: &Expr) -> Option<Diagnostic> {
        let text = value.constant()?.as_text()?;
        let brings_body = self.iteration.as_ref()?.answer.iter().any(|given| given.name == "body");
        if !brings_body {
            return None;
        }
        let path = text.strip_prefix('$').filter(|path| path.starts_with(['.', '[']));
        if let Some(path) = path {
            let plain = !path.contains(['*', '?', '@', ':', '\'', '"']);
            let path = if path.starts_with("..") { None } else { Some(path) };
            let better = path.filter(|_| plain).map(|path| format!("body{path}"));
            return Some(mistake::embedded::path_as_text(value.span, better.as_deref()));
        }
        let expression = text.contains('(') && text.contains(')') && regex::Regex::new(text).is_ok();
        let better = format!("find(body, {})", self.sources.text(value.span));
        (expression && text.contains(['\\', '[', '+', '*']))
            .then(|| mistake::embedded::regex_as_text(value.span, &better))
    }

    /// `check` or `capture`, in an answer or on its own in an action.
    pub fn check_or_capture(&mut self, statement: &Statement) -> Option<IterationStep> {
        let span = statement.span;
        match &statement.kind {
            StatementKind::Check { condition } => {
                let condition = self.condition(condition);
                self.no_secret(&condition, "a condition");
                Some(IterationStep::Check { condition, span })
            }
            StatementKind::Capture { name, value } => {
                let value = self.value(value);
                self.no_secret(&value, "a capture");
                let Some(action) = self.iteration.as_ref().and_then(|iteration| iteration.action) else {
                    self.report(mistake::place::capture_in_story(span));
                    return None;
                };
                if let Some(found) = self.path_as_text(&value) {
                    self.report(found);
                }
                if let crate::lang::types::Type::Row(_) = value.ty {
                    self.report(mistake::types::wrong(&value, "one value", None));
                }
                let capture = self.make_capture(action, name, &value.ty)?;
                Some(IterationStep::Capture { capture, value, span })
            }
            _ => None,
        }
    }

    fn conversation(&mut self, verb: &'static Verb, body: &ast::Block) -> Vec<ConversationStep> {
        let mut steps = Vec::new();
        // What a message brings is known behind the first one.
        let mut received = false;
        for statement in &body.statements {
            let words = match &statement.kind {
                StatementKind::Words(words) => words,
                StatementKind::Check { .. } | StatementKind::Capture { .. } => {
                    let outer = received.then(|| self.enter_answer(verb));
                    steps.extend(self.check_or_capture(statement).map(ConversationStep::Look));
                    if let Some(outer) = outer {
                        self.iteration = outer;
                    }
                    continue;
                }
                StatementKind::Bad { .. } => continue,
                other => {
                    let stray = match other {
                        StatementKind::Wait { duration } | StatementKind::Think { duration } => {
                            Stray::Pause(self.sources.text(duration.span))
                        }
                        StatementKind::Expect(expect) => match &expect.condition.kind {
                            ast::ExprKind::Text(text) => Stray::Awaits(self.sources.text(text.span)),
                            _ => Stray::Else,
                        },
                        _ => Stray::Else,
                    };
                    self.report(mistake::place::not_in_conversation(statement.span, stray));
                    continue;
                }
            };
            received |= words.first.text == "receive";
            let second = words.second.clone().map(Word::Plain);
            let list: Vec<&Word> = second.iter().chain(&words.arguments).collect();
            let end = Span::at(words.first.span.end);
            match words.first.text.as_str() {
                "send" => {
                    let given = self.conversation_argument(&SEND, list, end);
                    match given {
                        Some(argument) => steps.push(ConversationStep::Send(argument)),
                        None => self.report(mistake::arguments::missing(
                            words.first.span,
                            "`send`",
                            &SEND[0],
                            None,
                        )),
                    }
                }
                "receive" => {
                    let given = self.conversation_argument(&RECEIVE, list, end);
                    steps.push(ConversationStep::Receive(given));
                }
                "hold" => steps.extend(self.hold(words).map(ConversationStep::Hold)),
                other => {
                    let (span, stray) = self.stray_words(other, words, statement.span);
                    self.report(mistake::place::not_in_conversation(span, stray));
                }
            }
        }
        steps
    }

    /// What was meant by words that a conversation does not have, and what they stand in the place of.
    fn stray_words(&self, first: &str, words: &ast::Words, whole: Span) -> (Span, Stray<'_>) {
        let text = match (&words.second, words.arguments.as_slice()) {
            (None, []) => Some(""),
            (None, [Word::Value(value)]) if matches!(value.kind, ast::ExprKind::Text(_)) => {
                Some(self.sources.text(value.span))
            }
            _ => None,
        };
        match (first, text) {
            (
                "read" | "recv" | "await" | "expect_message" | "on_message" | "get" | "wait_for",
                Some(text),
            ) => (whole, Stray::Awaits(text)),
            ("on" | "on_message" | "onmessage" | "handle" | "when" | "message", _) => {
                (words.first.span, Stray::Handles)
            }
            _ => (words.first.span, Stray::Else),
        }
    }

    fn hold(&mut self, words: &ast::Words) -> Option<Expr> {
        let name;
        let written = match (&words.second, words.arguments.as_slice()) {
            (Some(second), []) => {
                name = ast::Expr { kind: ast::ExprKind::Name(second.text.clone()), span: second.span };
                &name
            }
            (None, [Word::Value(value)]) => value,
            _ => {
                self.report(mistake::arguments::hold_wants_duration(words.first.span));
                return None;
            }
        };
        let duration = self.value(written);
        self.expect_duration(&duration, "`hold`").then_some(duration)
    }

    fn conversation_argument(
        &mut self,
        parameters: &'static [Parameter],
        list: Vec<&Word>,
        end: Span,
    ) -> Option<Argument> {
        let mut given = Vec::new();
        let mut words = list.into_iter();
        while let Some(word) = words.next() {
            let (parameter, value) = match word {
                Word::Json { keyword, value } => {
                    match parameters.iter().find(|parameter| parameter.name == keyword.text) {
                        Some(parameter) => (parameter, value.clone()),
                        None => {
                            self.report(mistake::arguments::unexpected_value(
                                keyword.span,
                                "receive",
                                &keyword.text,
                                &[],
                            ));
                            continue;
                        }
                    }
                }
                Word::Value(value) => (&parameters[0], value.clone()),
                Word::Plain(name) => {
                    let keyword = parameters.iter().find(|parameter| parameter.name == name.text);
                    match (keyword.filter(|one| one.form == Form::Keyword), words.as_slice()) {
                        (Some(parameter), [Word::Value(value), ..]) => {
                            words.next();
                            (parameter, value.clone())
                        }
                        _ => {
                            let kind = ast::ExprKind::Name(name.text.clone());
                            (&parameters[0], ast::Expr { kind, span: name.span })
                        }
                    }
                }
                Word::Comma(span) => {
                    self.report(mistake::words::stray_comma(*span));
                    continue;
                }
            };
            let span = value.span;
            if let Some(value) = self.accept_value(&parameter.values[0], &value, parameter.name) {
                given.push(Argument { parameter, values: vec![Argued::Value(value)], span });
            } else {
                given.push(Argument { parameter, values: vec![super::accept::unknown_argument(span)], span });
            }
        }
        if let [_, second, ..] = given.as_slice() {
            self.report(mistake::arguments::unexpected_value(
                second.span,
                "it",
                self.sources.text(second.span),
                &[],
            ));
        }
        debug_assert!(end.is_empty());
        given.into_iter().next()
    }
}

/// Whether a capture of that name would be taken for something that an action is asked for.
fn capture_is_taken(name: &str) -> bool {
    crate::lang::reading::find_action_reading(name).is_some() || super::state::is_iteration_word(name)
}

/// The name that is given to a request, `as list`, and where that stands among its words.
pub(super) fn name_of_step(words: &ast::Words) -> Option<(usize, &Name)> {
    let pairs = words.arguments.windows(2).enumerate();
    pairs.into_iter().find_map(|(at, pair)| match pair {
        [Word::Plain(word), Word::Plain(name)] if word.text == "as" => Some((at, name)),
        _ => None,
    })
}
