//! What is on its way through one direction of one connection: read, and not written yet.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::condition::Direction;
use super::pump::CHUNK;
use super::setting::Passage;

/// The most bytes one direction of one connection holds. When it is full, the sender is slowed down by TCP. It
/// bounds what one connection can carry under a latency: at 10 ms, 400 MB/s.
pub const DIRECTION_LIMIT: usize = 4 << 20;
/// The most bytes all connections of a link hold together. Beyond it a direction that holds nothing may still
/// take up one chunk, so that every connection moves on.
pub const LINK_LIMIT: usize = 512 << 20;
/// What a chunk costs beside its bytes, so that a stream of tiny chunks is bounded too.
const CHUNK_COST: usize = 128;
/// How much longer than its latency a direction with limited bandwidth lets bytes pile up.
const PILE: Duration = Duration::from_millis(100);
/// The least room of a direction with limited bandwidth, in bytes.
const LEAST_ROOM: usize = 4096;

/// Bytes that were read together.
#[derive(Debug)]
pub(super) struct Chunk {
    bytes: Box<[u8]>,
    gone: usize,
    pub arrived: Instant,
    /// Its place in the range of the jitter, from -1 to 1.
    pub sway: f64,
}

impl Chunk {
    pub fn rest(&self) -> &[u8] {
        &self.bytes[self.gone..]
    }
}

/// The chunks on their way, oldest first.
#[derive(Debug)]
pub(super) struct Transit {
    chunks: VecDeque<Chunk>,
    cost: usize,
    /// The same for the whole link.
    link_cost: Arc<AtomicUsize>,
}

impl Transit {
    pub fn new(link_cost: Arc<AtomicUsize>) -> Transit {
        Transit { chunks: VecDeque::new(), cost: 0, link_cost }
    }

    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    pub fn first(&self) -> Option<&Chunk> {
        self.chunks.front()
    }

    /// How many bytes may be read now.
    pub fn room(&self, passage: &Passage) -> usize {
        if self.is_empty() {
            return match passage {
                Passage::Held => 0,
                Passage::Clear => CHUNK,
                Passage::Impaired(direction, _) => limit(direction).min(CHUNK),
            };
        }
        match passage {
            Passage::Held | Passage::Clear => 0,
            Passage::Impaired(direction, _) => {
                let link = LINK_LIMIT.saturating_sub(self.link_cost.load(Ordering::Relaxed));
                limit(direction).saturating_sub(self.cost).min(link).min(CHUNK)
            }
        }
    }

    pub fn push(&mut self, bytes: &[u8], arrived: Instant, sway: f64) {
        self.chunks.push_back(Chunk { bytes: bytes.into(), gone: 0, arrived, sway });
        self.cost += bytes.len() + CHUNK_COST;
        self.link_cost.fetch_add(bytes.len() + CHUNK_COST, Ordering::Relaxed);
    }

    /// Takes `count` bytes off the first chunk. Gives back when that chunk arrived if it is through.
    pub fn advance(&mut self, count: usize) -> Option<Instant> {
        let first = self.chunks.front_mut()?;
        first.gone += count;
        if first.gone < first.bytes.len() {
            return None;
        }
        let chunk = self.chunks.pop_front()?;
        self.release(chunk.bytes.len() + CHUNK_COST);
        Some(chunk.arrived)
    }

    /// Throws everything away and says how many bytes that were.
    pub fn discard(&mut self) -> usize {
        let lost = self.chunks.drain(..).map(|chunk| chunk.bytes.len() - chunk.gone).sum();
        self.release(self.cost);
        lost
    }

    fn release(&mut self, cost: usize) {
        self.cost -= cost;
        self.link_cost.fetch_sub(cost, Ordering::Relaxed);
    }
}

/// The most a direction holds: what is on the wire during its latency, and a bit.
fn limit(direction: &Direction) -> usize {
    direction.bandwidth.map_or(DIRECTION_LIMIT, |bandwidth| {
        let time = direction.latency.saturating_add(direction.jitter).saturating_add(PILE);
        // A float beyond the range of the integer becomes its largest value, and no number becomes zero.
        ((bandwidth * time.as_secs_f64()) as usize).clamp(LEAST_ROOM, DIRECTION_LIMIT)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_counted_for_the_link_and_given_back() {
        let link = Arc::new(AtomicUsize::new(0));
        let mut transit = Transit::new(Arc::clone(&link));
        let now = Instant::now();
        transit.push(b"abc", now, 0.0);
        transit.push(b"defg", now, 0.0);
        assert_eq!(link.load(Ordering::Relaxed), 7 + 2 * CHUNK_COST);
        assert_eq!(transit.advance(2), None);
        assert_eq!(transit.first().unwrap().rest(), b"c");
        assert_eq!(transit.advance(1), Some(now));
        assert_eq!(transit.advance(1), None);
        assert_eq!(transit.discard(), 3);
        assert!(transit.is_empty());
        assert_eq!(link.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_full_link_still_lets_an_empty_direction_take_a_chunk() {
        let link = Arc::new(AtomicUsize::new(LINK_LIMIT));
        let mut transit = Transit::new(link);
        let direction = Direction { latency: Duration::from_millis(10), ..Direction::default() };
        let setting = super::super::setting::Setting::new(
            super::super::Condition::Degrade(super::super::Impairment::both(direction)),
            0,
        );
        let passage = setting.passage(super::super::condition::Side::Up);
        assert_eq!(transit.room(&passage), CHUNK);
        transit.push(b"x", Instant::now(), 0.0);
        assert_eq!(transit.room(&passage), 0);
    }

    #[test]
    fn a_narrow_direction_holds_little() {
        for (bandwidth, expected) in [
            (None, DIRECTION_LIMIT),
            (Some(1e6), 200_000),
            (Some(10.0), LEAST_ROOM),
            (Some(1e30), DIRECTION_LIMIT),
        ] {
            let direction =
                Direction { latency: Duration::from_millis(100), jitter: Duration::ZERO, bandwidth };
            assert_eq!(limit(&direction), expected, "{bandwidth:?}");
        }
    }
}
