//! What does a resource's URI name?
//!
//! `elixirscope://pid/0.1.0`: valid under RFC 3986, which allows no angle brackets, so pids of numbers go without them
//! and every other key is percent-encoded. Read is also what is not quite valid but clear: `elixirscope://pid/<0.1.0>`.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::mcp::closest::did_you_mean;

/// Scheme of every resource.
const SCHEME: &str = "elixirscope";

/// What stands for itself in a URI (RFC 3986, unreserved); everything else is encoded.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Stats,
    Guide,
    /// One event, by its id.
    Event(String),
    /// The newest events of a process.
    Pid(String),
    /// The newest events of a place in the source.
    AstNode(String),
}

/// Templates of the resources that have a key.
pub(super) const EVENT_TEMPLATE: &str = "elixirscope://event/{event_id}";
pub(super) const PID_TEMPLATE: &str = "elixirscope://pid/{pid}";
pub(super) const AST_TEMPLATE: &str = "elixirscope://ast/{ast_node_id}";

/// Every form a URI can have.
pub(super) const FORMS: [&str; 5] =
    ["elixirscope://stats", "elixirscope://guide", EVENT_TEMPLATE, PID_TEMPLATE, AST_TEMPLATE];

impl Target {
    /// What a URI names; an error says what is wrong with it and what is allowed.
    pub(crate) fn parse(uri: &str) -> Result<Self, String> {
        let unknown = |why: &str| {
            let closest = did_you_mean(uri, FORMS);
            format!("uri: {uri:?} {why}; expected one of {}.{closest}", FORMS.join(", "))
        };
        let (scheme, rest) = uri.split_once("://").ok_or_else(|| unknown("has no scheme"))?;
        if !scheme.eq_ignore_ascii_case(SCHEME) {
            return Err(unknown("has another scheme"));
        }
        let (kind, key) = rest.split_once('/').unwrap_or((rest, ""));
        let kind = kind.to_ascii_lowercase();
        let key = match key {
            "" => None,
            key => Some(decode(key).map_err(|problem| format!("uri: {uri:?} {problem}"))?),
        };
        match (kind.as_str(), key) {
            ("stats", None) => Ok(Self::Stats),
            ("guide", None) => Ok(Self::Guide),
            ("event", Some(id)) => Ok(Self::Event(id)),
            ("pid", Some(pid)) => Ok(Self::Pid(pid)),
            ("ast", Some(node)) => Ok(Self::AstNode(node)),
            ("event" | "pid" | "ast", None) => Err(unknown("names no key")),
            _ => Err(unknown("is not known")),
        }
    }

    /// Its URI, as this server writes it.
    pub(crate) fn uri(&self) -> String {
        let keyed = |kind: &str, key: &str| format!("{SCHEME}://{kind}/{}", utf8_percent_encode(key, ENCODED));
        match self {
            Self::Stats => format!("{SCHEME}://stats"),
            Self::Guide => format!("{SCHEME}://guide"),
            Self::Event(id) => keyed("event", id),
            Self::Pid(pid) => keyed("pid", bare(pid)),
            Self::AstNode(node) => keyed("ast", node),
        }
    }
}

/// A pid without its angle brackets, where what is left reads as the same pid.
pub(crate) fn bare(pid: &str) -> &str {
    match pid.strip_prefix('<').and_then(|pid| pid.strip_suffix('>')) {
        Some(numbers) if numbers.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') => numbers,
        _ => pid,
    }
}

/// A key as it was before it was encoded.
fn decode(key: &str) -> Result<String, String> {
    if let Some(reserved) = key.chars().find(|c| matches!(c, '?' | '#' | '/')) {
        let encoded = utf8_percent_encode(reserved.encode_utf8(&mut [0; 4]), ENCODED).to_string();
        return Err(format!("has a bare {reserved:?} in its key; write it as {encoded}"));
    }
    let mut escapes = key.match_indices('%').map(|(at, _)| key.as_bytes().get(at + 1..at + 3));
    if escapes.any(|digits| !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))) {
        return Err("has a % without two hexadecimal digits; write the percent sign itself as %25".to_owned());
    }
    let text = percent_decode_str(key).decode_utf8();
    text.map(std::borrow::Cow::into_owned).map_err(|_| "holds percent-encoded bytes that are not UTF-8".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_and_is_a_uri() {
        let pid = |text: &str| Target::Pid(text.to_owned());
        let written = |target: Target, uri: &str| {
            assert_eq!(target.uri(), uri);
            assert_eq!(Target::parse(uri), Ok(target));
            let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/%".contains(&byte);
            assert!(uri.bytes().all(unreserved), "{uri}");
        };
        written(Target::Stats, "elixirscope://stats");
        written(Target::Guide, "elixirscope://guide");
        written(pid(":collector"), "elixirscope://pid/%3Acollector");
        written(Target::Event("a b/ü%?#".into()), "elixirscope://event/a%20b%2F%C3%BC%25%3F%23");
        written(Target::AstNode("Bank.Teller:init:1".into()), "elixirscope://ast/Bank.Teller%3Ainit%3A1");
        assert_eq!(pid("<0.1.0>").uri(), "elixirscope://pid/0.1.0");
        assert_eq!(pid("<name>").uri(), "elixirscope://pid/%3Cname%3E", "only a pid of numbers can go without");
    }

    #[test]
    fn other_spellings_of_a_uri_are_read() {
        let read = |uri: &str, target: Target| assert_eq!(Target::parse(uri), Ok(target));
        read("ElixirScope://STATS/", Target::Stats);
        read("elixirscope://pid/%3C0.1.0%3E", Target::Pid("<0.1.0>".into()));
        read("elixirscope://pid/<0.1.0>", Target::Pid("<0.1.0>".into()));
        read("elixirscope://ast/Bank.Teller:init:1", Target::AstNode("Bank.Teller:init:1".into()));
    }

    #[test]
    fn what_is_no_resource_is_told_what_is() {
        let wrong = |uri: &str, told: &str| {
            let problem = Target::parse(uri).unwrap_err();
            assert!(problem.contains(told), "{problem}");
        };
        wrong("elixirscope://stat", "Did you mean \"elixirscope://stats\"?");
        wrong("file:///etc/passwd", "another scheme");
        wrong("stats", "has no scheme");
        wrong("elixirscope://pid", "elixirscope://pid/{pid}");
        wrong("elixirscope://stats/more", "is not known");
        wrong("elixirscope://event/50%", "%25");
        wrong("elixirscope://event/%zz", "%25");
        wrong("elixirscope://event/%ff", "not UTF-8");
        wrong("elixirscope://event/a?b", "%3F");
        wrong("elixirscope://event/a/b", "%2F");
    }
}
