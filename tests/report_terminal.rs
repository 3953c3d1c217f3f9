//! What a run shows in the terminal.

mod report_events;

use report_events::{Judgement, at, started, whole_run};
use soak::diag::human;
use soak::event::{Event, EventKind, Judged, Verdict};
use soak::report::Summary;
use soak::source::{Sources, Span};
use soak::ui::{Progress, Style, View, missed, scorecard};
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const BARE: Style = Style { color: false, unicode: false, width: 100 };
const RICH: Style = Style { color: true, unicode: true, width: 100 };

#[derive(Clone, Default)]
struct Screen(Arc<Mutex<Vec<u8>>>);

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn shown(events: &[Event], view: View) -> String {
    let screen = Screen::default();
    let mut progress = Progress::new(Box::new(screen.clone()), view, Box::new(|_| None));
    events.iter().for_each(|event| progress.event(event));
    progress.finish();
    let bytes = screen.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

fn view(style: Style, in_place: bool, verbose: bool) -> View {
    View { style, in_place, verbose, total: Some(Duration::from_secs(45)) }
}

#[test]
fn lines_for_a_log() {
    insta::assert_snapshot!(shown(&whole_run(), view(BARE, false, false)));
}

#[test]
fn every_line_for_who_asks() {
    let all = shown(&whole_run(), view(BARE, false, true));
    let few = shown(&whole_run(), view(BARE, false, false));
    assert!(all.lines().count() > few.lines().count());
    assert!(all.contains("Queue recovery held after 3.2s"), "{all}");
}

#[test]
fn a_status_line_is_drawn_and_erased_before_other_lines_and_at_the_end() {
    let text = shown(&whole_run(), view(RICH, true, false));
    // Drawn once, for all of it happens within a quarter of a second, and gone before the next line.
    assert_eq!(text.matches("0 missed").count(), 1, "{text:?}");
    assert!(text.contains("0s · setup · 0 missed\r\x1b[K"), "{text:?}");
    assert!(text.contains("expected queue == 0 within 10s"), "{text:?}");
    assert!(!text.contains("wifi off\n"), "what the story does is not told line by line: {text:?}");
}

#[test]
fn without_colour_and_unicode_there_is_neither() {
    let mut summary = Summary::new();
    whole_run().iter().for_each(|event| summary.fold(event));
    let report = summary.report();
    for text in [scorecard(&report, BARE), shown(&whole_run(), view(BARE, false, true))] {
        assert!(text.is_ascii() && !text.contains('\x1b'), "{text}");
    }
    let rich = scorecard(&report, RICH);
    assert!(rich.contains('✗') && rich.contains("\x1b[31m"), "{rich}");
}

#[test]
fn what_happens_ten_thousand_times_is_not_told_ten_thousand_times() {
    let mut events = vec![started(vec![])];
    for round in 0..10_000 {
        let miss = Judgement::new("A", 3, "expect", Verdict::Fail).event(f64::from(round));
        events.push(miss);
        events.push(at(f64::from(round), EventKind::Noticed { line: Some(4), text: "late".into() }));
    }
    let text = shown(&events, view(BARE, false, false));
    assert!(text.lines().count() < 40, "{}", text.lines().count());
    assert_eq!(text.matches("further ones").count(), 2);
}

#[test]
fn a_text_cannot_steer_the_terminal() {
    let note = EventKind::Note { line: 1, text: "\x1b[2Jgone\r\n".into() };
    let text = shown(&[started(vec![]), at(1.0, note)], view(BARE, false, false));
    assert!(!text.contains('\x1b') && !text.contains('\r'), "{text:?}");
}

fn judged(change: impl Fn(&mut Judged)) -> Judged {
    let mut judgement = Judgement::new("Queue recovery", 4, "expect", Verdict::Fail).figures(37.0, 0.0);
    judgement.text = "queue == 0 within 10m".into();
    judgement.place = vec!["pass 3".into(), "Queue drain".into()];
    judgement.faults = vec!["wifi degrade latency 500ms".into(), "data fill 90%".into()];
    let EventKind::Judged(mut judged) = judgement.event(754.0).kind else { unreachable!() };
    change(&mut judged);
    judged
}

#[test]
fn a_miss_is_told_at_its_line() {
    let text = "scenario \"A\"\n\nphase \"Queue drain\" 10m {\n  \
        expect \"Queue recovery\": queue == 0 within 10m\n}\n";
    let mut sources = Sources::new();
    sources.add("campus.soak", text).unwrap();
    let start = text.find("expect").unwrap() as u32;
    let end = text[start as usize..].find('\n').unwrap() as u32 + start;
    let found = missed::diagnostic(&judged(|_| {}), Span::new(start, end)).unwrap();
    insta::assert_snapshot!(human::render(&sources, &[found], BARE));
    assert_eq!(
        missed::diagnostic(&judged(|judged| judged.verdict = Verdict::Pass), Span::new(start, end)),
        None
    );
}

#[test]
fn every_miss_has_its_sentence_and_its_code() {
    type Change = fn(&mut Judged);
    let cases: &[(Change, &str, &str)] = &[
        (|_| {}, "R0001", "Queue recovery: expected queue == 0 within 10m; it was 37 when the time was up"),
        (
            |judged| judged.text = "queue == 0 always".into(),
            "R0001",
            "Queue recovery: expected queue == 0 always; it was 37 at +12m 34s",
        ),
        (
            |judged| {
                judged.name = "queue == 0".into();
                judged.text = "queue == 0".into();
                judged.actual = None;
            },
            "R0001",
            "expected queue == 0; it did not hold at +12m 34s",
        ),
        (
            |judged| {
                judged.demand = "want".into();
                judged.verdict = Verdict::Warn;
                judged.text = "queue == 0 always tolerate 30s".into();
                judged.reason = Some("the breach lasted 40s".into());
            },
            "R0002",
            "Queue recovery: wanted queue == 0 always tolerate 30s; it was 37 at +12m 34s, the breach lasted 40s",
        ),
        (
            |judged| {
                judged.verdict = Verdict::Inconclusive;
                judged.reason = Some("it was never sampled".into());
            },
            "R0003",
            "Queue recovery: expected queue == 0 within 10m; there is no verdict: it was never sampled",
        ),
    ];
    for (change, code, sentence) in cases {
        let found = missed::diagnostic(&judged(change), Span::at(0)).unwrap();
        assert_eq!((found.code, found.message.as_str()), (*code, *sentence));
        assert!(soak::diag::codes::find(code).is_some());
    }
}
