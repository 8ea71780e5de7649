//! Medians and spreads.

use serde::{Deserialize, Serialize};

/// The same thing, measured once per round.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// The median: as many rounds were above it as below.
    pub median: f64,
    /// The lowest.
    pub low: f64,
    /// The highest.
    pub high: f64,
}

impl Spread {
    /// Takes one value per round. Returns `None` for no rounds.
    pub fn of(rounds: &[f64]) -> Option<Self> {
        let mut sorted = rounds.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let (low, high) = (*sorted.first()?, *sorted.last()?);
        let middle = sorted.len() / 2;
        let median = if sorted.len() % 2 == 1 {
            sorted[middle]
        } else {
            f64::midpoint(sorted[middle - 1], sorted[middle])
        };
        Some(Self { median, low, high })
    }

    /// Returns the ratio of `rounds` to `base`, round by round: both of a pair were measured in the
    /// same minute, so whatever slowed the machine down then affects both.
    pub fn of_ratios(rounds: &[f64], base: &[f64]) -> Option<Self> {
        let ratios: Vec<_> = rounds.iter().zip(base).map(|(value, base)| value / base).collect();
        Self::of(&ratios)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_odd_number_is_the_middle_one() {
        let spread = Spread::of(&[5.0, 1.0, 3.0]).unwrap();
        assert_eq!(spread, Spread { median: 3.0, low: 1.0, high: 5.0 });
    }

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_two() {
        let spread = Spread::of(&[4.0, 1.0, 2.0, 9.0]).unwrap();
        assert_eq!(spread, Spread { median: 3.0, low: 1.0, high: 9.0 });
    }

    #[test]
    fn of_nothing_there_is_no_median() {
        assert_eq!(Spread::of(&[]), None);
    }

    #[test]
    fn a_slow_round_does_not_show_in_a_ratio() {
        let spread = Spread::of_ratios(&[1.0, 0.1, 1.2], &[2.0, 0.2, 2.0]).unwrap();
        assert_eq!(spread, Spread { median: 0.5, low: 0.5, high: 0.6 });
    }
}
