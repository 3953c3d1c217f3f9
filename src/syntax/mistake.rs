//! The second look at a statement that the grammar could not read: what was probably meant.
//!
//! The looks are tried from the most telling to the least; the last says only what is not expected where.

use super::grammar::{Grammar, Rule};
use super::tokens::{Kind, Token, tokens};
use super::vocabulary;
use crate::diag::Diagnostic;
use crate::lang::unit::{self, LiteralError};
use crate::source::Span;
use pest::Parser;
use std::ops::Range;

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
        foreign_operators,
        single_equals,
        spaced_number,
        missing_in,
        angle_of_until,
        declared_name,
        missing_quotes,
        missing_colon,
        phase_for,
        missing_users,
        time_outside_curve,
        interpolation,
        several_statements,
        operator_in_value,
        table_row,
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
        let is_unit =
            word.text == "%" || word.kind == Kind::Word && unit::unit_names().any(|u| u == word.text);
        (bare && is_unit).then(|| spaced_unit(scene.span(&number.range), scene.span(&word.range), word.text))
    })
}

/// `5 s`
pub(super) fn spaced_unit(number: Span, unit: Span, name: &str) -> Diagnostic {
    let message = format!("the unit `{name}` stands apart from its number");
    let gap = Span::new(number.end, unit.start);
    let found = Diagnostic::error("E0105", message, number.to(unit)).here("a space too many");
    found.help("write number and unit together, as in `5s`").fix(gap, "", true)
}

fn missing_in(scene: &Scene<'_>) -> Option<Diagnostic> {
    if scene.rule != Rule::for_each {
        return None;
    }
    let each = scene.word(1) == "each";
    if !each {
        let at = scene.tokens[0].range.end;
        let found = Diagnostic::error("E0123", "a loop over values is `for each name in …`", scene.point(at));
        let found = found.here("`each` is missing here").help("write `for each name in [1, 2] { … }`");
        return Some(if scene.tokens.len() > 2 { found.fix(scene.point(at), " each", false) } else { found });
    }
    let name = scene.tokens.get(2).filter(|token| token.kind == Kind::Word && token.text != "in")?;
    if scene.word(3) == "in" {
        return None;
    }
    let stray = scene.tokens.get(3).filter(|token| matches!(token.text, "=" | ":") || token.text == "of");
    let place = stray.map_or(scene.point(name.range.end), |token| scene.span(&token.range));
    let found = Diagnostic::error("E0123", "`for each` needs `in` before what it goes over", place);
    let replacement = if stray.is_some() { "in" } else { " in" };
    let found = found.here("`in` is missing here").help("write `for each name in [1, 2] { … }`");
    Some(found.fix(place, replacement, true))
}

fn angle_of_until(scene: &Scene<'_>) -> Option<Diagnostic> {
    if scene.rule != Rule::repeat || scene.word(1) != "until" {
        return None;
    }
    let open = scene.tokens.iter().rev().find(|token| token.text == "<")?;
    let behind = scene.text[open.range.end..scene.head.end].trim_start();
    let statement = tokens(scene.text, open.range.end..scene.head.end).len() > 2 || behind.ends_with('>');
    statement.then(|| {
        let span = scene.span(&open.range);
        let found = Diagnostic::error("E0119", "`repeat until` has its block in `{ }`", span);
        let found = found.here("after a condition this is a comparison");
        found.help("write `repeat until condition max 10m { … }`").fix(span, "{", false)
    })
}

/// A name that cannot be one, right behind the word that declares it.
fn declared_name(scene: &Scene<'_>) -> Option<Diagnostic> {
    let position = match scene.rule {
        Rule::param
        | Rule::constant
        | Rule::secret
        | Rule::metric
        | Rule::ledger
        | Rule::action
        | Rule::mix
        | Rule::curve
        | Rule::dataset
        | Rule::sequence
        | Rule::capture => 1,
        _ => return None,
    };
    let Some(token) = scene.tokens.get(position) else {
        let found = Diagnostic::error("E0127", "a name is missing", scene.point(scene.head.end));
        return Some(found.here("here").help(form_help(scene.word(0))));
    };
    let span = scene.span(&token.range);
    match token.kind {
        Kind::Word => {
            let mut end = token.range.end;
            let mut rest = scene.tokens[position + 1..].iter();
            while let Some(dash) = rest.next().filter(|dash| dash.text == "-" && dash.range.start == end) {
                let tail = rest.next().filter(|tail| tail.range.start == dash.range.end);
                end = tail.map_or(dash.range.end, |tail| tail.range.end);
            }
            if end > token.range.end {
                let whole = token.range.start..end;
                let better = scene.text[whole.clone()].replace('-', "_");
                let found = Diagnostic::error("E0127", "a name has no `-` in it", scene.span(&whole));
                let found = found.here("this would be a difference").help(format!("write `{better}`"));
                return Some(found.fix(scene.span(&whole), better, false));
            }
            let next = scene.tokens.get(position + 1);
            let assigns = matches!(scene.rule, Rule::param | Rule::constant | Rule::metric | Rule::capture);
            if vocabulary::is_reserved(token.text) && next.is_none_or(|next| next.text == "=") {
                return Some(reserved(token.text, span));
            }
            if assigns && next.is_none_or(|next| next.text != "=") {
                let at = scene.point(token.range.end);
                let found = Diagnostic::error("E0125", format!("`{}` is given no value", token.text), at);
                let help = format!("write `{} {} = value`", scene.word(0), token.text);
                return Some(found.here("a `=` and a value are missing here").help(help));
            }
            None
        }
        Kind::Number | Kind::Text => {
            let found = Diagnostic::error("E0127", "this is no name", span);
            let help = "a name begins with a letter and goes on with letters, digits and `_`";
            Some(found.here("a name stands here").help(help))
        }
        Kind::Mark => {
            let found = Diagnostic::error("E0127", "a name is missing", span);
            Some(found.here("before this").help(form_help(scene.word(0))))
        }
    }
}

