//! What becomes of requests and answers, without a socket.

use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::disturbance::{Delay, Disturbance, OwnAnswer};
use super::super::tally::Http;
use super::{Admitted, Closing, Exchange};

struct Talk {
    exchange: Exchange,
    http: Arc<Http>,
    asked: Disturbance,
    now: Instant,
    /// What the server has got.
    server: Vec<u8>,
    /// What the client has got.
    client: Vec<u8>,
}

impl Talk {
    fn under(asked: Disturbance) -> Talk {
        let http = Arc::new(Http::new(7));
        let exchange = Exchange::new(Arc::clone(&http));
        Talk { exchange, http, asked, now: Instant::now(), server: Vec::new(), client: Vec::new() }
    }

    /// The client sends; gives back how much of it was taken.
    fn ask(&mut self, text: &[u8], piece: usize) -> usize {
        let mut at = 0;
        while at < text.len() {
            let end = (at + piece).min(text.len());
            match self.exchange.admit(&text[at..end], &self.asked, self.now) {
                Admitted::Blocked => break,
                Admitted::Taken(count) => at += count,
                Admitted::Passing(count) => {
                    self.exchange.pass(&text[at..at + count]);
                    self.exchange.to_server.extend_from_slice(&text[at..at + count]);
                    at += count;
                }
            }
            self.server.extend_from_slice(&self.exchange.to_server.split());
            self.exchange.take_turns();
        }
        self.hear();
        at
    }

    /// The server sends.
    fn answer(&mut self, text: &[u8], piece: usize) {
        for part in text.chunks(piece) {
            if self.exchange.closing().is_none() {
                let untouched = self.exchange.respond(part, &self.asked);
                self.client.extend_from_slice(&part[..untouched]);
            }
            self.hear();
        }
    }

    fn hear(&mut self) {
        self.client.extend_from_slice(&self.exchange.to_client.split());
    }

    fn heard(&self) -> &str {
        std::str::from_utf8(&self.client).unwrap()
    }
}

fn answering(share: f64) -> Disturbance {
    Disturbance { answer: Some(OwnAnswer { status: 503, share }), ..Disturbance::default() }
}

fn tearing() -> Disturbance {
    Disturbance { tear: Some(1.0), ..Disturbance::default() }
}

/// Everything that a conversation may hold.
const REQUESTS: &[u8] = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\nPOST /b HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello\
    HEAD /c HTTP/1.1\r\n\r\nPOST /d HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nGET /e HTTP/1.1\r\n\r\n";
const ANSWERS: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc\
    HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n\
    HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n\
    HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n\
    HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n";

#[test]
fn what_nothing_is_asked_of_passes_unchanged_and_is_counted() {
    // Heads are held to their end where a request may have to be answered.
    for asked in [Disturbance::default(), answering(0.0), Disturbance { tear: Some(0.0), ..answering(0.0) }] {
        for piece in [1, 2, 7, 64, 1000] {
            let mut talk = Talk::under(asked.clone());
            assert_eq!(talk.ask(REQUESTS, piece), REQUESTS.len());
            assert_eq!(talk.server, REQUESTS, "pieces of {piece}");
            talk.answer(ANSWERS, piece);
            assert_eq!(talk.client, ANSWERS, "pieces of {piece}");
            let counted = talk.http.counters();
            assert_eq!((counted.requests, counted.answers, counted.foreign), (5, 5, 0), "pieces of {piece}");
        }
    }
}

/// Bytes put together at random from what messages are made of, and from anything.
fn jumbled(random: &mut ChaCha8Rng) -> Vec<u8> {
    const PARTS: &[&[u8]] = &[
        b"GET / HTTP/1.1\r\n\r\n",
        b"POST /x HTTP/1.1\r\nContent-Length: 5\r\n\r\n",
        b"POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"hello",
        b"5\r\nhello\r\n0\r\n\r\n",
        b"\r\n",
        b"\n",
        b"\0",
        b"Host: x\r\n",
    ];
    let count = random.random_range(1..12);
    (0..count).flat_map(|_| PARTS.choose(random).copied().unwrap_or_default().iter().copied()).collect()
}

#[test]
fn whatever_comes_passes_unchanged_where_nothing_is_done() {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    for round in 0..5000 {
        let asked = match round % 3 {
            0 => Disturbance::default(),
            1 => answering(0.0),
            _ => Disturbance { tear: Some(0.0), ..answering(0.0) },
        };
        let mut talk = Talk::under(asked);
        let (mut up, mut down) = (Vec::new(), Vec::new());
        for _ in 0..random.random_range(1..4) {
            let (asks, answers) = (jumbled(&mut random), jumbled(&mut random));
            let piece = random.random_range(1..40);
            assert_eq!(talk.ask(&asks, piece), asks.len());
            talk.answer(&answers, piece);
            up.extend(asks);
            down.extend(answers);
        }
        talk.exchange.end_client();
        talk.server.extend_from_slice(&talk.exchange.to_server.split());
        assert_eq!(talk.server, up, "round {round}");
        assert_eq!(talk.client, down, "round {round}");
    }
}

