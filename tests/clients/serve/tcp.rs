//! Lines: each says what is to be done with its connection.

use std::io::{BufRead, BufReader, Read, Result, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

pub fn serve(address: &str) {
    let listener = TcpListener::bind(address).unwrap();
    println!("serving");
    for (number, connection) in listener.incoming().enumerate() {
        let connection = connection.unwrap();
        // One that is gone is no reason to end.
        std::thread::spawn(move || drop(converse(connection, number + 1)));
    }
}

/// Answers anything with what no protocol of the clients is.
pub fn nonsense(address: &str) {
    let listener = TcpListener::bind(address).unwrap();
    println!("serving");
    for connection in listener.incoming() {
        let mut connection = connection.unwrap();
        std::thread::spawn(move || {
            let mut asked = [0; 4096];
            while connection.read(&mut asked).is_ok_and(|length| length > 0) {
                let _ = connection.write_all(b"220 mail.example ESMTP\r\n");
            }
        });
    }
}

fn converse(mut stream: TcpStream, number: usize) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut lines = BufReader::new(stream.try_clone()?);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line)? > 0 {
        let text = String::from_utf8_lossy(&line).trim_end().to_string();
        match text.split_once(' ').unwrap_or((&text, "")) {
            ("who", _) => writeln!(stream, "connection {number}")?,
            ("crlf", rest) => write!(stream, "{rest}\r\n")?,
            ("noise", rest) => write!(stream, "one\ntwo\n{rest}\nthree\n")?,
            ("parts", rest) => {
                for byte in rest.bytes().chain([b'\n']) {
                    stream.write_all(&[byte])?;
                    std::thread::sleep(Duration::from_millis(5));
                }
            }
            ("raw", rest) => stream.write_all(&vec![b'x'; rest.parse().unwrap()])?,
            ("end", rest) => write!(stream, "{rest};;")?,
            ("half", _) => return stream.write_all(b"half a li"),
            ("close", _) => return Ok(()),
            ("never", _) => {}
            ("late", rest) => {
                std::thread::sleep(Duration::from_millis(400));
                writeln!(stream, "{rest}")?;
            }
            ("endless", _) => loop {
                stream.write_all(&[b'y'; 1 << 16])?;
            },
            _ => stream.write_all(&line)?,
        }
        line.clear();
    }
    Ok(())
}
