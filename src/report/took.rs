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
