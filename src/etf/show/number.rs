//! How is a number written?

use std::fmt::Write as _;

use super::out::Out;

/// Bytes of a big integer up to which it is written in decimal; the work grows with the square of it.
const MAX_DECIMAL_BYTES: usize = 4096;

/// Floats at and beyond this magnitude are written with an exponent: not every integer there is one.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

impl<const JSON: bool> Out<'_, JSON> {
    /// The shortest digits that read back as this float, laid out as Erlang does.
    pub(super) fn float(&mut self, float: f64) {
        let mut scientific = String::with_capacity(32);
        // Writing to a string cannot fail.
        let _ = write!(scientific, "{:e}", float.abs());
        let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
        let exponent: i32 = exponent.parse().unwrap_or_default();
        let (first, after) = mantissa.split_at(1);
        let after = after.strip_prefix('.').unwrap_or_default();
        if float.is_sign_negative() {
            self.push("-");
        }
        let digits = 1 + after.len() as i32;
        // Digits before the point.
        let before = exponent + 1;
        let exponent_cost = exponent.to_string().len() as i32 + 1 + if digits == 1 { 2 } else { 1 };
        if 0 < before && before < digits {
            let (whole, fraction) = after.split_at(exponent as usize);
            self.push(first);
            self.push(whole);
            self.push(".");
            self.push(fraction);
        } else if before <= 0 && (before == 0 || 2 - before <= exponent_cost) {
            self.push("0.");
            (before..0).for_each(|_| self.push("0"));
            self.push(first);
            self.push(after);
        } else if before > 0 && before - digits + 2 <= exponent_cost && float.abs() < MAX_EXACT {
            self.push(first);
            self.push(after);
            (digits..before).for_each(|_| self.push("0"));
            self.push(".0");
        } else {
            self.push(first);
            self.push(".");
            self.push(if after.is_empty() { "0" } else { after });
            self.push("e");
            self.integer(exponent);
        }
    }

    /// An integer beyond 64 bits: in decimal, or in hexadecimal (`0x1F`) where it is huge.
    pub(super) fn big(&mut self, negative: bool, digits: &[u8]) {
        let from = self.text.len();
        // Two decimal digits per byte at least: what cannot fit is not computed.
        if digits.len().saturating_mul(2) > self.room() {
            return self.mark();
        }
        if negative {
            self.push("-");
        }
        if digits.len() > MAX_DECIMAL_BYTES {
            self.push("0x");
            for (place, byte) in digits.iter().rev().enumerate() {
                let _ = if place == 0 { write!(self.text, "{byte:X}") } else { write!(self.text, "{byte:02X}") };
            }
        } else {
            self.decimal(digits);
        }
        self.fits(from);
    }

    fn decimal(&mut self, digits: &[u8]) {
        /// Decimal digits taken at a time.
        const GROUP: u64 = 1_000_000_000;
        let mut words: Vec<u32> = digits
            .chunks(4)
            .map(|word| word.iter().rev().fold(0, |value, &byte| value << 8 | u32::from(byte)))
            .collect();
        let mut groups = Vec::new();
        while !words.is_empty() {
            let mut rest = 0;
            for word in words.iter_mut().rev() {
                let value = rest << 32 | u64::from(*word);
                *word = (value / GROUP) as u32;
                rest = value % GROUP;
            }
            groups.push(rest);
            while words.last() == Some(&0) {
                words.pop();
            }
        }
        for (place, group) in groups.iter().rev().enumerate() {
            let _ = if place == 0 { write!(self.text, "{group}") } else { write!(self.text, "{group:09}") };
        }
    }
}
