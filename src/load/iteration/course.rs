//! The course of an iteration: its steps one after the other, and what has come of them so far.

use super::answered::Answered;
use super::{Flight, user_number};
use crate::check::scenario::{IterationStep, LedgerKey, Tell};
use crate::kinds::request::{Answer, RequestError};
use crate::lang::call::Call;
use crate::lang::eval::{NoValue, evaluate, evaluate_drawn};
use crate::lang::expr::{ActionId, DatasetId, Expr};
use crate::lang::moment::Moment;
use crate::lang::quantity::Quantity;
use crate::lang::value::Value;
use crate::load::dataset::{Dataset, Numbered, Row};
use crate::load::recorder::SentItem;
use crate::load::state::{Entry, Making, State};
use rand_chacha::ChaCha8Rng;
use std::time::Duration;

/// What an iteration knows while it runs.
pub struct Course<'a> {
    pub state: &'a State,
    pub load: u64,
    pub action: ActionId,
    pub sequence: u64,
    pub user: u64,
    pub due: Moment,
    /// Made with the first draw: most iterations draw nothing.
    pub random: Option<Box<ChaCha8Rng>>,
    pub captures: Vec<Option<Value>>,
    /// Its row of each dataset, with the line it stands in.
    pub rows: Vec<(DatasetId, u64, Row)>,
    /// Of the last request, where it was answered. Many users that hold a connection, or think, have none.
    pub answer: Option<Box<Answered>>,
    /// When the last request was made.
    pub asked: Moment,
    /// When the last answer was there, while nothing but checks and captures has come behind it.
    pub seen: Option<Moment>,
    pub thought: Duration,
    pub bytes: u64,
    /// Whether any request was answered.
    pub answered: bool,
    /// The first cause; later ones follow from it more often than not.
    pub failure: Option<String>,
    /// Whether anything in the present step went wrong.
    pub step_failed: bool,
    pub skipped: bool,
}

