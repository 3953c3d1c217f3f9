//! When a ledger may not have seen what arrived: while a broker was away, or a database did not answer.

use crate::lang::moment::Moment;
use crate::measure::window::Window;

/// Times that are kept apart; of more, two neighbours are taken together.
const MOST: usize = 64;

/// The times in which a ledger may have missed what arrived.
#[derive(Debug, Default)]
pub struct Missed {
    closed: Vec<Blind>,
    /// Of the sources that do not see anything at present, by their number.
    open: Vec<(usize, Blind)>,
}

#[derive(Clone, Debug)]
struct Blind {
    from: Moment,
    to: Moment,
    why: String,
}

impl Missed {
    /// A source sees nothing from a moment on; the first moment and reason of several count.
    pub fn begin(&mut self, source: usize, from: Moment, why: &str) {
        if !self.is_open(source) {
            self.open.push((source, Blind { from, to: Moment::NEVER, why: why.to_owned() }));
        }
    }

    /// Whether a source sees nothing at present.
    pub fn is_open(&self, source: usize) -> bool {
        self.open.iter().any(|(open, _)| *open == source)
    }

    /// It sees again, and what came meanwhile it will never see. Since when it had not, is given back.
    pub fn end(&mut self, source: usize, to: Moment) -> Option<Moment> {
        let blind = self.take(source)?;
        let from = blind.from;
        self.add(Blind { to, ..blind });
        Some(from)
    }

    /// It sees again, and all that came meanwhile too.
    pub fn make_good(&mut self, source: usize) -> bool {
        self.take(source).is_some()
    }

    /// Something was missed between two moments.
    pub fn between(&mut self, from: Moment, to: Moment, why: &str) {
        self.add(Blind { from, to, why: why.to_owned() });
    }

    fn take(&mut self, source: usize) -> Option<Blind> {
        let place = self.open.iter().position(|(open, _)| *open == source)?;
        Some(self.open.remove(place).1)
    }

    fn add(&mut self, blind: Blind) {
        self.closed.push(blind);
        if self.closed.len() > MOST {
            let first = self.closed.remove(0);
            let next = &mut self.closed[0];
            next.from = next.from.min(first.from);
            next.to = next.to.max(first.to);
        }
    }

    /// Why nothing may be concluded from a reading over a window. What was sent is known in any case; that nothing is
    /// lost is true however much was missed.
    pub fn doubt(&self, reading: &str, window: Window, lost: Option<u64>) -> Option<&str> {
        if reading == "sent" || (reading == "lost" && lost == Some(0)) {
            return None;
        }
        // What was sent in the window may have come, unseen, at any time after.
        let later = matches!(reading, "lost" | "delay");
        let touches = |blind: &&Blind| blind.to >= window.start && (later || blind.from < window.end);
        let open = self.open.iter().map(|(_, blind)| blind);
        self.closed.iter().chain(open).find(touches).map(|blind| blind.why.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_have_been_missed_is_doubted() {
        let mut missed = Missed::default();
        let window = |start, end| Window::between(Moment(start), Moment(end));
        missed.begin(0, Moment(100), "away");
        missed.begin(0, Moment(150), "still away");
        assert_eq!(missed.doubt("duplicated", window(0, 50), None), None);
        assert_eq!(missed.doubt("duplicated", window(0, 120), None), Some("away"));
        assert_eq!(missed.doubt("lost", window(0, 50), Some(3)), Some("away"), "it may have come later");
        assert_eq!(missed.doubt("lost", window(0, 50), Some(0)), None);
        assert_eq!(missed.doubt("sent", window(0, 500), None), None);
        assert_eq!(missed.end(0, Moment(200)), Some(Moment(100)));
        assert_eq!(missed.doubt("lost", window(201, 300), Some(1)), None);
        assert_eq!(missed.doubt("altered", window(200, 300), None), Some("away"));
        missed.begin(1, Moment(400), "no answer");
        assert!(missed.make_good(1));
        assert_eq!(missed.doubt("received", window(300, 500), None), None);
    }

    #[test]
    fn many_times_are_taken_together() {
        let mut missed = Missed::default();
        for at in 0..1000 {
            missed.between(Moment(at * 10), Moment(at * 10 + 1), "away");
        }
        assert!(missed.closed.len() <= MOST);
        assert_eq!(missed.doubt("altered", Window::between(Moment(5), Moment(6)), None), Some("away"));
    }
}
