//! What can stand in a report, and how is it written for a reader and for a program?

use serde_json::Value;

use crate::mcp::page::cell::{cut, escaped};
use crate::tell::figure::{at, duration, share, trimmed};

/// One value of a report.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    /// Not known, or there is none.
    Empty,
    /// Cut where it is long.
    Text(String),
    /// An event's id: never cut, because it is how the event is asked for.
    Event(String),
    /// A text of one line that is as short as it should be.
    Whole(String),
    Count(u64),
    /// A plain number, shown with two decimals.
    Number(f64),
    /// Nanoseconds; shown in the unit that fits.
    Duration(i64),
    /// A timestamp; shown as its distance from the report's anchor.
    At(i64),
    /// A part of a whole, 0 to 1; shown in percent.
    Share(f64),
    /// Events a second.
    Rate(f64),
}

impl Cell {
    /// A text, or nothing.
    pub(crate) fn text(text: Option<&str>) -> Self {
        text.map_or(Self::Empty, |text| Self::Text(text.to_owned()))
    }

    /// A duration, or nothing.
    pub(crate) fn duration(ns: Option<i64>) -> Self {
        ns.map_or(Self::Empty, Self::Duration)
    }

    /// How it is written in the text channel.
    pub(crate) fn shown(&self, t0: Option<i64>) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text) => cut(&escaped(text)).into_owned(),
            Self::Event(text) | Self::Whole(text) => escaped(text).into_owned(),
            Self::Count(count) => count.to_string(),
            Self::Number(number) => trimmed(format!("{number:.2}")),
            Self::Duration(ns) => duration(*ns),
            Self::At(timestamp) => at(*timestamp, t0),
            Self::Share(part) => share(*part),
            Self::Rate(rate) => format!("{}/s", trimmed(format!("{rate:.2}"))),
        }
    }

    /// How it is written in `structuredContent`: the same fact, with every digit.
    pub(super) fn value(&self, t0: Option<i64>) -> Value {
        match self {
            Self::Empty => Value::from(""),
            Self::Text(_) | Self::Event(_) | Self::Whole(_) => Value::from(self.shown(t0)),
            Self::Count(count) => Value::from(*count),
            Self::Duration(ns) => Value::from(*ns),
            Self::At(timestamp) => Value::from(t0.map_or(*timestamp, |t0| timestamp.saturating_sub(t0))),
            // A rounded figure is the same on every machine.
            Self::Number(number) | Self::Rate(number) => Value::from(rounded(*number, 1e3)),
            Self::Share(share) => Value::from(rounded(*share, 1e4)),
        }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Cell {
    fn from(count: u64) -> Self {
        Self::Count(count)
    }
}

impl From<usize> for Cell {
    fn from(count: usize) -> Self {
        Self::Count(count as u64)
    }
}

fn rounded(number: f64, steps: f64) -> f64 {
    (number * steps).round() / steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_in_the_unit_that_fits() {
        let shown = |ns: i64| Cell::Duration(ns).shown(None);
        assert_eq!(shown(0), "0ns");
        assert_eq!(shown(999), "999ns");
        assert_eq!(shown(1_000), "1us");
        assert_eq!(shown(1_234_567), "1.234ms");
        assert_eq!(shown(-1_500_000), "-1.5ms");
        assert_eq!(shown(61_020_000_000), "61.02s");
        assert_eq!(Cell::Duration(1_234_567).value(None), 1_234_567);
    }

    #[test]
    fn times_count_from_the_anchor_in_both_channels() {
        let at = Cell::At(-576_460_751_564_576_952);
        assert_eq!(at.shown(Some(-576_460_751_564_626_952)), "+50us");
        assert_eq!(at.value(Some(-576_460_751_564_626_952)), 50_000);
        assert_eq!(at.shown(Some(-576_460_751_564_576_952)), "0");
        assert_eq!(Cell::At(5).shown(Some(1_005)), "-1us");
        assert_eq!(Cell::At(i64::MIN).shown(Some(i64::MAX)), "-18446744073.709s");
    }

    #[test]
    fn figures_lose_zeros_and_no_digit_a_program_needs() {
        assert_eq!(Cell::Share(0.5).shown(None), "50%");
        assert_eq!(Cell::Share(0.123_456).shown(None), "12.3%");
        assert_eq!(Cell::Rate(1_500.0).shown(None), "1500/s");
        assert_eq!(Cell::Number(2.5).shown(None), "2.5");
        assert_eq!(Cell::Number(0.0).shown(None), "0");
        assert_eq!(Cell::Share(0.123_456).value(None), 0.1235);
    }

    #[test]
    fn a_text_stays_on_its_line_and_an_id_is_never_cut() {
        let long = "x".repeat(400);
        assert!(Cell::Text(format!("a\n{long}")).shown(None).starts_with("a\\nx"));
        assert!(Cell::Text(long.clone()).shown(None).len() < 200);
        assert_eq!(Cell::Event(long.clone()).shown(None), long);
    }
}
