//! A shop over HTTP: it takes orders and lists them. With `/latest` it lists the last hundred only.

use crate::asked::request;
use std::io::{BufReader, Write};
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
    while let Some((method, path, _, body)) = request(&mut reader) {
        let answer = answer(&method, &path, body, orders);
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", answer.len());
        if connection.write_all(format!("{head}{answer}").as_bytes()).is_err() {
            return;
        }
    }
}

fn answer(method: &str, path: &str, body: String, orders: &Orders) -> String {
    let mut orders = orders.lock().unwrap();
    if method == "POST" {
        orders.push(body);
        return "{}".into();
    }
    let from = if path.contains("/latest") { orders.len().saturating_sub(100) } else { 0 };
    format!("{{\"orders\": [{}]}}", orders[from..].join(", "))
}
