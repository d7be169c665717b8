//! What is a secret, in every shape it comes in; and what only looks like one.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may stop at the first surprise")]

#[path = "support/secrets.rs"]
mod secrets;
#[path = "support/terms.rs"]
mod terms;

use elixir_scope_storage::etf::Term;
use elixir_scope_storage::etf::show::elixir;
use elixir_scope_storage::redact::{MARK, Rules};
use secrets::{NEEDLE, json_shapes, kept_terms, kept_texts, term_shapes, text_shapes};
use serde_json::{Value, json};
use terms::{Bytes, atom, binary, list, map, tuple};

fn shown(bytes: &[u8]) -> String {
    let whole = [&[131], bytes].concat();
    let mut out = String::new();
    elixir(Term::parse(&whole).unwrap(), &mut out, 1 << 20);
    out
}

/// A term as it is shown with its secrets hidden, and how many were.
fn hidden(rules: &Rules, bytes: &Bytes) -> (String, u64) {
    let whole = [&[131], &**bytes].concat();
    let hidden = rules.term(Term::parse(&whole).unwrap());
    // What is shown is a term that can be parsed.
    (shown(&hidden.shown()), hidden.count())
}

#[test]
fn no_shape_of_a_secret_in_a_term_is_shown() {
    let rules = Rules::default();
    let mut missed = Vec::new();
    for (what, term) in term_shapes() {
        // Wherever it stands.
        let around = [
            term.clone(),
            tuple(&[atom("ok"), term.clone()]),
            list(&[atom("a"), term.clone()]),
            map(&[(atom("inside"), term.clone()), (atom("n"), terms::int(1))]),
            map(&[(binary("x"), list(&[tuple(&[atom("y"), term.clone()])]))]),
        ];
        for (place, term) in around.iter().enumerate() {
            let (text, count) = hidden(&rules, term);
            if text.contains(NEEDLE) || text.contains("N, 51, 51") || !text.contains(MARK) || count == 0 {
                missed.push(format!("{what} ({place}): {text}"));
            }
        }
        assert!(hidden(&Rules::NONE, &term).1 == 0);
    }
    assert!(missed.is_empty(), "{}\n{}", missed.len(), missed.join("\n"));
}

#[test]
fn no_shape_of_a_secret_in_a_text_is_left() {
    let rules = Rules::default();
    let mut missed = Vec::new();
    for (what, text) in text_shapes() {
        let quoted = format!("{text:?}");
        for (place, text) in [text.clone(), format!("{{:data, {quoted}}}"), format!("x\n{text}")].iter().enumerate() {
            let found = rules.text(text);
            let left = found.as_ref().map_or(text.as_str(), |(left, _)| left);
            if left.contains(NEEDLE) || !left.contains(MARK) {
                missed.push(format!("{what} ({place}): {left}"));
            }
            // What is hidden is hidden once.
            let again = rules.text(left);
            if again.as_ref().is_some_and(|(again, _)| again != left) {
                missed.push(format!("{what} ({place}) again: {again:?}"));
            }
        }
    }
    assert!(missed.is_empty(), "{}\n{}", missed.len(), missed.join("\n"));
}

#[test]
fn no_shape_of_a_secret_in_json_is_left() {
    let rules = Rules::default();
    let mut missed = Vec::new();
    let texts = text_shapes().into_iter().map(|(what, text)| (what, json!({"message": text})));
    for (what, value) in json_shapes().into_iter().chain(texts) {
        for value in [value.clone(), json!([1, value.clone()]), json!({"a": {"b": [value]}})] {
            let text = value.to_string();
            let left = rules.json(&text, None, None).map_or_else(|| text.clone(), |(left, _)| left);
            let read: Result<Value, _> = serde_json::from_str(&left);
            if left.contains(NEEDLE) || !left.contains(MARK) || read.is_err() {
                missed.push(format!("{what}: {left}"));
            }
            if let Some((again, _)) = rules.json(&left, None, None).filter(|(again, _)| *again != left) {
                missed.push(format!("{what} again: {again}"));
            }
        }
    }
    assert!(missed.is_empty(), "{}\n{}", missed.len(), missed.join("\n"));
}

