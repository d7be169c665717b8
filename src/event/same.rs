//! Do two JSON texts say the same?
//!
//! A retry may write the keys of an object in another order; the event is still the same event. Numbers are
//! compared as written, so that no digit of a big integer is lost in the comparison.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// Whether two texts, each one JSON value, are equal up to white space, key order and string escapes.
pub(crate) fn same_json(left: &str, right: &str) -> bool {
    same(left, right, MAX_DEPTH)
}

/// Nesting below this is compared as text: the stack is finite.
const MAX_DEPTH: usize = 128;

fn same(left: &str, right: &str, depth: usize) -> bool {
    if left == right {
        return true;
    }
    let Some(depth) = depth.checked_sub(1) else { return false };
    let (left, right) = (left.trim(), right.trim());
    match (left.as_bytes().first(), right.as_bytes().first()) {
        (Some(b'{'), Some(b'{')) => {
            let parse = |text| serde_json::from_str::<BTreeMap<String, &RawValue>>(text);
            match (parse(left), parse(right)) {
                (Ok(left), Ok(right)) => {
                    left.len() == right.len()
                        && left
                            .iter()
                            .zip(&right)
                            .all(|((lk, lv), (rk, rv))| lk == rk && same(lv.get(), rv.get(), depth))
                }
                _ => false,
            }
        }
        (Some(b'['), Some(b'[')) => {
            let parse = |text| serde_json::from_str::<Vec<&RawValue>>(text);
            match (parse(left), parse(right)) {
                (Ok(left), Ok(right)) => {
                    left.len() == right.len() && left.iter().zip(&right).all(|(l, r)| same(l.get(), r.get(), depth))
                }
                _ => false,
            }
        }
        (Some(b'"'), Some(b'"')) => {
            let parse = |text| serde_json::from_str::<String>(text);
            matches!((parse(left), parse(right)), (Ok(left), Ok(right)) if left == right)
        }
        _ => left == right,
    }
}

#[cfg(test)]
mod tests {
    use super::same_json;

    #[test]
    fn key_order_white_space_and_escapes_do_not_matter_and_digits_do() {
        let same = |l: &str, r: &str| assert!(same_json(l, r), "{l} {r}");
        same(r#"{"a":1,"b":[1,{"c":null}]}"#, r#"{ "b" : [1, {"c":null}], "a":1 }"#);
        same(r#""\u0061""#, r#""a""#);
        let differ = |l: &str, r: &str| assert!(!same_json(l, r), "{l} {r}");
        differ("123456789012345678901234567890", "123456789012345678901234567891");
        differ(r#"{"a":1}"#, r#"{"a":1,"b":2}"#);
        differ("[1,2]", "[2,1]");
        differ(r#""1""#, "1");
    }
}
