//! Random choices that come from one seed and from nothing else.
//!
//! Every place where something is drawn has a stream of its own, told by where in the story it is: the
//! statements and passes around it. So what one strand draws never depends on how fast another one was, and the
//! same seed gives the same run.

use crate::source::Span;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// A place in the story: the statements and passes on the way to it, mixed into one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place(u64);

impl Place {
    /// The outermost place.
    pub const STORY: Place = Place(0);

    /// The place of a statement inside this one, in its so-manyth pass or branch.
    pub fn inner(self, statement: Span, pass: u64) -> Place {
        Place(mix(mix(self.0 ^ mix(u64::from(statement.start) + 1)) ^ pass))
    }

    /// The stream that this place draws from.
    pub fn stream(self, seed: u64) -> ChaCha8Rng {
        let mut stream = ChaCha8Rng::seed_from_u64(seed);
        stream.set_stream(self.0);
        stream
    }

    /// A seed for something outside the interpreter that draws by itself.
    pub fn seed(self, seed: u64) -> u64 {
        mix(mix(seed) ^ self.0)
    }
}

/// The finalizer of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngCore;

    #[test]
    fn a_place_draws_the_same_whatever_else_is_drawn_and_no_two_places_do() {
        let first = Place::STORY.inner(Span::at(3), 1);
        let second = Place::STORY.inner(Span::at(3), 2);
        let nested = first.inner(Span::at(3), 1);
        let draws = |place: Place| place.stream(7).next_u64();
        assert_eq!(draws(first), draws(first));
        assert_ne!(draws(first), draws(second));
        assert_ne!(draws(first), draws(nested));
        assert_ne!(first.stream(7).next_u64(), first.stream(8).next_u64());
    }
}
