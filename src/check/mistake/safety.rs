//! E07xx: permits, secrets, and what the runner cannot do yet.

use crate::diag::Diagnostic;
use crate::source::Span;

/// `top` is the start of a line at which the permit can stand.
pub fn load_needs_permit(span: Span, host: &str, top: Span) -> Diagnostic {
    Diagnostic::error(
        "E0701",
        format!("`{host}` is another machine, and nothing permits to talk to it"),
        span,
    )
    .here("beyond this machine")
    .help(format!("write `permit load to \"{host}\"` at the top of the file"))
    .fix(top, format!("permit load to \"{host}\"\n"), false)
}

/// A host that is not permitted, where one of nearly the same name is.
pub fn permit_of_another(span: Span, host: &str, permitted: &str, permit: Span) -> Diagnostic {
    Diagnostic::error(
        "E0701",
        format!("`{host}` is another machine, and the permit is for `{permitted}`"),
        span,
    )
    .here("beyond this machine")
    .also(permit, "another name")
    .help(format!("make both the same: `permit load to \"{host}\"`, where that is the right one"))
}

/// An address in the network of a declared host, which no host has.
pub fn no_host_of(span: Span, address: &str, near: &[(String, String)]) -> Diagnostic {
    let there: Vec<String> = near.iter().map(|(host, address)| format!("`{host}` has {address}")).collect();
    Diagnostic::error("E0701", format!("no host has the address `{address}`"), span)
        .here("of nobody")
        .help(there.join(", "))
}

pub fn permit_of_kind(span: Span, kind: &str, target: &str) -> Diagnostic {
    Diagnostic::error("E0201", format!("`{kind}` is a kind, and a permit names a target"), span)
        .here("which one of them?")
        .help(format!("write `{target}`"))
        .fix(span, target, false)
}

/// `own` is how it would be soak's own, where that is a word more.
pub fn fault_needs_permit(
    span: Span,
    (target, verb): (&str, &str),
    why: &str,
    own: Option<&str>,
    top: Span,
) -> Diagnostic {
    let own = own.map(|own| format!("; {own}")).unwrap_or_default();
    Diagnostic::error("E0702", format!("`{target} {verb}` is a fault, and nothing permits it: {why}"), span)
        .here("a fault on what is not soak's own")
        .help(format!("write `permit fault on {target}` at the top of the file{own}"))
        .fix(top, format!("permit fault on {target}\n"), false)
}

pub fn secret_refused(span: Span, name: &str, what: &str) -> Diagnostic {
    Diagnostic::error(
        "E0703",
        format!("the secret `{name}` cannot stand in {what}, where it would be seen"),
        span,
    )
    .here("a secret")
    .help("a secret may stand in a header, a URL, a body, and `env` of a process")
}

pub fn permit_form(span: Span, word: &str) -> Diagnostic {
    Diagnostic::error("E0704", format!("nothing is permitted by `permit {word}` in this form"), span)
        .here("load or fault")
        .help("it is `permit load to \"host\"` or `permit fault on name`")
}

pub fn permit_not_a_host(span: Span, text: &str, meant: Option<&str>) -> Diagnostic {
    let finding = Diagnostic::error("E0704", format!("`{text}` is not a host"), span).here("no host");
    match meant {
        Some(meant) => {
            let better = format!("\"{meant}\"");
            finding.help(format!("write `{better}`")).fix(span, better, false)
        }
        None => finding.help("as in `permit load to \"staging.example.com\"`"),
    }
}

pub fn permit_not_fixed(span: Span) -> Diagnostic {
    Diagnostic::error("E0704", "what is permitted is written out, so that a reviewer sees it", span)
        .here("not fixed")
}

pub fn not_yet(span: Span, what: &str) -> Diagnostic {
    Diagnostic::error("E0790", format!("soak cannot run this yet: {what}"), span)
        .here("checked and planned, not run")
}
