//! Scenarios run by the real program on real processes, links, folders and HTTP, and what comes of each.
//!
//! A file in this folder holds cases between lines `#--- name`; what stands before the first is put before each. Lines
//! `#!` say what is expected, and how the case is run (see `case.rs`). Nothing may be left of any case: no process, no
//! listening port, no folder, no journal. `SOAK_REAL=word` runs the cases with that word in their name.
#![cfg(target_os = "linux")]

mod bench;
mod case;
#[path = "../ports/mod.rs"]
mod ports;
mod server;

use std::path::Path;
use std::sync::Mutex;
use std::time::Instant;

/// Most of a case's time is waiting.
const AT_ONCE: usize = 4;

/// Not a test of its own: the HTTP service of the cases, where one of them starts this program again.
#[test]
fn role() {
    if let Ok(address) = std::env::var("SOAK_TEST_SERVE") {
        server::serve(&address);
    }
}

#[test]
fn every_scenario_comes_out_as_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "soak"));
    files.sort();
    let only = std::env::var("SOAK_REAL").unwrap_or_default();
    let mut cases: Vec<_> = files.iter().flat_map(|path| case::cases(path)).collect();
    assert!(cases.len() >= 60, "only {} cases were found", cases.len());
    cases.retain(|case| case.name.contains(&only));
    let waiting = Mutex::new(cases.iter());
    let wrong = Mutex::new(Vec::new());
    let work = || {
        loop {
            let Some(case) = waiting.lock().unwrap().next() else { return };
            let began = Instant::now();
            let faults = bench::run(case);
            eprintln!("{:>5.1} s  {}", began.elapsed().as_secs_f64(), case.name);
            if !faults.is_empty() {
                wrong.lock().unwrap().push(format!("{}\n  {}", case.name, faults.join("\n  ")));
            }
        }
    };
    std::thread::scope(|scope| (0..AT_ONCE).for_each(|_| drop(scope.spawn(work))));
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {} cases:\n\n{}", wrong.len(), cases.len(), wrong.join("\n\n"));
}
