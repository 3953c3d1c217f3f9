//! What has been measured: one store a series, windows over them, and which condition depends on which series.

use super::world::{Record, Sampling, World};
use crate::check::scenario::{Block, EachSource, Origin, Repeat, Scenario, Step, StepKind};
use crate::lang::eval::NoValue;
use crate::lang::expr::{Expr, ExprKind, SeriesId, TargetId};
use crate::lang::function::{AGGREGATES, Aggregate, ResultDimension};
use crate::lang::moment::Moment;
use crate::lang::quantity::{Dimension, Quantity};
use crate::lang::types::Shape;
use crate::lang::value::Value;
use crate::measure::{Counter, Distinct, Distribution, Gauge, Series, State, Window};
use crate::source::Span;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

/// The most phases whose last whole pass is remembered for `in "…"`.
pub const MOST_PHASES: usize = 1024;

/// The store of one series.
#[derive(Debug)]
struct Store {
    series: Series,
    /// Of a distribution: which values there were.
    distinct: Option<Distinct>,
    /// Of a distribution: how many of its values were no numbers, such as the ids that a capture takes.
    words: Option<Series>,
    /// The newest sample as it came: exact, a text, or a part of a JSON value.
    latest: Option<(Moment, Value)>,
    /// Why there was no value, the last time there was none.
    lacking: Option<NoValue>,
    sampling: Sampling,
}

/// All that has been measured.
#[derive(Debug)]
pub struct Measurements<'s> {
    scenario: &'s Scenario,
    stores: Vec<Store>,
    /// Since when samples are taken.
    birth: Moment,
    /// The metrics composed of a series, by that series.
    derived: Vec<Vec<SeriesId>>,
    /// The series whose windows begin with a block, by the block.
    begins: HashMap<Span, Rc<[SeriesId]>>,
    /// The series that are read over phases.
    over_phases: Rc<[SeriesId]>,
    /// The series whose different values are counted.
    distinct: BTreeSet<SeriesId>,
    /// The last whole pass of each phase.
    phases: BTreeMap<String, (Moment, Moment)>,
}

impl<'s> Measurements<'s> {
    /// Empty stores for every series of a scenario.
    pub fn new(scenario: &'s Scenario, world: &dyn World) -> Measurements<'s> {
        let ids = || (0u32..).map(SeriesId).take(scenario.series.len());
        let stores = ids().map(|id| Store::new(scenario, id, world.sampling(id), Moment::START, false));
        let mut measurements = Measurements {
            scenario,
            stores: stores.collect(),
            birth: Moment::START,
            derived: vec![Vec::new(); scenario.series.len()],
            begins: HashMap::new(),
            over_phases: Rc::new([]),
            distinct: BTreeSet::new(),
            phases: BTreeMap::new(),
        };
        for id in ids() {
            if matches!(scenario.series(id).origin, Origin::Derived(_)) {
                for base in measurements.bases_of([id]).iter() {
                    measurements.derived[base.index()].push(id);
                }
            }
        }
        measurements.find_windows();
        measurements
    }

    /// Measuring begins: what was there before does not count, but a state that was told of lasts on.
    pub fn begin(&mut self, at: Moment) {
        self.birth = at;
        for (index, store) in self.stores.iter_mut().enumerate() {
            let id = SeriesId(index as u32);
            let lasting = match &store.series {
                Series::State(state) if store.sampling == Sampling::Pushed => state.at(at),
                _ => None,
            };
            *store = Store::new(self.scenario, id, store.sampling, at, self.distinct.contains(&id));
            if let Some(truth) = lasting {
                store.take(at, Value::Bool(truth));
            }
        }
    }

    /// Since when samples are taken.
    pub fn birth(&self) -> Moment {
        self.birth
    }

    /// How a series is kept up to date.
    pub fn sampling(&self, series: SeriesId) -> Sampling {
        self.stores[series.index()].sampling
    }

    /// Every series that is sampled on its own grid.
    pub fn polled(&self) -> impl Iterator<Item = SeriesId> + '_ {
        let derived = |id: &SeriesId| matches!(self.scenario.series(*id).origin, Origin::Derived(_));
        let all = (0u32..).map(SeriesId).take(self.stores.len());
        all.filter(move |id| self.sampling(*id) == Sampling::Polled && !derived(id))
    }

