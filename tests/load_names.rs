//! A name that moves to another address, stops having one, and has one again: in a mount namespace with a hosts file of
//! its own.

#![cfg(target_os = "linux")]

mod load_support;

use load_support::server::{Server, answer};
use load_support::{Run, open, order, read};
use std::process::Command;
use std::time::Duration;

const INSIDE: &str = "SOAK_TEST_INSIDE_NAMESPACE";
const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_name_is_followed_and_one_without_an_address_is_an_error_by_name() {
    if std::env::var_os(INSIDE).is_some() {
        return inside();
    }
    let name = "a_name_is_followed_and_one_without_an_address_is_an_error_by_name";
    let folder = tempfile::tempdir().unwrap();
    let hosts = folder.path().join("hosts");
    std::fs::write(&hosts, "").unwrap();
    // Only the hosts file is asked, so that no network is.
    let names = folder.path().join("nsswitch.conf");
    std::fs::write(&names, "hosts: files\n").unwrap();
    let script = format!(
        "mount --bind '{}' /etc/hosts && mount --bind '{}' /etc/nsswitch.conf && exec \"$0\" \"$@\"",
        hosts.display(),
        names.display()
    );
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", &script])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(INSIDE, &hosts)
        .output()
        .expect("`unshare` of util-linux is there");
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

fn inside() {
    // `localhost` is this machine whatever stands in front of it, so no permit is needed.
    let hosts = |text: &str| std::fs::write("/etc/hosts", text).unwrap();
    let first = Server::at("127.0.0.1:0", |_| answer(200, "first"));
    let second = Server::at(&format!("127.0.0.2:{}", first.address.port()), |_| answer(200, "second"));
    let base = format!("http://api.localhost:{}", first.address.port());
    let scenario = "scenario \"names\"\nhttp api { base \"BASE\"; resolve 400ms; reuse never }\n\
                    action ask { api get \"/\" }\nload ask 1 times\n\
                    expect \"all\": count(ask.latency) == 1 at end\n";
    let builder = read(&scenario.replace("BASE", &base));
    let action = builder.named("ask");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut run = Run::start(builder, 1);
        let cause = "the name `api.localhost` has no address";
        hosts("127.0.0.1 api.localhost\n");
        run.load(order(&run, action, open(100, None), None, Some(SECOND))).await;
        assert_eq!((run.causes("ask").await, first.connections(), second.connections()), (vec![], 100, 0));
        hosts("127.0.0.2 api.localhost\n");
        tokio::time::sleep(SECOND).await;
        run.load(order(&run, action, open(100, None), None, Some(SECOND))).await;
        assert_eq!((run.causes("ask").await, first.connections(), second.connections()), (vec![], 100, 100));
        hosts("127.0.0.9 other.example\n");
        tokio::time::sleep(SECOND).await;
        run.load(order(&run, action, open(50, None), None, Some(SECOND))).await;
        assert_eq!(run.causes("ask").await, [(cause.to_string(), 50)]);
        hosts("127.0.0.1 api.localhost\n127.0.0.2 api.localhost\n");
        tokio::time::sleep(2 * SECOND).await;
        run.load(order(&run, action, open(100, None), None, Some(SECOND))).await;
        assert_eq!(run.causes("ask").await, [(cause.to_string(), 50)]);
        assert_eq!((first.connections(), second.connections()), (150, 150));
    });
}
