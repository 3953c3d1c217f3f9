//! Words against a signature: the settings of a target, the parameters of a verb.

mod elsewhere;
mod rules;
mod settings;
mod signals;

pub(super) use rules::Together;

use super::accept::unknown_argument;
use super::mistake;
use super::names::{meant, nearest};
use super::scenario::{Argued, Argument};
use super::state::Checker;
use crate::lang::expr::Expr;
use crate::lang::quantity::Dimension;
use crate::lang::signature::{Accepts, Form, Kind, Nature, Parameter, Verb};
use crate::lang::types::Type;
use crate::source::Span;
use crate::syntax::ast::{self, Name, Word};

/// The words of a statement, one after the other.
pub(super) struct Words<'a> {
    list: Vec<&'a Word>,
    at: usize,
    /// Where something that is missing would stand.
    pub end: Span,
}

impl<'a> Words<'a> {
    pub fn new(list: impl IntoIterator<Item = &'a Word>, end: Span) -> Words<'a> {
        Words { list: list.into_iter().collect(), at: 0, end }
    }

    pub fn next(&mut self) -> Option<&'a Word> {
        let word = self.list.get(self.at).copied();
        self.at += 1;
        word
    }

    fn peek(&self) -> Option<&'a Word> {
        self.list.get(self.at).copied()
    }

    fn last(&self) -> Option<&'a Word> {
        self.list.last().copied()
    }

    /// Passes over an `and` in the place of a comma.
    fn skip_and(&mut self) -> Option<Span> {
        let and = self.peek().filter(|word| matches!(word, Word::Plain(name) if name.text == "and"))?;
        self.at += 1;
        Some(and.span())
    }

    /// Passes over words that nobody knows.
    fn skip_unknown(&mut self, parameters: &'static [Parameter], given: &[Argument]) {
        while let Some(Word::Plain(name)) = self.peek()
            && find(parameters, &name.text, given).is_none()
        {
            self.at += 1;
        }
    }

    fn skip_comma(&mut self) {
        if let Some(Word::Comma(_)) = self.peek() {
            self.at += 1;
        }
    }
}

/// A target that is told something.
pub(super) struct Telling<'a> {
    /// Its name.
    pub target: &'a str,
    pub kind: &'static Kind,
    pub verb: &'static Verb,
    /// Where the verb stands.
    pub at: Span,
}

/// Whose words they are.
struct Owner<'a> {
    /// The verb or the setting.
    name: &'a str,
    /// Whether it has words with values; otherwise a duration stands behind it by itself.
    takes_values: bool,
    telling: Option<&'a Telling<'a>>,
}

/// What the words of a verb came to.
#[derive(Default)]
pub(super) struct Matched {
    pub arguments: Vec<Argument>,
    /// A duration without `for`, as a verb without values takes it.
    pub duration: Option<Expr>,
    /// Whether anything was wrong that has been said, so that nothing is said to be missing.
    pub wrong: bool,
}

