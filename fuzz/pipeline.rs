//! Any text goes through parsing, checking, showing what was found, planning and formatting without a panic, and every
//! place that is told lies in the text.

#![no_main]

#[path = "../tests/fmt_support/mod.rs"]
#[allow(dead_code)]
mod fmt_support;

use fmt_support::NoFiles;
use libfuzzer_sys::{Corpus, fuzz_target};
use soak::check::{Options, check};
use soak::diag::{concise, human, json};
use soak::source::Sources;
use soak::{plan, syntax};

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let Ok(text) = std::str::from_utf8(bytes) else { return Corpus::Reject };
    let mut sources = Sources::new();
    sources.add("fuzz.soak", text).expect("the fuzzer's texts are short");
    let checked = check(&mut sources, &Options { params: &[], files: &NoFiles });
    let file = &sources.files()[0];
    for found in &checked.diagnostics {
        assert!(!found.message.is_empty());
        let labels = found.labels.iter().map(|label| label.span);
        for span in labels.chain(found.fixes.iter().map(|fix| fix.span)) {
            assert!(file.span().contains(span), "{found:?}");
            let (start, end) = ((span.start - file.base()) as usize, (span.end - file.base()) as usize);
            assert!(text.get(start..end).is_some(), "{found:?}");
        }
    }
    human::render(&sources, &checked.diagnostics, human::Style::PLAIN);
    concise::render(&sources, &checked.diagnostics);
    json::render(&sources, &checked.diagnostics);
    assert_eq!(checked.scenario.is_some(), !checked.has_errors());
    if let Some(scenario) = &checked.scenario {
        let plan = plan::plan(scenario, &sources);
        plan::text(&plan, plan::Style { width: 80, color: false, unicode: true });
        plan::json(&plan);
    }
    syntax::format(file, &syntax::parse(file));
    Corpus::Keep
});
