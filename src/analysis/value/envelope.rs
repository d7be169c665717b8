//! What is inside the wrapping OTP puts around a message?

use super::node::Value;

/// The request inside what was sent: `:total` of `{:"$gen_call", {pid, ref}, :total}`, the message itself otherwise.
pub(crate) fn request(message: &str) -> &str {
    let value = Value::read(message);
    let inner = value.tuple().and_then(|parts| match (parts.first()?.atom()?, parts.len()) {
        ("$gen_call", 3) => Some(parts[2].text),
        ("$gen_cast", 2) => Some(parts[1].text),
        _ => None,
    });
    inner.unwrap_or(message)
}

/// What a message says to whom it is for: the request, of a reply the answer.
pub(crate) fn content(message: &str) -> &str {
    if message.starts_with("{[:alias |") || message.starts_with("{#Reference<") {
        let reply = Value::read(message);
        return reply.tuple().filter(|parts| parts.len() == 2).map_or(message, |parts| parts[1].text);
    }
    request(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_is_taken_out_of_its_envelope() {
        assert_eq!(request(r#"{:"$gen_call", {#PID<0.1.0>, [:alias | #Reference<0.1.2.3>]}, :total}"#), ":total");
        assert_eq!(request(r#"{:"$gen_cast", {:coupon, "SPRNG"}}"#), r#"{:coupon, "SPRNG"}"#);
        assert_eq!(request("{:EXIT, #PID<0.1.0>, :normal}"), "{:EXIT, #PID<0.1.0>, :normal}");
    }

    #[test]
    fn the_answer_is_taken_out_of_a_reply() {
        assert_eq!(content("{[:alias | #Reference<0.1.2.3>], {:ok, 5}}"), "{:ok, 5}");
        assert_eq!(content("{#Reference<0.1.2.3>, <<1, 2>>}"), "<<1, 2>>");
        assert_eq!(content("{:\"$gen_cast\", :tick}"), ":tick");
        assert_eq!(content("{:hello, 1}"), "{:hello, 1}");
    }
}
