//! Rulings: what becomes of them in the story, and how they are told.

use super::Ending;
use super::interpreter::Interpreter;
use super::strand::Waiting;
use super::tell::INSTANT;
use super::watch::{Purpose, Watch, WatchId};
use crate::check::scenario::{Expectation, Origin};
use crate::event::{EventKind, Judged, Verdict};
use crate::expect::figure::{Figures, figures};
use crate::expect::{Qualifier, Ruling, Tolerance};
use crate::lang::demand::Demand;
use crate::lang::expr::SeriesId;
use crate::lang::moment::Moment;
use crate::lang::unit::format_duration;
use crate::lang::value::Value;
use crate::source::Span;
use std::rc::Rc;

impl<'s> Interpreter<'s, '_> {
    /// A ruling has fallen at `at`.
    pub fn conclude(&mut self, id: WatchId, ruling: Ruling, at: Moment) {
        let faults = self.faults_in_force();
        let Some(watch) = self.watches.get(&id) else { return };
        let (names, place, window) = (Rc::clone(&watch.names), watch.place, watch.window);
        let (condition, series) = (watch.condition, Rc::clone(&watch.series));
        let found = figures(condition, &mut self.around(&names, place, window, at));
        let ruling = match self.doubt(&series, window, at) {
            Some(why) => Ruling::Inconclusive { why },
            _ => ruling,
        };
        let Some(watch) = self.drop_watch(id) else { return };
        match &watch.purpose {
            Purpose::Loop => {
                if let Some(strand) = watch.strand {
                    self.loop_decided(strand, matches!(ruling, Ruling::Held { .. }));
                }
            }
            Purpose::Wait(span) => {
                if !matches!(ruling, Ruling::Held { .. }) {
                    self.ran_out(*span, at, &watch, &ruling, found);
                }
            }
            Purpose::Expectation { expectation, name } => {
                let faults = watch.faults.clone().unwrap_or(faults);
                self.told_judgement(expectation, name.clone(), &watch, &ruling, at, found, faults);
            }
        }
        if let Some(strand) = watch.strand {
            let due = self.time(strand);
            let time = if at.since(due) > INSTANT { at } else { due };
            self.resume(strand, Waiting::Watch(id), time);
        }
    }

    /// Why nothing may be concluded from these series.
    pub fn doubt(
        &mut self,
        series: &[SeriesId],
        window: (Moment, Option<Moment>),
        at: Moment,
    ) -> Option<String> {
        let window = match window.1 {
            Some(ended) => crate::measure::Window::between(window.0, ended),
            None => crate::measure::Window::so_far(window.0, at),
        };
        let scenario = self.scenario;
        let counted = series
            .iter()
            .filter(|id| matches!(scenario.series(**id).origin, Origin::Load { .. } | Origin::Ledger { .. }));
        counted.copied().find_map(|id| self.world.doubt(id, window))
    }

    /// A `wait until` ran out: a missed `expect` at its line.
    fn ran_out(&mut self, span: Span, at: Moment, watch: &Watch<'_>, ruling: &Ruling, found: Figures) {
        self.missed_statement();
        let reason = match ruling {
            Ruling::Inconclusive { why } => Some(why.clone()),
            _ => None,
        };
        let (place, phase) = watch.around.clone();
        let condition = self.sources.text(watch.condition.span).trim();
        let judged = Judged {
            name: "wait until".into(),
            line: self.sources.line(span),
            demand: Demand::Expect.word().to_owned(),
            verdict: if self.lenient() { Verdict::Warn } else { Verdict::Fail },
            text: format!("{condition}{}", qualified(watch.judge.qualifier())),
            target: found.target,
            actual: found.actual,
            took: None,
            decided: at.seconds(),
            reason,
            place,
            phase,
            faults: watch.faults.clone().unwrap_or_else(|| self.faults_in_force()),
        };
        self.tell(EventKind::Judged(judged));
    }

    #[expect(clippy::too_many_arguments, reason = "each says something else about the judgement")]
    pub fn told_judgement(
        &mut self,
        expectation: &'s Expectation,
        name: String,
        watch: &Watch<'s>,
        ruling: &Ruling,
        at: Moment,
        found: Figures,
        faults: Vec<String>,
    ) {
        let (verdict, took, reason) = match ruling {
            Ruling::Held { took } => (Verdict::Pass, *took, None),
            Ruling::Missed { why } if expectation.demand == Demand::Want || watch.lenient => {
                (Verdict::Warn, None, why.clone())
            }
            Ruling::Missed { why } => (Verdict::Fail, None, why.clone()),
            Ruling::Inconclusive { why } => (Verdict::Inconclusive, None, Some(why.clone())),
        };
        let line = self.sources.line(expectation.span);
        let missed = matches!(ruling, Ruling::Missed { .. });
        let (place, phase) = watch.around.clone();
        let judged = Judged {
            name: name.clone(),
            line,
            demand: expectation.demand.word().to_owned(),
            verdict,
            text: format!("{}{}", expectation.text, qualified(watch.judge.qualifier())),
            target: found.target,
            actual: found.actual,
            took: took.map(|took| took.as_secs_f64()),
            decided: at.seconds(),
            reason,
            place,
            phase,
            faults,
        };
        // A `want` never does more than warn, also where nothing could be said.
        let limit = expectation.demand == Demand::Want || watch.lenient;
        self.count(if limit { verdict.min(Verdict::Warn) } else { verdict });
        self.tell(EventKind::Judged(judged));
        if missed && let Some((target, query)) = &expectation.show {
            let block = watch.window;
            if let Ok(Value::Text(query)) = self.value_with(&watch.names, watch.place, block, query) {
                self.show(line, *target, query);
            }
        }
        if missed && expectation.demand == Demand::Require && !watch.lenient {
            self.abandon(Ending::Required(name));
        }
    }
}

/// A qualifier as it is written, with the values it has.
pub(super) fn qualified(qualifier: Qualifier) -> String {
    match qualifier {
        Qualifier::Now => String::new(),
        Qualifier::Within(limit) => format!(" within {}", format_duration(limit)),
        Qualifier::Always(Tolerance::Nothing) => " always".into(),
        Qualifier::Always(Tolerance::Time(limit)) => format!(" always tolerate {}", format_duration(limit)),
        Qualifier::Always(Tolerance::Share(share)) => {
            format!(" always tolerate {}", crate::lang::quantity::Quantity::share(share))
        }
        Qualifier::Sometimes => " sometimes".into(),
        Qualifier::AtEnd => " at end".into(),
        Qualifier::For(limit) => format!(" for {}", format_duration(limit)),
        Qualifier::ForWithin { stretch, within } => {
            format!(" for {} within {}", format_duration(stretch), format_duration(within))
        }
    }
}
