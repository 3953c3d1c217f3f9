//! The second look at a statement that the grammar could not read: what was probably meant.
//!
//! The looks are tried from the most telling to the least; the last says only what is not expected where.

mod blocks;
mod forms;
mod habits;
mod members;
mod notations;
mod rewrites;
mod stray;
mod targets;
mod told;

pub use habits::long_unit;
pub(super) use members::{
    as_object, as_share, choice_without_colon, dataset_in_a_line, is_body_word, is_map_word, is_query_word,
    map_of, query_of_request, weight_behind,
};
pub(super) use stray::remove as remove_stray_marks;
pub use targets::is_any_sort;
pub use told::spaced_duration;
pub(super) use told::{
    chained, foreign, literal, misspelt, no_value, object_as_value, reserved, scenario_with_block,
    spaced_unit, time_of_day, two_statements,
};

use super::grammar::{Grammar, Rule};
use super::tokens::{Kind, Token, tokens};
use super::vocabulary;
use crate::diag::Diagnostic;
use crate::lang::unit;
use crate::source::Span;
use blocks::{block_missing, colon_before_block};
use forms::{
    angle_of_until, declared_name, missing_colon, missing_in, missing_quotes, missing_users,
    param_without_default, phase_for, table_row, typed_parameter,
};
use habits::{
    comparison, counted_loop, duration_in_parts, limit_of_waiting, load_word, percentile,
    percentile_with_dot, rate_in_words, two_conditions, users_by_another_name, window,
};
use notations::{
    comment_mark, containment, counted_range, marked_step, query_without_quotes, quotes_in_text,
    ramp_of_several, range_selector, shell_loop, spawn_rate, stages,
};
use pest::Parser;
use std::ops::Range;
use targets::{permit_by_setting, target_in_a_line};

/// What is known of a statement that could not be read.
struct Scene<'a> {
    text: &'a str,
    base: u32,
    rule: Rule,
    head: Range<usize>,
    /// How far the grammar came.
    failed_at: usize,
    tokens: Vec<Token<'a>>,
}

/// Says what is wrong with `text[head]`, which `rule` could not read beyond `failed_at`.
pub(super) fn explain(text: &str, base: u32, rule: Rule, head: Range<usize>, failed_at: usize) -> Diagnostic {
    let tokens = tokens(text, head.clone());
    let scene = Scene { text, base, rule, head, failed_at, tokens };
    const LOOKS: &[fn(&Scene<'_>) -> Option<Diagnostic>] = &[
        comment_mark,
        foreign_operators,
        duration_in_parts,
        comparison,
        percentile_with_dot,
        target_in_a_line,
        permit_by_setting,
        marked_step,
        shell_loop,
        typed_parameter,
        query_without_quotes,
        ramp_of_several,
        spawn_rate,
        quotes_in_text,
        param_without_default,
        rewrites::whole,
        containment,
        name_before_kind,
        single_equals,
        bare_path,
        rate_in_words,
        spaced_number,
        load_word,
        users_by_another_name,
        counted_loop,
        percentile,
        range_selector,
        window,
        limit_of_waiting,
        two_conditions,
        stages,
        counted_range,
        colon_before_block,
        block_missing,
        missing_in,
        angle_of_until,
        declared_name,
        missing_quotes,
        missing_colon,
        phase_for,
        missing_users,
        time_outside_curve,
        interpolation,
        word_as_value,
        bare_condition,
        several_statements,
        operator_in_value,
        table_row,
        rewrites::partly,
    ];
    LOOKS.iter().find_map(|look| look(&scene)).unwrap_or_else(|| unexpected(&scene))
}

impl<'a> Scene<'a> {
    fn span(&self, range: &Range<usize>) -> Span {
        Span::new(self.base + range.start as u32, self.base + range.end as u32)
    }

    fn point(&self, at: usize) -> Span {
        Span::at(self.base + at as u32)
    }

    fn word(&self, index: usize) -> &'a str {
        self.tokens.get(index).map_or("", |token| token.text)
    }

    /// The index of the token at which the grammar stopped, or before which it did.
    fn failed_token(&self) -> Option<usize> {
        self.tokens.iter().position(|token| token.range.end > self.failed_at)
    }

    fn reads(&self, rule: Rule, range: Range<usize>) -> bool {
        Grammar::parse(rule, self.text[range].trim_end()).is_ok()
    }
}

