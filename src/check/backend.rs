//! What a kind can do depends on how its target was declared: a TCP proxy loses no packets, a disk that is not
//! `faulty` cannot be made to fail, and what soak did not start it cannot talk to.

use super::mistake;
use super::scenario::{Argued, Argument, Target};
use crate::diag::Diagnostic;
use crate::kinds::link::interface_name;
use crate::lang::expr::{Expr, ExprKind, Piece};
use crate::lang::signature::Verb;

/// What soak made of a target decides whether a fault on it needs a permit.
pub(super) fn made_by_soak(target: &Target) -> bool {
    match target.kind.name {
        "process" => target.setting("run").is_some(),
        "link" => target.setting("interface").is_none(),
        "disk" => {
            target.setting("size").is_some() || target.setting("faulty").is_some() && own_folder(target)
        }
        "database" | "machine" => false,
        _ => true,
    }
}

/// Whether a verb touches nothing but the run's own files: what it deletes of its scratch folder is its own, what it
/// fills of the disk below is not.
pub(super) fn own_files(target: &Target, verb: &Verb) -> bool {
    verb.name == "delete" && own_folder(target)
}

/// Whether a disk's folder lies in the run's scratch folder.
fn own_folder(target: &Target) -> bool {
    let path = target.setting("path").and_then(|path| path.values.first());
    let Some(Argued::Value(path)) = path else { return false };
    in_scratch(path)
}

fn in_scratch(path: &Expr) -> bool {
    match &path.kind {
        ExprKind::Scratch => true,
        ExprKind::Text(pieces) => match pieces.as_slice() {
            [Piece::Value(start)] => in_scratch(start),
            [Piece::Value(start), Piece::Literal(below)] => {
                in_scratch(start) && below.starts_with('/') && below.split('/').all(|part| part != "..")
            }
            _ => false,
        },
        _ => false,
    }
}

/// Why a fault on a target needs a permit, in words.
pub(super) fn why_not_made(target: &Target) -> &'static str {
    match target.kind.name {
        "process" => "soak did not start it",
        "link" => "it is a real network interface",
        "disk" => "its folder lies on a real disk",
        "machine" => "it is the machine that soak runs on",
        "database" => "it is a real database",
        _ => "soak did not make it",
    }
}

/// A need of a verb, or of one of its words, that the target's declaration does not meet.
struct Need {
    kind: &'static str,
    verbs: &'static [&'static str],
    /// Only where one of these words is given; always where there are none.
    words: &'static [&'static str],
    /// One of these settings must be there.
    settings: &'static [&'static str],
    /// None of these settings may be there.
    unless: &'static [&'static str],
    /// Only where the act is held for a time.
    held: bool,
    /// Why, in words that follow "because".
    why: &'static str,
    help: &'static str,
}

const PROXY: &str = "only a proxy holds the connections that this is done to";
const DATAGRAMS: &str = "a UDP proxy carries datagrams, which are no stream and have no connections";
const HTTP: &str = "the link does not understand HTTP";
const STARTED: &str = "soak did not start it";

