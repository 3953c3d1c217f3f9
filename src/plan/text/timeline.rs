//! The timeline: a row a step, with its start, its length, a bar on the time of the whole, and what it does.

use super::layout::{Page, Paint, wrapped};
use super::{count, grouped};
use crate::lang::unit::format_duration;
use crate::plan::rows::{self, Row, Scale, What, harms, on_one_line, ticks, waits};
use crate::plan::{Count, Plan, Shape, Step, StepKind};
use std::time::Duration;
use unicode_width::UnicodeWidthStr;

/// So many rows are shown; more are counted.
const MAX_ROWS: usize = 1_000;
/// The columns of starts and of lengths.
const TIME: usize = 9;
/// Where a page is narrower, there are no bars; where it is wider than the second, they take more of it.
const ROOM_FOR_BARS: (usize, usize) = (72, 110);
/// The fewest and the most columns of bars.
const BARS: (usize, usize) = (12, 90);
/// A mark of the axis has at least so many columns.
const MARK: usize = 5;
/// And the axis at most so many.
const MARKS: usize = 12;

struct Timeline<'a> {
    page: &'a mut Page,
    total: Duration,
    scale: Scale,
    bars: usize,
    /// The signs that were drawn and what they are.
    legend: Vec<(String, &'static str)>,
}

/// Writes the timeline of a plan.
pub(super) fn timeline(plan: &Plan, page: &mut Page) {
    page.heading("What happens");
    let total = rows::total(plan);
    let width = page.style.width;
    let bars = if width < ROOM_FOR_BARS.0 || total.is_zero() {
        0
    } else {
        (width / if width < ROOM_FOR_BARS.1 { 5 } else { 4 }).clamp(BARS.0, BARS.1)
    };
    let mut timeline = Timeline { page, total, scale: Scale::of(plan), bars, legend: Vec::new() };
    timeline.head();
    let all = rows::rows(plan, MAX_ROWS);
    for row in &all.rows {
        match row.what {
            What::Step(step) => timeline.row(row, step),
            What::Judged { count, more } => {
                let bar = " ".repeat(timeline.bars);
                timeline.write("", "", &bar, &What::judged(count, more), row.depth, Paint::Dim);
            }
        }
    }
    timeline.foot(all.left_out);
}

/// A time in its column: where it is too wide, without its smallest units.
fn fitted(mut time: String) -> String {
    while time.width() >= TIME
        && let Some(unit) = time[..time.len() - 1].rfind(|c: char| c.is_ascii_alphabetic())
    {
        time.truncate(unit + 1);
    }
    time
}

