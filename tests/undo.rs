//! Undos on real processes and folders: what is soak's own goes, a stranger is never touched.
#![cfg(target_os = "linux")]

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use soak::kinds::undo::{
    Identity, MARK_RUN, MarkedProcesses, Marker, OWNER_MARK, Outcome, OwnedFile, OwnedFolder, PausedTree,
    ProcessEntry, RunId, StartedTree, Tree, Undo, UndoError,
};

/// A process in its own session that dies with the test.
struct Victim(Child);

impl Victim {
    fn start(command: &str, run: Option<&RunId>) -> Victim {
        let mut start = Command::new("sh");
        start.args(["-c", command]);
        if let Some(run) = run {
            start.env(MARK_RUN, run.as_str());
        }
        // SAFETY: setsid is async-signal-safe.
        unsafe { start.pre_exec(|| nix::unistd::setsid().map(drop).map_err(Into::into)) };
        Victim(start.spawn().unwrap())
    }

    fn pid(&self) -> i32 {
        self.0.id() as i32
    }

    fn tree(&self) -> Tree {
        Tree { root: Identity::of(self.pid()).unwrap(), leads_session: true, marker: None }
    }

    fn letter(&self) -> char {
        ProcessEntry::read(self.pid()).map_or(' ', |entry| char::from(entry.state))
    }

    fn lives(&self) -> bool {
        !matches!(self.letter(), 'Z' | ' ')
    }

