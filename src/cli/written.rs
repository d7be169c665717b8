//! How are the values of options written: addresses, sizes, counts, durations, and "none"?

use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use bytesize::ByteSize;

/// Smallest `--max-line`: any request but a batch of events fits.
const SHORTEST_LINE: usize = 4096;

/// Smallest `--max-memory`: room for a request, its answer and a small analysis.
const LEAST_MEMORY: usize = 16 << 20;

/// Smallest `--max-value-bytes`: room for a value's start and for the mark that it was cut.
const SHORTEST_VALUE: usize = 64;

pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    let numeric = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    let address = numeric.as_deref().unwrap_or(text).parse();
    address.map_err(|_| "expected an IP address and a port, such as 127.0.0.1:4040 or [::1]:4040".to_owned())
}

/// A bound, or none. (clap takes a bare `Option` for an option that may be left out.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limit<T>(pub(super) Option<T>);

pub(super) fn count(text: &str) -> Result<Limit<u64>, String> {
    limit(text, "a whole number such as 200000 or 1_000_000", |text| {
        u64::from_str(&text.replace('_', "")).map_err(|error| error.to_string())
    })
}

pub(super) fn size(text: &str) -> Result<Limit<u64>, String> {
    limit(text, "a size such as 512MiB, 2GB or 1000000000", |text| {
        ByteSize::from_str(&text.replace('_', "")).map(|size| size.as_u64())
    })
}

pub(super) fn line_size(text: &str) -> Result<usize, String> {
    size_from(text, SHORTEST_LINE, "64MiB")
}

pub(super) fn memory_size(text: &str) -> Result<u64, String> {
    size_from(text, LEAST_MEMORY, "1GiB").map(|bytes| bytes as u64)
}

pub(super) fn value_size(text: &str) -> Result<usize, String> {
    size_from(text, SHORTEST_VALUE, "16KiB")
}

fn size_from(text: &str, least: usize, example: &str) -> Result<usize, String> {
    let wrong = || format!("expected a size such as {example}, at least {least} bytes");
    let bytes = ByteSize::from_str(&text.replace('_', "")).map_err(|_| wrong())?;
    usize::try_from(bytes.as_u64()).ok().filter(|bytes| *bytes >= least).ok_or_else(wrong)
}

pub(super) fn duration(text: &str) -> Result<Limit<Duration>, String> {
    limit(text, "a duration such as 250ms, 90s or 1h30m", |text| {
        humantime::parse_duration(text).map_err(|error| error.to_string())
    })
}

pub(super) fn interval(text: &str) -> Result<Limit<Duration>, String> {
    match duration(text)? {
        // It would never rest.
        Limit(Some(Duration::ZERO)) => Err("expected more than 0, or \"none\"".to_owned()),
        interval => Ok(interval),
    }
}

fn limit<T>(text: &str, expected: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<Limit<T>, String> {
    if text.eq_ignore_ascii_case("none") {
        return Ok(Limit(None));
    }
    let value = read(text.trim()).map_err(|error| format!("{error}; expected {expected}, or \"none\""))?;
    Ok(Limit(Some(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_people_write_them() {
        assert_eq!(address("localhost:80"), Ok(SocketAddr::from(([127, 0, 0, 1], 80))));
        assert_eq!(address("0.0.0.0:0"), Ok(SocketAddr::from(([0, 0, 0, 0], 0))));
        assert!(address("[::1]:4040").unwrap().is_ipv6());
        for wrong in ["4040", "127.0.0.1", "example.com:80", "127.0.0.1:99999", ""] {
            assert!(address(wrong).unwrap_err().contains("127.0.0.1:4040"), "{wrong}");
        }
    }

    #[test]
    fn limits_are_read_as_people_write_them() {
        assert_eq!(count("1_000_000"), Ok(Limit(Some(1_000_000))));
        assert_eq!(count("none"), Ok(Limit(None)));
        assert_eq!(size("512MiB"), Ok(Limit(Some(512 << 20))));
        assert_eq!(size("2GB"), Ok(Limit(Some(2_000_000_000))));
        assert_eq!(size("1.5 GiB"), Ok(Limit(Some(3 << 29))));
        assert_eq!(size("1000000"), Ok(Limit(Some(1_000_000))));
        assert_eq!(duration("1h30m"), Ok(Limit(Some(Duration::from_mins(90)))));
        assert_eq!(interval("none"), Ok(Limit(None)));
        for wrong in [count("-1"), count("many"), count(""), size("big"), size("")] {
            wrong.unwrap_err();
        }
        assert!(duration("60").unwrap_err().contains("90s"));
        interval("0s").unwrap_err();
    }
}
