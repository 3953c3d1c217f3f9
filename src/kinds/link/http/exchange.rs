//! One connection: request after request, each with its answer.

use super::body::Body;
use super::disturbance::Disturbance;
use super::stage::Shared;
use super::tally::count;
use super::wire::{Reading, halves, reset};
use crate::kinds::http::head::{self, Framing, RequestHead};
use hyper::StatusCode;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::watch;

/// How long connecting on to the server may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// What an answer of the link's own has to say.
const TEXT: &str = "answered by a link of soak\n";

/// What follows an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// Another request may come.
    Request,
    /// The connection ends.
    Close,
    /// It ends with a reset: nothing else tells that the answer is not whole.
    Reset,
    /// From here on it carries something else than requests.
    Tunnel,
}

/// The server's end.
struct Upstream {
    reading: Reading,
    writing: OwnedWriteHalf,
}

struct Exchange {
    shared: Arc<Shared>,
    disturbance: watch::Receiver<Disturbance>,
    random: ChaCha8Rng,
    client: Reading,
    answers: OwnedWriteHalf,
    upstream: Option<Upstream>,
}

/// Carries one connection to its end.
pub(super) async fn carry(
    client: TcpStream,
    number: u64,
    shared: Arc<Shared>,
    disturbance: watch::Receiver<Disturbance>,
) {
    let mut random = ChaCha8Rng::seed_from_u64(shared.seed);
    random.set_stream(number);
    let (client, answers) = halves(client);
    let mut exchange = Exchange { shared, disturbance, random, client, answers, upstream: None };
    loop {
        let next = match exchange.next_request().await {
            Ok(Some(request)) => exchange.request(request).await,
            Ok(None) => Ok(Next::Close),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(Next::Tunnel),
            Err(error) => Err(error),
        };
        match next.unwrap_or(Next::Reset) {
            Next::Request => {}
            Next::Close => return,
            Next::Reset => return reset(&exchange.client),
            Next::Tunnel => return exchange.tunnel().await,
        }
    }
}

impl Exchange {
    /// Reads the next head; `None` where the client or the server has ended. What is no request is invalid data, and is
    /// still there to be passed on.
    async fn next_request(&mut self) -> io::Result<Option<(RequestHead, usize)>> {
        loop {
            match head::read_request(&self.client.buffer) {
                Ok(Some(request)) => return Ok(Some(request)),
                Ok(None) => {}
                Err(_) => return Err(io::ErrorKind::InvalidData.into()),
            }
            let more = match &mut self.upstream {
                None => self.client.more().await?,
                Some(upstream) => tokio::select! {
                    more = self.client.more() => more?,
                    // A server that closes an idle connection, or has a last word on it, is heard at once.
                    more = upstream.reading.more() => {
                        let last = upstream.reading.buffer.len();
                        upstream.reading.pass(last, &mut self.answers).await?;
                        if more? { continue } else { return Ok(None) }
                    }
                },
            };
            if !more {
                return Ok(None);
            }
        }
    }

    /// Does with a request what is asked, or passes it on and its answer back.
    async fn request(&mut self, (request, length): (RequestHead, usize)) -> io::Result<Next> {
        count(&self.shared.tally.requests);
        self.hold_back(&request).await;
        let refusal = self.disturbance.borrow().answer;
        if let Some(refusal) = refusal
            && self.random.random::<f64>() < refusal.share
        {
            count(&self.shared.tally.answered);
            return self.answer(&request, length, refusal.status).await;
        }
        if self.upstream.is_none() {
            let (reading, writing) = halves(self.connect().await?);
            self.upstream = Some(Upstream { reading, writing });
        }
        self.forward(&request, length).await
    }

    /// Waits as long as the route is to be held back.
    async fn hold_back(&mut self, request: &RequestHead) {
        let wanted = |disturbance: &Disturbance| {
            disturbance.delay.clone().filter(|delay| request.path.starts_with(&delay.route))
        };
        let Some(delay) = wanted(&self.disturbance.borrow()) else { return };
        count(&self.shared.tally.delayed);
        let over = self.shared.wakeups.sleep_until(Instant::now() + delay.time);
        tokio::select! {
            () = over => {}
            _ = self.disturbance.wait_for(|now| wanted(now).is_none()) => {}
        }
    }

    /// Answers for the server, which hears nothing of the request.
    async fn answer(&mut self, request: &RequestHead, length: usize, status: u16) -> io::Result<Next> {
        let _ = self.client.buffer.split_to(length);
        // A client that waits to be asked for its body sends none.
        let lasting = request.keep_alive && !request.waits_with_body;
        if !request.waits_with_body && !Body::new(request.framing).swallow(&mut self.client).await? {
            return Ok(Next::Close);
        }
        let known = StatusCode::from_u16(status).ok();
        let reason = known.and_then(|status| status.canonical_reason()).unwrap_or("Asked For");
        let mut text = format!("HTTP/1.1 {status} {reason}\r\n");
        let has_body = !matches!(status, 204 | 304);
        if has_body {
            text.push_str(&format!("content-type: text/plain\r\ncontent-length: {}\r\n", TEXT.len()));
        }
        if !lasting {
            text.push_str("connection: close\r\n");
        }
        text.push_str("\r\n");
        if has_body && request.method != "HEAD" {
            text.push_str(TEXT);
        }
        self.answers.write_all(text.as_bytes()).await?;
        Ok(if lasting { Next::Request } else { Next::Close })
    }

