//! Traps of the original, and the store's own: each one a claim that must hold.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may stop at the first surprise")]

mod support;

use elixir_scope_storage::Index;
use support::{put, store_of_rows};

// Found by the model.
#[test]
fn a_key_of_several_segments_is_one_key_in_the_statistics() {
    let store = store_of_rows(1);
    for id in 0..3 {
        put(&store, &[&format!(r#"{{"id": {id}, "ts": 1, "module": "Bank", "function": "pay", "arity": 2}}"#)]);
    }
    let stats = store.get_stats();
    for size in stats.indexes {
        let in_it = [Index::Module, Index::Function, Index::Arity, Index::ModuleFunction, Index::Mfa];
        let expected = if in_it.contains(&size.index) { (1, 3) } else { (0, 0) };
        assert_eq!((size.keys, size.entries), expected, "{}", size.index);
    }
    assert_eq!(stats.top_functions, [("Bank.pay/2".to_owned(), 3)]);
}
