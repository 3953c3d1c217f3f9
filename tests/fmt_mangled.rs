//! The formatter on scenarios as nobody would write them: lines joined and torn apart, comments in odd places, tabs, CRLF,
//! wide characters. Whatever can still be read keeps its tree, its comments and its findings.

mod fmt_support;

use fmt_support::kept;
use std::path::Path;

/// A small generator of its own, so that a failure comes again.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit.max(1)
    }

    /// One of the places of a mark, if it is there at all.
    fn place(&mut self, text: &str, mark: &str) -> Option<usize> {
        let places: Vec<usize> = text.match_indices(mark).map(|(at, _)| at).collect();
        (!places.is_empty()).then(|| places[self.below(places.len())])
    }
}

/// One change, at a place that `random` picks.
fn mangled(text: &str, random: &mut Random) -> String {
    const COMMENTS: &[&str] =
        &["# odd", "#", "# soak: allow(W0901)", "#! 日本語 | x |", "# ends with \\", "# }"];
    let comment = COMMENTS[random.below(COMMENTS.len())];
    let replaced = |at: usize, length: usize, with: &str| {
        let mut changed = text.to_string();
        changed.replace_range(at..at + length, with);
        changed
    };
    let unchanged = || text.to_string();
    match random.below(14) {
        0 => random.place(text, "\n").map_or_else(unchanged, |at| replaced(at, 0, &format!(" {comment}"))),
        1 => random.place(text, "\n").map_or_else(unchanged, |at| replaced(at, 0, &format!("\n {comment}"))),
        2 => random.place(text, "\n").map_or_else(unchanged, |at| replaced(at, 1, "; ")),
        3 => random.place(text, "\n").map_or_else(unchanged, |at| replaced(at, 0, "\n\n \t\n")),
        4 => {
            let marks = ["(", "[", "{", "<", ",", ")", "]", "}", ">", "|"];
            let mark = marks[random.below(marks.len())];
            random.place(text, mark).map_or_else(unchanged, |at| replaced(at + mark.len(), 0, "\n\t"))
        }
        5 => {
            let marks = ["(", "[", "{", "<", ",", "|", ")", "}"];
            let mark = marks[random.below(marks.len())];
            let with = format!(" {comment}\n");
            random.place(text, mark).map_or_else(unchanged, |at| replaced(at + mark.len(), 0, &with))
        }
        6 => random.place(text, " ").map_or_else(unchanged, |at| replaced(at, 1, " \\\n  ")),
        7 => random.place(text, " ").map_or_else(unchanged, |at| replaced(at, 1, "\t  ")),
        8 => text.replace('\n', "\r\n"),
        9 => text.lines().map(str::trim).collect::<Vec<_>>().join("\n"),
        10 => text.trim_end().to_string(),
        11 => random.place(text, "\"").map_or_else(unchanged, |at| replaced(at + 1, 0, "日本語é")),
        12 => random.place(text, "; ").map_or_else(unchanged, |at| replaced(at, 2, "\n")),
        _ => random.place(text, " | ").map_or_else(unchanged, |at| replaced(at, 3, "|")),
    }
}

#[test]
fn mangled_scenarios_keep_what_they_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut paths: Vec<_> = ["fixtures", "fmt", "check"]
        .iter()
        .flat_map(|name| std::fs::read_dir(folder.join(name)).unwrap().map(|entry| entry.unwrap().path()))
        .filter(|path| path.extension().is_some_and(|ext| ext == "soak"))
        .collect();
    paths.sort();
    // A file of cases holds many scenarios.
    let texts: Vec<String> = paths.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let texts: Vec<&str> = texts.iter().flat_map(|text| text.split("\n#= ")).collect();
    let mut random = Random(11);
    let (rounds, mut formatted) = (1_500, 0);
    for round in 0..rounds {
        let mut text = texts[round % texts.len()].to_string();
        for _ in 0..=random.below(6) {
            text = mangled(&text, &mut random);
        }
        match kept(&text) {
            Ok(done) => formatted += usize::from(done.is_some()),
            Err(why) => panic!("round {round}: {why}"),
        }
    }
    assert!(formatted > rounds / 4, "{formatted}");
}

/// Texts that were found by a fuzzer, each of which was once read in another way when it had been formatted.
#[test]
fn what_was_once_read_differently_is_read_alike() {
    for text in ["phasfeO  f\"\"{\n  wait 1s\n}\n", "lod x(1)at 5/s\n", "lod\tx\twith\t5 users\n"] {
        kept(text).unwrap_or_else(|changed| panic!("{text}: {changed}"));
    }
}