    /// The metrics composed of a series.
    pub fn derived_from(&self, series: SeriesId) -> &[SeriesId] {
        &self.derived[series.index()]
    }

    /// The series that an expression reads, none of them derived.
    pub fn bases(&self, expr: &Expr) -> Rc<[SeriesId]> {
        self.bases_of(read_by(expr).map(|(series, _)| series))
    }

    fn bases_of(&self, series: impl IntoIterator<Item = SeriesId>) -> Rc<[SeriesId]> {
        let mut open: Vec<SeriesId> = series.into_iter().collect();
        let (mut seen, mut bases) = (BTreeSet::new(), BTreeSet::new());
        while let Some(id) = open.pop().filter(|_| seen.len() <= self.scenario.series.len()) {
            if !seen.insert(id) {
                continue;
            }
            match &self.scenario.series(id).origin {
                Origin::Derived(inner) => open.extend(read_by(inner).map(|(series, _)| series)),
                _ => {
                    bases.insert(id);
                }
            }
        }
        bases.into_iter().collect()
    }

    /// Finds which series' windows begin with which block, and which are read over phases.
    fn find_windows(&mut self) {
        let mut by_block: HashMap<Span, BTreeSet<SeriesId>> = HashMap::new();
        let scenario = self.scenario;
        let mut phases = BTreeSet::new();
        let mut distinct = BTreeSet::new();
        let mut visit = |block: &Block, expr: &Expr| {
            expr.walk(&mut |part| {
                if let ExprKind::Measure { series, aggregate: Aggregate::Distinct, .. } = part.kind {
                    distinct.insert(series);
                }
            });
            for (series, window) in read_by(expr) {
                match window {
                    crate::lang::expr::Window::Block => {
                        by_block.entry(block.span).or_default().insert(series);
                    }
                    crate::lang::expr::Window::Phase(_) => {
                        phases.insert(series);
                    }
                    crate::lang::expr::Window::Over(_) => {}
                }
            }
        };
        let blocks = scenario.setup.iter().chain([&scenario.story]).chain(&scenario.cleanup);
        for block in blocks.chain(scenario.sequences.iter().map(|sequence| &sequence.body)) {
            conditions(scenario, block, &block.steps, &mut visit);
        }
        self.distinct = distinct;
        self.begins = by_block.into_iter().map(|(span, series)| (span, self.bases_of(series))).collect();
        self.over_phases = self.bases_of(phases);
    }

    /// The series whose windows begin with a block.
    pub fn begin_with(&self, block: &Block) -> Rc<[SeriesId]> {
        self.begins.get(&block.span).cloned().unwrap_or_else(|| Rc::new([]))
    }

    /// Keeps a moment as an exact edge of windows over these series. Where a series keeps no more edges, its
    /// windows are as good as its samples are dense.
    pub fn pin(&mut self, world: &mut dyn World, series: &[SeriesId], at: Moment) {
        for id in series {
            let store = &mut self.stores[id.index()];
            match store.sampling {
                Sampling::Kept => world.pin(*id, at),
                _ => {
                    let _kept_or_not = store.series.pin(at);
                    if let Some(words) = &mut store.words {
                        let _kept_or_not = words.pin(at);
                    }
                    if let Some(distinct) = &mut store.distinct {
                        let _kept_or_not = distinct.pin(at);
                    }
                }
            }
        }
    }

    /// Takes back one [`Measurements::pin`].
    pub fn unpin(&mut self, world: &mut dyn World, series: &[SeriesId], at: Moment) {
        for id in series {
            let store = &mut self.stores[id.index()];
            match store.sampling {
                Sampling::Kept => world.unpin(*id, at),
                _ => {
                    store.series.unpin(at);
                    if let Some(words) = &mut store.words {
                        words.unpin(at);
                    }
                    if let Some(distinct) = &mut store.distinct {
                        distinct.unpin(at);
                    }
                }
            }
        }
    }

