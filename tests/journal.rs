//! The undo journal: what it keeps, what it survives, and whose it leaves alone.
#![cfg(target_os = "linux")]

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use soak::kinds::undo::{Applied, JournalError, OwnedFile, Recorder, RunId, Undo};
use soak::store::journal::{Journal, OWED_LIMIT, REWRITE_AT};
use soak::store::recover::{RecoverError, recover_in};
use soak::store::state_folder::StateFolder;

struct Bench {
    folder: tempfile::TempDir,
    state: StateFolder,
    run: RunId,
}

impl Bench {
    fn new() -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let state = StateFolder::at(&folder.path().join("state")).unwrap();
        Bench { folder, state, run: RunId::fresh().unwrap() }
    }

    fn begin(&self) -> Journal {
        Journal::begin(&self.state, &self.run).unwrap()
    }

    /// A file of the run's own and its undo.
    fn file(&self, name: &str) -> (PathBuf, Undo) {
        let path = self.folder.path().join(format!("{name}-{}", self.run));
        fs::write(&path, "").unwrap();
        let undo = Undo::File(OwnedFile::plan(&path, &self.run).unwrap());
        (path, undo)
    }

    fn append(&self, text: &str) {
        let mut file = OpenOptions::new().append(true).open(self.state.journal_of(&self.run)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    fn lines(&self) -> Vec<String> {
        let text = fs::read_to_string(self.state.journal_of(&self.run)).unwrap();
        text.lines().map(String::from).collect()
    }

    fn is_empty(&self) -> bool {
        fs::read_dir(self.state.path()).unwrap().next().is_none()
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o777
}

#[test]
fn an_entry_is_on_disk_before_it_is_acknowledged_and_for_its_owner_only() {
    let bench = Bench::new();
    let journal = bench.begin();
    let (_, undo) = bench.file("a");
    let ticket = journal.record(&undo).unwrap();
    let line = bench.lines().pop().unwrap();
    assert_eq!(serde_json::from_str::<Undo>(&line).unwrap(), undo);
    assert_eq!((mode(bench.state.path()), mode(journal.path())), (0o700, 0o600));
    assert_eq!(journal.finish().unwrap_err().owed, 1);
    journal.settle(ticket);
    journal.finish().unwrap();
    assert!(bench.is_empty());
}

#[test]
fn what_a_dead_run_left_is_undone_newest_first() {
    let bench = Bench::new();
    let journal = bench.begin();
    let names = ["first", "second", "third"];
    let files = names.map(|name| bench.file(name));
    let tickets = files.each_ref().map(|(_, undo)| journal.record(undo).unwrap());
    journal.settle(tickets[1]);
    drop(journal);
    let recovered = recover_in(&bench.state).pop().unwrap().unwrap();
    let (first, second, third) = (&files[0], &files[1], &files[2]);
    assert_eq!(recovered.undone, [third.1.describe(), first.1.describe()]);
    assert_eq!(recovered.runner, std::process::id() as i32);
    assert!(!first.0.exists() && second.0.exists() && !third.0.exists());
    assert!(bench.is_empty());
    assert!(recover_in(&bench.state).is_empty());
}

#[test]
fn a_torn_last_line_is_left_out() {
    let bench = Bench::new();
    let journal = bench.begin();
    let (path, undo) = bench.file("a");
    journal.record(&undo).unwrap();
    let whole = bench.lines().pop().unwrap();
    drop(journal);
    bench.append(&whole[..whole.len() - 3]);
    let recovered = recover_in(&bench.state).pop().unwrap().unwrap();
    assert_eq!((recovered.undone.len(), recovered.unreadable), (1, 0));
    assert!(!path.exists() && bench.is_empty());
}

#[test]
fn an_entry_of_a_newer_soak_is_kept_for_it_and_the_others_are_undone() {
    let bench = Bench::new();
    let journal = bench.begin();
    let (path, undo) = bench.file("a");
    journal.record(&undo).unwrap();
    drop(journal);
    bench.append("{\"ticket\":9,\"undo\":\"moon\",\"phase\":\"full\"}\n{\"tick");
    for undone in [1, 0] {
        let recovered = recover_in(&bench.state).pop().unwrap().unwrap();
        assert_eq!((recovered.undone.len(), recovered.unreadable), (undone, 1));
        assert!(recovered.kept.is_some());
        assert!(recovered.to_string().contains("1 lines could not be read"), "{recovered}");
    }
    assert!(!path.exists());
}

#[test]
fn a_file_that_is_no_journal_is_told_and_kept() {
    let bench = Bench::new();
    for text in ["", "not a journal\n", "{\"version\":99,\"run\":\"12345678\"}\n"] {
        let path = bench.state.path().join("x.journal");
        fs::write(&path, text).unwrap();
        let error = recover_in(&bench.state).pop().unwrap().unwrap_err();
        assert!(matches!(error, RecoverError::Unknown { .. }));
        assert!(path.exists());
    }
}

#[test]
fn an_undo_that_fails_is_tried_again() {
    let bench = Bench::new();
    let journal = bench.begin();
    let (path, undo) = bench.file("a");
    journal.record(&undo).unwrap();
    drop(journal);
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let recovered = recover_in(&bench.state).pop().unwrap().unwrap();
    assert_eq!((recovered.failed.len(), recovered.kept.is_some()), (1, true));
    fs::remove_dir(&path).unwrap();
    let recovered = recover_in(&bench.state).pop().unwrap().unwrap();
    assert_eq!((recovered.failed.len(), recovered.already_gone.len()), (0, 1));
    assert!(bench.is_empty());
}

#[test]
fn a_living_run_is_left_alone() {
    let bench = Bench::new();
    let journal = bench.begin();
    let (path, undo) = bench.file("a");
    let ticket = journal.record(&undo).unwrap();
    assert!(recover_in(&bench.state).is_empty());
    assert!(path.exists());
    assert!(matches!(Journal::begin(&bench.state, &bench.run), Err(JournalError::Taken { .. })));
    journal.settle(ticket);
    journal.finish().unwrap();
}

#[test]
fn a_long_run_keeps_a_short_journal_and_its_lock() {
    let bench = Bench::new();
    let journal = bench.begin();
    let (kept, undo) = bench.file("kept");
    journal.record(&undo).unwrap();
    let (_, other) = bench.file("other");
    for _ in 0..3 * REWRITE_AT / 150 {
        let ticket = journal.record(&other).unwrap();
        journal.settle(ticket);
    }
    assert!(fs::metadata(journal.path()).unwrap().len() < REWRITE_AT + 4096);
    assert!(recover_in(&bench.state).is_empty(), "the rewritten journal is not locked");
    drop(journal);
    let recovered = recover_in(&bench.state).pop().unwrap().unwrap();
    assert_eq!(recovered.undone, [undo.describe()]);
    assert!(!kept.exists());
}

#[test]
fn what_stands_at_once_is_limited() {
    let bench = Bench::new();
    let journal = bench.begin();
    let (_, undo) = bench.file("a");
    for _ in 0..OWED_LIMIT {
        journal.record(&undo).unwrap();
    }
    assert!(matches!(journal.record(&undo), Err(JournalError::Full { .. })));
}

#[test]
fn a_duty_that_is_dropped_is_carried_out() {
    let bench = Bench::new();
    let journal = Arc::new(bench.begin());
    let recorder = Arc::clone(&journal) as Arc<dyn Recorder>;
    let [dropped, undone, settled, left] = ["dropped", "undone", "settled", "left"].map(|name| {
        let (path, undo) = bench.file(name);
        (path, Applied::record(&recorder, undo).unwrap())
    });
    drop(dropped.1);
    undone.1.undo().unwrap();
    settled.1.settle();
    left.1.leave_to_journal();
    let there = [&dropped.0, &undone.0, &settled.0, &left.0].map(|path| path.exists());
    assert_eq!(there, [false, false, true, true]);
    assert_eq!(journal.owed(), 1);
}

#[test]
fn a_folder_others_can_write_to_is_closed_and_one_that_cannot_be_made_is_refused() {
    let bench = Bench::new();
    let open = bench.folder.path().join("open");
    fs::create_dir(&open).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
    StateFolder::at(&open).unwrap();
    assert_eq!(mode(&open), 0o700);
    assert!(StateFolder::at(Path::new("/dev/null/soak")).is_err());
    assert!(StateFolder::at(Path::new("/proc/soak")).is_err());
}

#[test]
fn an_old_draft_is_cleared_away_and_a_fresh_one_is_not() {
    let bench = Bench::new();
    let [old, fresh] = ["old.draft", "fresh.draft"].map(|name| bench.state.path().join(name));
    for path in [&old, &fresh] {
        fs::write(path, "").unwrap();
    }
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(7200);
    fs::File::options().write(true).open(&old).unwrap().set_modified(long_ago).unwrap();
    assert!(recover_in(&bench.state).is_empty());
    assert_eq!((old.exists(), fresh.exists()), (false, true));
}