impl Checker<'_> {
    /// The parameters of a verb.
    pub fn verb_arguments(&mut self, telling: &Telling<'_>, mut words: Words<'_>) -> Matched {
        let (verb, parameters) = (telling.verb, telling.verb.parameters);
        let takes_values = parameters.iter().any(|parameter| parameter.form != Form::Flag);
        let owner = Owner { name: verb.name, takes_values, telling: Some(telling) };
        let mut matched = Matched::default();
        while let Some(word) = words.next() {
            match word {
                Word::Plain(name) => self.plain_word(&owner, parameters, name, &mut words, &mut matched),
                Word::Json { keyword, value } => match find(parameters, &keyword.text, &matched.arguments) {
                    Some(parameter) => {
                        let values = self.accept_all(
                            parameter,
                            &mut Words::new([], value.span),
                            Some(value),
                            &mut matched.wrong,
                        );
                        self.push(parameter, values, keyword.span.to(value.span), &mut matched);
                    }
                    None => self.unknown_word(verb.name, parameters, keyword, Some(value), &mut matched),
                },
                Word::Value(value)
                    if self.stands_before_its_word(parameters, value, &mut words, &matched)
                        || self.stands_in_the_others_place(parameters, value, &mut words, &matched) =>
                {
                    matched.wrong = true;
                }
                Word::Value(value) => {
                    self.bare_value(verb.name, parameters, value, &mut matched, takes_values);
                    // What stands behind a value that is wrong belongs to it.
                    if matched.wrong && matches!(words.peek(), Some(Word::Plain(_))) {
                        words.skip_unknown(parameters, &matched.arguments);
                    }
                }
                Word::Comma(span) => {
                    let another = match words.list.get(words.at) {
                        Some(Word::Plain(name)) => {
                            self.begins_another(name, words.list.get(words.at + 1).copied())
                        }
                        _ => false,
                    };
                    self.report(match another {
                        true => mistake::words::comma_between_statements(*span),
                        false => mistake::words::stray_comma(*span),
                    });
                    matched.wrong = true;
                    if another {
                        return matched;
                    }
                }
            }
        }
        matched
    }

    fn plain_word(
        &mut self,
        owner: &Owner<'_>,
        parameters: &'static [Parameter],
        name: &Name,
        words: &mut Words<'_>,
        matched: &mut Matched,
    ) {
        if let Some(parameter) = find(parameters, &name.text, &matched.arguments) {
            let values = self.accept_all(parameter, words, None, &mut matched.wrong);
            let end = values.last().map_or(name.span, |(_, span)| *span);
            return self.push(parameter, values, name.span.to(end), matched);
        }
        let open = next_positional(parameters, &matched.arguments);
        let takes_word = open.is_some_and(|parameter| {
            matches!(parameter.values.first(), Some(Accepts::Name | Accepts::Word(_) | Accepts::Target(_)))
        });
        if let Some(parameter) = open.filter(|_| takes_word || self.is_value_name(&name.text)) {
            let value = self.accept_name(parameter, 0, name, &mut matched.wrong);
            return self.push(parameter, vec![(value, name.span)], name.span, matched);
        }
        if self.is_value_name(&name.text) && !owner.takes_values && matched.duration.is_none() {
            matched.duration = Some(self.value(&name_expr(name)));
            return;
        }
        if name.text == "as" && owner.telling.is_some_and(|telling| telling.verb.nature == Nature::Request) {
            let step = words.next().map(Word::span);
            let written = step.map(|step| self.sources.text(step).trim_matches(['"', '\'']).to_string());
            let in_action = self.iteration.as_ref().is_some_and(|here| here.action.is_some());
            self.report(mistake::words::name_of_step(name.span, step, written.as_deref(), in_action));
            matched.wrong = true;
            return;
        }
        let prose = matches!(
            name.text.as_str(),
            "and" | "after" | "during" | "to" | "of" | "with" | "by" | "at" | "as"
        );
        if let Some(telling) = owner.telling
            && let Some(found) = self.told_when(telling, name, words)
        {
            self.report(found);
            matched.wrong = true;
            return;
        }
        if let Some(next) = words.peek().filter(|_| prose) {
            let removed = Span::new(name.span.start, next.span().start);
            self.report(mistake::words::word_too_many(name.span, owner.name, &name.text, removed));
            matched.wrong = true;
            return;
        }
        let prefixed = matches!(name.text.as_str(), "f" | "r" | "b" | "u")
            && words.peek().is_some_and(|next| {
                next.span().start == name.span.end && self.sources.text(next.span()).starts_with(['"', '\''])
            });
        if prefixed {
            self.report(mistake::words::letter_before_text(name.span, &name.text));
            matched.wrong = true;
            words.next();
            return;
        }
        let elsewhere = owner.telling.and_then(|telling| self.meant_elsewhere(telling, name, open, words));
        if let Some(found) = elsewhere {
            self.report(found);
            matched.wrong = true;
            while let Some(word) = words.next() {
                self.look_over_word(word);
            }
            return;
        }
        self.unknown_word(owner.name, parameters, name, None, matched);
        // What stands behind a wrong word belongs to it.
        while let Some(Word::Value(value)) = words.peek() {
            self.look_over(value);
            words.next();
        }
    }

    fn unknown_word(
        &mut self,
        owner: &str,
        parameters: &'static [Parameter],
        name: &Name,
        value: Option<&ast::Expr>,
        matched: &mut Matched,
    ) {
        let words: Vec<&str> = parameters
            .iter()
            .flat_map(Parameter::with_more)
            .filter(|parameter| parameter.form != Form::Positional)
            .map(|parameter| parameter.name)
            .collect();
        let meant = meant(&name.text, &words);
        let meant =
            meant.or_else(|| if words.is_empty() { self.nearest_name(&name.text, "name") } else { None });
        let meant = meant.map(str::to_string);
        let share = next_positional(parameters, &matched.arguments)
            .is_some_and(|parameter| matches!(parameter.values.first(), Some(Accepts::Share)));
        self.report(
            match share && matches!(name.text.as_str(), "all" | "everything" | "everyone" | "full") {
                true => mistake::words::share_in_words(name.span, owner, &name.text),
                false => mistake::words::unknown_word(name.span, owner, &name.text, meant.as_deref(), &words),
            },
        );
        if let Some(value) = value {
            self.look_over(value);
        }
        matched.wrong = true;
    }

    fn bare_value(
        &mut self,
        owner: &str,
        parameters: &'static [Parameter],
        value: &ast::Expr,
        matched: &mut Matched,
        takes_values: bool,
    ) {
        if let Some(parameter) = next_positional(parameters, &matched.arguments) {
            if let Some(found) = self.word_missing(owner, parameters, parameter, value) {
                self.report(found);
                matched.wrong = true;
                return;
            }
            let values =
                self.accept_all(parameter, &mut Words::new([], value.span), Some(value), &mut matched.wrong);
            return self.push(parameter, values, value.span, matched);
        }
        if !takes_values && matched.duration.is_none() {
            matched.duration = Some(self.value(value));
            return;
        }
        matched.wrong = true;
        let expr = self.value(value);
        if let Some(whole) = self.duration_with(value) {
            self.report(crate::syntax::spaced_duration(whole, self.sources.text(whole)));
            return;
        }
        let duration = matches!(
            expr.ty,
            Type::Quantity { dimension: Dimension::TIME, .. } | Type::Range(Dimension::TIME)
        );
        let text = self.sources.text(value.span).to_string();
        if duration && takes_values {
            // `latency 200ms 20ms`, as others have it.
            let lasts = self.sources.behind(value.span).trim_start_matches(' ').starts_with("for ");
            let jitter =
                lasts && matched.arguments.last().is_some_and(|last| last.parameter.name == "latency");
            let given = |name: &str| matched.arguments.iter().any(|given| given.parameter.name == name);
            let mut open = if lasts { keywords_for(parameters, &expr.ty) } else { Vec::new() };
            // How far a latency strays is said behind one.
            open.retain(|name| !given(name) && *name != "jitter");
            self.report(match (jitter, open.as_slice()) {
                (true, _) => mistake::arguments::jitter_needs_its_word(value.span, &text),
                (_, []) => mistake::arguments::duration_needs_for(value.span, owner, &text),
                (_, words) => mistake::arguments::unexpected_value(value.span, owner, &text, words),
            });
        } else if expr.ty != Type::Unknown {
            let words = keywords_for(parameters, &expr.ty);
            let found = mistake::arguments::unexpected_value(value.span, owner, &text, &words);
            self.report(match words.is_empty() {
                true => mistake::arguments::takes_instead(found, parameters),
                false => found,
            });
        }
    }

    /// The place of `1m 30s`, of which a value is the second part.
    fn duration_with(&self, value: &ast::Expr) -> Option<Span> {
        let before = self.sources.before(value.span);
        let trimmed = before.trim_end_matches(' ');
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '.';
        let first = &trimmed[trimmed.trim_end_matches(is_part).len()..];
        // `latency 1s 500ms` is a jitter without its word.
        let parts = [first, self.sources.text(value.span)];
        let whole = parts.concat();
        let time =
            |text: &str| crate::lang::unit::parse(text).is_ok_and(|read| read.dimension == Dimension::TIME);
        let coarse = !parts[1].ends_with("ms") && !parts[1].ends_with("us");
        let spaced =
            trimmed.len() < before.len() && coarse && parts.iter().all(|part| time(part)) && time(&whole);
        let start = value.span.start - (before.len() - trimmed.len() + first.len()) as u32;
        spaced.then(|| Span::new(start, value.span.end))
    }

    /// `receive 64B`: a quantity where a text stands, which only the parameter of one word takes.
    fn word_missing(
        &mut self,
        owner: &str,
        parameters: &'static [Parameter],
        positional: &'static Parameter,
        value: &ast::Expr,
    ) -> Option<crate::diag::Diagnostic> {
        let text = matches!(positional.values.first(), Some(Accepts::Text | Accepts::Regex));
        if !text || !matches!(value.kind, ast::ExprKind::Quantity(_)) {
            return None;
        }
        let expr = self.value(value);
        let [word] = keywords_for(parameters, &expr.ty)[..] else { return None };
        let text = self.sources.text(value.span);
        Some(mistake::arguments::unexpected_value(value.span, owner, text, &[word]))
    }

    /// What must stand behind a parameter: what it requires, and one thing at least where it has no value itself.
    fn check_more(&mut self, parameter: &'static Parameter, behind: &[Argument], span: Span) {
        let has = |name: &str| behind.iter().any(|argument| argument.parameter.name == name);
        let missing = parameter.more.iter().find(|more| more.required && !has(more.name));
        let bare = parameter.values.is_empty()
            && parameter.form == Form::Keyword
            && !parameter.more.is_empty()
            && !parameter.more.iter().any(|more| has(more.name));
        if missing.is_some() || bare {
            let names: Vec<&str> = parameter.more.iter().map(|more| more.name).collect();
            self.report(mistake::arguments::needs_more(span, parameter, &names));
        }
    }

    /// The values behind a parameter's word; `first` where one is there already.
    fn accept_all(
        &mut self,
        parameter: &'static Parameter,
        words: &mut Words<'_>,
        mut first: Option<&ast::Expr>,
        wrong: &mut bool,
    ) -> Vec<(Argued, Span)> {
        let mut values = Vec::new();
        for (index, accepts) in parameter.values.iter().enumerate() {
            if index > 0 {
                words.skip_comma();
                let before = values.last().map_or(words.end, |(_, span): &(Argued, Span)| *span);
                if let Some(and) = words.skip_and() {
                    self.report(mistake::words::and_for_comma(and, before));
                    *wrong = true;
                }
            }
            if let Some(value) = first.take() {
                values.push((self.accept_word(parameter, accepts, value, wrong), value.span));
                continue;
            }
            match words.peek() {
                Some(Word::Value(value)) => {
                    words.next();
                    values.push((self.accept_word(parameter, accepts, value, wrong), value.span));
                }
                Some(Word::Plain(name))
                    if matches!(accepts, Accepts::Probe)
                        && let Some(Word::Value(value)) = words.list.get(words.at + 1) =>
                {
                    words.next();
                    words.next();
                    let span = name.span.to(value.span);
                    let text = self.sources.text(value.span);
                    let better = match (meant(&name.text, &["http", "tcp", "line", "file", "succeeds"]), text)
                    {
                        (Some("tcp"), port) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
                            format!("tcp(\"127.0.0.1:{port}\")")
                        }
                        (Some(probe), text) => format!("{probe}({text})"),
                        (None, text) => format!("{}({text})", name.text),
                    };
                    self.report(mistake::words::probe_without_word(span, &better));
                    *wrong = true;
                    values.push((unknown_argument(span), span));
                }
                Some(Word::Plain(name))
                    if matches!(accepts, Accepts::Command)
                        && (!self.is_value_name(&name.text) || words.list.len() > words.at + 1) =>
                {
                    let whole = words.last().map_or(name.span, |last| name.span.to(last.span()));
                    while words.next().is_some() {}
                    let written = self.sources.text(whole);
                    self.report(mistake::embedded::command_without_quotes(whole, written));
                    *wrong = true;
                    values.push((unknown_argument(whole), whole));
                }
                Some(Word::Plain(name)) => {
                    words.next();
                    values.push((self.accept_name(parameter, index, name, wrong), name.span));
                }
                _ => {
                    let place = values.last().map_or(words.end, |(_, span): &(Argued, Span)| *span);
                    let found = match values.is_empty() {
                        true => mistake::arguments::missing_value(place, parameter, accepts),
                        false => {
                            let written = self.sources.text(place);
                            mistake::arguments::missing_second_value(place, parameter, accepts, written)
                        }
                    };
                    self.report(found);
                    *wrong = true;
                    break;
                }
            }
        }
        values
    }

    fn accept_word(
        &mut self,
        parameter: &'static Parameter,
        accepts: &'static Accepts,
        value: &ast::Expr,
        wrong: &mut bool,
    ) -> Argued {
        let accepted = match accepts {
            Accepts::Probe => self.accept_probe(value),
            Accepts::Target(_) | Accepts::Word(_) => {
                let text = self.sources.text(value.span).to_string();
                self.report(mistake::words::wants_word(value.span, parameter, accepts, &text, None));
                None
            }
            Accepts::Name if parameter.name == "signal" => {
                let text = self.sources.text(value.span).trim_matches(['"', '\'']).to_string();
                let name = Name { text, span: value.span };
                self.known_signal(&name).then_some(Argued::Word(name.text))
            }
            // A name may be written as a text too, such as one with a dash in it.
            Accepts::Name => self.accept_value(&Accepts::Text, value, parameter.name).map(Argued::Value),
            _ => self.accept_value(accepts, value, parameter.name).map(Argued::Value),
        };
        accepted.unwrap_or_else(|| {
            *wrong = true;
            unknown_argument(value.span)
        })
    }

    fn accept_name(
        &mut self,
        parameter: &'static Parameter,
        index: usize,
        name: &Name,
        wrong: &mut bool,
    ) -> Argued {
        let accepts = &parameter.values[index];
        let accepted = match accepts {
            Accepts::Name if parameter.name == "signal" && !self.known_signal(name) => None,
            Accepts::Name => Some(Argued::Word(name.text.clone())),
            Accepts::Word(list) if list.contains(&name.text.as_str()) => {
                Some(Argued::Word(name.text.clone()))
            }
            Accepts::Word(list) => {
                let meant = nearest(&name.text, list.iter().copied());
                self.report(mistake::words::wants_word(name.span, parameter, accepts, &name.text, meant));
                None
            }
            Accepts::Target(kinds) => self.accept_target(name, kinds),
            _ => {
                return self.accept_word(parameter, accepts, &name_expr(name), wrong);
            }
        };
        accepted.unwrap_or_else(|| {
            *wrong = true;
            unknown_argument(name.span)
        })
    }

    fn push(
        &mut self,
        parameter: &'static Parameter,
        values: Vec<(Argued, Span)>,
        span: Span,
        matched: &mut Matched,
    ) {
        let earlier = matched.arguments.iter().find(|argument| argument.parameter.name == parameter.name);
        if let Some(earlier) = earlier.filter(|_| !parameter.repeated) {
            self.report(mistake::arguments::given_twice(span, parameter.name, Some(earlier.span)));
        }
        let values = values.into_iter().map(|(value, _)| value).collect();
        matched.arguments.push(Argument { parameter, values, span });
    }
}