    /// A phase has run to its end: from now on `in "…"` means this pass.
    pub fn phase_ended(&mut self, world: &mut dyn World, name: &str, began: Moment, ended: Moment) {
        let series = Rc::clone(&self.over_phases);
        if series.is_empty() || (self.phases.len() >= MOST_PHASES && !self.phases.contains_key(name)) {
            return;
        }
        self.pin(world, &series, began);
        self.pin(world, &series, ended);
        if let Some((began, ended)) = self.phases.insert(name.to_owned(), (began, ended)) {
            self.unpin(world, &series, began);
            self.unpin(world, &series, ended);
        }
    }

    /// The series that are read over phases.
    pub fn over_phases(&self) -> Rc<[SeriesId]> {
        Rc::clone(&self.over_phases)
    }

    /// The last whole pass of a phase.
    pub fn phase(&self, name: &str) -> Option<Window> {
        self.phases.get(name).map(|(began, ended)| Window::between(*began, *ended))
    }

    /// What a target's readings measure has begun anew.
    pub fn restarted(&mut self, target: TargetId, at: Moment) {
        for (series, store) in self.scenario.series.iter().zip(&mut self.stores) {
            if matches!(series.origin, Origin::Target { target: of, .. } if of == target) {
                store.series.mark_restart(at);
            }
        }
    }

    /// Takes in a new value.
    pub fn record(&mut self, series: SeriesId, at: Moment, record: Record) {
        let store = &mut self.stores[series.index()];
        match record {
            Record::Value(value) => store.take(at, value),
            Record::Grew(amount) => {
                if let Series::Counter(counter) = &mut store.series {
                    counter.add(at, amount);
                }
                store.lacking = None;
            }
            Record::Numbers(values) => {
                for (at, value) in values {
                    store.series.record(at, value);
                }
                store.lacking = None;
            }
            Record::Values(histogram, unit) => {
                if let Series::Distribution(distribution) = &mut store.series {
                    distribution.merge(at, &histogram, unit);
                }
                store.lacking = None;
            }
            Record::Nothing(lacking) => {
                if let Series::State(state) = &mut store.series {
                    state.set(at, None);
                }
                store.latest = None;
                store.lacking = Some(lacking);
            }
        }
    }

    /// A function of a series over a window.
    pub fn value(
        &self,
        world: &mut dyn World,
        series: SeriesId,
        aggregate: Aggregate,
        window: Window,
    ) -> Result<Value, NoValue> {
        let store = &self.stores[series.index()];
        match store.sampling {
            Sampling::Kept => return world.read(series, aggregate, window),
            Sampling::Never => return Err(NoValue::NotMeasured("it is not measured in this run".into())),
            Sampling::Polled | Sampling::Pushed => {}
        }
        let declared = self.scenario.series(series);
        if aggregate == Aggregate::Latest
            && let Some((at, value)) = &store.latest
            && !matches!(store.series, Series::State(_))
            && *at < window.end
            && (window.start <= *at || store.sampling == Sampling::Pushed)
        {
            return Ok(value.clone());
        }
        let number = match (&store.distinct, aggregate) {
            (Some(distinct), Aggregate::Distinct) => distinct.count(window).map(|count| count.count as f64),
            (_, Aggregate::Count | Aggregate::Rate) => {
                let words = store.words.as_ref().and_then(|words| words.value(aggregate, window));
                store.series.value(aggregate, window).map(|numbers| numbers + words.unwrap_or(0.0))
            }
            _ => store.series.value(aggregate, window),
        };
        let Some(number) = number else {
            return Err(store.lacking.clone().unwrap_or_else(|| {
                NoValue::NotMeasured(format!("`{}` has no value in this window", declared.name))
            }));
        };
        Ok(result(number, aggregate, declared.shape, declared.dimension, declared.percent))
    }
}

/// The series that an expression reads, and over what.
fn read_by(expr: &Expr) -> impl Iterator<Item = (SeriesId, &crate::lang::expr::Window)> {
    let mut read = Vec::new();
    expr.walk(&mut |part| {
        if let ExprKind::Measure { series, window, .. } = &part.kind {
            read.push((*series, window));
        }
    });
    read.into_iter()
}

