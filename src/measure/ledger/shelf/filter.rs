//! Which keys a run certainly does not hold: a Bloom filter whose bits for one key lie in one cache line (Putze,
//! Sanders, Singler: "Cache-, Hash- and Space-Efficient Bloom Filters", 2007).

use super::Key;

/// Bits a key; with seven probes within 512 bits some two keys in a thousand are looked for in vain.
const BITS_A_KEY: u64 = 16;
const BLOCK_BITS: u64 = 512;
const PROBES: u32 = 7;

/// Made for a number of keys that is known.
#[derive(Debug)]
pub struct Filter {
    blocks: Box<[[u64; 8]]>,
}

impl Filter {
    pub fn new(keys: u64) -> Filter {
        let blocks = (keys * BITS_A_KEY).div_ceil(BLOCK_BITS).max(1);
        Filter { blocks: vec![[0; 8]; blocks as usize].into() }
    }

    fn block(&self, key: &Key) -> usize {
        ((u64::from(key[0]) * self.blocks.len() as u64) >> 32) as usize
    }

    /// Nine bits of the key for each probe.
    fn probes(key: &Key) -> impl Iterator<Item = (usize, u64)> {
        let bits = u64::from(key[2]) << 32 | u64::from(key[3]);
        (0..PROBES).map(move |probe| {
            let bit = bits >> (9 * probe) & 511;
            ((bit / 64) as usize, 1 << (bit % 64))
        })
    }

    pub fn insert(&mut self, key: &Key) {
        let block = self.block(key);
        for (word, bit) in Filter::probes(key) {
            self.blocks[block][word] |= bit;
        }
    }

    pub fn may_hold(&self, key: &Key) -> bool {
        let block = &self.blocks[self.block(key)];
        Filter::probes(key).all(|(word, bit)| block[word] & bit != 0)
    }

    pub fn bytes(&self) -> usize {
        self.blocks.len() * 64
    }
}
