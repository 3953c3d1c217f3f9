//! What is known around an expression of the story, and the evaluation of arguments.

use super::Options;
use super::measurements::Measurements;
use super::scope::Names;
use super::world::World;
use crate::check::scenario::{Argued, Argument, Origin, Scenario};
use crate::lang::call::Arguments;
use crate::lang::eval::{MeasureWindow, NoValue, Surroundings, evaluate, evaluate_drawn};
use crate::lang::expr::{Expr, ExprKind, IterationWord, Piece, SecretId, SeriesId, VariableId};
use crate::lang::function::Aggregate;
use crate::lang::moment::Moment;
use crate::lang::signature::Accepts;
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

/// The arguments of a verb or the settings of a target with every value known: ranges are drawn from, a command
/// is a list of its words, a target is its name, a probe its name and what it takes.
///
/// # Errors
/// Where one of them has no value.
pub fn arguments(
    scenario: &Scenario,
    given: &[Argument],
    around: &mut dyn Surroundings,
) -> Result<Arguments, NoValue> {
    let mut arguments = Arguments::default();
    for argument in given {
        let mut values = Vec::with_capacity(argument.values.len());
        for (index, argued) in argument.values.iter().enumerate() {
            match argued {
                Argued::Value(expr) if argument.parameter.values.get(index) == Some(&Accepts::Command) => {
                    values.push(command(expr, around)?);
                }
                Argued::Value(expr) => values.push(evaluate_drawn(expr, around)?),
                Argued::Word(word) => values.push(Value::Text(word.clone())),
                Argued::Target(target) => values.push(Value::Text(scenario.target(*target).name.clone())),
                Argued::Probe("succeeds", expr) => {
                    values.extend([Value::Text("succeeds".into()), command(expr, around)?]);
                }
                Argued::Probe(name, expr) => {
                    values.extend([Value::Text((*name).to_owned()), evaluate_drawn(expr, around)?]);
                }
            }
        }
        arguments.push(argument.parameter.name, values);
    }
    Ok(arguments)
}

fn command(expr: &Expr, around: &mut dyn Surroundings) -> Result<Value, NoValue> {
    Ok(Value::List(words(expr, around)?.into_iter().map(Value::Text).collect()))
}

/// The words of a command line. White space parts them; `'…'` and `"…"` hold them together; what is interpolated
/// stays part of one word whatever it contains.
///
/// # Errors
/// Where a part of it has no value.
pub fn words(expr: &Expr, around: &mut dyn Surroundings) -> Result<Vec<String>, NoValue> {
    let mut words = Words::default();
    match &expr.kind {
        ExprKind::Text(pieces) => {
            for piece in pieces {
                match piece {
                    Piece::Literal(text) => words.literal(text),
                    Piece::Value(value) => words.whole(&evaluate_drawn(value, around)?.to_string()),
                }
            }
        }
        _ => words.literal(&evaluate_drawn(expr, around)?.to_string()),
    }
    Ok(words.finish())
}

#[derive(Default)]
struct Words {
    done: Vec<String>,
    word: Option<String>,
    quote: Option<char>,
}

impl Words {
    fn literal(&mut self, text: &str) {
        for character in text.chars() {
            match self.quote {
                Some(quote) if quote == character => self.quote = None,
                None if character == '\'' || character == '"' => {
                    self.quote = Some(character);
                    self.word.get_or_insert_default();
                }
                None if character.is_whitespace() => self.done.extend(self.word.take()),
                _ => self.word.get_or_insert_default().push(character),
            }
        }
    }

    fn whole(&mut self, text: &str) {
        self.word.get_or_insert_default().push_str(text);
    }

    fn finish(mut self) -> Vec<String> {
        self.done.extend(self.word.take());
        self.done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_is_split_and_what_is_interpolated_stays_whole() {
        let mut words = Words::default();
        words.literal("sh -c 'a  b' --home=");
        words.whole("/tmp/with space");
        words.literal(" \"\" x'y'z ");
        assert_eq!(words.finish(), ["sh", "-c", "a  b", "--home=/tmp/with space", "", "xyz"]);
    }
}
