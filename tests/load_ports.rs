//! What happens when this machine has no ports left: in a network namespace of its own with ten of them.

#![cfg(target_os = "linux")]

mod load_support;

use load_support::server::read_head;
use load_support::{Builder, Run, order};
use nix::libc;
use soak::load::order::Plan;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::process::Command;
use std::thread;
use std::time::Duration;

const INSIDE: &str = "SOAK_TEST_INSIDE_NAMESPACE";

#[test]
fn no_ports_left_is_an_error_by_name_and_passes() {
    if std::env::var_os(INSIDE).is_some() {
        return inside();
    }
    let name = "no_ports_left_is_an_error_by_name_and_passes";
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--net"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .expect("`unshare` of util-linux is there");
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

fn inside() {
    raise_loopback();
    // Of version 6 there is one address to come from, of version 4 there are many.
    let listener = TcpListener::bind("[::1]:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        listener.incoming().flatten().for_each(|stream| drop(thread::spawn(|| serve(stream))))
    });
    std::fs::write("/proc/sys/net/ipv4/ip_local_port_range", "60000 60009").unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut builder = Builder::default();
        let target = builder.http(&format!("http://{address}"), Duration::from_secs(10));
        let step = builder.get(target, "/");
        let action = builder.action("ask", &[], vec![step]);
        let mut run = Run::start(builder, 1);
        run.load(order(&run, action, Plan::Users { from: 30, to: 30 }, Some(60), None)).await;
        let causes = run.causes("ask").await;
        let [(cause, count)] = causes.as_slice() else { panic!("{causes:?}") };
        assert_eq!(cause, "out of descriptors or ports on this machine");
        let seen = run.seen.of(action);
        assert_eq!((seen.succeeded + seen.failed, seen.failed), (60, *count));
        assert!(seen.succeeded >= 10, "{}", seen.succeeded);
        // Fewer users find the connections that are there.
        run.load(order(&run, action, Plan::Users { from: 8, to: 8 }, Some(16), None)).await;
        assert_eq!(run.seen.of(action).failed, *count);
    });
}

fn serve(mut stream: TcpStream) {
    while read_head(&mut stream) {
        thread::sleep(Duration::from_millis(200));
        if stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").is_err() {
            return;
        }
    }
}

/// The loopback interface of a new namespace is down.
fn raise_loopback() {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
    // SAFETY: all bytes zero is a valid request, whose name is then filled in; the kernel reads it and keeps nothing.
    let outcome = unsafe {
        let mut request: libc::ifreq = std::mem::zeroed();
        request.ifr_name[0] = b'l' as libc::c_char;
        request.ifr_name[1] = b'o' as libc::c_char;
        request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
        libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &request)
    };
    assert_eq!(outcome, 0, "{}", std::io::Error::last_os_error());
}
