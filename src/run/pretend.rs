//! A pretended world: nothing is started, nothing is sent, and time passes in jumps.
//!
//! Its clock goes on only when nothing is left to tell of the present instant, straight to whatever comes next.
//! So a week passes in a moment, and the same scenario with the same seed always comes out the same. Every
//! series is without values unless readings were given for it, every order is carried out at once unless it was
//! said to fail or to take its time.

mod loads;

use super::world::{Answer, Effect, LoadId, Observation, Order, Record, Sampling, Signal, Ticket, World};
use crate::check::scenario::{Curve, LoadSubject, Scenario};
use crate::event::Evidence;
use crate::lang::call::Call;
use crate::lang::eval::NoValue;
use crate::lang::expr::{SeriesId, TargetId};
use crate::lang::function::Aggregate;
use crate::lang::moment::Moment;
use crate::lang::value::Value;
use crate::measure::Window;
use futures_util::future::{LocalBoxFuture, ready};
use loads::Going;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

/// What a series reads at a moment.
pub type Reading = Rc<dyn Fn(Moment) -> Option<Value>>;

/// A pretended world.
pub struct Pretend {
    now: Moment,
    series: Vec<String>,
    targets: Vec<String>,
    actions: Vec<String>,
    mixes: Vec<String>,
    curves: Vec<Curve>,
    readings: BTreeMap<SeriesId, (Reading, Sampling)>,
    failing: BTreeMap<String, String>,
    taking: BTreeMap<String, Duration>,
    effects: BTreeMap<String, Effect>,
    /// The state each property is in, and the loads that run.
    states: BTreeMap<(TargetId, &'static str), Call>,
    loads: BTreeMap<LoadId, Going>,
    /// Whether changes of what loads ask for are told.
    tells_rates: bool,
    /// Where the ends of commands stand in what is coming.
    commands: BTreeMap<Ticket, (Moment, u64)>,
    coming: BTreeMap<(Moment, u64), Observation>,
    number: u64,
}

impl Pretend {
    /// A world for a scenario, without readings.
    pub fn new(scenario: &Scenario) -> Pretend {
        Pretend {
            now: Moment::START,
            series: scenario.series.iter().map(|series| series.name.clone()).collect(),
            targets: scenario.targets.iter().map(|target| target.name.clone()).collect(),
            actions: scenario.actions.iter().map(|action| action.name.clone()).collect(),
            mixes: scenario.mixes.iter().map(|mix| mix.name.clone()).collect(),
            curves: scenario.curves.clone(),
            readings: BTreeMap::new(),
            failing: BTreeMap::new(),
            taking: BTreeMap::new(),
            effects: BTreeMap::new(),
            states: BTreeMap::new(),
            loads: BTreeMap::new(),
            tells_rates: false,
            commands: BTreeMap::new(),
            coming: BTreeMap::new(),
            number: 0,
        }
    }

    /// Loads tell how what they ask for changes.
    pub fn tell_rates(&mut self) {
        self.tells_rates = true;
    }

    /// What a series of that name reads whenever it is sampled.
    pub fn reads(&mut self, series: &str, reading: impl Fn(Moment) -> Option<Value> + 'static) {
        let reading: Rc<dyn Fn(Moment) -> Option<Value>> = Rc::new(reading);
        for id in self.named(series) {
            self.readings.insert(id, (Rc::clone(&reading), Sampling::Polled));
        }
    }

    /// A series of that name takes these values at these moments, and tells of each change.
    pub fn tells(&mut self, series: &str, changes: Vec<(Moment, Option<Value>)>) {
        for id in self.named(series) {
            for (at, value) in &changes {
                self.come(*at, recorded(id, *at, value.clone()));
            }
            let changes = changes.clone();
            let reading = move |now| stepped(&changes, now);
            self.readings.insert(id, (Rc::new(reading), Sampling::Pushed));
        }
    }

    /// What is told or done fails: `db.execute`, `run`, `prepare`, `load claim`.
    pub fn fails(&mut self, what: &str, why: &str) {
        self.failing.insert(what.to_owned(), why.to_owned());
    }

    /// What is told or done takes its time; of a load, what is in flight when it stops.
    pub fn takes(&mut self, what: &str, time: Duration) {
        self.taking.insert(what.to_owned(), time);
    }

    /// What a fault is found to have done.
    pub fn effect(&mut self, what: &str, effect: Effect) {
        self.effects.insert(what.to_owned(), effect);
    }

    /// A signal comes.
    pub fn signal(&mut self, at: Moment, signal: Signal) {
        self.come(at, Observation::Interrupted { signal });
    }

    fn named(&self, name: &str) -> Vec<SeriesId> {
        let ids = (0u32..).map(SeriesId).zip(&self.series);
        ids.filter(|(_, known)| *known == name).map(|(id, _)| id).collect()
    }

    fn come(&mut self, at: Moment, observation: Observation) {
        self.come_as(at, observation);
    }

    /// Gives the place of what is coming, by which it can be taken away again.
    fn come_as(&mut self, at: Moment, observation: Observation) -> (Moment, u64) {
        self.number += 1;
        let place = (at.max(self.now), self.number);
        self.coming.insert(place, observation);
        place
    }

    /// Answers an order that was called `what`.
    fn answer(&mut self, ticket: Ticket, what: &str, answer: Answer) {
        self.answer_as(ticket, what, answer);
    }

