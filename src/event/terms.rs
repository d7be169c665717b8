//! What is in a tuple or a list that is written as text? As far as it was not cut.
//!
//! Lighter than reading the whole value: the end of a process is looked at while events stream by.

/// The first elements of a tuple, at most `most`; what is cut has those that are there.
pub(crate) fn tuple(text: &str, most: usize) -> Option<Vec<&str>> {
    Some(elements(text.trim().strip_prefix('{')?, most))
}

/// The same of a list.
pub(crate) fn list(text: &str, most: usize) -> Option<Vec<&str>> {
    Some(elements(text.trim().strip_prefix('[')?, most))
}

/// The name of an atom or an alias, without colon and quotes; `None` of anything else.
pub(crate) fn atom(text: &str) -> Option<&str> {
    let text = text.trim();
    let name = text.strip_prefix(':').unwrap_or(text);
    if let Some(quoted) = name.strip_prefix(['"', '\'']).filter(|_| name.len() < text.len() || name.starts_with('\'')) {
        return quoted.strip_suffix(['"', '\'']);
    }
    let is_of_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '@' | '.' | '?' | '!');
    let is_name = name.chars().all(is_of_name) && !name.starts_with(|c: char| c.is_ascii_digit());
    is_name.then_some(name)
}

/// The elements up to the bracket that closes what was opened before the text.
fn elements(text: &str, most: usize) -> Vec<&str> {
    let bytes = text.as_bytes();
    let (mut found, mut since, mut depth, mut at) = (Vec::new(), 0, 0_usize, 0);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at = end_of_quoted(bytes, at),
            b'{' | b'[' | b'(' => depth += 1,
            // `#Function<1.2/0 in A, env: [5]>` and `<<1, 2>>`.
            b'<' if at > 0 && is_opening(bytes, at) => depth += 1,
            b'>' if depth > 0 && bytes.get(at - 1) != Some(&b'-') && bytes.get(at - 1) != Some(&b'=') => depth -= 1,
            b'}' | b']' | b')' if depth > 0 => depth -= 1,
            b'}' | b']' | b')' => break,
            b',' if depth == 0 => {
                found.push(text[since..at].trim());
                since = at + 1;
            }
            _ => {}
        }
        if found.len() == most {
            return found;
        }
        at += 1;
    }
    let last = text[since..at.min(text.len())].trim();
    if !last.is_empty() {
        found.push(last);
    }
    found
}

/// Whether a `<` opens something that a `>` will close.
fn is_opening(bytes: &[u8], at: usize) -> bool {
    let before = bytes[at - 1];
    before == b'<' || bytes.get(at + 1) == Some(&b'<') || before.is_ascii_alphabetic()
}

fn end_of_quoted(bytes: &[u8], open: usize) -> usize {
    let mut at = open + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 1,
            b'"' => return at,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_told_apart_whatever_is_inside_of_them() {
        assert_eq!(tuple("{:a, {1, 2}, [3, \"}, \\\" {\"]}", 9).unwrap(), [":a", "{1, 2}", "[3, \"}, \\\" {\"]"]);
        assert_eq!(tuple("{#Function<1.2/0 in A, env: [5]>, <<1, 2>>, 3}", 9).unwrap().len(), 3);
        assert_eq!(tuple("{#PID<0.1.0>, <0.1.0>, %{a: 1, b: fn}}", 9).unwrap()[1..], ["<0.1.0>", "%{a: 1, b: fn}"]);
        assert_eq!(tuple("{shutdown,closed}", 9).unwrap(), ["shutdown", "closed"]);
        assert_eq!(tuple("{%{1 => 2, :a => 3}, :x}", 9).unwrap(), ["%{1 => 2, :a => 3}", ":x"]);
        assert_eq!(list("[1, 2, 3]", 2).unwrap(), ["1", "2"]);
        assert_eq!((tuple("{}", 2).unwrap().len(), tuple("[1]", 2)), (0, None));
        // Cut.
        assert_eq!(tuple("{:a, [{B, \"c", 9).unwrap(), [":a", "[{B, \"c"]);
    }

    #[test]
    fn atoms_are_read_without_what_marks_them() {
        let names = [":normal", "normal", ":\"odd name\"", "Bank.Account", "'odd'", ""].map(atom);
        assert_eq!(names, ["normal", "normal", "odd name", "Bank.Account", "odd", ""].map(Some));
        assert_eq!(["{:a}", "\"text\"", "12", "#PID<0.1.0>", "a b"].map(atom), [None; 5]);
    }
}