/// Visits every condition that stands in a block or in those inside it, with the block that begins its windows.
fn conditions(scenario: &Scenario, block: &Block, steps: &[Step], visit: &mut dyn FnMut(&Block, &Expr)) {
    for step in steps {
        match &step.kind {
            StepKind::Expect(id) => visit(block, &scenario.expectation(*id).condition),
            StepKind::WaitUntil { condition, .. } => visit(block, condition),
            StepKind::Repeat { count, body } => {
                if let Repeat::Until { condition, .. } = count {
                    visit(block, condition);
                }
                conditions(scenario, body, &body.steps, visit);
            }
            StepKind::ForEach { source, body, .. } => {
                if let EachSource::List(list) = source {
                    visit(block, list);
                }
                conditions(scenario, body, &body.steps, visit);
            }
            StepKind::Phase { body, .. } | StepKind::Every { body, .. } | StepKind::At { body, .. } => {
                conditions(scenario, body, &body.steps, visit);
            }
            StepKind::Parallel { branches } => {
                for branch in branches {
                    let (open, inner) = (branches.first().unwrap_or(branch), &branch.steps);
                    conditions(scenario, open, inner, visit);
                }
            }
            StepKind::Group(inner) => conditions(scenario, block, &inner.steps, visit),
            StepKind::Choose(picks) => {
                for (_, pick) in picks {
                    conditions(scenario, block, std::slice::from_ref(pick), visit);
                }
            }
            StepKind::Tell(_)
            | StepKind::Load(_)
            | StepKind::Do { .. }
            | StepKind::Wait(_)
            | StepKind::Run { .. }
            | StepKind::Note(_) => {}
        }
    }
}

impl Store {
    fn new(scenario: &Scenario, id: SeriesId, sampling: Sampling, birth: Moment, distinct: bool) -> Store {
        let declared = scenario.series(id);
        let followed = sampling == Sampling::Pushed;
        let series = match declared.shape {
            Shape::Gauge => Series::Gauge(Gauge::default()),
            Shape::State => Series::State(State::default()),
            Shape::Counter if followed => Series::Counter(Counter::followed(birth)),
            Shape::Counter => Series::Counter(Counter::sampled()),
            Shape::Distribution => Series::Distribution(Distribution::followed(birth)),
        };
        let distinct = distinct.then(Distinct::default);
        let words =
            (declared.shape == Shape::Distribution).then(|| Series::Counter(Counter::followed(birth)));
        // A metric composed of others has samples whenever they have.
        let sampling = match declared.origin {
            Origin::Derived(_) => Sampling::Polled,
            _ => sampling,
        };
        Store { series, distinct, words, latest: None, lacking: None, sampling }
    }

    fn take(&mut self, at: Moment, value: Value) {
        self.lacking = None;
        if let Some(distinct) = &mut self.distinct {
            distinct.record(at, &value.to_string());
        }
        let number = match &value {
            Value::Quantity(quantity) => Some(quantity.to_f64()),
            Value::Bool(truth) => Some(f64::from(u8::from(*truth))),
            // A value that was found in a text is a number where it reads as one.
            Value::Text(text) => text.trim().parse().ok(),
            _ => None,
        };
        match (number, &mut self.words) {
            (Some(number), _) => self.series.record(at, number),
            (None, Some(Series::Counter(words))) => words.add(at, 1.0),
            (None, _) => {}
        }
        if matches!(self.series, Series::Gauge(_))
            && self.latest.as_ref().is_none_or(|(known, _)| *known <= at)
        {
            self.latest = Some((at, value));
        }
    }
}

/// A number as the value that a function over such a series gives.
fn result(number: f64, aggregate: Aggregate, shape: Shape, dimension: Dimension, percent: bool) -> Value {
    if shape == Shape::State && matches!(aggregate, Aggregate::Latest | Aggregate::First | Aggregate::Last) {
        return Value::Bool(number > 0.5);
    }
    if shape == Shape::State && aggregate == Aggregate::Mean {
        return Value::Quantity(Quantity::share(number));
    }
    let signature = AGGREGATES.iter().find(|signature| signature.aggregate == aggregate);
    let (dimension, percent) = match signature.map_or(ResultDimension::Same, |signature| signature.result) {
        ResultDimension::Same => (dimension, percent),
        ResultDimension::PerTime => (dimension.per(Dimension::TIME).unwrap_or(dimension), false),
        ResultDimension::Number => (Dimension::NONE, false),
    };
    Value::Quantity(Quantity { percent, ..Quantity::measured(number, dimension) })
}