#[test]
fn what_only_looks_like_a_secret_is_kept_byte_for_byte() {
    let rules = Rules::default();
    let mut taken = Vec::new();
    for term in kept_terms() {
        let (text, count) = hidden(&rules, &term);
        if count > 0 || text != shown(&term) {
            taken.push(text);
        }
    }
    for text in kept_texts() {
        if let Some((left, _)) = rules.text(&text) {
            taken.push(left);
        }
        let json = json!({"text": text, "list": [text]}).to_string();
        if let Some((left, _)) = rules.json(&json, None, None) {
            taken.push(left);
        }
        let (left, count) = hidden(&rules, &binary(&text));
        if count > 0 {
            taken.push(left);
        }
    }
    assert!(taken.is_empty(), "{}", taken.join("\n"));
}

#[test]
fn a_secret_whose_end_was_cut_off_is_hidden_to_the_end() {
    let rules = Rules::default();
    for (what, text) in text_shapes() {
        let start = text.find(NEEDLE).unwrap();
        // What tells that it is one has to be there.
        let cut = &text[..start + NEEDLE.len()];
        let needs_its_end = ["url", "SCRAM", "proof", "basic", "escaped", "part of a form"];
        if needs_its_end.iter().any(|one| what.contains(one)) {
            continue;
        }
        let left = rules.text(cut).map_or_else(|| cut.to_owned(), |(left, _)| left);
        assert!(!left.contains(NEEDLE), "{what}: {left}");
        let (shown, _) = hidden(&rules, &binary(cut));
        assert!(!shown.contains(NEEDLE), "{what}: {shown}");
    }
}

