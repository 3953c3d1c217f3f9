//! Followers against a real directory.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use super::files::Files;
use super::lateness::Lateness;
use super::outbox::Outbox;
use super::*;
use crate::lang::moment::{Moment, Timeline};

/// Long enough for any machine; a test that fails waits so long, one that passes does not.
const PATIENCE: Duration = Duration::from_secs(10);

/// Time in which something that must not happen would have happened.
const QUIET: Duration = Duration::from_millis(150);

fn hub() -> HubHandle {
    let (hub, handle) = Hub::new(Timeline::begin()).unwrap();
    tokio::spawn(hub.run());
    handle
}

fn pattern(folder: &Path, glob: &str) -> Pattern {
    Pattern::new(folder, glob).unwrap()
}

fn append(path: &Path, text: &str) {
    OpenOptions::new().append(true).create(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

/// The next `count` lines, and none after them.
async fn lines(follower: &mut LineFollower, count: usize) -> Vec<String> {
    let mut seen = Vec::new();
    while seen.len() < count {
        match tokio::time::timeout(PATIENCE, follower.next()).await {
            Ok(batch) => seen.extend(batch.unwrap().lines),
            Err(_) => panic!("only {} of {count} lines: {seen:?}", seen.len()),
        }
    }
    if let Ok(more) = tokio::time::timeout(QUIET, follower.next()).await {
        panic!("more than {count} lines: {seen:?} and then {more:?}");
    }
    seen
}

/// The next `count` events as the name and what happened, in order of names, and none after them.
async fn events(follower: &mut FileFollower, count: usize) -> Vec<(String, FileHappening)> {
    let mut seen = Vec::new();
    while seen.len() < count {
        match tokio::time::timeout(PATIENCE, follower.next()).await {
            Ok(event) => seen.push(event.unwrap()),
            Err(_) => panic!("only {} of {count} events: {seen:?}", seen.len()),
        }
    }
    if let Ok(more) = tokio::time::timeout(QUIET, follower.next()).await {
        panic!("more than {count} events, then {more:?}");
    }
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    let mut named: Vec<_> = seen.iter().map(|event| (name(&event.path), event.happening)).collect();
    named.sort_by(|a, b| a.0.cmp(&b.0));
    named
}

#[tokio::test]
async fn what_was_there_does_not_count_and_half_a_line_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    append(&log, "old\nbeg");
    let mut follower = hub().lines(pattern(folder.path(), "log")).await.unwrap();
    append(&log, "un\nnew\nhal");
    assert_eq!(lines(&mut follower, 2).await, ["begun", "new"]);
    append(&log, "f\r\n");
    assert_eq!(lines(&mut follower, 1).await, ["half"]);
}

#[tokio::test]
async fn rotation_by_rename_loses_and_repeats_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let mut file = File::create(&log).unwrap();
    let mut wide = hub().lines(pattern(folder.path(), "log*")).await.unwrap();
    let mut narrow = wide.hub().lines(pattern(folder.path(), "log")).await.unwrap();
    writeln!(file, "1").unwrap();
    fs::rename(&log, folder.path().join("log.1")).unwrap();
    writeln!(file, "2").unwrap();
    append(&log, "3\n");
    tokio::time::sleep(QUIET).await;
    writeln!(file, "4").unwrap();
    for follower in [&mut wide, &mut narrow] {
        let mut seen = lines(follower, 4).await;
        seen.sort();
        assert_eq!(seen, ["1", "2", "3", "4"]);
    }
}

#[tokio::test]
async fn truncation_and_replacement_begin_anew() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    append(&log, "a long line that was there\n");
    let hub = hub();
    let mut follower = hub.lines(pattern(folder.path(), "log")).await.unwrap();
    append(&log, "1\n");
    assert_eq!(lines(&mut follower, 1).await, ["1"]);
    File::create(&log).unwrap();
    append(&log, "2\n");
    assert_eq!(lines(&mut follower, 1).await, ["2"]);
    append(&folder.path().join("new"), "3\n4\n");
    fs::rename(folder.path().join("new"), &log).unwrap();
    assert_eq!(lines(&mut follower, 2).await, ["3", "4"]);
    fs::remove_file(&log).unwrap();
    append(&log, "5\n");
    assert_eq!(lines(&mut follower, 1).await, ["5"]);
    assert_eq!(hub.health().await.unwrap().truncations, 1);
}

