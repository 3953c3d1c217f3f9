//! What is followed from the start on: lines and files of series and ledgers, and the logs of processes.

use super::process::ProcessTarget;
use super::source::Given;
use super::{Live, Shared, account, receive};
use crate::check::scenario::{Argued, Argument, LedgerReceived, Origin, ReceivedFrom, Series, SourceValue};
use crate::lang::expr::{LedgerId, SeriesId, TargetId};
use crate::lang::function::SourceKind;
use crate::lang::moment::Moment;
use crate::lang::value::Value;
use crate::measure::follow::{FollowError, Hub, HubHandle};
use crate::measure::source::capture::{Captured, Captures, capture};
use crate::measure::source::lines::LineCounter;
use crate::run::world::{Observation, Record};
use crate::source::Span;
use regex::Regex;
use std::rc::Rc;
use tokio::sync::broadcast::error::RecvError;

/// Begins to follow everything that is followed. What is there already does not count.
pub(super) async fn follow(shared: &Rc<Shared>) -> Result<(), String> {
    let setup = &shared.setup;
    let mut follower = Follower { shared, hub: None };
    for (target, live) in setup.scenario.targets.iter().zip(&shared.targets) {
        if let (Live::Process(process), Some(setting)) = (live, target.setting("log")) {
            follower.log(process, setting).await?;
        }
    }
    for (index, series) in setup.scenario.series.iter().enumerate() {
        let Origin::Source { source, arguments } = &series.origin else { continue };
        let id = SeriesId(index as u32);
        match source.source {
            SourceKind::Lines => follower.count(id, series, arguments).await?,
            SourceKind::Capture => follower.capture(id, series, arguments).await?,
            _ => {}
        }
    }
    for (index, ledger) in setup.scenario.ledgers.iter().enumerate() {
        let id = LedgerId(index as u32);
        for received in &ledger.received {
            follower.receive(id, received).await?;
        }
    }
    Ok(())
}

/// Asks for followers; the hub is started with the first.
struct Follower<'a> {
    shared: &'a Rc<Shared>,
    hub: Option<HubHandle>,
}

