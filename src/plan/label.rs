//! Statements in words, with the values that are known before the run.

use super::known::{Known, one_line};
use crate::check::scenario::{
    Argued, Argument, Arrival, Block, Expectation, Load, Qualifier, Repeat, Step, StepKind, Tell, Tolerance,
};
use crate::lang::expr::Expr;
use crate::lang::signature::Form;
use std::fmt::Write;

impl Known<'_> {
    /// What a target is told: `wifi degrade latency 500ms loss 10%`.
    pub fn tell(&self, tell: &Tell) -> String {
        let mut words = format!("{} {}", self.scenario.target(tell.target).name, tell.verb.name);
        for argument in &tell.arguments {
            words.push(' ');
            words.push_str(&self.argument(argument));
        }
        if let Some(duration) = &tell.duration {
            let word = if tell.arguments.is_empty() { "" } else { "for " };
            let _ = write!(words, " {word}{}", self.shown(duration));
        }
        words
    }

    fn argument(&self, argument: &Argument) -> String {
        let mut words = Vec::new();
        if argument.parameter.form != Form::Positional {
            words.push(argument.parameter.name.to_string());
        }
        words.extend(argument.values.iter().map(|value| match value {
            Argued::Value(expr) => self.shown(expr),
            Argued::Word(word) => word.clone(),
            Argued::Target(target) => self.scenario.target(*target).name.clone(),
            Argued::Probe(name, expr) => format!("{name}({})", self.shown(expr)),
        }));
        words.join(" ")
    }

    /// `load claim at 200/min for 3m`
    pub fn load(&self, load: &Load) -> String {
        let mut words = format!("load {}", self.scenario.subject_name(load.subject));
        let to =
            |to: &Option<Expr>| to.as_ref().map_or_else(String::new, |to| format!(" -> {}", self.shown(to)));
        let _ = match &load.arrival {
            Arrival::Rate(rate) => {
                let _ = write!(words, " at {}{}", self.shown(&rate.rate), to(&rate.to));
                if rate.poisson {
                    words.push_str(" poisson");
                }
                if let Some(users) = &rate.max_users {
                    let _ = write!(words, " max {} users", self.shown(users));
                }
                if let Some((curve, every)) = &rate.shaped {
                    let _ = write!(words, " shaped {}", self.scenario.curves[curve.index()].name);
                    if let Some(every) = every {
                        let _ = write!(words, " every {}", self.shown(every));
                    }
                }
                Ok(())
            }
            Arrival::Users { users, to: end } => {
                write!(words, " with {}{} users", self.shown(users), to(end))
            }
            Arrival::AtOnce { users } => write!(words, " with {} users at once", self.shown(users)),
            Arrival::Sequential => Ok(()),
        };
        if let Some(times) = &load.times {
            let _ = write!(words, " {} times", self.shown(times));
        }
        if let Some(duration) = &load.duration {
            let _ = write!(words, " for {}", self.shown(duration));
        }
        words
    }

    /// `expect "Queue recovery": queue == 0 within 10m`
    pub fn expectation(&self, expectation: &Expectation) -> String {
        let condition = one_line(&expectation.text);
        let name = self.words(&expectation.name);
        let word = expectation.demand.word();
        let mut words = if name == condition || name == expectation.text {
            format!("{word} {condition}")
        } else {
            format!("{word} \"{name}\": {condition}")
        };
        let _ = match &expectation.qualifier {
            Qualifier::Now => Ok(()),
            Qualifier::Within(time) => write!(words, " within {}", self.shown(time)),
            Qualifier::Always => write!(words, " always"),
            Qualifier::Sometimes => write!(words, " sometimes"),
            Qualifier::AtEnd => write!(words, " at end"),
            Qualifier::For(time) => write!(words, " for {}", self.shown(time)),
            Qualifier::ForWithin { stretch, within } => {
                write!(words, " for {} within {}", self.shown(stretch), self.shown(within))
            }
        };
        let _ = match &expectation.tolerate {
            Some(Tolerance::Time(allowed) | Tolerance::Share(allowed)) => {
                write!(words, " tolerate {}", self.shown(allowed))
            }
            None => Ok(()),
        };
        words
    }

    /// The head of a `repeat`, with all of it where it fits on a line and holds nothing but a few short statements.
    pub fn repeat(&self, count: &Repeat, body: &Block) -> String {
        let head = match count {
            Repeat::Times(times) => format!("repeat {}", self.shown(times)),
            Repeat::For(time) => format!("repeat for {}", self.shown(time)),
            Repeat::Until { condition, max } => {
                let mut words = format!("repeat until {}", one_line(self.sources.text(condition.span)));
                if let Some(max) = max {
                    let _ = write!(words, " max {}", self.shown(max));
                }
                words
            }
        };
        self.with_body(head, body)
    }

    /// A loop's head and its body in `< … >`, where that is short.
    pub fn with_body(&self, head: String, body: &Block) -> String {
        /// The longest loop that is shown on one line.
        const LONGEST: usize = 60;
        let Some(steps) = body.steps.iter().map(|step| self.short(step)).collect::<Option<Vec<_>>>() else {
            return head;
        };
        let whole = format!("{head} < {} >", steps.join("; "));
        if steps.is_empty() || whole.chars().count() > LONGEST { head } else { whole }
    }

    fn short(&self, step: &Step) -> Option<String> {
        match &step.kind {
            StepKind::Tell(tell) if tell.checks.is_empty() && tell.conversation.is_empty() => {
                Some(self.tell(tell))
            }
            StepKind::Wait(time) => Some(format!("wait {}", self.shown(time))),
            _ => None,
        }
    }
}