#[tokio::test]
async fn directories_made_on_the_fly_are_followed() {
    let folder = tempfile::tempdir().unwrap();
    let hub = hub();
    let mut follower = hub.lines(pattern(folder.path(), "not/yet/**/*.log")).await.unwrap();
    let mut files = hub.files(pattern(folder.path(), "not/yet/**/*.log")).await.unwrap();
    for round in 0..20 {
        let deep = folder.path().join(format!("not/yet/a{round}/b/c"));
        fs::create_dir_all(&deep).unwrap();
        append(&deep.join("x.log"), &format!("{round}\n"));
        append(&deep.join("x.txt"), "other\n");
    }
    assert_eq!(lines(&mut follower, 20).await.len(), 20);
    let seen = events(&mut files, 20).await;
    assert!(seen.iter().all(|(name, _)| name == "x.log"));
    fs::remove_dir_all(folder.path().join("not")).unwrap();
    assert!(events(&mut files, 20).await.iter().all(|(_, happening)| *happening == FileHappening::Gone));
    fs::create_dir_all(folder.path().join("not/yet/again")).unwrap();
    append(&folder.path().join("not/yet/again/y.log"), "back\n");
    assert_eq!(lines(&mut follower, 1).await, ["back"]);
    assert_eq!(events(&mut files, 1).await[0].0, "y.log");
}

#[tokio::test]
async fn a_file_counts_each_time_it_is_finished_and_only_then() {
    let folder = tempfile::tempdir().unwrap();
    append(&folder.path().join("before.log"), "x");
    let mut follower = hub().files(pattern(folder.path(), "*.log")).await.unwrap();
    let at = |name: &str| folder.path().join(name);
    let mut open = File::create(at("open.log")).unwrap();
    open.write_all(b"not finished").unwrap();
    append(&at("closed.log"), "x");
    append(&at("part.tmp"), "x");
    fs::rename(at("part.tmp"), at("moved.log")).unwrap();
    append(&at("linked.tmp"), "x");
    fs::hard_link(at("linked.tmp"), at("linked.log")).unwrap();
    use FileHappening::{Closed, Gone, Moved};
    let name = |name: &str, happening| (name.to_owned(), happening);
    let wanted = [name("closed.log", Closed), name("linked.log", Moved), name("moved.log", Moved)];
    assert_eq!(events(&mut follower, 3).await, wanted);
    drop(open);
    assert_eq!(events(&mut follower, 1).await, [name("open.log", Closed)]);
    append(&at("closed.log"), "again");
    fs::remove_file(at("before.log")).unwrap();
    assert_eq!(events(&mut follower, 2).await, [name("before.log", Gone), name("closed.log", Closed)]);
}

#[tokio::test]
async fn a_file_that_is_closed_behind_its_rename_is_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut follower = hub().files(pattern(folder.path(), "*.out")).await.unwrap();
    let (hidden, path) = (folder.path().join(".a"), folder.path().join("a.out"));
    let mut file = File::create(&hidden).unwrap();
    file.write_all(b"all of it").unwrap();
    fs::rename(&hidden, &path).unwrap();
    assert_eq!(events(&mut follower, 1).await, [("a.out".to_owned(), FileHappening::Moved)]);
    drop(file);
    append(&path, "more");
    assert_eq!(events(&mut follower, 1).await, [("a.out".to_owned(), FileHappening::Closed)]);
}

#[tokio::test]
async fn a_file_is_told_once_however_its_directory_came_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let mut follower = hub().files(pattern(folder.path(), "**/*.log")).await.unwrap();
    let outside = tempfile::tempdir_in(folder.path().parent().unwrap()).unwrap();
    fs::create_dir(outside.path().join("ready")).unwrap();
    append(&outside.path().join("ready/1.log"), "x");
    fs::rename(outside.path().join("ready"), folder.path().join("ready")).unwrap();
    fs::create_dir(folder.path().join("slow")).unwrap();
    let mut slow = File::create(folder.path().join("slow/2.log")).unwrap();
    assert_eq!(events(&mut follower, 1).await[0].0, "1.log");
    slow.write_all(b"x").unwrap();
    drop(slow);
    assert_eq!(events(&mut follower, 1).await[0].0, "2.log");
}