fn foreign_operators(scene: &Scene<'_>) -> Option<Diagnostic> {
    let table = matches!(scene.rule, Rule::row | Rule::header);
    scene.tokens.iter().enumerate().find_map(|(index, token)| {
        let meant = match token.text {
            "&&" => "and",
            "||" if !table => "or",
            "!" if token.kind == Kind::Mark => "not",
            _ => return None,
        };
        let next_touches =
            scene.tokens.get(index + 1).is_some_and(|next| next.range.start == token.range.end);
        let before_touches = index > 0 && scene.tokens[index - 1].range.end == token.range.start;
        let replacement = format!(
            "{}{meant}{}",
            if before_touches && meant != "not" { " " } else { "" },
            if next_touches { " " } else { "" }
        );
        let span = scene.span(&token.range);
        let message = format!("soak writes `{meant}`, not `{}`", token.text);
        Some(Diagnostic::error("E0114", message, span).here(format!("write `{meant}`")).fix(
            span,
            replacement,
            true,
        ))
    })
}

fn single_equals(scene: &Scene<'_>) -> Option<Diagnostic> {
    if !matches!(
        scene.rule,
        Rule::expect | Rule::check | Rule::wait | Rule::repeat | Rule::metric | Rule::row
    ) {
        return None;
    }
    let mut signs = scene.tokens.iter().filter(|token| token.text == "=" && token.depth == 0);
    // The first of a metric belongs to it.
    let sign = if scene.rule == Rule::metric { signs.nth(1) } else { signs.next() }?;
    let span = scene.span(&sign.range);
    let found = Diagnostic::error("E0113", "a comparison is written `==`", span);
    Some(found.here("`=` only gives a name its value").help("write `==`").fix(span, "==", true))
}

fn spaced_number(scene: &Scene<'_>) -> Option<Diagnostic> {
    let index = scene.failed_token()?;
    let around = index.saturating_sub(1)..=(index + 1).min(scene.tokens.len().saturating_sub(1));
    around.filter(|index| *index > 0).find_map(|index| {
        let (number, word) = (&scene.tokens[index - 1], &scene.tokens[index]);
        let bare =
            number.kind == Kind::Number && number.text.bytes().all(|b| !b.is_ascii_alphabetic() && b != b'%');
        let is_unit = word.text == "%"
            || word.kind == Kind::Word
                && (unit::unit_names().any(|u| u == word.text) || long_unit(word.text).is_some());
        (bare && is_unit).then(|| {
            let places = (scene.span(&number.range), scene.span(&word.range));
            spaced_unit(places, number.text, word.text)
        })
    })
}

fn time_outside_curve(scene: &Scene<'_>) -> Option<Diagnostic> {
    if scene.rule == Rule::row {
        return None;
    }
    let is_number = |token: &Token<'_>| token.kind == Kind::Number && token.text.len() <= 2;
    let time = scene.tokens.windows(3).find(|three| {
        is_number(&three[0])
            && three[1].text == ":"
            && is_number(&three[2])
            && three[0].range.end == three[1].range.start
            && three[1].range.end == three[2].range.start
    })?;
    let range = time[0].range.start..time[2].range.end;
    let number = |token: &Token<'_>| token.text.parse::<u32>().unwrap_or(0);
    Some(time_of_day(number(&time[0]) * 3_600 + number(&time[2]) * 60, scene.span(&range)))
}

