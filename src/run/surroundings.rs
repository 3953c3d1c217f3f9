//! What is known around an expression of the story.

use super::Options;
use super::measurements::Measurements;
use super::scope::Names;
use super::world::World;
use crate::check::scenario::{Origin, Scenario};
use crate::lang::eval::{MeasureWindow, NoValue, Surroundings, evaluate};
use crate::lang::expr::{IterationWord, SecretId, SeriesId, VariableId};
use crate::lang::function::Aggregate;
use crate::lang::moment::Moment;
use crate::lang::value::Value;
use crate::measure::Window;
use rand::RngCore;
use rand_chacha::ChaCha8Rng;
use std::time::Duration;

/// What is known around an expression of the story.
pub struct Around<'a, 's> {
    pub scenario: &'s Scenario,
    pub options: &'a Options,
    pub measurements: &'a Measurements<'s>,
    pub world: &'a mut dyn World,
    pub names: &'a Names,
    pub random: ChaCha8Rng,
    /// When the innermost block began, and when it ended where it has.
    pub block: (Moment, Option<Moment>),
    pub now: Moment,
    /// The window that a composed metric passes to its parts.
    pub passed_on: Option<Window>,
    /// What the answer to a request brought.
    pub reply: &'a [(IterationWord, Value)],
}

impl Around<'_, '_> {
    fn window(&self, window: MeasureWindow) -> Result<Window, NoValue> {
        let (began, ended) = self.block;
        let not_yet = |text: String| NoValue::NotMeasured(text);
        match window {
            MeasureWindow::Block => Ok(match ended {
                Some(ended) => Window::between(began, ended),
                None => Window::so_far(began, self.now),
            }),
            MeasureWindow::Over(length) => {
                let passed = || {
                    let length = crate::lang::unit::format_duration(length);
                    not_yet(format!("{length} have not passed yet"))
                };
                let window = Window::over(ended.unwrap_or(self.now), length, self.measurements.birth());
                let window = window.ok_or_else(passed)?;
                // A block that has ended does not reach its last instant.
                Ok(ended.map_or(window, |ended| Window::between(ended.before(length), ended)))
            }
            MeasureWindow::Phase(name) => self
                .measurements
                .phase(&name)
                .ok_or_else(|| not_yet(format!("no pass of the phase \"{name}\" has run to its end yet"))),
        }
    }
}

impl Surroundings for Around<'_, '_> {
    fn random(&mut self) -> &mut dyn RngCore {
        &mut self.random
    }

    fn variable(&mut self, variable: VariableId) -> Result<Value, NoValue> {
        self.names.find(variable).cloned().ok_or(NoValue::NotHere("a variable"))
    }

    fn scratch(&mut self) -> Result<String, NoValue> {
        Ok(self.options.scratch.clone())
    }

    fn secret(&mut self, secret: SecretId) -> Result<String, NoValue> {
        self.options.secrets.get(secret.index()).cloned().ok_or(NoValue::NotHere("a secret"))
    }

    fn iteration(&mut self, word: IterationWord) -> Result<Value, NoValue> {
        let found = self.reply.iter().find(|(known, _)| *known == word);
        found.map(|(_, value)| value.clone()).ok_or(NoValue::NotHere("a word of an answer"))
    }

    fn measure(
        &mut self,
        series: SeriesId,
        aggregate: Aggregate,
        window: MeasureWindow,
    ) -> Result<Value, NoValue> {
        let window = match self.passed_on {
            Some(window) => window,
            None => self.window(window)?,
        };
        let scenario = self.scenario;
        if let Origin::Derived(inner) = &scenario.series(series).origin
            && aggregate == Aggregate::Latest
        {
            let before = self.passed_on.replace(window);
            let value = evaluate(inner, self);
            self.passed_on = before;
            return value;
        }
        self.measurements.value(self.world, series, aggregate, window)
    }

    fn elapsed(&mut self) -> Result<Duration, NoValue> {
        Ok(self.block.1.unwrap_or(self.now).since(self.block.0))
    }
}