#[test]
fn whatever_comes_does_no_harm_where_everything_is_done() {
    let mut random = ChaCha8Rng::seed_from_u64(2);
    for _ in 0..5000 {
        let delay = Some(Delay { route: "/x".into(), time: Duration::ZERO });
        let share = random.random_range(0.0..1.0);
        let mut talk = Talk::under(Disturbance { tear: Some(share), delay, ..answering(share) });
        for _ in 0..3 {
            let asks = jumbled(&mut random);
            let mut at = 0;
            while at < asks.len() {
                at += talk.ask(&asks[at..], 20);
                talk.exchange.let_go(&talk.asked, talk.now);
            }
            talk.answer(&jumbled(&mut random), 20);
        }
        let http = Arc::clone(&talk.http);
        drop(talk);
        assert_eq!(http.counters().holding, 0);
    }
}

#[test]
fn every_request_can_be_answered_and_the_connection_stays() {
    for piece in [1, 9, 1000] {
        let mut talk = Talk::under(answering(1.0));
        assert_eq!(talk.ask(REQUESTS, piece), REQUESTS.len());
        assert!(talk.server.is_empty());
        let heard = talk.heard();
        assert_eq!(heard.matches("HTTP/1.1 503 Service Unavailable\r\n").count(), 5);
        // Without a body for HEAD.
        assert_eq!(heard.matches("\r\n\r\n503 Service Unavailable\n").count(), 4);
        assert_eq!(heard.matches("Content-Length: 24\r\n").count(), 5);
        assert_eq!(talk.exchange.closing(), None);
        assert_eq!(talk.http.counters().answered, 5);
    }
}

#[test]
fn own_answers_come_in_the_order_of_the_requests() {
    let mut talk = Talk::under(Disturbance::default());
    talk.ask(b"GET /1 HTTP/1.1\r\n\r\n", 99);
    talk.asked = answering(1.0);
    talk.ask(b"GET /2 HTTP/1.1\r\n\r\n", 99);
    talk.asked = Disturbance::default();
    talk.ask(b"GET /3 HTTP/1.1\r\n\r\n", 99);
    assert_eq!(talk.heard(), "");
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n";
    talk.answer(format!("{answer}1{answer}3").as_bytes(), 1000);
    let heard = talk.heard();
    let place = |text: &str| heard.find(text).unwrap();
    assert!(place("\r\n\r\n1") < place("503") && place("503") < place("\r\n\r\n3"), "{heard}");
}

#[test]
fn the_share_that_is_answered_is_the_one_asked_for() {
    let mut talk = Talk::under(answering(0.1));
    for _ in 0..10_000 {
        let before = talk.server.len();
        talk.ask(b"GET / HTTP/1.1\r\n\r\n", 1000);
        if talk.server.len() > before {
            talk.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 1000);
        }
    }
    let counted = talk.http.counters();
    assert_eq!(counted.requests, 10_000);
    assert!((850..1150).contains(&counted.answered), "{}", counted.answered);
}