fn interpolation(scene: &Scene<'_>) -> Option<Diagnostic> {
    let token = scene.tokens.get(scene.failed_token()?)?;
    if token.kind != Kind::Text || !token.text.starts_with('"') || scene.failed_at <= token.range.start {
        return None;
    }
    let before = &scene.text[token.range.start..scene.failed_at.min(token.range.end)];
    let open = token.range.start + before.rfind('{').unwrap_or(0);
    let length = scene.text[open..token.range.end].find('}').map_or(1, |index| index + 1);
    let span = scene.span(&(open..open + length));
    let found = Diagnostic::error("E0133", "what this text interpolates cannot be read", span);
    let found = found.here("`{ }` in a text holds an expression");
    let index = scene.failed_token()?;
    if matches!(scene.word(index.wrapping_sub(1)), "json" | "form") && token.text.starts_with("\"{") {
        // JSON as a text, its quotes escaped.
        let inside = token.text.trim_matches('"').replace("\\\"", "\"");
        let found = found.help(format!("an object stands as it is: write `{inside}`"));
        return Some(found.fix(scene.span(&token.range), inside, false));
    }
    let text = &scene.text[..token.range.end];
    let outer = if text[..open].ends_with('{') { open - 1 } else { open };
    if let Some((inside, _)) = text[outer..].strip_prefix("{{").and_then(|rest| rest.split_once("}}")) {
        let name = inside.trim();
        // `${{ secrets.token }}`, as pipelines have it.
        let own = ["secrets.", "env.", "vars."].iter().find_map(|prefix| name.strip_prefix(prefix));
        let better = format!("{{{}}}", own.unwrap_or(name));
        let dollar = usize::from(own.is_some() && text[..outer].ends_with('$'));
        let range = outer - dollar..outer + inside.len() + 4;
        let found = found.help(format!("one brace is enough: write `{better}`"));
        return Some(found.fix(scene.span(&range), better, false));
    }
    // `{seq:05d}`: a name, and how other languages have it written.
    let inner = &scene.text[open + 1..(open + length).saturating_sub(1).max(open + 1)];
    if let Some((name, format)) = inner.split_once(':')
        && !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'))
        && !format.starts_with([' ', '"'])
    {
        let better = format!("{{{name}}}");
        let found = found.help(format!("a value is put in as it is, without a format: write `{better}`"));
        return Some(found.fix(span, better, false));
    }
    let whole = token.text.trim_start_matches('"').trim_end_matches('"');
    let of_regex = ["\\d", "\\w", "\\s", "\\b", "\\."].iter().any(|escape| whole.contains(escape));
    if of_regex && !whole.contains(['\'', '"']) {
        let raw = format!("'{whole}'");
        let found =
            found.help(format!("an expression stands in a raw text, where nothing is put in: write `{raw}`"));
        return Some(found.fix(scene.span(&token.range), raw, false));
    }
    Some(found.help("write `\\{` for a brace, or a raw text '…'").fix(
        scene.span(&(open..open + 1)),
        "\\{",
        false,
    ))
}

/// A word of the language was taken for a value, and what follows it makes no sense any more.
fn word_as_value(scene: &Scene<'_>) -> Option<Diagnostic> {
    let index = scene.failed_token().unwrap_or(scene.tokens.len()).checked_sub(1)?;
    let (token, before) = (&scene.tokens[index], scene.tokens.get(index.checked_sub(1)?)?);
    let operator = before.kind == Kind::Mark && !matches!(before.text, ")" | "]" | "}");
    let taken = token.kind == Kind::Word && vocabulary::is_no_value(token.text);
    (taken && (operator || matches!(before.text, "and" | "or" | "not" | "in")))
        .then(|| no_value(token.text, scene.span(&token.range)))
}

fn several_statements(scene: &Scene<'_>) -> Option<Diagnostic> {
    let token = scene.tokens.get(scene.failed_token()?)?;
    let word = token.kind == Kind::Word && token.depth == 0 && token.range.start > scene.head.start;
    let begins = vocabulary::begins_statement(token.text)
        || !vocabulary::is_reserved(token.text)
            && token.range.end < scene.head.end
            && scene.reads(Rule::words, token.range.start..scene.head.end);
    let first_is_whole = || scene.reads(scene.rule, scene.head.start..token.range.start);
    (word && begins && first_is_whole()).then(|| two_statements(scene.span(&token.range)))
}

/// `app.up within 30s`: a condition without the word before it.
fn bare_condition(scene: &Scene<'_>) -> Option<Diagnostic> {
    let written = scene.text[scene.head.clone()].trim_end();
    let reading = scene.rule == Rule::words && scene.tokens.len() > 3 && scene.word(1) == ".";
    if !reading || Grammar::parse(Rule::expect, &format!("expect {written}")).is_err() {
        return None;
    }
    let found = Diagnostic::error("E0101", "a condition is judged by `expect`", scene.span(&scene.head));
    let found = found.here("judged by nothing").help(format!("write `expect {written}`"));
    Some(found.fix(scene.point(scene.head.start), "expect ", false))
}

fn operator_in_value(scene: &Scene<'_>) -> Option<Diagnostic> {
    let index = scene.failed_token()?;
    let token = &scene.tokens[index];
    let operator = matches!(token.text, "+" | "-" | "*" | "/");
    let left = index.checked_sub(1).and_then(|index| scene.tokens.get(index))?;
    if scene.rule != Rule::words || !operator {
        return None;
    }
    let right = scene.tokens.get(index + 1).map_or(token.range.end, |right| right.range.end);
    let range = left.range.start..right;
    let found =
        Diagnostic::error("E0124", "a value that is computed stands in parentheses", scene.span(&range));
    let better = format!("({})", &scene.text[range.clone()]);
    Some(found.here("several things to a verb").help(format!("write `{better}`")).fix(
        scene.span(&range),
        better,
        false,
    ))
}

