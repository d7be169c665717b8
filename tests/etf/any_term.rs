//! Does any term come back as it was sent, and is no other written the same?

use std::collections::HashMap;

use elixir_scope_storage::etf::{Term, Terms, View, show};
use proptest::prelude::*;
use proptest::sample::Index;

/// A term; lists of bytes are lists, integers of any size are decimal text.
#[derive(Clone, Debug, PartialEq)]
enum Value {
    Integer(i128),
    /// Bits of a float: `0.0` and `-0.0` differ.
    Float(u64),
    Atom(String),
    Binary(Vec<u8>),
    /// Bytes, bits of the last one.
    Bits(Vec<u8>, u8),
    List(Vec<Value>, Option<Box<Value>>),
    Tuple(Vec<Value>),
    Map(Vec<(Value, Value)>),
    Pid(u32, u32),
    Port(u64),
    Reference(Vec<u32>),
    Export(String, String, u8),
    Fun(String, u8, u8, i32, Vec<Value>),
}

/// Writes terms as a node does; `old` as OTP 25 and older did.
struct Encoder {
    bytes: Vec<u8>,
    old: bool,
}

impl Encoder {
    fn u32(&mut self, value: usize) {
        self.bytes.extend((value as u32).to_be_bytes());
    }

    fn atom(&mut self, text: &str) {
        let latin1: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
        match latin1.filter(|_| self.old) {
            Some(latin1) => {
                self.bytes.push(100);
                self.bytes.extend((latin1.len() as u16).to_be_bytes());
                self.bytes.extend(latin1);
            }
            None => {
                self.bytes.extend([119, text.len() as u8]);
                self.bytes.extend(text.as_bytes());
            }
        }
    }

    fn terms(&mut self, terms: &[Value]) {
        for term in terms {
            self.term(term);
        }
    }

    fn pid(&mut self, id: u32, serial: u32) {
        self.bytes.push(if self.old { 103 } else { 88 });
        self.atom("n@h");
        self.bytes.extend([id.to_be_bytes(), serial.to_be_bytes()].concat());
        self.bytes.extend(if self.old { &[1][..] } else { &[0, 0, 0, 1] });
    }

    fn integer(&mut self, integer: i128) {
        if let Ok(small) = u8::try_from(integer) {
            self.bytes.extend([97, small]);
        } else if let Ok(middle) = i32::try_from(integer) {
            self.bytes.push(98);
            self.bytes.extend(middle.to_be_bytes());
        } else {
            let digits = integer.unsigned_abs().to_le_bytes();
            let used = digits.iter().rposition(|&digit| digit != 0).unwrap() + 1;
            self.bytes.extend([110, used as u8, u8::from(integer < 0)]);
            self.bytes.extend(&digits[..used]);
        }
    }

    fn term(&mut self, term: &Value) {
        match term {
            Value::Integer(integer) => self.integer(*integer),
            Value::Float(bits) => {
                self.bytes.push(70);
                self.bytes.extend(bits.to_be_bytes());
            }
            Value::Atom(text) => self.atom(text),
            Value::Binary(bytes) => {
                self.bytes.push(109);
                self.u32(bytes.len());
                self.bytes.extend(bytes);
            }
            Value::Bits(bytes, bits) => {
                self.bytes.push(77);
                self.u32(bytes.len());
                self.bytes.push(*bits);
                self.bytes.extend(bytes);
            }
            Value::List(items, None) if items.is_empty() => self.bytes.push(106),
            Value::List(items, tail) => {
                let bytes: Option<Vec<u8>> = items
                    .iter()
                    .map(|item| if let Value::Integer(byte) = item { u8::try_from(*byte).ok() } else { None })
                    .collect();
                if let (Some(bytes), None) = (bytes, tail) {
                    self.bytes.push(107);
                    self.bytes.extend((bytes.len() as u16).to_be_bytes());
                    return self.bytes.extend(bytes);
                }
                self.bytes.push(108);
                self.u32(items.len());
                self.terms(items);
                match tail {
                    Some(tail) => self.term(tail),
                    None => self.bytes.push(106),
                }
            }
            Value::Tuple(items) => {
                self.bytes.extend([104, items.len() as u8]);
                self.terms(items);
            }
            Value::Map(pairs) => {
                self.bytes.push(116);
                self.u32(pairs.len());
                for (key, value) in pairs {
                    self.term(key);
                    self.term(value);
                }
            }
            Value::Pid(id, serial) => self.pid(*id, *serial),
            Value::Port(id) => {
                self.bytes.push(120);
                self.atom("n@h");
                self.bytes.extend(id.to_be_bytes());
                self.u32(1);
            }
            Value::Reference(words) => {
                self.bytes.push(if self.old { 114 } else { 90 });
                self.bytes.extend((words.len() as u16).to_be_bytes());
                self.atom("n@h");
                self.bytes.extend(if self.old { &[1][..] } else { &[0, 0, 0, 1] });
                for word in words {
                    self.bytes.extend(word.to_be_bytes());
                }
            }
            Value::Export(module, function, arity) => {
                self.bytes.push(113);
                self.atom(module);
                self.atom(function);
                self.integer(i128::from(*arity));
            }
            Value::Fun(module, arity, index, uniq, free) => {
                let start = self.bytes.len();
                self.bytes.extend([112, 0, 0, 0, 0, *arity]);
                self.bytes.extend([7; 20]);
                self.u32(free.len());
                self.atom(module);
                self.integer(i128::from(*index));
                self.integer(i128::from(*uniq));
                self.pid(1, 2);
                self.terms(free);
                let size = (self.bytes.len() - start - 1) as u32;
                self.bytes[start + 1..start + 5].copy_from_slice(&size.to_be_bytes());
            }
        }
    }
}

