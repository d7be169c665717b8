//! Are bytes that lie refused at once, at their place, for what they are?

use std::io::Write as _;

use elixir_scope_storage::etf::{Inflated, MAX_DEPTH, Term, show};

use super::{refusal, versioned};

#[test]
fn a_length_beyond_the_bytes_is_refused_without_being_believed() {
    for (tag, what) in [
        (105, "a tuple of 4294967295 elements"),
        (108, "a list of 4294967295 elements"),
        (116, "a map of 8589934590 keys and values"),
        (109, "a binary is expected and takes 4294967295 bytes"),
        (111, "a big integer is expected and takes 4294967295 bytes"),
    ] {
        let (offset, message) = refusal(&[131, tag, 255, 255, 255, 255, 0, 1, 106]);
        assert!(offset <= 9 && message.contains(what), "{tag}: byte {offset}: {message}");
    }
}

/// So many times `before`, an empty list, so many times `after`.
fn nested(depth: usize, before: &[u8], after: &[u8]) -> Vec<u8> {
    versioned(&[&before.repeat(depth)[..], &[106], &after.repeat(depth)].concat())
}

/// What nests: before and after the term inside.
const NESTS: [(&[u8], &[u8]); 5] = [
    (&[104, 1], &[]),
    (&[108, 0, 0, 0, 1], &[106]),
    // In the tail.
    (&[108, 0, 0, 0, 1, 106], &[]),
    // As the value, with a key that may stand without an arrow, and as the key.
    (&[116, 0, 0, 0, 1, 119, 1, b'a'], &[]),
    (&[116, 0, 0, 0, 1], &[106]),
];

#[test]
fn depth_is_bounded_where_it_is_exceeded_and_shown_up_to_the_bound() {
    for (before, after) in NESTS {
        let bytes = nested(MAX_DEPTH, before, after);
        let term = Term::parse(&bytes).unwrap();
        // On a test's own thread, of 2 MiB of stack.
        assert!(!show::elixir(term, &mut String::new(), usize::MAX));
        assert!(show::elixir_json(term, &mut String::new(), 100));
        for depth in [MAX_DEPTH + 1, 10_000] {
            let (offset, message) = refusal(&nested(depth, before, after));
            assert_eq!(offset, 1 + MAX_DEPTH * before.len());
            assert!(message.contains("deeper than 512"), "{message}");
        }
    }
}

#[test]
fn keyword_lists_in_keyword_lists_take_no_longer_than_their_bytes_allow() {
    // Each level looks ahead over all below: 512 levels around half a million terms would be 250 million steps.
    let deep = [108, 0, 0, 0, 1, 104, 2, 119, 1, b'a'].repeat(MAX_DEPTH / 2 - 1);
    let wide = [&[108, 0, 7, 0xa1, 0x20][..], &[97, 1].repeat(500_000), &[106]].concat();
    let bytes = versioned(&[&deep[..], &wide, &[106].repeat(MAX_DEPTH / 2 - 1)].concat());
    let mut text = String::new();
    assert!(!show::elixir(Term::parse(&bytes).unwrap(), &mut text, usize::MAX));
    // Past the allowance the longer spelling says the same.
    assert!(text.starts_with("[a: [a: ") && text.contains("[{:a, "), "{}", &text[..100]);
}

