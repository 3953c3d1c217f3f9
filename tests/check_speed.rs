//! Checking stays linear: a file ten times as long takes about ten times as long. No time is asserted; what is held is
//! that a long file is checked whole and gives what a short one gives.

use soak::check::{DiskFiles, Options, check};
use soak::source::Sources;

/// A scenario of about `count` statements of every sort.
fn long(count: usize) -> String {
    let mut text = String::from(
        "process app { run \"app\" }\nlink wifi { listen \"127.0.0.1:1\"; to \"127.0.0.1:2\" }\n",
    );
    text.push_str("http api { base \"http://127.0.0.1:1\" }\naction get { api get \"/{seq}\" { check status == 200; capture id = body.id } }\n");
    text.push_str("load get at 5/s\n");
    for index in 0..count / 10 {
        text.push_str(&format!(
            "metric m{index} = lines(\"{index}.log\", 'E{index}')\nphase \"P{index}\" 1m {{\n  load get at 5/s for 10s\n  wifi off 2s\n  \
             wifi degrade latency 5ms for 3s\n  repeat 3 < app kill 1s >\n  expect \"e{index}\": m{index} < 5 within 10s\n  \
             want \"e{index}\": p95(get.latency) < 100ms at end\n  expect app.up over 5s\n  wait 1s\n}}\n"
        ));
    }
    text
}

#[test]
fn a_long_file_is_checked_whole() {
    let mut sources = Sources::new();
    sources.add("long.soak", long(10_000)).unwrap();
    let started = std::time::Instant::now();
    soak::syntax::parse(&sources.files()[0]);
    println!("10,000 statements are parsed in {:?}", started.elapsed());
    let started = std::time::Instant::now();
    let checked = check(&mut sources, &Options { params: &[], files: &DiskFiles });
    println!("10,000 statements are parsed and checked in {:?}", started.elapsed());
    assert_eq!(checked.diagnostics, []);
    let scenario = checked.scenario.unwrap();
    assert_eq!(scenario.expectations.len(), 3_000);
    assert_eq!(scenario.series.len(), 1_000 + 2);
}

#[test]
fn a_long_file_of_mistakes_tells_each_once() {
    let mut text = String::from("process app { run \"app\" }\n");
    (0..2_000).for_each(|index| text.push_str(&format!("app kil\nexpect ap{index}.up\n")));
    let mut sources = Sources::new();
    sources.add("long.soak", text).unwrap();
    let checked = check(&mut sources, &Options { params: &[], files: &DiskFiles });
    assert_eq!(checked.diagnostics.len(), 4_000);
    assert!(checked.scenario.is_none());
}
