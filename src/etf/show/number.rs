//! How is a number written?

use std::fmt::Write as _;

use super::out::Out;

/// Bytes of a big integer up to which it is written in decimal; the work grows with the square of it.
const MAX_DECIMAL_BYTES: usize = 4096;

/// Whole floats below it are written as their integer and `.0`.
const MAX_WHOLE: f64 = 1e16;

/// From here on up to [`MAX_WHOLE`] floats have no exponent.
const MIN_PLAIN: f64 = 1e-3;

impl<const JSON: bool> Out<'_, JSON> {
    /// The shortest digits that read back as this float, laid out as Elixir does.
    pub(super) fn float(&mut self, float: f64) {
        if float.is_sign_negative() {
            self.push("-");
        }
        let float = float.abs();
        if float == 0.0 || (1.0..MAX_WHOLE).contains(&float) && float.fract() == 0.0 {
            self.integer(float as u64);
            return self.push(".0");
        }
        if (MIN_PLAIN..MAX_WHOLE).contains(&float) {
            return self.push(zmij::Buffer::new().format_finite(float));
        }
        let mut scientific = String::with_capacity(32);
        // Writing to a string cannot fail.
        let _ = write!(scientific, "{float:e}");
        let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
        let (first, after) = mantissa.split_at(1);
        let after = after.strip_prefix('.').unwrap_or_default();
        let place: i32 = exponent.parse().unwrap_or_default();
        let exponent_cost = exponent.len() + if after.is_empty() { 3 } else { 2 };
        if place < 0 && (place.unsigned_abs() as usize) < exponent_cost {
            self.push("0.");
            (place + 1..0).for_each(|_| self.push("0"));
            self.push(first);
            self.push(after);
        } else {
            for part in [first, ".", if after.is_empty() { "0" } else { after }, "e", exponent] {
                self.push(part);
            }
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
