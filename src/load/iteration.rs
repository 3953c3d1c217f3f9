//! One iteration: an action run once for one user, from the moment it was due to what it came to.

use super::recorder::{Captured, Iteration, Origin, Outcome, SentItem};
use super::state::{Entry, State};
use crate::check::scenario::{Action, IterationStep, LedgerKey, Tell};
use crate::kinds::request::{Answer, RequestError};
use crate::lang::call::Call;
use crate::lang::eval::{NoValue, Surroundings, evaluate, evaluate_drawn};
use crate::lang::expr::{ActionId, IterationWord, SecretId};
use crate::lang::moment::Moment;
use crate::lang::quantity::Quantity;
use crate::lang::value::Value;
use rand::RngCore;
use rand_chacha::ChaCha8Rng;
use std::rc::Rc;
use std::time::Duration;

/// Runs one iteration and records it, also when it is dropped before its end.
pub(super) async fn run(state: Rc<State>, origin: Origin, user: u64, due: Moment) -> Outcome {
    let action_id = state.pick(origin.subject);
    let sequence = state.next_sequence(action_id);
    let begun = state.now();
    state.recorder.borrow_mut().started(origin, action_id, sequence);
    let record = Record { state: Rc::clone(&state), origin, action: action_id, due, begun, ended: false };
    let scenario = std::sync::Arc::clone(&state.given.scenario);
    let action = scenario.action(action_id);
    let mut course = Course {
        random: state.random(action_id, sequence),
        state: &state,
        load: origin.load,
        action: action_id,
        sequence,
        user,
        due,
        captures: vec![None; action.captures.len()],
        answer: None,
        thought: Duration::ZERO,
        bytes: 0,
        failure: None,
        skipped: false,
    };
    course.run(action).await;
    let outcome = match course.failure.take() {
        _ if course.skipped => Outcome::Skipped,
        Some(cause) => Outcome::Failed(cause),
        None => Outcome::Succeeded,
    };
    record.end(outcome.clone(), course.thought, course.bytes);
    outcome
}

/// Sees to it that an iteration which is cut is counted as such.
struct Record {
    state: Rc<State>,
    origin: Origin,
    action: ActionId,
    due: Moment,
    begun: Moment,
    ended: bool,
}

impl Record {
    fn end(mut self, outcome: Outcome, thought: Duration, bytes: u64) {
        self.tell(outcome, thought, bytes);
        self.ended = true;
    }

    fn tell(&self, outcome: Outcome, thought: Duration, bytes: u64) {
        let ended = self.state.now();
        let iteration = Iteration {
            action: self.action,
            outcome,
            latency: ended.since(self.due).saturating_sub(thought),
            service_time: ended.since(self.begun).saturating_sub(thought),
            lateness: self.begun.since(self.due),
            bytes,
            ended,
        };
        self.state.recorder.borrow_mut().ended(self.origin, &iteration);
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        if !self.ended {
            self.tell(Outcome::Cut, Duration::ZERO, 0);
        }
    }
}

/// The answer a step is looking at, and when it was complete.
struct Answered {
    answer: Answer,
    /// The body as a value, made when it is first asked for.
    body: Option<Value>,
    at: Moment,
}

/// What an iteration knows while it runs.
struct Course<'a> {
    state: &'a State,
    load: u64,
    action: ActionId,
    sequence: u64,
    user: u64,
    due: Moment,
    random: ChaCha8Rng,
    captures: Vec<Option<Value>>,
    answer: Option<Answered>,
    thought: Duration,
    bytes: u64,
    /// The first cause; later ones follow from it more often than not.
    failure: Option<String>,
    skipped: bool,
}

