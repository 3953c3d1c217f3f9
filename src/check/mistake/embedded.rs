//! E0412 to E0417: the small languages inside texts, and commands.

use super::super::embedded::UrlMistake;
use super::list;
use crate::diag::Diagnostic;
use crate::source::Span;

/// `(?<=depth=)\d+` as `depth=(\d+)`.
fn behind(pattern: &str) -> Option<String> {
    let (before, meant) = pattern.strip_prefix("(?<=")?.split_once(')')?;
    (!before.contains('(') && !meant.is_empty() && !meant.contains('(')).then(|| format!("{before}({meant})"))
}

/// `pattern` is the whole expression; `at` is where in it the mistake begins.
pub fn bad_regex(span: Span, why: &str, pattern: &str, at: usize) -> Diagnostic {
    let finding = Diagnostic::error("E0412", format!("this is no regular expression: {why}"), span).here(why);
    let rest = pattern.get(at..).unwrap_or("");
    let (group, end) = match rest.strip_suffix('$') {
        Some(group) => (group, "$"),
        None => (rest, ""),
    };
    match why {
        "unclosed group" if group.len() > 1 => {
            finding.help(format!("close the group, as in `{group}){end}`, or write `\\(` for the character"))
        }
        "unclosed character class" if group.len() > 1 => {
            finding.help(format!("close what it begins, as in `{group}]{end}`, or write `\\[` for the character"))
        }
        "repetition operator missing expression" => {
            let mark = &rest[..rest.chars().next().map_or(0, char::len_utf8)];
            finding.help(format!(
                "`{mark}` repeats what stands before it: leave it out, as an expression is found anywhere, or write `.{mark}` for any characters"
            ))
        }
        _ if why.starts_with("look-around") => match behind(pattern) {
            Some(better) => finding.help(format!(
                "what stands before belongs into the expression, and what is meant into a group: `'{better}'`"
            )),
            None => finding.help(
                "let the expression match what stands around too, with a group for what is meant: `'depth=(\\d+)'`",
            ),
        },
        "unopened group" => finding.help("write `\\)` for the character, or open the group with `(`"),
        _ => finding.help(
            "write it in `'…'`, where a backslash is itself; put one before a character that stands for itself, as in `\\(`",
        ),
    }
}

pub fn bad_json_path(span: Span, why: &str, path: &str) -> Diagnostic {
    // The parser's own word for everything that it has no other one for.
    let message = match why {
        "parser error" => "this is no JSONPath".to_string(),
        why => format!("this is no JSONPath: {why}"),
    };
    let finding = Diagnostic::error("E0413", message, span).here("wrong from here");
    if path.starts_with('$') {
        let (opened, closed) = (path.matches('[').count(), path.matches(']').count());
        match path.rfind('[') {
            Some(last) if opened > closed => {
                let inside = path[last + 1..].trim_end_matches(['.', ' ']);
                let better = format!("{}[{inside}]", &path[..last]);
                finding.help(format!("close the bracket, as in `'{better}'`"))
            }
            _ => finding.help(
                "a name stands behind a dot, a place in brackets, `[*]` is all of them: `'$.pending[*].id'`",
            ),
        }
    } else {
        let better = format!("$.{}", path.trim_start_matches('.').replace("[]", "[*]"));
        let finding = finding.help(format!("it begins with `$`: write `{better}`"));
        // Only where the path is written out at this place.
        if span.len() == path.len() { finding.fix(span, better, false) } else { finding }
    }
}

/// A path into an answer in quotes.
pub fn path_as_text(span: Span, better: Option<&str>) -> Diagnostic {
    let found = Diagnostic::error("E0413", "a part of the answer is named without quotes", span)
        .here("captures this text, the same each time");
    match better {
        Some(better) => found.help(format!("write `{better}`")).fix(span, better, false),
        None => found.help("write it behind `body`, as in `body.items[0].id`"),
    }
}

/// An expression for a part of an answer in quotes.
pub fn regex_as_text(span: Span, better: &str) -> Diagnostic {
    Diagnostic::error("E0412", "an expression is looked for in a text by a function", span)
        .here("captures this text, the same each time")
        .help(format!("write `{better}`"))
        .fix(span, better, false)
}

