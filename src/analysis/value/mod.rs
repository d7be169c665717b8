//! What is inside a value written in Elixir syntax?
//!
//! Events carry values as text. This reader is lenient: what it does not understand, or what was cut, is an opaque
//! piece of text, never an error. Everything borrows from the text.

pub(crate) mod brief;
mod charlist;
pub(crate) mod diff;
mod elements;
pub(crate) mod envelope;
pub(crate) mod fields;
mod leaves;
mod node;
pub(crate) mod path;
mod read;
mod shape;

pub(crate) use node::{Kind, Value, is_cut};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_of_a_message_is_its_tag_and_size() {
        let pattern = |text| Value::read(text).pattern();
        assert_eq!(pattern(r#"{:coupon, "SPRING"}"#), "{:coupon, _}");
        assert_eq!(pattern(":total"), ":total");
        assert_eq!(pattern(r#"{:add, "sku", 10}"#), "{:add, _, _}");
        assert_eq!(pattern("{1, 2}"), "{_, _}");
        assert_eq!(pattern("%Job{id: 1}"), "%Job{}");
        assert_eq!(pattern("17"), "(number)");
        assert_eq!(pattern("{:put, <<1, 2>>, #Function<1.2/0 in M, env: [1, 2]>}"), "{:put, _, _}");
        assert_eq!(pattern("{#Reference<0.1.2.3>, :ok}"), "{_, _}");
        assert_eq!(pattern("{:note, \"abc\"‹cut: 900 bytes›}"), "{:note, _}", "what the recorder cut");
        assert_eq!(pattern("{:note, [1, 2, ‹cut: 900 bytes›]}"), "{:note, _}");
    }

    #[test]
    fn elements_are_written_alike_in_any_list() {
        let elements = |text| Value::read(text).elements();
        assert_eq!(elements("[a: 1, b: {2}]").unwrap(), ["{:a, 1}", "{:b, {2}}"]);
        assert_eq!(elements("[{:a, 1}, 7]").unwrap(), ["{:a, 1}", "7"]);
        assert_eq!(elements(r#"~c"A\n\"é""#).unwrap(), ["65", "10", "34", "233"]);
        assert_eq!((elements("[]").unwrap().len(), elements("\"abc\""), elements("{1}")), (0, None, None));
    }

    #[test]
    fn leaves_are_found_with_their_paths() {
        let value = Value::read(r#"%{a: %{"b" => 1}, items: [{:x, nil}], opts: [retry: 3], empty: []}"#);
        let leaves: Vec<(String, &str)> = value.leaves(100).into_iter().map(|(path, leaf)| (path, leaf.text)).collect();
        let expected =
            [("a[\"b\"]", "1"), ("items[0]{0}", ":x"), ("items[0]{1}", "nil"), ("opts.retry", "3"), ("empty", "[]")];
        // Elements of tuples and lists are both asked for by their place.
        let expected: Vec<(String, &str)> =
            expected.iter().map(|(path, leaf)| (path.replace(['{'], "[").replace('}', "]"), *leaf)).collect();
        assert_eq!(leaves, expected);
        assert_eq!(value.leaves(2).len(), 2);
    }
}
