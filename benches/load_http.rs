//! What the load engine carries over HTTP: `cargo bench --bench load_http`.
//! Prints numbers and judges nothing; compare them with those of the same machine only. The server is a process
//! of its own on the first processor, the engine is on the second.

#[cfg(target_os = "linux")]
#[path = "../tests/load_support/mod.rs"]
mod load_support;

#[cfg(target_os = "linux")]
fn main() -> std::io::Result<()> {
    linux::main()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("loads run on Linux only");
}

#[cfg(target_os = "linux")]
mod linux {
    use super::load_support::{Builder, Run, binary, field, list, number, open, order, seq, word};
    use nix::sched::{CpuSet, sched_setaffinity};
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::signal::{Signal, kill};
    use nix::sys::time::TimeValLike;
    use nix::unistd::Pid;
    use soak::lang::expr::{ActionId, ExprKind, IterationWord};
    use soak::lang::operator::BinaryOperator;
    use soak::load::order::Plan;
    use std::io::{BufRead, BufReader, Read, Result, Write};
    use std::net::{TcpListener, TcpStream};
    use std::process::{Command, Stdio};
    use std::time::Duration;

    const SERVE: &str = "--serve";
    const BODY: &str = "{\"id\":1,\"name\":\"one\"}";
    const CONNECTIONS: u64 = 64;
    const TIME: Duration = Duration::from_secs(5);

    pub fn main() -> Result<()> {
        if std::env::args().any(|argument| argument == SERVE) {
            return serve();
        }
        let mut server = Command::new(std::env::current_exe()?).arg(SERVE).stdout(Stdio::piped()).spawn()?;
        let mut address = String::new();
        BufReader::new(server.stdout.take().expect("it was piped")).read_line(&mut address)?;
        pin(1);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(measure(&format!("http://{}", address.trim()), server.id()));
        server.kill()?;
        server.wait()?;
        Ok(())
    }

    fn pin(processor: usize) {
        let mut set = CpuSet::new();
        // With one processor everything shares it.
        let _ = set.set(processor).and_then(|()| sched_setaffinity(Pid::from_raw(0), &set));
    }

