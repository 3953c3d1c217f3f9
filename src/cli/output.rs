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
        Err(error) => failed(&error, then),
    }
}

/// Data that come little by little, and may be more than memory holds. Only what runs has such.
#[cfg(target_os = "linux")]
pub struct Stream(io::BufWriter<io::StdoutLock<'static>>);

#[cfg(target_os = "linux")]
impl Stream {
    /// Onto standard output.
    pub fn begin() -> Stream {
        /// So much is gathered before it is written, in bytes.
        const GATHERED: usize = 64 << 10;
        Stream(io::BufWriter::with_capacity(GATHERED, io::stdout().lock()))
    }

    /// Writes more. What would be written after nobody reads any more need not be made: the program ends.
    pub fn write(&mut self, bytes: &[u8]) {
        if let Err(error) = self.0.write_all(bytes) {
            std::process::exit(i32::from(failed(&error, Exit::Good).code()));
        }
    }

    /// Writes what is left.
    pub fn finish(mut self, then: Exit) -> Exit {
        match self.0.flush() {
            Ok(()) => then,
            Err(error) => failed(&error, then),
        }
    }
}

/// What becomes of a program whose output cannot be written. That nobody reads it any more is no mistake.
fn failed(error: &io::Error, then: Exit) -> Exit {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return then;
    }
    say(&format!("cannot write to standard output: {error}"));
    Exit::Impossible
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

/// How wide standard output is, where that is known.
pub fn data_columns() -> Option<usize> {
    columns(terminal_size_of(io::stdout()))
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