/// `written` is what stands at the place.
pub fn bad_url(span: Span, why: UrlMistake, schemes: &[&str], text: &str, written: &str) -> Diagnostic {
    let first = schemes.first().copied().unwrap_or("http");
    let (message, help) = match &why {
        UrlMistake::NoScheme => {
            ("a URL begins with its scheme".to_string(), format!("write `{}`", with_scheme(text, schemes)))
        }
        UrlMistake::Scheme => {
            let (better, rest) = other_scheme(text, schemes);
            (format!("this URL's scheme is {}", list(schemes, "or")), format!("write `{better}{rest}`"))
        }
        UrlMistake::NoHost => ("this URL names no host".to_string(), format!("as in `{first}://127.0.0.1`")),
        UrlMistake::Port => {
            ("a port is a number from 1 to 65535".to_string(), format!("as in `{first}://127.0.0.1:8080`"))
        }
        UrlMistake::Space => ("a URL has no spaces".to_string(), "write `%20`".to_string()),
    };
    let finding = Diagnostic::error("E0414", message, span).here("wrong here").help(help);
    match why {
        // Only where the text is written out at this place.
        UrlMistake::NoScheme if span.len() == text.len() => {
            finding.fix(span, with_scheme(text, schemes), false)
        }
        UrlMistake::Scheme if text.starts_with(written) => {
            finding.fix(span, other_scheme(text, schemes).0, false)
        }
        UrlMistake::Space if span.len() == 1 => finding.fix(span, "%20", false),
        _ => finding,
    }
}

/// The scheme that was meant by one that cannot be, as `jdbc:postgresql` or `mysql+pymysql`, and what follows it.
fn other_scheme<'t>(text: &'t str, schemes: &[&'t str]) -> (&'t str, &'t str) {
    let (scheme, rest) = text.split_at(text.find("://").unwrap_or(text.len()));
    let parts = || scheme.split([':', '+']);
    let known = schemes.iter().find(|known| parts().any(|part| part.eq_ignore_ascii_case(known)));
    let near = || schemes.iter().find(|known| known.len() > 2 && parts().any(|part| part.contains(**known)));
    let near = known.or_else(near).or_else(|| {
        let apart = |known: &&&str| strsim::osa_distance(known, &scheme.to_lowercase());
        schemes.iter().filter(|known| apart(known) <= 2).min_by_key(apart)
    });
    (near.or(schemes.first()).copied().unwrap_or("http"), rest)
}

/// A text without a scheme as the URL that was meant: a path is one of SQLite, where that is possible.
fn with_scheme(text: &str, schemes: &[&str]) -> String {
    let path = text.split_once(':').filter(|(word, _)| word.starts_with("sqlite")).map(|(_, path)| path);
    let file = ["db", "db3", "sqlite", "sqlite3"]
        .iter()
        .any(|end| text.rsplit_once('.').is_some_and(|(_, given)| given.eq_ignore_ascii_case(end)));
    match path {
        Some(path) if schemes.contains(&"sqlite") => format!("sqlite:{path}"),
        None if schemes.contains(&"sqlite") && file => format!("sqlite:{text}"),
        _ => format!("{}://{text}", schemes.first().copied().unwrap_or("http")),
    }
}

