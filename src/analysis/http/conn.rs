//! What does a request of Plug say of itself?

use crate::analysis::value::fields::{items, named};

/// How deep a request is looked for: `{:ok, %{conn: conn}}`.
const DEPTH: usize = 3;

/// A `%Plug.Conn{}`, as far as it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Conn {
    pub(super) method: Option<String>,
    pub(super) path: Option<String>,
    /// `None`: none was set, or it is not shown.
    pub(super) status: Option<u16>,
    /// Whether it says that no status was set.
    pub(super) is_fresh: bool,
    pub(super) is_sent: bool,
    /// `Web.ItemController.show`.
    pub(super) action: Option<String>,
}

impl Conn {
    /// The request a value is, or holds as Plug's functions and events hold one. A list of requests is none.
    pub(super) fn within(text: &str) -> Option<Self> {
        within(text.trim(), 0)
    }
}

fn within(text: &str, depth: usize) -> Option<Conn> {
    if depth > DEPTH {
        return None;
    }
    if let Some(parts) = items(text) {
        return parts.into_iter().find_map(|part| within(part, depth + 1));
    }
    let (name, fields) = named(text)?;
    match name {
        "Plug.Conn" => {}
        _ => return within(fields.get("conn").or_else(|| fields.unfinished("conn"))?, depth + 1),
    }
    let string = |name: &str| fields.get(name).and_then(unquoted).map(str::to_owned);
    let status = fields.get("status").and_then(status);
    let state = fields.get("state").unwrap_or_default();
    let private = fields.get("private").and_then(|private| Some(named(private)?.1));
    let action = private.and_then(|private| {
        let (controller, action) = (private.get("phoenix_controller")?, private.get("phoenix_action")?);
        Some(format!("{controller}.{}", action.trim_start_matches(':')))
    });
    Some(Conn {
        method: string("method"),
        path: string("request_path"),
        status,
        is_fresh: fields.get("status") == Some("nil") || state == ":unset",
        is_sent: matches!(state, ":sent" | ":chunked" | ":file" | ":upgraded"),
        action,
    })
}

/// The text of a string.
pub(super) fn unquoted(text: &str) -> Option<&str> {
    text.strip_prefix('"')?.strip_suffix('"')
}

/// The status a value is: `500`, `:internal_server_error`, `"500 Internal Server Error"`.
pub(super) fn status(text: &str) -> Option<u16> {
    let text = text.trim().trim_matches('"');
    let number = text.split(' ').next().and_then(|number| number.parse().ok());
    number.filter(|status| (100..600).contains(status)).or_else(|| status_called(text.strip_prefix(':')?))
}

/// The statuses Plug knows by name, those that are told and the usual ones.
fn status_called(name: &str) -> Option<u16> {
    Some(match name {
        "ok" => 200,
        "created" => 201,
        "accepted" => 202,
        "no_content" => 204,
        "moved_permanently" => 301,
        "found" => 302,
        "see_other" => 303,
        "not_modified" => 304,
        "bad_request" => 400,
        "unauthorized" => 401,
        "forbidden" => 403,
        "not_found" => 404,
        "conflict" => 409,
        "gone" => 410,
        "unprocessable_entity" => 422,
        "too_many_requests" => 429,
        "internal_server_error" => 500,
        "not_implemented" => 501,
        "bad_gateway" => 502,
        "service_unavailable" => 503,
        "gateway_timeout" => 504,
        "http_version_not_supported" => 505,
        "variant_also_negotiates" => 506,
        "insufficient_storage" => 507,
        "loop_detected" => 508,
        "not_extended" => 510,
        "network_authentication_required" => 511,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_found_where_plug_keeps_it() {
        let conn = r#"%Plug.Conn{method: "GET", request_path: "/x", status: 500, state: :sent, ...}"#;
        for text in [
            conn.to_owned(),
            format!("{{:ok, {conn}}}"),
            format!("%{{conn: {conn}, options: []}}"),
            format!("%Plug.Conn.WrapperError{{conn: {conn}, kind: :error, reason: :badarith, stack: []}}"),
        ] {
            let found = Conn::within(&text).unwrap();
            assert_eq!((found.method.as_deref(), found.path.as_deref()), (Some("GET"), Some("/x")), "{text}");
            assert_eq!((found.status, found.is_sent, found.is_fresh), (Some(500), true, false));
        }
        assert_eq!(Conn::within(&format!("[{conn}, {conn}]")), None);
        assert_eq!(Conn::within("%{total: 5}"), None);
    }

    #[test]
    fn what_was_cut_is_unknown() {
        let cut = "%Plug.Conn{method: \"GET\", params: %{a: [1, \u{2039}cut: 9000 bytes\u{203a}]}}";
        for text in [cut.to_owned(), format!("{{:ok, {cut}}}"), format!("%Plug.Conn.WrapperError{{conn: {cut}}}")] {
            let found = Conn::within(&text).unwrap();
            assert_eq!((found.method.as_deref(), found.status), (Some("GET"), None), "{text}");
            assert!(!found.is_fresh && !found.is_sent);
        }
        // The text ends within the request.
        let found = Conn::within(r#"%{conn: %Plug.Conn{method: "PUT", status: 50"#).unwrap();
        assert_eq!((found.method.as_deref(), found.status), (Some("PUT"), None));
    }

    #[test]
    fn a_status_is_a_number_a_name_or_a_line() {
        assert_eq!(status("503"), Some(503));
        assert_eq!(status(":bad_gateway"), Some(502));
        assert_eq!(status(r#""500 Internal Server Error""#), Some(500));
        assert_eq!((status("5000"), status("nil"), status(":halted"), status("")), (None, None, None, None));
    }
}
