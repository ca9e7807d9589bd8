//! Chance that repeats itself: the same seed draws the same numbers again.

/// The draw `number` of the dice `seed`: `SplitMix64`, read at any place of its sequence, so that concurrent draws need
/// nothing in common but the seed.
pub(crate) fn dice(seed: u64, number: u64) -> u64 {
    const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
    let state = seed.wrapping_add(number.wrapping_add(1).wrapping_mul(GOLDEN));
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::dice;

    #[test]
    fn draws_are_those_of_splitmix64() {
        // The first numbers of the reference implementation for this seed.
        let drawn = [0, 1, 2].map(|number| dice(1_234_567, number));
        assert_eq!(drawn, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }
}
