//! How do durations spread, and do two sets of them differ?

/// The smallest value that at least `percent` of the sorted values do not exceed (nearest rank): exact, and one that
/// was measured.
pub(crate) fn percentile(sorted: &[i64], percent: u32) -> Option<i64> {
    sorted.get(nearest(sorted.len(), percent)).copied()
}

/// Where among so many sorted values the [`percentile`] stands.
pub(crate) const fn nearest(values: usize, percent: u32) -> usize {
    (values * percent as usize).div_ceil(100).saturating_sub(1)
}

/// The [`percentile`] that half of the values do not exceed; 0 of none.
pub(crate) fn median(sorted: &[i64]) -> i64 {
    percentile(sorted, 50).unwrap_or_default()
}

/// How surely two sorted sets differ: the normal score of the Mann-Whitney rank sum, positive when the second is
/// larger. It asks for no distribution; below about five values a side it says little.
pub(crate) fn rank_score(first: &[i64], second: &[i64]) -> f64 {
    let (n, m) = (first.len() as f64, second.len() as f64);
    if first.is_empty() || second.is_empty() {
        return 0.0;
    }
    // Pairs in which the second is larger; a tie counts half. Ties also narrow the spread that chance would give.
    let (mut larger, mut ties) = (0.0, 0.0);
    let (mut below, mut at) = (0, 0);
    while at < second.len() {
        let value = second[at];
        let run = second[at..].iter().take_while(|other| **other == value).count();
        below += first[below..].iter().take_while(|other| **other < value).count();
        let equal = first[below..].iter().take_while(|other| **other == value).count();
        larger += run as f64 * (below as f64 + equal as f64 / 2.0);
        let alike = (run + equal) as f64;
        ties += alike.powi(3) - alike;
        at += run;
    }
    let all = n + m;
    let variance = n * m / 12.0 * ((all + 1.0) - ties / (all * (all - 1.0)));
    if variance <= 0.0 { 0.0 } else { (larger - n * m / 2.0) / variance.sqrt() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_value_that_was_measured() {
        let sorted: Vec<i64> = (1..=100).collect();
        assert_eq!([50, 95, 99, 100].map(|percent| percentile(&sorted, percent)), [50, 95, 99, 100].map(Some));
        assert_eq!(percentile(&[7], 99), Some(7));
        assert_eq!(percentile(&[1, 9], 50), Some(1));
        assert_eq!(percentile(&[], 50), None);
    }

    #[test]
    fn a_percentile_is_the_smallest_value_that_so_many_do_not_exceed() {
        for n in 1..=120_i64 {
            // Each thrice.
            let sorted: Vec<i64> = (0..n).map(|at| at / 3).collect();
            for percent in [1, 25, 50, 75, 90, 95, 99, 100] {
                let are_enough = |value: i64| {
                    let below = sorted.iter().filter(|one| **one <= value).count();
                    below * 100 >= sorted.len() * percent as usize
                };
                let smallest = sorted.iter().copied().find(|value| are_enough(*value));
                assert_eq!(percentile(&sorted, percent), smallest, "p{percent} of {n}");
            }
        }
        assert_eq!([&[1, 9][..], &[1, 5, 9], &[1, 2, 8, 9], &[]].map(median), [1, 5, 2, 0]);
    }

    #[test]
    fn sets_that_differ_score_and_sets_that_do_not_score_nothing() {
        let low: Vec<i64> = (0..30).collect();
        let high: Vec<i64> = (100..130).collect();
        assert!(rank_score(&low, &high) > 5.0);
        assert!(rank_score(&high, &low) < -5.0);
        assert!(rank_score(&low, &low).abs() < 1e-9);
        assert!(rank_score(&[5; 40], &[5; 40]).abs() < 1e-9, "ties say nothing");
        assert!(rank_score(&[1, 2], &[3, 4]) < 2.0, "four values prove nothing");
        assert!(rank_score(&[], &[1]).abs() < 1e-9);
    }
}
