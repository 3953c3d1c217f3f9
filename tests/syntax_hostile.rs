//! What no text may do to the parser: make it panic, overflow the stack, or take more than linear time.

mod fmt_support;

use fmt_support::kept;
use soak::source::Sources;
use soak::syntax::{self, MAX_DIAGNOSTICS, Parsed};

fn parse(text: &str) -> (Sources, Parsed) {
    let mut sources = Sources::new();
    sources.add("test.soak", text).unwrap();
    let parsed = syntax::parse(&sources.files()[0]);
    assert!(parsed.diagnostics.len() <= MAX_DIAGNOSTICS + 1);
    for found in &parsed.diagnostics {
        assert!(!found.message.is_empty());
        for label in &found.labels {
            assert!(sources.files()[0].span().contains(label.span), "{found:?}");
        }
    }
    (sources, parsed)
}

/// Parses with the stack that threads have by default.
fn refused(text: String) {
    let thread = std::thread::Builder::new().stack_size(2 << 20);
    let refused = move || {
        let (_, parsed) = parse(&text);
        assert!(parsed.has_errors(), "{}", &text[..text.len().min(60)]);
        // Dropping the tree, too, happens on this stack.
    };
    thread.spawn(refused).unwrap().join().unwrap();
}

#[test]
fn deep_and_long_texts_are_refused_with_a_message() {
    let n = 100_000;
    let cases = [
        format!("let x = {}", "(".repeat(n)),
        format!("let x = {}1{}", "(".repeat(n), ")".repeat(n)),
        "{".repeat(n),
        format!("{}{}", "{".repeat(n), "}".repeat(n)),
        "[".repeat(n),
        "<".repeat(n),
        "repeat 1 < ".repeat(n),
        "repeat 1 {\n".repeat(n),
        "parallel { ".repeat(n),
        "}".repeat(n),
        ")".repeat(n),
        format!("let x = {}1", "- ".repeat(n)),
        format!("let x = {}1", "not ".repeat(n)),
        format!("let x = a{}", ".b".repeat(n)),
        format!("let x = 1{}", "+1".repeat(n)),
        format!("let x = 1{}", "..1".repeat(n)),
        format!("let x = a{}", " over 5m".repeat(n)),
        format!("let x = {}", "f(".repeat(n)),
        format!("let x = json {}", "{ a: ".repeat(n)),
        format!("note \"{}", "{".repeat(n)),
        format!("note {}", "\"{".repeat(n)),
        "\"".repeat(n + 1),
        "'".repeat(n + 1),
        "\\".repeat(n),
        "\\\n".repeat(n) + "x = ",
        "\0".repeat(n),
        "\0a".repeat(n),
        "“".repeat(n),
        "“a”".repeat(n),
        "|".repeat(n),
        "| a\n".repeat(n),
        format!("for each x in\n{}", "| a |\n".repeat(n)),
        "wait 5 s\n".repeat(n),
        format!("wait (\n{}", "\n".repeat(n)),
        format!("choose {{ {}", "1: ".repeat(n)),
        format!("wifi {}", "off ".repeat(n)),
        format!("wait {}", "9".repeat(n)),
        format!("wait {}s", "1h".repeat(n)),
    ];
    for case in cases {
        refused(case);
    }
}

#[test]
fn nesting_up_to_the_limit_is_read() {
    let deep = |open: &str, inner: &str, close: &str, n: usize| {
        let text = format!("{}{inner}{}", open.repeat(n), close.repeat(n));
        let thread = std::thread::Builder::new().stack_size(2 << 20);
        let read = move || {
            let (sources, parsed) = parse(&text);
            assert!(!parsed.has_errors(), "{:?}", parsed.diagnostics);
            assert!(syntax::format(&sources.files()[0], &parsed).is_some());
        };
        thread.spawn(read).unwrap().join().unwrap();
    };
    let n = syntax::MAX_NESTING - 2;
    deep("parallel { ", "wait 5s", " }", n);
    deep("repeat 2 < ", "wait 5s", " >", n);
    deep("repeat 2 {\n", "wait 5s", "\n}", n);
    deep("choose { 1: ", "wait 5s", " }", n);
    let expression = |open: &str, close: &str| {
        let whole = format!("let x = {}", open.repeat(n));
        let (open, close) = (whole, close.repeat(n));
        deep(&open, "1", &close, 1);
    };
    expression("(", ")");
    expression("[", "]");
    expression("f(", ")");
    let whole = format!("let x = 1{}", " + 1".repeat(syntax::MAX_OPERATORS / 2));
    deep(&whole, "", "", 1);
}

/// A small generator of its own, so that a failure comes again.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit.max(1)
    }
}

/// Cuts a text into words, spaces and single marks.
fn pieces(text: &str) -> Vec<&str> {
    let kind = |c: char| match c {
        c if c.is_alphanumeric() || c == '_' => 0,
        ' ' => 1,
        _ => 2,
    };
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut before: Option<char> = None;
    for (at, c) in text.char_indices() {
        if before.is_some_and(|before| kind(before) != kind(c) || kind(c) == 2) {
            pieces.push(&text[start..at]);
            start = at;
        }
        before = Some(c);
    }
    pieces.push(&text[start..]);
    pieces
}

#[test]
fn mutated_scenarios_never_panic_and_keep_their_tree_when_formatted() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut paths: Vec<_> = ["fixtures", "fmt"]
        .iter()
        .flat_map(|name| std::fs::read_dir(folder.join(name)).unwrap().map(|entry| entry.unwrap().path()))
        .filter(|path| path.extension().is_some_and(|ext| ext == "soak"))
        .collect();
    paths.sort();
    let texts: Vec<String> = paths.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let marks = [
        "{", "}", "(", ")", "<", ">", "\"", "'", "#", "\n", ";", "\\", "|", ":", "=", "-", "..", "json",
        "for",
    ];
    let mut random = Random(7);
    let mut formatted = 0;
    for round in 0..800 {
        let text = &texts[round % texts.len()];
        let mut pieces: Vec<String> = pieces(text).into_iter().map(str::to_string).collect();
        for _ in 0..=random.below(3) {
            let (at, other) = (random.below(pieces.len()), random.below(pieces.len()));
            match random.below(4) {
                0 => drop(pieces.remove(at)),
                1 => pieces.insert(at, pieces[at].clone()),
                2 => pieces.insert(at, pieces[other].clone()),
                _ => pieces.insert(at, marks[random.below(marks.len())].to_string()),
            }
        }
        let mutant = pieces.concat();
        parse(&mutant);
        formatted +=
            usize::from(kept(&mutant).unwrap_or_else(|why| panic!("round {round}: {why}")).is_some());
    }
    // The mutations are small: many leave a scenario that can be read.
    assert!(formatted > 80, "{formatted}");
}
