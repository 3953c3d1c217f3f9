//! Data goes to standard output, talk to standard error; a reader that has gone away ends soak quietly.

use super::Exit;
use crate::diag::human::Style;
use std::io::{self, IsTerminal, Write};
use terminal_size::{Height, Width, terminal_size_of};

/// Writes data. Where nobody reads it any more (`soak kinds | head`) that is no mistake.
pub fn data(bytes: &[u8], then: Exit) -> Exit {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => then,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => then,
        Err(error) => {
            say(&format!("cannot write to standard output: {error}"));
            Exit::Impossible
        }
    }
}

/// Says something to whoever is looking on.
pub fn say(sentence: &str) {
    // Nobody may be looking on any more.
    let _ = writeln!(io::stderr().lock(), "soak: {sentence}");
}

/// Shows a text as it is, to whoever is looking on.
pub fn show(text: &str) {
    let mut out = io::stderr().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// How to draw on standard output.
pub fn data_style() -> Style {
    let out = io::stdout();
    Style::for_stream(out.is_terminal(), columns(terminal_size_of(&out)))
}

/// How to draw on standard error.
pub fn talk_style() -> Style {
    let err = io::stderr();
    Style::for_stream(err.is_terminal(), columns(terminal_size_of(&err)))
}

/// How wide the terminal is: as the shell tells, or as the terminal does. What has no width is no terminal.
fn columns(terminal: Option<(Width, Height)>) -> Option<usize> {
    let told = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    told.or_else(|| terminal.map(|(width, _)| usize::from(width.0)).filter(|width| *width > 0))
}
