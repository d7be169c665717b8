//! How does an answer get into its reply? As the JSON it was written as, once, and freed as it is sent.
//!
//! The protocol layer carries a result without its content; it is put there as the reply goes out, whether that is one
//! JSON message or an event of a stream.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};
use memchr::memmem;

use crate::budget::Reservation;
use crate::mcp::carried::{Answer, AnswerSlot};

/// Where the content goes. Inside of a string its quotes would be escaped, so it is found nowhere else.
const EMPTY: &[u8] = br#""content":[]"#;

/// What stands before and after the text of an answer.
const TEXT: &[u8] = br#""content":[{"type":"text","text":"#;
const STRUCTURED: &[u8] = br#"}],"structuredContent":"#;

/// What a replayed event has in place of its content.
const NOT_KEPT: &[u8] =
    br#""content":[{"type":"text","text":"Answers are not kept for streams that are resumed. Call again."}]"#;

/// A reply with the answer of its call.
pub(super) struct Answered {
    body: Body,
    /// Where the answer is found; none: it is not kept.
    slot: Option<AnswerSlot>,
    /// Parts of the frame that is being sent.
    parts: VecDeque<Bytes>,
    /// Bytes still to come, where the whole reply is there.
    left: Option<u64>,
}

/// Bytes that hold memory until the connection has sent them.
struct Held {
    bytes: Vec<u8>,
    _memory: Reservation,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Answered {
    /// The reply to a call whose answer is found in the slot.
    pub(super) fn of(body: Body, slot: AnswerSlot) -> Self {
        let more = slot.bytes().map_or(0, |bytes| bytes + (TEXT.len() + STRUCTURED.len() - EMPTY.len()) as u64);
        let left = body.size_hint().exact().map(|bytes| bytes + more);
        Self { body, slot: Some(slot), parts: VecDeque::new(), left }
    }

    /// Replies that went out before.
    pub(super) fn replayed(body: Body) -> Self {
        // Where it is no stream of events, nothing is put in.
        Self { body, slot: None, parts: VecDeque::new(), left: None }
    }

    /// Cuts a frame where its content goes.
    fn fill(&mut self, frame: Bytes) {
        let Some(at) = memmem::find(&frame, EMPTY) else {
            self.parts.push_back(frame);
            return;
        };
        let (before, after) = (frame.slice(..at), frame.slice(at + EMPTY.len()..));
        self.parts.push_back(before);
        match self.slot.as_ref().map(AnswerSlot::take) {
            None => self.parts.push_back(Bytes::from_static(NOT_KEPT)),
            Some(Some(Answer { json, mut memory })) => {
                let text_memory = memory.split(json.text.len() as u64);
                self.parts.push_back(Bytes::from_static(TEXT));
                self.parts.push_back(Bytes::from_owner(Held { bytes: json.text, _memory: text_memory }));
                self.parts.push_back(Bytes::from_static(STRUCTURED));
                self.parts.push_back(Bytes::from_owner(Held { bytes: json.structured, _memory: memory }));
            }
            // It is a result without content.
            Some(None) => self.parts.push_back(Bytes::from_static(EMPTY)),
        }
        self.parts.push_back(after);
    }
}

impl HttpBody for Answered {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        loop {
            if let Some(part) = self.parts.pop_front() {
                if part.is_empty() {
                    continue;
                }
                self.left = self.left.map(|left| left.saturating_sub(part.len() as u64));
                return Poll::Ready(Some(Ok(Frame::data(part))));
            }
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.fill(data),
                    Err(frame) => return Poll::Ready(Some(Ok(frame))),
                },
                other => return Poll::Ready(other),
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Budget;
    use crate::mcp::answer::AnswerJson;

    fn sent(mut body: Answered) -> String {
        let told = body.size_hint().exact();
        let mut cx = Context::from_waker(std::task::Waker::noop());
        let mut sent = Vec::new();
        while let Poll::Ready(Some(frame)) = Pin::new(&mut body).poll_frame(&mut cx) {
            sent.extend_from_slice(&frame.unwrap().into_data().unwrap());
        }
        assert!(told.is_none_or(|bytes| bytes == sent.len() as u64), "{told:?} bytes were told of {}", sent.len());
        String::from_utf8(sent).unwrap()
    }

    #[test]
    fn the_answer_is_put_where_the_content_goes_and_its_memory_given_back() {
        let budget = Budget::default();
        let slot = AnswerSlot::default();
        let json = AnswerJson { text: b"\"a\\n\"".to_vec(), structured: b"{\"n\":1}".to_vec() };
        slot.put(Answer { json, memory: budget.reserve(10).unwrap() });
        let id = r#""\"content\":[]""#;
        let reply = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"content":[],"isError":false}}}}"#);
        let whole = sent(Answered::of(Body::from(reply.clone()), slot.clone()));
        let expected = format!(
            r#"{{"jsonrpc":"2.0","id":{id},"result":{{"content":[{{"type":"text","text":"a\n"}}],"structuredContent":{{"n":1}},"isError":false}}}}"#
        );
        assert_eq!((whole.as_str(), budget.held()), (expected.as_str(), 0));
        assert_eq!(sent(Answered::of(Body::from(reply.clone()), slot)), reply, "it is there once");
        let replayed = sent(Answered::replayed(Body::from(reply)));
        assert!(replayed.contains("not kept"), "{replayed}");
    }
}