const NEEDS: &[Need] = &[
    Need {
        kind: "link",
        verbs: &["degrade"],
        words: &["loss", "duplicate", "corrupt", "reorder"],
        settings: &["between", "interface", "udp"],
        unless: &[],
        held: false,
        why: "a TCP proxy carries a stream, in which no packet can be lost, doubled, damaged or overtaken",
        help: "a link with `udp` can, and one `between` two hosts; this one can do `latency`, `jitter` and `bandwidth`, and its connections `cut` and `reset`",
    },
    Need {
        kind: "link",
        verbs: &["degrade"],
        words: &["queue"],
        settings: &["between", "interface", "udp"],
        unless: &[],
        held: false,
        why: "a TCP proxy loses nothing: who sends too much for it has to wait",
        help: "declare the link with `between` two hosts, or leave `queue` out",
    },
    Need {
        kind: "link",
        verbs: &["reset", "cut"],
        words: &[],
        settings: &["listen", "between"],
        unless: &[],
        held: false,
        why: PROXY,
        help: "declare the link with `listen` and `to`, or with `between` two hosts",
    },
    Need {
        kind: "link",
        verbs: &["slice"],
        words: &[],
        settings: &["listen"],
        unless: &[],
        held: false,
        why: "only a proxy holds the data that this is done to",
        help: "declare the link with `listen` and `to`",
    },
    Need {
        kind: "link",
        verbs: &["answer", "delay", "tear"],
        words: &[],
        settings: &["http"],
        unless: &[],
        held: false,
        why: HTTP,
        help: "add the setting `http` to the link",
    },
    Need {
        kind: "link",
        verbs: &["off"],
        words: &["refuse"],
        settings: &["listen", "between", "interface"],
        unless: &[],
        held: false,
        why: PROXY,
        help: "declare the link with `listen` and `to`, or use `off` alone",
    },
    Need {
        kind: "disk",
        verbs: &["slow", "fail", "lose"],
        words: &[],
        settings: &["faulty"],
        unless: &[],
        held: false,
        why: "the disk is not `faulty`",
        help: "add the setting `faulty` to the disk",
    },
    Need {
        kind: "disk",
        verbs: &["readonly"],
        words: &[],
        settings: &["size", "faulty"],
        unless: &[],
        held: false,
        why: "soak did not make the disk, and others may use it",
        help: "put a disk of soak's own there with the setting `size`, or add `faulty`",
    },
    Need {
        kind: "link",
        verbs: &["reset", "cut", "slice"],
        words: &[],
        settings: &["listen", "between"],
        unless: &["udp"],
        held: false,
        why: DATAGRAMS,
        help: "declare the link without `udp`, or use `off`",
    },
    Need {
        kind: "process",
        verbs: &["kill", "stop"],
        words: &[],
        settings: &["run", "unit", "container"],
        unless: &[],
        held: true,
        why: "soak only observes it and does not know how to start it again",
        help: "declare the process with `run`, `unit` or `container`, or leave the duration out",
    },
    Need {
        kind: "process",
        verbs: &["send", "skew"],
        words: &[],
        settings: &["run"],
        unless: &[],
        held: false,
        why: STARTED,
        help: "declare the process with `run`, so that soak starts it",
    },
    Need {
        kind: "process",
        verbs: &["start", "restart"],
        words: &[],
        settings: &["run", "unit", "container"],
        unless: &[],
        held: false,
        why: "soak only observes it and does not know how to start it",
        help: "declare the process with `run`, `unit` or `container`",
    },
];

/// What a target cannot do that it is told.
pub(super) fn verb_mistake(
    target: &Target,
    verb: &Verb,
    arguments: &[Argument],
    held: bool,
    span: crate::source::Span,
) -> Option<Diagnostic> {
    // Without any setting the declaration is wrong already.
    if target.settings.is_empty() {
        return None;
    }
    let needs = NEEDS.iter().filter(|need| need.kind == target.kind.name && need.verbs.contains(&verb.name));
    let of_value = file_mistake(target, verb, span)
        .or_else(|| status_mistake(target, verb, arguments))
        .or_else(|| quality_mistake(target, verb, arguments));
    of_value.or_else(|| {
        needs.into_iter().find_map(|need| {
            let has = |names: &[&str]| names.iter().any(|name| target.setting(name).is_some());
            if has(need.settings) && !has(need.unless) || need.held && !held {
                return None;
            }
            let word = arguments.iter().find(|argument| need.words.contains(&argument.parameter.name));
            match word {
                None if !need.words.is_empty() => None,
                Some(word) => {
                    let what = format!("{} {}", verb.name, word.parameter.name);
                    Some(mistake::arguments::cannot_do(
                        word.span,
                        &target.name,
                        &what,
                        need.why,
                        need.help,
                        target.span,
                    ))
                }
                None => Some(mistake::arguments::cannot_do(
                    span,
                    &target.name,
                    verb.name,
                    need.why,
                    need.help,
                    target.span,
                )),
            }
        })
    })
}

