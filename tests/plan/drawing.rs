//! Drawings: well formed, accessible, alone, and of bounded size, whatever is in the scenario.

use super::planned;
use super::whole::{SCENARIOS, fixture};
use roxmltree::{Document, Node};
use soak::plan::{Plan, svg};
use std::fmt::Write;
use std::path::Path;

/// The drawing, read as XML and looked through for what must hold of each.
fn drawn(plan: &Plan) -> String {
    let drawing = svg(plan);
    let document = Document::parse(&drawing).unwrap_or_else(|error| panic!("{error}\n{drawing}"));
    let root = document.root_element();
    assert_eq!(root.tag_name().name(), "svg");
    assert_eq!(root.attribute("role"), Some("img"));
    let told = |id: &str| -> String {
        let named = |node: &Node| node.attribute("id") == Some(id);
        root.children().find(named).and_then(|node| node.text()).unwrap_or_default().to_owned()
    };
    assert_eq!(root.attribute("aria-labelledby"), Some("title desc"));
    assert!(!told("title").is_empty() && told("desc").contains("Takes"), "{drawing}");
    for node in root.descendants() {
        let name = node.tag_name().name();
        assert!(!["script", "image", "foreignObject", "a", "use", "link"].contains(&name), "{name}");
        for attribute in node.attributes() {
            assert!(!attribute.name().starts_with("on"), "{}", attribute.name());
            assert!(!attribute.value().contains("NaN") && !attribute.value().contains("inf"), "{node:?}");
        }
    }
    let outside = drawing.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
    let style = outside.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
    assert!(style.contains("prefers-color-scheme:dark") && !style.contains("@import"));
    assert!(!style.contains("url(") && !style.contains("http"));
    drawing
}

#[test]
fn whole_scenarios_are_drawn() {
    for name in SCENARIOS {
        let plan = fixture(name, &[]);
        let drawing = drawn(&plan);
        assert!(drawing.len() < 60_000, "{name}: {}", drawing.len());
        assert!(
            drawing.contains("class=\"phase\"") && drawing.contains("class=\"load\"") || name == "job-claims"
        );
    }
}

/// `SOAK_BLESS=1` writes it anew.
#[test]
fn the_drawing_in_the_docs_is_what_is_drawn() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/plan.svg");
    let drawing = drawn(&fixture("campus-vehicle", &[]));
    if std::env::var_os("SOAK_BLESS").is_some() {
        std::fs::write(&path, &drawing).unwrap();
    }
    assert!(std::fs::read_to_string(&path).unwrap() == drawing, "SOAK_BLESS=1 writes docs/plan.svg anew");
}

#[test]
fn texts_cannot_break_out_of_a_drawing() {
    let text = "scenario \"<&>'\\\" ]]> <script>alert(1)</script> evil\"\n\
                phase \"\u{5e9}\u{5dc}\u{5d5}\u{5dd} <b onload='x'>&amp;\" 3s { note \"\u{0628}\u{1f4a3}\" }\n\
                phase \"tab\\tand\\nline\" 2s {}\nexpect machine.cpu < 90%\n";
    let drawing = drawn(&planned("text.soak", text, &[]));
    assert!(drawing.contains("\u{5e9}\u{5dc}\u{5d5}\u{5dd} &lt;b onload='x'&gt;&amp;amp;"), "{drawing}");
    assert!(!drawing.contains("<script"));
}

#[test]
fn a_drawing_is_of_bounded_size() {
    let head = "scenario \"long\"\nhttp api { base \"http://127.0.0.1:1\" }\naction ask { api get \"/\" }\n\
                curve wave {\n| at | level |\n| 00:00 | 0% |\n| 12:00 | 100% |\n| 24:00 | 0% |\n}\n";
    let mut text = head.to_owned();
    for number in 0..5_000 {
        let _ = writeln!(text, "phase \"P{number}\" 1s {{ load ask at 5/s shaped wave }}");
    }
    let drawing = drawn(&planned("long.soak", &(text + "expect ask.count > 0\n"), &[]));
    assert!(drawing.len() < 2_000_000, "{}", drawing.len());
    assert!(drawing.contains("more steps are not drawn"));
    let word = "x".repeat(100_000);
    let wide =
        format!("scenario \"{word}\"\nphase \"{word}\" 1s {{ note \"{word}\" }}\nexpect machine.cpu < 90%\n");
    assert!(drawn(&planned("wide.soak", &wide, &[])).len() < 150_000);
}

#[test]
fn what_takes_no_time_or_any_is_drawn() {
    let nothing = "scenario \"nothing\"\nnote \"a\"\nexpect machine.cpu < 90% within 5m\n";
    drawn(&planned("nothing.soak", nothing, &[]));
    let any = "scenario \"any\"\nrepeat until machine.cpu < 50% { wait 1s }\nwait until machine.cpu < 10%\nexpect machine.cpu < 90%\n";
    drawn(&planned("any.soak", any, &[]));
}
