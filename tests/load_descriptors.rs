//! What happens when this process may open no more files; on its own because that holds for the whole process.

#![cfg(target_os = "linux")]

mod load_support;

use load_support::server::{Server, answer};
use load_support::{Builder, Run, order};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use soak::load::order::Plan;
use std::fs::File;
use std::time::Duration;

#[test]
fn no_descriptors_left_is_an_error_by_name_and_passes() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let server = Server::start(|_| answer(200, "ok"));
        let mut builder = Builder::default();
        let target = builder.http(&server.base(), Duration::from_secs(30));
        let step = builder.get(target, "/");
        let action = builder.action("ask", &[], vec![step]);
        let mut run = Run::start(builder, 1);
        let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        setrlimit(Resource::RLIMIT_NOFILE, 256, hard).unwrap();
        let ballast: Vec<File> = std::iter::from_fn(|| File::open("/dev/null").ok()).take(1000).collect();
        run.load(order(&run, action, Plan::Users { from: 3, to: 3 }, Some(9), None)).await;
        assert_eq!(run.causes("ask").await, [("out of descriptors or ports on this machine".to_string(), 9)]);
        drop(ballast);
        run.load(order(&run, action, Plan::Users { from: 3, to: 3 }, Some(9), None)).await;
        assert_eq!(run.seen.of(action).succeeded, 9);
    });
}
