//! Ledgers against small stories, and against keeping every event.

use crate::lang::function::Aggregate;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;

const ALL: Window = Window { start: Moment::START, end: Moment::NEVER };

/// What it spills has no name, so the folder stays empty.
fn ledger() -> Ledger {
    Ledger::new(&std::env::temp_dir())
}

fn sent(key: &str, value: Option<&str>, at: u64) -> Event {
    Event { sent: true, key: key.to_owned(), value: value.map(str::to_owned), at: Moment(at) }
}
fn came(key: &str, value: Option<&str>, at: u64) -> Event {
    Event { sent: false, ..sent(key, value, at) }
}

#[derive(Clone, Debug)]
struct Event {
    sent: bool,
    key: String,
    value: Option<String>,
    at: Moment,
}

fn told(ledger: &mut Ledger, event: &Event) {
    let value = event.value.as_deref();
    if event.sent {
        ledger.sent(&event.key, value, event.at);
    } else {
        ledger.received(&event.key, value, event.at);
    }
}

#[test]
fn small_stories() {
    type Numbers = (u64, u64, Option<u64>, u64, u64, u64);
    // sent, received, lost, duplicated, unexpected, altered
    let table: &[(&str, &[Event], Numbers)] = &[
        ("nothing", &[], (0, 0, None, 0, 0, 0)),
        ("sent and came", &[sent("a", None, 1), came("a", None, 2)], (1, 1, Some(0), 0, 0, 0)),
        ("lost", &[sent("a", None, 1)], (1, 0, Some(1), 0, 0, 0)),
        ("never sent", &[came("a", None, 1)], (0, 1, None, 0, 1, 0)),
        ("came before it was told", &[came("a", None, 1), sent("a", None, 2)], (1, 1, Some(0), 0, 0, 0)),
        (
            "came twice",
            &[sent("a", None, 1), came("a", None, 2), came("a", None, 3)],
            (1, 1, Some(0), 1, 0, 0),
        ),
        (
            "came twice before it was told",
            &[came("a", Some("1"), 1), came("a", Some("2"), 2), sent("a", Some("1"), 3)],
            (1, 1, Some(0), 1, 0, 1),
        ),
        ("altered", &[sent("a", Some("1"), 1), came("a", Some("2"), 2)], (1, 1, Some(0), 0, 0, 1)),
        (
            "the second copy altered",
            &[sent("a", Some("1"), 1), came("a", Some("1"), 2), came("a", Some("2"), 3)],
            (1, 1, Some(0), 1, 0, 1),
        ),
        ("sent again is one item", &[sent("a", None, 1), sent("a", None, 2)], (1, 0, Some(1), 0, 0, 0)),
        (
            "no value is no alteration",
            &[sent("a", Some("1"), 1), came("a", None, 2)],
            (1, 1, Some(0), 0, 0, 0),
        ),
    ];
    for (name, events, (sent, received, lost, duplicated, unexpected, altered)) in table.iter().cloned() {
        let mut ledger = ledger();
        events.iter().for_each(|event| told(&mut ledger, event));
        let wanted = LedgerCounts { sent, received, lost, duplicated, unexpected, altered };
        assert_eq!(ledger.counts(ALL), Some(wanted), "{name}");
    }
}

/// The key of an item: a text, a number or a UUID, by the seed.
fn key_of(seed: u64, item: u64) -> String {
    match seed % 3 {
        0 => format!("item {item}"),
        1 => item.to_string(),
        _ => uuid::Uuid::from_u64_pair(seed, item.wrapping_mul(0x9E37_79B9_7F4A_7C15)).to_string(),
    }
}

/// The same numbers from all events.
fn plain(events: &[Event], window: Window) -> LedgerCounts {
    let mut first_sent: BTreeMap<&str, &Event> = BTreeMap::new();
    let mut came: BTreeSet<&str> = BTreeSet::new();
    let mut counts = LedgerCounts::default();
    for event in events.iter().filter(|event| event.sent) {
        first_sent.entry(&event.key).or_insert(event);
    }
    for event in events.iter().filter(|event| !event.sent) {
        let inside = u64::from(window.contains(event.at));
        let sent = first_sent.get(event.key.as_str());
        if came.insert(&event.key) {
            counts.received += inside;
            counts.unexpected += if sent.is_none() { inside } else { 0 };
        } else {
            counts.duplicated += inside;
        }
        if sent.is_some_and(|sent| sent.value != event.value) {
            counts.altered += inside;
        }
    }
    let sent = first_sent.values().filter(|event| window.contains(event.at));
    counts.sent = sent.clone().count() as u64;
    let lost = sent.filter(|event| !came.contains(event.key.as_str())).count() as u64;
    counts.lost = (counts.sent > 0).then_some(lost);
    counts
}

#[test]
fn every_window_between_pins_agrees_with_keeping_everything() {
    for seed in 0..5 {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut ledger = ledger();
        let (mut events, mut pins) = (Vec::new(), vec![Moment::START]);
        let mut now = Moment::START;
        ledger.pin(now).unwrap();
        for _ in 0..6000 {
            now = now.after(Duration::from_nanos(random.random_range(0..400_000_000)));
            if random.random_bool(0.005) {
                ledger.pin(now).unwrap();
                pins.push(now);
            }
            let event = Event {
                sent: random.random_bool(0.5),
                key: key_of(seed, random.random_range(0..4000)),
                value: Some(format!("{}", u8::from(random.random_bool(0.03)))),
                at: now,
            };
            told(&mut ledger, &event);
            events.push(event);
        }
        pins.push(Moment::NEVER);
        for _ in 0..40 {
            let (a, b) = (random.random_range(0..pins.len()), random.random_range(0..pins.len()));
            let window = Window::between(pins[a.min(b)], pins[a.max(b)]);
            assert_eq!(ledger.counts(window), Some(plain(&events, window)), "seed {seed}, {window:?}");
        }
    }
}

