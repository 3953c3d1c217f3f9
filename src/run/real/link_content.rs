//! What is done to the content that a proxy passes on: data in small pieces, and single requests and answers of HTTP; and
//! the proof of it.

use super::Shared;
use crate::event::Evidence;
use crate::kinds::link::http::{Delay, Disturbance, Refusal, Seen, Stage};
use crate::kinds::link::proxy::Proxy;
use crate::lang::call::Call;
use crate::lang::unit::{format_duration, format_share, format_size};
use crate::run::world::{Answer, Effect, State, Ticket};
use std::cell::RefCell;
use std::collections::HashMap;

/// Of so many that were expected to be hit, at least one is.
const SURELY: f64 = 4.0;

/// The states in force, by property.
#[derive(Default)]
pub(super) struct Content {
    held: RefCell<HashMap<String, Held>>,
}

/// A state, and what had been counted when it began.
struct Held {
    call: Call,
    seen: Seen,
    slices: u64,
}

impl Content {
    /// Puts a property into a state, or lets the content be as it is.
    pub fn set(
        &self,
        shared: &Shared,
        ticket: Ticket,
        (proxy, stage): (&Proxy, Option<&Stage>),
        property: &str,
        state: Option<State>,
    ) {
        let (seen, slices) = (stage.map(Stage::seen).unwrap_or_default(), proxy.counters().slices);
        let before = self.held.borrow_mut().remove(property);
        let effect = before.map(|held| held.effect(seen, slices));
        let call = state.map(|state| state.call);
        match (property, stage) {
            ("slice", _) => {
                let size = call.as_ref().and_then(|call| call.arguments.number("size"));
                proxy.slice(size.map(|size| size.max(1.0) as usize));
            }
            (_, Some(stage)) => stage.change(|now| disturb(now, property, call.as_ref())),
            (_, None) => return shared.answer(ticket, Err("the link does not understand HTTP".into())),
        }
        if let Some(call) = call {
            self.held.borrow_mut().insert(property.to_owned(), Held { call, seen, slices });
        }
        shared.answer(ticket, Ok(Answer::Set(effect)));
    }
}

fn disturb(now: &mut Disturbance, property: &str, call: Option<&Call>) {
    let number = |name| call.and_then(|call| call.arguments.number(name));
    match property {
        "answer" => {
            let share = number("to").unwrap_or(1.0);
            now.answer = number("status").map(|status| Refusal { status: status as u16, share });
        }
        "delay" => {
            now.delay = call.and_then(|call| {
                let route = call.arguments.text("route")?.to_owned();
                Some(Delay { route, time: call.arguments.duration("time")? })
            });
        }
        _ => now.tear = number("share"),
    }
}

impl Held {
    /// What it did, looked at in its last moment.
    fn effect(&self, seen: Seen, slices: u64) -> Effect {
        let (seen, arguments) = (seen.since(self.seen), &self.call.arguments);
        let share = |name| arguments.number(name).unwrap_or(1.0);
        let (evidence, measured) = match self.call.verb {
            "slice" => {
                let count = slices - self.slices;
                let size = format_size(share("size"));
                let evidence = if count > 0 { Evidence::Measured } else { Evidence::NotExercised };
                (evidence, format!("passed on in {count} pieces of at most {size}"))
            }
            "answer" => {
                let what = format!("requests answered with {}", arguments.number("status").unwrap_or(0.0));
                of_share(seen.answered, seen.requests, share("to"), &what)
            }
            "delay" => {
                let time = format_duration(arguments.duration("time").unwrap_or_default());
                let measured = format!("{} of {} requests held back for {time}", seen.delayed, seen.requests);
                let evidence = match (seen.delayed, seen.requests) {
                    (1.., _) => Evidence::Measured,
                    (0, 0) => Evidence::NotExercised,
                    // Of no route that was asked for: a mistyped one, most likely.
                    (0, _) => Evidence::None,
                };
                (evidence, measured)
            }
            _ => of_share(seen.torn, seen.answers, share("share"), "answers ended in the middle"),
        };
        match seen.unread {
            unread @ 1.. if seen.requests == 0 && self.call.verb != "slice" => Effect {
                measured: Some(format!(
                    "no request of HTTP/1 seen: {unread} connections carry something else"
                )),
                evidence: Evidence::None,
            },
            _ => Effect { measured: Some(measured), evidence },
        }
    }
}

/// How many were hit of those that were seen.
fn of_share(hit: u64, seen: u64, asked: f64, what: &str) -> (Evidence, String) {
    let evidence = match hit {
        1.. => Evidence::Measured,
        0 if seen as f64 * asked < SURELY => Evidence::NotExercised,
        0 => Evidence::None,
    };
    let share = if seen == 0 { 0.0 } else { hit as f64 / seen as f64 };
    (evidence, format!("{hit} of {seen} {what}: {} ({} asked)", format_share(share), format_share(asked)))
}
