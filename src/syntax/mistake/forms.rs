//! Looks at statements of one kind: what their form asks for and what stands there.

use super::{Scene, form_help, reserved};
use crate::diag::Diagnostic;
use crate::syntax::grammar::{Grammar, Rule};
use crate::syntax::tokens::{Kind, tokens};
use crate::syntax::vocabulary;
use pest::Parser;

/// A name that cannot be one, right behind the word that declares it.
pub(super) fn declared_name(scene: &Scene<'_>) -> Option<Diagnostic> {
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
                let help =
                    format!("write `{} {} = …`, with its value behind the `=`", scene.word(0), token.text);
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

pub(super) fn missing_quotes(scene: &Scene<'_>) -> Option<Diagnostic> {
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
    let written = &scene.text[range.clone()];
    // A name that is given a value stands for it in braces.
    let named = rest.len() == 1
        && ["param", "let"].iter().any(|word| {
            let declared = scene.text.find(&format!("{word} {written} "));
            declared.is_some_and(|at| at == 0 || scene.text[..at].ends_with('\n'))
        });
    let quoted = if named { format!("\"{{{written}}}\"") } else { format!("\"{written}\"") };
    Some(found.here("a text stands in quotes").help(format!("write `{quoted}`")).fix(
        scene.span(&range),
        quoted,
        false,
    ))
}

pub(super) fn missing_colon(scene: &Scene<'_>) -> Option<Diagnostic> {
    let name = scene.tokens.get(1).filter(|token| token.kind == Kind::Text)?;
    let behind = scene.tokens.get(2)?;
    let operand = matches!(behind.kind, Kind::Word | Kind::Number) || matches!(behind.text, "(" | "[");
    let continues = matches!(behind.text, "in" | "and" | "or" | "over" | "not");
    (scene.rule == Rule::expect && operand && !continues).then(|| {
        let place = scene.point(name.range.end);
        let found = Diagnostic::error("E0129", "a `:` is missing behind the name of this expectation", place);
        found.here("here").help(format!("write `{}:`", name.text)).fix(place, ":", true)
    })
}

pub(super) fn phase_for(scene: &Scene<'_>) -> Option<Diagnostic> {
    let word = scene.tokens.get(2)?;
    (scene.rule == Rule::phase && word.text == "for").then(|| {
        let next = scene.tokens.get(3).map_or(word.range.end, |next| next.range.start);
        let found = Diagnostic::error(
            "E0101",
            "a phase has its duration right behind its name",
            scene.span(&word.range),
        );
        let duration = scene.tokens.get(3).map_or("10m", |duration| duration.text);
        let better = format!("phase {} {duration}", scene.word(1));
        let found = found.here("no `for` here").help(format!("write `{better}`"));
        found.fix(scene.span(&(word.range.start..next)), "", true)
    })
}

pub(super) fn missing_users(scene: &Scene<'_>) -> Option<Diagnostic> {
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
    let written = &scene.text[before[clause].range.start..end];
    let found = found.here("`users` is missing here").help(format!("write `{written} users`"));
    let next = scene.tokens.get(index);
    let unknown = next.is_some_and(|next| next.kind == Kind::Word && !vocabulary::is_reserved(next.text));
    Some(found.fix(scene.point(end), " users", !unknown))
}

pub(super) fn missing_in(scene: &Scene<'_>) -> Option<Diagnostic> {
    if scene.rule != Rule::for_each {
        return None;
    }
    let each = scene.word(1) == "each";
    if !each {
        let at = scene.tokens[0].range.end;
        let found = Diagnostic::error("E0123", "a loop over values is `for each name in …`", scene.point(at));
        let rest = scene.text[at..scene.head.end].trim();
        let better = if scene.tokens.len() > 2 {
            format!("for each {rest}")
        } else {
            "for each name in [1, 2] { … }".into()
        };
        let found = found.here("`each` is missing here").help(format!("write `{better}`"));
        return Some(if scene.tokens.len() > 2 { found.fix(scene.point(at), " each", false) } else { found });
    }
    if let Some(bar) = scene.tokens.iter().find(|token| token.text == "|").filter(|_| scene.word(3) == "in") {
        let head = scene.text[scene.head.start..bar.range.start].trim_end();
        let found = Diagnostic::error("E0126", "a table begins on a line of its own", scene.span(&bar.range));
        return Some(found.here("here the line must end").help(format!(
            "end the line behind `{head}`, and write each row on a line below it: `| size | rate |`"
        )));
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

pub(super) fn angle_of_until(scene: &Scene<'_>) -> Option<Diagnostic> {
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
        let condition = scene.text[scene.head.start..open.range.start].trim_end();
        let found = found.help(format!("write `{condition} {{ … }}`"));
        // Where the loop ends elsewhere, its other mark is not known here.
        match scene.tokens.last().filter(|last| last.text == ">") {
            Some(close) => found.fix(span, "{", false).fix(scene.span(&close.range), "}", false),
            None => found,
        }
    })
}

pub(super) fn table_row(scene: &Scene<'_>) -> Option<Diagnostic> {
    if !matches!(scene.rule, Rule::row | Rule::header) {
        return None;
    }
    let span = scene.span(&scene.head);
    let dashes = scene.text[scene.head.clone()].trim_end();
    if dashes.contains("--") && dashes.bytes().all(|b| matches!(b, b'|' | b'-' | b':' | b' ' | b'\t')) {
        let found = Diagnostic::error("E0126", "a table has no line of dashes below its names", span);
        let rest = &scene.text[scene.head.start + dashes.len()..];
        let blank = rest.len() - rest.trim_start().len();
        let line = scene.head.start..scene.head.start + dashes.len() + blank;
        return Some(found.here("no row").help("take this line out").fix(scene.span(&line), "", true));
    }
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

/// `param pace "visits a second"`: what a param is for, and no value.
pub(super) fn param_without_default(scene: &Scene<'_>) -> Option<Diagnostic> {
    let [_, name, text] = scene.tokens.as_slice() else { return None };
    let described = text.kind == Kind::Text && text.text.contains(' ');
    if scene.rule != Rule::param || name.kind != Kind::Word || !described {
        return None;
    }
    let found =
        Diagnostic::error("E0125", format!("`{}` is given no value", name.text), scene.point(name.range.end));
    Some(found.here("a `=` and a value are missing here").help(format!(
        "what it is for stands behind its default, as in `param {} = 10/s {}`",
        name.text, text.text
    )))
}

/// `sequence flap(times: int = 5)`, `sequence flap(times: 5)`: the parameters as other languages have them.
pub(super) fn typed_parameter(scene: &Scene<'_>) -> Option<Diagnostic> {
    const TYPES: &[&str] = &[
        "int", "integer", "number", "float", "double", "string", "str", "text", "bool", "boolean",
        "duration", "time", "size", "rate", "percent", "any", "count",
    ];
    let is_type = |text: &str| TYPES.iter().any(|ty| text.eq_ignore_ascii_case(ty));
    if scene.rule != Rule::sequence {
        return None;
    }
    // Each with what it is put in the place of; the last ones first, so that places stay true.
    let mut edits = Vec::new();
    for (index, token) in scene.tokens.iter().enumerate().rev() {
        let before = index.checked_sub(1).map_or("", |before| scene.word(before));
        let next = scene.word(index + 1);
        if matches!(token.text, ":" | ":=") && is_type(next) {
            edits.push((token.range.start..scene.tokens[index + 1].range.end, ""));
        } else if matches!(token.text, ":" | ":=") {
            edits.push((token.range.clone(), " ="));
        } else if matches!(before, "(" | ",") && is_type(token.text) && !matches!(next, "=" | "," | ")" | ":")
        {
            edits.push((token.range.start..scene.tokens.get(index + 1)?.range.start, ""));
        }
    }
    let (first, last) = (edits.last()?.0.clone(), edits.first()?.0.clone());
    let mut better = scene.text[scene.head.clone()].to_string();
    for (range, instead) in &edits {
        let in_head = range.start - scene.head.start..range.end - scene.head.start;
        better.replace_range(in_head, instead);
    }
    let better = better.trim_end().replace("  =", " =");
    if Grammar::parse(Rule::sequence, &better).is_err() {
        return None;
    }
    let span = scene.span(&(first.start..last.end));
    let found = Diagnostic::error("E0101", "a parameter has no type, and its default behind `=`", span);
    let found = found.here("not written like this").help(format!("write `{better} {{ … }}`"));
    Some(found.fix(scene.span(&scene.head), better, false))
}