/// Whether `name =` begins a declaration in the form of other notations.
pub(in crate::syntax) fn is_assignment(name: &Token<'_>, mark: &Token<'_>) -> bool {
    name.kind == Kind::Word && matches!(mark.text, "=" | ":" | ":=")
}

/// `shop = process { … }`: a declaration whose name stands before its kind.
fn name_before_kind(scene: &Scene<'_>) -> Option<Diagnostic> {
    let [name, mark, kind] = &scene.tokens[..] else { return None };
    if scene.rule != Rule::words || !is_assignment(name, mark) || kind.kind != Kind::Word {
        return None;
    }
    let better = format!("{} {}", kind.text, name.text);
    let span = scene.span(&scene.head);
    let found =
        Diagnostic::error("E0125", "a declaration begins with its kind, and has no mark behind it", span);
    let found = found.here("the other way round").help(format!("write `{better} {{ … }}`"));
    Some(found.fix(span, better, false))
}

/// `lines(/var/log/shop.log)`: a path without quotes.
fn bare_path(scene: &Scene<'_>) -> Option<Diagnostic> {
    let failed = scene.failed_token()?;
    let slash = &scene.tokens[failed];
    let begins = |token: &Token<'_>| matches!(token.text, "/" | "./" | "~" | "." | "..");
    let before = &scene.tokens[failed.checked_sub(1)?];
    if !begins(slash) || !(matches!(before.text, "(" | ",") || before.kind == Kind::Word) {
        return None;
    }
    let rest = &scene.text[slash.range.start..scene.head.end];
    let end = rest.find(|c: char| c.is_whitespace() || matches!(c, ')' | ',' | ';')).unwrap_or(rest.len());
    let path = &rest[..end];
    if !path.contains('/') || !path.contains(|c: char| c.is_ascii_alphanumeric()) {
        return None;
    }
    let span = scene.span(&(slash.range.start..slash.range.start + end));
    let better = format!("\"{path}\"");
    let found = Diagnostic::error("E0128", "a path is a text", span).here("a text stands in quotes");
    Some(found.help(format!("write `{better}`")).fix(span, better, false))
}

/// Nothing better is known: what is not expected where.
fn unexpected(scene: &Scene<'_>) -> Diagnostic {
    let first = scene.word(0);
    let failed = scene.failed_token().map(|index| &scene.tokens[index]);
    let found = match failed {
        Some(token)
            if token.text == "="
                && scene.tokens.iter().take_while(|t| t.range != token.range).count() == 1 =>
        {
            let found = Diagnostic::error(
                "E0125",
                format!("`{first}` is given a value where nothing is declared"),
                scene.span(&token.range),
            );
            return found.here("nothing changes its value").help(format!(
                "a value is given once, where its name is declared: `let {first} = …` at the top, `capture {first} = …` in an action; another value is another `let`, and one for each pass is `for each {first} in [1, 2] {{ … }}`"
            ));
        }
        Some(token) => {
            let message = format!("`{}` is not expected here", shorten(token.text));
            Diagnostic::error("E0101", message, scene.span(&token.range))
                .here("the statement makes no sense from here on")
        }
        None => {
            let last = scene.tokens.last().map_or("", |token| token.text);
            let message = format!("something is missing behind `{}`", shorten(last));
            Diagnostic::error("E0125", message, scene.point(scene.head.end))
                .here("the statement ends too early")
        }
    };
    match vocabulary::form(first) {
        Some(form) if form.contains('{') && failed.is_some_and(|token| token.text == "[") => {
            found.help(format!("a block stands in braces: write `{form}`"))
        }
        Some(_) => found.help(form_help(first)),
        None if scene.rule == Rule::words => {
            found.help("a target is told things as `wifi off 2s` or `data fill 90% for 1m`")
        }
        None => found,
    }
}

fn form_help(word: &str) -> String {
    match vocabulary::form(word) {
        Some(form) => format!("write `{form}`"),
        None => "look up the form of this statement in the reference".into(),
    }
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(30) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into(),
    }
}