    /// Answers every request with the same bytes: one thread, one epoll, no parsing, so that the engine is the limit.
    fn serve() -> Result<()> {
        pin(0);
        let listener = TcpListener::bind("127.0.0.1:0")?;
        println!("{}", listener.local_addr()?);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            listener.set_nonblocking(true)?;
            let listener = tokio::net::TcpListener::from_std(listener)?;
            loop {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                tokio::spawn(answer(stream));
            }
        })
    }

    async fn answer(mut stream: tokio::net::TcpStream) -> Result<()> {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{BODY}",
            BODY.len()
        );
        let mut buffer = vec![0; 4096];
        // Requests are small and come one at a time, so each read holds a whole one.
        while stream.read(&mut buffer).await? > 0 {
            stream.write_all(answer.as_bytes()).await?;
        }
        Ok(())
    }

    fn processor_time() -> f64 {
        let usage = getrusage(UsageWho::RUSAGE_SELF).expect("the usage of this process can be read");
        (usage.user_time().num_microseconds() + usage.system_time().num_microseconds()) as f64 / 1e6
    }

    fn resident() -> f64 {
        let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
        let pages: f64 = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0.0);
        pages * 4096.0 / f64::from(1 << 20)
    }

    fn plain(base: &str) -> (Builder, ActionId) {
        let mut builder = Builder::default();
        let target = builder.http(base, Duration::from_secs(30));
        let step = builder.get(target, "/");
        let action = builder.action("plain", &[], vec![step]);
        (builder, action)
    }

    /// A body made for each request, a part of the answer checked, another captured.
    fn templated(base: &str) -> (Builder, ActionId) {
        let mut builder = Builder::default();
        let target = builder.http(base, Duration::from_secs(30));
        let body = || word(IterationWord::Body);
        let fine = list(vec![number(200), number(204)]);
        let status = binary(BinaryOperator::In, word(IterationWord::Status), fine);
        let id = binary(BinaryOperator::Equal, field(body(), "id"), number(1));
        let lines = vec![
            builder.check("check status in [200, 204]", status),
            builder.check("check body.id == 1", id),
            builder.capture(0, field(body(), "name")),
        ];
        let mut object = number(0);
        object.kind = ExprKind::Object(vec![("n".into(), seq()), ("user".into(), word(IterationWord::User))]);
        let step =
            builder.tell(target, "post", super::load_support::text("/items"), vec![("json", object)], lines);
        let action = builder.action("templated", &["name"], vec![step]);
        (builder, action)
    }

    async fn measure(base: &str, server: u32) {
        println!("bare loop   {}", bare(base.trim_start_matches("http://")));
        let open_only = std::env::args().any(|argument| argument == "open");
        for (name, make) in [("plain", plain as fn(&str) -> _), ("templated", templated)] {
            if open_only {
                continue;
            }
            let (builder, action) = make(base);
            closed(name, builder, action).await;
        }
        let (builder, action) = plain(base);
        open_load(builder, action).await;
        for rate in [2_000, 10_000] {
            let (builder, action) = plain(base);
            stalled(rate, builder, action, Pid::from_raw(server as i32)).await;
        }
    }

    /// What the processor time of the kernel's part alone is: blocking, one connection.
    fn bare(address: &str) -> String {
        const REQUESTS: u32 = 50_000;
        let mut stream = TcpStream::connect(address).expect("the server listens");
        let mut buffer = [0; 4096];
        let before = processor_time();
        for _ in 0..REQUESTS {
            stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").expect("the server reads");
            let _ = stream.read(&mut buffer).expect("the server answers");
        }
        format!("CPU {:.2} s per 100k", (processor_time() - before) / f64::from(REQUESTS) * 1e5)
    }

    async fn closed(name: &str, builder: Builder, action: ActionId) {
        let mut run = Run::start(builder, 1);
        run.keep = false;
        let plan = Plan::Users { from: CONNECTIONS, to: CONNECTIONS };
        let before = processor_time();
        run.load(order(&run, action, plan.clone(), None, Some(TIME))).await;
        let used = processor_time() - before;
        let first = resident();
        run.load(order(&run, action, plan, None, Some(TIME))).await;
        let summary = run.summary(name).await;
        let (count, latency) = (summary.count as f64, summary.latency.expect("something ended"));
        println!(
            "closed {name:>9}, {CONNECTIONS} connections: {:.0} requests/s, CPU {:.2} s per 100k, p50 {:.0} us, p99 {:.0} us, failed {}, {first:.1} MiB and then {:.1}",
            summary.rate,
            used / (count / 2.0) * 1e5,
            latency.p50 * 1e6,
            latency.p99 * 1e6,
            summary.failed,
            resident(),
        );
    }

    async fn open_load(builder: Builder, action: ActionId) {
        let mut run = Run::start(builder, 1);
        run.keep = false;
        let before = processor_time();
        run.load(order(&run, action, open(10_000, None), None, Some(TIME))).await;
        let used = processor_time() - before;
        let summary = run.summary("plain").await;
        let (lateness, latency) =
            (summary.lateness.expect("something ended"), summary.latency.expect("something ended"));
        println!(
            "open 10,000/s for {TIME:?}: {} of 50000 answered, dropped {}, lateness p50 {:.0} p99 {:.0} max {:.0} us, latency p50 {:.0} p99 {:.0} us, CPU {:.2} s per 10 s",
            summary.count,
            summary.dropped,
            lateness.p50 * 1e6,
            lateness.p99 * 1e6,
            lateness.max * 1e6,
            latency.p50 * 1e6,
            latency.p99 * 1e6,
            used / TIME.as_secs_f64() * 10.0,
        );
    }

    /// The server is stopped for one second of ten. Ideal: p99 900 ms, p99.9 990 ms, at most 1000 ms, all answered.
    async fn stalled(rate: i128, builder: Builder, action: ActionId, server: Pid) {
        let mut run = Run::start(builder, 1);
        run.keep = false;
        std::thread::spawn(move || {
            for (pause, signal) in [(4, Signal::SIGSTOP), (1, Signal::SIGCONT)] {
                std::thread::sleep(Duration::from_secs(pause));
                // A server that is gone shows in the errors.
                let _ = kill(server, signal);
            }
        });
        run.load(order(&run, action, open(rate, None), None, Some(2 * TIME))).await;
        let summary = run.summary("plain").await;
        let latency = summary.latency.expect("something ended");
        println!(
            "stopped for 1 s of 10 at {rate}/s: {} answered, dropped {}, errors {:?}, p99 {:.0} p99.9 {:.0} max {:.0} ms, {:.0} MiB",
            summary.count,
            summary.dropped,
            summary.errors,
            latency.p99 * 1e3,
            latency.p999 * 1e3,
            latency.max * 1e3,
            resident(),
        );
    }
}
