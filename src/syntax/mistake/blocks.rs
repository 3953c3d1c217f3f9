//! Statements whose block is not where it belongs: behind a `:`, or without its braces.

use super::Scene;
use crate::diag::Diagnostic;
use crate::syntax::grammar::Rule;
use crate::syntax::vocabulary;

/// Whether a statement of this rule has a block.
fn has_block(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::phase
            | Rule::repeat
            | Rule::for_each
            | Rule::every
            | Rule::at
            | Rule::parallel
            | Rule::setup
            | Rule::cleanup
            | Rule::action
            | Rule::sequence
    )
}

/// `phase "Peak" 10m:` with the block indented below it.
pub(super) fn colon_before_block(scene: &Scene<'_>) -> Option<Diagnostic> {
    let colon = scene.tokens.last().filter(|token| token.text == ":")?;
    if !has_block(scene.rule) || !scene.reads(scene.rule, scene.head.start..colon.range.start) {
        return None;
    }
    let head = scene.text[scene.head.start..colon.range.start].trim_end();
    let found = Diagnostic::error("E0111", "a block stands in `{ }`", scene.span(&colon.range));
    let found = found.here("no block begins with this");
    Some(found.help(format!("begin it with `{head} {{` and end it with `}}` on a line of its own")))
}

/// `at 5m shop kill`, `at 5m: shop kill`: a statement where the block should be.
pub(super) fn block_missing(scene: &Scene<'_>) -> Option<Diagnostic> {
    let token = scene.tokens.get(scene.failed_token()?)?;
    let opens = scene.text[scene.head.end..].trim_start_matches([' ', '\t']).starts_with(['{', '<']);
    if !has_block(scene.rule) || opens || token.depth > 0 || token.range.start == scene.head.start {
        return None;
    }
    let head = scene.text[scene.head.start..token.range.start].trim_end();
    // `every 1m: shop pause 2s`
    let colon = token.text == ":";
    let index = scene.failed_token()? + usize::from(colon);
    let first = scene.tokens.get(index)?;
    let rest = &scene.text[first.range.start..scene.head.end];
    let statement = vocabulary::begins_statement(first.text)
        || scene.reads(Rule::words, first.range.start..scene.head.end) && rest.contains(' ');
    if !statement || !scene.reads(scene.rule, scene.head.start..token.range.start) {
        return None;
    }
    let word = scene.word(0);
    let found = Diagnostic::error("E0111", format!("`{word}` needs a block"), scene.span(&token.range));
    let found = found.here("this belongs into it").help(format!("write `{head} {{ {rest} }}`"));
    let place = token.range.start..first.range.start;
    let opening = if colon { " { " } else { "{ " };
    Some(found.fix(scene.span(&place), opening, false).fix(scene.point(scene.head.end), " }", false))
}
