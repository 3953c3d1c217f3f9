//! One iteration: an action run once for one user, from the moment it was due to what it came to.

use super::dataset::{Dataset, Numbered, Row};
use super::recorder::{Iteration, Origin, Outcome, SentItem};
use super::state::{Entry, Making, State};
use crate::check::scenario::{Argument, ConversationStep, IterationStep, LedgerKey, Tell};
use crate::kinds::payload;
use crate::kinds::request::{Answer, RequestError, Requester};
use crate::lang::call::{Call, Turn};
use crate::lang::eval::{NoValue, Surroundings, evaluate, evaluate_drawn};
use crate::lang::expr::{ActionId, DatasetId, Expr, IterationWord, SecretId};
use crate::lang::json;
use crate::lang::moment::Moment;
use crate::lang::quantity::Quantity;
use crate::lang::value::Value;
use rand::RngCore;
use rand_chacha::ChaCha8Rng;
use std::rc::Rc;
use std::time::Duration;

/// Parts of a body that are looked for in it as it came. Whoever wants more of it has a tree made.
const LOOKS_WITHOUT_TREE: u8 = 4;

/// What an iteration is to be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flight {
    /// The load's, and what it runs.
    pub origin: Origin,
    /// The load's own, or what was picked from its mix.
    pub action: ActionId,
    pub user: u64,
    pub due: Moment,
    /// The present moment, where it is known already: a look at the clock costs as much as a record.
    pub now: Option<Moment>,
}

/// What the user of an iteration has to know about its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Landed {
    /// Whether all went well or at least something was answered.
    pub answered: bool,
    /// When it ended.
    pub ended: Moment,
    /// When the user has thought about it. It was recorded before: nothing that counts comes after it.
    pub rested: Moment,
}

/// Runs one iteration and records it, also when it is dropped before its end.
pub(super) async fn run(state: &Rc<State>, flight: Flight) -> Landed {
    let sequence = state.next_sequence(flight.action);
    let begun = flight.now.unwrap_or_else(|| state.now());
    state.record(|recorder| recorder.started(flight.origin, flight.action, sequence));
    let record = Record { state, flight, begun, ended: false };
    let action = state.given.scenario.action(flight.action);
    let mut course = Course {
        random: None,
        state,
        load: flight.origin.load,
        action: flight.action,
        sequence,
        user: flight.user,
        due: flight.due,
        captures: vec![None; action.captures.len()],
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
    };
    let work = action.steps.iter().rposition(|step| !matches!(step, IterationStep::Think { .. }));
    let (work, rest) = action.steps.split_at(work.map_or(0, |last| last + 1));
    if course.take_rows(&action.datasets).await {
        course.run(work).await;
    }
    let outcome = match course.failure.take() {
        _ if course.skipped => Outcome::Skipped,
        Some(cause) => Outcome::Failed(cause),
        None => Outcome::Succeeded,
    };
    let answered = course.answered || outcome == Outcome::Succeeded;
    let ended = course.seen.unwrap_or_else(|| state.now());
    record.end(outcome, course.thought, course.bytes, ended);
    let rest = if course.skipped { &[] } else { rest };
    let rested = rest.iter().fold(ended, |until, step| until.after(course.pause(step)));
    Landed { answered, ended, rested }
}

/// Sees to it that an iteration which is cut is counted as such.
struct Record<'a> {
    state: &'a State,
    flight: Flight,
    begun: Moment,
    ended: bool,
}

impl Record<'_> {
    fn end(mut self, outcome: Outcome, thought: Duration, bytes: u64, ended: Moment) {
        self.ended = true;
        self.tell(outcome, thought, bytes, ended);
    }

    fn tell(&self, outcome: Outcome, thought: Duration, bytes: u64, ended: Moment) {
        let iteration = Iteration {
            action: self.flight.action,
            outcome,
            latency: ended.since(self.flight.due).saturating_sub(thought),
            service_time: ended.since(self.begun).saturating_sub(thought),
            lateness: self.begun.since(self.flight.due),
            bytes,
            ended,
        };
        self.state.record(|recorder| recorder.ended(self.flight.origin, &iteration));
    }
}

impl Drop for Record<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.tell(Outcome::Cut, Duration::ZERO, 0, self.state.now());
        }
    }
}

/// The answer a step is looking at, and when it was complete.
struct Answered {
    answer: Answer,
    /// The body, made when it is first asked for.
    body: Option<serde_json::Value>,
    /// Parts that were looked for in the body without it.
    looks: u8,
    /// The headers likewise.
    headers: Option<serde_json::Value>,
    /// And the rows.
    rows: Option<serde_json::Value>,
    at: Moment,
}

impl Answered {
    /// The status, as it is told.
    fn status(&self) -> Option<String> {
        let name = self.answer.status_name.map(str::to_string);
        name.or_else(|| self.answer.status.map(|status| status.to_string()))
    }

