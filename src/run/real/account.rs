//! Ledgers while a run goes on: fed by what loads send and what arrives, asked by expectations.

use super::Shared;
use crate::check::scenario::{Ledger as Declared, LedgerReceived, Origin};
use crate::event::{Account as Kept, EventKind, LedgerSummary};
use crate::lang::eval::NoValue;
use crate::lang::expr::{LedgerId, SeriesId};
use crate::lang::function::Aggregate;
use crate::lang::moment::Moment;
use crate::lang::quantity::{Dimension, Quantity};
use crate::lang::value::Value;
use crate::load::recorder::SentItem;
use crate::measure::Window;
use crate::measure::ledger::{FirstKeys, Ledger, LedgerCounts};
use crate::measure::receipt::missed::Missed;
use crate::run::world::Observation;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

/// How soon after the first of several changes the interpreter is told of them.
const TOLD_AFTER: Duration = Duration::from_millis(5);

/// A ledger, and whether its latest changes are still to be told.
pub(super) struct Account {
    ledger: Ledger,
    changed: bool,
    missed: Missed,
}

impl Account {
    /// An account whose ledger keeps in `folder` what it cannot hold in memory.
    pub fn new(folder: &Path) -> Account {
        Account { ledger: Ledger::new(folder), changed: false, missed: Missed::default() }
    }
}

fn change(shared: &Rc<Shared>, id: LedgerId, enter: impl FnOnce(&mut Ledger)) {
    let mut accounts = shared.accounts.borrow_mut();
    let account = &mut accounts[id.index()];
    let well = account.ledger.trouble().is_none();
    enter(&mut account.ledger);
    if let Some(trouble) = account.ledger.trouble().filter(|_| well) {
        let name = &shared.setup.scenario.ledgers[id.index()].name;
        let text = format!("the ledger `{name}` counts no more: {trouble}");
        shared.tell(Observation::Told { at: shared.now(), event: EventKind::Noticed { line: None, text } });
    }
    if !std::mem::replace(&mut account.changed, true) {
        let shared = Rc::clone(shared);
        tokio::task::spawn_local(async move {
            tokio::time::sleep(TOLD_AFTER).await;
            tell(&shared, id);
        });
    }
}

/// Tells of what has changed in a ledger.
fn tell(shared: &Shared, id: LedgerId) {
    if !std::mem::replace(&mut shared.accounts.borrow_mut()[id.index()].changed, false) {
        return;
    }
    let at = shared.now();
    for (index, series) in shared.setup.scenario.series.iter().enumerate() {
        if matches!(series.origin, Origin::Ledger { ledger, .. } if ledger == id) {
            shared.tell(Observation::Changed { series: SeriesId(index as u32), at });
        }
    }
}

/// An item was sent.
pub(super) fn sent(shared: &Rc<Shared>, item: &SentItem) {
    change(shared, item.ledger, |ledger| ledger.sent(&item.key, item.value.as_deref(), item.at));
}

/// An item arrived.
pub(super) fn received(shared: &Rc<Shared>, ledger: LedgerId, key: &str, value: Option<&str>, at: Moment) {
    change(shared, ledger, |ledger| ledger.received(key, value, at));
}

/// An item that had arrived has another value now.
pub(super) fn altered(shared: &Rc<Shared>, ledger: LedgerId, key: &str, value: Option<&str>, at: Moment) {
    change(shared, ledger, |ledger| ledger.compared(key, value, at));
}

/// Does something with what a ledger may have missed.
pub(super) fn missed<T>(shared: &Shared, ledger: LedgerId, what: impl FnOnce(&mut Missed) -> T) -> T {
    what(&mut shared.accounts.borrow_mut()[ledger.index()].missed)
}

/// Why nothing may be concluded from a reading over a window, where a source may have missed what arrived.
pub(super) fn doubt(shared: &Shared, series: SeriesId, window: Window) -> Option<String> {
    let (id, reading) = of(shared, series)?;
    let accounts = shared.accounts.borrow();
    let Account { ledger, missed, .. } = &accounts[id.index()];
    let lost = ledger.counts(window).and_then(|counts| counts.lost);
    missed.doubt(reading, window, lost).map(str::to_owned)
}

fn of(shared: &Shared, series: SeriesId) -> Option<(LedgerId, &'static str)> {
    match shared.setup.scenario.series(series).origin {
        Origin::Ledger { ledger, reading } => Some((ledger, reading)),
        _ => None,
    }
}

