//! The sources of metrics: what takes their samples.

use super::sample::{From, Sampler};
use super::settings::Fixed;
use super::{Live, Setup, SetupError};
use crate::check::scenario::{Origin, Series, SourceValue};
use crate::kinds::machine::reading::MachineSampler;
use crate::kinds::process::program::resolve_program;
use crate::kinds::undo::Marker;
use crate::lang::expr::{Expr, SeriesId};
use crate::lang::function::{SourceKind, SourceSignature};
use crate::measure::follow::Pattern;
use crate::measure::source::{
    BadSelector, Command, CommandSource, Document, DuplicatesSource, HttpSource, JsonSource,
    PrometheusSource, Source, SqlSource, StatOf, StatSource, TcpSource, Url, ValidJson, ValidJsonLines,
    Wanted,
};
use crate::source::Span;
use regex::Regex;
use serde_json_path::JsonPath;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

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
pub(super) struct Given<'a> {
    setup: &'a Setup,
    fixed: Fixed<'a>,
    arguments: &'a [SourceValue],
    span: Span,
}

impl<'a> Given<'a> {
    pub fn new(setup: &'a Setup, arguments: &'a [SourceValue], span: Span) -> Given<'a> {
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

    pub fn pattern(&mut self, index: usize) -> Result<Pattern, SetupError> {
        let text = self.text(index)?;
        Pattern::new(&self.setup.folder, &text).map_err(|error| SetupError::at(self.span, error))
    }

    pub fn regex(&mut self, index: usize) -> Result<Option<Regex>, SetupError> {
        if self.arguments.len() <= index {
            return Ok(None);
        }
        let expr = self.expr(index)?;
        self.fixed.regex(expr).map(Some)
    }

    pub fn needed_regex(&mut self, index: usize) -> Result<Regex, SetupError> {
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