    fn answer_as(&mut self, ticket: Ticket, what: &str, answer: Answer) -> (Moment, u64) {
        let taken = self.taking.get(what).copied().unwrap_or_default();
        let at = self.now.after(taken);
        let answer = match self.failing.get(what) {
            Some(why) => Err(why.clone()),
            None => Ok(answer),
        };
        self.come_as(at, Observation::Answered { ticket, at, answer })
    }

    fn called(&self, target: TargetId, call: &Call) -> String {
        format!("{}.{}", self.targets[target.index()], call.verb)
    }

    fn effect_of(&self, what: &str) -> Effect {
        let unknown = Effect { measured: None, evidence: Evidence::NotExercised };
        self.effects.get(what).cloned().unwrap_or(unknown)
    }

    fn subject(&self, subject: LoadSubject) -> &str {
        match subject {
            LoadSubject::Action(action) => &self.actions[action.index()],
            LoadSubject::Mix(mix) => &self.mixes[mix.index()],
        }
    }
}

impl World for Pretend {
    fn now(&self) -> Moment {
        self.now
    }

    fn order(&mut self, ticket: Ticket, order: Order) {
        match order {
            Order::Prepare => self.answer(ticket, "prepare", Answer::Done),
            Order::Summarize => self.answer(ticket, "", Answer::Summaries(Vec::new())),
            Order::StopAll => self.answer(ticket, "stop", Answer::Done),
            Order::Set { target, property, state } => {
                let before = match &state {
                    Some(state) => self.states.insert((target, property), state.call.clone()),
                    None => self.states.remove(&(target, property)),
                };
                let effect = before.map(|call| self.effect_of(&self.called(target, &call)));
                let what = state.map_or_else(String::new, |state| self.called(target, &state.call));
                self.answer(ticket, &what, Answer::Set(effect));
            }
            Order::Act { target, call, .. } => self.answer(ticket, &self.called(target, &call), Answer::Done),
            Order::Release { target, call, .. } => {
                let effect = self.effect_of(&self.called(target, &call));
                self.answer(ticket, "release", Answer::Released(effect));
            }
            Order::Request { target, call, .. } => {
                let what = self.called(target, &call);
                self.answer(ticket, &what, Answer::Replied(Vec::new()));
            }
            Order::StartLoad(order) => self.start_load(ticket, *order),
            Order::StopLoad { load, at } => self.stop_load(ticket, load, at),
            Order::Run { words, .. } => {
                let what =
                    if self.taking.contains_key(&words.join(" ")) { words.join(" ") } else { "run".into() };
                let place = self.answer_as(ticket, &what, Answer::Exited(Some(0)));
                self.commands.insert(ticket, place);
            }
            Order::EndRun { run } => {
                if let Some(place) = self.commands.remove(&run)
                    && self.coming.remove(&place).is_some()
                {
                    let answer = Ok(Answer::Exited(None));
                    self.come(self.now, Observation::Answered { ticket: run, at: self.now, answer });
                }
                self.answer(ticket, "", Answer::Done);
            }
            Order::Sample { series } => {
                let at = self.now.after(self.taking.get("sample").copied().unwrap_or_default());
                if let Some((reading, Sampling::Polled)) = self.readings.get(&series) {
                    let value = reading(at);
                    self.come(at, recorded(series, at, value));
                }
                self.come(at, Observation::Answered { ticket, at, answer: Ok(Answer::Done) });
            }
            Order::Show { .. } => self.answer(ticket, "show", Answer::Rows(Vec::new())),
        }
    }

    fn next(&mut self, until: Moment) -> LocalBoxFuture<'_, Option<Observation>> {
        let first = self.coming.first_key_value().map(|((at, _), _)| *at);
        let told = match first.filter(|at| *at <= until.max(self.now)) {
            Some(at) => {
                self.now = self.now.max(at);
                let told = self.coming.pop_first().map(|(_, observation)| observation);
                match &told {
                    Some(Observation::RateChanged { load, .. }) => self.next_change(*load),
                    Some(Observation::LoadEnded { load, .. }) => drop(self.loads.remove(load)),
                    Some(Observation::Answered { ticket, .. }) => drop(self.commands.remove(ticket)),
                    _ => {}
                }
                told
            }
            None => {
                if until != Moment::NEVER {
                    self.now = self.now.max(until);
                }
                None
            }
        };
        Box::pin(ready(told))
    }

    fn sampling(&self, series: SeriesId) -> Sampling {
        self.readings.get(&series).map_or(Sampling::Never, |(_, sampling)| *sampling)
    }

    fn read(&mut self, series: SeriesId, _aggregate: Aggregate, _window: Window) -> Result<Value, NoValue> {
        Err(NoValue::NotMeasured(format!("`{}` is not measured in a rehearsal", self.series[series.index()])))
    }

    fn pin(&mut self, _series: SeriesId, _at: Moment) {}

    fn unpin(&mut self, _series: SeriesId, _at: Moment) {}

    fn doubt(&mut self, _series: SeriesId, _window: Window) -> Option<String> {
        None
    }
}

/// The value that was taken last by `now`.
pub fn stepped(changes: &[(Moment, Option<Value>)], now: Moment) -> Option<Value> {
    let known = changes.iter().rev().find(|(at, _)| *at <= now);
    known.and_then(|(_, value)| value.clone())
}

fn recorded(series: SeriesId, at: Moment, value: Option<Value>) -> Observation {
    let record = match value {
        Some(value) => Record::Value(value),
        None => Record::Nothing(NoValue::NotMeasured("there is nothing to read".into())),
    };
    Observation::Recorded { series, at, record }
}