    fn body(&mut self) -> &serde_json::Value {
        self.body.get_or_insert_with(|| self.answer.body_json())
    }

    fn headers(&mut self) -> &serde_json::Value {
        self.headers.get_or_insert_with(|| self.answer.headers_json())
    }

    fn rows(&mut self) -> Option<&serde_json::Value> {
        let rows = self.answer.rows.as_ref()?;
        Some(self.rows.get_or_insert_with(|| rows.to_json()))
    }
}

/// What an iteration knows while it runs.
struct Course<'a> {
    state: &'a State,
    load: u64,
    action: ActionId,
    sequence: u64,
    user: u64,
    due: Moment,
    /// Made with the first draw: most iterations draw nothing.
    random: Option<ChaCha8Rng>,
    captures: Vec<Option<Value>>,
    /// Its row of each dataset, with the line it stands in.
    rows: Vec<(DatasetId, u64, Row)>,
    /// Of the last request, where it was answered.
    answer: Option<Answered>,
    /// When the last request was made.
    asked: Moment,
    /// When the last answer was there, while nothing but checks and captures has come behind it.
    seen: Option<Moment>,
    thought: Duration,
    bytes: u64,
    /// Whether any request was answered.
    answered: bool,
    /// The first cause; later ones follow from it more often than not.
    failure: Option<String>,
    /// Whether anything in the present step went wrong.
    step_failed: bool,
    skipped: bool,
}

