//! How precise a link's delays are and how much it carries: `cargo bench --bench link_proxy`.
//! Prints numbers and judges nothing; compare them with those of the same machine only.

#[cfg(target_os = "linux")]
fn main() -> std::io::Result<()> {
    linux::main()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("links run on Linux only");
}

#[cfg(target_os = "linux")]
mod linux {
    use std::io::{Error, Read, Result, Write};
    use std::net::{SocketAddr, TcpListener, TcpStream};
    use std::thread;
    use std::time::{Duration, Instant};

    use soak::kinds::link::proxy::{Condition, Direction, Impairment, Proxy, ProxyOptions};

    const QUESTIONS: usize = 1000;
    const FLOW: Duration = Duration::from_secs(3);

    pub fn main() -> Result<()> {
        println!("wakeups           lateness  {}", lateness()?);
        let echo = serve(|mut stream| {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = stream.read(&mut buffer) {
                if stream.write_all(&buffer[..count]).is_err() {
                    break;
                }
            }
        })?;
        println!("direct            round trip {}", round_trips(echo)?);
        let proxy = proxy(echo)?;
        println!("link on           round trip {}", round_trips(proxy.local_address())?);
        for milliseconds in [1, 10, 100] {
            let direction =
                Direction { latency: Duration::from_millis(milliseconds), ..Direction::default() };
            proxy.set(Condition::Degrade(Impairment { up: Some(direction), down: None }));
            println!("latency {milliseconds:>3} ms up round trip {}", round_trips(proxy.local_address())?);
            if let Some(delays) = proxy.counters().measured.up {
                println!("    the link says  p50 {:?} p99 {:?}", delays.median, delays.p99);
            }
        }
        let sink = serve(|mut stream| {
            let mut buffer = vec![0; 1 << 20];
            while let Ok(1..) = stream.read(&mut buffer) {}
        })?;
        let through = self::proxy(sink)?;
        println!("direct            {:.1} Gbit/s", flow(sink)?);
        println!("link on           {:.1} Gbit/s", flow(through.local_address())?);
        let direction = Direction { latency: Duration::from_millis(10), ..Direction::default() };
        through.set(Condition::Degrade(Impairment::both(direction)));
        println!("latency  10 ms    {:.1} Gbit/s", flow(through.local_address())?);
        Ok(())
    }

    fn proxy(to: SocketAddr) -> Result<Proxy> {
        let options =
            ProxyOptions { listen: "127.0.0.1:0".to_string(), to: to.to_string(), seed: 0, http: false };
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        runtime.block_on(Proxy::start(options)).map_err(Error::other)
    }

    fn serve(handle: fn(TcpStream)) -> Result<SocketAddr> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stream.set_nodelay(true).is_ok() {
                    thread::spawn(move || handle(stream));
                }
            }
        });
        Ok(address)
    }

    /// How late the precise timer alone is.
    fn lateness() -> Result<String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        runtime.block_on(async {
            let wakeups = soak::lang::wakeup::Wakeups::new()?;
            let mut times = Vec::new();
            for _ in 0..QUESTIONS {
                let deadline = Instant::now() + Duration::from_millis(2);
                wakeups.sleep_until(deadline).await;
                times.push(deadline.elapsed());
            }
            Ok(quantiles(times))
        })
    }

    fn round_trips(address: SocketAddr) -> Result<String> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        let mut times = Vec::new();
        let began = Instant::now();
        while times.len() < QUESTIONS && began.elapsed() < Duration::from_secs(10) {
            let mut message = [7; 64];
            let start = Instant::now();
            stream.write_all(&message)?;
            stream.read_exact(&mut message)?;
            times.push(start.elapsed());
        }
        Ok(quantiles(times))
    }

    fn quantiles(mut times: Vec<Duration>) -> String {
        times.sort_unstable();
        let (median, p99) = (times[times.len() / 2], times[times.len() * 99 / 100]);
        format!("p50 {median:?} p99 {p99:?} of {}", times.len())
    }

    fn flow(address: SocketAddr) -> Result<f64> {
        let mut stream = TcpStream::connect(address)?;
        let block = vec![7; 256 << 10];
        let (start, mut sent) = (Instant::now(), 0);
        while start.elapsed() < FLOW {
            stream.write_all(&block)?;
            sent += block.len();
        }
        Ok(sent as f64 * 8.0 / start.elapsed().as_secs_f64() / 1e9)
    }
}
