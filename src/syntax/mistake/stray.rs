//! Marks that other notations put between a name and what belongs to it: `timeout = 5s`, `base: "…"`, `http api: {`.
//!
//! They are told, and then taken out of the text that the grammar reads, so that all the rest is read as it was meant.

use crate::diag::Diagnostic;
use crate::source::Span;
use crate::syntax::layout::{Item, Layout};
use crate::syntax::tokens::{Kind, Token, tokens};
use crate::syntax::{MAX_DIAGNOSTICS, vocabulary};
use std::ops::Range;

/// A mark, and what is read in its stead.
struct Stray {
    at: Range<usize>,
    read_as: &'static str,
    found: Diagnostic,
}

/// Finds and removes such marks; `base` is where the file begins. A mark keeps its length, so places stay true.
pub(in crate::syntax) fn remove(layout: &mut Layout, base: u32) {
    let mut strays = Vec::new();
    items(&layout.masked, base, &layout.items, false, &mut strays);
    let mut masked = std::mem::take(&mut layout.masked);
    for stray in strays {
        masked.replace_range(stray.at.clone(), stray.read_as);
        if let Some(item) = stray_end(&mut layout.items, &stray.at) {
            item.end = item.start + masked[item.start..item.end].trim_end().len();
        }
        if layout.diagnostics.len() < MAX_DIAGNOSTICS {
            layout.diagnostics.push(stray.found);
        }
    }
    layout.masked = masked;
}

/// The statement whose head ends with what stands `at`.
fn stray_end<'i>(items: &'i mut [Item], at: &Range<usize>) -> Option<&'i mut Item> {
    let index = items.partition_point(|item| item.start <= at.start).checked_sub(1)?;
    let item = &mut items[index];
    if item.end == at.end {
        return Some(item);
    }
    item.block.as_mut().and_then(|block| stray_end(&mut block.items, at))
}

fn items(text: &str, base: u32, list: &[Item], settings: bool, strays: &mut Vec<Stray>) {
    for item in list {
        if !item.broken {
            head(text, base, item, settings, strays);
        }
        if let Some(block) = &item.block {
            items(text, base, &block.items, has_settings(&text[item.start..item.end]), strays);
        }
    }
}

/// Whether the block behind this head holds settings: `KIND NAME`, with a mark behind it or not.
fn has_settings(head: &str) -> bool {
    let mut words = head.trim_end_matches([':', '=', ' ']).split_ascii_whitespace();
    let (Some(first), Some(_), None) = (words.next(), words.next(), words.next()) else { return false };
    let named = first.starts_with(|c: char| c.is_ascii_alphabetic());
    named && (matches!(first, "ledger" | "dataset") || !vocabulary::begins_statement(first))
}

fn head(text: &str, base: u32, item: &Item, settings: bool, strays: &mut Vec<Stray>) {
    let written = &text[item.start..item.end];
    let span = |range: &Range<usize>| Span::new(base + range.start as u32, base + range.end as u32);
    if item.block.is_some() && item.colon.is_none() && written.ends_with([':', '=']) {
        let first = written.split_ascii_whitespace().next().unwrap_or("");
        let at = item.end - 1..item.end;
        let name = written[..written.len() - 1].trim_end();
        let assigns = written.ends_with('=') && matches!(first, "let" | "param" | "metric" | "capture");
        if !assigns && name.ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '"' | ')')) {
            let mark = &text[at.clone()];
            let found = Diagnostic::error("E0101", format!("no `{mark}` stands before a block"), span(&at));
            let found =
                found.here("one too many").help(format!("write `{name} {{`")).fix(span(&at), "", true);
            strays.push(Stray { at, read_as: " ", found });
        }
        return;
    }
    if settings && let Some(stray) = setting(text, item, span) {
        strays.push(stray);
    }
    if written.contains('=') && (written.contains("json") || written.contains("form")) {
        members(&tokens(text, item.start..item.end), span, strays);
    }
}

/// A setting with a `=` or a `:` behind its name.
fn setting(text: &str, item: &Item, span: impl Fn(&Range<usize>) -> Span) -> Option<Stray> {
    let written = &text[item.start..item.end];
    let name = written.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|length| *length > 0)?;
    let mark = name + written[name..].len() - written[name..].trim_start().len();
    let rest = &written[mark..];
    let value = rest.strip_prefix([':', '='])?.trim_start();
    if value.is_empty() || value.starts_with(['=', ':']) {
        return None;
    }
    let at = item.start + mark..item.start + mark + 1;
    let sign = &text[at.clone()];
    let found = Diagnostic::error("E0101", format!("a setting has no `{sign}` behind its name"), span(&at));
    let found = found.here("one too many").help(format!("write `{} {value}`", &written[..name]));
    let around = item.start + name..item.end - value.len();
    Some(Stray { at, read_as: " ", found: found.fix(span(&around), " ", true) })
}

/// Members of objects with a `=` behind their name.
fn members(tokens: &[Token<'_>], span: impl Fn(&Range<usize>) -> Span, strays: &mut Vec<Stray>) {
    // `json(…)` is a source, whose values have names with a `=`.
    let begins = |at: usize| {
        matches!(tokens[at].text, "json" | "form") && tokens.get(at + 1).is_none_or(|next| next.text != "(")
    };
    let Some(object) = (0..tokens.len()).find(|at| begins(*at)) else { return };
    for three in tokens[object..].windows(3) {
        let first = matches!(three[0].text, "{" | ",");
        let name = matches!(three[1].kind, Kind::Word | Kind::Text);
        if first && name && three[2].text == "=" {
            let at = three[2].range.clone();
            let found =
                Diagnostic::error("E0101", "a member of an object has `:` behind its name", span(&at));
            let found = found.here("not `=`").help(format!("write `{}:`", three[1].text));
            let around = three[1].range.end..at.end;
            strays.push(Stray { at, read_as: ":", found: found.fix(span(&around), ":", true) });
        }
    }
}
