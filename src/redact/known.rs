//! Which structs and records of well-known libraries hold secrets where no name says so?

/// Structs that hold whole requests or connections, and the fields of each that are shown.
const SHORT_FORMS: [(&str, &[&str]); 11] = [
    (
        "Plug.Conn",
        &["method", "scheme", "host", "port", "request_path", "path_info", "status", "state", "halted", "owner"],
    ),
    (
        "Phoenix.Socket",
        &[
            "id",
            "channel",
            "channel_pid",
            "endpoint",
            "handler",
            "joined",
            "join_ref",
            "ref",
            "topic",
            "transport",
            "transport_pid",
        ],
    ),
    ("Phoenix.LiveView.Socket", &["id", "endpoint", "view", "parent_pid", "root_pid", "transport_pid"]),
    (
        "Postgrex.Protocol",
        &["connection_id", "postgres", "status", "transactions", "timeout", "disconnect_on_error_codes"],
    ),
    ("Postgrex.Notifications", &["ref_to_channel", "connected"]),
    ("MyXQL.Connection", &["ping_timeout", "transaction_status"]),
    ("MyXQL.Protocol", &["connection_id", "transaction_status"]),
    ("MyXQL.Client", &["connection_id", "status", "timeout"]),
    ("DBConnection", &[]),
    ("Tds.Protocol", &["state", "transaction"]),
    ("DBConnection.Connection", &["mod", "pool", "tag", "backoff"]),
];

/// Records: their tag, and the places (from 0, the tag's own) of what is hidden.
const RECORDS: [(&str, &[usize]); 14] = [
    ("connection.start_ok", &[3]),
    ("connection.secure_ok", &[1]),
    ("sasl_auth", &[2]),
    ("sasl_response", &[1]),
    ("sasl2_authenticate", &[2]),
    ("internal_user", &[2]),
    ("scram", &[1, 2, 3]),
    ("RSAPrivateKey", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
    ("ECPrivateKey", &[1, 2, 3, 4]),
    ("DSAPrivateKey", &[1, 2, 3, 4, 5, 6]),
    ("PrivateKeyInfo", &[1, 2, 3, 4]),
    ("AuthenticationSASLContinue", &[1]),
    ("msg_password", &[1]),
    ("auth_request", &[1, 2, 3]),
];

/// The fields that are shown of a struct, if it is shown short; its name with or without `Elixir.`.
pub(super) fn short_form(name: &[u8]) -> Option<&'static [&'static str]> {
    let name = name.strip_prefix(b"Elixir.").unwrap_or(name);
    SHORT_FORMS.iter().find(|(known, _)| known.as_bytes() == name).map(|(_, fields)| *fields)
}

/// The places of a record that are hidden.
pub(super) fn record(tag: &[u8]) -> Option<&'static [usize]> {
    RECORDS.iter().find(|(known, _)| known.as_bytes() == tag).map(|(_, places)| *places)
}

/// Parts of the names of records, by which terms that may hold one are found.
pub(super) const RECORD_HINTS: [&str; 6] = ["secure_ok", "start_ok", "sasl", "internal_user", "scram", "PrivateKey"];