/// A status that no final answer has.
fn status_mistake(target: &Target, verb: &Verb, arguments: &[Argument]) -> Option<Diagnostic> {
    if (target.kind.name, verb.name) != ("link", "answer") {
        return None;
    }
    let status = arguments.iter().find(|argument| argument.parameter.name == "status")?;
    let Some(Argued::Value(expr)) = status.values.first() else { return None };
    let number = expr.constant()?.as_quantity()?.to_f64();
    (!(200.0..600.0).contains(&number)).then(|| {
        let what = format!("{} {}", verb.name, crate::lang::unit::number(number));
        let why = "an answer has a status from 200 to 599";
        let help = "write one like `answer 503`";
        mistake::arguments::cannot_do(status.span, &target.name, &what, why, help, target.span)
    })
}

/// A quality of service that MQTT does not have.
fn quality_mistake(target: &Target, verb: &Verb, arguments: &[Argument]) -> Option<Diagnostic> {
    let quality = arguments.iter().find(|argument| argument.parameter.name == "qos")?;
    let Some(Argued::Value(expr)) = quality.values.first() else { return None };
    let number = expr.constant()?.as_quantity()?.to_f64();
    (target.kind.name == "mqtt" && number > 2.0).then(|| {
        let what = format!("{} qos {}", verb.name, crate::lang::unit::number(number));
        let why = "MQTT has the qualities 0 (at most once), 1 (at least once) and 2 (exactly once)";
        mistake::arguments::cannot_do(quality.span, &target.name, &what, why, "as in `qos 1`", target.span)
    })
}

/// What a database that is a file cannot do: nobody else is connected to it.
fn file_mistake(target: &Target, verb: &Verb, span: crate::source::Span) -> Option<Diagnostic> {
    let Some(Argued::Value(url)) = target.setting("url")?.values.first() else { return None };
    let file = url.constant()?.as_text()?.starts_with("sqlite");
    (file && target.kind.name == "database" && matches!(verb.name, "disconnect" | "hog")).then(|| {
        let why = "an SQLite database is a file, and nobody is connected to it";
        let help = "use `lock`, or a disk that is `faulty` under it";
        mistake::arguments::cannot_do(span, &target.name, verb.name, why, help, target.span)
    })
}

/// What of a process that soak did not start cannot be read.
pub(super) fn log_mistake(target: &Target, span: crate::source::Span) -> Option<Diagnostic> {
    let blind = target.kind.name == "process"
        && !target.settings.is_empty()
        && target.setting("run").is_none()
        && target.setting("log").is_none();
    blind.then(|| {
        let help = "say where it logs to with the setting `log`";
        mistake::arguments::cannot_do(span, &target.name, "log", STARTED, help, target.span)
    })
}

/// Settings that are good by themselves and not together.
pub(super) fn setting_mistake(target: &Target) -> Option<Diagnostic> {
    interface_mistake(target).or_else(|| tls_in_vain(target))
}

/// An interface that soak puts no rules on.
fn interface_mistake(target: &Target) -> Option<Diagnostic> {
    let Some(Argued::Value(expr)) = target.setting("interface")?.values.first() else { return None };
    let name = expr.constant()?.as_text()?;
    let why = interface_name::check(name).err()?;
    Some(mistake::hosts::no_such_interface(expr.span, name, why, interface_name::INSTEAD))
}

/// Schemes without TLS, and the same with it. That of NATS is not among them: its servers ask for TLS themselves.
const ENCRYPTED: &[(&str, &str)] =
    &[("http", "https"), ("ws", "wss"), ("redis", "rediss"), ("mqtt", "mqtts")];

/// How TLS is spoken, said of a URL whose scheme is one without.
fn tls_in_vain(target: &Target) -> Option<Diagnostic> {
    // A redirect may lead from a URL without TLS to one with it.
    let tls = target.setting("tls").filter(|_| target.setting("redirects").is_none())?;
    let url = target.setting("base").or_else(|| target.setting("url"))?;
    let Some(Argued::Value(expr)) = url.values.first() else { return None };
    // What is interpolated in a URL stands behind its scheme.
    let text = match &expr.kind {
        ExprKind::Text(pieces) => match pieces.first() {
            Some(Piece::Literal(start)) => start.as_str(),
            _ => return None,
        },
        _ => expr.constant()?.as_text()?,
    };
    let (scheme, _) = text.split_once("://")?;
    let (_, encrypted) = ENCRYPTED.iter().find(|(plain, _)| *plain == scheme)?;
    Some(mistake::hosts::tls_in_vain(tls.span, url.span, encrypted))
}
