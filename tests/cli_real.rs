//! Whole runs by the program itself, with real processes, each with its exit code and what it says. A new case is a
//! few lines here.

#![cfg(target_os = "linux")]

mod cli_soak;

use cli_soak::Soak;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::thread;
use std::time::Duration;

struct Case {
    what: &'static str,
    scenario: &'static str,
    arguments: &'static [&'static str],
    code: i32,
    /// What the scorecard or the talk must hold.
    says: &'static [&'static str],
}

const CASES: &[Case] = &[
    Case {
        what: "a load ends exactly with its block, and what is in its grace counts there",
        scenario: r#"
            disk box { path "{scratch}" }
            action write { box write "{seq}.txt" size 1KB }
            action slow { think 300ms; box write "{seq}.slow" size 1KB }
            phase "One" 1s { load write at 20/s; load slow at 10/s; expect "first": write.count == 20 at end }
            phase "Two" 1s { load slow at 10/s; expect "own": slow.count == 10 at end }
            expect "all": slow.count + write.count == 40 within 1s"#,
        arguments: &[],
        code: 0,
        says: &["3 expectations, all met"],
    },
    Case {
        what: "expectations of phases that are left out are not missing",
        scenario: r#"
            metric one = output("echo 1")
            phase "A" { expect "a": one == 1 }
            phase "B" { expect "b": one == 2 }"#,
        arguments: &["--only", "A"],
        code: 0,
        says: &["1 expectation, all met"],
    },
    Case {
        what: "a phase that calls a sequence is left out like any other",
        scenario: r#"
            metric one = output("echo 1")
            sequence look(times = 1) { repeat times < expect "looked": one == 1 > }
            phase "A" { do look() }
            phase "B" { do look(); expect "b": one == 2 }"#,
        arguments: &["--only", "A"],
        code: 0,
        says: &["1 expectation, all met"],
    },
    Case {
        what: "a stop that its block cuts short holds nothing down afterwards",
        scenario: r#"
            process deaf { run "sh -c \"trap '' TERM; while :; do sleep 0.1; done\""; stop grace 500ms }
            repeat for 100ms { deaf stop 50ms }
            wait 1s
            expect "back": deaf.up within 5s
            expect "stays": deaf.up for 700ms"#,
        arguments: &[],
        code: 0,
        says: &["2 expectations, all met"],
    },
];

#[test]
fn every_run_ends_as_it_should() {
    for case in CASES {
        let scenario = format!("scenario \"{}\"\n{}\n", case.what, case.scenario);
        let soak = Soak::new().file("a.soak", scenario);
        let mut arguments = vec!["run", "a.soak", "--out", "out"];
        arguments.extend(case.arguments);
        let ended = soak.run(&arguments);
        let all = format!("{}:\n{}\n{}", case.what, ended.out, ended.err);
        assert_eq!(ended.code, case.code, "{all}");
        for wanted in case.says {
            assert!(all.contains(wanted), "no `{wanted}` in {all}");
        }
    }
}

#[test]
fn a_run_takes_all_descriptors_and_its_children_get_what_soak_was_given() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            thread::spawn(move || {
                let _ = stream.read(&mut [0; 1024]);
                // All of them are open at once.
                thread::sleep(Duration::from_secs(1));
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
                let _ = stream.read(&mut [0; 1024]);
            });
        }
    });
    let scenario = format!(
        "scenario \"descriptors\"\nhttp api {{ base \"http://{address}\"; own }}\n\
         action ask {{ api get \"/\" {{ capture answered = status }} }}\n\
         process child {{ run \"sh -c 'ulimit -Sn; sleep 60'\"; ready line(\"^70$\") }}\n\
         run \"sh -c 'test $(ulimit -Sn) = 70'\"\n\
         load ask with 200 users at once\n\
         expect \"Answers\": count(ask.answered) == 200\n\
         expect \"Given\": output(\"sh -c 'ulimit -Sn'\") == 70\n"
    );
    let soak = Soak::new().file("a.soak", scenario);
    let mut command = soak.command(&["run", "a.soak", "--out", "out"]);
    // SAFETY: one call of the system, and nothing is allocated between fork and exec.
    unsafe {
        command.pre_exec(|| {
            let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
            Ok(setrlimit(Resource::RLIMIT_NOFILE, 70, hard)?)
        });
    }
    let output = command.output().unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
}