#[tokio::test]
async fn atomic_renames_by_the_hundred_are_all_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().to_path_buf();
    let mut follower = hub().files(pattern(folder.path(), "**/*.json")).await.unwrap();
    let writer = std::thread::spawn(move || {
        for item in 0..3000 {
            let place = root.join(format!("{}/{}", item % 7, item % 31));
            fs::create_dir_all(&place).unwrap();
            let part = place.join(format!("{item}.part"));
            fs::write(&part, "{}").unwrap();
            fs::rename(part, place.join(format!("{item}.json"))).unwrap();
        }
    });
    let mut seen: Vec<_> = events(&mut follower, 3000).await.into_iter().map(|(name, _)| name).collect();
    writer.join().unwrap();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 3000);
}

#[tokio::test]
async fn ten_thousand_lines_a_second_are_all_counted_in_order_and_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let hub = hub();
    let mut follower = hub.lines(pattern(folder.path(), "log")).await.unwrap();
    let log = folder.path().join("log");
    let writer = std::thread::spawn(move || {
        let begun = std::time::Instant::now();
        let mut file = File::create(&log).unwrap();
        for line in 0..20_000u32 {
            writeln!(file, "{line}").unwrap();
            if line % 50 == 49 {
                let due = Duration::from_micros(u64::from(line + 1) * 100);
                std::thread::sleep(due.saturating_sub(begun.elapsed()));
            }
        }
    });
    let seen = lines(&mut follower, 20_000).await;
    writer.join().unwrap();
    assert!(seen.iter().enumerate().all(|(index, line)| *line == index.to_string()));
    let health = hub.health().await.unwrap();
    println!("{health:?}");
    assert_eq!(health.overflows, 0);
    assert!(health.lateness.count > 0);
}

#[tokio::test]
async fn a_log_rotated_while_it_is_written_loses_and_repeats_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let hub = hub();
    let mut narrow = hub.lines(pattern(folder.path(), "log")).await.unwrap();
    let mut wide = hub.lines(pattern(folder.path(), "log*")).await.unwrap();
    let root = folder.path().to_path_buf();
    let writer = std::thread::spawn(move || {
        let name = |generation: u32| match generation {
            0 => root.join("log"),
            generation => root.join(format!("log.{generation}")),
        };
        for rotation in 0..40 {
            let mut file = File::create(name(0)).unwrap();
            for line in 0..250 {
                writeln!(file, "{}", rotation * 250 + line).unwrap();
                if line % 100 == 0 {
                    std::thread::sleep(Duration::from_millis(3));
                }
                if line == 240 {
                    // All are kept: on a busy machine the follower may be many rotations behind.
                    for generation in (0..=rotation).rev() {
                        let _ = fs::rename(name(generation), name(generation + 1));
                    }
                }
            }
        }
    });
    for follower in [&mut narrow, &mut wide] {
        let mut seen: Vec<u32> =
            lines(follower, 10_000).await.iter().map(|line| line.parse().unwrap()).collect();
        seen.sort_unstable();
        assert!(seen.into_iter().eq(0..10_000));
    }
    writer.join().unwrap();
}

#[tokio::test]
async fn a_log_rotated_away_before_it_was_ever_read_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let mut follower = hub().lines(pattern(folder.path(), "log")).await.unwrap();
    // This thread is the hub's: it hears of nothing until all this is done.
    append(&at("log"), "1\n");
    fs::rename(at("log"), at("log.1")).unwrap();
    append(&at("log"), "2\n");
    append(&at("other"), "not ours\n");
    fs::rename(at("other"), at("other.1")).unwrap();
    let mut seen = lines(&mut follower, 2).await;
    seen.sort();
    assert_eq!(seen, ["1", "2"]);
}

#[test]
fn what_a_listing_and_a_notification_both_tell_of_is_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("item");
    fs::write(&path, "x").unwrap();
    let (sender, mut told) = tokio::sync::mpsc::channel(8);
    let mut files = Files::new(pattern(folder.path(), "*"), Outbox::new(sender));
    let mut lateness = Lateness::default();
    files.found(&path, Moment(1));
    files.found(&path, Moment(2));
    files.finished(&path, Moment(3), FileHappening::Closed, &mut lateness);
    files.all_heard();
    files.finished(&path, Moment(4), FileHappening::Closed, &mut lateness);
    let mut moments = Vec::new();
    while let Ok(event) = told.try_recv() {
        moments.push(event.at);
    }
    assert_eq!(moments, [Moment(1), Moment(4)]);
}

