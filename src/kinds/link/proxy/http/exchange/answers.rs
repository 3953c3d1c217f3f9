//! What comes from the server.

use super::super::body::Body;
use super::super::disturbance::Disturbance;
use super::super::head::{Answer, Gathered, Method};
use super::super::tally::Http;
use super::{Closing, Exchange, Pending};

/// Where in an answer the server is.
#[derive(Debug)]
pub(super) enum Down {
    Between,
    /// In the head of an answer; one that is to be torn waits for the head's end.
    Head {
        head: Gathered,
        tears: bool,
    },
    Body(Body),
    /// In the body of one that is torn.
    Torn(Left),
    /// Beyond HTTP.
    Plain,
}

/// How much of a torn answer is still to come, and how it is ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Left {
    /// Nothing where its length is not known: half of what comes first.
    bytes: Option<u64>,
    closing: Closing,
}

/// What was done with a part of the input.
enum Part {
    /// So many bytes pass as they are.
    Passes(usize),
    /// So many are kept, or have been put into `to_client`.
    Kept(usize),
}

impl Exchange {
    /// Takes in bytes of the server. So many at their front pass as they are; what passes behind them is in `to_client`.
    pub fn respond(&mut self, input: &[u8], disturbance: &Disturbance) -> usize {
        let mut untouched = 0;
        let mut at = 0;
        while at < input.len() && self.closing.is_none() {
            let part = self.respond_to(&input[at..], disturbance);
            match part {
                Part::Passes(count) if untouched == at && self.to_client.is_empty() => {
                    at += count;
                    untouched = at;
                }
                Part::Passes(count) => {
                    self.to_client.extend_from_slice(&input[at..at + count]);
                    at += count;
                }
                Part::Kept(count) => at += count,
            }
            self.take_turns();
        }
        untouched
    }

    /// Takes in a part of the input, which is not empty.
    fn respond_to(&mut self, input: &[u8], disturbance: &Disturbance) -> Part {
        match &mut self.down {
            Down::Plain => Part::Passes(input.len()),
            Down::Between => {
                if matches!(self.pending.front(), Some(Pending::Passed(_))) {
                    let tears = disturbance.tear.is_some_and(|share| self.http.hits(share));
                    self.down = Down::Head { head: Gathered::default(), tears };
                } else {
                    // Nobody asked the server: one that closes may say so first, and nothing of sense follows.
                    self.become_plain();
                }
                Part::Kept(0)
            }
            Down::Head { .. } => self.head(input),
            Down::Body(body) => match body.advance(input) {
                Ok(count) => {
                    if body.is_done() {
                        self.down = Down::Between;
                    }
                    Part::Passes(count)
                }
                Err(_) => {
                    self.become_foreign();
                    self.become_plain();
                    Part::Kept(0)
                }
            },
            Down::Torn(left) => {
                let length = input.len() as u64;
                let count = left.bytes.unwrap_or(length / 2).min(length);
                let rest = left.bytes.map_or(0, |bytes| bytes - count);
                left.bytes = Some(rest);
                if rest == 0 {
                    let closing = left.closing;
                    self.tear(closing);
                }
                Part::Passes(count as usize)
            }
        }
    }

    fn tear(&mut self, closing: Closing) {
        Http::count(&self.http.torn);
        self.closing = Some(closing);
    }

    /// Takes in what belongs to the head of an answer.
    fn head(&mut self, input: &[u8]) -> Part {
        let Down::Head { head, tears } = &mut self.down else { return Part::Kept(0) };
        let (taken, whole) = head.take(input);
        let tears = *tears;
        let part = if tears { Part::Kept(taken) } else { Part::Passes(taken) };
        if !whole && !head.is_foreign(false) {
            return part;
        }
        let head = std::mem::take(head);
        let method = match self.pending.front() {
            Some(Pending::Passed(method)) => *method,
            _ => Method::Other,
        };
        match head.answer(method) {
            Ok(answer) if whole => self.begin(&head, answer, method, tears),
            _ => {
                self.become_foreign();
                if tears {
                    self.to_client.extend_from_slice(&head.bytes);
                }
                self.become_plain();
            }
        }
        part
    }

    /// The head of an answer is there.
    fn begin(&mut self, head: &Gathered, answer: Answer, method: Method, tears: bool) {
        let is_tunnel = answer.status == 101 || method == Method::Connect && answer.status / 100 == 2;
        let is_final = answer.status >= 200;
        if tears && (is_tunnel || !is_final) {
            self.to_client.extend_from_slice(&head.bytes);
        }
        if is_tunnel {
            return self.become_plain();
        }
        if !is_final {
            // The same answer goes on.
            self.down = Down::Head { head: Gathered::default(), tears };
            return;
        }
        Http::count(&self.http.answers);
        self.pending.pop_front();
        if tears {
            return self.begin_torn(head, answer);
        }
        self.down = answer.body.map_or(Down::Between, Down::Body);
    }

    /// An answer that is torn ends in the middle of its body, or of its head where it has none.
    fn begin_torn(&mut self, head: &Gathered, answer: Answer) {
        let Some(body) = answer.body else {
            self.to_client.extend_from_slice(&head.bytes[..head.bytes.len() / 2]);
            return self.tear(Closing::End);
        };
        self.to_client.extend_from_slice(&head.bytes);
        let left = match body {
            Body::Length(length) => Left { bytes: Some(length / 2), closing: Closing::End },
            Body::Chunked(_) => Left { bytes: None, closing: Closing::End },
            // The end of the connection is the end of the answer, so it has to be another one.
            Body::UntilClose => Left { bytes: None, closing: Closing::Reset },
        };
        if left.bytes == Some(0) {
            return self.tear(left.closing);
        }
        self.down = Down::Torn(left);
    }
}
