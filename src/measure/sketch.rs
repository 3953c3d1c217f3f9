//! A mergeable picture of how values are distributed, good to three significant digits.
//!
//! Buckets are log-linear: the exponent of the number and the first bits of its fraction, as in HdrHistogram
//! (Gil Tene) but over all finite floating-point numbers, so that it needs neither a range nor a unit. Where
//! only so many buckets may be kept, neighbouring pairs are joined (as UDDSketch does, Epicoco et al. 2020),
//! which doubles the error everywhere alike.

use hdrhistogram::Histogram;

/// Bits of the fraction in a bucket's key: 1024 buckets to a doubling, hence an error below 0.1 %.
const FRACTION_BITS: u32 = 10;
const DROPPED_BITS: u32 = 52 - FRACTION_BITS;

/// Buckets in order of value, with how many values lie in each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sketch {
    /// How often neighbouring buckets were joined.
    coarseness: u8,
    buckets: Vec<(i32, u64)>,
}

impl Sketch {
    /// The picture of some values; what is not finite is left out.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Sketch {
        let counted = values.into_iter().filter(|value| value.is_finite()).map(|value| (key(value), 1));
        Sketch::from_unsorted(counted.collect())
    }

    /// The picture of a histogram whose values are in `unit`s (1e-9 for nanoseconds told in seconds).
    pub fn of_histogram(histogram: &Histogram<u64>, unit: f64) -> Sketch {
        let counted = histogram.iter_recorded().map(|step| {
            let middle = histogram.median_equivalent(step.value_iterated_to());
            (key(middle as f64 * unit), step.count_since_last_iteration())
        });
        Sketch::from_unsorted(counted.collect())
    }

    fn from_unsorted(mut buckets: Vec<(i32, u64)>) -> Sketch {
        buckets.sort_unstable_by_key(|(key, _)| *key);
        buckets.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            if same {
                kept.1 += later.1;
            }
            same
        });
        Sketch { coarseness: 0, buckets }
    }

    /// Takes in all values of `other`.
    pub fn merge(&mut self, mut other: Sketch) {
        while self.coarseness < other.coarseness {
            self.coarsen();
        }
        while other.coarseness < self.coarseness {
            other.coarsen();
        }
        let mine = std::mem::take(&mut self.buckets);
        self.buckets = Vec::with_capacity(mine.len() + other.buckets.len());
        let (mut left, mut right) = (mine.into_iter().peekable(), other.buckets.into_iter().peekable());
        loop {
            let next = match (left.peek(), right.peek()) {
                (Some(a), Some(b)) if a.0 == b.0 => {
                    let joined = (a.0, a.1 + b.1);
                    left.next();
                    right.next();
                    joined
                }
                (Some(a), Some(b)) if a.0 > b.0 => {
                    let taken = *b;
                    right.next();
                    taken
                }
                (Some(a), _) => {
                    let taken = *a;
                    left.next();
                    taken
                }
                (None, Some(b)) => {
                    let taken = *b;
                    right.next();
                    taken
                }
                (None, None) => break,
            };
            self.buckets.push(next);
        }
    }

    /// Joins neighbours until at most `most` buckets are left.
    pub fn limit(&mut self, most: usize) {
        while self.buckets.len() > most.max(4) {
            self.coarsen();
        }
    }

    fn coarsen(&mut self) {
        self.coarseness += 1;
        for (key, _) in &mut self.buckets {
            *key = key.signum() * (((key.abs() - 1) >> 1) + 1);
        }
        let joined = Sketch::from_unsorted(std::mem::take(&mut self.buckets));
        self.buckets = joined.buckets;
    }

    /// Values with how many there are of each, in order.
    pub fn values(&self) -> impl Iterator<Item = (f64, u64)> {
        self.buckets.iter().map(|&(key, count)| (representative(key, self.coarseness), count))
    }

    /// The small form for keeping: differences of keys and counts as variable-length integers.
    pub fn pack(&self) -> Packed {
        let mut bytes = Vec::with_capacity(1 + self.buckets.len() * 3);
        bytes.push(self.coarseness);
        let mut previous = i64::from(i32::MIN);
        for (key, count) in &self.buckets {
            let difference = i64::from(*key) - previous;
            previous = i64::from(*key);
            write_varint(&mut bytes, difference as u64);
            write_varint(&mut bytes, *count);
        }
        Packed(bytes.into_boxed_slice())
    }
}

/// A sketch at rest.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Packed(Box<[u8]>);

impl Packed {
    /// The sketch again.
    pub fn unpack(&self) -> Sketch {
        let Some((coarseness, mut rest)) = self.0.split_first() else {
            return Sketch::default();
        };
        let mut buckets = Vec::with_capacity(rest.len() / 2);
        let mut previous = i64::from(i32::MIN);
        while !rest.is_empty() {
            previous += read_varint(&mut rest) as i64;
            buckets.push((previous as i32, read_varint(&mut rest)));
        }
        Sketch { coarseness: *coarseness, buckets }
    }

    /// Memory it takes beside itself.
    pub fn bytes(&self) -> usize {
        self.0.len()
    }
}

