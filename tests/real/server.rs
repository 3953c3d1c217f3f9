//! A small HTTP service for loads to ask and sources to read. Counts what it hands out, closes what it is told to.

use crate::asked::request;
use std::io::{BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Serves until it is killed.
pub fn serve(address: &str) {
    let listener = TcpListener::bind(address).unwrap();
    println!("serving");
    let counter = Arc::new(AtomicU64::new(0));
    for connection in listener.incoming() {
        let (connection, counter) = (connection.unwrap(), Arc::clone(&counter));
        std::thread::spawn(move || converse(connection, &counter));
    }
}

fn converse(mut connection: TcpStream, counter: &AtomicU64) {
    let _ = connection.set_nodelay(true);
    let mut reader = BufReader::new(connection.try_clone().unwrap());
    while let Some((method, path, headers, body)) = request(&mut reader) {
        let (status, answer) = answer(&method, &path, &headers, &body, counter);
        // A HEAD tells the length and sends nothing.
        let shown = if method == "HEAD" { "" } else { answer.as_str() };
        let head = format!(
            "HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\nX-Method: {method}\r\nContent-Length: {}\r\n\r\n",
            answer.len()
        );
        if connection.write_all(format!("{head}{shown}").as_bytes()).is_err() {
            return;
        }
    }
}

fn answer(method: &str, path: &str, headers: &str, body: &str, counter: &AtomicU64) -> (u16, String) {
    let words: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match words[..] {
        ["status", status] => (status.parse().unwrap(), String::new()),
        ["slow", milliseconds] => {
            std::thread::sleep(Duration::from_millis(milliseconds.parse().unwrap()));
            (200, String::new())
        }
        // Each number once.
        ["next"] => (200, format!("{{\"id\": {}}}", counter.fetch_add(1, Ordering::Relaxed))),
        ["queue"] => (200, "{\"depth\": 3, \"pending\": [1, 2, 3, 4]}".into()),
        // An exposition whose counter begins anew once it has reached 5.
        ["metrics"] => {
            let count = counter.fetch_add(1, Ordering::Relaxed) % 5 + 1;
            let types = "# TYPE asked_total counter\n# TYPE room gauge\n";
            (200, format!("{types}asked_total{{by=\"a\"}} {count}\nasked_total{{by=\"b\"}} 100\nroom 7\n"))
        }
        ["redirect"] => (302, String::new()),
        ["echo", ..] => {
            let header = |name: &str| headers.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
            let told = serde_json::json!({
                "method": method,
                "path": path,
                "body": body,
                "kind": header("content-type: "),
                "own": header("x-own: "),
                "always": header("x-always: "),
            });
            (200, told.to_string())
        }
        _ => (404, String::new()),
    }
}
