//! What ledgers receive beside files and lines: rows and items, which are looked at every second, and messages, which
//! are listened to over a connection of soak's own. What one of them may have missed is remembered, so that nothing is
//! concluded from it.

use super::settings::Fixed;
use super::source::ANSWER_WITHIN;
use super::{Live, SetupError, Shared, account};
use crate::check::scenario::{KnownBy as Written, LedgerReceived, ReceivedFrom};
use crate::event::EventKind;
use crate::kinds::request::{Listening, Requester};
use crate::lang::expr::{Expr, LedgerId};
use crate::lang::moment::Moment;
use crate::lang::unit::format_duration;
use crate::measure::receipt::items::Items;
use crate::measure::receipt::known_by::KnownBy;
use crate::measure::receipt::rows::Rows;
use crate::measure::receipt::{Doubt, Item, Look};
use crate::measure::source::Document;
use crate::run::world::Observation;
use serde_json_path::JsonPath;
use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::{Mutex, Notify};
use tokio::time::{Instant, sleep, timeout};

/// How often rows and items are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long is waited for the first look and the first connection before the story begins, and how long for what is
/// known not to be there: every process is ready by then.
const READY_WITHIN: Duration = Duration::from_secs(5);
const ABSENT_FOR: Duration = Duration::from_millis(500);
/// How soon a lost connection is opened again, at first and at last.
const AGAIN_AFTER: Duration = Duration::from_millis(10);
const AGAIN_AT_MOST: Duration = Duration::from_millis(250);
/// When nothing has come for so long, what was on its way at the end has come; how long that is waited for.
const QUIET: Duration = Duration::from_millis(50);
const QUIET_WITHIN: Duration = Duration::from_secs(1);

/// One source of a ledger.
pub(super) struct Receiver {
    ledger: LedgerId,
    /// Among all of them, which is how a ledger tells them apart.
    number: usize,
    /// As it is written.
    text: String,
    from: From,
    /// Whether it has looked or listened once.
    ready: Cell<bool>,
    became_ready: Notify,
    /// Why it did not look or listen the last time.
    failed: RefCell<Option<String>>,
    /// When something was seen last.
    seen: Cell<Moment>,
    told: RefCell<HashSet<Doubt>>,
}

enum From {
    /// Looks are taken one after the other.
    Looked(Box<Mutex<Looked>>),
    Heard {
        client: Rc<dyn Requester>,
        topic: String,
        known: KnownBy,
    },
}

enum Looked {
    Rows(Rows),
    Items(Items),
}

impl Looked {
    async fn look(&mut self) -> Result<Look, String> {
        let look = async {
            match self {
                Looked::Rows(rows) => rows.look().await,
                Looked::Items(items) => items.look().await,
            }
        };
        match timeout(ANSWER_WITHIN, look).await {
            Ok(look) => look,
            Err(_) => Err(format!("no answer within {}", format_duration(ANSWER_WITHIN))),
        }
    }

    fn begin_empty(&mut self) {
        match self {
            Looked::Rows(rows) => rows.begin_empty(),
            Looked::Items(items) => items.begin_empty(),
        }
    }
}

/// Begins to look at a source or to listen to it.
pub(super) fn begin(shared: &Rc<Shared>, ledger: LedgerId, received: &LedgerReceived) -> Result<(), String> {
    let with_value =
        shared.setup.scenario.ledgers[ledger.index()].sent.iter().any(|sent| sent.value.is_some());
    let from = from(shared, received, with_value);
    let Some(from) = from.map_err(|error| error.at_its_line(&shared.setup.sources))? else { return Ok(()) };
    let mut receivers = shared.receivers.borrow_mut();
    let text = shared.setup.sources.text(received.span).split_whitespace().collect::<Vec<_>>().join(" ");
    let receiver = Rc::new(Receiver {
        ledger,
        number: receivers.len(),
        text,
        from,
        ready: Cell::new(false),
        became_ready: Notify::new(),
        failed: RefCell::default(),
        seen: Cell::new(Moment::START),
        told: RefCell::default(),
    });
    receivers.push(Rc::clone(&receiver));
    let this = Rc::clone(shared);
    let watching = async move {
        match &receiver.from {
            From::Looked(_) => receiver.keep_looking(&this).await,
            From::Heard { .. } => receiver.keep_listening(&this).await,
        }
    };
    shared.watch(tokio::task::spawn_local(watching));
    Ok(())
}

