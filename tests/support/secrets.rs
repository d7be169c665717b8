//! Secrets in the shapes that programs have them in, and what only looks like one. One needle stands for all secrets.

#![allow(dead_code, reason = "every test uses a part of it")]

use serde_json::{Value, json};

use super::terms::{Bytes, atom, binary, charlist, improper, int, list, map, pid, reference, tuple};

/// No answer may hold it.
pub(crate) const NEEDLE: &str = "N33dle5x";

/// `\0user\0N33dle5x` in base64.
const ENCODED: &str = "AHVzZXIATjMzZGxlNXg=";

fn s(text: &str) -> String {
    text.replace("NEEDLE", NEEDLE)
}

fn key(name: &str) -> Bytes {
    atom(name)
}

fn fun(free: &[Bytes]) -> Bytes {
    let about = [atom("m"), int(1), int(2), pid(7)].concat();
    let inside =
        [vec![1], vec![0; 16], vec![0, 0, 0, 1], (free.len() as u32).to_be_bytes().to_vec(), about, free.concat()]
            .concat();
    [vec![112], (inside.len() as u32 + 4).to_be_bytes().to_vec(), inside].concat()
}

/// Terms that hold the needle.
#[expect(clippy::too_many_lines, reason = "a table")]
pub(crate) fn term_shapes() -> Vec<(String, Bytes)> {
    let mut shapes: Vec<(String, Bytes)> = Vec::new();
    let mut add = |what: &str, term: Bytes| shapes.push((what.to_owned(), term));
    let needle = || binary(NEEDLE);
    for name in [
        "password",
        "passwd",
        "secret",
        "token",
        "authorization",
        "cookie",
        "secret_key_base",
        "api_key",
        "user_password",
        "db-password",
        "passwordHash",
        "csrf_token",
        "private_key",
        "access_token",
        "refresh_token",
        "set-cookie",
        "x-api-key",
        "client_secret",
        "passphrase",
        "credentials",
        "PASSWORD",
        "Authorization",
        "Set-Cookie",
        "X-Api-Key",
        "AccessToken",
        "signing_salt",
        "jwt",
        "pass",
        "pwd",
    ] {
        add(&format!("{name}: map, atom key"), map(&[(key(name), needle())]));
        add(&format!("{name}: map, binary key"), map(&[(binary(name), needle())]));
        add(&format!("{name}: map, charlist key"), map(&[(charlist(name), needle())]));
        add(&format!("{name}: keyword"), list(&[tuple(&[key("a"), int(1)]), tuple(&[key(name), needle()])]));
        add(&format!("{name}: pair of texts"), list(&[tuple(&[binary(name), needle()])]));
        add(&format!("{name}: pair of charlists"), tuple(&[charlist(name), charlist(NEEDLE)]));
        add(&format!("{name}: list of two"), list(&[binary(name), needle()]));
        add(&format!("{name}: in a form"), binary(&format!("a=1&{name}={NEEDLE}&b=2")));
        add(&format!("{name}: in JSON"), binary(&json!({"a": 1, name: NEEDLE}).to_string()));
        add(&format!("{name}: in a header"), binary(&format!("GET / HTTP/1.1\r\nHost: x\r\n{name}: {NEEDLE}\r\n\r\n")));
        add(&format!("{name}: pieces"), list(&[binary(&format!("{name}=")), needle()]));
    }
    for (what, value) in [
        ("charlist", charlist(NEEDLE)),
        ("atom", atom(NEEDLE)),
        ("list", list(&[needle(), int(1)])),
        ("map", map(&[(key("a"), needle())])),
        ("tuple", tuple(&[needle(), needle()])),
        ("function", fun(&[needle()])),
        (
            "code points",
            list(&NEEDLE.chars().map(|c| int(i64::from(u32::from(c)))).chain([int(960)]).collect::<Vec<_>>()),
        ),
    ] {
        add(&format!("password: {what}"), map(&[(key("password"), value)]));
    }
    add("closed over", fun(&[tuple(&[key("password"), needle()])]));
    add("closed over, a short form", fun(&[conn(), tuple(&[key("token"), needle()])]));
    add("record", tuple(&[key("passwd"), tuple(&[binary("joe"), binary("localhost")]), needle()]));
    add("scram record", tuple(&[key("scram"), needle(), needle(), binary("salt"), int(4096)]));
    add("internal user", tuple(&[key("internal_user"), binary("joe"), needle(), list(&[])]));
    add(
        "AMQPLAIN table",
        list(&[
            tuple(&[binary("LOGIN"), key("longstr"), binary("joe")]),
            tuple(&[binary("PASSWORD"), key("longstr"), needle()]),
        ]),
    );
    add("AMQPLAIN bytes", binary(&s("\u{5}LOGINS\0\0\0\u{5}guest\u{8}PASSWORDS\0\0\0\u{8}NEEDLE")));
    add("AMQPLAIN bytes, cut", binary(&s("\u{5}LOGINS\0\0\0\u{5}guest\u{8}PASSWORDS\0\0\0\u{18}NEEDLE")));
    let response = s("\0user\0NEEDLE");
    add("PLAIN response", binary(&response));
    add("PLAIN response with a role", binary(&s("admin\0user\0NEEDLE")));
    add("PLAIN response, charlist", charlist(&response));
    add(
        "start_ok",
        tuple(&[key("connection.start_ok"), list(&[]), binary("PLAIN"), binary(&response), binary("en_US")]),
    );
    add(
        "start_ok, EXTERNAL",
        tuple(&[key("connection.start_ok"), list(&[]), binary("EXTERNAL"), needle(), binary("en_US")]),
    );
    add("frame", binary(&s("\u{1}\0\0\0\0\0\u{1f}\0\n\0\u{b}\0\0\0\0\u{5}PLAIN\0\0\0\u{e}\0user\0NEEDLE\u{5}en_US")));
    add("secure_ok", tuple(&[key("connection.secure_ok"), needle()]));
    add("sasl_auth", tuple(&[key("sasl_auth"), binary("PLAIN"), binary(&response)]));
    add("sasl_response", tuple(&[key("sasl_response"), needle()]));
    add("base64 response", binary(ENCODED));
    add(
        "xmlel auth",
        tuple(&[
            key("xmlel"),
            binary("auth"),
            list(&[tuple(&[binary("mechanism"), binary("PLAIN")])]),
            list(&[tuple(&[key("xmlcdata"), needle()])]),
        ]),
    );
    add(
        "xmlel password",
        tuple(&[key("xmlel"), binary("password"), list(&[]), list(&[tuple(&[key("xmlcdata"), needle()])])]),
    );
    add("http_header", tuple(&[key("http_header"), int(5), key("Authorization"), key("undefined"), needle()]));
    add("Redis", list(&[binary("AUTH"), binary("joe"), needle()]));
    add("Postgrex password", tuple(&[key("msg_password"), needle()]));
    add("private key", tuple(&[key("RSAPrivateKey"), needle(), needle()]));
    add("call in a stack", tuple(&[key("auth"), key("check_password"), list(&[binary("joe"), needle()]), list(&[])]));
    add("start of a process", tuple(&[key("m"), key("verify_pass"), list(&[needle()])]));
    add("conn", conn());
    add(
        "conn, cut names",
        map(&[
            (key("req_headers"), list(&[tuple(&[binary("cookie"), needle()])])),
            (key("params"), map(&[(binary("user"), map(&[(binary("password"), needle())]))])),
        ]),
    );
    add(
        "socket",
        map(&[
            (key("__struct__"), key("Elixir.Phoenix.Socket")),
            (key("assigns"), map(&[(key("anything"), needle())])),
            (key("topic"), binary("room:1")),
        ]),
    );
    add(
        "postgrex",
        map(&[
            (key("__struct__"), key("Elixir.Postgrex.Protocol")),
            (key("parameters"), needle()),
            (key("connection_id"), int(7)),
        ]),
    );
    add("uri", map(&[(key("userinfo"), binary(&s("joe:NEEDLE"))), (key("host"), binary("h"))]));
    add("split name", list(&[binary("pass"), binary(&s("word=NEEDLE"))]));
    add("split name of three", list(&[binary("a=1&to"), list(&[binary("ke"), binary("n=")]), needle()]));
    add("split name and value", list(&[binary("pas"), binary("sword=N33d"), binary("le5x")]));
    add(
        "pieces of JSON",
        list(&[
            int(123),
            list(&[int(34), binary("password"), int(34)]),
            int(58),
            list(&[int(34), needle(), int(34)]),
            int(125),
        ]),
    );
    add("pieces, improper", improper(binary("token="), needle()));
    add(
        "long charlist",
        list(&s("päss password=NEEDLE").chars().map(|c| int(i64::from(u32::from(c)))).collect::<Vec<_>>()),
    );
    for (what, text) in text_shapes() {
        add(&format!("binary, {what}"), binary(&text));
        if text.is_ascii() && !text.contains('\0') {
            add(&format!("charlist, {what}"), charlist(&text));
        }
        let middle = text.find(NEEDLE).unwrap_or(0) + 3;
        add(&format!("pieces, {what}"), list(&[binary(&text[..middle]), binary(&text[middle..])]));
    }
    shapes
}

