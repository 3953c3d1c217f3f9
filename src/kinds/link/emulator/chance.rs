//! What chance does to a packet: each direction of a link has a generator of its own, from the run's seed.

use std::time::Duration;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::condition::Impairment;

/// The draws of one direction.
pub(super) struct Chance {
    random: ChaCha8Rng,
    /// Whether the last packet was lost in a burst.
    losing: bool,
    /// Whether the last packet was chosen to be overtaken.
    held: bool,
}

impl Chance {
    pub fn new(seed: u64) -> Chance {
        Chance { random: ChaCha8Rng::seed_from_u64(seed), losing: false, held: false }
    }

    /// Whether the next packet is lost.
    pub fn loses(&mut self, impairment: &Impairment) -> bool {
        let loss = impairment.loss;
        let Some(burst) = impairment.burst.filter(|_| loss > 0.0 && loss < 1.0) else {
            return self.hits(loss);
        };
        // In the long run a share `loss` of the packets finds the bad state, and stays in it for `burst` packets.
        let leaves = 1.0 / burst.max(1.0);
        let enters = (leaves * loss / (1.0 - loss)).min(1.0);
        self.losing = if self.losing { !self.hits(leaves) } else { self.hits(enters) };
        self.losing
    }

    /// Whether the next packet is to be overtaken. As no two in a row are, it is more likely where the last was not.
    pub fn holds(&mut self, share: f64) -> bool {
        let likely = if share < 0.5 { share / (1.0 - share) } else { 1.0 };
        self.held = !self.held && self.hits(likely);
        self.held
    }

    /// Whether something that happens to such a share happens now.
    pub fn hits(&mut self, share: f64) -> bool {
        share > 0.0 && self.random.random::<f64>() < share
    }

    /// The time that the next packet takes.
    pub fn delay(&mut self, impairment: &Impairment) -> Duration {
        if impairment.jitter.is_zero() {
            return impairment.latency;
        }
        let sway = self.random.random_range(-1.0..=1.0_f64);
        let shift = impairment.jitter.mul_f64(sway.abs());
        if sway < 0.0 { impairment.latency.saturating_sub(shift) } else { impairment.latency + shift }
    }

    /// One of so many.
    pub fn below(&mut self, count: usize) -> usize {
        self.random.random_range(0..count.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COUNT: u32 = 200_000;

    /// Three standard errors of a share that was counted over so many.
    fn tolerance(share: f64) -> f64 {
        3.0 * (share * (1.0 - share) / f64::from(COUNT)).sqrt()
    }

    fn share(mut happens: impl FnMut() -> bool) -> f64 {
        f64::from((0..COUNT).map(|_| u32::from(happens())).sum::<u32>()) / f64::from(COUNT)
    }

    #[test]
    fn what_is_asked_for_happens_as_often() {
        for asked in [0.0, 0.01, 0.1, 0.4, 1.0] {
            let impairment = Impairment { loss: asked, ..Impairment::default() };
            let (mut losses, mut orders) = (Chance::new(1), Chance::new(2));
            let lost = share(|| losses.loses(&impairment));
            let overtaken = share(|| orders.holds(asked));
            assert!((lost - asked).abs() <= tolerance(asked), "{lost} of {asked}");
            let most = asked.min(0.5);
            assert!((overtaken - most).abs() <= tolerance(most) + 1e-5, "{overtaken} of {most}");
        }
    }

    #[test]
    fn bursts_are_as_long_and_as_frequent_as_asked_for() {
        let impairment = Impairment { loss: 0.1, burst: Some(5.0), ..Impairment::default() };
        let mut chance = Chance::new(3);
        let lost: Vec<bool> = (0..COUNT).map(|_| chance.loses(&impairment)).collect();
        let count = lost.iter().filter(|lost| **lost).count() as f64;
        let bursts = lost.windows(2).filter(|pair| !pair[0] && pair[1]).count() as f64;
        let (share, length) = (count / f64::from(COUNT), count / bursts);
        // Losses in bursts vary more than independent ones: nine times as much here.
        assert!((share - 0.1).abs() < 3.0 * tolerance(0.1), "{share}");
        assert!((length - 5.0).abs() < 0.3, "{length}");
    }

    #[test]
    fn no_two_in_a_row_are_overtaken() {
        let mut chance = Chance::new(4);
        let held: Vec<bool> = (0..10_000).map(|_| chance.holds(0.3)).collect();
        assert!(held.windows(2).all(|pair| !(pair[0] && pair[1])));
    }

    #[test]
    fn delays_lie_evenly_within_the_jitter_and_never_below_zero() {
        let milliseconds = Duration::from_millis;
        let impairment =
            Impairment { latency: milliseconds(20), jitter: milliseconds(5), ..Impairment::default() };
        let mut chance = Chance::new(5);
        let delays: Vec<f64> = (0..10_000).map(|_| chance.delay(&impairment).as_secs_f64() * 1e3).collect();
        assert!(delays.iter().all(|delay| (15.0..=25.0).contains(delay)));
        let mean = delays.iter().sum::<f64>() / delays.len() as f64;
        assert!((mean - 20.0).abs() < 0.2, "{mean}");
        let more = Impairment { latency: milliseconds(1), ..impairment };
        assert!((0..1000).any(|_| chance.delay(&more).is_zero()));
    }
}