impl<'a> Course<'a> {
    /// One that has done nothing yet.
    pub fn new(state: &'a State, flight: Flight, sequence: u64, begun: Moment) -> Course<'a> {
        Course {
            random: None,
            state,
            load: flight.origin.load,
            action: flight.action,
            sequence,
            user: flight.user,
            due: flight.due,
            captures: vec![None; state.given.scenario.action(flight.action).captures.len()],
            rows: Vec::new(),
            answer: None,
            asked: begun,
            seen: None,
            thought: Duration::ZERO,
            bytes: 0,
            answered: false,
            failure: None,
            step_failed: false,
            skipped: false,
        }
    }

    /// Takes a row of each dataset. False where there is none, or none that can be read.
    pub async fn take_rows(&mut self, datasets: &[DatasetId]) -> bool {
        for id in datasets {
            let dataset = self.state.dataset(*id);
            let mut random = self.state.random_of_row(*id, self.action, self.sequence);
            match dataset.take(&mut random).await {
                None => self.skipped = true,
                Some(Numbered { line, row: Err(wrong) }) => self.fail(wrong_row(dataset, line, &wrong)),
                Some(Numbered { line, row: Ok(row) }) => self.rows.push((*id, line, row)),
            }
            if self.skipped || self.failure.is_some() {
                return false;
            }
        }
        true
    }

    pub async fn run(&mut self, steps: &[IterationStep]) {
        for (index, step) in steps.iter().enumerate() {
            self.step_failed = false;
            match step {
                IterationStep::Tell { tell, answer } => self.tell(index, tell, answer).await,
                IterationStep::Think { .. } => {
                    self.seen = None;
                    if !looked_at(&steps[index..]) {
                        // Many users that think must not hold an answer each.
                        self.answer = None;
                    }
                    let pause = self.pause(step);
                    let until = self.state.now().after(pause);
                    self.state.sleep_until(until).await;
                    self.thought += pause;
                }
                other => self.look(other),
            }
            if self.skipped {
                return;
            }
            if !self.step_failed {
                for entry in self.state.entries(self.action).iter().filter(|entry| entry.step == index) {
                    self.enter(entry);
                }
            }
        }
    }

    /// How long a think time is, this time.
    pub fn pause(&mut self, step: &IterationStep) -> Duration {
        let IterationStep::Think { duration, .. } = step else { return Duration::ZERO };
        self.drawn_duration(duration)
    }

    pub fn drawn_duration(&mut self, duration: &Expr) -> Duration {
        let pause = evaluate_drawn(duration, self).ok();
        pause.and_then(|value| value.as_quantity()?.to_duration()).unwrap_or_default()
    }

    async fn tell(&mut self, index: usize, tell: &Tell, lines: &[IterationStep]) {
        // What follows must not take an earlier answer for this one's.
        (self.answer, self.seen) = (None, None);
        let begun = tell.took.map(|_| self.state.now());
        self.ask_and_look(index, tell, lines).await;
        if let (Some(capture), Some(begun), false) = (tell.took, begun, self.step_failed || self.skipped) {
            let ended = self.seen.unwrap_or_else(|| self.state.now());
            let took = ended.since(begun);
            self.state.record(|recorder| recorder.requested(self.action, capture, took));
            self.capture(capture, Value::Quantity(Quantity::duration(took)));
        }
    }

    async fn ask_and_look(&mut self, index: usize, tell: &Tell, lines: &[IterationStep]) {
        let asked = match self.ask(index, tell).await {
            Ok(Some(asked)) => asked,
            Ok(None) => return,
            Err(NoValue::Empty) => {
                self.skipped = true;
                return;
            }
            Err(missing) => return self.fail(unmade(&missing)),
        };
        let answer = match asked {
            Ok(answer) => answer,
            Err(error) => return self.fail(error.to_string()),
        };
        self.bytes += answer.bytes;
        self.seen = Some(self.answered(answer));
        for line in lines {
            self.look(line);
        }
        // The answer stays known for the lines behind the braces, up to the next request.
    }

    pub fn answered(&mut self, answer: Answer) -> Moment {
        let at = self.state.now();
        self.answered = true;
        self.answer = Some(Box::new(Answered::new(answer, at)));
        at
    }

    /// Ledgers want to know when a request was made.
    fn note_asked(&mut self) {
        if !self.state.entries(self.action).is_empty() {
            self.asked = self.state.now();
        }
    }

    pub fn generator(&mut self) -> &mut ChaCha8Rng {
        let make = || Box::new(self.state.random(self.action, self.sequence));
        self.random.get_or_insert_with(make)
    }

    /// Makes the request of a step and waits for its answer; nothing comes of a conversation but what its own lines
    /// have seen.
    async fn ask(
        &mut self,
        index: usize,
        tell: &Tell,
    ) -> Result<Option<Result<Answer, RequestError>>, NoValue> {
        let state = self.state;
        let user = user_number(self.load, self.user);
        let made;
        let call = match state.making(self.action, index) {
            Making::Prepared(prepared) => {
                let asking = prepared.send(user, self)?;
                self.note_asked();
                return Ok(Some(asking.await));
            }
            Making::Fixed(call) => call,
            Making::Evaluated => {
                let given = &state.given.scenario;
                let arguments = crate::check::evaluated::arguments(given, &tell.arguments, self)?;
                made = Call { verb: tell.verb.name, arguments };
                &made
            }
        };
        let Some(requester) = state.requester(tell.target) else {
            return Ok(Some(Err(RequestError::Failed("the target cannot be asked".into()))));
        };
        self.note_asked();
        if !tell.conversation.is_empty() {
            self.converse(&**requester, call, &tell.conversation).await;
            return Ok(None);
        }
        Ok(Some(requester.request(user, call).await))
    }

    /// A check or a capture.
    pub fn look(&mut self, line: &IterationStep) {
        match line {
            IterationStep::Check { condition, span } => {
                let held = evaluate(condition, self);
                if !matches!(held, Ok(Value::Bool(true))) {
                    let text = self.state.text(*span);
                    let text = text.strip_prefix("check").unwrap_or(text);
                    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
                    let seen = self.answer.as_ref().and_then(|answered| answered.status());
                    let seen = seen.map_or(String::new(), |status| format!(" (answered {status})"));
                    self.fail(format!("check {text}{seen}"));
                }
            }
            IterationStep::Capture { capture, value, .. } => match evaluate_drawn(value, self) {
                Ok(value) => self.capture(*capture, value),
                Err(NoValue::Empty) => self.skipped = true,
                // What is not there is not captured, and no error.
                Err(_) => {}
            },
            IterationStep::Tell { .. } | IterationStep::Think { .. } => {}
        }
    }

    fn capture(&mut self, capture: usize, value: Value) {
        if matches!(value, Value::Json(serde_json::Value::Null)) {
            return;
        }
        self.state.captured(self.load, self.action, capture, &value);
        self.captures[capture] = Some(value);
    }

    pub fn fail(&mut self, cause: String) {
        self.step_failed = true;
        self.failure.get_or_insert(cause);
    }

    fn enter(&self, entry: &Entry) {
        let part = |key: LedgerKey| match key {
            LedgerKey::Seq => Some(self.sequence.to_string()),
            LedgerKey::Path => self.answer.as_ref()?.answer.path.clone(),
            LedgerKey::Capture(capture) => self.captures[capture].as_ref().map(Value::to_string),
        };
        if let Some(key) = part(entry.key) {
            let value = entry.value.and_then(part);
            let item = SentItem { ledger: entry.ledger, key, value, at: self.asked };
            self.state.record(|recorder| recorder.sent(item));
        }
    }
}

/// What is wrong with a row, as the cause of an error.
pub fn wrong_row(dataset: &Dataset, line: u64, wrong: &dyn std::fmt::Display) -> String {
    format!("dataset `{}`, line {line}: {wrong}", dataset.name())
}

/// Whether a line up to the next request may look at the present answer.
fn looked_at(steps: &[IterationStep]) -> bool {
    let before_next = steps.iter().take_while(|step| !matches!(step, IterationStep::Tell { .. }));
    before_next.into_iter().any(|step| !matches!(step, IterationStep::Think { .. }))
}

/// Why a request could not be made, without the values, which may be secret and differ each time.
pub fn unmade(missing: &NoValue) -> String {
    match missing {
        NoValue::Mismatch(_) => "two values of a request do not go together".into(),
        other => other.to_string(),
    }
}
