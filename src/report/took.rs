//! Times that something took: exact ends, and a median from an even choice among them in bounded memory.

use super::{MAX_TOLD_OF_ONE, Took};

/// How many are kept for the median; even.
const KEPT: usize = 1_024;

/// Times, taken in one by one.
#[derive(Clone, Debug)]
pub struct Times {
    count: u64,
    min: f64,
    max: f64,
    first: Vec<f64>,
    /// Every `stride`th of all.
    kept: Vec<f64>,
    stride: u64,
}

impl Default for Times {
    fn default() -> Times {
        Times { count: 0, min: f64::INFINITY, max: 0.0, first: Vec::new(), kept: Vec::new(), stride: 1 }
    }
}

impl Times {
    /// Takes one in, in seconds.
    pub fn add(&mut self, seconds: f64) {
        if self.count.is_multiple_of(self.stride) {
            if self.kept.len() == KEPT {
                let mut index = 0;
                self.kept.retain(|_| {
                    index += 1;
                    index % 2 == 1
                });
                self.stride *= 2;
            }
            self.kept.push(seconds);
        }
        if self.first.len() < MAX_TOLD_OF_ONE {
            self.first.push(seconds);
        }
        self.count += 1;
        self.min = self.min.min(seconds);
        self.max = self.max.max(seconds);
    }

    /// What they come to; nothing where there was none.
    pub fn told(&self) -> Option<Took> {
        let mut sorted = self.kept.clone();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        let upper = *sorted.get(middle)?;
        let median = if sorted.len() % 2 == 1 { upper } else { f64::midpoint(sorted[middle - 1], upper) };
        Some(Took { count: self.count, min: self.min, median, max: self.max, each: self.first.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_are_exact_and_the_median_close_however_many_there_are() {
        let mut times = Times::default();
        assert_eq!(times.told(), None);
        for index in (0..100_000).rev() {
            times.add(f64::from(index));
        }
        let took = times.told().unwrap();
        assert_eq!((took.count, took.min, took.max), (100_000, 0.0, 99_999.0));
        assert!((took.median - 50_000.0).abs() < 500.0, "{}", took.median);
        assert_eq!(took.each.len(), MAX_TOLD_OF_ONE);
        assert!(times.kept.len() <= KEPT);
    }

    #[test]
    fn of_few_the_median_is_exact() {
        let mut times = Times::default();
        [3.0, 1.0, 10.0, 2.0].iter().for_each(|seconds| times.add(*seconds));
        assert_eq!(times.told().unwrap().median, 2.5);
        times.add(0.0);
        assert_eq!(times.told().unwrap().median, 2.0);
    }
}