    async fn connect(&self) -> io::Result<TcpStream> {
        let limit = self.shared.wakeups.sleep_until(Instant::now() + CONNECT_LIMIT);
        tokio::select! {
            connected = TcpStream::connect(&self.shared.to) => connected,
            () = limit => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    /// Passes a request on and its answer back, both at once: an answer may come before the body is sent.
    async fn forward(&mut self, request: &RequestHead, length: usize) -> io::Result<Next> {
        let Some(Upstream { reading, writing }) = &mut self.upstream else { return Ok(Next::Reset) };
        let mut sent = false;
        let client = &mut self.client;
        let up = async {
            client.pass(length, writing).await?;
            Body::new(request.framing).pass(client, writing).await
        };
        let tear = self.disturbance.borrow().tear.filter(|share| self.random.random::<f64>() < *share);
        let tally = &self.shared.tally;
        let down = async {
            loop {
                let (answer, length) = match next_answer(reading, request.method == "HEAD").await? {
                    Some(answer) => answer,
                    None => return Ok(Next::Close),
                };
                let switches =
                    answer.status == 101 || request.method == "CONNECT" && answer.status / 100 == 2;
                if switches {
                    reading.pass(length, &mut self.answers).await?;
                    return Ok(Next::Tunnel);
                }
                if answer.status / 100 == 1 {
                    reading.pass(length, &mut self.answers).await?;
                    continue;
                }
                count(&tally.answers);
                if tear.is_some() {
                    count(&tally.torn);
                    return torn(reading, length, answer.framing, &mut self.answers).await;
                }
                reading.pass(length, &mut self.answers).await?;
                let whole = Body::new(answer.framing).pass(reading, &mut self.answers).await?;
                let lasting = whole && answer.keep_alive && request.keep_alive;
                return Ok(if lasting { Next::Request } else { Next::Close });
            }
        };
        tokio::pin!(up, down);
        let next: io::Result<Next> = loop {
            tokio::select! {
                biased;
                next = &mut down => break next,
                // A server may have answered before it stopped to read.
                passed = &mut up, if !sent => {
                    sent = true;
                    if passed.is_ok_and(|whole| !whole) {
                        break Ok(Next::Close);
                    }
                }
            }
        };
        match next? {
            // What is left of the request would be taken for another one.
            Next::Request if !sent => Ok(Next::Close),
            next => Ok(next),
        }
    }

    /// Passes on what comes, both ways, until both have ended.
    async fn tunnel(mut self) {
        count(&self.shared.tally.unread);
        let Upstream { mut reading, mut writing } = match self.upstream.take() {
            Some(upstream) => upstream,
            None => match self.connect().await {
                Ok(server) => {
                    let (reading, writing) = halves(server);
                    Upstream { reading, writing }
                }
                Err(_) => return reset(&self.client),
            },
        };
        let (up, down) =
            tokio::join!(self.client.pass_rest(&mut writing), reading.pass_rest(&mut self.answers));
        if up.is_err() {
            reset(&reading);
        }
        if down.is_err() {
            reset(&self.client);
        }
    }
}

/// Reads the head of an answer; `None` where the server has ended before one began.
async fn next_answer(reading: &mut Reading, of_head: bool) -> io::Result<Option<(head::Head, usize)>> {
    loop {
        match head::read(&reading.buffer, of_head, false) {
            Ok(Some(answer)) => return Ok(Some(answer)),
            Ok(None) => {}
            Err(_) => return Err(io::ErrorKind::InvalidInput.into()),
        }
        if !reading.more().await? {
            return if reading.buffer.is_empty() {
                Ok(None)
            } else {
                Err(io::ErrorKind::UnexpectedEof.into())
            };
        }
    }
}

/// Passes on an answer to its middle: half of its body, as far as that is known, or of its head where it has none.
async fn torn(
    reading: &mut Reading,
    head: usize,
    framing: Framing,
    to: &mut OwnedWriteHalf,
) -> io::Result<Next> {
    if framing == Framing::Length(0) {
        reading.pass(head / 2, to).await?;
        to.shutdown().await?;
        return Ok(Next::Close);
    }
    reading.pass(head, to).await?;
    if reading.buffer.is_empty() {
        reading.more().await?;
    }
    if let Framing::Length(length) = framing {
        Body::Left(length / 2).pass(reading, to).await?;
    } else {
        let half = reading.buffer.len() / 2;
        reading.pass(half, to).await?;
    }
    if framing == Framing::UntilClose {
        return Ok(Next::Reset);
    }
    to.shutdown().await?;
    Ok(Next::Close)
}
