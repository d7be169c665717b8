//! Is a struct that `inspect` wrote short already? Redaction wrote it so, here or at the source: its host, its route and its
//! status are all it has, and are left.

use super::quoted::{after_brackets, after_spaces, between_quotes};

/// The field that says that others are hidden.
const REST: &[u8] = b"redacted";

/// Whether what stands between the braces of a struct are only fields that are shown, with values that hold no others.
pub(super) fn is_short(inside: &[u8], fields: &[&str]) -> bool {
    let mut at = after_spaces(inside, 0);
    while at < inside.len() {
        let len = inside[at..].iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
        let name = &inside[at..at + len];
        let is_shown = name == REST || fields.iter().any(|field| field.as_bytes() == name);
        if !is_shown || inside.get(at + len) != Some(&b':') {
            return false;
        }
        at = after_spaces(inside, at + len + 1);
        let Some(end) = value_end(inside, at) else { return false };
        at = after_spaces(inside, end);
        match inside.get(at) {
            Some(b',') => at = after_spaces(inside, at + 1),
            Some(_) => return false,
            None => {}
        }
    }
    true
}

/// Where the value ends that begins here: a text, a number, a name, a process, or a list of such. `None`: it is another.
fn value_end(inside: &[u8], at: usize) -> Option<usize> {
    let rest = inside.get(at..)?;
    let at = if rest.starts_with(b"~c") { at + 2 } else { at };
    match *inside.get(at)? {
        b'"' | b'\'' | b'\\' => between_quotes(inside, at).map(|(_, after)| after),
        b'[' => {
            let end = after_brackets(inside, at);
            let is_flat = !inside[at + 1..end].iter().any(|byte| matches!(byte, b'{' | b'%' | b'('));
            is_flat.then_some(end)
        }
        b'#' => {
            let is_process = [&b"#PID<"[..], b"#Reference<", b"#Port<"].iter().any(|start| rest.starts_with(start));
            is_process.then(|| at + rest.iter().position(|byte| *byte == b'>').map_or(rest.len(), |end| end + 1))
        }
        byte if byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'-') => {
            let is_plain = |byte: &u8| {
                byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'-' | b'.' | b'_' | b'?' | b'!' | b'@' | b'/')
            };
            let len = rest.iter().take_while(|byte| is_plain(byte)).count();
            // `:"two words"`.
            match inside.get(at + len) {
                Some(b'"' | b'\\') => between_quotes(inside, at + len).map(|(_, after)| after),
                _ => Some(at + len),
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_redaction_leaves_is_short() {
        let fields = ["host", "status", "owner", "path_info", "joined"];
        for short in [
            r#"host: "example.org", status: 500, redacted: "[REDACTED]""#,
            r#"host: \"example.org\", status: nil"#,
            r#"owner: #PID<0.1.0>, path_info: ["a", "b, c"], joined: true"#,
            r#"status: :"two words", host: ~c"x""#,
            r#"status: 200, host: "exa"#,
            "",
        ] {
            assert!(is_short(short.as_bytes(), &fields), "{short}");
        }
        for other in [
            r#"host: "x", assigns: %{a: 1}"#,
            r#"host: {"x", "y"}"#,
            r"host: %{a: 1}",
            r#"path_info: [{"cookie", "x"}]"#,
            r"owner: #Function<1.2/0 in X>",
            r#""host" => "x""#,
            r"status: 200, assi",
            r#"status: 200 "x""#,
            r"status: <<1, 2>>",
        ] {
            assert!(!is_short(other.as_bytes(), &fields), "{other}");
        }
    }
}
