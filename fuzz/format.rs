//! Whatever can be read keeps its tree, its comments and its findings when it is formatted, and is formatted once for all.

#![no_main]

#[path = "../tests/fmt_support/mod.rs"]
mod fmt_support;

use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let Ok(text) = std::str::from_utf8(bytes) else { return Corpus::Reject };
    match fmt_support::kept(text) {
        Ok(Some(_)) => Corpus::Keep,
        Ok(None) => Corpus::Reject,
        Err(changed) => panic!("{changed}"),
    }
});
