//! What is written from the declarations is up to date: the reference page and the editors' word lists.
//!
//! `SOAK_UPDATE=1 cargo nextest run generated` renews every file.

mod textmate;
mod vim;
mod words;

use std::path::PathBuf;
use std::{env, fs};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Compares a file with what it should hold, or writes it.
fn assert_fresh(path: &str, expected: &str) {
    if env::var_os("SOAK_UPDATE").is_some() {
        fs::write(root().join(path), expected).unwrap();
        return;
    }
    let actual = fs::read_to_string(root().join(path)).unwrap_or_default();
    let different = actual.lines().zip(expected.lines()).position(|(actual, expected)| actual != expected);
    assert!(
        actual == expected,
        "{path} is stale from line {}; renew it with `SOAK_UPDATE=1 cargo nextest run generated`",
        different.unwrap_or_else(|| actual.lines().count().min(expected.lines().count())) + 1,
    );
}

#[test]
fn generated_reference_is_fresh() {
    assert_fresh("docs/kinds.md", &soak::kinds::reference());
}

#[test]
fn generated_codes_are_fresh() {
    assert_fresh("docs/codes.md", &soak::diag::codes::reference());
}

#[test]
fn generated_textmate_grammar_is_fresh() {
    let grammar = words::fill(include_str!("textmate.template.json"));
    serde_json::from_str::<serde_json::Value>(&grammar).unwrap();
    assert_fresh("editors/vscode/syntaxes/soak.tmLanguage.json", &grammar);
}

#[test]
fn generated_vim_syntax_is_fresh() {
    assert_fresh("editors/vim/syntax/soak.vim", &words::fill(include_str!("vim.template.vim")));
}

#[test]
fn generated_dictionary_of_the_fuzzer_is_fresh() {
    assert_fresh("fuzz/soak.dict", &words::dictionary());
}
