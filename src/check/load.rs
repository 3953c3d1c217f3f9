//! `load …`: its clauses put together into one way of arriving, contradictions refused.

use super::mistake;
use super::names::Entity;
use super::scenario::{Arrival, Load, LoadSubject, Origin, RateArrival};
use super::state::{Checker, unknown};
use crate::lang::expr::{CurveId, Expr, ExprKind};
use crate::lang::quantity::Dimension;
use crate::lang::types::Type;
use crate::lang::unit;
use crate::source::Span;
use crate::syntax::ast::{self, LoadClauseKind};

/// How many actions are named in a help.
const MAX_NAMED: usize = 6;

/// The clauses, each once.
#[derive(Default)]
struct Clauses {
    rate: Option<(Expr, Option<Expr>, Span)>,
    users: Option<(Expr, Option<Expr>, Span)>,
    at_once: Option<Span>,
    poisson: Option<Span>,
    max_users: Option<(Expr, Span)>,
    shaped: Option<(Option<CurveId>, Span)>,
    every: Option<(Expr, Span)>,
    times: Option<(Expr, Span)>,
    duration: Option<(Expr, Span)>,
}

impl Checker<'_> {
    /// A load; `None` where it is wrong, which has been said.
    pub fn load(&mut self, written: &ast::Load, span: Span) -> Option<Load> {
        let subject = self.load_subject(&written.subject);
        let before = self.found.len();
        let clauses = self.clauses(written);
        let subject = subject?;
        if self.found.len() > before || !self.clauses_agree(&clauses, span) {
            return None;
        }
        self.mark_loaded(subject);
        let ramps = clauses.rate.as_ref().is_some_and(|rate| rate.1.is_some())
            || clauses.users.as_ref().is_some_and(|users| users.1.is_some());
        let spans_block = ramps || clauses.shaped.is_some() && clauses.every.is_none();
        if spans_block && clauses.duration.is_none() && !self.timed {
            let what = if ramps { "ramp" } else { "curve" };
            self.report(mistake::load::without_end(span, what));
            return None;
        }
        if let (Some((rate, None, at)), None, Some((duration, _))) =
            (&clauses.rate, clauses.poisson, &clauses.duration)
            && matches!(rate.ty, Type::Range(_))
        {
            let written = self.sources.text(rate.span);
            let duration = self.sources.text(duration.span);
            self.report(mistake::lint::random_rate(*at, rate.span, written, duration));
        }
        if let (Some((users, None, at)), None, Some((duration, _))) =
            (&clauses.users, clauses.at_once, &clauses.duration)
            && matches!(users.ty, Type::Range(_))
        {
            let written = self.sources.text(users.span);
            let duration = self.sources.text(duration.span);
            self.report(mistake::lint::random_users(*at, written, duration));
        }
        let arrival = match (clauses.rate, clauses.users, clauses.at_once) {
            (Some((rate, to, _)), ..) => {
                let every = clauses.every.map(|(every, _)| every);
                Arrival::Rate(Box::new(RateArrival {
                    rate,
                    to,
                    poisson: clauses.poisson.is_some(),
                    max_users: clauses.max_users.map(|(users, _)| users),
                    shaped: clauses.shaped.and_then(|(curve, _)| curve).map(|curve| (curve, every)),
                }))
            }
            (None, Some((users, ..)), Some(_)) => Arrival::AtOnce { users },
            (None, Some((users, to, _)), None) => Arrival::Users { users, to },
            (None, None, _) => Arrival::Sequential,
        };
        let duration = clauses.duration.map(|(duration, _)| duration);
        let times = clauses.times.map(|(times, _)| times);
        Some(Load { subject, arrival, duration, times })
    }

    fn load_subject(&mut self, name: &ast::Name) -> Option<LoadSubject> {
        match self.entity(name, "action")? {
            Entity::Action(action) => Some(LoadSubject::Action(action)),
            Entity::Mix(mix) => Some(LoadSubject::Mix(mix)),
            Entity::Unknown => None,
            _ => {
                let sort = self.sort_of(&name.text);
                let loads = |entity| matches!(entity, Entity::Action(_) | Entity::Mix(_));
                let able = self.symbols.iter().filter(|(_, symbol)| loads(symbol.entity));
                let able: Vec<&str> = able.map(|(name, _)| name).take(MAX_NAMED).collect();
                let finding = mistake::names::not_loaded(name.span, &name.text, sort, &able);
                self.report(finding);
                None
            }
        }
    }

    /// That something loads an action, alone or as part of a mix.
    fn mark_loaded(&mut self, subject: LoadSubject) {
        match subject {
            LoadSubject::Action(action) => self.actions[action.index()].loaded = true,
            LoadSubject::Mix(mix) => {
                for (_, action) in &self.scenario.mixes[mix.index()].parts {
                    self.actions[action.index()].loaded = true;
                }
                self.loaded_mixes.insert(mix);
            }
        }
    }

    fn clauses(&mut self, written: &ast::Load) -> Clauses {
        let mut clauses = Clauses::default();
        for clause in &written.clauses {
            let span = clause.span;
            let earlier = match &clause.kind {
                LoadClauseKind::At { rate, to } => {
                    let pair = (self.rate(rate), to.as_ref().map(|to| self.rate(to)), span);
                    clauses.rate.replace(pair).map(|earlier| earlier.2)
                }
                LoadClauseKind::Users { users, to } => {
                    let pair = (self.users(users), to.as_ref().map(|to| self.users(to)), span);
                    clauses.users.replace(pair).map(|earlier| earlier.2)
                }
                LoadClauseKind::Poisson => clauses.poisson.replace(span),
                LoadClauseKind::AtOnce => clauses.at_once.replace(span),
                LoadClauseKind::MaxUsers(users) => {
                    let users = self.users(users);
                    clauses.max_users.replace((users, span)).map(|earlier| earlier.1)
                }
                LoadClauseKind::Shaped(curve) => {
                    let curve = self.curve(curve);
                    clauses.shaped.replace((curve, span)).map(|earlier| earlier.1)
                }
                LoadClauseKind::Every(every) => {
                    let every = self.positive_duration(every, "`every`");
                    clauses.every.replace((every, span)).map(|earlier| earlier.1)
                }
                LoadClauseKind::Times(times) => {
                    let times = self.value(times);
                    self.expect_count(&times, "how many times", 1);
                    clauses.times.replace((times, span)).map(|earlier| earlier.1)
                }
                LoadClauseKind::For(duration) => {
                    let duration = self.positive_duration(duration, "how long the load lasts");
                    clauses.duration.replace((duration, span)).map(|earlier| earlier.1)
                }
            };
            if let Some(earlier) = earlier {
                self.report(mistake::load::clauses_clash(span, earlier, "each of them is said once"));
            }
        }
        clauses
    }

    fn rate(&mut self, written: &ast::Expr) -> Expr {
        let rate = self.value(written);
        if self.expect_quantity(&rate, Dimension::RATE, "a rate of arrivals")
            && super::accept::lowest(&rate).is_some_and(|low| low.to_f64() < 0.0)
        {
            self.report(mistake::values::negative(&rate, "a rate", self.sources.text(rate.span)));
        }
        let mut measured = false;
        rate.walk(&mut |part| {
            if let ExprKind::Measure { series, .. } = &part.kind {
                measured |= matches!(self.scenario.series(*series).origin, Origin::Load { .. });
            }
        });
        if measured {
            self.report(mistake::load::measured_rate(rate.span));
            return unknown(written.span);
        }
        rate
    }

    fn users(&mut self, written: &ast::Expr) -> Expr {
        let users = self.value(written);
        self.expect_count(&users, "a number of users", 0);
        users
    }

    fn curve(&mut self, name: &ast::Name) -> Option<CurveId> {
        match self.entity(name, "curve")? {
            Entity::Curve(curve) => Some(curve),
            Entity::Unknown => None,
            _ => {
                let sort = self.sort_of(&name.text);
                self.report(mistake::names::wrong_sort(name.span, &name.text, sort, &["curve"]));
                None
            }
        }
    }

    /// A duration above zero, or a range of them.
    pub fn positive_duration(&mut self, written: &ast::Expr, what: &str) -> Expr {
        let duration = self.value(written);
        if !self.expect_duration(&duration, what) {
            return unknown(written.span);
        }
        if super::accept::lowest(&duration).is_some_and(|low| low.to_f64() <= 0.0) {
            self.report(mistake::values::not_positive(duration.span, what));
            return unknown(written.span);
        }
        duration
    }

    fn clauses_agree(&mut self, clauses: &Clauses, span: Span) -> bool {
        let Clauses { rate, users, at_once, poisson, max_users, shaped, every, times, duration } = clauses;
        let rate_at = rate.as_ref().map(|rate| rate.2);
        let users_at = users.as_ref().map(|users| users.2);
        let clash =
            |first: Option<Span>, second: Option<Span>, why| first.zip(second).map(|(a, b)| (a, b, why));
        let times_at = times.as_ref().map(|times| times.1);
        let duration_at = duration.as_ref().map(|duration| duration.1);
        let ramp_at = rate.as_ref().and_then(|rate| rate.1.as_ref().map(|_| rate.2));
        let clashes = [
            clash(
                rate_at,
                users_at,
                "an open load has a rate, a closed one has users; `max 500 users` limits an open one",
            ),
            clash(rate_at, *at_once, "`at once` is for a load with users"),
            clash(*at_once, times_at, "`at once` is one iteration a user"),
            clash(*at_once, duration_at, "`at once` takes until the last iteration has ended"),
            clash(
                users.as_ref().and_then(|users| users.1.as_ref().map(|_| users.2)),
                *at_once,
                "a ramp of users takes time, `at once` takes none",
            ),
            clash(
                ramp_at,
                shaped.as_ref().map(|shaped| shaped.1),
                "a rate is changed by a ramp or by a curve",
            ),
        ];
        if let Some((first, second, why)) = clashes.into_iter().flatten().next() {
            self.report(mistake::load::clauses_clash(second, first, why));
            return false;
        }
        let lonely = [
            (*poisson, rate_at, "poisson", "at 100/s"),
            (max_users.as_ref().map(|max| max.1), rate_at, "max … users", "at 100/s"),
            (shaped.as_ref().map(|shaped| shaped.1), rate_at, "shaped", "at 100/s"),
            (
                every.as_ref().map(|every| every.1),
                shaped.as_ref().map(|shaped| shaped.1),
                "every",
                "shaped curve",
            ),
            (*at_once, users_at, "at once", "with 50 users"),
        ];
        for (given, needed, word, example) in lonely {
            if let (Some(place), None) = (given, needed) {
                let written = self.sources.text(place);
                self.report(match written.strip_prefix("every").and_then(|period| rate_of(period.trim())) {
                    Some(rate) => mistake::load::period_for_rate(place, &rate),
                    None => mistake::load::clause_alone(place, word, example),
                });
                return false;
            }
        }
        if rate.is_none() && users.is_none() && times.is_none() {
            self.report(mistake::load::no_arrival(span));
            return false;
        }
        if let (None, None, Some(_), Some(place)) = (rate, users, times, duration_at) {
            self.report(mistake::load::sequential_lasts(place));
            return false;
        }
        true
    }
}

/// The rate of what comes once in a period, as it is written: a whole number in a second, a minute, an hour or a day.
fn rate_of(period: &str) -> Option<String> {
    let period = unit::parse(period).ok().filter(|read| read.dimension == Dimension::TIME)?.to_f64();
    [("s", 1.0), ("min", 60.0), ("h", 3_600.0), ("d", 86_400.0)].into_iter().find_map(|(unit, length)| {
        let count: f64 = length / period;
        (count >= 1.0 && (count - count.round()).abs() < 1e-9).then(|| format!("{}/{unit}", count.round()))
    })
}
