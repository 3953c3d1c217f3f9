//! What a process writes: whole lines with the moment of their arrival, to the log and to whoever listens.

use std::sync::Arc;

use regex::Regex;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::{broadcast, mpsc};

use super::probe::Readiness;
use crate::lang::mask::{Mask, MaskedLines};
use crate::lang::moment::{Moment, Timeline};

/// Bytes taken at once.
pub const READ_SIZE: usize = 16 * 1024;
/// A line is handed on up to this length, in bytes; the log has all of it.
pub const LINE_LIMIT: usize = 16 * 1024;
/// Lines kept for a subscriber that is behind; what it then misses it is told the number of.
pub const LINES_KEPT: usize = 4096;

/// Where a process wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    Output,
    Error,
    /// A file of its own.
    Log,
}

/// A whole line, without its end.
#[derive(Clone, Debug)]
pub struct OutputLine {
    /// When its end arrived.
    pub at: Moment,
    pub stream: Stream,
    /// Bytes that are not UTF-8 are replaced.
    pub text: Arc<str>,
    /// Whether it went on beyond [`LINE_LIMIT`].
    pub cut: bool,
    /// The how-manieth start of the process it belongs to, from 1; 0 of a file.
    pub instance: u64,
}

/// Where lines go.
#[derive(Clone)]
pub(super) struct Sink {
    pub log: mpsc::Sender<Vec<u8>>,
    /// What the log must not show.
    pub mask: Mask,
    pub lines: broadcast::Sender<OutputLine>,
    pub timeline: Timeline,
    pub instance: u64,
    /// The expression that makes the process ready, until it was seen.
    pub awaited: Option<Regex>,
    pub readiness: mpsc::Sender<Readiness>,
}

/// Reads a stream to its end.
pub(super) async fn follow(mut pipe: impl AsyncRead + Unpin, stream: Stream, mut sink: Sink) {
    let mut buffer = vec![0; READ_SIZE];
    let mut begun = Begun::new(sink.mask.clone());
    loop {
        let length = match pipe.read(&mut buffer).await {
            Ok(0) | Err(_) => break,
            Ok(length) => length,
        };
        let at = sink.timeline.now();
        let mut rest = &buffer[..length];
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            begun.extend(&rest[..end]);
            rest = &rest[end + 1..];
            sink.line(begun.take(), stream, at).await;
        }
        begun.extend(rest);
        sink.log(begun.log.push(&buffer[..length])).await;
    }
    let last = begun.unfinished();
    if !last.is_empty() {
        let at = sink.timeline.now();
        sink.line(begun.take(), stream, at).await;
        sink.log(last).await;
    }
}

/// A line whose end has not come.
struct Begun {
    /// Its beginning, for listeners.
    text: Vec<u8>,
    cut: bool,
    /// The log gets all of it. The two streams share that, so it gets whole lines.
    log: MaskedLines,
}

impl Begun {
    fn new(mask: Mask) -> Begun {
        Begun { text: Vec::new(), cut: false, log: MaskedLines::new(mask, LINE_LIMIT) }
    }

    fn extend(&mut self, bytes: &[u8]) {
        let room = LINE_LIMIT - self.text.len();
        self.cut |= bytes.len() > room;
        self.text.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn take(&mut self) -> (Vec<u8>, bool) {
        (std::mem::take(&mut self.text), std::mem::take(&mut self.cut))
    }

    /// The rest at the end of the stream, with the line end it lacks.
    fn unfinished(&mut self) -> Vec<u8> {
        let mut last = self.log.rest();
        if !last.is_empty() || !self.text.is_empty() {
            last.push(b'\n');
        }
        last
    }
}

impl Sink {
    async fn log(&self, piece: Vec<u8>) {
        if !piece.is_empty() {
            // The thread that writes ends only after all senders are gone.
            let _ = self.log.send(piece).await;
        }
    }

    async fn line(&mut self, (text, cut): (Vec<u8>, bool), stream: Stream, at: Moment) {
        let text = String::from_utf8_lossy(&text);
        let text = text.strip_suffix('\r').unwrap_or(&text);
        if self.awaited.as_ref().is_some_and(|awaited| awaited.is_match(text)) {
            self.awaited = None;
            // Nobody to tell any more: the process is being given up.
            let _ = self.readiness.send(Readiness { instance: self.instance, ready: true }).await;
        }
        // An error says that nobody listens.
        let _ = self.lines.send(OutputLine { at, stream, text: text.into(), cut, instance: self.instance });
    }
}
