//! Is a number one of a payment card?
//!
//! Ids and times have as many digits, so the check digit is not enough: the first digits must be an issuer's, and the
//! length one that issuer uses. Of random numbers of 16 digits one in forty passes, of times and of ids of 64 bits none.

/// Digits of a card, at most and at least.
const MOST: usize = 19;
const LEAST: usize = 13;

/// Whether an integer is a card number.
pub(super) fn is_card_integer(number: i64) -> bool {
    if !(1_000_000_000_000..=9_999_999_999_999_999).contains(&number) {
        return false;
    }
    let mut digits = [0; MOST];
    let (mut left, mut n) = (number as u64, 0);
    while left > 0 {
        digits[n] = (left % 10) as u8;
        left /= 10;
        n += 1;
    }
    digits[..n].reverse();
    is_card(&digits[..n])
}

/// Whether digits (0 to 9) are a card number.
fn is_card(digits: &[u8]) -> bool {
    is_issued(digits) && has_check_digit(digits)
}

fn has_check_digit(digits: &[u8]) -> bool {
    let doubled = |digit: u8| if digit > 4 { 2 * digit - 9 } else { 2 * digit };
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, &digit)| u32::from(if place % 2 == 1 { doubled(digit) } else { digit }))
        .sum();
    sum.is_multiple_of(10)
}

/// Whether an issuer has numbers that start so and are so long.
fn is_issued(digits: &[u8]) -> bool {
    if digits.len() < LEAST {
        return false;
    }
    let start = |n: usize| digits[..n].iter().fold(0_u32, |all, &digit| all * 10 + u32::from(digit));
    match digits.len() {
        // Visa has given none of 13 digits for decades, but tests use one.
        13 => start(5) == 42_222,
        14 => matches!(start(2), 36 | 38 | 39) || matches!(start(3), 300..=305),
        15 => matches!(start(2), 34 | 37),
        16 => {
            digits[0] == 4
                || matches!(start(2), 51..=55 | 65)
                || matches!(start(4), 2221..=2720 | 3528..=3589 | 5018 | 5020 | 5038 | 6011)
                || matches!(start(3), 644..=649)
                || start(2) == 62
        }
        17..=19 => start(2) == 62 || matches!(start(4), 5018 | 5020 | 5038 | 6759 | 6761..=6763),
        _ => false,
    }
}

/// The next card number in a text, at or after a place: its digits in one run, or in groups apart by single spaces or
/// dashes.
pub(super) fn find(text: &[u8], mut at: usize) -> Option<std::ops::Range<usize>> {
    while let Some(start) = next_digit(text, at) {
        let (end, groups) = run(text, start);
        if let Some(found) = within(text, start, &groups) {
            return Some(found);
        }
        at = end.max(start + 1);
    }
    None
}

/// The next digit that begins a run, if the text from there on can hold a card.
fn next_digit(text: &[u8], at: usize) -> Option<usize> {
    let place = text.get(at..)?.iter().position(u8::is_ascii_digit)?;
    (text.len() - at - place >= LEAST).then_some(at + place)
}