#[tokio::test]
async fn a_link_is_followed_to_where_it_leads_and_when_it_is_turned() {
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let target = |name: &str| elsewhere.path().join(name);
    append(&target("monday"), "old\n");
    std::os::unix::fs::symlink(target("monday"), folder.path().join("current")).unwrap();
    let hub = hub();
    let mut follower = hub.lines(pattern(folder.path(), "current")).await.unwrap();
    append(&target("monday"), "1\n");
    assert_eq!(lines(&mut follower, 1).await, ["1"]);
    append(&target("tuesday"), "2\n");
    std::os::unix::fs::symlink(target("tuesday"), folder.path().join("next")).unwrap();
    fs::rename(folder.path().join("next"), folder.path().join("current")).unwrap();
    assert_eq!(lines(&mut follower, 1).await, ["2"]);
    append(&target("tuesday"), "3\n");
    assert_eq!(lines(&mut follower, 1).await, ["3"]);
}

#[tokio::test]
async fn a_busy_receiver_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let hub = hub();
    let mut follower = hub.lines(pattern(folder.path(), "log")).await.unwrap();
    let line = "x".repeat(1000);
    for _ in 0..400 {
        append(&folder.path().join("log"), &format!("{line}\n").repeat(100));
    }
    tokio::time::sleep(QUIET).await;
    assert_eq!(lines(&mut follower, 40_000).await.len(), 40_000);
}

#[tokio::test]
async fn a_line_without_end_is_cut() {
    let folder = tempfile::tempdir().unwrap();
    let hub = hub();
    let mut follower = hub.lines(pattern(folder.path(), "log")).await.unwrap();
    append(&folder.path().join("log"), &format!("{}\nshort\n", "x".repeat(MOST_LINE_BYTES * 3)));
    let seen = lines(&mut follower, 2).await;
    assert_eq!((seen[0].len(), seen[1].as_str()), (MOST_LINE_BYTES, "short"));
    assert_eq!(hub.health().await.unwrap().cut, 1);
}

#[tokio::test]
async fn an_overflow_is_made_good_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let hub = hub();
    let mut log = hub.lines(pattern(folder.path(), "*.log")).await.unwrap();
    let mut files = hub.files(pattern(folder.path(), "*.json")).await.unwrap();
    let most: usize =
        fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap().trim().parse().unwrap();
    // This thread is the hub's: it hears of nothing until all is written.
    for item in 0..most / 2 + 1000 {
        fs::write(folder.path().join(format!("noise {}", item % 2)), "x").unwrap();
    }
    append(&folder.path().join("a.log"), "1\n");
    fs::write(folder.path().join("a.json"), "{}").unwrap();
    assert_eq!(lines(&mut log, 1).await, ["1"]);
    assert_eq!(events(&mut files, 1).await[0].0, "a.json");
    assert_eq!(hub.health().await.unwrap().overflows, 1);
}

#[tokio::test]
async fn watches_go_with_the_last_follower_that_needs_them() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("a/b")).unwrap();
    let hub = hub();
    let kept = hub.lines(pattern(folder.path(), "log")).await.unwrap();
    let before = hub.health().await.unwrap().folders;
    let dropped = hub.files(pattern(folder.path(), "a/**/*")).await.unwrap();
    assert!(hub.health().await.unwrap().folders > before);
    drop(dropped);
    assert_eq!(hub.health().await.unwrap().folders, before);
    drop(kept);
}

#[tokio::test]
async fn more_files_than_can_be_open_are_all_followed() {
    let folder = tempfile::tempdir().unwrap();
    let log = |number: usize| folder.path().join(format!("{number}.log"));
    (0..2_000).for_each(|number| append(&log(number), "old\nbeg"));
    let hub = hub();
    let mut follower = hub.lines(pattern(folder.path(), "*.log")).await.unwrap();
    for round in 0..3 {
        (0..2_000).for_each(|number| append(&log(number), &format!("un {round} {number}\nbeg")));
        let mut seen = lines(&mut follower, 2_000).await;
        seen.sort();
        let mut wanted: Vec<_> = (0..2_000).map(|number| format!("begun {round} {number}")).collect();
        wanted.sort();
        assert_eq!(seen, wanted, "round {round}");
    }
    assert_eq!(hub.health().await.unwrap().unread, 0);
}