fn from(shared: &Shared, received: &LedgerReceived, with_value: bool) -> Result<Option<From>, SetupError> {
    let mut fixed = Fixed::new(&shared.setup, received.span);
    let path = |fixed: &mut Fixed<'_>, expr: &Expr| {
        JsonPath::parse(&fixed.text(expr)?).map_err(|error| SetupError::at(expr.span, error))
    };
    Ok(Some(match &received.from {
        ReceivedFrom::Files { .. } | ReceivedFrom::Lines { .. } => return Ok(None),
        ReceivedFrom::Rows { database, query, growing } => {
            let Live::Database(database, _) = &shared.targets[database.index()] else {
                return Err(SetupError::at(received.span, "this source needs a database"));
            };
            let growing = growing.as_ref().map(|growing| fixed.text(growing)).transpose()?;
            let rows = Rows::new(Rc::clone(database.client()), &fixed.text(query)?, growing, with_value);
            From::Looked(Box::new(Mutex::new(Looked::Rows(rows))))
        }
        ReceivedFrom::Items { document, items, key, value } => {
            let written = fixed.text(document)?;
            let document = if written.contains("://") {
                let url = written.parse().map_err(|error| SetupError::at(document.span, error))?;
                Document::Url(url, ANSWER_WITHIN)
            } else {
                Document::File(shared.setup.folder.join(written))
            };
            let items = path(&mut fixed, items)?;
            let key = key.as_ref().map(|key| path(&mut fixed, key)).transpose()?;
            let value = value.as_ref().map(|value| path(&mut fixed, value)).transpose()?;
            From::Looked(Box::new(Mutex::new(Looked::Items(Items::new(document, items, key, value)))))
        }
        ReceivedFrom::Messages { target, topic, known } => {
            let client = shared
                .requester(*target)
                .ok_or_else(|| SetupError::at(received.span, "this target brings no messages"))?;
            let topic = topic.as_ref().map(|topic| fixed.text(topic)).transpose()?.unwrap_or_default();
            let known = match known {
                Written::Groups(groups) => KnownBy::Groups(fixed.regex(groups)?),
                Written::Paths { key, value } => KnownBy::Paths {
                    key: path(&mut fixed, key)?,
                    value: value.as_ref().map(|value| path(&mut fixed, value)).transpose()?,
                },
            };
            From::Heard { client, topic, known }
        }
    }))
}

/// Waits until every source has looked or listened once, before anything is sent. What one that is not there by then
/// holds later has all come since.
pub(super) async fn ready(shared: &Rc<Shared>) {
    let receivers = shared.receivers.borrow().clone();
    let begun = Instant::now();
    for receiver in receivers {
        while !receiver.ready.get() {
            let absent = receiver.failed.borrow().is_some();
            let by = begun + if absent { ABSENT_FOR } else { READY_WITHIN };
            if Instant::now() >= by {
                receiver.give_up_waiting(shared).await;
                break;
            }
            // Whether it has become known that it is not there is looked at in between.
            let _ = timeout(QUIET, receiver.became_ready.notified()).await;
        }
    }
    shared.prepared.set(true);
}

/// Looks once more at all that a ledger, or any, receives from: what has come until now is taken in.
pub(super) async fn look_now(shared: &Rc<Shared>, ledger: Option<LedgerId>) {
    let receivers = shared.receivers.borrow().clone();
    let wanted = receivers.iter().filter(|receiver| ledger.is_none_or(|ledger| ledger == receiver.ledger));
    let looks = wanted.map(|receiver| receiver.look(shared));
    futures_util::future::join_all(looks).await;
}

/// Waits until messages that are on their way have come.
pub(super) async fn quiet(shared: &Shared) {
    let receivers = shared.receivers.borrow().clone();
    let heard = || receivers.iter().filter(|receiver| matches!(receiver.from, From::Heard { .. }));
    let end = shared.now().after(QUIET_WITHIN);
    while let Some(last) = heard().map(|receiver| receiver.seen.get()).max() {
        let now = shared.now();
        if now.since(last) >= QUIET || now >= end {
            return;
        }
        sleep(QUIET).await;
    }
}

impl Receiver {
    fn notice(&self, shared: &Shared, text: String) {
        let event = EventKind::Noticed { line: None, text };
        shared.tell(Observation::Told { at: shared.now(), event });
    }

    fn is_ready(&self) {
        self.ready.set(true);
        self.became_ready.notify_one();
    }

    async fn give_up_waiting(&self, shared: &Shared) {
        let why = self.failed.borrow().clone();
        let why = why.unwrap_or_else(|| format!("no answer within {}", format_duration(READY_WITHIN)));
        let From::Looked(looked) = &self.from else { return self.lost(shared, &why) };
        looked.lock().await.begin_empty();
        let text = format!(
            "what `{}` held before the run could not be read, so all that is found there later counts as received: {why}",
            self.text
        );
        self.notice(shared, text);
    }

