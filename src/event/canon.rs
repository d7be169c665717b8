//! One spelling for one thing: how pids, modules and event types are written.

use std::borrow::Cow;

use super::home;

pub(crate) const fn as_is(text: Cow<'_, str>) -> Cow<'_, str> {
    text
}

/// `#PID<0.1.0>`, `<0.1.0>` and `0.1.0` are one local pid, written `<0.1.0>`; `#PID<b@h.1.0>` is `<b@h.1.0>`. Names and
/// pids whose node is a number stay.
pub(crate) fn pid(text: Cow<'_, str>) -> Cow<'_, str> {
    match text.strip_prefix(INSPECTED) {
        Some(bare) => {
            let numbers = bare.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
            let is_known = numbers.is_some_and(is_local_pid) || home::split(bare).is_some();
            if is_known { without_start(text, INSPECTED.len()) } else { text }
        }
        None if is_local_pid(&text) => Cow::Owned(format!("<{text}>")),
        None => text,
    }
}

/// What `inspect/1` writes before a pid.
const INSPECTED: &str = "#PID";

/// The text without so many bytes of its start; borrowed if it was.
fn without_start(text: Cow<'_, str>, bytes: usize) -> Cow<'_, str> {
    match text {
        text if bytes == 0 => text,
        Cow::Borrowed(text) => Cow::Borrowed(&text[bytes..]),
        Cow::Owned(text) => Cow::Owned(text[bytes..].to_owned()),
    }
}

/// `0.N.N`, digits only.
fn is_local_pid(numbers: &str) -> bool {
    let Some(rest) = numbers.strip_prefix("0.") else { return false };
    let Some((id, serial)) = rest.split_once('.') else { return false };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    digits(id) && digits(serial)
}

/// `Elixir.Foo` is `Foo`, as Elixir itself shows it; also when written as a quoted atom.
pub(crate) fn module(text: Cow<'_, str>) -> Cow<'_, str> {
    let mut bare = &*text;
    // What is shown must be what is asked for: no prefix is left to take off.
    while let Some(rest) = bare.strip_prefix("Elixir.").filter(|rest| !rest.is_empty()) {
        bare = rest;
    }
    let prefix = text.len() - bare.len();
    without_start(text, prefix)
}

/// Lower snake case: `FUNCTION_ENTRY`, `FunctionEntry` and `:function_entry` are `function_entry`.
pub(crate) fn event_type(text: Cow<'_, str>) -> Cow<'_, str> {
    let settled = |byte: u8| !byte.is_ascii_uppercase() && !matches!(byte, b' ' | b'-' | b':');
    if text.bytes().all(settled) {
        return text;
    }
    let bare = text.trim_start_matches(':');
    let mut out = String::with_capacity(bare.len() + 4);
    let mut previous = None;
    for c in bare.chars() {
        let starts_word =
            c.is_ascii_uppercase() && previous.is_some_and(|p: char| p.is_ascii_lowercase() || p.is_ascii_digit());
        if starts_word {
            out.push('_');
        }
        out.push(if matches!(c, ' ' | '-') { '_' } else { c.to_ascii_lowercase() });
        previous = Some(c);
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_spellings_of_a_local_pid_are_one_and_the_rest_stays() {
        let check = |sent: &str, shown: &str| assert_eq!(pid(sent.into()), shown, "{sent}");
        check("<0.1.0>", "<0.1.0>");
        check("#PID<0.1.0>", "<0.1.0>");
        check("0.1.0", "<0.1.0>");
        check("#PID<b@h.1.0>", "<b@h.1.0>");
        for kept in [
            "#PID<9823.1.0>",
            "<9823.1.0>",
            ":name",
            "Bank.Teller",
            "0.1",
            "0.1.x",
            "<0.1.0",
            "#PID0.1.0",
            "",
            "#PID<>",
        ] {
            check(kept, kept);
        }
    }

    #[test]
    fn modules_lose_the_prefix_elixir_itself_hides() {
        let check = |sent: &str, shown: &str| assert_eq!(module(sent.into()), shown, "{sent}");
        check("Elixir.Foo.Bar", "Foo.Bar");
        check("Foo.Bar", "Foo.Bar");
        check(":lists", ":lists");
        check("Elixir.", "Elixir.");
    }

    #[test]
    fn event_types_are_lower_snake_case() {
        let check = |sent: &str, shown: &str| assert_eq!(event_type(sent.into()), shown, "{sent}");
        check("FUNCTION_ENTRY", "function_entry");
        check("function_entry", "function_entry");
        check("FunctionEntry", "function_entry");
        check(":call", "call");
        check("VAR-SNAPSHOT", "var_snapshot");
        check("GCMinor2End", "gcminor2_end");
        check("phoenix.endpoint.stop", "phoenix.endpoint.stop");
    }
}
