//! How does the structured part of an answer get into its reply when it is JSON text already?
//!
//! The protocol layer carries a result without it; here the two are joined, so that a page is written once and not
//! made a value of the protocol's types first.

use rmcp::model::{
    CallToolResult, ContentBlock, JsonRpcMessage, JsonRpcResponse, JsonRpcVersion2_0, MetaObject, RequestId,
    ResultType, ServerResult,
};
use rmcp::service::{RoleServer, TxJsonRpcMessage};
use serde::Serialize;
use serde_json::value::RawValue;

/// [`CallToolResult`] with its structured part as text; members in the same order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Called<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    result_type: &'a Option<ResultType>,
    content: &'a [ContentBlock],
    structured_content: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_error: Option<bool>,
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    meta: &'a Option<MetaObject>,
}

#[derive(Serialize)]
struct Reply<'a> {
    jsonrpc: JsonRpcVersion2_0,
    id: &'a RequestId,
    result: Called<'a>,
}

/// The reply to a call with its structured part; `None`: there is none, or the message is another one.
pub(super) fn with_structured<'a>(
    message: &'a TxJsonRpcMessage<RoleServer>,
    structured: Option<&'a RawValue>,
) -> Option<impl Serialize + 'a> {
    let JsonRpcMessage::Response(JsonRpcResponse { id, result: ServerResult::CallToolResult(result), .. }) = message
    else {
        return None;
    };
    let CallToolResult { result_type, content, is_error, meta, .. } = result;
    let result = Called { result_type, content, structured_content: structured?, is_error: *is_error, meta };
    Some(Reply { jsonrpc: JsonRpcVersion2_0, id, result })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rmcp::model::CallToolResult;
    use serde_json::{Value, json, value::to_raw_value};

    #[test]
    fn a_reply_is_the_same_whichever_way_its_structured_part_takes() {
        let mut plain = CallToolResult::success(vec![ContentBlock::text("a\tb\"")]);
        let mut full = plain.clone();
        full.meta = Some(MetaObject([("k".to_owned(), json!(1))].into_iter().collect()));
        plain.result_type = None;
        let structured: Value = json!({"z": [1, "\n"], "a": {}});
        let text = to_raw_value(&structured).unwrap();
        for result in [plain, full] {
            let message = |result: CallToolResult| -> TxJsonRpcMessage<RoleServer> {
                JsonRpcMessage::response(ServerResult::CallToolResult(result), RequestId::Number(7))
            };
            let mut whole = result.clone();
            whole.structured_content = Some(structured.clone());
            let without = message(result);
            let joined = with_structured(&without, Some(&*text)).map(|reply| serde_json::to_string(&reply).unwrap());
            assert_eq!(joined, serde_json::to_string(&message(whole)).ok());
            assert!(with_structured(&without, None).is_none());
        }
    }
}
