//! Which fields does a struct show, as far as its text goes?
//!
//! A struct whose text was cut is opaque to [`Value`](super::Value); what stands before the cut is known all the same.

/// The fields of a struct at its top, in their order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields<'a> {
    fields: Vec<(&'a str, &'a str)>,
    /// Whether the text shows all of them.
    pub(crate) is_whole: bool,
    /// The value in which the text ends.
    unfinished: Option<(&'a str, &'a str)>,
}

impl<'a> Fields<'a> {
    /// The text of a field's value; `None` where it is not shown, or not to its end.
    pub(crate) fn get(&self, name: &str) -> Option<&'a str> {
        self.fields.iter().find(|(key, _)| *key == name).map(|(_, value)| *value)
    }

    /// The start of a field's value in which the text ends.
    pub(crate) fn unfinished(&self, name: &str) -> Option<&'a str> {
        self.unfinished.filter(|(key, _)| *key == name).map(|(_, value)| value)
    }
}

/// The elements of a tuple, as far as its text goes; the last may be cut.
pub(crate) fn items(text: &str) -> Option<Vec<&str>> {
    let mut rest = text.trim().strip_prefix('{')?;
    let mut found = Vec::new();
    loop {
        rest = rest.trim_start().trim_start_matches(',').trim_start();
        if rest.is_empty() || rest.starts_with('}') {
            return Some(found);
        }
        let len = value_len(rest).unwrap_or(rest.len());
        found.push(rest[..len].trim_end());
        rest = &rest[len..];
        // A bracket that closes nothing is not of a tuple.
        if rest.starts_with([']', ')']) {
            return Some(found);
        }
    }
}

/// The name and the fields of a struct; of a map the name is empty. Cost: one pass.
pub(crate) fn named(text: &str) -> Option<(&str, Fields<'_>)> {
    let rest = text.trim().strip_prefix('%')?;
    let open = rest.find('{')?;
    let name = &rest[..open];
    if !name.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '_')) {
        return None;
    }
    Some((name, fields(&rest[open + 1..])))
}

fn fields(mut rest: &str) -> Fields<'_> {
    let mut found = Fields::default();
    loop {
        rest = rest.trim_start().trim_start_matches(',').trim_start();
        if rest.starts_with('}') {
            found.is_whole = true;
            return found;
        }
        let end = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '?' | '!'))).unwrap_or(rest.len());
        let after = &rest[end..];
        let Some(value) = after.strip_prefix(": ").filter(|_| end > 0) else { return found };
        let Some(len) = value_len(value) else {
            found.unfinished = Some((&rest[..end], value));
            return found;
        };
        found.fields.push((&rest[..end], value[..len].trim_end()));
        rest = &value[len..];
    }
}

/// Bytes up to the comma or bracket that ends a value; `None` where the text ends before.
fn value_len(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                at += 1;
                while *bytes.get(at)? != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
            }
            b'{' | b'[' | b'(' => depth += 1,
            b'<' if bytes.get(at + 1) == Some(&b'<') => {
                depth += 1;
                at += 1;
            }
            b'>' if depth > 0 && bytes.get(at + 1) == Some(&b'>') => {
                depth -= 1;
                at += 1;
            }
            b'}' | b']' | b')' => match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => return Some(at),
            },
            b',' if depth == 0 => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_up_to_a_cut() {
        let (name, whole) =
            named(r#"%Plug.Conn{method: "G,}T", params: %{"a" => [1, {2}]}, body: <<1, 2>>, status: 500}"#).unwrap();
        assert_eq!((name, whole.is_whole), ("Plug.Conn", true));
        assert_eq!(whole.get("method"), Some(r#""G,}T""#));
        assert_eq!(whole.get("params"), Some(r#"%{"a" => [1, {2}]}"#));
        assert_eq!((whole.get("body"), whole.get("status"), whole.get("none")), (Some("<<1, 2>>"), Some("500"), None));
        for cut in [
            "%Plug.Conn{method: \"GET\", \u{2039}cut: 9000 bytes\u{203a}}",
            "%Plug.Conn{method: \"GET\", ...}",
            "%Plug.Conn{method: \"GET\", status: 50",
            "%Plug.Conn{method: \"GET\", host: \"loc",
        ] {
            let (_, fields) = named(cut).unwrap();
            assert_eq!(
                (fields.get("method"), fields.get("status"), fields.is_whole),
                (Some("\"GET\""), None, false),
                "{cut}"
            );
        }
        assert_eq!(items("{:ok, %{a: {1, 2}}, [3"), Some(vec![":ok", "%{a: {1, 2}}", "[3"]));
        assert_eq!((items("{}"), items("[1]")), (Some(Vec::new()), None));
        assert!(named("[1]").is_none() && named("%").is_none());
    }
}
