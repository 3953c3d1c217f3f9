//! The sources of metrics and ledgers: what is sampled, and what is followed from the start on.

use super::sample::{From, Sampler};
use super::settings::Fixed;
use super::{Live, Setup, SetupError, Shared, account, receive};
use crate::check::scenario::{LedgerReceived, Origin, ReceivedFrom, Series, SourceValue};
use crate::kinds::machine::reading::MachineSampler;
use crate::kinds::process::program::resolve_program;
use crate::kinds::undo::Marker;
use crate::lang::expr::{Expr, LedgerId, SeriesId, TargetId};
use crate::lang::function::{SourceKind, SourceSignature};
use crate::lang::moment::Moment;
use crate::lang::value::Value;
use crate::measure::follow::{FollowError, Hub, HubHandle, Pattern};
use crate::measure::source::capture::{Captured, Captures, capture};
use crate::measure::source::lines::LineCounter;
use crate::measure::source::{
    BadSelector, Command, CommandSource, Document, DuplicatesSource, HttpSource, JsonSource,
    PrometheusSource, Source, SqlSource, StatOf, StatSource, TcpSource, Url, ValidJson, ValidJsonLines,
    Wanted,
};
use crate::run::world::{Observation, Record};
use crate::source::Span;
use regex::Regex;
use serde_json_path::JsonPath;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;

/// How long a URL or an address that is sampled has to answer.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// How long a command that is sampled may take.
const COMMAND_WITHIN: Duration = Duration::from_secs(30);

/// What takes the samples of each series that is sampled.
pub(super) fn samplers(
    setup: &Setup,
    targets: &[Live],
) -> Result<HashMap<SeriesId, Rc<Sampler>>, SetupError> {
    let mut samplers = HashMap::new();
    for (index, series) in setup.scenario.series.iter().enumerate() {
        let from = match &series.origin {
            Origin::Source { source, arguments } => {
                sampled(setup, targets, series, source, arguments)?.map(From::Source)
            }
            Origin::Target { target, arguments, .. } => match &targets[target.index()] {
                Live::Process(process) => Some(From::Process(process.process().sampler())),
                Live::Machine(_) => {
                    let path = arguments.first().map(|path| Fixed::new(setup, series.span).text(path));
                    Some(From::Machine(MachineSampler::default(), path.transpose()?))
                }
                _ => None,
            },
            _ => None,
        };
        if let Some(from) = from {
            samplers.insert(SeriesId(index as u32), Rc::new(Sampler::new(from)));
        }
    }
    Ok(samplers)
}

/// The arguments of a source, evaluated as they are asked for.
struct Given<'a> {
    setup: &'a Setup,
    fixed: Fixed<'a>,
    arguments: &'a [SourceValue],
    span: Span,
}

impl<'a> Given<'a> {
    fn new(setup: &'a Setup, arguments: &'a [SourceValue], span: Span) -> Given<'a> {
        Given { setup, fixed: Fixed::new(setup, span), arguments, span }
    }

    fn expr(&self, index: usize) -> Result<&'a Expr, SetupError> {
        match self.arguments.get(index) {
            Some(SourceValue::Value(expr)) => Ok(expr),
            _ => Err(SetupError::at(self.span, "this source lacks an argument")),
        }
    }

    fn text(&mut self, index: usize) -> Result<String, SetupError> {
        let expr = self.expr(index)?;
        self.fixed.text(expr)
    }

    fn pattern(&mut self, index: usize) -> Result<Pattern, SetupError> {
        let text = self.text(index)?;
        Pattern::new(&self.setup.folder, &text).map_err(|error| SetupError::at(self.span, error))
    }

    fn regex(&mut self, index: usize) -> Result<Option<Regex>, SetupError> {
        if self.arguments.len() <= index {
            return Ok(None);
        }
        let expr = self.expr(index)?;
        self.fixed.regex(expr).map(Some)
    }

    fn needed_regex(&mut self, index: usize) -> Result<Regex, SetupError> {
        let needed = "this source needs an expression that says what the key is";
        self.regex(index)?.ok_or_else(|| SetupError::at(self.span, needed))
    }

    fn url(&mut self, index: usize) -> Result<Url, SetupError> {
        let url: Url = self.text(index)?.parse().map_err(|error| SetupError::at(self.span, error))?;
        Ok(url.from(self.setup.stand()))
    }

    fn document(&mut self) -> Result<Document, SetupError> {
        let text = self.text(0)?;
        if text.starts_with("http://") || text.starts_with("https://") {
            return Ok(Document::Url(self.url(0)?, ANSWER_WITHIN));
        }
        Ok(Document::File(self.setup.folder.join(text)))
    }

    fn json_path(&mut self) -> Result<JsonPath, SetupError> {
        JsonPath::parse(&self.text(1)?).map_err(|error| SetupError::at(self.span, error))
    }

    fn command(&mut self, wanted: Wanted) -> Result<Source, SetupError> {
        let expr = self.expr(0)?;
        let words = self.fixed.words(expr)?;
        let program = resolve_program(&words[0], None, &self.setup.folder)
            .map_err(|error| SetupError::at(self.span, error))?;
        let entries = Marker { run: self.setup.run.clone(), process: None }.entries();
        let environment = entries.iter().filter_map(|entry| entry.split_once('='));
        let command = Command {
            program: program.into(),
            arguments: words[1..].iter().map(Into::into).collect(),
            folder: self.setup.folder.clone(),
            environment: environment.map(|(name, value)| (name.into(), value.into())).collect(),
            timeout: COMMAND_WITHIN,
        };
        Ok(Source::Command(CommandSource::new(command, wanted)))
    }
}

