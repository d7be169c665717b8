//! How is a value shown where space is short, so that its small parts stay whole?

use super::charlist::both_readings;
use super::node::{Kind, Value};

/// The value as it is if it is short; else its shape with its small parts: `%{discount: nil, items: [8 items]}`. Numbers
/// that may be a text stand beside it, beyond `max`.
pub(crate) fn brief(text: &str, max: usize) -> String {
    let text = text.trim();
    if text.len() <= max {
        return both_readings(text).into_owned();
    }
    let short = brief_value(&Value::read(text), max);
    both_readings(&short).into_owned()
}

/// Below this a part says nothing.
const LEAST: usize = 6;

/// [`brief`] of a value that is read already. Cost: one pass over the parts that are shown.
pub(crate) fn brief_value(value: &Value<'_>, max: usize) -> String {
    if value.text.len() <= max {
        return value.text.to_owned();
    }
    match &value.kind {
        Kind::Map(name, entries) => {
            let name = name.unwrap_or_default();
            let parts: Vec<&Value<'_>> = entries.iter().flat_map(|(key, value)| [key, value]).collect();
            let colons: Vec<&str> = entries.iter().map(|(key, _)| colon(key)).collect();
            let marks = "%{}".len() + name.len() + colons.iter().map(|colon| colon.len()).sum::<usize>();
            let Some(shares) = shares(&parts, entries.len(), marks, max) else { return summary(value) };
            let texts: Vec<String> = parts.iter().zip(shares).map(|(part, share)| brief_value(part, share)).collect();
            let entries: Vec<String> =
                texts.chunks(2).zip(colons).map(|(entry, colon)| format!("{}{colon}{}", entry[0], entry[1])).collect();
            format!("%{name}{{{}}}", entries.join(", "))
        }
        Kind::Tuple(items) => {
            let parts: Vec<&Value<'_>> = items.iter().collect();
            let Some(shares) = shares(&parts, items.len(), "{}".len(), max) else { return summary(value) };
            let texts: Vec<String> = parts.iter().zip(shares).map(|(part, share)| brief_value(part, share)).collect();
            format!("{{{}}}", texts.join(", "))
        }
        Kind::List(_) => summary(value),
        Kind::Pair(pair) => {
            let (key, value) = &**pair;
            format!("{}: {}", key.text, brief_value(value, max.saturating_sub(key.text.len() + 2)))
        }
        _ => cut(value.text, max),
    }
}

fn colon(key: &Value<'_>) -> &'static str {
    if matches!(key.kind, Kind::Atom(_)) && !key.text.starts_with(':') { ": " } else { " => " }
}

/// A container without its parts.
fn summary(value: &Value<'_>) -> String {
    match &value.kind {
        Kind::Map(name, entries) => format!("%{}{{{} keys}}", name.unwrap_or_default(), entries.len()),
        Kind::Tuple(items) => format!("{{{} elements}}", items.len()),
        Kind::List(items) => format!("[{} items]", items.len()),
        _ => cut(value.text, LEAST),
    }
}

/// How much of the space each part of a container gets, beside its marks and the commas between its `count` elements.
/// Short parts stay whole and leave their share to long ones. `None` when there is no space for so many.
fn shares(parts: &[&Value<'_>], count: usize, marks: usize, max: usize) -> Option<Vec<usize>> {
    if count == 0 || count > max / LEAST * 2 {
        return None;
    }
    let least = |part: &Value<'_>| match part.kind {
        Kind::Map(..) | Kind::Tuple(_) | Kind::List(_) => summary(part).len().min(part.text.len()),
        _ => LEAST.min(part.text.len()),
    };
    let mut shares: Vec<usize> = parts.iter().map(|part| least(part)).collect();
    let taken = marks + 2 * (count - 1) + shares.iter().sum::<usize>();
    let mut left = max.checked_sub(taken)?;
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by_key(|at| parts[*at].text.len());
    let mut long = Vec::new();
    for at in order {
        let more = parts[at].text.len() - shares[at];
        if long.is_empty() && more <= left {
            shares[at] += more;
            left -= more;
        } else if !matches!(parts[at].kind, Kind::List(_)) {
            long.push(at);
        }
    }
    // Of what is cut nobody needs more than half.
    for (place, at) in long.iter().enumerate() {
        let more = (left / (long.len() - place)).min((max / 2).saturating_sub(shares[*at]));
        shares[*at] += more;
        left -= more;
    }
    Some(shares)
}

/// The start of a text, and a mark that it is cut.
pub(crate) fn cut(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    let end = text.char_indices().map(|(at, _)| at).take_while(|at| *at <= max.saturating_sub(3)).last().unwrap_or(0);
    format!("{}\u{2026}", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_parts_stay_whole_and_large_ones_tell_their_size() {
        let state = r#"%{discount: nil, id: 4, items: [{"sku8", 80}, {"sku7", 70}, {"sku6", 60}, {"sku5", 50}]}"#;
        assert_eq!(brief(state, 60), "%{discount: nil, id: 4, items: [4 items]}");
        assert_eq!(brief(state, 200), state);
        assert_eq!(
            brief(r#"{:put, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 1}"#, 30),
            "{:put, \"aaaaaaaaaaa\u{2026}, 1}"
        );
        assert_eq!(brief("%{aaaaaaa: 1, bbbbbbb: 2, ccccccc: 3}", 12), "%{3 keys}");
        assert_eq!(brief("[1, 2, 3, 4, 5, 6, 7, 8]", 10), "[8 items]");
        assert_eq!(cut("größe", 4), "g\u{2026}");
    }

    #[test]
    fn nested_values_are_shortened_in_one_pass() {
        for depth in [30, 400, 20_000] {
            for (open, close) in
                [("{", ", 1}"), ("%{a: ", "}"), ("%{undo: {:put, ", ", 1}}"), ("%S{a: 1, b: ", "}"), ("[", "]")]
            {
                let text = format!("{}nil{}", open.repeat(depth), close.repeat(depth));
                for max in [0, 1, 6, 12, 30, 60, 100, 200, 1_000] {
                    let short = brief(&text, max);
                    assert!(short.len() <= max.max(24), "{} bytes for {max}: {short}", short.len());
                }
            }
        }
    }
}