impl Course<'_> {
    /// Takes a row of each dataset. False where there is none, or none that can be read.
    async fn take_rows(&mut self, datasets: &[DatasetId]) -> bool {
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

    async fn run(&mut self, steps: &[IterationStep]) {
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
    fn pause(&mut self, step: &IterationStep) -> Duration {
        let IterationStep::Think { duration, .. } = step else { return Duration::ZERO };
        self.drawn_duration(duration)
    }

    fn drawn_duration(&mut self, duration: &Expr) -> Duration {
        let pause = evaluate_drawn(duration, self).ok();
        pause.and_then(|value| value.as_quantity()?.to_duration()).unwrap_or_default()
    }

    async fn tell(&mut self, index: usize, tell: &Tell, lines: &[IterationStep]) {
        // What follows must not take an earlier answer for this one's.
        (self.answer, self.seen) = (None, None);
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

    fn answered(&mut self, answer: Answer) -> Moment {
        let at = self.state.now();
        self.answered = true;
        self.answer = Some(Answered { answer, body: None, looks: 0, headers: None, rows: None, at });
        at
    }

    /// Ledgers want to know when a request was made.
    fn note_asked(&mut self) {
        if !self.state.entries(self.action).is_empty() {
            self.asked = self.state.now();
        }
    }

    fn generator(&mut self) -> &mut ChaCha8Rng {
        self.random.get_or_insert_with(|| self.state.random(self.action, self.sequence))
    }

    /// Opens a connection, talks over it and closes it. The time it is only held counts as think time.
    async fn converse(&mut self, requester: &dyn Requester, call: &Call, steps: &[ConversationStep]) {
        let mut conversation = match requester.converse(user_number(self.load, self.user), call).await {
            Ok(conversation) => conversation,
            Err(error) => return self.fail(error.to_string()),
        };
        self.answered = true;
        for step in steps {
            let turn = match step {
                ConversationStep::Look(line) => {
                    self.look(line);
                    continue;
                }
                step => self.turn(step),
            };
            let turn = match turn {
                Ok(turn) => turn,
                Err(NoValue::Empty) => {
                    self.skipped = true;
                    return;
                }
                Err(missing) => return self.fail(unmade(&missing)),
            };
            let began = self.state.now();
            let taken = conversation.turn(&turn).await;
            if matches!(turn, Turn::Hold(_)) {
                self.thought += self.state.now().since(began);
            }
            match taken {
                Ok(Some(body)) => {
                    self.answered(Answer { body, ..Answer::default() });
                }
                Ok(None) => {}
                Err(error) => {
                    self.bytes += conversation.bytes();
                    return self.fail(error.to_string());
                }
            }
        }
        self.bytes += conversation.bytes();
        if let Err(error) = conversation.close().await {
            self.fail(error.to_string());
        }
    }

    /// A turn with its values, this time.
    fn turn(&mut self, step: &ConversationStep) -> Result<Turn, NoValue> {
        let mut value = |argument: &Argument| {
            let given = std::slice::from_ref(argument);
            let given = crate::check::evaluated::arguments(&self.state.given.scenario, given, self)?;
            given
                .value(argument.parameter.name)
                .cloned()
                .ok_or(NoValue::NotHere("what is sent or waited for"))
        };
        Ok(match step {
            ConversationStep::Send(argument) => {
                let message = payload::of(argument.parameter.name, &value(argument)?);
                Turn::Send(message.map_err(|error| NoValue::Mismatch(error.to_string()))?)
            }
            ConversationStep::Receive(Some(argument)) => Turn::Receive(Some(value(argument)?.to_string())),
            ConversationStep::Receive(None) | ConversationStep::Look(_) => Turn::Receive(None),
            ConversationStep::Hold(duration) => Turn::Hold(self.drawn_duration(duration)),
        })
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
    fn look(&mut self, line: &IterationStep) {
        match line {
            IterationStep::Check { condition, span } => {
                let held = evaluate(condition, self);
                if !matches!(held, Ok(Value::Bool(true))) {
                    let text = self.state.text(*span);
                    let text = text.strip_prefix("check").unwrap_or(text);
                    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
                    let seen = self.answer.as_ref().and_then(Answered::status);
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

    fn fail(&mut self, cause: String) {
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
fn wrong_row(dataset: &Dataset, line: u64, wrong: &dyn std::fmt::Display) -> String {
    format!("dataset `{}`, line {line}: {wrong}", dataset.name())
}

/// Whether a line up to the next request may look at the present answer.
fn looked_at(steps: &[IterationStep]) -> bool {
    let before_next = steps.iter().take_while(|step| !matches!(step, IterationStep::Tell { .. }));
    before_next.into_iter().any(|step| !matches!(step, IterationStep::Think { .. }))
}

/// What a target knows a user by: one number for each user of each load.
pub(super) fn user_number(load: u64, user: u64) -> u64 {
    (load + 1) << 32 | user
}

/// Why a request could not be made, without the values, which may be secret and differ each time.
fn unmade(missing: &NoValue) -> String {
    match missing {
        NoValue::Mismatch(_) => "two values of a request do not go together".into(),
        other => other.to_string(),
    }
}

impl Surroundings for Course<'_> {
    fn random(&mut self) -> &mut dyn RngCore {
        self.generator()
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
            IterationWord::Body | IterationWord::Headers | IterationWord::Rows => {
                let name = match word {
                    IterationWord::Body => "body",
                    IterationWord::Headers => "headers",
                    _ => "rows",
                };
                self.document(word).cloned().map(Value::from_json).ok_or(NoValue::NotHere(name))
            }
            IterationWord::Status => {
                if let Some(name) = answered.and_then(|answered| answered.answer.status_name) {
                    return Ok(Value::Text(name.into()));
                }
                let status = answered.and_then(|answered| answered.answer.status);
                status.map_or(Err(NoValue::NotHere("status")), |status| whole(status.into()))
            }
            IterationWord::Latency => {
                let latency = answered.map(|answered| answered.at.since(self.due));
                let latency = latency.ok_or(NoValue::NotHere("latency"))?;
                Ok(Value::Quantity(Quantity::duration(latency.saturating_sub(self.thought))))
            }
            IterationWord::Path => {
                let path = answered.and_then(|answered| answered.answer.path.clone());
                path.map(Value::Text).ok_or(NoValue::NotHere("path"))
            }
        }
    }

    fn document(&mut self, word: IterationWord) -> Option<&serde_json::Value> {
        let answered = self.answer.as_mut()?;
        match word {
            IterationWord::Body => Some(answered.body()),
            IterationWord::Headers => Some(answered.headers()),
            IterationWord::Rows => answered.rows(),
            _ => None,
        }
    }

    fn part(&mut self, word: IterationWord, path: &[&str]) -> Option<Result<serde_json::Value, NoValue>> {
        let answered = self.answer.as_mut().filter(|_| word == IterationWord::Body)?;
        let has_tree = answered.body.is_some() || answered.answer.document.is_some();
        if has_tree || answered.looks == LOOKS_WITHOUT_TREE {
            return None;
        }
        answered.looks += 1;
        // A body that is not JSON is a text, which has no parts.
        let found = json::find(&answered.answer.body, path).ok().flatten();
        Some(found.ok_or_else(|| NoValue::Missing(path.last().copied().unwrap_or_default().to_string())))
    }

    fn captured(&mut self, capture: usize) -> Result<Value, NoValue> {
        self.captures[capture].clone().ok_or(NoValue::Missing("the capture".into()))
    }

    fn pool(&mut self, action: ActionId, capture: usize, take: bool) -> Result<Value, NoValue> {
        let state = self.state;
        let random = self.generator();
        let drawn = state
            .with_pool(action, capture, |pool| if take { pool.take(random) } else { pool.recent(random) });
        drawn.ok_or(NoValue::Empty)
    }

    fn column(&mut self, dataset: DatasetId, column: &str) -> Result<Value, NoValue> {
        let (_, line, row) =
            self.rows.iter().find(|(of, ..)| *of == dataset).ok_or(NoValue::NotHere("a dataset"))?;
        let from = self.state.dataset(dataset);
        if let Some(value) = from.column(row, column) {
            return Ok(value);
        }
        // Of an answer, what is not there is no error; of a dataset it is one wherever it is used.
        let missing = NoValue::Missing(column.to_owned());
        self.fail(wrong_row(from, *line, &missing));
        Err(missing)
    }
}
