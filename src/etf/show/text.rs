//! How are names, strings and numbers written, bare and inside JSON?

use super::super::{Atom, Pid};

/// Where the text goes.
pub(super) trait Target {
    /// Appends a text that may hold quotes and backslashes, but no control characters.
    fn push(text: &str, out: &mut String);
}

/// As it is.
pub(super) struct Plain;

/// Inside a JSON string.
pub(super) struct Json;

impl Target for Plain {
    fn push(text: &str, out: &mut String) {
        out.push_str(text);
    }
}

impl Target for Json {
    fn push(text: &str, out: &mut String) {
        let mut rest = text;
        while let Some(at) = rest.bytes().position(|byte| byte == b'"' || byte == b'\\' || byte < b' ') {
            out.push_str(&rest[..at]);
            match rest.as_bytes()[at] {
                b'"' => out.push_str("\\\""),
                b'\\' => out.push_str("\\\\"),
                control => {
                    out.push_str("\\u00");
                    hex(control, out);
                }
            }
            rest = &rest[at + 1..];
        }
        out.push_str(rest);
    }
}

fn hex(byte: u8, out: &mut String) {
    for digit in [byte >> 4, byte & 15] {
        out.push(char::from_digit(digit.into(), 16).unwrap_or('0').to_ascii_uppercase());
    }
}

/// Appends a number in decimal.
pub(super) fn number(value: u64, out: &mut String) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = value;
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.push_str(std::str::from_utf8(&digits[at..]).unwrap_or_default());
}

/// Appends an integer of any size: digits in base 256, the least significant first.
pub(super) fn big(negative: bool, digits: &[u8], out: &mut String) {
    const BILLION: u64 = 1_000_000_000;
    let mut parts: Vec<u32> = Vec::with_capacity(digits.len() / 3 + 1);
    for byte in digits.iter().rev() {
        let mut carry = u64::from(*byte);
        for part in &mut parts {
            carry += u64::from(*part) << 8;
            *part = (carry % BILLION) as u32;
            carry /= BILLION;
        }
        if carry > 0 {
            parts.push(carry as u32);
        }
    }
    if negative {
        out.push('-');
    }
    let mut parts = parts.iter().rev();
    number(parts.next().copied().unwrap_or_default().into(), out);
    for part in parts {
        let mut padded = String::new();
        number(u64::from(*part), &mut padded);
        out.extend(std::iter::repeat_n('0', 9 - padded.len()));
        out.push_str(&padded);
    }
}

/// Appends a float as Elixir does: the shortest digits that read back as the same float.
pub(super) fn float(value: f64, out: &mut String) {
    let digits = format!("{value:e}");
    let Some((mantissa, exponent)) = digits.split_once('e') else { return out.push_str(&digits) };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let plain = format!("{value:?}");
    // Erlang writes out whichever is shorter.
    let is_short = (-5..16).contains(&exponent) && !plain.contains('e');
    if is_short {
        return out.push_str(&plain);
    }
    out.push_str(mantissa);
    if !mantissa.contains('.') {
        out.push_str(".0");
    }
    out.push('e');
    if exponent < 0 {
        out.push('-');
    }
    number(u64::from(exponent.unsigned_abs()), out);
}

/// Appends what stands between the quotes of a string or a quoted atom.
pub(super) fn escaped<T: Target>(text: &str, out: &mut String) {
    let mut start = 0;
    let bytes = text.as_bytes();
    let is_plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\' && byte != b'#' && byte < 0x7f;
    while start < bytes.len() {
        let run = bytes[start..].iter().position(|byte| !is_plain(*byte)).unwrap_or(bytes.len() - start);
        out.push_str(&text[start..start + run]);
        start += run;
        let Some(c) = text[start..].chars().next() else { return };
        start += c.len_utf8();
        match c {
            '"' => T::push("\\\"", out),
            '\\' => T::push("\\\\", out),
            '#' if text[start..].starts_with('{') => T::push("\\#", out),
            '\n' => T::push("\\n", out),
            '\t' => T::push("\\t", out),
            '\r' => T::push("\\r", out),
            '\u{7}' => T::push("\\a", out),
            '\u{8}' => T::push("\\b", out),
            '\u{b}' => T::push("\\v", out),
            '\u{c}' => T::push("\\f", out),
            '\u{1b}' => T::push("\\e", out),
            '\u{7f}' => T::push("\\d", out),
            '\0' => T::push("\\0", out),
            c if c.is_control() || is_invisible(c) => T::push(&format!("\\x{{{:X}}}", u32::from(c)), out),
            c => out.push(c),
        }
    }
}

