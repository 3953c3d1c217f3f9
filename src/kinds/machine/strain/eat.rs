//! Memory that is held: taken piece by piece, written to so that it is really there, and given back before the machine is
//! short of it.

use super::Eaten;
use crate::kinds::disk::reserve::memory_to_spare;

/// It is taken and given back in pieces of so many bytes.
const PIECE: u64 = 16 << 20;
/// The smallest page there is.
const PAGE: usize = 4096;

/// The memory held.
pub(super) struct Eating {
    pieces: Vec<Vec<u8>>,
    held: u64,
    asked: u64,
    found: Eaten,
}

impl Eating {
    pub fn new(asked: u64) -> Eating {
        Eating { pieces: Vec::new(), held: 0, asked, found: Eaten::default() }
    }

    /// Takes another piece; false when all is held or the machine has none to spare.
    pub fn take(&mut self) -> bool {
        let size = PIECE.min(self.asked - self.held);
        if size == 0 || self.found.kept {
            return false;
        }
        // Twice the piece: what is taken is not given back in the same moment.
        self.found.kept = memory_to_spare().is_some_and(|spare| spare < size + PIECE);
        if self.found.kept {
            return false;
        }
        // What is only reserved is not there; one byte a page is.
        let mut piece = vec![0; size as usize];
        piece.iter_mut().step_by(PAGE).for_each(|byte| *byte = 1);
        self.held += size;
        self.pieces.push(piece);
        self.found.most = self.found.most.max(self.held);
        true
    }

    /// Gives back what the machine needs.
    pub fn yield_some(&mut self) {
        while memory_to_spare() == Some(0)
            && let Some(piece) = self.pieces.pop()
        {
            self.held -= piece.len() as u64;
            self.found.kept = true;
        }
    }

    /// Gives all of it back.
    pub fn end(self) -> Eaten {
        Eaten { left: self.held, ..self.found }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_takes_what_is_asked_and_no_more() {
        let mut eating = Eating::new(PIECE + 5);
        while eating.take() {}
        assert_eq!(eating.pieces.len(), 2);
        eating.yield_some();
        assert_eq!(eating.end(), Eaten { most: PIECE + 5, left: PIECE + 5, kept: false });
    }

    #[test]
    fn what_the_machine_does_not_have_is_not_taken() {
        let mut eating = Eating::new(u64::MAX);
        eating.found.kept = true;
        assert!(!eating.take());
        assert_eq!(eating.end(), Eaten { most: 0, left: 0, kept: true });
    }
}