/// A connection of Plug with the needle wherever one may be.
pub(crate) fn conn() -> Bytes {
    let needle = || binary(NEEDLE);
    map(&[
        (key("__struct__"), key("Elixir.Plug.Conn")),
        (key("adapter"), tuple(&[key("Elixir.Bandit"), map(&[(key("buffer"), needle())])])),
        (key("assigns"), map(&[(key("current_user"), needle())])),
        (key("body_params"), map(&[(binary("q"), needle())])),
        (key("cookies"), map(&[(binary("_app_key"), needle())])),
        (key("host"), binary("example.org")),
        (key("method"), binary("POST")),
        (key("req_headers"), list(&[tuple(&[binary("x-any"), needle()])])),
        (key("request_path"), binary("/login")),
        (key("private"), map(&[(key("plug_session"), needle())])),
        (key("secret_key_base"), needle()),
        (key("status"), int(500)),
    ])
}

/// Texts that hold the needle.
pub(crate) fn text_shapes() -> Vec<(String, String)> {
    let shapes = [
        ("form", "user=joe&password=NEEDLE&x=1"),
        ("form, nested name", "_csrf_token=NEEDLE&user[name]=joe&user[password]=NEEDLE"),
        ("form, escaped nested name", "user%5Bname%5D=joe&user%5Bpassword%5D=NEEDLE"),
        ("query", "/reset?token=NEEDLE&lang=de"),
        ("JSON", r#"{"user":"joe","password":"NEEDLE","x":1}"#),
        ("JSON with spaces", r#"{ "password" : "NEEDLE" }"#),
        ("JSON in JSON", r#"{"body":"{\"password\":\"NEEDLE\"}"}"#),
        ("JSON, quote in the value", r#"{"password":"a\"NEEDLE"}"#),
        ("JSON, list", r#"{"tokens":["a","NEEDLE"],"x":1}"#),
        ("keyword, inspected", r#"[user: "joe", password: "NEEDLE", x: 1]"#),
        ("map, inspected", r#"%{"password" => "NEEDLE", "x" => 1}"#),
        ("map of atoms, inspected", r#"%{id: 7, password: "NEEDLE"}"#),
        ("Erlang map", r#"#{<<"password">> => <<"NEEDLE">>,id => 1}"#),
        ("pair, inspected", r#"{"authorization", "Bearer NEEDLE"}"#),
        ("pair of binaries, Erlang", r#"{<<"authorization">>,<<"NEEDLE">>}"#),
        ("pair of an atom, inspected", r#"{:password, "NEEDLE"}"#),
        ("pair, Erlang", r#"{password,"NEEDLE"}"#),
        ("pair of charlists, inspected", r#"{~c"set-cookie", ~c"a=NEEDLE"}"#),
        ("atom, inspected", "%{cookie: :NEEDLE, x: 1}"),
        ("map value, inspected", r#"%{credentials: %{a: "NEEDLE"}, x: 1}"#),
        ("triple, inspected", r#"{"PASSWORD", :longstr, "NEEDLE"}"#),
        ("struct, inspected", r#"%Plug.Conn{adapter: {Bandit, "NEEDLE"}, method: "GET", params: %{"q" => "NEEDLE"}}"#),
        ("HTTP", "POST / HTTP/1.1\r\nHost: x\r\nCookie: a=1; _key=NEEDLE; b=2\r\n\r\n"),
        ("HTTP, authorization", "GET / HTTP/1.1\r\nAuthorization: Token NEEDLE, x=NEEDLE\r\nHost: x\r\n\r\n"),
        ("HTTP, answer", "HTTP/1.1 200 OK\r\nset-cookie: _key=NEEDLE; path=/\r\n\r\n"),
        ("HTTP, body", "POST /login HTTP/1.1\r\nHost: x\r\n\r\nuser=joe&password=NEEDLE"),
        ("HTTP, part of a form", "--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nNEEDLE\r\n--b--"),
        ("url", "postgres://joe:NEEDLE@db.example.org:5432/shop?ssl=true"),
        ("url without a name", "redis://:NEEDLE@localhost:6379/1"),
        ("amqp url", "connecting to amqp://joe:NEEDLE@rabbit"),
        ("connection string", "Server=db;User Id=joe;Password=NEEDLE;Timeout=3"),
        ("XML", "<query><username>joe</username><password>NEEDLE</password></query>"),
        ("XML attribute", r#"<user name="joe" password="NEEDLE"/>"#),
        ("XMPP auth", "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>NEEDLE</auth>"),
        ("XMPP response", "<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>NEEDLE</response>"),
        ("SCRAM proof", "c=biws,r=fyko+d2lbbFgONRv9qkx,p=NEEDLE+abc="),
        ("SMTP", "AUTH PLAIN NEEDLE\r\n"),
        ("FTP", "PASS NEEDLE\r\n"),
        ("bearer", "curl -H 'x: Bearer NEEDLEabc123'"),
        ("JWT", "got eyJhbGciOiJIUzI1NiJ9.NEEDLE.c2lnbmF0dXJl from it"),
        ("Phoenix token", "SFMyNTY.NEEDLE.c2lnbmF0dXJl"),
        ("escaped response", r#"handle_response("\0user\0NEEDLE", 1)"#),
        ("private key", "-----BEGIN RSA PRIVATE KEY-----\nNEEDLE\n-----END RSA PRIVATE KEY-----\n"),
        ("logfmt", "at=info token=NEEDLE path=/x"),
        ("log", "password: NEEDLE for joe"),
        ("environment", "DB_PASSWORD=NEEDLE\nSECRET_KEY_BASE=NEEDLE\n"),
    ];
    shapes.iter().map(|(what, text)| ((*what).to_owned(), s(text))).collect()
}

/// JSON values that hold the needle.
pub(crate) fn json_shapes() -> Vec<(String, Value)> {
    let n = NEEDLE;
    let hex = |text: String, c: char| text + &format!("\\u{:04x}", u32::from(c));
    let escaped = n.chars().fold(String::new(), hex);
    let escaped: Value = serde_json::from_str(&format!(r#"{{"pass\u0077ord":"{escaped}"}}"#)).unwrap_or_default();
    [
        ("member", json!({"password": n})),
        ("nested", json!({"user": {"credentials": {"a": n}}})),
        ("list", json!({"tokens": [n, 1]})),
        ("pair", json!({"headers": [["authorization", n], ["x", "y"]]})),
        (
            "named value",
            json!({"attributes": [{"key": "http.request.header.authorization", "value": {"stringValue": n}}]}),
        ),
        ("number", json!({"secret": n, "card": 4_111_111_111_111_111_i64})),
        ("escaped", escaped),
        ("response", json!({"response": format!("\0user\0{n}")})),
        ("base64 response", json!({"value": ENCODED, "token": n})),
        ("struct", json!({"conn": {"__struct__": "Elixir.Plug.Conn", "method": "GET", "assigns": {"x": n}}})),
        ("inspected", json!({"args": [format!("%{{password: \"{n}\"}}"), "1"]})),
        ("name of a member", json!({format!("http://joe:{n}@x"): 1})),
        ("cookie", json!({"req_cookies": {"a": n}})),
    ]
    .into_iter()
    .map(|(what, value)| (what.to_owned(), value))
    .collect()
}

/// Terms that hold no secret.
pub(crate) fn kept_terms() -> Vec<Bytes> {
    vec![
        map(&[(key("token_count"), int(12)), (key("tokens"), int(3)), (key("max_tokens"), int(4096))]),
        map(&[(key("password"), atom("nil")), (key("token"), atom("undefined")), (key("cookies"), map(&[]))]),
        map(&[(key("passed"), binary("x")), (key("bypass"), binary("y")), (key("secretary"), binary("z"))]),
        map(&[(key("key"), binary("k")), (key("primary_key"), binary("id")), (key("keyboard"), binary("k"))]),
        map(&[(key("token"), pid(7)), (key("auth_ref"), reference(1))]),
        map(&[(key("password_changed_at"), binary("2026-11-29")), (key("token_type"), binary("bearer"))]),
        map(&[(key("author"), binary("joe")), (key("authors"), list(&[binary("a"), binary("b")]))]),
        list(&[int(-576_460_751_234_567_890), int(1_764_403_200_000_000_000), int(1_764_403_200_000)]),
        tuple(&[key("password"), atom("nil")]),
        tuple(&[key("token"), int(17)]),
        list(&[binary("a"), binary("b"), charlist("c")]),
        list(&[binary("hello "), list(&[binary("world"), int(33)])]),
        improper(binary("a"), binary("b")),
        fun(&[binary("a"), int(1)]),
        binary("\0\0\0\u{5}hello\0\0\0\u{5}world"),
        binary("AHello world"),
        binary("QUJDREVGR0g="),
        tuple(&[key("ok"), key("Elixir.MyApp.Token"), binary("x")]),
        tuple(&[key("Elixir.MyApp.TokenServer"), pid(9), key("worker"), list(&[])]),
        map(&[(key("password"), binary("[REDACTED]"))]),
        list(&[tuple(&[key("m"), key("f"), list(&[binary("x")])])]),
        map(&[(key("__struct__"), key("Elixir.Cart")), (key("id"), binary("x"))]),
        tuple(&[key("compiler_pass"), binary("one")]),
    ]
}

/// Texts that hold no secret.
pub(crate) fn kept_texts() -> Vec<String> {
    [
        "the password is not shown here",
        "forgot your password?",
        "token_count=12&tokens=3&max_tokens=100",
        "tokens: 12, password: nil, token: undefined",
        "password: \"\", token: nil",
        "%{token: #PID<0.1.0>, secretary: \"joe\", passed: true}",
        "https://example.org:8080/path?mail=joe@example.org",
        "http://example.org/a:b@c",
        "Basic authentication is needed; Bearer authentication, too",
        "Token.verify/2 in MyApp.Token (lib/token.ex:12)",
        "lib/my_app/accounts/user_token.ex:44",
        "order 1234567890123456 of 2026-11-29 07:31:41.123456789",
        "-576460751234567890",
        "4111111111111112",
        "passed 12, bypassed 3; compass: north; passenger: joe",
        "SELECT id FROM users WHERE name = $1",
        "key: \"value\", primary_key: \"id\", foreign_key=user_id",
        "@spec token :: String.t()",
        "<authors><author>joe</author></authors>",
        "eyJ is how a JWT starts",
        "PLAIN text and AUTH",
        "a,p=1,b=2",
        "\\0 and \\0",
        "[REDACTED]",
        "password=[REDACTED]&x=1",
        "undefined function check_password/2",
        "cookie_name: \"_app_key\", password_field: \"pw\"",
    ]
    .iter()
    .map(|text| (*text).to_owned())
    .collect()
}
