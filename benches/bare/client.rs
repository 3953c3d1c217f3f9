//! The least that any program does which sends each request when it is due: it sleeps, sends, and reads the answer.
//!
//! It has one connection and one thread, measures nothing and reads no answer but to its end. What it takes is what the
//! kernel takes for two wake-ups, a send and a receive, and no generator that is on time takes less on the same machine.
//!
//!     client ADDRESS RATE SECONDS

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

fn main() -> std::io::Result<()> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let [address, rate, seconds] = given.as_slice() else {
        return Err(std::io::Error::other("client ADDRESS RATE SECONDS"));
    };
    let number = |text: &String| text.parse::<u32>().map_err(std::io::Error::other);
    let (rate, seconds) = (number(rate)?, number(seconds)?);
    let mut server = TcpStream::connect(address)?;
    server.set_nodelay(true)?;
    let request = format!("GET / HTTP/1.1\r\nhost: {address}\r\n\r\n");
    let mut answer = [0; 4096];
    let begun = Instant::now();
    let mut count = 0_u32;
    let mut late = Vec::new();
    while count < rate * seconds {
        let due = Duration::from_secs_f64(f64::from(count) / f64::from(rate));
        if let Some(left) = due.checked_sub(begun.elapsed()) {
            std::thread::sleep(left);
        }
        late.push(begun.elapsed().saturating_sub(due));
        server.write_all(request.as_bytes())?;
        if server.read(&mut answer)? == 0 {
            return Err(std::io::Error::other("the server ended the connection"));
        }
        count += 1;
    }
    late.sort();
    let at = |share: usize| late[late.len() * share / 100].as_micros();
    println!("{count} {} {}", at(50), at(99));
    Ok(())
}
