//! The timeline: a row a step, with its start, its length, a bar on the time of the whole, and what it does.

use super::layout::{Page, Paint, wrapped};
use super::{count, grouped};
use crate::lang::unit::format_duration;
use crate::plan::{Count, Plan, Step, StepKind};
use std::time::Duration;
use unicode_width::UnicodeWidthStr;

/// So many rows are shown; more are counted.
const MAX_ROWS: usize = 1_000;
/// The columns of starts and of lengths.
const TIME: usize = 9;
/// The bars take this part of the width, between these limits; where less than the first is left, there are none.
const BARS: (usize, usize, usize) = (5, 12, 48);

struct Timeline<'a> {
    page: &'a mut Page,
    total: Duration,
    bars: usize,
    rows: usize,
    left_out: u64,
}

/// Writes the timeline of a plan.
pub(super) fn timeline(plan: &Plan, page: &mut Page) {
    page.heading("What happens");
    let total = plan.steps.iter().map(|step| step.end).max().unwrap_or_default();
    let (part, least, most) = BARS;
    let bars = if page.style.width < 72 || total.is_zero() {
        0
    } else {
        (page.style.width / part).clamp(least, most)
    };
    let mut timeline = Timeline { page, total, bars, rows: 0, left_out: plan.steps_left_out };
    timeline.head();
    timeline.steps(&plan.steps, 0);
    if timeline.left_out > 0 {
        let more = format!("{} more steps are not shown", grouped(timeline.left_out));
        timeline.page.paragraph(2 * TIME + 2, 2 * TIME + 2, &more);
    }
}

impl Timeline<'_> {
    /// What stands over the columns.
    fn head(&mut self) {
        let mut line = format!("{:>TIME$}{:>TIME$}  ", "start", "length");
        if self.bars > 0 {
            let end = format_duration(self.total);
            let space = self.bars.saturating_sub(1 + end.width());
            line.push_str(&format!("0{:space$}{end}  ", ""));
        }
        line.push_str("step");
        let line = self.page.painted(&line, Paint::Dim);
        self.page.line(&line);
    }

    fn steps(&mut self, steps: &[Step], depth: usize) {
        let mut judged = 0;
        for step in steps {
            // What is judged without waiting would drown the rest; it is counted.
            if step.kind == StepKind::Expect && !waits(step) {
                judged += 1;
                continue;
            }
            if self.rows >= MAX_ROWS {
                self.left_out += 1 + hidden(&step.steps);
                continue;
            }
            // A block around one step says no more than the step does.
            if step.kind == StepKind::Block
                && let [only] = step.steps.as_slice()
                && only.start == step.start
                && only.kind != StepKind::Expect
            {
                self.steps(&step.steps, depth);
                continue;
            }
            self.row(step, depth);
            if !step.text.ends_with(" >") {
                self.steps(&step.steps, depth + 1);
            }
        }
        if judged > 0 && self.rows < MAX_ROWS {
            let plural = if judged == 1 { "" } else { "s" };
            let more = if steps.iter().any(|step| step.kind == StepKind::Expect && waits(step)) {
                "more "
            } else {
                ""
            };
            let text = format!("{judged} {more}expectation{plural}");
            self.rows += 1;
            self.write("", "", &" ".repeat(self.bars), &text, depth, Paint::Dim);
        }
    }

    fn row(&mut self, step: &Step, depth: usize) {
        self.rows += 1;
        let start = format_duration(step.start);
        let length = self.length(step);
        let bar = self.bar(step);
        let paint = match step.kind {
            StepKind::Phase | StepKind::Setup | StepKind::Cleanup => Paint::Bold,
            _ if harms(step) => Paint::Red,
            StepKind::Load => Paint::Green,
            StepKind::Loop | StepKind::Block | StepKind::Choice => Paint::Cyan,
            _ => Paint::Plain,
        };
        let text = self.text(step);
        self.write(&start, &length, &bar, &text, depth, paint);
    }

    fn text(&self, step: &Step) -> String {
        let mut text = step.text.clone();
        if let Some(passes) = step.passes {
            let times = self.page.sign("×", "x");
            text.push_str(&match passes.known() {
                Some(passes) => format!("  {times}{}", grouped(passes)),
                None => format!("  {times}({})", count(passes)),
            });
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

    /// Where it lies on the time of the whole.
    fn bar(&self, step: &Step) -> String {
        if self.bars == 0 {
            return String::new();
        }
        let length = step.end.saturating_sub(step.start);
        let sign = match step.kind {
            _ if length.is_zero() => self.page.sign("·", "."),
            StepKind::Phase | StepKind::Setup | StepKind::Cleanup => self.page.sign("━", "="),
            StepKind::Load => self.page.sign("▄", "#"),
            _ if harms(step) => self.page.sign("▒", "x"),
            StepKind::Wait | StepKind::Expect => self.page.sign("╌", "~"),
            _ => self.page.sign("─", "-"),
        };
        let column = |at: Duration| {
            let share = at.as_secs_f64() / self.total.as_secs_f64();
            (share * self.bars as f64).clamp(0.0, self.bars as f64)
        };
        let first = (column(step.start) as usize).min(self.bars - 1);
        let last = (column(step.end).ceil() as usize).clamp(first + 1, self.bars);
        let bar = match &step.shape {
            Some(shape) if !length.is_zero() => self.shape(shape, last - first),
            _ => sign.repeat(last - first),
        };
        format!("{}{bar}{}", " ".repeat(first), " ".repeat(self.bars - last))
    }

    /// A load's rate over its time, as heights.
    fn shape(&self, levels: &[f64], columns: usize) -> String {
        const HEIGHTS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
        const ASCII: [&str; 8] = [".", ":", "-", "=", "+", "*", "%", "#"];
        let heights = if self.page.style.unicode { HEIGHTS } else { ASCII };
        let height = |column: usize| {
            let from = column * levels.len() / columns;
            let to = ((column + 1) * levels.len() / columns).clamp(from + 1, levels.len().max(from + 1));
            let part = levels.get(from..to).unwrap_or_default();
            let mean = part.iter().sum::<f64>() / part.len().max(1) as f64;
            heights[((mean * 8.0).ceil() as usize).clamp(1, 8) - 1]
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

/// Whether it is a fault, or a loop that is shown on one line with one in it.
fn harms(step: &Step) -> bool {
    let told = step.text.ends_with(" >");
    step.kind == StepKind::Fault || told && step.steps.iter().any(|inner| inner.kind == StepKind::Fault)
}

/// Whether the story waits for it.
fn waits(step: &Step) -> bool {
    !step.background && (step.end > step.start || step.longest != Some(Duration::ZERO))
}

fn hidden(steps: &[Step]) -> u64 {
    steps.iter().map(|step| 1 + hidden(&step.steps)).sum()
}
