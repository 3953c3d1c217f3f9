//! What is shown while a run goes on, on standard error.

use super::Style;
use super::status::Status;
use super::told::{Weight, told};
use crate::event::{Event, EventKind, Judged, Verdict};
use std::collections::HashMap;
use std::io::Write;
use std::time::{Duration, Instant};

/// The status line is drawn at most so often.
const REDRAW_PERIOD: Duration = Duration::from_millis(250);
/// So many lines are shown of what one line of the scenario does; `-v` shows all.
const MAX_TOLD_OF_ONE_LINE: u32 = 10;
/// So many misses of one expectation are shown with the scenario's line.
const MAX_DRAWN_MISSES: u32 = 3;
/// How many lines of the scenario are kept count of.
const MAX_LINES: usize = 10_000;

/// How a run is watched.
#[derive(Clone, Copy, Debug)]
pub struct View {
    pub style: Style,
    /// Whether a line can be drawn in place and erased again.
    pub in_place: bool,
    /// Whether everything is told.
    pub verbose: bool,
    /// How long the story takes, where that is known.
    pub total: Option<Duration>,
}

/// Shows a missed expectation at its line of the scenario; `None` where it has no place.
pub type Draw = Box<dyn Fn(&Judged) -> Option<String> + Send>;

/// The display of a run that goes on.
pub struct Progress {
    out: Box<dyn Write + Send>,
    view: View,
    draw: Draw,
    status: Status,
    drawn: Option<String>,
    drawn_at: Option<Instant>,
    /// When the run began, as far as its first event tells.
    origin: Option<Instant>,
    told: HashMap<(std::mem::Discriminant<EventKind>, u32), u32>,
}

impl Progress {
    /// A display on `out`.
    pub fn new(out: Box<dyn Write + Send>, view: View, draw: Draw) -> Progress {
        Progress {
            out,
            view,
            draw,
            status: Status::new(view.total),
            drawn: None,
            drawn_at: None,
            origin: None,
            told: HashMap::new(),
        }
    }

    /// Shows the next event.
    pub fn event(&mut self, event: &Event) {
        self.origin.get_or_insert_with(|| {
            let now = Instant::now();
            now.checked_sub(Duration::try_from_secs_f64(event.at).unwrap_or_default()).unwrap_or(now)
        });
        self.status.fold(event);
        if let Some(text) = self.text(event) {
            self.line(&text);
        }
        self.tick();
    }

    /// Redraws the status line where that is due. To be called some four times a second.
    pub fn tick(&mut self) {
        let Some(origin) = self.origin.filter(|_| self.view.in_place) else { return };
        if self.drawn_at.is_some_and(|at| at.elapsed() < REDRAW_PERIOD) {
            return;
        }
        let line = self.status.line(origin.elapsed().as_secs_f64(), self.view.style);
        self.drawn_at = Some(Instant::now());
        if self.drawn.as_ref() != Some(&line) {
            self.erase();
            let _ = write!(self.out, "{line}").and_then(|()| self.out.flush());
            self.drawn = Some(line);
        }
    }

    /// Takes the status line away.
    pub fn finish(mut self) {
        self.erase();
        let _ = self.out.flush();
    }

    fn text(&mut self, event: &Event) -> Option<String> {
        let (weight, line, text) = told(event, self.view.style)?;
        let lines = self.view.verbose || !self.view.in_place;
        let shown = weight == Weight::Always || (weight == Weight::Story && lines) || self.view.verbose;
        if !shown {
            return None;
        }
        let before = self.count(event, line);
        if let EventKind::Judged(judged) = &event.kind
            && judged.verdict != Verdict::Pass
            && before < MAX_DRAWN_MISSES
            && let Some(drawn) = (self.draw)(judged)
        {
            return Some(drawn.trim_end().to_owned());
        }
        if self.view.verbose || before < MAX_TOLD_OF_ONE_LINE || line == 0 {
            return Some(text);
        }
        let what = "further ones like it are in events.jsonl";
        (before == MAX_TOLD_OF_ONE_LINE).then(|| format!("{text} ({what})"))
    }

    /// How often this line of the scenario was told of in this way before.
    fn count(&mut self, event: &Event, line: u32) -> u32 {
        let key = (std::mem::discriminant(&event.kind), line);
        if self.told.len() >= MAX_LINES && !self.told.contains_key(&key) {
            return u32::MAX;
        }
        let count = self.told.entry(key).or_default();
        *count = count.saturating_add(1);
        *count - 1
    }

    fn line(&mut self, text: &str) {
        self.erase();
        // Nobody may be looking on any more; the run goes on.
        let _ = writeln!(self.out, "{text}").and_then(|()| self.out.flush());
    }

    fn erase(&mut self) {
        if self.drawn.take().is_some() {
            let _ = write!(self.out, "\r\x1b[K");
        }
    }
}
