//! Of which functions is nothing shown that they are given or return?
//!
//! Those that check and sign, and those that read cookies, forms and headers out of bytes: what they hold is a secret, or
//! the tail of one, under no name. The same list is `@credentials` and `@reading` in `scope.exs`.

/// How the names of modules begin; `Elixir.` left out.
pub const MODULES: [&str; 39] = [
    "rabbit_auth_mechanism_",
    "rabbit_auth_backend_",
    "rabbit_password",
    "rabbit_credential_",
    "cyrsasl",
    "xmpp_sasl",
    "scram",
    "ejabberd_auth",
    "pbkdf2",
    "eldap",
    "amqp_auth_mechanisms",
    "Bcrypt",
    "Argon2",
    "Pbkdf2",
    "Comeonin",
    "Plug.Crypto",
    "Postgrex.SCRAM",
    "Postgrex.Protocol",
    "MyXQL.Protocol",
    "Plug.Session",
    "Plug.CSRFProtection",
    "Plug.BasicAuth",
    "Plug.Conn.Cookies",
    "Plug.Conn.Query",
    "Plug.Conn.Utils",
    "Plug.Parsers",
    "Phoenix.Token",
    "Phoenix.Socket.Transport",
    "Joken",
    "JOSE",
    "HPAX",
    "jose_",
    "cow_cookie",
    "cow_qs",
    "cow_hpack",
    "cow_multipart",
    "mochiweb_cookies",
    "mochiweb_util",
    "mochiweb_multipart",
];

/// Modules, and how the names of their functions begin of which the same holds.
pub const FUNCTIONS: [(&str, &[&str]); 5] = [
    ("URI", &["decode", "query", "unpercent", "encode", "percent", "hex", "next", "pair"]),
    ("uri_string", &["dissect", "compose", "percent", "unquote", "quote", "raw_decode", "decode", "form_urldecode"]),
    ("cowboy_req", &["parse_", "match_", "read_", "filter", "kvlist", "set_resp_cookie"]),
    ("mochiweb_request", &["parse_", "get_cookie", "recv"]),
    ("crypto", &["mac", "hash", "pbkdf2", "crypto_", "compute_key", "sign", "private"]),
];

/// Parts by which terms are found that may name one of them.
pub(super) fn hints() -> impl Iterator<Item = &'static str> {
    MODULES.into_iter().chain(FUNCTIONS.iter().map(|(module, _)| *module))
}

/// Whether nothing is shown of what a function is given and returns. The module as sent or as it is written: with or
/// without `Elixir.` or a colon.
pub(super) fn is_silent(module: &[u8], function: &[u8]) -> bool {
    let bare = module.strip_prefix(b"Elixir.");
    let is_elixir = bare.is_some() || module.first().is_some_and(u8::is_ascii_uppercase);
    let name = bare.or_else(|| module.strip_prefix(b":")).unwrap_or(module);
    // `scram` is no module of Elixir, `JOSE` none of Erlang.
    let is_kind = |start: &str| start.as_bytes()[0].is_ascii_uppercase() == is_elixir;
    MODULES.iter().any(|start| is_kind(start) && name.starts_with(start.as_bytes()))
        || FUNCTIONS.iter().any(|(of, starts)| {
            is_kind(of) && name == of.as_bytes() && starts.iter().any(|start| function.starts_with(start.as_bytes()))
        })
}
