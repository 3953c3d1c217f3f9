//! What every name of a scenario is, at every place it is written.

use soak::check::{DiskFiles, NamedPlace, Options, names};
use soak::source::Sources;
use std::collections::BTreeSet;

const FIXTURES: [&str; 5] = ["burn-in", "campus-vehicle", "cloud-week", "job-claims", "observer-load"];

fn named(text: &str) -> (Sources, Vec<NamedPlace>) {
    let mut sources = Sources::new();
    sources.add("case.soak", text).unwrap();
    let places = names(&mut sources, &Options { params: &[], files: &DiskFiles });
    (sources, places)
}

fn fixture(name: &str) -> String {
    std::fs::read_to_string(format!("tests/fixtures/{name}.soak")).unwrap()
}

/// Each place with its text, and the line of its declaration where that is another one.
fn shown(sources: &Sources, places: &[NamedPlace]) -> String {
    let mut lines = String::new();
    for place in places {
        let position = sources.position(place.span);
        let declared = match place.declared {
            Some(declared) if declared == place.span => " (here)".to_string(),
            Some(declared) => format!(" (line {})", sources.line(declared)),
            None => String::new(),
        };
        lines.push_str(&format!("{position} {} = {}{declared}\n", sources.text(place.span), place.text));
    }
    lines
}

#[test]
fn the_names_of_the_five_scenarios() {
    for name in FIXTURES {
        let (sources, places) = named(&fixture(name));
        insta::assert_snapshot!(format!("names_of_{name}"), shown(&sources, &places));
    }
}

#[test]
fn what_is_right_is_told_beside_what_is_wrong() {
    let (sources, places) = named(
        r#"param step = 5s "how long"
let   twice = 2 * stpe
process app { run "app"; rnu "x" }
metric queue = json_count("q.json", '$[') every 5s
metric errors = lines(app.log, 'ERROR')
sequence flap(times = 3, pause) { repeat times < app kil; wait pause > }
do flap(puase = step)
expect "Queue": queue == 0 and errors < nothing
expect app.memory < 1GB
app slay step
phase "Peak" step { wait step * app.rss }
expect mean(app.cpu in "Peak") < 5 and mean(app.cpu in "Pique") < 5%
wiat step
"#,
    );
    insta::assert_snapshot!(shown(&sources, &places));
}

/// A word of a text outside comments and quotes, but within `{…}` in quotes.
struct Word<'t> {
    at: usize,
    text: &'t str,
}

fn words(text: &str) -> Vec<Word<'_>> {
    let bytes = text.as_bytes();
    let (mut found, mut at) = (Vec::new(), 0);
    // The quotes that are open, and how many braces within each interpolation.
    let mut quotes: Vec<u32> = Vec::new();
    let mut quoted = false;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if quoted => at += 2,
            b'"' => {
                quoted = !quoted;
                at += 1;
            }
            b'{' if quoted => {
                quoted = false;
                quotes.push(0);
                at += 1;
            }
            _ if quoted => at += 1,
            b'#' => at += text[at..].find('\n').unwrap_or(text.len() - at),
            b'\'' => at += text[at + 1..].find('\'').unwrap() + 2,
            brace @ (b'{' | b'}') => {
                match (brace, quotes.last_mut()) {
                    (b'}', Some(0)) => {
                        quotes.pop();
                        quoted = true;
                    }
                    (b'}', Some(depth)) => *depth -= 1,
                    (b'{', Some(depth)) => *depth += 1,
                    _ => {}
                }
                at += 1;
            }
            letter if letter.is_ascii_alphabetic() || letter == b'_' => {
                let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
                let length = text[at..].find(|c| !word(c)).unwrap_or(text.len() - at);
                found.push(Word { at, text: &text[at..at + length] });
                at += length;
            }
            digit if digit.is_ascii_digit() => {
                let number = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '/' | '%');
                at += text[at..].find(|c| !number(c)).unwrap_or(text.len() - at);
            }
            _ => at += 1,
        }
    }
    found
}

#[test]
fn every_word_that_is_a_declared_name_is_told() {
    for name in FIXTURES {
        let text = fixture(name);
        let (sources, places) = named(&text);
        let told: BTreeSet<usize> = places.iter().map(|place| place.span.start as usize).collect();
        let declared: BTreeSet<&str> = places
            .iter()
            .filter(|place| place.declared == Some(place.span))
            .map(|place| sources.text(place.span))
            .collect();
        let mut count = 0;
        for word in words(&text).iter().filter(|word| declared.contains(word.text)) {
            let (before, behind) =
                (text[..word.at].trim_end_matches(' '), &text[word.at + word.text.len()..]);
            // The key of an object is no name, nor is a verb, behind what is told it.
            let key = behind.starts_with(':') && before.ends_with(['{', ',', '\n']);
            let verb = before.ends_with(|c: char| c.is_ascii_alphanumeric())
                && declared.contains(
                    before.rsplit(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).next().unwrap(),
                );
            let clause =
                word.text == "users" && behind.starts_with(['\n', ' ']) && !before.ends_with(['|', '.']);
            // `rate(…)` is a function, whatever column has that name.
            let call = behind.starts_with('(');
            if key || verb || clause || call {
                continue;
            }
            count += 1;
            let line = text[..word.at].lines().count();
            assert!(told.contains(&word.at), "{name}:{line}: `{}` is not told", word.text);
        }
        assert!(count > 30, "{name}: only {count} names");
    }
}
