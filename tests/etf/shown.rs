//! Is a term written as Elixir writes it, and visibly cut where it is cut?

use std::fmt::Write as _;

use elixir_scope_storage::etf::{Term, View, show, show::Show};

use super::versioned;

/// `term_to_binary` in hexadecimal and `inspect` with no limits, of Elixir 1.14 on OTP 25. Changed by hand are charlists
/// (`~c"abc"`, as 1.15 and later print them) and structs: `%Name{}` for all, fields as sent.
const SHOWN: &str = include_str!("shown.tsv");

fn bytes_of(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()).collect()
}

fn shown(bytes: &[u8], max_bytes: usize) -> (String, bool) {
    let term = Term::parse(bytes).unwrap();
    let mut text = String::new();
    let cut = show::elixir(term, &mut text, max_bytes);
    (text, cut)
}

fn whole(bytes: &[u8]) -> String {
    let (text, cut) = shown(bytes, usize::MAX);
    assert!(!cut);
    text
}

#[test]
fn terms_are_written_as_inspect_writes_them() {
    let mut wrong = String::new();
    for line in SHOWN.lines() {
        let (hex, expected) = line.split_once('\t').unwrap();
        let bytes = bytes_of(hex);
        let text = whole(&bytes);
        if text != expected {
            writeln!(wrong, "{hex}: {text} instead of {expected}").unwrap();
        }
        let mut json = String::new();
        assert!(!show::elixir_json(Term::parse(&bytes).unwrap(), &mut json, usize::MAX));
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(SHOWN.lines().count() > 250);
}

/// The atom `a` and, where told, more.
fn atom(name: &str) -> Vec<u8> {
    [&[119, name.len() as u8], name.as_bytes()].concat()
}

fn pid(node: &str) -> Vec<u8> {
    [&[88][..], &atom(node), &[0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3]].concat()
}

#[test]
fn a_pid_of_another_node_carries_its_name() {
    let bytes = versioned(&pid("shop@host"));
    let View::Pid(pid) = Term::parse(&bytes).unwrap().view() else { panic!("no pid") };
    let homes = [(None, "<0.1.2>"), (Some("shop@host"), "<0.1.2>"), (Some("other@host"), "<shop@host.1.2>")];
    for (home, expected) in homes {
        let home = home.map(str::as_bytes);
        let mut text = String::new();
        show::pid(pid, home, &mut text);
        assert_eq!(text, expected);
        text.clear();
        Show { max_bytes: 100, home }.elixir(Term::parse(&bytes).unwrap(), &mut text);
        assert_eq!(text, format!("#PID{expected}"));
    }
}

#[test]
fn a_function_shows_what_it_closes_over() {
    let inside = [
        &[2][..],
        &[7; 16],
        &[0, 0, 0, 9, 0, 0, 0, 2],
        &atom("Elixir.Mod"),
        &[97, 7, 98, 0, 0, 1, 0],
        &pid("n@h"),
        &[97, 1],
        &[97, 2],
    ]
    .concat();
    let bytes = [&[131, 112][..], &(inside.len() as u32 + 4).to_be_bytes(), &inside].concat();
    assert_eq!(whole(&bytes), "#Function<7.256/2 in Mod, env: [1, 2]>");
}

#[test]
fn old_forms_are_read_like_new_ones() {
    assert_eq!(whole(&[&[131, 99][..], b"1.50000000000000000000e+00\0\0\0\0\0"].concat()), "1.5");
    assert_eq!(whole(&[131, 100, 0, 1, 0xe9]), ":\u{e9}");
    assert_eq!(whole(&[131, 115, 1, 0xe9]), ":\u{e9}");
    assert_eq!(whole(&[&[131, 103][..], &atom("n"), &[0, 0, 0, 1, 0, 0, 0, 2, 3]].concat()), "#PID<0.1.2>");
    assert_eq!(whole(&[&[131, 102][..], &atom("n"), &[0, 0, 0, 5, 3]].concat()), "#Port<0.5>");
    assert_eq!(whole(&[&[131, 89][..], &atom("n"), &[0, 0, 0, 5, 0, 0, 0, 3]].concat()), "#Port<0.5>");
    assert_eq!(whole(&[&[131, 101][..], &atom("n"), &[0, 0, 0, 5, 3]].concat()), "#Reference<0.5>");
    let words = [0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 1];
    assert_eq!(whole(&[&[131, 114, 0, 3][..], &atom("n"), &[0], &words].concat()), "#Reference<0.1.2.3>");
    assert_eq!(whole(&[131, 105, 0, 0, 0, 1, 106]), "{[]}");
    assert_eq!(whole(&[131, 111, 0, 0, 0, 1, 1, 5]), "-5");
    assert_eq!(whole(&[131, 77, 0, 0, 0, 1, 8, 65]), "\"A\"");
}

#[test]
fn a_huge_integer_is_written_whole_in_hexadecimal() {
    let bytes = [&[131, 111, 0, 0, 0x20, 0, 0][..], &[0xab; 0x2000]].concat();
    assert_eq!(whole(&bytes), format!("0x{}", "AB".repeat(0x2000)));
}

#[test]
fn a_cut_is_made_at_an_elements_edge_and_marked_with_the_bytes_of_the_whole() {
    // {:ok, [1, 2, 300], %{"a" => "bcd"}}
    let list = [108, 0, 0, 0, 3, 97, 1, 97, 2, 98, 0, 0, 1, 44, 106];
    let map = [116, 0, 0, 0, 1, 109, 0, 0, 0, 1, 97, 109, 0, 0, 0, 3, 98, 99, 100];
    let bytes = [&[131, 104, 3][..], &atom("ok"), &list, &map].concat();
    let text = r#"{:ok, [1, 2, 300], %{"a" => "bcd"}}"#;
    let mark = format!("‹cut: {} bytes›", bytes.len() - 1);
    for (max_bytes, expected) in [
        (text.len(), text.to_owned()),
        (text.len() - 2, text.to_owned()),
        (text.len() - 4, format!(r#"{{:ok, [1, 2, 300], %{{"a" => "bc"{mark}}}}}"#)),
        (21, format!("{{:ok, [1, 2, 300], %{{{mark}}}}}")),
        (15, format!("{{:ok, [1, 2, {mark}]}}")),
        (6, format!("{{:ok, {mark}}}")),
        (3, format!("{{{mark}}}")),
        (0, mark.clone()),
    ] {
        assert_eq!(shown(&bytes, max_bytes), (expected.clone(), expected != text), "{max_bytes}");
    }
}

#[test]
fn a_long_text_is_cut_inside_between_characters() {
    let text = "é\"".repeat(1000);
    let bytes = [&[131, 109][..], &(text.len() as u32).to_be_bytes(), text.as_bytes()].concat();
    for max_bytes in 10..30 {
        let (shown, cut) = shown(&bytes, max_bytes);
        assert!(cut && shown.starts_with("\"é\\\"é") && shown.ends_with("\"‹cut: 3005 bytes›"), "{shown}");
        assert!(shown.find('‹').unwrap() <= max_bytes + 1, "{max_bytes}: {shown}");
    }
    let charlist = [&[131, 107, 0x40, 0][..], &[b'a'; 0x4000]].concat();
    assert_eq!(shown(&charlist, 10).0, "~c\"aaaaaaa\"‹cut: 16387 bytes›");
    let raw = [&[131, 109, 0, 0, 0x40, 0][..], &[200; 0x4000]].concat();
    assert_eq!(shown(&raw, 12).0, "<<200, 200, ‹cut: 16389 bytes›>>");
}