#[test]
fn what_is_no_term_is_refused_with_what_is_expected() {
    let long = [&[131, 118, 1, 0][..], &[b'a'; 256]].concat();
    let fun =
        [&[131, 112, 0, 0, 0, 99, 1][..], &[0; 24], &[119, 1, b'm', 97, 1, 97, 2, 88, 119, 1, b'n'], &[0; 12]].concat();
    let infinite = [&[131, 70][..], &f64::INFINITY.to_be_bytes()].concat();
    let cases: [(&[u8], usize, &str); 24] = [
        (&[], 0, "the version byte 131 is expected"),
        (&[130, 106], 0, "130 is not the version byte"),
        (&[131], 1, "a term is expected"),
        (&[131, 106, 106], 2, "1 more bytes follow"),
        (&[131, 104, 2, 106], 1, "a tuple of 2 elements, but 1 bytes are left"),
        (&[131, 116, 0, 0, 0, 1, 106], 1, "a map of 2 keys and values, but 1 bytes are left"),
        (&[131, 116, 0, 0, 0, 2, 106, 97, 1, 106], 10, "a term is expected"),
        (&[131, 108, 0, 0, 0, 1, 97, 1], 8, "a term is expected"),
        (&[131, 108, 0, 0, 0, 0, 106], 1, "the empty list is tag 106"),
        (&[131, 119, 3, b'a', 0xff, b'b'], 4, "not UTF-8"),
        (&long, 1, "an atom of 256 characters; 255 are allowed"),
        (&infinite, 1, "inf is no float of Erlang"),
        (&[131, 110, 1, 2, 5], 3, "no sign of an integer"),
        (&[131, 77, 0, 0, 0, 1, 9, 1], 1, "1 to 8 are expected"),
        (&[131, 77, 0, 0, 0, 1, 0, 1], 1, "1 to 8 are expected"),
        (&[131, 88, 97, 1], 2, "a node's name, an atom (100, 115, 118 or 119), is expected"),
        (&[131, 90, 0, 6, 119, 1, b'n'], 2, "a reference of 6 words; 1 to 5 are expected"),
        (&[131, 90, 0, 0, 119, 1, b'n'], 2, "a reference of 0 words"),
        (&[131, 113, 119, 1, b'm', 119, 1, b'f', 98, 0, 0, 0, 1], 8, "an arity, tag 97, is expected"),
        (&fun, 2, "says it has 99"),
        (&[131, 117, 0, 0, 0, 0], 1, "OTP 22 and older"),
        (&[131, 121, 0], 1, "no other program can read"),
        (&[131, 80, 0, 0, 0, 1, 0], 1, "inflated first"),
        (&[131, 82, 0], 1, "tag 82 starts no term"),
    ];
    for (bytes, offset, message) in cases {
        let refused = refusal(bytes);
        assert!(refused.0 == offset && refused.1.contains(message), "{bytes:?}: {refused:?}");
    }
}

#[test]
fn an_atom_of_255_characters_beyond_ascii_is_read() {
    let bytes = [&[131, 118, 1, 254][..], "é".repeat(255).as_bytes()].concat();
    assert_eq!(Term::parse(&bytes).unwrap().atom().unwrap().text(), "é".repeat(255));
}

/// A compressed term that says it has `said` bytes.
fn compressed(term: &[u8], said: u32) -> Vec<u8> {
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    zlib.write_all(term).unwrap();
    [&[131, 80][..], &said.to_be_bytes(), &zlib.finish().unwrap()].concat()
}

#[test]
fn a_compressed_term_is_inflated_and_a_bomb_is_not() {
    let term = [&[109, 0, 1, 0, 0][..], &vec![b'a'; 0x10000]].concat();
    let said = term.len() as u32;
    let good = compressed(&term, said);
    assert!(Inflated::is(&good));
    assert_eq!(Inflated::parse(&good).unwrap().term().as_bytes(), term);

    let refused = |bytes: &[u8], max_bytes| {
        let error = Inflated::bounded(bytes, max_bytes).expect_err("refused");
        assert!(error.offset <= bytes.len(), "{error}");
        error.to_string()
    };
    assert_eq!(refused(&good, 1000), "byte 2: a compressed term of 65541 bytes; 1000 are allowed");
    assert!(refused(&good, 65_540).contains("65540 are allowed"));
    let bomb = compressed(&vec![106; 10 << 20], 1);
    assert_eq!(refused(&bomb, 1000), "byte 2: a compressed term says it has 1 bytes and has more");
    assert!(refused(&compressed(&term, said + 1), 1 << 20).contains("says it has 65542 bytes and has 65541"));
    assert!(refused(&compressed(&[82], 1), 1000).contains("tag 82 starts no term"));
    assert!(refused(&[&good[..], &[0]].concat(), 1 << 20).contains("1 more bytes follow"));
    for end in 0..good.len() {
        refused(&good[..end], 1 << 20);
    }
}