#[test]
fn the_list_is_an_option() {
    let of = |text: &str| text.parse::<Rules>().unwrap();
    let secret = map(&[(atom("pin"), binary(NEEDLE)), (atom("password"), binary("pw"))]);
    assert_eq!(hidden(&Rules::default(), &secret).1, 1);
    let (text, count) = hidden(&of("+pin"), &secret);
    assert_eq!((text.as_str(), count), (r#"%{pin: "[REDACTED]", password: "[REDACTED]"}"#, 2));
    let (text, count) = hidden(&of("pin,ssn"), &secret);
    assert_eq!((text.as_str(), count), (r#"%{pin: "[REDACTED]", password: "pw"}"#, 1));
    assert_eq!((of("default"), of("none")), (Rules::default(), Rules::NONE));
    assert!(!of("none").is_on() && of("+pin") != of("default"));
    for wrong in ["", ",", "+", "a"] {
        assert!(wrong.parse::<Rules>().is_err(), "{wrong:?}");
    }
}

#[test]
fn bytes_of_any_kind_are_read_without_harm() {
    let rules = Rules::default();
    let mut state = 88_172_645_463_325_252_u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let parts = [
        "password",
        "=",
        ":",
        "\"",
        "\\",
        "\\\\\"",
        "{",
        "}",
        "[",
        "]",
        "<<",
        ">>",
        "\0",
        "\\0",
        "S",
        "\u{0}\u{0}\u{0}\u{5}",
        "PLAIN",
        "://",
        "@",
        "Cookie",
        "\r\n",
        "eyJ",
        ".",
        "é",
        "<auth",
        ">",
        "</",
        "%Plug.Conn{",
        "Bearer ",
        "=>",
        ",",
        " ",
        "4111",
        "1111",
        "-",
        "token",
        "AUTH ",
        "x",
        "'",
        "%5D",
        ",p=",
        "c=",
        ",r=",
        "PRIVATE KEY-----",
        "-----END",
    ];
    for _ in 0..20_000 {
        let text: String = (0..next() % 14).map(|_| parts[(next() % parts.len() as u64) as usize]).collect();
        let _ = rules.text(&text);
        let json = json!({"a": text, "password": text, "b": [text, 1]}).to_string();
        if let Some((left, _)) = rules.json(&json, None, Some("check_password")) {
            assert!(serde_json::from_str::<Value>(&left).is_ok(), "{left}");
        }
        let pieces: Vec<Bytes> = text.split(' ').map(binary).collect();
        let _ = hidden(&rules, &list(&[list(&pieces), binary(&text), atom("password")]));
    }
}

/// What redaction leaves is left by it: the same term, text and JSON, and nothing is counted again.
#[test]
fn redacting_twice_is_redacting_once() {
    let rules = Rules::default();
    let mut changed = Vec::new();
    let texts = text_shapes().into_iter().map(|(what, text)| (what, binary(&text)));
    for (what, term) in term_shapes().into_iter().chain(texts) {
        for term in [term.clone(), list(&[atom("a"), tuple(&[atom("ok"), term])])] {
            let whole = [&[131], &*term].concat();
            let once = rules.term(Term::parse(&whole).unwrap()).shown().into_owned();
            let (twice, count) = hidden(&rules, &once);
            // The same as `inspect` writes it, and in an event.
            let text = shown(&once);
            let event = json!({"args": [text], "state": text}).to_string();
            let as_text = rules.text(&text).map_or_else(|| text.clone(), |(left, _)| left);
            let as_json = rules.json(&event, None, None).map_or_else(|| event.clone(), |(left, _)| left);
            if (twice.as_str(), count, as_text.as_str(), as_json.as_str()) != (&text, 0, &text, &event) {
                changed.push(format!("{what}: {text}\n  {twice} ({count})\n  {as_text}\n  {as_json}"));
            }
        }
    }
    assert!(changed.is_empty(), "{}\n{}", changed.len(), changed.join("\n"));
}

/// The short forms of `scope.exs`, as it says them: struct, fields.
fn forms_of_the_tracer() -> Vec<(String, Vec<String>)> {
    let source = std::fs::read_to_string("examples/beam/scope.exs").unwrap();
    let after = |start: &str| source.lines().find_map(|line| line.trim().strip_prefix(start).map(str::to_owned));
    let forms = source.lines().filter_map(|line| line.trim().strip_prefix("defp fields("));
    forms
        .filter_map(|line| line.split_once("), do: "))
        .filter(|(name, _)| *name != "_")
        .map(|(name, list)| {
            let list = if list.starts_with('@') { after(&format!("{list} ")).unwrap() } else { list.to_owned() };
            let fields =
                list.trim_matches(['[', ']']).split(", ").map(|field| field.trim_start_matches(':').to_owned());
            (name.to_owned(), fields.filter(|field| !field.is_empty()).collect())
        })
        .collect()
}

#[test]
fn what_the_tracer_wrote_short_is_left_as_it_is() {
    let forms = forms_of_the_tracer();
    assert!(forms.len() >= 6, "{forms:?}");
    let rules = Rules::default();
    for (name, fields) in forms {
        let values = |field: &str| if field == "status" { terms::int(404) } else { binary("/orders/17") };
        let mut pairs = vec![(atom("__struct__"), atom(&format!("Elixir.{name}")))];
        pairs.extend(fields.iter().map(|field| (atom(field), values(field))));
        let term = map(&pairs);
        let text = shown(&term);
        assert!(text.contains("404") || !fields.contains(&"status".to_owned()), "{text}");
        assert_eq!(hidden(&rules, &term), (text.clone(), 0));
        for text in [text.clone(), format!("[{text}, {{:ok, {text:?}}}]")] {
            assert_eq!(rules.text(&text), None);
            assert_eq!(rules.json(&json!({"args": [text]}).to_string(), None, None), None, "{text}");
        }
        // One field more, and it is not short.
        let more = text.replacen('{', "{assigns: %{who: \"NEEDLE\"}, ", 1);
        assert!(!rules.text(&more).unwrap().0.contains("NEEDLE"), "{more}");
    }
}