/// A plain word as the expression that it is where a value is wanted.
fn name_expr(name: &Name) -> ast::Expr {
    ast::Expr { kind: ast::ExprKind::Name(name.text.clone()), span: name.span }
}

/// The parameter that a word introduces, among those of the verb and what may follow what was given.
fn find(parameters: &'static [Parameter], word: &str, given: &[Argument]) -> Option<&'static Parameter> {
    let own =
        parameters.iter().find(|parameter| parameter.form != Form::Positional && parameter.name == word);
    own.or_else(|| {
        let more = given.iter().flat_map(|argument| argument.parameter.more);
        more.into_iter().find(|parameter| parameter.name == word)
    })
}

/// The next parameter that is told by its place and not given yet.
fn next_positional(parameters: &'static [Parameter], given: &[Argument]) -> Option<&'static Parameter> {
    parameters.iter().filter(|parameter| parameter.form == Form::Positional).find(|parameter| {
        parameter.repeated || !given.iter().any(|argument| argument.parameter.name == parameter.name)
    })
}

/// The words behind which a value of that type can stand.
fn keywords_for(parameters: &[Parameter], ty: &Type) -> Vec<&'static str> {
    let keywords = parameters.iter().filter(|one| one.form == Form::Keyword && takes(one, ty));
    keywords.map(|one| one.name).collect()
}

/// Whether a keyword could take a value of this type, for the help.
fn takes(parameter: &Parameter, ty: &Type) -> bool {
    let [accepts] = parameter.values else { return false };
    match (accepts, ty) {
        (Accepts::Quantity(wanted), Type::Quantity { dimension, .. } | Type::Range(dimension)) => {
            wanted == dimension
        }
        (Accepts::Share | Accepts::Half, Type::Quantity { percent, .. }) => *percent,
        (Accepts::Count, Type::Quantity { dimension, percent }) => *dimension == Dimension::NONE && !percent,
        (Accepts::Text, Type::Text) => true,
        _ => false,
    }
}