/// A reading of a ledger over a window.
pub(super) fn read(
    shared: &Shared,
    series: SeriesId,
    aggregate: Aggregate,
    window: Window,
) -> Result<Value, NoValue> {
    let name = &shared.setup.scenario.series(series).name;
    let nothing = || NoValue::NotMeasured(format!("`{name}` has no value in this window"));
    let (id, reading) = of(shared, series).ok_or_else(nothing)?;
    let accounts = shared.accounts.borrow();
    let ledger = &accounts[id.index()].ledger;
    if let Some(trouble) = ledger.trouble() {
        return Err(NoValue::NotMeasured(format!("`{name}` is not known any more: {trouble}")));
    }
    if reading == "delay" {
        let value = ledger.delay().value(aggregate, window).ok_or_else(nothing)?;
        let dimension = match aggregate {
            Aggregate::Count | Aggregate::Distinct => Dimension::NONE,
            Aggregate::Growth => Dimension::NONE,
            Aggregate::Rate => Dimension::RATE,
            _ => Dimension::TIME,
        };
        return Ok(Value::Quantity(Quantity::measured(value, dimension)));
    }
    let counts = ledger.counts(window).ok_or_else(nothing)?;
    let count = count(&counts, reading).ok_or_else(|| {
        NoValue::NotMeasured("nothing was sent in this window, so nothing can be lost".into())
    })?;
    match aggregate {
        Aggregate::Rate => {
            let seconds = window.length().as_secs_f64();
            let rate = if seconds > 0.0 { count as f64 / seconds } else { return Err(nothing()) };
            Ok(Value::Quantity(Quantity::measured(rate, Dimension::RATE)))
        }
        _ => Ok(Value::Quantity(Quantity::number(count.into()))),
    }
}

fn count(counts: &LedgerCounts, reading: &str) -> Option<u64> {
    match reading {
        "sent" => Some(counts.sent),
        "received" => Some(counts.received),
        "lost" => counts.lost,
        "duplicated" => Some(counts.duplicated),
        "unexpected" => Some(counts.unexpected),
        _ => Some(counts.altered),
    }
}

/// Keeps a moment as an exact edge of windows, or no longer. A ledger that keeps no more edges answers for the
/// nearest it has.
pub(super) fn pin(shared: &Shared, series: SeriesId, at: Moment, keep: bool) {
    if let Some((id, _)) = of(shared, series) {
        let ledger = &mut shared.accounts.borrow_mut()[id.index()].ledger;
        if keep {
            let _kept_or_not = ledger.pin(at);
        } else {
            ledger.unpin(at);
        }
    }
}

/// Where a ledger receives from, as it is written.
fn sources(shared: &Shared, declared: &Declared) -> Vec<String> {
    let text = |received: &LedgerReceived| {
        let words = shared.setup.sources.text(received.span).split_whitespace();
        words.collect::<Vec<_>>().join(" ")
    };
    declared.received.iter().map(text).collect()
}

/// The account of every ledger over the whole run.
pub(super) fn summaries(shared: &Shared) -> Vec<EventKind> {
    let whole = Window::so_far(Moment::START, shared.now());
    let accounts = shared.accounts.borrow();
    let declared = shared.setup.scenario.ledgers.iter().zip(accounts.iter());
    // Of one in trouble there is nothing to say but that.
    let known = declared.filter_map(|(declared, account)| {
        Some((declared, account.ledger.counts(whole)?, account.ledger.first_keys()))
    });
    let summary = known.map(|(declared, counts, keys)| {
        let keys = keys.unwrap_or_else(|error| {
            let text = format!("the keys of the ledger `{}` cannot be read: {error}", declared.name);
            let event = EventKind::Noticed { line: None, text };
            shared.tell(Observation::Told { at: shared.now(), event });
            FirstKeys::default()
        });
        let kept = |count: u64, keys: Vec<String>| Kept { count, keys };
        EventKind::LedgerSummary(LedgerSummary {
            name: declared.name.clone(),
            sources: sources(shared, declared),
            sent: counts.sent,
            received: counts.received,
            lost: kept(counts.lost.unwrap_or(0), keys.lost),
            duplicated: kept(counts.duplicated, keys.duplicated),
            unexpected: kept(counts.unexpected, keys.unexpected),
            altered: kept(counts.altered, keys.altered),
        })
    });
    summary.collect()
}
