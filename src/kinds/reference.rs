//! The reference page of the kinds, as Markdown, written from their declarations.

use super::{KINDS, form};
use crate::lang::function::{AGGREGATES, MAKERS, PROBES, SOURCES};
use crate::lang::reading::{ACTION_READINGS, LEDGER_READINGS};
use crate::lang::receipt::RECEIPTS;
use crate::lang::signature::{Kind, Parameter, Reading, Verb};
use std::fmt::Write;

const HEAD: &str = "\
# Kinds

Written from the declarations in `src/kinds/` and `src/lang/`; do not edit.
After a change there, renew it with `SOAK_UPDATE=1 cargo nextest run generated`.

What is marked (not yet) passes `soak check` and is refused by `soak run`. Square brackets hold what may be left
out. Where a quantity is taken, a range is too: one is drawn each time.

";

/// The whole page.
pub fn reference() -> String {
    let mut page = String::from(HEAD);
    for sentence in form::NATURES {
        let _ = writeln!(page, "{sentence}");
    }
    page.push('\n');
    for kind in KINDS {
        let _ = writeln!(page, "- [`{0}`](#{0}): {1}{2}", kind.name, kind.about, form::suffix(kind.support));
    }
    page.push_str(
        "- [Actions and mixes](#actions-and-mixes), [ledgers](#ledgers), [functions](#functions)\n",
    );
    for each in KINDS {
        kind(&mut page, each);
    }
    page.push_str(
        "\n## Actions and mixes\n\nEvery capture of an action can be read too, as a distribution. A request may have a name, as in \
         `api get \"/items\" as list`: how long it took by itself is then read in the same way, `p95(browse.list)`. Of a \
         request that failed there is none.\n\n",
    );
    readings(&mut page, "action", ACTION_READINGS);
    page.push_str("\n## Ledgers\n\n");
    readings(&mut page, "ledger", LEDGER_READINGS);
    page.push_str("\nWhat a ledger receives from:\n\n| source | |\n|---|---|\n");
    for receipt in RECEIPTS {
        row(&mut page, &[&code(receipt.example), receipt.about]);
    }
    functions(&mut page);
    page
}

fn kind(page: &mut String, kind: &Kind) {
    let _ = write!(page, "\n## {}\n\n{}{}\n", kind.name, kind.about, form::suffix(kind.support));
    let _ = write!(page, "\n```soak\n{}```\n", kind.example);
    if !kind.settings.is_empty() {
        page.push_str("\n| setting | |\n|---|---|\n");
        parameters(page, kind.settings);
        bullets(page, &form::rules(kind.one_of, kind.rules));
    }
    for group in form::verb_groups(kind) {
        verbs(page, kind, group);
    }
    if !kind.readings.is_empty() {
        let target = if kind.built_in { kind.name } else { "NAME" };
        page.push('\n');
        readings(page, target, kind.readings);
    }
}

/// Verbs that take the same.
fn verbs(page: &mut String, kind: &Kind, group: &[Verb]) {
    for verb in group {
        let form = form::verb_pieces(kind, verb).join(" ");
        let fault = if verb.fault { "; a fault" } else { "" };
        let nature = form::nature(verb.nature);
        let support = form::suffix(verb.support);
        let _ = write!(page, "\n### {} {}\n\n`{form}`\n\n", kind.name, verb.name);
        let _ = write!(page, "{} ({nature}{fault}){support}\n\n```soak\n{}\n```\n", verb.about, verb.example);
    }
    let [verb, rest @ ..] = group else { return };
    let title = if rest.is_empty() { "parameter" } else { "parameter of all of these" };
    if !verb.parameters.is_empty() {
        let _ = write!(page, "\n| {title} | |\n|---|---|\n");
        parameters(page, verb.parameters);
    }
    bullets(page, &form::rules(verb.one_of, verb.rules));
    if !verb.gives.is_empty() {
        page.push_str("\n| gives | |\n|---|---|\n");
        for given in verb.gives {
            row(page, &[&code(given.name), given.about]);
        }
    }
}

fn parameters(page: &mut String, parameters: &[Parameter]) {
    for parameter in parameters {
        row(page, &[&code(&form::parameter(parameter)), &form::parameter_about(parameter)]);
        for more in parameter.more {
            row(page, &[&format!("… {}", code(&form::parameter(more))), &form::parameter_about(more)]);
        }
    }
}

fn readings(page: &mut String, target: &str, readings: &[Reading]) {
    page.push_str("| reading | gives | |\n|---|---|---|\n");
    for reading in readings {
        let about = format!("{}{}", reading.about, form::suffix(reading.support));
        let name = code(&format!("{target}.{}", form::reading(reading)));
        row(page, &[&name, &form::result(reading.result), &about]);
    }
}

fn functions(page: &mut String) {
    page.push_str("\n## Functions\n\nOf a series:\n\n| function | of | |\n|---|---|---|\n");
    for aggregate in AGGREGATES {
        let shapes: Vec<&str> = aggregate.shapes.iter().map(|shape| form::shape(*shape)).collect();
        row(page, &[&code(aggregate.name), &shapes.join(", "), aggregate.about]);
    }
    page.push_str("\nValues, in an action or in the story:\n\n| function | |\n|---|---|\n");
    for (_, _, call, about) in MAKERS {
        row(page, &[&code(call), about]);
    }
    page.push_str("\nSources of a metric:\n\n| source | |\n|---|---|\n");
    for source in SOURCES {
        row(page, &[&code(source.name), &format!("{}{}", source.about, form::suffix(source.support))]);
    }
    page.push_str("\nProbes, behind `ready`:\n\n| probe | |\n|---|---|\n");
    for (name, _, about) in PROBES {
        row(page, &[&code(name), about]);
    }
}

/// A row of a table; a `|` in a cell would end it.
fn row(page: &mut String, cells: &[&str]) {
    let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    let _ = writeln!(page, "| {} |", cells.join(" | "));
}

fn bullets(page: &mut String, sentences: &[String]) {
    for (index, sentence) in sentences.iter().enumerate() {
        let _ = writeln!(page, "{}- {sentence}", if index == 0 { "\n" } else { "" });
    }
}

fn code(text: &str) -> String {
    format!("`{text}`")
}
