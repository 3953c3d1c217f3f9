//! What targets are told, commands, and what becomes of the answers to all orders.

use super::COMMAND_LIMIT;
use super::faults::{FaultKind, NewFault};
use super::interpreter::Interpreter;
use super::overrides::Property;
use super::scope::ScopeId;
use super::strand::{Frame, StrandId, Waiting};
use super::watch::WatchId;
use super::world::{Answer, FaultId, LoadId, Order, Ticket};
use crate::check::evaluated::{arguments, words};
use crate::check::scenario::{Argued, Argument, ConversationStep, IterationStep, Tell};
use crate::event::{Acted, Command, EventKind, Verdict};
use crate::expect::figure::truth;
use crate::kinds::payload;
use crate::lang::call::{Call, Message, Turn};
use crate::lang::eval::{NoValue, evaluate_drawn};
use crate::lang::expr::{Expr, SeriesId};
use crate::lang::moment::Moment;
use crate::lang::signature::{Form, Nature};
use crate::lang::value::Value;
use crate::source::Span;
use std::time::Duration;

/// A state that is in force later than this moves what follows; a faster one leaves the schedule as it is.
const SLOW_STATE: Duration = Duration::from_secs(1);

/// What takes longer than this (an act, a fresh sample) moves what follows; what is faster takes no time, so that
/// a loop does not drift by what it costs to carry it out.
pub const INSTANT: Duration = Duration::from_millis(50);

/// What is to be done with the answer to an order.
#[derive(Debug)]
pub(super) enum Pending<'s> {
    Prepare,
    StopAll,
    Summarize,
    /// The fault whose state was in force before, and the one whose state is now; the strand that waits.
    Set {
        property: Property,
        previous: Option<FaultId>,
        new: Option<FaultId>,
        strand: Option<StrandId>,
    },
    Act(Box<Act>),
    Release(FaultId),
    Request(Box<Act>, ScopeId, &'s Tell),
    Load(LoadId),
    StopLoad,
    Run {
        strand: StrandId,
        span: Span,
        command: String,
        began: Moment,
        depth: Option<u32>,
    },
    EndRun,
    /// A sample on the series' own grid.
    Sample(SeriesId),
    /// A fresh sample for a watch.
    Fresh(WatchId),
    Show(u32),
}

/// What an answer brought, by the words of the language.
type Reply = Vec<(crate::lang::expr::IterationWord, Value)>;

/// An act that was ordered.
#[derive(Debug)]
pub(super) struct Act {
    pub strand: StrandId,
    pub told: Acted,
    /// How many blocks stand around it, where that is told.
    pub depth: Option<u32>,
    pub held: Option<FaultId>,
}

impl Pending<'_> {
    /// Whether the run may not go on to its next stage before the answer has come.
    pub fn must_settle(&self) -> bool {
        match self {
            Pending::Set { .. } | Pending::Release(_) | Pending::Run { .. } | Pending::Show(_) => true,
            Pending::Act(act) => act.held.is_some(),
            Pending::Prepare
            | Pending::StopAll
            | Pending::Summarize
            | Pending::Request(..)
            | Pending::Load(_)
            | Pending::StopLoad
            | Pending::EndRun
            | Pending::Sample(_)
            | Pending::Fresh(_) => false,
        }
    }
}