impl Course<'_> {
    async fn run(&mut self, action: &Action) {
        for (index, step) in action.steps.iter().enumerate() {
            match step {
                IterationStep::Tell { tell, answer } => self.tell(index, tell, answer).await,
                IterationStep::Think { duration, .. } => {
                    let pause = evaluate_drawn(duration, self);
                    let pause = pause.ok().and_then(|value| value.as_quantity()?.to_duration());
                    let until = self.state.now().after(pause.unwrap_or_default());
                    self.state.sleep_until(until).await;
                    self.thought += pause.unwrap_or_default();
                }
                other => self.look(other),
            }
            if self.skipped {
                return;
            }
        }
    }

    async fn tell(&mut self, index: usize, tell: &Tell, lines: &[IterationStep]) {
        let call = match self.call(tell) {
            Ok(call) => call,
            Err(NoValue::Empty) => {
                self.skipped = true;
                return;
            }
            Err(missing) => return self.fail(missing.to_string()),
        };
        let state = self.state;
        let Some(requester) = state.requester(tell.target) else {
            return self.fail(RequestError::Failed("the target cannot be asked".into()).to_string());
        };
        let begun = state.now();
        let asked = requester.request(self.user, &call).await;
        let answer = match asked {
            Ok(answer) => answer,
            Err(error) => return self.fail(error.to_string()),
        };
        self.bytes += answer.bytes;
        let failed_before = self.failure.is_some();
        self.answer = Some(Answered { answer, body: None, at: state.now() });
        for line in lines {
            self.look(line);
        }
        if failed_before || self.failure.is_none() {
            for entry in state.entries(self.action).iter().filter(|entry| entry.step == index) {
                self.enter(entry, begun);
            }
        }
        // The path stays known for `capture` behind the write; the rest belongs to its own braces.
    }

    fn call(&mut self, tell: &Tell) -> Result<Call, NoValue> {
        let arguments = crate::check::evaluated::arguments(&tell.arguments, self)?;
        Ok(Call { verb: tell.verb.name, arguments })
    }

    /// A check or a capture.
    fn look(&mut self, line: &IterationStep) {
        match line {
            IterationStep::Check { condition, span } => {
                let held = evaluate(condition, self);
                if !matches!(held, Ok(Value::Bool(true))) {
                    let text = self.state.text(*span);
                    let text = text.strip_prefix("check").unwrap_or(text).trim();
                    let seen = self.answer.as_ref().and_then(|answered| answered.answer.status);
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
        let state = self.state;
        state.with_pool(self.action, capture, |pool| pool.put(value.clone()));
        let (load, action, at) = (self.load, self.action, state.now());
        let captured = Captured { load, action, capture, at, value: value.clone() };
        state.recorder.borrow_mut().captured(captured);
        self.captures[capture] = Some(value);
    }

    fn fail(&mut self, cause: String) {
        self.failure.get_or_insert(cause);
    }

    fn enter(&self, entry: &Entry, at: Moment) {
        let part = |key: LedgerKey| match key {
            LedgerKey::Seq => Some(self.sequence.to_string()),
            LedgerKey::Path => self.answer.as_ref()?.answer.path.clone(),
            LedgerKey::Capture(capture) => self.captures[capture].as_ref().map(Value::to_string),
        };
        if let Some(key) = part(entry.key) {
            let value = entry.value.and_then(part);
            self.state.recorder.borrow_mut().sent(SentItem { ledger: entry.ledger, key, value, at });
        }
    }

    fn body(&mut self) -> Result<Value, NoValue> {
        let answered = self.answer.as_mut().ok_or(NoValue::NotHere("body"))?;
        let body = answered.body.get_or_insert_with(|| {
            match serde_json::from_slice::<serde_json::Value>(&answered.answer.body) {
                Ok(json) => Value::from_json(json),
                Err(_) => Value::Text(String::from_utf8_lossy(&answered.answer.body).into_owned()),
            }
        });
        Ok(body.clone())
    }
}

impl Surroundings for Course<'_> {
    fn random(&mut self) -> &mut dyn RngCore {
        &mut self.random
    }

    fn scratch(&mut self) -> Result<String, NoValue> {
        Ok(self.state.given.scratch.clone())
    }

    fn secret(&mut self, secret: SecretId) -> Result<String, NoValue> {
        self.state.given.secrets.get(secret.index()).cloned().ok_or(NoValue::NotHere("a secret"))
    }

    fn iteration(&mut self, word: IterationWord) -> Result<Value, NoValue> {
        let whole = |number: u64| Ok(Value::Quantity(Quantity::number(number.into())));
        let answered = self.answer.as_ref();
        match word {
            IterationWord::Seq => whole(self.sequence),
            IterationWord::User => whole(self.user),
            IterationWord::Body => self.body(),
            IterationWord::Status => {
                let status = answered.and_then(|answered| answered.answer.status);
                status.map_or(Err(NoValue::NotHere("status")), |status| whole(status.into()))
            }
            IterationWord::Latency => {
                let latency = answered.map(|answered| answered.at.since(self.due));
                let latency = latency.ok_or(NoValue::NotHere("latency"))?;
                Ok(Value::Quantity(Quantity::duration(latency.saturating_sub(self.thought))))
            }
            IterationWord::Headers => {
                let headers = &answered.ok_or(NoValue::NotHere("headers"))?.answer.headers;
                let members = headers.iter().map(|(name, value)| (name.clone(), value.as_str().into()));
                Ok(Value::Json(serde_json::Value::Object(members.collect())))
            }
            IterationWord::Path => {
                let path = answered.and_then(|answered| answered.answer.path.clone());
                path.map(Value::Text).ok_or(NoValue::NotHere("path"))
            }
            IterationWord::Rows => Err(NoValue::NotHere("rows")),
        }
    }

    fn captured(&mut self, capture: usize) -> Result<Value, NoValue> {
        self.captures[capture].clone().ok_or(NoValue::Missing("the capture".into()))
    }

    fn pool(&mut self, action: ActionId, capture: usize, take: bool) -> Result<Value, NoValue> {
        let random = &mut self.random;
        let drawn = self
            .state
            .with_pool(action, capture, |pool| if take { pool.take(random) } else { pool.recent(random) });
        drawn.ok_or(NoValue::Empty)
    }
}
