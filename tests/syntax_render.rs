//! How findings are shown: for people, one a line, and for programs.

use soak::diag::human::{self, Style};
use soak::diag::{Diagnostic, concise, json};
use soak::source::{Sources, Span};

fn two_files() -> (Sources, Vec<Diagnostic>) {
    let mut sources = Sources::new();
    sources.add("main.soak", "include \"common.soak\"\nlet ünit = 5parsec\n").unwrap();
    sources.add("common.soak", "# shared\nlet name = 3\n").unwrap();
    let base = sources.files()[1].base();
    let mut found = soak::syntax::parse(&sources.files()[0]).diagnostics;
    found.push(
        Diagnostic::warning("W0101", "this name is declared twice", Span::new(0, 7))
            .here("the second")
            .also(Span::new(base + 13, base + 17), "the first stands here")
            .help("rename one of them")
            .fix(Span::new(0, 7), "let", true),
    );
    (sources, found)
}

#[test]
fn people_see_every_place_and_the_help() {
    let (sources, found) = two_files();
    insta::assert_snapshot!("human_plain", human::render(&sources, &found, Style::PLAIN));
    let drawn = human::render(&sources, &found, Style { color: false, unicode: true, width: 80 });
    insta::assert_snapshot!("human_unicode", drawn);
    let colored = human::render(&sources, &found, Style { color: true, unicode: true, width: 80 });
    assert!(colored.contains("\u{1b}["));
    assert!(!drawn.contains("\u{1b}["));
}

#[test]
fn a_line_says_where_and_what() {
    let (sources, found) = two_files();
    insta::assert_snapshot!("concise", concise::render(&sources, &found));
}

#[test]
fn programs_get_every_place_in_lines_and_bytes() {
    let (sources, found) = two_files();
    insta::assert_snapshot!("json", json::render(&sources, &found));
}

#[test]
fn a_line_that_nobody_can_read_is_not_drawn() {
    let mut sources = Sources::new();
    sources.add("wide.soak", format!("wait 5 s{}", " ".repeat(100_000))).unwrap();
    let found = soak::syntax::parse(&sources.files()[0]).diagnostics;
    let drawn = human::render(&sources, &found, Style::PLAIN);
    assert!(drawn.contains("wide.soak:1:6") && drawn.len() < 1_000, "{drawn}");
}

#[test]
fn every_example_of_a_code_can_be_drawn() {
    for code in soak::diag::codes::codes() {
        let mut sources = Sources::new();
        sources.add("example.soak", code.bad).unwrap();
        let found = soak::syntax::parse(&sources.files()[0]).diagnostics;
        let drawn = human::render(&sources, &found, Style::PLAIN);
        assert!(found.iter().all(|one| drawn.contains(one.code)), "{}: {drawn}", code.code);
    }
}
