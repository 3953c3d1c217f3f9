//! A shop over HTTP: it takes orders and lists them. With `/latest` it lists the last hundred only.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// Orders as they came, each JSON.
type Orders = Arc<Mutex<Vec<String>>>;

pub fn serve(address: &str) {
    let listener = TcpListener::bind(address).unwrap();
    println!("serving");
    let orders = Orders::default();
    // One that was there before anybody came.
    orders.lock().unwrap().push("{\"id\": \"old\", \"price\": 1}".into());
    for connection in listener.incoming() {
        let (connection, orders) = (connection.unwrap(), Arc::clone(&orders));
        std::thread::spawn(move || converse(connection, &orders));
    }
}

fn converse(mut connection: TcpStream, orders: &Orders) {
    let _ = connection.set_nodelay(true);
    let mut reader = BufReader::new(connection.try_clone().unwrap());
    while let Some((line, body)) = request(&mut reader) {
        let answer = answer(&line, body, orders);
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", answer.len());
        if connection.write_all(format!("{head}{answer}").as_bytes()).is_err() {
            return;
        }
    }
}

/// The first line and the body of the next request.
fn request(reader: &mut impl BufRead) -> Option<(String, String)> {
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first).ok().filter(|&length| length > 0)?;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if line.trim().is_empty() {
            break;
        }
        let line = line.to_lowercase();
        length = line.strip_prefix("content-length: ").map_or(length, |text| text.trim().parse().unwrap());
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((first, String::from_utf8(body).unwrap()))
}

fn answer(line: &str, body: String, orders: &Orders) -> String {
    let mut orders = orders.lock().unwrap();
    if line.starts_with("POST") {
        orders.push(body);
        return "{}".into();
    }
    let from = if line.contains("/latest") { orders.len().saturating_sub(100) } else { 0 };
    format!("{{\"orders\": [{}]}}", orders[from..].join(", "))
}