/// The groups of digits from a place on that single separators join; and where they end.
fn run(text: &[u8], start: usize) -> (usize, Vec<std::ops::Range<usize>>) {
    let mut groups = Vec::new();
    let mut at = start;
    loop {
        let end = at + text[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        groups.push(at..end);
        let joins = matches!(text.get(end), Some(b' ' | b'-')) && text.get(end + 1).is_some_and(u8::is_ascii_digit);
        if !joins {
            return (end, groups);
        }
        at = end + 1;
    }
}

/// A card among groups of digits: one group, or three to five that stand as on a card (4-4-4-4, 4-6-5, 4-6-4).
fn within(text: &[u8], start: usize, groups: &[std::ops::Range<usize>]) -> Option<std::ops::Range<usize>> {
    // A word, an id or a number with a point goes on before it.
    let is_part = |at: usize| text.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let is_fraction = text[..start].ends_with(b".") && start.checked_sub(2).is_some_and(is_part);
    if start.checked_sub(1).is_some_and(is_part) || is_fraction {
        return None;
    }
    let shapes: [&[usize]; 5] = [&[4, 4, 4, 4], &[4, 6, 5], &[4, 6, 4], &[4, 4, 4, 4, 3], &[4, 4, 4, 1]];
    for (at, group) in groups.iter().enumerate() {
        let alone = (LEAST..=MOST).contains(&group.len()).then_some(1);
        let grouped = shapes.iter().filter(|shape| {
            groups[at..].len() >= shape.len()
                && groups[at..].iter().zip(shape.iter()).all(|(group, n)| group.len() == *n)
        });
        for n in alone.into_iter().chain(grouped.map(|shape| shape.len())) {
            let part = &groups[at..at + n];
            let range = group.start..part.last().map_or(group.end, |last| last.end);
            let digits: Vec<u8> =
                text[range.clone()].iter().filter(|byte| byte.is_ascii_digit()).map(|byte| byte - b'0').collect();
            let goes_on = at + n == groups.len() && is_part(range.end);
            if !goes_on && is_card(&digits) {
                return Some(range);
            }
        }
    }
    None
}

/// Whether a text may hold a card: cheap, and never wrong where it says no. Of the places four apart two at least are
/// digits, whatever separates the groups.
pub(super) fn may_hold(text: &[u8]) -> bool {
    if text.len() < LEAST {
        return false;
    }
    let mut before = false;
    for byte in text.iter().step_by(4) {
        let is_digit = byte.is_ascii_digit();
        if is_digit && before {
            return true;
        }
        before = is_digit;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARDS: [&str; 9] = [
        "4111111111111111",
        "4111 1111 1111 1111",
        "5500-0055-5555-5559",
        "378282246310005",
        "3782 822463 10005",
        "30569309025904",
        "6011111111111117",
        "3530111333300000",
        "4222222222222",
    ];

    #[test]
    fn cards_are_found_in_one_run_and_in_groups_wherever_they_stand() {
        for card in CARDS {
            for (before, after) in [("", ""), ("card: ", ", next"), ("7 ", " 12"), ("<", ">"), ("a,", ".")] {
                let text = format!("{before}{card}{after}");
                let found = find(text.as_bytes(), 0);
                assert_eq!(found, Some(before.len()..before.len() + card.len()), "{text}");
                assert!(may_hold(text.as_bytes()), "{text}");
            }
            for lead in 0..8 {
                assert!(may_hold(format!("{}{card}", "x".repeat(lead)).as_bytes()), "{card} after {lead}");
            }
        }
        assert!(is_card_integer(4_111_111_111_111_111) && is_card_integer(378_282_246_310_005));
    }

    #[test]
    fn ids_and_times_are_no_cards() {
        for text in [
            "-576460751234567890",
            "1764403200000000000",
            "1764403200000",
            "0.123456789012345678",
            "0.4111111111111111",
            "id4111111111111111",
            "4111111111111112",
            "41111111111111110",
            "2026-11-29 07:31:41",
            "192.168.100.200 1000",
        ] {
            assert_eq!(find(text.as_bytes(), 0), None, "{text}");
        }
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        let mut of_random = 0;
        for _ in 0..1_000_000 {
            // Snowflakes, 64-bit ids, times in ns, us and ms over 60 years, and monotonic ones.
            let random = next();
            let ns = 1_000_000_000_000_000_000 + random % 900_000_000_000_000_000;
            for number in [ns, ns / 1_000, ns / 1_000_000] {
                assert!(!is_card_integer(number as i64), "{number}");
            }
            assert!(!is_card_integer(-((random % 600_000_000_000_000_000) as i64)));
            of_random += u32::from(is_card_integer((random >> 1) as i64));
        }
        assert!(of_random < 100, "{of_random} of a million random ids");
    }
}
