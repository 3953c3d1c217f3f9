//! Files that are half written, as an editor sees them: checking never panics, and one mistake does not make many.

use soak::check::{DiskFiles, Options, check};
use soak::source::Sources;

fn findings(text: &str) -> usize {
    let mut sources = Sources::new();
    sources.add("broken.soak", text).unwrap();
    let checked = check(&mut sources, &Options { params: &[], files: &DiskFiles });
    for found in &checked.diagnostics {
        let spans = found.labels.iter().map(|label| label.span).chain(found.fixes.iter().map(|fix| fix.span));
        for span in spans {
            assert!(text.get(span.start as usize..span.end as usize).is_some(), "{found:?}");
        }
    }
    checked.diagnostics.len()
}

fn fixtures() -> impl Iterator<Item = String> {
    ["burn-in", "campus-vehicle", "cloud-week", "job-claims", "observer-load"]
        .into_iter()
        .map(|name| std::fs::read_to_string(format!("tests/fixtures/{name}.soak")).unwrap())
}

#[test]
fn a_file_cut_anywhere_is_checked() {
    for text in fixtures() {
        // A prime step, so that the cuts fall at ever different places of the lines.
        for end in (0..text.len()).step_by(211).filter(|end| text.is_char_boundary(*end)) {
            findings(&text[..end]);
        }
    }
}

#[test]
fn a_file_that_lacks_a_line_is_checked() {
    for text in fixtures() {
        let lines: Vec<&str> = text.lines().collect();
        for lacking in (0..lines.len()).step_by(3) {
            let kept: Vec<&str> =
                lines.iter().enumerate().filter(|(at, _)| *at != lacking).map(|(_, l)| *l).collect();
            findings(&kept.join("\n"));
        }
    }
}

#[test]
fn a_word_that_is_doubled_or_changed_is_checked() {
    for text in fixtures() {
        let spaces: Vec<usize> = text.match_indices(' ').map(|(at, _)| at).collect();
        for at in spaces.iter().step_by(23) {
            for put in [" 5", " \"x\"", " -", " in", " {", " over 5m", " json", " app.x", " µ", " {} µ"] {
                findings(&format!("{}{put}{}", &text[..*at], &text[*at..]));
            }
        }
    }
}

#[test]
fn places_lie_between_characters_also_where_a_block_is_closed_by_indentation() {
    for text in ["choose {\n  3: a on\nµ1: b on\n", "phase \"x\" {\n  wait 1s\n✓\n", "x {\n\u{2003}a\n→ b\n"]
    {
        assert!(findings(text) > 0, "{text:?}");
    }
}

#[test]
fn a_wrong_declaration_is_told_where_it_stands_only() {
    let text = std::fs::read_to_string("tests/fixtures/campus-vehicle.soak").unwrap();
    let cases = [
        ("param duration = 2h", "param duration = 2hh"),
        ("link wifi    { between vehicle, cloud }", "lnk wifi    { between vehicle, cloud }"),
        ("metric queue  = json_count(", "metric queue  = json_cuont("),
        (
            "  data write \"{pick(sources)}/{date()}/{seq}.log\"",
            "  data wrote \"{pick(sources)}/{date()}/{seq}.log\"",
        ),
    ];
    for (right, wrong) in cases {
        assert!(text.contains(right), "{right}");
        assert!(findings(&text.replacen(right, wrong, 1)) <= 2, "{wrong}");
    }
}