#[test]
fn what_is_only_compared_is_altered_and_has_not_come() {
    let mut ledger = ledger();
    for event in [sent("a", Some("1"), 1), came("a", Some("1"), 2), sent("b", Some("1"), 3)] {
        told(&mut ledger, &event);
    }
    for (key, value) in [("a", Some("1")), ("a", None), ("a", Some("2")), ("b", Some("2")), ("c", Some("2"))]
    {
        ledger.compared(key, value, Moment(4));
    }
    let wanted =
        LedgerCounts { sent: 2, received: 1, lost: Some(1), duplicated: 0, unexpected: 0, altered: 1 };
    assert_eq!(ledger.counts(ALL), Some(wanted));
}

#[test]
fn delay_stands_at_the_moment_of_sending() {
    let mut ledger = ledger();
    ledger.pin(Moment(2_000_000_000)).unwrap();
    ledger.sent("a", None, Moment(1_000_000_000));
    ledger.received("a", None, Moment(5_000_000_000));
    let value =
        |start, end| ledger.delay().value(Aggregate::Max, Window::between(Moment(start), Moment(end)));
    assert_eq!(value(0, 2_000_000_000), Some(4.0));
    assert_eq!(value(2_000_000_000, 9_000_000_000), None);
}

#[test]
fn the_first_keys_of_each_kind_are_named() {
    let mut ledger = ledger();
    for item in 0..300u64 {
        ledger.sent(&format!("s{item:03}"), None, Moment(item));
    }
    ledger.received("s000", None, Moment(400));
    ledger.received("s000", None, Moment(401));
    ledger.received("never sent", None, Moment(402));
    let first = ledger.first_keys().unwrap();
    assert_eq!(first.lost.len(), FIRST_KEYS);
    assert_eq!(first.lost[0], "s001");
    assert_eq!(first.duplicated, ["s000"]);
    assert_eq!(first.unexpected, ["never sent"]);
    ledger.sent("never sent", None, Moment(403));
    assert!(ledger.first_keys().unwrap().unexpected.is_empty(), "it was sent after all");
}

#[test]
fn an_item_takes_little_once_settled() {
    // How keys are written, and the bytes an item may take.
    type Name = fn(u64) -> String;
    let table: [(&str, Name, u64); 2] =
        [("numbers", |item| item.to_string(), 8), ("texts", |item| format!("item {item}"), 48)];
    for (name, key, most) in table {
        let mut ledger = ledger();
        let items = 300_000u64;
        for item in 0..items {
            let key = key(item);
            ledger.sent(&key, Some("1"), Moment(item * 1_000_000));
            ledger.received(&key, Some("1"), Moment(item * 1_000_000 + 500_000));
        }
        let bytes = ledger.bytes() as u64 / items;
        assert!(bytes < most, "{name}: {bytes}");
    }
}

/// A ledger that has to put nearly everything on disk.
fn cramped(folder: &Path) -> Ledger {
    let waiting = || Waiting::with_table_of(50, folder);
    let settled = Settled::with_tables_of(40, folder);
    Ledger { open: waiting(), early: waiting(), settled, ..Ledger::new(folder) }
}

#[test]
fn what_is_on_disk_counts_as_what_is_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    for seed in 0..4 {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let (mut roomy, mut cramped) = (ledger(), cramped(folder.path()));
        for moment in 0..20_000u64 {
            let item = random.random_range(0..6_000u32);
            // Numbers and texts; a third is never sent, a third never comes.
            let key = if item % 2 == 0 { item.to_string() } else { format!("item {item}") };
            let value = u8::from(random.random_bool(0.03)).to_string();
            let sends = match item % 3 {
                0 => true,
                1 => false,
                _ => random.random_bool(0.5),
            };
            let event = Event { sent: sends, key, value: Some(value), at: Moment(moment) };
            told(&mut roomy, &event);
            told(&mut cramped, &event);
        }
        assert_eq!(cramped.counts(ALL), roomy.counts(ALL), "seed {seed}");
        assert_eq!(cramped.first_keys().unwrap(), roomy.first_keys().unwrap(), "seed {seed}");
        assert_eq!(cramped.resent(), roomy.resent(), "seed {seed}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "no file has a name");
    }
}

#[test]
fn a_disk_that_takes_nothing_leaves_a_ledger_without_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let gone = folder.path().join("gone");
    let mut ledger = cramped(&gone);
    ledger.sent("first", None, Moment(0));
    assert!(ledger.trouble().is_none() && ledger.counts(ALL).is_some());
    for item in 1..1_000u64 {
        ledger.sent(&format!("item {item}"), None, Moment(item));
    }
    let said = ledger.trouble().unwrap().to_string();
    assert!(said.contains(&gone.display().to_string()) && said.contains("No such file"), "{said}");
    assert_eq!(ledger.counts(ALL), None);
}
