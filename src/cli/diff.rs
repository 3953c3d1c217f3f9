//! Showing a change without making it: a unified diff, as `patch` and `git apply` read it.

use similar::TextDiff;
use std::time::Duration;

/// How long a diff may be thought about; one that takes longer is right, but not the shortest.
const PATIENCE: Duration = Duration::from_secs(2);

/// The change of one file; empty where there is none.
pub fn unified(name: &str, before: &str, after: &str, color: bool) -> String {
    let diff = TextDiff::configure().timeout(PATIENCE).diff_lines(before, after);
    let text = diff.unified_diff().header(name, name).to_string();
    if color { text.split_inclusive('\n').map(colored).collect() } else { text }
}

fn colored(line: &str) -> String {
    let style = match line.as_bytes() {
        [b'-', b'-', b'-', ..] | [b'+', b'+', b'+', ..] => "1",
        [b'@', ..] => "36",
        [b'-', ..] => "31",
        [b'+', ..] => "32",
        _ => return line.to_owned(),
    };
    let text = line.trim_end_matches(['\r', '\n']);
    format!("\x1b[{style}m{text}\x1b[0m{}", &line[text.len()..])
}