/// Characters Elixir does not print though they are no control characters.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{ffff}')
}

/// Whether Elixir writes a binary as a string.
pub(super) fn printable(bytes: &[u8]) -> Option<&str> {
    let is_ascii = bytes.iter().all(|byte| matches!(byte, b' '..=b'~' | 7..=13 | 27 | 127));
    let text = std::str::from_utf8(bytes).ok()?;
    let is_printable = is_ascii
        || text.chars().all(|c| match c {
            '\u{7}'..='\u{d}' | '\u{1b}' | ' '..='~' | '\u{7f}' => true,
            '\u{a0}'.. => !is_invisible(c),
            _ => false,
        });
    is_printable.then_some(text)
}

/// Appends an atom as Elixir writes it.
pub(super) fn atom<T: Target>(name: &str, out: &mut String) {
    match name {
        "nil" | "true" | "false" => return out.push_str(name),
        _ => {}
    }
    if let Some(alias) = name.strip_prefix("Elixir.") {
        if is_alias(alias) {
            return out.push_str(alias);
        }
    }
    out.push(':');
    if is_bare(name) || is_operator(name) {
        return T::push(name, out);
    }
    quoted::<T>(name, out);
}

/// Appends an atom as the key of a keyword list or map: `name: `.
pub(super) fn atom_key<T: Target>(name: &str, out: &mut String) {
    if is_bare(name) {
        out.push_str(name);
    } else {
        quoted::<T>(name, out);
    }
    out.push_str(": ");
}

/// Appends a function's name as it stands behind its module.
pub(super) fn function_name<T: Target>(name: &str, out: &mut String) {
    if is_bare(name) || is_operator(name) {
        T::push(name, out);
    } else {
        quoted::<T>(name, out);
    }
}

fn quoted<T: Target>(name: &str, out: &mut String) {
    T::push("\"", out);
    escaped::<T>(name, out);
    T::push("\"", out);
}

/// `Foo.Bar`.
fn is_alias(name: &str) -> bool {
    name.split('.').all(|part| {
        part.starts_with(|c: char| c.is_ascii_uppercase())
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    })
}

/// Needs no quotes after its colon.
fn is_bare(name: &str) -> bool {
    let stem = name.strip_suffix(['?', '!']).unwrap_or(name);
    stem.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && stem.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '@')
}

fn is_operator(name: &str) -> bool {
    matches!(
        name,
        "+" | "-"
            | "*"
            | "/"
            | "++"
            | "--"
            | "**"
            | "+++"
            | "---"
            | "="
            | "=="
            | "!="
            | "==="
            | "!=="
            | "=~"
            | "<"
            | ">"
            | "<="
            | ">="
            | "&&"
            | "||"
            | "&&&"
            | "|||"
            | "^^^"
            | "<>"
            | "|>"
            | "<<<"
            | ">>>"
            | "<<~"
            | "~>>"
            | "<~"
            | "~>"
            | "<~>"
            | "<|>"
            | "!"
            | "&"
            | "|"
            | "."
            | ".."
            | "::"
            | "->"
            | "<-"
            | "@"
            | "%"
            | "%{}"
            | "{}"
            | "<<>>"
            | "..//"
            | "^"
            | "~~~"
            | "=>"
            | "\\\\"
            | "..."
    )
}

/// Appends `<0.1.0>`, or `<node.1.0>` for another node than `home`.
pub(super) fn pid<T: Target>(pid: Pid<'_>, home: Option<&[u8]>, out: &mut String) {
    out.push('<');
    node::<T>(pid.node, home, out);
    for part in [pid.id, pid.serial] {
        out.push('.');
        number(part.into(), out);
    }
    out.push('>');
}

/// Appends `0` for the node called `home`, else the node's name. Where `home` is not known every node is.
pub(super) fn node<T: Target>(node: Atom<'_>, home: Option<&[u8]>, out: &mut String) {
    if home.is_none_or(|home| home == node.bytes()) {
        out.push('0');
    } else {
        escaped::<T>(&node.text(), out);
    }
}