pub fn bad_address(span: Span, text: &str, port: bool) -> Diagnostic {
    let bare = text.split_once("://").map(|(_, rest)| rest.split(['/', '?']).next().unwrap_or(rest));
    if let Some(bare) = bare.filter(|bare| port == bare.contains(':') && !bare.is_empty()) {
        return Diagnostic::error("E0414", "an address has no scheme and no path", span)
            .here("a URL")
            .help(format!("write `\"{bare}\"`"))
            .fix(span, format!("\"{bare}\""), false);
    }
    // `10.30.0.2/24`, and `10.30.0.2:80` where no port is wanted.
    let host = text.split(['/', ':']).next().unwrap_or(text);
    if !port && host != text && host.parse::<std::net::Ipv4Addr>().is_ok() {
        return Diagnostic::error("E0414", format!("`{text}` is more than a host's address"), span)
            .here("the address alone stands here")
            .help(format!("write `\"{host}\"`"))
            .fix(span, format!("\"{host}\""), false);
    }
    // `8081:8080`, as containers have it.
    if let Some((outer, inner)) = text.split_once(':').filter(|_| port)
        && [outer, inner].iter().all(|part| part.parse::<u16>().is_ok())
    {
        let better = format!("\"127.0.0.1:{outer}\"");
        return Diagnostic::error("E0414", format!("`{outer}` is no host"), span)
            .here("two ports")
            .help(format!("write `{better}`: one address stands here"))
            .fix(span, better, false);
    }
    let (wanted, help) = if port {
        ("`host:port`", "127.0.0.1:8080")
    } else {
        ("a host's address without a port", "10.30.0.1")
    };
    Diagnostic::error("E0414", format!("`{text}` is not {wanted}"), span)
        .here("no address")
        .help(format!("as in `\"{help}\"`"))
}

/// A port without its host.
pub fn bare_port(span: Span, what: &str, port: u64) -> Diagnostic {
    let better = format!("\"127.0.0.1:{port}\"");
    Diagnostic::error("E0302", format!("`{what}` takes an address in quotes, not a plain number"), span)
        .here("a port without its host")
        .help(format!("write `{better}`"))
        .fix(span, better, false)
}

pub fn bad_glob(span: Span, why: &str) -> Diagnostic {
    Diagnostic::error("E0415", format!("this pattern of paths is wrong: {why}"), span).here(why)
}

/// What follows the first text of a command that stands as a list.
pub fn command_in_pieces(span: Span) -> Diagnostic {
    Diagnostic::error("E0402", "a command is one text, which is split at its spaces", span)
        .here("belongs into the text before it")
        .help("write it as one, as in `run \"program --port 8080\"`")
}

/// `run ["app", "--port", "80"]`
pub fn command_as_list(span: Span, better: &str) -> Diagnostic {
    Diagnostic::error("E0302", "a command is one text, which is split at its spaces", span)
        .here("a list")
        .help(format!("write `{better}`"))
        .fix(span, better, false)
}

pub fn empty_text(span: Span, what: &str) -> Diagnostic {
    Diagnostic::error("E0417", format!("an empty {what} means nothing"), span).here("nothing in it")
}

pub fn open_quote(span: Span, quote: char) -> Diagnostic {
    Diagnostic::error("E0417", format!("a `{quote}` in this command is never closed"), span)
        .here("split into words as it stands")
        .help("a shell is used where one is named: `sh -c '…'`")
}

/// `"rate(http_errors_total[5m])"`: a query where a source has a selector.
pub fn query_for_selector(span: Span, query: &str) -> Diagnostic {
    let name = query.rsplit('(').next().unwrap_or(query);
    let selector = name.split(['[', ')', ' ']).next().unwrap_or(name);
    let window =
        query.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map_or("1m", |(window, _)| window);
    let quote = if selector.contains(['"', '{']) { '\'' } else { '"' };
    let better = format!("{quote}{selector}{quote}");
    Diagnostic::error("E0417", "a selector names samples, and nothing is computed in it", span)
        .here("a query")
        .help(format!(
            "write `{better}` here, and what became of it as `rate(name over {window})` or `delta(name over {window})` of the metric"
        ))
        .fix(span, better, false)
}

/// `delete from a; delete from b`
pub fn several_statements(second: Span) -> Diagnostic {
    Diagnostic::error("E0420", "one statement of SQL stands here, and not several", second)
        .here("a second one")
        .help("give each a line of its own, with its verb before it")
}

/// `run app --port 80`
pub fn command_without_quotes(span: Span, written: &str) -> Diagnostic {
    let quote = if written.contains('"') { '\'' } else { '"' };
    let better = format!("{quote}{written}{quote}");
    let finding = Diagnostic::error("E0128", "a command is a text", span).here("a text stands in quotes");
    match written.contains(['\n', '{', '\'']) {
        true => finding.help("put all of it into quotes"),
        false => finding.help(format!("write `{better}`")).fix(span, better, false),
    }
}