fn encoded(term: &Value, old: bool) -> Vec<u8> {
    let mut encoder = Encoder { bytes: vec![131], old };
    encoder.term(term);
    encoder.bytes
}

fn all(terms: Terms<'_>) -> Vec<Value> {
    let said = terms.len();
    let values: Vec<Value> = terms.map(decoded).collect();
    assert_eq!(values.len(), said);
    values
}

fn decoded(term: Term<'_>) -> Value {
    let view = term.view();
    assert_eq!(term.integer().is_some(), matches!(view, View::Integer(_)));
    assert_eq!(term.atom().is_some(), matches!(view, View::Atom(_)));
    assert_eq!(term.tuple().is_some(), matches!(view, View::Tuple(_)));
    assert_eq!(term.is_pid(), matches!(view, View::Pid(_)));
    assert_eq!(term.is_reference(), matches!(view, View::Reference(_)));
    assert_eq!(term.is_list(), matches!(view, View::Nil | View::Bytes(_) | View::List { .. }));
    match view {
        View::Integer(integer) => Value::Integer(i128::from(integer)),
        View::Big { negative, digits } => {
            let magnitude = digits.iter().rev().fold(0, |value, &digit| value << 8 | i128::from(digit));
            Value::Integer(if negative { -magnitude } else { magnitude })
        }
        View::Float(float) => Value::Float(float.to_bits()),
        View::Atom(atom) => Value::Atom(atom.text().into_owned()),
        View::Pid(pid) => Value::Pid(pid.id, pid.serial),
        View::Port(port) => Value::Port(port.id),
        View::Reference(reference) => Value::Reference(reference.words().collect()),
        View::Tuple(items) => Value::Tuple(all(items)),
        View::Nil => Value::List(vec![], None),
        View::Bytes(bytes) => Value::List(bytes.iter().map(|&byte| Value::Integer(i128::from(byte))).collect(), None),
        View::List { items, tail } => Value::List(all(items), tail.map(|tail| Box::new(decoded(tail)))),
        View::Binary(bytes) => Value::Binary(bytes.to_vec()),
        View::Bits { bytes, last_bits } => Value::Bits(bytes.to_vec(), last_bits),
        View::Map(terms) => {
            let terms = all(terms);
            Value::Map(terms.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect())
        }
        View::Fun(fun) => {
            let module = fun.module.text().into_owned();
            Value::Fun(module, fun.arity, fun.index as u8, fun.uniq as i32, all(fun.free))
        }
        View::Export { module, function, arity } => {
            Value::Export(module.text().into_owned(), function.text().into_owned(), arity)
        }
    }
}

/// Few names, and those that look like something else.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "(Elixir\\.)?[A-Ca-c]{1,3}(\\.[A-Ba-b])?[?!]?",
        2 => prop::sample::select(vec!["nil", "true", "__struct__", "Elixir", "Elixir.", "::", "+", "", "a\"", "a b", "%{}"])
            .prop_map(str::to_owned),
        1 => prop::sample::select(vec!["Elixir.Elixir", "Elixir.Elixir.A", "Elixir.nil", "A", "a@b", "a: ", "\u{e9}", "e\u{301}"])
            .prop_map(str::to_owned),
        1 => "\\PC{0,5}",
        1 => any::<[char; 2]>().prop_map(|text| text.iter().collect()),
    ]
}

