//! The lanes: one for each row, on one axis of time.

use super::paper::{Paper, clipped, short};
use crate::lang::unit::format_duration;
use crate::plan::rows::{self, Row, Rows, Scale, What, harms, on_one_line, ticks, waits};
use crate::plan::text::count;
use crate::plan::{ShapeUnit, Step, StepKind};
use std::time::Duration;

/// Where labels begin, where lengths end, and where the axis begins and ends.
const LABEL: f64 = 12.0;
const LENGTH: f64 = 372.0;
const AXIS: (f64, f64) = (384.0, 988.0);
/// The height of a lane, and of that of a load.
const LANE: f64 = 22.0;
const LOAD_LANE: f64 = 30.0;
/// How far what stands in a block is indented, and how deep at most.
const INDENT: f64 = 12.0;
const DEEPEST: usize = 12;
/// The mean width of a character of a label.
const CHARACTER: f64 = 6.9;
/// The axis has at most so many marks.
const MARKS: usize = 8;
/// Passes of an `every` are marked one by one up to so many.
const MARKED_PASSES: u64 = 200;
/// The least width of what has one.
const THINNEST: f64 = 1.5;

pub(super) struct Lanes<'a> {
    rows: &'a [Row<'a>],
    total: Duration,
    scale: &'a Scale,
    /// The top of each lane, and of what follows the last one.
    tops: Vec<f64>,
}

