//! Conversations of an iteration: its turns, with their values.

use super::course::{Course, unmade};
use super::user_number;
use crate::check::scenario::{Argument, ConversationStep};
use crate::kinds::payload;
use crate::kinds::request::{Answer, Requester};
use crate::lang::call::{Call, Turn};
use crate::lang::eval::NoValue;

impl Course<'_> {
    /// Opens a connection, talks over it and closes it. The time it is only held counts as think time.
    pub async fn converse(&mut self, requester: &dyn Requester, call: &Call, steps: &[ConversationStep]) {
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
}