impl<'s> Interpreter<'s, '_> {
    /// Tells a target something.
    pub fn tell_target(&mut self, id: StrandId, scope: ScopeId, tell: &'s Tell) -> Result<(), NoValue> {
        let arguments = self.arguments(scope, tell.span, &tell.arguments)?;
        let call = Call { verb: tell.verb.name, arguments };
        let duration = tell.duration.as_ref().map(|duration| self.duration(scope, duration)).transpose()?;
        let mut asked = self.asked(tell, &call);
        if let Some(duration) = duration {
            asked = format!("{asked} for {}", crate::lang::unit::format_duration(duration));
        }
        let (target, line) = (tell.target, self.sources.line(tell.span));
        let name = &self.scenario.target(target).name;
        let due = self.time(id);
        let new = |kind| {
            let (call, asked, lasts) = (call.clone(), asked.clone(), duration);
            NewFault { scope, kind, target, call, asked, line, due, lasts }
        };
        let depth = self.depth;
        let told = Acted {
            target: name.clone(),
            verb: call.verb.to_owned(),
            line,
            asked: asked.clone(),
            due: due.seconds(),
            measured: None,
            failed: None,
        };
        let ticket = match (tell.verb.nature, duration) {
            (Nature::State { property }, _) => {
                let fault = self.begin_fault(new(FaultKind::State((target, property))));
                if let Some(duration) = duration {
                    self.push(id, Frame::Hold { fault, duration });
                }
                self.push_state(fault, (target, property), call, id)
            }
            (Nature::Act { .. }, Some(duration)) => {
                let fault = self.begin_fault(new(FaultKind::Held));
                self.push(id, Frame::Hold { fault, duration });
                let act = Act { strand: id, told, depth, held: Some(fault) };
                self.order(Order::Act { target, call, held: Some(fault) }, Pending::Act(Box::new(act)))
            }
            (Nature::Act { .. }, None) => {
                let act = Act { strand: id, told, depth, held: None };
                self.order(Order::Act { target, call, held: None }, Pending::Act(Box::new(act)))
            }
            (Nature::Request, _) => {
                let conversation = self.conversation(scope, &tell.conversation)?;
                let act = Act { strand: id, told, depth, held: None };
                let pending = Pending::Request(Box::new(act), scope, tell);
                self.order(Order::Request { target, call, conversation }, pending)
            }
        };
        self.wait_for(id, Waiting::Answer(ticket));
        Ok(())
    }

    fn arguments(
        &mut self,
        scope: ScopeId,
        span: Span,
        given: &[Argument],
    ) -> Result<crate::lang::call::Arguments, NoValue> {
        let (names, place, began) = self.stands_in(scope);
        let (scenario, now) = (self.scenario, self.now);
        arguments(scenario, given, &mut self.around(&names, place.inner(span, 0), (began, None), now))
    }

    fn conversation(&mut self, scope: ScopeId, steps: &'s [ConversationStep]) -> Result<Vec<Turn>, NoValue> {
        let mut turns = Vec::with_capacity(steps.len());
        for step in steps {
            turns.push(match step {
                ConversationStep::Send(sent) => {
                    Turn::Send(message(sent.parameter.name, &self.argued(scope, sent)?)?)
                }
                ConversationStep::Receive(received) => Turn::Receive(match received {
                    Some(received) => Some(self.argued(scope, received)?.to_string()),
                    None => None,
                }),
                ConversationStep::Hold(duration) => Turn::Hold(self.duration(scope, duration)?),
                // Looked at when it has been answered.
                ConversationStep::Look(_) => continue,
            });
        }
        Ok(turns)
    }

    fn argued(&mut self, scope: ScopeId, argument: &'s Argument) -> Result<Value, NoValue> {
        let arguments = self.arguments(scope, argument.span, std::slice::from_ref(argument))?;
        let value = arguments.value(argument.parameter.name).cloned();
        value.ok_or(NoValue::NotHere("what is sent or waited for"))
    }

    /// What a target is told, as the scenario says it, with every value that was drawn.
    fn asked(&self, tell: &Tell, call: &Call) -> String {
        let mut asked = format!("{} {}", self.scenario.target(tell.target).name, call.verb);
        for (argument, (_, values)) in tell.arguments.iter().zip(call.arguments.iter()) {
            if argument.parameter.form != Form::Positional {
                asked = format!("{asked} {}", argument.parameter.name);
            }
            // A command and a probe are shown as they are written, for their values are words apart.
            let written = argument.values.iter().any(|value| matches!(value, Argued::Probe(..)));
            if written || values.iter().any(|value| matches!(value, Value::List(_))) {
                asked = format!("{asked} {}", self.sources.text(argument.span).trim());
                continue;
            }
            for (argued, value) in argument.values.iter().zip(values) {
                let quoted = matches!((argued, value), (Argued::Value(_), Value::Text(_)));
                asked = if quoted { format!("{asked} \"{value}\"") } else { format!("{asked} {value}") };
            }
        }
        asked
    }

    /// Runs a command of the story.
    pub fn run_command(
        &mut self,
        id: StrandId,
        scope: ScopeId,
        span: Span,
        command: &'s Expr,
        timeout: Option<&'s Expr>,
    ) -> Result<(), NoValue> {
        let timeout = timeout.map_or(Ok(COMMAND_LIMIT), |timeout| self.duration(scope, timeout))?;
        let (names, place, began) = self.stands_in(scope);
        let now = self.now;
        let mut around = self.around(&names, place.inner(command.span, 0), (began, None), now);
        let words = words(command, &mut around)?;
        let command = words.join(" ");
        let pending = Pending::Run { strand: id, span, command, began: now, depth: self.depth };
        let ticket = self.order(Order::Run { words, timeout }, pending);
        self.wait_for(id, Waiting::Answer(ticket));
        Ok(())
    }

    /// An order was answered.
    pub fn answered(&mut self, ticket: Ticket, at: Moment, answer: Result<Answer, String>) {
        let Some(pending) = self.pending.remove(&ticket) else { return };
        match pending {
            Pending::Prepare => self.prepared(answer.err()),
            Pending::StopAll => self.stopped(answer.err()),
            Pending::Summarize => match answer {
                Ok(Answer::Summaries(summaries)) => self.over(summaries),
                _ => self.over(Vec::new()),
            },
            Pending::Set { property, previous, new, strand } => {
                self.state_set(property, previous, new, at, answer);
                if let Some(strand) = strand {
                    self.act_done(strand, ticket, at, SLOW_STATE);
                }
            }
            Pending::Act(mut act) => {
                let failed = match answer {
                    Ok(Answer::Did(what)) => {
                        act.told.measured = Some(what);
                        None
                    }
                    answer => answer.err(),
                };
                match act.held.filter(|_| failed.is_none()) {
                    Some(fault) => self.held(fault, at),
                    None => {
                        if let Some(fault) = act.held {
                            self.forget_fault(fault);
                        }
                        self.act_ended(&act, ticket, at, failed);
                    }
                }
                self.act_done(act.strand, ticket, at, INSTANT);
            }
            Pending::Request(act, scope, tell) => {
                let failed = match answer {
                    Ok(Answer::Replied(_)) if self.options.rehearsal => None,
                    Ok(Answer::Replied(reply)) => self.check_reply(scope, tell, &reply),
                    Ok(_) => None,
                    Err(failed) => Some(failed),
                };
                self.act_ended(&act, ticket, at, failed);
                self.act_done(act.strand, ticket, at, INSTANT);
            }
            Pending::Release(fault) => self.released(fault, at, answer),
            Pending::Load(load) => {
                if let Err(failed) = answer {
                    self.load_failed(load, at, failed);
                }
            }
            Pending::StopLoad | Pending::EndRun => {}
            Pending::Run { strand, span, command, began, depth } => {
                // A command that was cut with its block had not decided anything.
                let cut =
                    self.strands.get(&strand).map(|strand| strand.waiting) != Some(Waiting::Answer(ticket));
                let (code, failed) = match answer {
                    Ok(Answer::Exited(None)) | Err(_) if cut => (None, None),
                    Ok(Answer::Exited(Some(0)) | Answer::Done) => (Some(0), None),
                    Ok(Answer::Exited(Some(code))) => (Some(code), Some(format!("it exited with {code}"))),
                    Ok(_) => (None, Some("a signal ended it".into())),
                    Err(failed) => (None, Some(failed)),
                };
                let missed = failed.is_some() && !cut;
                let line = self.sources.line(span);
                let took = at.since(began).as_secs_f64();
                self.tell_inside(
                    at,
                    depth,
                    EventKind::Command(Command { line, command, took, code, failed }),
                );
                if missed {
                    self.missed_statement();
                }
                let time = self.time(strand).max(at);
                self.resume(strand, Waiting::Answer(ticket), time);
            }
            Pending::Sample(series) => {
                self.sampled(series);
                if let Err(failed) = answer {
                    let line = self.sources.line(self.scenario.series(series).span);
                    self.tell_at(at, EventKind::Noticed { line: Some(line), text: failed });
                }
            }
            Pending::Fresh(watch) => self.fresh(watch, at),
            Pending::Show(line) => {
                let rows = match answer {
                    Ok(Answer::Rows(rows)) => rows,
                    Ok(_) => Vec::new(),
                    Err(failed) => vec![failed],
                };
                self.tell_at(at, EventKind::Shown { line, rows });
            }
        }
    }

    fn waits_for_answer(&self, strand: StrandId, ticket: Ticket) -> bool {
        self.strands.get(&strand).is_some_and(|strand| strand.waiting == Waiting::Answer(ticket))
    }

    /// An act or a request came to its end. One that was cut with its block had not decided anything: that it then
    /// failed is told, and is nobody's fault.
    fn act_ended(&mut self, act: &Act, ticket: Ticket, at: Moment, failed: Option<String>) {
        match failed {
            Some(failed) if !self.waits_for_answer(act.strand, ticket) => {
                let text = format!("`{}` was cut with its block: {failed}", act.told.asked);
                self.tell_at(at, EventKind::Noticed { line: Some(act.told.line), text });
            }
            failed => self.acted(at, act.depth, Acted { failed, ..act.told.clone() }),
        }
    }

    /// A failed act counts as a missed `expect`.
    pub fn acted(&mut self, at: Moment, depth: Option<u32>, acted: Acted) {
        if acted.failed.is_some() {
            self.missed_statement();
        }
        self.tell_inside(at, depth, EventKind::Acted(acted));
    }

    /// A statement did not do what it should: a missed `expect`, or in `cleanup` a warning.
    pub fn missed_statement(&mut self) {
        let verdict = if self.lenient() { Verdict::Warn } else { Verdict::Fail };
        self.count(verdict);
    }

    /// The strand that waited for an act goes on; a held one stays held for its time.
    fn act_done(&mut self, id: StrandId, ticket: Ticket, at: Moment, instant: Duration) {
        let Some(strand) = self.strands.get_mut(&id) else { return };
        if strand.waiting != Waiting::Answer(ticket) {
            return;
        }
        if at.since(strand.time) > instant {
            strand.time = at;
        }
        let time = strand.time;
        let hold = match strand.frames.last() {
            Some(Frame::Hold { duration, .. }) => time.after(*duration),
            _ => time,
        };
        self.resume(id, Waiting::Answer(ticket), time);
        let scope = self.strands.get(&id).map(|strand| strand.scope);
        if let Some(scope) = scope {
            self.sleep(id, scope, hold);
        }
    }

    /// Why the answers to a request are not what was asked for.
    fn check_reply(&mut self, scope: ScopeId, tell: &'s Tell, replies: &[Reply]) -> Option<String> {
        let whole = replies.first().into_iter().filter(|_| tell.conversation.is_empty());
        for reply in whole {
            if let Some(failed) = self.check_one_reply(scope, &tell.checks, reply) {
                return Some(failed);
            }
        }
        let mut received = replies.iter();
        let mut last: Option<&Reply> = None;
        for step in &tell.conversation {
            match step {
                ConversationStep::Receive(_) => last = received.next(),
                ConversationStep::Look(line) => {
                    let failed = self.check_one_reply(scope, std::slice::from_ref(line), last?);
                    if failed.is_some() {
                        return failed;
                    }
                }
                ConversationStep::Send(_) | ConversationStep::Hold(_) => {}
            }
        }
        None
    }

    fn check_one_reply(
        &mut self,
        scope: ScopeId,
        lines: &'s [IterationStep],
        reply: &[(crate::lang::expr::IterationWord, Value)],
    ) -> Option<String> {
        let (names, place, began) = self.stands_in(scope);
        let sources = self.sources;
        let now = self.now;
        for check in lines {
            let IterationStep::Check { condition, span } = check else { continue };
            let mut around = self.around(&names, place.inner(*span, 0), (began, None), now);
            around.reply = reply;
            match truth(condition, &mut around) {
                Ok(true) => {}
                Ok(false) => {
                    let figures = crate::expect::figure::figures(condition, &mut around);
                    let actual = figures.actual.map(|actual| format!(": it was {}", actual.text));
                    let text = sources.text(condition.span).trim();
                    return Some(format!("not {text}{}", actual.unwrap_or_default()));
                }
                Err(lacking) => return Some(lacking.to_string()),
            }
        }
        None
    }

    /// The rows that `show` asks for.
    pub fn show(&mut self, watch_line: u32, target: crate::lang::expr::TargetId, query: String) {
        self.order(Order::Show { target, query }, Pending::Show(watch_line));
    }

    /// Evaluates an expression with names that a block had bound, which may have ended.
    pub fn value_with(
        &mut self,
        names: &super::scope::Names,
        place: super::random::Place,
        block: (Moment, Option<Moment>),
        expr: &Expr,
    ) -> Result<Value, NoValue> {
        let now = self.now;
        evaluate_drawn(expr, &mut self.around(names, place.inner(expr.span, 0), block, now))
    }
}

/// What a turn sends, from its value and the word in front of it.
fn message(word: &str, value: &Value) -> Result<Message, NoValue> {
    payload::of(word, value).map_err(|error| NoValue::Mismatch(error.to_string()))
}
