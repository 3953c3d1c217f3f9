//! W0920, W0922: faults that nothing meets.

use crate::diag::Diagnostic;
use crate::source::Span;

/// `names` are those of the client and of the link.
pub fn link_bypassed(
    url: Span,
    listen: Span,
    (client, link): (&str, &str),
    to: &str,
    better: &str,
) -> Diagnostic {
    let message = format!("`{client}` asks `{to}` itself, past `{link}`, whose faults it does not meet");
    Diagnostic::warning("W0920", message, url)
        .here("where the link leads to")
        .also(listen, "nothing in this file comes here")
        .help(format!("write `\"{better}\"`"))
        .fix(url, format!("\"{better}\""), false)
}

/// A link on one side of which nothing stands; `client` asks a host on the other side from there.
pub fn link_not_crossed(client: Span, link: Span, (name, empty, asked): (&str, &str, &str)) -> Diagnostic {
    Diagnostic::warning(
        "W0920",
        format!("nothing stands on `{empty}`, so nothing crosses `{name}`: this asks `{asked}` from `{asked}` itself"),
        client,
    )
    .here("without `on`")
    .also(link, "its faults are met by nobody")
    .help(format!("say where it stands: write `on {empty}` into its settings"))
}

pub fn load_has_ended(span: Span, name: &str, load: Span) -> Diagnostic {
    Diagnostic::warning("W0922", format!("nothing loads `{name}` any more when this is judged"), span)
        .here("without a value")
        .also(load, "ends before the fault behind it begins")
        .help("a load without `for` runs beside what follows it, to the end of its block: leave `for` and its duration out")
}

/// What is judged right behind a fault, of a load that had ended before it.
pub fn load_misses_fault(span: Span, name: &str, load: Span, fault: Span) -> Diagnostic {
    Diagnostic::warning("W0922", format!("nothing of `{name}` meets the fault above: its load has ended by then"), span)
        .here("of a time before the fault")
        .also(load, "takes its time, and ends")
        .also(fault, "begins after that")
        .help("a load without `for` runs beside what follows it, to the end of its block: leave `for` and its duration out")
}

/// A client of an address where nothing in the file is, beside a link that nobody asks; `better` goes through it.
pub fn asks_nowhere(
    asked: Span,
    listen: Span,
    (name, link): (&str, &str),
    address: &str,
    better: &str,
) -> Diagnostic {
    Diagnostic::warning(
        "W0920",
        format!("`{name}` asks `{address}`, where nothing in this file is, and nobody asks `{link}`"),
        asked,
    )
    .here("not where the link listens")
    .also(listen, "nothing in this file comes here")
    .help(format!("write `\"{better}\"`"))
    .fix(asked, format!("\"{better}\""), false)
}
