//! What an iteration knows: its user and number, the answer it looks at, its captures, pools and rows.

use super::course::{Course, wrong_row};
use crate::lang::eval::{NoValue, Surroundings};
use crate::lang::expr::{ActionId, DatasetId, IterationWord, SecretId};
use crate::lang::quantity::Quantity;
use crate::lang::value::Value;
use rand::RngCore;

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
            IterationWord::BodyText => {
                let text = answered.map(|answered| Value::Text(answered.answer.body_text()));
                text.ok_or(NoValue::NotHere("body"))
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
        self.answer.as_mut().filter(|_| word == IterationWord::Body)?.part(path)
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