fn sampled(
    setup: &Setup,
    targets: &[Live],
    series: &Series,
    source: &SourceSignature,
    arguments: &[SourceValue],
) -> Result<Option<Source>, SetupError> {
    let mut given = Given::new(setup, arguments, series.span);
    let stat = |given: &mut Given<'_>, of| Ok(Some(Source::Stat(StatSource::new(given.pattern(0)?, of))));
    match source.source {
        SourceKind::Lines | SourceKind::Capture => Ok(None),
        SourceKind::Json => Ok(Some(Source::Json(JsonSource::value(given.document()?, given.json_path()?)))),
        SourceKind::JsonCount => {
            Ok(Some(Source::Json(JsonSource::count(given.document()?, given.json_path()?))))
        }
        SourceKind::Files => stat(&mut given, StatOf::Files),
        SourceKind::Bytes => stat(&mut given, StatOf::Bytes),
        SourceKind::Age => stat(&mut given, StatOf::Age),
        SourceKind::ValidJson => {
            Ok(Some(Source::ValidJson(ValidJson::new(setup.folder.join(given.text(0)?)))))
        }
        SourceKind::ValidJsonLines => {
            Ok(Some(Source::ValidJsonLines(ValidJsonLines::new(setup.folder.join(given.text(0)?)))))
        }
        SourceKind::Http => Ok(Some(Source::Http(HttpSource::new(given.url(0)?, ANSWER_WITHIN)))),
        SourceKind::Tcp => {
            let source = TcpSource::new(given.text(0)?, ANSWER_WITHIN).from(setup.stand());
            Ok(Some(Source::Tcp(source)))
        }
        SourceKind::Output => given.command(Wanted::Output).map(Some),
        SourceKind::Succeeds => given.command(Wanted::Success).map(Some),
        SourceKind::Duplicates => {
            let (pattern, expression) = (given.pattern(0)?, given.needed_regex(1)?);
            let source = DuplicatesSource::new(pattern, expression, setup.output.clone());
            Ok(Some(Source::Duplicates(source)))
        }
        SourceKind::Prometheus => {
            let selector = given.text(1)?.parse().map_err(|error: BadSelector| {
                SetupError::at(given.expr(1).map_or(series.span, |selector| selector.span), error)
            })?;
            let source = PrometheusSource::new(given.url(0)?, ANSWER_WITHIN, selector);
            Ok(Some(Source::Prometheus(source)))
        }
        SourceKind::Sql => {
            let Some(SourceValue::Target(target)) = arguments.first() else {
                return Err(SetupError::at(series.span, "this source needs a database"));
            };
            let Live::Database(database, _) = &targets[target.index()] else {
                return Err(SetupError::at(series.span, "this source needs a database"));
            };
            Ok(Some(Source::Sql(SqlSource::new(Rc::clone(database.client()), given.text(1)?))))
        }
    }
}

/// Begins to follow everything that is followed. What is there already does not count.
pub(super) async fn follow(shared: &Rc<Shared>) -> Result<(), String> {
    let setup = &shared.setup;
    let mut follower = Follower { shared, hub: None };
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