    async fn keep_looking(&self, shared: &Rc<Shared>) {
        let mut due = Instant::now();
        while !shared.stopped.get() {
            self.look(shared).await;
            // As long as there is nothing to look at, it may be there any moment.
            due += if self.ready.get() { LOOK_EVERY } else { AGAIN_AT_MOST };
            due = due.max(Instant::now());
            tokio::time::sleep_until(due).await;
        }
    }

    /// Looks once, where this is something to look at.
    async fn look(&self, shared: &Rc<Shared>) {
        let From::Looked(looked) = &self.from else { return };
        let mut looked = looked.lock().await;
        match looked.look().await {
            Ok(look) => {
                account::missed(shared, self.ledger, |missed| missed.make_good(self.number));
                self.take(shared, look);
                self.seen.set(shared.now());
                self.is_ready();
            }
            Err(why) => {
                *self.failed.borrow_mut() = Some(why.clone());
                let since = self.seen.get();
                let reason = format!("`{}` has not been read since {}: {why}", self.text, at(since));
                account::missed(shared, self.ledger, |missed| missed.begin(self.number, since, &reason));
            }
        }
    }

    fn take(&self, shared: &Rc<Shared>, look: Look) {
        let now = shared.now();
        for Item { key, value } in &look.received {
            account::received(shared, self.ledger, key, value.as_deref(), now);
        }
        for Item { key, value } in &look.changed {
            account::altered(shared, self.ledger, key, value.as_deref(), now);
        }
        if let Some(doubt) = look.doubt {
            self.doubt(shared, doubt, self.seen.get(), now);
        }
    }

    /// Something was not seen, or not as it should be. It is told the first time.
    fn doubt(&self, shared: &Shared, doubt: Doubt, from: Moment, to: Moment) {
        let reason = format!("`{}`: {doubt}", self.text);
        account::missed(shared, self.ledger, |missed| missed.between(from, to, &reason));
        if self.told.borrow_mut().insert(doubt) {
            self.notice(shared, reason);
        }
    }

    async fn keep_listening(&self, shared: &Rc<Shared>) {
        let From::Heard { client, topic, known } = &self.from else { return };
        let mut pause = AGAIN_AFTER;
        while !shared.stopped.get() {
            let why = match client.listen(topic).await {
                Ok(mut listening) => {
                    self.connected(shared);
                    pause = AGAIN_AFTER;
                    self.hear(shared, &mut *listening, known).await
                }
                Err(error) => error.in_full(),
            };
            if shared.stopped.get() {
                return;
            }
            *self.failed.borrow_mut() = Some(why.clone());
            // Before the story begins nothing is sent.
            if self.ready.get() || shared.prepared.get() {
                self.lost(shared, &why);
            }
            sleep(pause).await;
            pause = (pause * 2).min(AGAIN_AT_MOST);
        }
    }

    /// Whatever was sent while nobody listened was missed. Before the story begins nothing is.
    fn connected(&self, shared: &Shared) {
        let now = shared.now();
        let since = account::missed(shared, self.ledger, |missed| missed.end(self.number, now));
        if let Some(since) = since {
            let text = format!(
                "`{}` listens again after {}: what was sent meanwhile was missed",
                self.text,
                format_duration(now.since(since))
            );
            self.notice(shared, text);
        }
        self.is_ready();
    }

    fn lost(&self, shared: &Shared, why: &str) {
        let now = shared.now();
        let reason = format!("`{}` did not listen from {} on: {why}", self.text, at(now));
        let first = account::missed(shared, self.ledger, |missed| {
            let first = !missed.is_open(self.number);
            missed.begin(self.number, now, &reason);
            first
        });
        if first {
            self.notice(shared, format!("`{}` does not listen: {why}", self.text));
        }
    }

    /// Hears until the connection is lost; gives the reason.
    async fn hear(&self, shared: &Rc<Shared>, listening: &mut dyn Listening, known: &KnownBy) -> String {
        let mut found = Vec::new();
        loop {
            let message = match listening.next().await {
                Ok(message) => message,
                Err(error) => return error.in_full(),
            };
            let now = shared.now();
            self.seen.set(now);
            let doubt = known.find(&message, &mut found);
            for Item { key, value } in found.drain(..) {
                account::received(shared, self.ledger, &key, value.as_deref(), now);
            }
            if let Some(doubt) = doubt {
                self.doubt(shared, doubt, now, now);
            }
        }
    }
}

/// A moment as a reader of the report finds it.
fn at(moment: Moment) -> String {
    format_duration(moment.since(Moment::START))
}