impl<'a> Lanes<'a> {
    pub fn new(rows: &'a Rows<'a>, total: Duration, scale: &'a Scale, top: f64) -> Lanes<'a> {
        let mut tops = vec![top];
        let mut y = top;
        for row in &rows.rows {
            y += match row.what {
                What::Step(step) if step.shape.is_some() => LOAD_LANE,
                _ => LANE,
            };
            tops.push(y);
        }
        Lanes { rows: &rows.rows, total, scale, tops }
    }

    /// Where the last lane ends.
    pub fn bottom(&self) -> f64 {
        self.tops.last().copied().unwrap_or_default()
    }

    pub fn draw(&self, paper: &mut Paper) {
        self.axis(paper);
        for (index, row) in self.rows.iter().enumerate() {
            if let What::Step(step) = row.what {
                self.behind(paper, index, row, step);
            }
        }
        for (index, row) in self.rows.iter().enumerate() {
            match row.what {
                What::Step(step) => self.lane(paper, index, row, step),
                What::Judged { count, more } => {
                    self.label(paper, index, row, "dim", &What::judged(count, more), "");
                }
            }
        }
    }

    fn x(&self, at: Duration) -> f64 {
        let share = if self.total.is_zero() { 0.0 } else { at.as_secs_f64() / self.total.as_secs_f64() };
        AXIS.0 + share.clamp(0.0, 1.0) * (AXIS.1 - AXIS.0)
    }

    /// From where to where a step lies, and how wide that is.
    fn span(&self, step: &Step) -> (f64, f64, f64) {
        let (from, to) = (self.x(step.start), self.x(step.end));
        let width = (to - from).max(THINNEST);
        (from.min(AXIS.1 - width), to.max(from + width), width)
    }

    fn axis(&self, paper: &mut Paper) {
        let top = self.tops[0];
        for (index, at) in ticks(self.total, MARKS).into_iter().enumerate() {
            let x = self.x(at);
            paper.path("grid", &format!("M{} {}V{}", short(x), short(top - 6.0), short(self.bottom())), "");
            let anchor = if index == 0 {
                "start"
            } else if x > AXIS.1 - 12.0 {
                "end"
            } else {
                "middle"
            };
            paper.anchored(x, top - 12.0, "dim", anchor, &format_duration(at));
        }
    }

    /// What lies behind the lanes: boxes of phases, bands of faults, passes that are not drawn.
    fn behind(&self, paper: &mut Paper, index: usize, row: &Row, step: &Step) {
        let (top, bottom) = (self.tops[index], self.tops[row.after]);
        let (from, to, width) = self.span(step);
        match step.kind {
            StepKind::Phase | StepKind::Setup | StepKind::Cleanup => {
                let hint = format!("{}: {}", step.text, self.when(step));
                paper.rect((from, top + 1.0), (width, bottom - top - 2.0), "phase", &hint);
            }
            _ if step.kind == StepKind::Fault && step.end > step.start => {
                let (first, last) = self.block(index);
                let (top, bottom) = (self.tops[first], self.tops[last]);
                paper.rect((from, top + 1.0), (width, bottom - top - 2.0), "band", "");
            }
            StepKind::Loop if row.after > index + 1 && !step.background => {
                let first_ends =
                    step.steps.iter().filter(|inner| !inner.background).map(|inner| inner.end).max();
                let again = first_ends.map(|end| self.x(end)).filter(|x| to - x > 2.0);
                let repeats =
                    step.text.starts_with("repeat") && step.passes.is_none_or(|p| p.known() != Some(1));
                if let Some(x) = again.filter(|_| repeats) {
                    paper.filled(
                        (x, top + LANE),
                        (to - x, bottom - top - LANE),
                        "again",
                        "passes like the first",
                    );
                }
            }
            _ => {}
        }
    }

    /// The rows of the block around a row.
    fn block(&self, index: usize) -> (usize, usize) {
        let depth = self.rows[index].depth;
        let outer = (0..index).rev().find(|row| self.rows[*row].depth < depth);
        outer.map_or((index, index + 1), |outer| (outer, self.rows[outer].after))
    }

    fn when(&self, step: &Step) -> String {
        let (start, length) = (format_duration(step.start), step.end.saturating_sub(step.start));
        format!("at {start} for {} (line {})", format_duration(length), step.line)
    }

    fn label(&self, paper: &mut Paper, index: usize, row: &Row, class: &str, text: &str, length: &str) {
        let x = LABEL + INDENT * row.depth.min(DEEPEST) as f64;
        let y = self.tops[index] + (self.tops[index + 1] - self.tops[index]) / 2.0 + 4.0;
        let room = LENGTH - x - 8.0 - CHARACTER * length.chars().count() as f64;
        paper.text(x, y, class, &clipped(text, (room / CHARACTER).max(8.0) as usize));
        if !length.is_empty() {
            paper.anchored(LENGTH, y, "dim", "end", length);
        }
    }

    fn lane(&self, paper: &mut Paper, index: usize, row: &Row, step: &Step) {
        let mut text = step.text.clone();
        if let Some(passes) = rows::passes(step) {
            text.push_str(&format!(
                " ×{}",
                passes.known().map_or_else(|| count(passes), super::super::text::grouped)
            ));
        }
        let class = match step.kind {
            StepKind::Phase | StepKind::Setup | StepKind::Cleanup => "bold",
            _ => "",
        };
        self.label(paper, index, row, class, &text, &length(step));
        let (top, bottom) = (self.tops[index], self.tops[index + 1]);
        let middle = f64::midpoint(top, bottom);
        let (from, to, width) = self.span(step);
        let hint = format!("{text}: {}", self.when(step));
        let instant = step.end == step.start;
        match step.kind {
            StepKind::Phase | StepKind::Setup | StepKind::Cleanup => {}
            StepKind::Load => self.load(paper, step, (top, bottom), &hint),
            StepKind::Fault if !instant => {
                paper.rect((from, top + 5.0), (width, bottom - top - 10.0), "fault", &hint);
            }
            StepKind::Fault => {
                paper.path("fault", &format!("M{} {}l5 9h-10z", short(from), short(middle - 4.0)), &hint)
            }
            StepKind::Expect => {
                let longest = step.longest.map(|longest| self.x(step.start.saturating_add(longest)));
                let until = longest.unwrap_or(AXIS.1).max(from + 10.0).min(AXIS.1);
                paper.path("due", &format!("M{} {}H{}", short(from), short(middle), short(until)), &hint);
                paper.diamond(from, middle, &hint);
            }
            _ if on_one_line(step) && harms(step) => {
                paper.filled((from, top + 5.0), (width, bottom - top - 10.0), "flaps", &hint);
            }
            StepKind::Loop => self.looped(paper, step, (from, to, middle), &hint),
            _ if instant => {
                paper.path("act", &format!("M{} {}h4v8h-4z", short(from - 2.0), short(middle - 4.0)), &hint);
            }
            StepKind::Block | StepKind::Choice => {
                paper.path(
                    "loop",
                    &format!("M{} {}v8m0-4H{}m0-4v8", short(from), short(middle - 4.0), short(to)),
                    &hint,
                );
            }
            _ => paper.path("wait", &format!("M{} {}H{}", short(from), short(middle), short(to)), &hint),
        }
        self.told(paper, step, (from, to, middle));
    }

    /// What comes of it, beside it: the number of iterations, the end of a fault.
    fn told(&self, paper: &mut Paper, step: &Step, (from, to, middle): (f64, f64, f64)) {
        let told = match (step.kind, step.iterations, &step.undo) {
            (StepKind::Load, Some(iterations), _) if iterations.known().is_some() || iterations.expected => {
                count(iterations)
            }
            (StepKind::Fault, _, Some(undo)) => clipped(undo, 60),
            _ => return,
        };
        let wide = CHARACTER * told.chars().count() as f64;
        if to + 6.0 + wide < AXIS.1 {
            paper.text(to + 6.0, middle + 4.0, "note", &told);
        } else if from - 6.0 - wide > AXIS.0 {
            paper.anchored(from - 6.0, middle + 4.0, "note", "end", &told);
        } else {
            paper.text(from + 6.0, middle + 4.0, "note", &told);
        }
    }

    /// A loop: a line from end to end, with a mark for each pass of an `every`.
    fn looped(&self, paper: &mut Paper, step: &Step, (from, to, middle): (f64, f64, f64), hint: &str) {
        let mut path = format!("M{} {}v8m0-4H{}m0-4v8", short(from), short(middle - 4.0), short(to));
        let passes = step.passes.and_then(super::super::Count::known).filter(|_| step.background);
        let first = step.steps.first().map(|inner| inner.start.saturating_sub(step.start));
        if let (Some(passes), Some(period)) = (passes.filter(|passes| *passes <= MARKED_PASSES), first) {
            for pass in 1..=passes as u32 {
                let x = self.x(step.start.saturating_add(period.saturating_mul(pass)));
                path.push_str(&format!("M{} {}v6", short(x), short(middle - 3.0)));
            }
        }
        paper.path("loop", &path, hint);
    }

    /// A load: an area as high as its rate.
    fn load(&self, paper: &mut Paper, step: &Step, (top, bottom): (f64, f64), hint: &str) {
        let (from, to, _) = self.span(step);
        let base = bottom - 2.0;
        let Some(shape) = &step.shape else {
            return paper.rect((from, base - 8.0), (to - from, 8.0), "load", hint);
        };
        let class = match (shape.unit, shape.random) {
            (ShapeUnit::Users, _) => "users",
            (ShapeUnit::Rate, true) => "load random",
            (ShapeUnit::Rate, false) => "load",
        };
        let levels = self.scale.levels(shape);
        let height = |level: f64| base - (bottom - top - 6.0) * level;
        let part = (to - from) / levels.len().max(1) as f64;
        let mut path = format!("M{} {}", short(from), short(base));
        let first = levels.first().copied().unwrap_or_default();
        path.push_str(&format!("V{}", short(height(first))));
        for (index, level) in levels.iter().enumerate() {
            // On a straight line nothing changes between its ends.
            let straight = index > 0
                && levels
                    .get(index + 1)
                    .is_some_and(|next| (next - level - (level - levels[index - 1])).abs() < 1e-6);
            if !straight {
                path.push_str(&format!(
                    "L{} {}",
                    short(from + part * (index as f64 + 0.5)),
                    short(height(*level))
                ));
            }
        }
        let last = levels.last().copied().unwrap_or_default();
        path.push_str(&format!("L{} {}V{}z", short(to), short(height(last)), short(base)));
        paper.path(class, &path, hint);
    }
}

/// How long a step takes, or at most.
fn length(step: &Step) -> String {
    let length = step.end.saturating_sub(step.start);
    match step.longest {
        _ if !length.is_zero() => format_duration(length),
        Some(longest) if longest.is_zero() => String::new(),
        Some(longest) => format!("≤{}", format_duration(longest)),
        None if waits(step) => "any".into(),
        None => String::new(),
    }
}