impl Timeline<'_> {
    /// What stands over the columns: the axis, with marks at round times.
    fn head(&mut self) {
        let times = format!("{:>TIME$}{:>TIME$}  ", "start", "length");
        if self.bars == 0 {
            return self.dim(&format!("{times}step"));
        }
        let mut labels = String::new();
        let (mut ruler, mut used) = (vec![self.page.sign("─", "-"); self.bars], 0);
        for at in ticks(self.total, (self.bars / MARK).min(MARKS)) {
            let column = self.column(at).min(self.bars - 1);
            ruler[column] = self.page.sign("┴", "+");
            let label = if at.is_zero() { "0".into() } else { format_duration(at) };
            // The last one stands before its mark, where it would leave the axis behind it.
            let from = column.min(self.bars.saturating_sub(label.width()));
            if at.is_zero() || from > used {
                labels.push_str(&format!("{:space$}{label}", "", space = from - used));
                used = from + label.width();
            }
        }
        let space = self.bars.saturating_sub(used) + 2;
        self.dim(&format!("{times}{labels}{:space$}step", ""));
        self.dim(&format!("{:indent$}{}", "", ruler.concat(), indent = 2 * TIME + 2));
    }

    /// What stands below: what is not shown, and what the signs are.
    fn foot(&mut self, left_out: u64) {
        let indent = 2 * TIME + 2;
        if left_out > 0 {
            let more = format!("{} more steps are not shown", grouped(left_out));
            self.page.paragraph(indent, indent, &more);
        }
        let signs: Vec<String> = self.legend.iter().map(|(sign, what)| format!("{sign} {what}")).collect();
        if !signs.is_empty() {
            let indent = indent.min(self.page.style.width / 4);
            for line in wrapped(&signs.join("   ").replace("   ", "\u{2003}"), self.page.style.width - indent)
            {
                self.dim(&format!("{:indent$}{}", "", line.replace('\u{2003}', "   ")));
            }
        }
    }

    fn dim(&mut self, line: &str) {
        let line = self.page.painted(line, Paint::Dim);
        self.page.line(&line);
    }

    fn row(&mut self, row: &Row, step: &Step) {
        let start = fitted(format_duration(step.start));
        let length = fitted(self.length(step));
        let bar = self.bar(step);
        let paint = match step.kind {
            StepKind::Phase | StepKind::Setup | StepKind::Cleanup => Paint::Bold,
            _ if harms(step) => Paint::Red,
            StepKind::Load => Paint::Green,
            StepKind::Loop | StepKind::Block | StepKind::Choice => Paint::Cyan,
            _ => Paint::Plain,
        };
        let text = self.text(step);
        self.write(&start, &length, &bar, &text, row.depth, paint);
    }

    fn text(&self, step: &Step) -> String {
        let mut text = step.text.clone();
        if let Some(passes) = rows::passes(step) {
            let times = self.page.sign("×", "x");
            text.push_str(&match passes.known() {
                Some(passes) => format!("  {times}{}", grouped(passes)),
                None => format!("  {times}({})", count(passes)),
            });
        }
        let often = step.passes.is_some_and(|passes| passes.known().is_none_or(|passes| passes > 1));
        if often && !on_one_line(step) && !step.steps.is_empty() && !step.text.starts_with("for each") {
            text.push_str(", the first shown");
        }
        match step.iterations {
            Some(Count { least: 0, most: None, .. }) | None => {}
            Some(iterations) => {
                text.push_str(&format!("  = {}", count(iterations)));
            }
        }
        if let Some(undo) = &step.undo
            && step.kind == StepKind::Fault
        {
            text.push_str(&format!(" {} {undo}", self.page.sign("→", "->")));
        }
        text
    }

    fn length(&self, step: &Step) -> String {
        let length = step.end.saturating_sub(step.start);
        if !length.is_zero() {
            return format_duration(length);
        }
        match step.longest {
            Some(longest) if longest.is_zero() => String::new(),
            Some(longest) => format!("{}{}", self.page.sign("≤", "<="), format_duration(longest)),
            None => "any".into(),
        }
    }

    fn column(&self, at: Duration) -> usize {
        let share = at.as_secs_f64() / self.total.as_secs_f64();
        (share * self.bars as f64).clamp(0.0, self.bars as f64) as usize
    }

    /// Remembers what a sign is.
    fn means(&mut self, sign: &str, what: &'static str) {
        if !self.legend.iter().any(|(_, known)| *known == what) {
            self.legend.push((sign.to_string(), what));
        }
    }

    /// Where it lies on the time of the whole.
    fn bar(&mut self, step: &Step) -> String {
        if self.bars == 0 {
            return String::new();
        }
        let instant = step.end == step.start;
        let first = self.column(step.start).min(self.bars - 1);
        let ends = (step.end.as_secs_f64() / self.total.as_secs_f64() * self.bars as f64).ceil() as usize;
        let last = ends.clamp(first + 1, self.bars);
        if step.kind == StepKind::Expect && instant && waits(step) {
            return self.deadline(step, first);
        }
        let (sign, what) = match step.kind {
            _ if instant && harms(step) => (self.page.sign("▒", "x"), "fault"),
            _ if instant => (self.page.sign("·", "."), "takes no time"),
            StepKind::Phase | StepKind::Setup | StepKind::Cleanup => (self.page.sign("━", "="), "phase"),
            StepKind::Load => (self.page.sign("█", "8"), "load, as high as its rate"),
            _ if harms(step) => (self.page.sign("▒", "x"), "fault"),
            StepKind::Wait | StepKind::Expect => (self.page.sign("╌", "~"), "wait"),
            _ => (self.page.sign("─", "-"), "block or loop"),
        };
        self.means(sign, what);
        let bar = match &step.shape {
            Some(shape) if !instant => self.shape(shape, last - first),
            _ => sign.repeat(last - first),
        };
        format!("{}{bar}{}", " ".repeat(first), " ".repeat(self.bars - last))
    }

    /// What may be waited for, from now to the deadline.
    fn deadline(&mut self, step: &Step, first: usize) -> String {
        let longest = step.longest.map(|longest| self.column(step.start.saturating_add(longest)));
        let last = longest.unwrap_or(self.bars).clamp(first + 1, self.bars);
        let (mark, line) = (self.page.sign("◇", "o"), self.page.sign("┈", "."));
        self.means(&format!("{mark}{line}"), "expected within");
        let bar = format!("{mark}{}", line.repeat(last - first - 1));
        format!("{}{bar}{}", " ".repeat(first), " ".repeat(self.bars - last))
    }

    /// What a load asks for over its time, as heights; random gaps are uneven.
    fn shape(&self, shape: &Shape, columns: usize) -> String {
        const HEIGHTS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
        const ASCII: [&str; 8] = ["1", "2", "3", "4", "5", "6", "7", "8"];
        const UNEVEN: [f64; 5] = [1.0, 0.7, 0.9, 0.6, 0.8];
        let heights = if self.page.style.unicode { HEIGHTS } else { ASCII };
        let levels = self.scale.levels(shape);
        let height = |column: usize| {
            let from = column * levels.len() / columns;
            let to = ((column + 1) * levels.len() / columns).clamp(from + 1, levels.len().max(from + 1));
            let part = levels.get(from..to).unwrap_or_default();
            let mean = part.iter().sum::<f64>() / part.len().max(1) as f64;
            let uneven = if shape.random { UNEVEN[column % UNEVEN.len()] } else { 1.0 };
            heights[((mean * uneven * 8.0 - 1e-9).ceil() as usize).clamp(1, 8) - 1]
        };
        (0..columns).map(height).collect()
    }

    fn write(&mut self, start: &str, length: &str, bar: &str, text: &str, depth: usize, paint: Paint) {
        /// So much is always left for words; what is deeper is indented no further.
        const WORDS: usize = 16;
        let gap = if self.bars > 0 { 2 } else { 0 };
        let left = 2 * TIME + 2 + self.bars + gap;
        let hang = 2;
        let indent = (2 * depth).min(self.page.style.width.saturating_sub(left + hang + WORDS));
        let width = self.page.style.width.saturating_sub(left + indent + hang);
        let text = self.page.clean(text);
        for (index, line) in wrapped(&text, width).iter().enumerate() {
            let line = self.page.painted(line, paint);
            if index == 0 {
                let pad = |text: &str| format!("{}{text}", " ".repeat(TIME.saturating_sub(text.width())));
                let times = self.page.painted(&format!("{}{}", pad(start), pad(length)), Paint::Dim);
                let bar = self.page.painted(bar, paint);
                self.page.line(&format!("{times}  {bar}{:gap$}{:indent$}{line}", "", ""));
            } else {
                self.page.line(&format!("{:left$}{:indent$}{:hang$}{line}", "", "", ""));
            }
        }
    }
}