/// The value of nearest rank: the smallest with at least the share `quantile` of all values at or below it.
/// `values` must be in order.
pub fn quantile(values: &[(f64, u64)], quantile: f64) -> Option<f64> {
    let total: u64 = values.iter().map(|(_, count)| count).sum();
    // A tiny allowance, or 0.999 × 1000 would round up to rank 1000.
    let rank = ((quantile * total as f64 - 1e-9).ceil() as u64).max(1);
    let mut passed = 0;
    values.iter().find_map(|(value, count)| {
        passed += count;
        (passed >= rank).then_some(*value)
    })
}

/// Zero is 0; other numbers count upwards (downwards when negative) from 1.
fn key(value: f64) -> i32 {
    if value == 0.0 {
        return 0;
    }
    let magnitude = (value.abs().to_bits() >> DROPPED_BITS) as i32 + 1;
    if value < 0.0 { -magnitude } else { magnitude }
}

/// The number that stands for a bucket: its middle, or its lower edge where that is a small whole number, so
/// that what was counted in whole numbers stays whole.
fn representative(key: i32, coarseness: u8) -> f64 {
    if key == 0 {
        return 0.0;
    }
    let edge = |index: u64| f64::from_bits((index << coarseness) << DROPPED_BITS);
    let index = u64::from(key.unsigned_abs()) - 1;
    let low = edge(index);
    let high = edge(index + 1);
    let whole = coarseness == 0 && low.fract() == 0.0 && low < f64::from(1u32 << FRACTION_BITS);
    let magnitude = if whole || !high.is_finite() { low } else { low + (high - low) / 2.0 };
    if key < 0 { -magnitude } else { magnitude }
}

/// LEB128, as in DWARF.
fn write_varint(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn read_varint(bytes: &mut &[u8]) -> u64 {
    let mut number = 0;
    let mut shift = 0;
    while let Some((byte, rest)) = bytes.split_first() {
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            break;
        }
    }
    number
}

#[cfg(test)]
mod tests {
    use rand::{Rng, SeedableRng};

    use super::*;

    fn exact(mut values: Vec<f64>, share: f64) -> f64 {
        values.sort_by(f64::total_cmp);
        values[((share * values.len() as f64 - 1e-9).ceil() as usize).max(1) - 1]
    }

    #[test]
    fn quantiles_are_good_to_three_digits_at_every_size() {
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(1);
        for round in 0..50 {
            let spread: f64 = random.random_range(0.1..12.0);
            let values: Vec<f64> =
                (0..2000).map(|_| 10f64.powf(random.random_range(-spread..spread))).collect();
            let sketch = Sketch::of(values.iter().copied()).pack().unpack();
            let pairs: Vec<_> = sketch.values().collect();
            for share in [0.5, 0.9, 0.95, 0.99, 0.999] {
                let (seen, true_value) = (quantile(&pairs, share).unwrap(), exact(values.clone(), share));
                assert!((seen - true_value).abs() <= 0.001 * true_value, "{round}: {seen} for {true_value}");
            }
        }
    }

    #[test]
    fn a_histogram_of_nanoseconds_keeps_three_digits_too() {
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(2);
        let mut histogram = Histogram::<u64>::new(3).unwrap();
        let values: Vec<u64> = (0..5000).map(|_| random.random_range(50_000..900_000_000)).collect();
        for value in &values {
            histogram.record(*value).unwrap();
        }
        let pairs: Vec<_> = Sketch::of_histogram(&histogram, 1e-9).values().collect();
        for share in [0.5, 0.95, 0.999] {
            let seen = quantile(&pairs, share).unwrap();
            let true_value = exact(values.iter().map(|value| *value as f64 * 1e-9).collect(), share);
            assert!((seen - true_value).abs() <= 0.001 * true_value, "{seen} for {true_value}");
        }
    }

    #[test]
    fn small_whole_numbers_zero_and_negatives_stay_as_they_are() {
        let values = [-700.0, -3.0, 0.0, 1.0, 2.0, 3.0, 1000.0];
        let seen: Vec<_> = Sketch::of(values).values().collect();
        assert_eq!(seen, values.map(|value| (value, 1)));
    }

    #[test]
    fn merging_is_counting_together_even_at_different_coarseness() {
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(3);
        let left: Vec<f64> = (0..500).map(|_| random.random_range(-5.0..1e6)).collect();
        let right: Vec<f64> = (0..300).map(|_| random.random_range(1.0..1e3)).collect();
        let mut merged = Sketch::of(left.iter().copied());
        merged.limit(40);
        merged.merge(Sketch::of(right.iter().copied()));
        assert!(merged.values().count() <= 80);
        assert_eq!(merged.values().map(|(_, count)| count).sum::<u64>(), 800);
        let values: Vec<f64> = merged.values().map(|(value, _)| value).collect();
        assert!(values.is_sorted(), "{values:?}");
        let mut together = Sketch::of(left.iter().copied());
        together.merge(Sketch::of(right.iter().copied()));
        assert_eq!(together, Sketch::of(left.into_iter().chain(right)));
    }

    #[test]
    fn nothing_has_no_quantile() {
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(Packed::default().unpack(), Sketch::default());
        assert_eq!(Sketch::of([f64::NAN, f64::INFINITY]), Sketch::default());
    }
}