    fn await_letter(&self, wanted: char) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while self.letter() != wanted {
            assert!(Instant::now() < deadline, "stays {}", self.letter());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn started(tree: Tree) -> Undo {
    Undo::Started(StartedTree { name: "subject".into(), tree })
}

fn paused(tree: Tree) -> Undo {
    Undo::Paused(PausedTree { name: "subject".into(), tree })
}

/// As it comes back from a journal.
fn through_json(undo: &Undo) -> Undo {
    serde_json::from_str(&serde_json::to_string(undo).unwrap()).unwrap()
}

#[test]
fn a_started_tree_is_killed_once() {
    let victim = Victim::start("sleep 100 & sleep 100", None);
    let undo = through_json(&started(victim.tree()));
    assert_eq!(undo.carry_out().unwrap(), Outcome::Undone);
    assert!(!victim.lives());
    assert_eq!(undo.carry_out().unwrap(), Outcome::AlreadyGone);
}

#[test]
fn a_paused_tree_goes_on() {
    let victim = Victim::start("exec sleep 100", None);
    victim.tree().signal(Signal::SIGSTOP).unwrap();
    victim.await_letter('T');
    assert_eq!(through_json(&paused(victim.tree())).carry_out().unwrap(), Outcome::Undone);
    victim.await_letter('S');
}

#[test]
fn a_stranger_is_never_touched() {
    let victim = Victim::start("exec sleep 100", None);
    victim.await_letter('S');
    let right = Identity::of(victim.pid()).unwrap();
    let run = RunId::fresh().unwrap();
    let others = [
        ("a number given out again", Identity { started: right.started + 1, ..right.clone() }),
        ("another boot", Identity { boot: "another".into(), ..right.clone() }),
        ("another namespace", Identity { namespace: right.namespace + 1, ..right.clone() }),
    ];
    for (case, root) in others {
        for marker in [None, Some(Marker { run: run.clone(), process: None })] {
            let tree = Tree { root: root.clone(), leads_session: true, marker };
            for undo in [started(tree.clone()), paused(tree)] {
                assert_eq!(undo.carry_out().unwrap(), Outcome::AlreadyGone, "{case}");
                assert!(victim.lives(), "{case}");
            }
        }
    }
    let elsewhere = MarkedProcesses { boot: "another".into(), ..MarkedProcesses::of(run) };
    assert_eq!(Undo::Marked(elsewhere).carry_out().unwrap(), Outcome::AlreadyGone);
}

#[test]
fn a_mark_finds_its_run_and_no_other() {
    let (ours, theirs) = (RunId::fresh().unwrap(), RunId::fresh().unwrap());
    let marked = Victim::start("setsid sleep 100 & sleep 100", Some(&ours));
    let stranger = Victim::start("exec sleep 100", Some(&theirs));
    stranger.await_letter('S');
    marked.await_letter('S');
    let undo = through_json(&Undo::Marked(MarkedProcesses::of(ours)));
    assert_eq!(undo.carry_out().unwrap(), Outcome::Undone);
    assert!(!marked.lives() && stranger.lives());
    assert_eq!(undo.carry_out().unwrap(), Outcome::AlreadyGone);
}

#[test]
fn a_session_without_its_leader_is_ours_by_its_mark_only() {
    let run = RunId::fresh().unwrap();
    for (marked, outcome) in [(true, Outcome::Undone), (false, Outcome::AlreadyGone)] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pid");
        let command = format!("sleep 100 & echo $! > {}; exit", file.display());
        let mut leader = Victim::start(&command, marked.then_some(&run));
        let mut tree = leader.tree();
        tree.marker = Some(Marker { run: run.clone(), process: None });
        leader.0.wait().unwrap();
        let left: i32 = fs::read_to_string(&file).unwrap().trim().parse().unwrap();
        let left = Identity::of(left).unwrap();
        assert_eq!(started(tree).carry_out().unwrap(), outcome);
        assert_eq!(left.lives(), !marked);
        left.signal(Signal::SIGKILL);
    }
}

fn own_folder(parent: &Path, run: &RunId) -> OwnedFolder {
    OwnedFolder::plan(&parent.join(format!("scratch-{run}")), run).unwrap()
}

#[test]
fn an_owned_folder_goes_and_what_its_links_lead_to_stays() {
    let (parent, run) = (tempfile::tempdir().unwrap(), RunId::fresh().unwrap());
    let precious = parent.path().join("precious");
    fs::create_dir(&precious).unwrap();
    fs::write(precious.join("file"), "keep").unwrap();
    let folder = own_folder(parent.path(), &run);
    folder.create().unwrap();
    assert!(folder.create().is_err(), "made twice");
    fs::create_dir_all(folder.path().join("deep/er")).unwrap();
    fs::write(folder.path().join("deep/er/file"), "x").unwrap();
    symlink(&precious, folder.path().join("link")).unwrap();
    symlink(&precious, folder.path().join("deep/link")).unwrap();
    let undo = through_json(&Undo::Folder(folder.clone()));
    assert_eq!(undo.carry_out().unwrap(), Outcome::Undone);
    assert!(!folder.path().exists());
    assert_eq!(fs::read_to_string(precious.join("file")).unwrap(), "keep");
    assert_eq!(undo.carry_out().unwrap(), Outcome::AlreadyGone);
}

#[test]
fn a_folder_without_its_mark_is_left_alone() {
    let (parent, run) = (tempfile::tempdir().unwrap(), RunId::fresh().unwrap());
    let folder = own_folder(parent.path(), &run);
    let undo = Undo::Folder(folder.clone());
    let path = folder.path();
    fs::create_dir(path).unwrap();
    for mark in [None, Some(RunId::fresh().unwrap().to_string()), Some(String::new())] {
        fs::write(path.join("file"), "keep").unwrap();
        if let Some(mark) = mark {
            fs::write(path.join(OWNER_MARK), mark).unwrap();
        }
        assert!(matches!(undo.carry_out(), Err(UndoError::NotOwned { .. })));
        assert!(path.join("file").exists());
    }
    // A mark that is a link is none, and a folder that is a link leads nowhere.
    fs::remove_file(path.join(OWNER_MARK)).unwrap();
    fs::write(parent.path().join("mark"), run.as_str()).unwrap();
    symlink(parent.path().join("mark"), path.join(OWNER_MARK)).unwrap();
    assert!(matches!(undo.carry_out(), Err(UndoError::NotOwned { .. })));
    let moved = parent.path().join("moved");
    fs::rename(path, &moved).unwrap();
    fs::remove_file(moved.join(OWNER_MARK)).unwrap();
    fs::write(moved.join(OWNER_MARK), run.as_str()).unwrap();
    symlink(&moved, path).unwrap();
    assert!(matches!(undo.carry_out(), Err(UndoError::NotOwned { .. })));
    assert!(moved.join("file").exists());
}

#[test]
fn a_folder_whose_making_was_cut_short_is_removed_while_it_is_empty() {
    let (parent, run) = (tempfile::tempdir().unwrap(), RunId::fresh().unwrap());
    let folder = own_folder(parent.path(), &run);
    fs::create_dir(folder.path()).unwrap();
    assert_eq!(Undo::Folder(folder.clone()).carry_out().unwrap(), Outcome::Undone);
    assert!(!folder.path().exists());
}

#[test]
fn a_name_must_tell_the_run_and_a_path_start_at_the_root() {
    let run = RunId::fresh().unwrap();
    let relative = format!("scratch-{run}");
    assert!(matches!(OwnedFolder::plan(Path::new("/tmp/x"), &run), Err(UndoError::NotOwned { .. })));
    assert!(matches!(OwnedFile::plan(Path::new("/tmp/x"), &run), Err(UndoError::NotOwned { .. })));
    assert!(matches!(OwnedFile::plan(Path::new(&relative), &run), Err(UndoError::RelativePath { .. })));
    // A journal is checked again when it is carried out.
    let forged = format!(r#"{{"undo":"file","path":"/etc/passwd","run":"{run}"}}"#);
    let forged: Undo = serde_json::from_str(&forged).unwrap();
    assert!(matches!(forged.carry_out(), Err(UndoError::NotOwned { .. })));
    assert!(serde_json::from_str::<RunId>("\"../../../etc\"").is_err());
}

#[test]
fn an_owned_file_goes_and_a_link_in_its_place_stays() {
    let (parent, run) = (tempfile::tempdir().unwrap(), RunId::fresh().unwrap());
    let file = OwnedFile::plan(&parent.path().join(format!("ballast-{run}")), &run).unwrap();
    let undo = through_json(&Undo::File(file.clone()));
    assert_eq!(undo.carry_out().unwrap(), Outcome::AlreadyGone);
    fs::write(file.path(), "x").unwrap();
    assert_eq!(undo.carry_out().unwrap(), Outcome::Undone);
    symlink("/etc/passwd", file.path()).unwrap();
    assert!(matches!(undo.carry_out(), Err(UndoError::NotOwned { .. })));
    assert!(file.path().is_symlink());
}