/// A reserved word that is declared as a name.
pub(super) fn reserved(word: &str, span: Span) -> Diagnostic {
    let message = format!("`{word}` is a word of the language and cannot be declared");
    Diagnostic::error("E0116", message, span).here("choose another name").help(format!("such as `my_{word}`"))
}

fn missing_quotes(scene: &Scene<'_>) -> Option<Diagnostic> {
    let position = match scene.rule {
        Rule::scenario | Rule::include | Rule::phase | Rule::note | Rule::run => 1,
        Rule::secret if scene.word(2) == "from" && scene.word(3) == "env" => 4,
        Rule::permit if scene.word(2) == "to" => 3,
        _ => return None,
    };
    let Some(token) = scene.tokens.get(position) else {
        let found = Diagnostic::error("E0128", "a text is missing", scene.point(scene.head.end));
        return Some(found.here("here").help(form_help(scene.word(0))));
    };
    if token.kind == Kind::Text {
        return None;
    }
    // A phase may have its duration behind the name; elsewhere all that follows is the text.
    let rest = &scene.tokens[position..];
    let words = rest.iter().take_while(|token| token.kind == Kind::Word || scene.rule != Rule::phase);
    let end = words.last().map_or(token.range.end, |last| last.range.end);
    let range = token.range.start..end;
    let found = Diagnostic::error("E0128", format!("`{}` takes a text", scene.word(0)), scene.span(&range));
    let quoted = format!("\"{}\"", &scene.text[range.clone()]);
    Some(found.here("a text stands in quotes").help(format!("write `{quoted}`")).fix(
        scene.span(&range),
        quoted,
        false,
    ))
}

fn missing_colon(scene: &Scene<'_>) -> Option<Diagnostic> {
    let name = scene.tokens.get(1).filter(|token| token.kind == Kind::Text)?;
    let behind = scene.tokens.get(2)?;
    let operand = matches!(behind.kind, Kind::Word | Kind::Number) || matches!(behind.text, "(" | "[");
    let continues = matches!(behind.text, "in" | "and" | "or" | "over" | "not");
    (scene.rule == Rule::expect && operand && !continues).then(|| {
        let place = scene.point(name.range.end);
        let found = Diagnostic::error("E0129", "a `:` is missing behind the name of this expectation", place);
        found.here("here").help(form_help(scene.word(0))).fix(place, ":", true)
    })
}

fn phase_for(scene: &Scene<'_>) -> Option<Diagnostic> {
    let word = scene.tokens.get(2)?;
    (scene.rule == Rule::phase && word.text == "for").then(|| {
        let next = scene.tokens.get(3).map_or(word.range.end, |next| next.range.start);
        let found = Diagnostic::error(
            "E0101",
            "a phase has its duration right behind its name",
            scene.span(&word.range),
        );
        let found = found.here("no `for` here").help(form_help("phase"));
        found.fix(scene.span(&(word.range.start..next)), "", true)
    })
}

