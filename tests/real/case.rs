//! What a case says about itself.
//!
//! | line | meaning |
//! |---|---|
//! | `#! exit 1` | the exit code; 0 where none is given; `0 or 1` where it depends on the machine |
//! | `#! verdict fail` | the verdict of the run; `pass` with exit code 0, otherwise not looked at |
//! | `#! missed "Name"` | an expectation that is missed, at the line where its name stands; no others are |
//! | `#! missed run false @ run "false"` | the same of a statement: its row, at the line with that text |
//! | `#! inconclusive "Name"` | the same of one that cannot be decided |
//! | `#! says TEXT`, `#! silent about TEXT` | standard error and output together |
//! | `#! at TEXT` | what is said points at the line of the case that holds the text |
//! | `#! report JSONPATH OP VALUE` | each match in `report.json` (one at least) is `==`, `>=`, `<=`, `contains` it |
//! | `#! nodes JSONPATH COUNT` | how many matches there are |
//! | `#! param NAME=VALUE`, `#! arguments …`, `#! env NAME=VALUE` | how the program is started |
//! | `#! file PATH CONTENT` | a file beside the scenario |
//! | `#! copy NAME` | the same, of a file beside the cases |
//! | `#! disk NAME SIZE` | a disk in memory beside the scenario, which only the program sees |
//! | `#! interface NAME` | the program sees this interface only; the param `peer`, and `SOAK_TEST_PEER`, is the network namespace at its other end |
//! | `#! zero now` | the param `zero` is the time at which it begins, in seconds since 1970 |
//! | `#! descriptors COUNT` | the program may have no more |
//! | `#! taken PARAM` | somebody listens on that port already |
//! | `#! signal NAME when TEXT` | once the run has said the text, it gets the signal; several go in their order |
//! | `#! left PATH` | a file beside the scenario that is there afterwards |
//! | `#! no report` | the run never began |
//!
//! A param whose default is `0` gets a free port.

use std::path::{Path, PathBuf};

/// A scenario and what is expected of its run.
pub struct Case {
    pub name: String,
    /// The lines of its file, those of other cases empty, so that a line has the number it has in the file.
    pub text: String,
    /// The params that get free ports.
    pub ports: Vec<String>,
    pub directives: Vec<(String, String)>,
    /// Where the file with the case lies.
    pub folder: PathBuf,
}

/// The cases of a file.
pub fn cases(path: &Path) -> Vec<Case> {
    let text = std::fs::read_to_string(path).unwrap();
    let starts: Vec<_> = text.lines().enumerate().filter(|(_, line)| line.starts_with("#--- ")).collect();
    let prelude = starts.first().expect("a file has cases").0;
    let case = |index: usize| {
        let (begin, head) = starts[index];
        let end = starts.get(index + 1).map_or(usize::MAX, |next| next.0);
        let own = |line: usize| line < prelude || (line > begin && line < end);
        let lines: Vec<&str> =
            text.lines().enumerate().map(|(line, text)| if own(line) { text } else { "" }).collect();
        let port = |line: &&str| {
            line.strip_prefix("param ")?.strip_suffix(" = 0").map(|name| name.trim().to_owned())
        };
        let directive = |line: &&str| {
            let line = line.strip_prefix("#! ")?.trim();
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            Some((word.to_owned(), rest.trim().to_owned()))
        };
        let file = path.file_stem().unwrap().display();
        Case {
            name: format!("{file}: {}", head.trim_start_matches("#--- ")),
            ports: lines.iter().filter_map(port).collect(),
            directives: lines.iter().filter_map(directive).collect(),
            text: lines.join("\n") + "\n",
            folder: path.parent().unwrap().to_path_buf(),
        }
    };
    (0..starts.len()).map(case).collect()
}

impl Case {
    /// What follows a word, each time it stands there.
    pub fn all<'a>(&'a self, word: &'a str) -> impl Iterator<Item = &'a str> {
        self.directives.iter().filter(move |(known, _)| known == word).map(|(_, rest)| rest.as_str())
    }

    /// What follows a word, the last time it stands there.
    pub fn one<'a>(&'a self, word: &'a str) -> Option<&'a str> {
        self.all(word).last()
    }

    /// The number of the first line with a text, `#!` lines aside.
    pub fn line_of(&self, text: &str) -> Option<usize> {
        let found = self.text.lines().position(|line| !line.starts_with("#!") && line.contains(text));
        found.map(|index| index + 1)
    }
}
