//! Making the edits that findings propose.

use super::{Diagnostic, Fix};
use crate::source::{SourceFile, Span};
use std::collections::BTreeMap;

/// Whether a finding can be mended without a person looking.
pub fn is_safe(finding: &Diagnostic) -> bool {
    !finding.fixes.is_empty() && finding.fixes.iter().all(|fix| fix.safe)
}

/// Those of `wanted` whose edits can be made together, because none touches another; the rest waits for another round.
pub fn compatible<'d>(wanted: impl IntoIterator<Item = &'d Diagnostic>) -> Vec<&'d Diagnostic> {
    // What is taken so far, start and end; no two of them touch, so the last that begins before an end decides.
    let mut taken: BTreeMap<u32, u32> = BTreeMap::new();
    let mut chosen = Vec::new();
    for finding in wanted {
        let spans = || finding.fixes.iter().map(|fix| fix.span);
        let touches =
            |span: Span| taken.range(..=span.end).next_back().is_some_and(|(_, end)| *end >= span.start);
        if spans().any(touches) {
            continue;
        }
        taken.extend(spans().map(|span| (span.start, span.end)));
        chosen.push(finding);
    }
    chosen
}

/// The text of a file with these edits made, those of other files left out. A new line is written as the file writes it.
pub fn edited<'d>(file: &SourceFile, fixes: impl IntoIterator<Item = &'d Fix>) -> String {
    let mut fixes: Vec<&Fix> = fixes.into_iter().filter(|fix| file.span().contains(fix.span)).collect();
    fixes.sort_by_key(|fix| (fix.span.start, fix.span.end));
    let crlf = file.text().contains("\r\n");
    let mut text = String::with_capacity(file.text().len());
    let mut at = 0;
    for fix in fixes {
        let (start, end) = ((fix.span.start - file.base()) as usize, (fix.span.end - file.base()) as usize);
        let (Some(before), true) = (file.text().get(at..start), file.text().is_char_boundary(end)) else {
            continue;
        };
        text.push_str(before);
        match crlf {
            true => text.push_str(&fix.replacement.replace('\n', "\r\n")),
            false => text.push_str(&fix.replacement),
        }
        at = end;
    }
    text.push_str(&file.text()[at..]);
    text
}