#[test]
fn a_client_that_waits_to_send_its_body_is_told_to_go_on() {
    let mut talk = Talk::under(answering(1.0));
    talk.ask(b"PUT / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n", 1000);
    assert_eq!(talk.heard(), "HTTP/1.1 100 Continue\r\n\r\n");
    talk.ask(b"abc", 1000);
    assert!(talk.heard().starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 "));
}

#[test]
fn a_connection_that_is_to_be_closed_is() {
    for (request, expected) in [
        ("GET / HTTP/1.1\r\nConnection: close\r\n\r\n", Some(Closing::End)),
        ("GET / HTTP/1.0\r\n\r\n", Some(Closing::End)),
        ("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", None),
    ] {
        let mut talk = Talk::under(answering(1.0));
        talk.ask(request.as_bytes(), 1000);
        assert_eq!(talk.exchange.closing(), expected, "{request}");
        let said = if expected.is_some() { "Connection: close\r\n" } else { "Connection: keep-alive\r\n" };
        assert!(talk.heard().contains(said));
    }
}

#[test]
fn a_route_is_held_back_and_others_are_not() {
    let time = Duration::from_secs(2);
    let delay = Delay { route: "/slow".into(), time };
    let mut talk = Talk::under(Disturbance { delay: Some(delay), ..Disturbance::default() });
    let (fast, slow) = (b"GET /fast HTTP/1.1\r\n\r\n".as_slice(), b"GET /slow?x HTTP/1.1\r\n\r\n".as_slice());
    let begun = talk.now;
    // What stands behind it in its connection waits too.
    assert_eq!(talk.ask(&[fast, slow, fast].concat(), 1000), fast.len() + slow.len());
    assert_eq!(talk.server, fast);
    assert_eq!(talk.http.counters().holding, 1);
    assert_eq!(talk.exchange.held_until(&talk.asked), Some(begun + time));
    talk.exchange.let_go(&talk.asked, begun + time / 2);
    assert_eq!(talk.ask(fast, 1000), 0);
    talk.exchange.let_go(&talk.asked, begun + time);
    assert_eq!(talk.ask(fast, 1000), fast.len());
    assert_eq!(talk.server, [fast, slow, fast].concat());
    let counted = talk.http.counters();
    assert_eq!((counted.requests, counted.delayed, counted.delays, counted.holding), (3, 1, time, 0));
    // Where nothing is asked any more, it goes on at once.
    talk.ask(slow, 1000);
    talk.asked = Disturbance::default();
    talk.exchange.let_go(&talk.asked, begun);
    assert_eq!(&talk.exchange.to_server[..], slow);
}

#[test]
fn an_answer_is_torn_in_its_middle() {
    let cases = [
        ("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n", "abcdefgh", "abcd", Closing::End),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            "4\r\nabcd\r\n0\r\n\r\n",
            "4\r\nabcd",
            Closing::End,
        ),
        ("HTTP/1.1 200 OK\r\n\r\n", "abcdefgh", "abcd", Closing::Reset),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n", "a", "", Closing::End),
    ];
    for (head, body, passes, closing) in cases {
        let mut talk = Talk::under(tearing());
        talk.ask(b"GET / HTTP/1.1\r\n\r\n", 1000);
        talk.answer(head.as_bytes(), 5);
        talk.answer(body.as_bytes(), 1000);
        assert_eq!(talk.heard(), format!("{head}{passes}"));
        assert_eq!(talk.exchange.closing(), Some(closing), "{head}");
        assert_eq!(talk.http.counters().torn, 1);
    }
    let mut talk = Talk::under(tearing());
    talk.ask(b"HEAD / HTTP/1.1\r\n\r\n", 1000);
    let interim = "HTTP/1.1 103 Early Hints\r\n\r\n";
    talk.answer(format!("{interim}HTTP/1.1 200 OK\r\n\r\n").as_bytes(), 1000);
    assert_eq!(talk.heard(), format!("{interim}HTTP/1.1 "));
    assert_eq!(talk.exchange.closing(), Some(Closing::End));
}

#[test]
fn what_is_no_http_passes_untouched_both_ways() {
    let hello = [0x16, 3, 1, 0, 5, 1, 0, 0, 1, 2].as_slice();
    for first in [hello, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"PING\r\n"] {
        for asked in [Disturbance::default(), Disturbance { tear: Some(1.0), ..answering(1.0) }] {
            for piece in [1, 3, 1000] {
                let mut talk = Talk::under(asked.clone());
                assert_eq!(talk.ask(first, piece), first.len());
                talk.answer(b"anything\r\n\r\n", piece);
                talk.ask(b"GET / HTTP/1.1\r\n\r\n", piece);
                talk.answer(b"at all", piece);
                assert_eq!(talk.server, [first, b"GET / HTTP/1.1\r\n\r\n"].concat());
                assert_eq!(talk.heard(), "anything\r\n\r\nat all");
                let counted = talk.http.counters();
                assert_eq!((counted.requests, counted.foreign), (0, 1));
            }
        }
    }
}

#[test]
fn a_switch_of_protocols_makes_it_a_plain_pipe() {
    for (asks, switches) in [
        (
            "GET /ws HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
            "HTTP/1.1 101 Switching\r\n\r\n",
        ),
        ("CONNECT a:1 HTTP/1.1\r\n\r\n", "HTTP/1.1 200 Connected\r\n\r\n"),
    ] {
        let mut talk = Talk::under(Disturbance { tear: Some(1.0), ..answering(0.0) });
        talk.ask(asks.as_bytes(), 1000);
        talk.answer(format!("{switches}frame").as_bytes(), 1000);
        talk.asked = Disturbance { tear: Some(1.0), ..answering(1.0) };
        talk.ask(b"GET / HTTP/1.1\r\n\r\nframe", 1000);
        talk.answer(b"more", 1000);
        assert_eq!(talk.heard(), format!("{switches}framemore"));
        assert_eq!(talk.server, [asks.as_bytes(), b"GET / HTTP/1.1\r\n\r\nframe"].concat());
        assert_eq!(talk.http.counters().foreign, 0);
    }
}

#[test]
fn the_end_waits_for_an_own_answer_only() {
    let mut talk = Talk::under(answering(1.0));
    talk.ask(b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\na", 1000);
    talk.exchange.server_ended = true;
    assert!(talk.exchange.withholds_end());
    talk.ask(b"bc", 1000);
    assert!(!talk.exchange.withholds_end());
    assert!(talk.heard().starts_with("HTTP/1.1 503"));
    assert!(!talk.exchange.ends_up());
    talk.exchange.end_client();
    assert!(talk.exchange.ends_up());
}

#[test]
fn a_client_that_ends_in_a_head_has_sent_it() {
    let mut talk = Talk::under(answering(1.0));
    talk.ask(b"GET / HT", 1000);
    assert!(talk.server.is_empty());
    talk.exchange.end_client();
    assert_eq!(&talk.exchange.to_server[..], b"GET / HT");
}
