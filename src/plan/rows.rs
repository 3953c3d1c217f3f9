//! The rows of a timeline: which steps get one, in what order, and what they have in common. Both pictures of a plan,
//! in a terminal and in a drawing, are made of them.

use super::{Plan, Shape, ShapeUnit, Step, StepKind};
use std::collections::HashMap;
use std::time::Duration;

/// A row.
pub(super) struct Row<'a> {
    /// How deep it stands.
    pub depth: usize,
    pub what: What<'a>,
    /// The row after the last one that stands in it.
    pub after: usize,
}

/// What a row tells.
pub(super) enum What<'a> {
    Step(&'a Step),
    /// So many expectations for which the story does not wait; whether there are others beside them.
    Judged {
        count: usize,
        more: bool,
    },
}

/// All rows, as far as they are kept.
pub(super) struct Rows<'a> {
    pub rows: Vec<Row<'a>>,
    /// How many steps have none.
    pub left_out: u64,
    most: usize,
}

/// The rows of a plan, at most so many.
pub(super) fn rows(plan: &Plan, most: usize) -> Rows<'_> {
    let mut rows = Rows { rows: Vec::new(), left_out: plan.steps_left_out, most };
    rows.steps(&plan.steps, 0);
    rows
}

impl<'a> Rows<'a> {
    fn steps(&mut self, steps: &'a [Step], depth: usize) {
        let mut count = 0;
        for step in steps {
            // What is judged without waiting would drown the rest; it is counted.
            if step.kind == StepKind::Expect && !waits(step) {
                count += 1;
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
            if self.rows.len() >= self.most {
                self.left_out += 1 + hidden(&step.steps);
                continue;
            }
            let row = self.rows.len();
            self.rows.push(Row { depth, what: What::Step(step), after: row + 1 });
            if !on_one_line(step) {
                self.steps(&step.steps, depth + 1);
            }
            self.rows[row].after = self.rows.len();
        }
        if count > 0 && self.rows.len() < self.most {
            let more = steps.iter().any(|step| step.kind == StepKind::Expect && waits(step));
            let row = self.rows.len();
            self.rows.push(Row { depth, what: What::Judged { count, more }, after: row + 1 });
        }
    }
}

impl What<'_> {
    /// What stands in the row of counted expectations.
    pub fn judged(count: usize, more: bool) -> String {
        let (more, plural) = (if more { "more " } else { "" }, if count == 1 { "" } else { "s" });
        format!("{count} {more}expectation{plural}")
    }
}

/// Whether a loop is told with its body on its own row.
pub(super) fn on_one_line(step: &Step) -> bool {
    step.text.ends_with(" >")
}

/// Whether it is a fault, or a loop that is shown on one line with one in it.
pub(super) fn harms(step: &Step) -> bool {
    let inner = || step.steps.iter().any(|inner| inner.kind == StepKind::Fault);
    step.kind == StepKind::Fault || on_one_line(step) && inner()
}

/// Whether the story waits for it.
pub(super) fn waits(step: &Step) -> bool {
    !step.background && (step.end > step.start || step.longest != Some(Duration::ZERO))
}

fn hidden(steps: &[Step]) -> u64 {
    steps.iter().map(|step| 1 + hidden(&step.steps)).sum()
}

/// When the last step ends.
pub(super) fn total(plan: &Plan) -> Duration {
    plan.steps.iter().map(|step| step.end).max().unwrap_or_default()
}

/// How often a loop is gone through, where its own words do not say it, and whether only its first pass is shown.
pub(super) fn passes(step: &Step) -> Option<super::Count> {
    let passes = step.passes?;
    let said = passes.known().is_some_and(|passes| {
        let word = step.text.strip_prefix("repeat ").and_then(|rest| rest.split(' ').next());
        word.is_some_and(|word| word.replace('_', "") == passes.to_string())
    });
    (!said).then_some(passes)
}

/// The highest level of each load, so that all statements that load the same are drawn to one scale.
pub(super) struct Scale(HashMap<(String, ShapeUnit), f64>);

impl Scale {
    pub fn of(plan: &Plan) -> Scale {
        let mut scale = Scale(HashMap::new());
        scale.take(&plan.steps);
        scale
    }

    fn take(&mut self, steps: &[Step]) {
        for step in steps {
            if let Some(shape) = &step.shape {
                let highest = self.0.entry((shape.name.clone(), shape.unit)).or_default();
                *highest = shape.levels.iter().copied().fold(*highest, f64::max);
            }
            self.take(&step.steps);
        }
    }

    /// The levels of a load from 0 to 1.
    pub fn levels(&self, shape: &Shape) -> Vec<f64> {
        let highest = self.0.get(&(shape.name.clone(), shape.unit)).copied().unwrap_or_default();
        let share = |level: &f64| if highest > 0.0 { level / highest } else { 0.0 };
        shape.levels.iter().map(share).collect()
    }
}

/// Where an axis of that length has its marks, the first at its start: at round times, at most so many after it.
pub(super) fn ticks(total: Duration, most: usize) -> Vec<Duration> {
    const SECONDS: [u64; 9] = [1, 2, 5, 10, 15, 30, 60, 120, 300];
    const LONGER: [u64; 12] =
        [600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 1_209_600];
    let most = most.max(1) as u128;
    let fits = |step: &Duration| total.as_nanos() / step.as_nanos() <= most;
    let below =
        (0..9).flat_map(|power| [1, 2, 5].map(|times| Duration::from_nanos(times * 10u64.pow(power))));
    let round = SECONDS.iter().chain(&LONGER).map(|seconds| Duration::from_secs(*seconds));
    let weeks = (0..40).map(|doubled| Duration::from_secs(2_419_200 << doubled));
    let step = below.chain(round).chain(weeks).find(fits).unwrap_or(total.max(Duration::from_nanos(1)));
    let count = (total.as_nanos() / step.as_nanos()).min(most) as u32;
    (0..=count).map(|number| step.saturating_mul(number)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_is_marked_at_round_times() {
        let told = |seconds: f64, most| -> Vec<f64> {
            ticks(Duration::from_secs_f64(seconds), most).iter().map(Duration::as_secs_f64).collect()
        };
        assert_eq!(told(7_200.0, 4), [0.0, 1_800.0, 3_600.0, 5_400.0, 7_200.0]);
        assert_eq!(told(604_800.0, 8), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0].map(|day| day * 86_400.0));
        assert_eq!(told(0.7, 4), [0.0, 0.2, 0.4, 0.6]);
        assert_eq!(told(0.0, 4), [0.0]);
        assert!(told(1e9, 6).len() <= 7);
        assert!(ticks(Duration::from_nanos(u64::MAX), 3).len() <= 4);
    }
}