fn missing_users(scene: &Scene<'_>) -> Option<Diagnostic> {
    if scene.rule != Rule::load {
        return None;
    }
    let index = scene.failed_token().unwrap_or(scene.tokens.len());
    let before = &scene.tokens[..index];
    let clause = before.iter().rposition(|token| {
        matches!(token.text, "with" | "max" | "at" | "every" | "for" | "shaped" | "users" | "times")
    })?;
    if !matches!(before[clause].text, "with" | "max") || clause + 1 >= index {
        return None;
    }
    let end = before.last().map_or(scene.head.end, |last| last.range.end);
    let found = Diagnostic::error("E0101", "the number is one of `users`", scene.point(end));
    let found = found.here("`users` is missing here").help("write `with 100 users` or `max 500 users`");
    Some(found.fix(scene.point(end), " users", true))
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
    let found = Diagnostic::error("E0122", "a time of day stands only in a curve", scene.span(&range));
    Some(found.here("not here").help("write a duration, such as `6h`: time counts from the start"))
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
    Some(found.help("write `\\{` for a brace, or a raw text '…'").fix(
        scene.span(&(open..open + 1)),
        "\\{",
        false,
    ))
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

/// A statement begins where another has not ended.
pub(super) fn two_statements(word: Span) -> Diagnostic {
    let found = Diagnostic::error("E0110", "a second statement begins on this line", word);
    let found = found.here("a `;` or a new line must come before this");
    found.help("separate statements with `;` or write each on its own line").fix(
        Span::at(word.start),
        "; ",
        false,
    )
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

fn table_row(scene: &Scene<'_>) -> Option<Diagnostic> {
    if !matches!(scene.rule, Rule::row | Rule::header) {
        return None;
    }
    let span = scene.span(&scene.head);
    let help = "write `| name | rate |`, each row with its columns";
    if !scene.text[scene.head.clone()].ends_with('|') {
        let place = scene.point(scene.head.end);
        let found = Diagnostic::error("E0126", "a row of a table ends with `|`", place);
        return Some(found.here("a `|` is missing here").fix(place, " |", true));
    }
    let empty = scene.tokens.windows(2).find(|two| two[0].text == "|" && two[1].text == "|");
    let double = scene.tokens.iter().find(|token| token.text == "||");
    let place =
        empty.map(|two| two[0].range.start..two[1].range.end).or(double.map(|token| token.range.clone()));
    if let Some(place) = place {
        let found = Diagnostic::error("E0126", "a cell of this table is empty", scene.span(&place));
        return Some(found.here("nothing stands here").help(help));
    }
    (scene.rule == Rule::header).then(|| {
        let found = Diagnostic::error("E0126", "the first row of a table names its columns", span);
        found.here("each column has one word").help(help)
    })
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
                format!("`{first}` is given a value, but not declared"),
                scene.span(&token.range),
            );
            return found.here("nothing changes its value").help(format!("write `let {first} = …`"));
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

/// A word that another language would begin a statement with.
pub(super) fn foreign(word: &str, span: Span) -> Option<Diagnostic> {
    let (_, instead) = vocabulary::FOREIGN.iter().find(|(name, _)| *name == word)?;
    let found = Diagnostic::error("E0103", format!("soak has no `{word}`"), span);
    Some(found.here("no statement of this language").help(*instead))
}

/// A word that is nearly one of the language's.
pub(super) fn misspelt(word: &str, meant: &str, span: Span) -> Diagnostic {
    let found = Diagnostic::error("E0102", format!("there is no statement `{word}`"), span);
    found.here(format!("did you mean `{meant}`?")).help(form_help(meant)).fix(span, meant, false)
}

/// A number with something behind it that is no unit.
pub(super) fn literal(written: &str, error: &LiteralError, span: Span) -> Diagnostic {
    let found = Diagnostic::error("E0104", error.to_string(), span);
    match error {
        LiteralError::UnknownUnit { unit, nearest } => match nearest {
            Some(nearest) if written.contains(unit.as_str()) => {
                let better = written.replacen(unit.as_str(), nearest, 1);
                found
                    .here(format!("did you mean `{better}`?"))
                    .help(format!("write `{better}`"))
                    .fix(span, better, false)
            }
            _ => found
                .here("unknown unit")
                .help("durations are in ns us ms s m h d w, sizes in B KB MB GB KiB MiB GiB"),
        },
        LiteralError::UnknownPeriod { period } => {
            const PERIODS: &[(&str, &str)] = &[
                ("sec", "s"),
                ("second", "s"),
                ("seconds", "s"),
                ("mins", "min"),
                ("minute", "min"),
                ("minutes", "min"),
                ("hr", "h"),
                ("hour", "h"),
                ("hours", "h"),
                ("day", "d"),
                ("days", "d"),
            ];
            match PERIODS.iter().find(|(wrong, _)| wrong == period) {
                Some((_, right)) => {
                    let better = written.replacen(&format!("/{period}"), &format!("/{right}"), 1);
                    found
                        .here(format!("did you mean `{better}`?"))
                        .help(format!("write `{better}`"))
                        .fix(span, better, false)
                }
                None => {
                    let better = written.replacen('/', " / ", 1);
                    found.here("unknown period").help(format!("a division has spaces: `{better}`"))
                }
            }
        }
        LiteralError::OutOfOrder => found.here("longest first").help("write `1h30m`, not `30m1h`"),
        LiteralError::TimePerTime => {
            found.here("a time per time").help("write how many in how long, as in `5/s`")
        }
        LiteralError::NotANumber => found.here("this cannot be read"),
        LiteralError::TooLarge => found.here("it does not fit in 128 bits"),
    }
}
