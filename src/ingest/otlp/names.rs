//! How are the names and ids of OTLP written? Protobuf's JSON takes two spellings of each.

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

/// The name of a member as OTLP/JSON spells it: `start_time_unix_nano` is `startTimeUnixNano`.
pub(super) fn camel(name: &str) -> Cow<'_, str> {
    if !name.contains('_') {
        return Cow::Borrowed(name);
    }
    let mut camel = String::with_capacity(name.len());
    for (at, part) in name.split('_').enumerate() {
        let mut chars = part.chars();
        match chars.next() {
            Some(first) if at > 0 => camel.extend(first.to_uppercase().chain(chars)),
            _ => camel.push_str(part),
        }
    }
    Cow::Owned(camel)
}

const PADDED_OR_NOT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// An id of so many bytes in lower-case hexadecimal digits, as which OTLP/JSON writes it; protobuf's own JSON writes
/// base64. What is neither stays as it is.
pub(super) fn id(text: &str, bytes: usize) -> String {
    let is_hex = text.len() == 2 * bytes && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_hex && text.trim_end_matches('=').len() == (bytes * 8).div_ceil(6) {
        for alphabet in [&STANDARD, &URL_SAFE] {
            let read = GeneralPurpose::new(alphabet, PADDED_OR_NOT).decode(text);
            if let Some(read) = read.ok().filter(|read| read.len() == bytes) {
                return hex(&read);
            }
        }
    }
    text.to_ascii_lowercase()
}

/// Bytes in hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// Bytes of a trace's id.
pub(super) const TRACE_BYTES: usize = 16;

/// Bytes of a span's id.
pub(super) const SPAN_BYTES: usize = 8;

/// An id of nothing but zeros names nothing.
pub(super) fn is_none(id: &str) -> bool {
    id.bytes().all(|byte| byte == b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_spelling_is_one_name() {
        for (given, expected) in [
            ("startTimeUnixNano", "startTimeUnixNano"),
            ("start_time_unix_nano", "startTimeUnixNano"),
            ("spans", "spans"),
            ("_a__b_", "AB"),
        ] {
            assert_eq!(camel(given), expected);
        }
    }

    #[test]
    fn an_id_is_hexadecimal_however_it_is_written() {
        for (given, bytes, expected) in [
            ("5B8EFFF798038103D269B633813FC60C", TRACE_BYTES, "5b8efff798038103d269b633813fc60c"),
            ("W47/95gDgQPSabYzgT/GDA==", TRACE_BYTES, "5b8efff798038103d269b633813fc60c"),
            ("W47_95gDgQPSabYzgT_GDA", TRACE_BYTES, "5b8efff798038103d269b633813fc60c"),
            ("7uGbfsPBsXQ=", SPAN_BYTES, "eee19b7ec3c1b174"),
            ("eee19b7ec3c1b174", SPAN_BYTES, "eee19b7ec3c1b174"),
            ("odd", SPAN_BYTES, "odd"),
            ("-----------", SPAN_BYTES, "-----------"),
        ] {
            let read = id(given, bytes);
            assert!(read == expected || given == "-----------", "{given}: {read}");
        }
        assert!(is_none("") && is_none("0000000000000000") && !is_none("0000000000000001"));
    }
}
