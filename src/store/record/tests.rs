//! The record on good disks, full disks and torn files.

use super::*;
use crate::event::{RunEnded, RunStarted, VERSION, Verdict};
use std::fs;
use std::sync::{Arc, Mutex};

fn started(version: u32) -> Event {
    let kind = EventKind::RunStarted(RunStarted {
        version,
        soak: "0.1.0".into(),
        scenario: "A test".into(),
        file: "a.soak".into(),
        seed: u64::MAX,
        started: "2026-11-21T09:44:36Z".into(),
        params: vec![("duration".into(), "2h".into())],
        expectations: Vec::new(),
    });
    Event::new(0.0, kind)
}

fn note(text: &str) -> Event {
    Event::new(1.5, EventKind::Note { line: 3, text: text.into() })
}

fn ended() -> Event {
    let ended = RunEnded { verdict: Verdict::Pass, story: 2.0, reason: None };
    Event::new(2.0, EventKind::RunEnded(ended))
}

fn read_all(folder: &Path) -> Result<(Vec<Event>, Gaps), RecordError> {
    let mut events = Vec::new();
    let gaps = read(folder, &mut |event| events.push(event.clone()))?;
    Ok((events, gaps))
}

#[test]
fn what_is_written_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut record = Record::create(folder.path()).unwrap();
    let events = [started(VERSION), note("höher"), ended()];
    events.iter().for_each(|event| record.write(event));
    assert!(record.finish());
    assert_eq!(read_all(folder.path()).unwrap(), (events.to_vec(), Gaps::default()));
}

#[test]
fn a_torn_last_line_and_a_foreign_line_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let line = |event: &Event| serde_json::to_string(event).unwrap() + "\n";
    let torn = line(&ended());
    let text = format!(
        "{}{{\"at\":1,\"event\":\"from_the_future\"}}\n{}{}",
        line(&started(VERSION)),
        line(&note("a")),
        &torn[..torn.len() / 2]
    );
    fs::write(folder.path().join(EVENTS), text).unwrap();
    let (events, gaps) = read_all(folder.path()).unwrap();
    assert_eq!(events, [started(VERSION), note("a")]);
    assert_eq!(gaps, Gaps { torn: true, unreadable: 1 });
}

#[test]
fn an_endless_line_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = serde_json::to_string(&started(VERSION)).unwrap() + "\n";
    text.push_str(&"x".repeat(3 * MAX_LINE));
    text.push('\n');
    text.push_str(&serde_json::to_string(&ended()).unwrap());
    text.push('\n');
    fs::write(folder.path().join(EVENTS), text).unwrap();
    let (events, gaps) = read_all(folder.path()).unwrap();
    assert_eq!(events, [started(VERSION), ended()]);
    assert_eq!(gaps, Gaps { torn: false, unreadable: 1 });
}

#[test]
fn what_is_no_record_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(read_all(folder.path()), Err(RecordError::NoRecord { .. })));
    for (text, newer) in [
        (String::new(), false),
        ("hello\n".into(), false),
        (serde_json::to_string(&note("a")).unwrap(), false),
        (serde_json::to_string(&started(VERSION + 1)).unwrap(), true),
    ] {
        fs::write(folder.path().join(EVENTS), &text).unwrap();
        match read_all(folder.path()) {
            Err(RecordError::Newer { .. }) => assert!(newer, "{text}"),
            Err(RecordError::NotARecord { .. }) => assert!(!newer, "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
}

/// A disk with so much room; what was written is kept.
#[derive(Clone, Default)]
struct Disk(Arc<Mutex<(usize, Vec<u8>)>>);

impl Disk {
    fn room(&self, room: usize) {
        self.0.lock().unwrap().0 = room;
    }
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().1.clone()).unwrap()
    }
}

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut disk = self.0.lock().unwrap();
        let count = bytes.len().min(disk.0);
        if count == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        disk.0 -= count;
        disk.1.extend_from_slice(&bytes[..count]);
        Ok(count)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl RecordFile for Disk {
    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_disk_that_fills_up_and_empties_loses_nothing() {
    let disk = Disk::default();
    let mut record = Record::over(Box::new(disk.clone()), 1 << 20);
    disk.room(10);
    record.write(&started(VERSION));
    let notice = record.take_notice().unwrap();
    assert!(notice.contains("cannot be written"), "{notice}");
    assert_eq!(disk.text().len(), 10, "a part of the line is on disk");
    record.write(&note("while full"));
    assert_eq!(record.take_notice(), None, "told once");
    disk.room(1 << 20);
    record.flush();
    assert!(record.take_notice().unwrap().contains("it is whole"));
    assert!(record.finish());
    let lines: Vec<Event> = disk.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines, [started(VERSION), note("while full")]);
}

#[test]
fn what_waits_is_bounded_and_what_is_missing_is_counted() {
    let disk = Disk::default();
    let mut record = Record::over(Box::new(disk.clone()), 2_000);
    for _ in 0..1_000 {
        record.write(&note("more than the memory holds"));
    }
    assert!(record.waiting.len() <= 2_000);
    record.flush();
    assert!(record.take_notice().is_some());
    disk.room(1 << 20);
    record.flush();
    let notice = record.take_notice().unwrap();
    assert!(notice.contains("lacks 9"), "{notice}");
    assert!(disk.text().lines().all(|line| serde_json::from_str::<Event>(line).is_ok()));
}

#[test]
fn an_event_too_long_for_the_record_is_told() {
    let disk = Disk::default();
    disk.room(1 << 20);
    let mut record = Record::over(Box::new(disk.clone()), MAX_WAITING);
    record.write(&note(&"x".repeat(MAX_LINE)));
    record.write(&ended());
    assert!(record.take_notice().unwrap().contains("too long"));
    assert_eq!(disk.text().lines().count(), 1);
    assert!(!record.finish(), "it is not whole");
}

#[test]
fn folders_are_empty_and_of_their_own() {
    let parent = tempfile::tempdir().unwrap();
    let out = parent.path().join("a/b");
    assert_eq!(RunFolder::named(&out).unwrap().path(), out);
    assert!(RunFolder::named(&out).is_ok(), "empty is as good as absent");
    fs::write(out.join("x"), "").unwrap();
    let refused = RunFolder::named(&out).unwrap_err().to_string();
    assert!(refused.contains("is not empty"), "{refused}");
    assert!(matches!(RunFolder::named(&out.join("x")), Err(RecordError::NotAFolder { .. })));

    let first = RunFolder::dated(parent.path(), "2026-11-21T09-44-36Z", "Campus vehicle").unwrap();
    let second = RunFolder::dated(parent.path(), "2026-11-21T09-44-36Z", "Campus vehicle").unwrap();
    assert!(first.path().ends_with("soak-runs/2026-11-21T09-44-36Z-campus-vehicle"));
    assert!(second.path().ends_with("soak-runs/2026-11-21T09-44-36Z-campus-vehicle-2"));
    assert!(Record::create(first.path()).is_ok());
    assert!(matches!(Record::create(first.path()), Err(RecordError::Write { .. })));
}

#[test]
fn titles_become_names() {
    for (title, name) in [
        ("Campus vehicle operation", "campus-vehicle-operation"),
        ("  a/../b  ", "a-b"),
        ("Größe 7 %", "größe-7"),
        ("…", "scenario"),
        ("", "scenario"),
    ] {
        assert_eq!(slug(title), name);
    }
    assert_eq!(slug(&"ab ".repeat(100)).chars().count(), 59);
}
