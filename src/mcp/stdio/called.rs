//! How does an answer that is JSON already get into its reply?
//!
//! The protocol layer carries a result without it; here the two are joined, so that a page is written once and not
//! made values of the protocol's types first.

use rmcp::model::{CallToolResult, JsonRpcMessage, JsonRpcResponse, ServerResult};
use rmcp::service::{RoleServer, TxJsonRpcMessage};
use serde::Serialize;

use crate::mcp::answer::AnswerJson;

/// Appends the reply to a call with its answer: what the protocol's types would write, had they carried it. `None`: the
/// message is no such reply, and what was appended is to be taken back.
pub(super) fn write(
    reply: &mut Vec<u8>,
    message: &TxJsonRpcMessage<RoleServer>,
    AnswerJson { text, structured }: &AnswerJson,
) -> Option<()> {
    let JsonRpcMessage::Response(JsonRpcResponse { jsonrpc, id, result: ServerResult::CallToolResult(result) }) =
        message
    else {
        return None;
    };
    let CallToolResult { result_type, is_error, meta, .. } = result;
    reply.reserve(text.len() + structured.len() + ENVELOPE);
    put(reply, "{\"jsonrpc\":", jsonrpc)?;
    put(reply, ",\"id\":", id)?;
    reply.extend_from_slice(b",\"result\":{");
    if let Some(result_type) = result_type {
        put(reply, "\"resultType\":", result_type)?;
        reply.push(b',');
    }
    reply.extend_from_slice(b"\"content\":[{\"type\":\"text\",\"text\":");
    reply.extend_from_slice(text);
    reply.extend_from_slice(b"}],\"structuredContent\":");
    reply.extend_from_slice(structured);
    if let Some(is_error) = is_error {
        put(reply, ",\"isError\":", is_error)?;
    }
    if let Some(meta) = meta {
        put(reply, ",\"_meta\":", meta)?;
    }
    reply.extend_from_slice(b"}}");
    Some(())
}

/// Bytes of a reply beside its answer, as a rule.
const ENVELOPE: usize = 256;

/// Appends a key and its value.
fn put(out: &mut Vec<u8>, key: &str, value: &impl Serialize) -> Option<()> {
    out.extend_from_slice(key.as_bytes());
    serde_json::to_writer(out, value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcp::answer::Answer;
    use rmcp::model::{ContentBlock, MetaObject, RequestId};
    use serde_json::{Value, json};

    #[test]
    fn a_reply_is_the_same_whichever_way_its_answer_takes() {
        let structured: Value = json!({"z": [1, "\n"], "a": {}});
        let text = "a\tb\"";
        let json = AnswerJson::of(&Answer { text: text.to_owned(), structured: &structured }).unwrap();
        let mut plain = CallToolResult::success(Vec::new());
        let mut full = plain.clone();
        full.meta = Some(MetaObject([("k".to_owned(), json!(1))].into_iter().collect()));
        plain.result_type = None;
        for (result, id) in [(plain, RequestId::Number(7)), (full, RequestId::String("\"".into()))] {
            let message = |result: CallToolResult| -> TxJsonRpcMessage<RoleServer> {
                JsonRpcMessage::response(ServerResult::CallToolResult(result), id.clone())
            };
            let mut whole = result.clone();
            whole.content = vec![ContentBlock::text(text)];
            whole.structured_content = Some(structured.clone());
            let mut joined = Vec::new();
            write(&mut joined, &message(result), &json).unwrap();
            let expected = serde_json::to_string(&message(whole)).unwrap();
            assert_eq!(String::from_utf8(joined).unwrap(), expected);
        }
    }
}