fn leaf() -> impl Strategy<Value = Value> {
    let text = prop_oneof!["[a-c\"#{}\\\\, ]{0,6}", "\\PC{0,6}", any::<String>()];
    prop_oneof![
        3 => (0..200_i128).prop_map(Value::Integer),
        1 => any::<i64>().prop_map(|integer| Value::Integer(i128::from(integer))),
        1 => (-i128::MAX..i128::MAX).prop_map(Value::Integer),
        1 => (prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO)
            .prop_map(|float| Value::Float(float.to_bits())),
        4 => name().prop_map(Value::Atom),
        3 => text.prop_map(|text| Value::Binary(text.into_bytes())),
        1 => prop::collection::vec(any::<u8>(), 0..5).prop_map(Value::Binary),
        // Unused bits of the last byte are zero, as nodes send them.
        1 => (prop::collection::vec(any::<u8>(), 1..4), 1..8_u8).prop_map(|(mut bytes, bits)| {
            *bytes.last_mut().unwrap() &= 0xff << (8 - bits);
            Value::Bits(bytes, bits)
        }),
        1 => (0..3_u32, 0..3_u32).prop_map(|(id, serial)| Value::Pid(id, serial)),
        1 => any::<u64>().prop_map(Value::Port),
        1 => prop::collection::vec(0..9_u32, 1..6).prop_map(Value::Reference),
        1 => (name(), name(), any::<u8>()).prop_map(|(module, function, arity)| Value::Export(module, function, arity)),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(5, 40, 6, |inner| {
        let list = || prop::collection::vec(inner.clone(), 0..5);
        let keyword = || prop::collection::vec((name(), inner.clone()), 1..4);
        let tail = inner
            .clone()
            .prop_filter("a list in the tail is part of the list", |tail| !matches!(tail, Value::List(..)));
        prop_oneof![
            list().prop_map(|items| Value::List(items, None)),
            list().prop_map(Value::Tuple),
            (prop::collection::vec(inner.clone(), 1..4), tail)
                .prop_map(|(items, tail)| Value::List(items, Some(Box::new(tail)))),
            keyword().prop_map(|pairs| {
                let pair = |(key, value)| Value::Tuple(vec![Value::Atom(key), value]);
                Value::List(pairs.into_iter().map(pair).collect(), None)
            }),
            keyword().prop_map(|pairs| {
                Value::Map(pairs.into_iter().map(|(key, value)| (Value::Atom(key), value)).collect())
            }),
            prop::collection::vec((inner.clone(), inner.clone()), 0..4).prop_map(Value::Map),
            (name(), any::<u8>(), any::<u8>(), any::<i32>(), list())
                .prop_map(|(module, arity, index, uniq, free)| Value::Fun(module, arity, index, uniq, free)),
        ]
    })
}

/// Without what the text need not tell: where in a struct its name stood.
fn comparable(value: &Value) -> String {
    let Value::Map(pairs) = value else { return format!("{value:?}") };
    let is_name = |pair: &&(Value, Value)| pair.0 == Value::Atom("__struct__".to_owned());
    let (named, fields): (Vec<_>, Vec<_>) = pairs.iter().partition(is_name);
    format!("{named:?}{fields:?}")
}

/// Each text as an atom, a binary, a list, a key, a name, and inside each of these what it is written as.
#[test]
fn terms_that_look_alike_are_written_differently() {
    let names = [
        "",
        "a",
        "A",
        "a?",
        "nil",
        "true",
        "1",
        "Elixir",
        "Elixir.",
        "Elixir.A",
        "Elixir.Elixir",
        "Elixir.Elixir.A",
        "Elixir.nil",
        "Elixir.a",
        "Elixir.A.",
        "a b",
        "a: ",
        "\"a\"",
        "\\",
        "#",
        "#{",
        "\u{7f}",
        "\0",
        "\u{feff}",
        "é",
        "e\u{301}",
        "{}",
        "%{}",
        "::",
        ":a",
        "a@b",
        "[]",
        "a.b/1",
        "\u{85}",
        "\\x85",
        "#PID<0.1.2>",
        "‹cut: 3 bytes›",
    ];
    let all_of = |name: &str| {
        let (text, atom) = (name.to_owned(), Value::Atom(name.to_owned()));
        let bytes = name.bytes().map(|byte| Value::Integer(i128::from(byte))).collect::<Vec<_>>();
        let pair = Value::Tuple(vec![atom.clone(), Value::Integer(1)]);
        vec![
            atom.clone(),
            Value::Binary(text.clone().into_bytes()),
            Value::List(bytes.clone(), None),
            Value::Tuple(vec![atom.clone()]),
            Value::List(vec![atom.clone()], None),
            Value::List(vec![pair.clone()], None),
            Value::List(vec![pair.clone(), Value::Integer(1)], None),
            Value::List(vec![pair.clone()], Some(Box::new(atom.clone()))),
            pair,
            Value::Map(vec![(atom.clone(), Value::Integer(1))]),
            Value::Map(vec![(Value::Binary(text.clone().into_bytes()), Value::Integer(1))]),
            Value::Map(vec![(Value::Atom("__struct__".to_owned()), atom.clone()), (atom, Value::Integer(1))]),
            Value::Export(text.clone(), text.clone(), 1),
            Value::Fun(text, 1, 2, 3, bytes),
        ]
    };
    let shown = |value: &Value| {
        let mut text = String::new();
        show::elixir(Term::parse(&encoded(value, false)).unwrap(), &mut text, usize::MAX);
        text
    };
    let mut seen: HashMap<String, Value> = HashMap::new();
    for value in names.iter().flat_map(|name| all_of(name)) {
        let text = shown(&value);
        // As bytes it differs from itself.
        for other in [value, Value::Binary(text.clone().into_bytes()), Value::Atom(text)] {
            if let Some(same) = seen.insert(shown(&other), other.clone()) {
                // A list of no bytes is the empty list, an atom may be one of the names.
                assert_eq!(same, other);
            }
        }
    }
    assert!(seen.len() > 1000, "{}", seen.len());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_term_comes_back_as_it_was_sent(value in value(), old: bool) {
        let bytes = encoded(&value, old);
        let term = Term::parse(&bytes).unwrap();
        prop_assert_eq!(decoded(term), value);
        prop_assert_eq!(term.len(), bytes.len() - 1);
    }

    #[test]
    fn terms_that_differ_are_written_differently(values in prop::collection::vec(value(), 40)) {
        let mut seen: HashMap<String, Value> = HashMap::new();
        for value in values {
            let mut text = String::new();
            show::elixir(Term::parse(&encoded(&value, false)).unwrap(), &mut text, usize::MAX);
            if let Some(same) = seen.insert(text.clone(), value.clone()) {
                prop_assert_eq!(comparable(&same), comparable(&value), "{}", text);
            }
        }
    }

    #[test]
    fn a_text_is_the_same_in_json_and_bounded(value in value(), old: bool, max_bytes in 0..200_usize) {
        let bytes = encoded(&value, old);
        let term = Term::parse(&bytes).unwrap();
        let (mut whole, mut json) = (String::new(), String::new());
        prop_assert!(!show::elixir(term, &mut whole, usize::MAX));
        prop_assert!(!show::elixir_json(term, &mut json, usize::MAX));
        prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), whole.clone());

        let mark = format!("‹cut: {} bytes›", term.len());
        let (mut text, mut json) = ("before".to_owned(), String::new());
        let cut = show::elixir(term, &mut text, max_bytes);
        prop_assert_eq!(cut, text.contains(&mark));
        prop_assert!(cut || text[6..] == whole);
        // An opening bracket or a separator, and the brackets that close.
        let before = text.find(&mark).unwrap_or(0);
        prop_assert!(before <= 6 + max_bytes + 8, "{} in {}", text, max_bytes);
        prop_assert!(text[6..].len() <= max_bytes + mark.len() + 40, "{} in {}", text, max_bytes);
        show::elixir_json(term, &mut json, max_bytes);
        prop_assert!(serde_json::from_str::<String>(&json).is_ok(), "{}", json);
    }

    #[test]
    fn bytes_changed_or_cut_anywhere_are_refused_in_place_or_read(
        value in value(), old: bool, changes in prop::collection::vec((any::<Index>(), any::<u8>()), 1..4), end: Index,
    ) {
        let mut bytes = encoded(&value, old);
        let cut = end.index(bytes.len());
        let error = Term::parse(&bytes[..cut]).unwrap_err();
        prop_assert!(error.offset <= cut && !error.message.is_empty());
        for (at, byte) in changes {
            *at.get_mut(&mut bytes) = byte;
        }
        match Term::parse(&bytes) {
            Ok(term) => {
                decoded(term);
                for max_bytes in [0, 5, 50, usize::MAX] {
                    show::elixir(term, &mut String::new(), max_bytes);
                    show::elixir_json(term, &mut String::new(), max_bytes);
                }
            }
            Err(error) => prop_assert!(error.offset <= bytes.len() && !error.message.is_empty()),
        }
    }
}