impl Follower<'_> {
    fn hub(&mut self) -> Result<HubHandle, String> {
        if let Some(hub) = &self.hub {
            return Ok(hub.clone());
        }
        let (hub, handle) = Hub::new(self.shared.setup.timeline).map_err(told)?;
        self.shared.watch(tokio::task::spawn_local(hub.run()));
        *self.shared.hub.borrow_mut() = Some(handle.clone());
        self.hub = Some(handle.clone());
        Ok(handle)
    }

    /// Hands the new lines of files that a process logs to on as its output.
    async fn log(&mut self, process: &Rc<ProcessTarget>, setting: &Argument) -> Result<(), String> {
        let Some(Argued::Value(glob)) = setting.values.first() else { return Ok(()) };
        let arguments = [SourceValue::Value(glob.clone())];
        let pattern = Given::new(&self.shared.setup, &arguments, setting.span).pattern(0)?;
        let whole = Regex::new("^.*$").map_err(|error| error.to_string())?;
        let mut lines = Captures::in_lines(self.hub()?.lines(pattern).await.map_err(told)?, whole);
        let process = Rc::clone(process);
        self.shared.watch(tokio::task::spawn_local(async move {
            while let Some(found) = lines.next().await {
                found.iter().for_each(|line| process.process().logged(line.at, &line.text));
            }
        }));
        Ok(())
    }

    async fn count(
        &mut self,
        id: SeriesId,
        series: &Series,
        arguments: &[SourceValue],
    ) -> Result<(), String> {
        let setup = &self.shared.setup;
        let mut given = Given::new(setup, arguments, series.span);
        let expression = given.regex(1)?;
        let shared = Rc::clone(self.shared);
        let grew = move |at: Moment, count: u64| {
            shared.tell(Observation::Recorded { series: id, at, record: Record::Grew(count as f64) });
        };
        if let Some(SourceValue::Log(target)) = arguments.first() {
            let counts = move |line: &str| expression.as_ref().is_none_or(|wanted| wanted.is_match(line));
            let counted = move |at: Moment, line: &str| {
                if counts(line) {
                    grew(at, 1);
                }
            };
            self.each_line(*target, counted, |_, _| {});
            return Ok(());
        }
        let lines = self.hub()?.lines(given.pattern(0)?).await.map_err(told)?;
        let mut counter = LineCounter::new(lines, expression);
        self.shared.watch(tokio::task::spawn_local(async move {
            while let Some((at, count)) = counter.next().await {
                grew(at, count);
            }
        }));
        Ok(())
    }

    async fn capture(
        &mut self,
        id: SeriesId,
        series: &Series,
        arguments: &[SourceValue],
    ) -> Result<(), String> {
        let shared = Rc::clone(self.shared);
        let matches = move |found: Vec<Captured>| {
            for one in found {
                let value = one.number().map_or_else(|| Value::Text(one.text.clone()), Value::number);
                shared.tell(Observation::Recorded { series: id, at: one.at, record: Record::Value(value) });
            }
        };
        self.matches(arguments, series.span, false, matches, |_, _| {}).await
    }

    async fn receive(&mut self, ledger: LedgerId, received: &LedgerReceived) -> Result<(), String> {
        let shared = Rc::clone(self.shared);
        let arrived = move |found: Vec<Captured>| {
            for item in found {
                account::received(&shared, ledger, &item.text, item.value.as_deref(), item.at);
            }
        };
        let (files, of, key) = match &received.from {
            ReceivedFrom::Files { glob, key } => (true, SourceValue::Value(glob.clone()), key),
            ReceivedFrom::Lines { of, key } => (false, of.clone(), key),
            _ => return receive::begin(self.shared, ledger, received),
        };
        let this = Rc::clone(self.shared);
        let passed_over = move |at: Moment, why: &str| {
            account::missed(&this, ledger, |missed| missed.between(at, at, why));
        };
        let arguments = [of, SourceValue::Value(key.clone())];
        self.matches(&arguments, received.span, files, arrived, passed_over).await
    }

    /// Every match of an expression in new lines, or in the paths of files that are finished. What could not be read in
    /// time is told apart.
    async fn matches(
        &mut self,
        arguments: &[SourceValue],
        span: Span,
        files: bool,
        arrived: impl Fn(Vec<Captured>) + 'static,
        passed_over: impl Fn(Moment, &str) + 'static,
    ) -> Result<(), String> {
        let setup = &self.shared.setup;
        let mut given = Given::new(setup, arguments, span);
        let expression = given.needed_regex(1)?;
        if let Some(SourceValue::Log(target)) = arguments.first() {
            let matched = move |at: Moment, line: &str| {
                let mut found = Vec::new();
                capture(&expression, line, at, &mut found);
                if !found.is_empty() {
                    arrived(found);
                }
            };
            self.each_line(*target, matched, passed_over);
            return Ok(());
        }
        let (hub, pattern) = (self.hub()?, given.pattern(0)?);
        let mut captures = if files {
            Captures::in_paths(hub.files(pattern).await.map_err(told)?, expression)
        } else {
            Captures::in_lines(hub.lines(pattern).await.map_err(told)?, expression)
        };
        self.shared.watch(tokio::task::spawn_local(async move {
            while let Some(found) = captures.next().await {
                arrived(found);
            }
        }));
        Ok(())
    }

    /// Hands on every line that a process prints.
    fn each_line(
        &self,
        target: TargetId,
        line: impl Fn(Moment, &str) + 'static,
        passed_over: impl Fn(Moment, &str) + 'static,
    ) {
        let Live::Process(process) = &self.shared.targets[target.index()] else { return };
        let mut lines = process.process().lines();
        let shared = Rc::clone(self.shared);
        self.shared.watch(tokio::task::spawn_local(async move {
            loop {
                match lines.recv().await {
                    Ok(one) => line(one.at, &one.text),
                    Err(RecvError::Lagged(missed)) => {
                        let text = format!(
                            "{missed} lines of `{}` came faster than they could be read and were not counted",
                            shared.name(target)
                        );
                        passed_over(shared.now(), &text);
                        let event = crate::event::EventKind::Noticed { line: None, text };
                        shared.tell(Observation::Told { at: shared.now(), event });
                    }
                    Err(RecvError::Closed) => return,
                }
            }
        }));
    }
}

/// Gives what has been written until now the time to be taken in.
pub(super) async fn settle(shared: &Shared) {
    let hub = shared.hub.borrow().clone();
    // Its answer comes behind everything it had been notified of before.
    if let Some(hub) = hub
        && let Ok(health) = hub.health().await
    {
        for text in health.told() {
            let event = crate::event::EventKind::Noticed { line: None, text };
            shared.tell(Observation::Told { at: shared.now(), event });
        }
    }
    tokio::task::yield_now().await;
}

fn told(error: FollowError) -> String {
    error.to_string()
}
