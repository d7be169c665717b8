//! What the process holds, beside what the store counts. A process of its own: nothing else grows meanwhile.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "tests may stop at the first surprise")]

use std::fmt::Write as _;

use elixir_scope_storage::{EventStore, Settings};

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap() << 10
}

/// Long keys are what most of the memory is, and they count.
#[test]
fn what_long_keys_hold_is_counted() {
    const MAX: u64 = 64 << 20;
    let store = EventStore::open(Settings { max_bytes: Some(MAX), ..Settings::UNBOUNDED }).unwrap();
    let before = resident();
    let (mut text, mut most) = (String::new(), 0);
    for at in 0..4_000_u64 {
        text.clear();
        write!(text, r#"{{"ts": {at}"#).unwrap();
        for key in ["pid", "module", "function", "correlation_id", "call_id", "session_id", "ast_node_id", "node"] {
            write!(text, r#", "{key}": "{key}{at:0>29000}""#).unwrap();
        }
        text.push('}');
        store.store_json_event(&text).unwrap();
        if at % 100 == 0 {
            most = most.max(resident().saturating_sub(before));
        }
    }
    let memory = store.get_stats().memory;
    assert!(memory.live_bytes <= MAX);
    assert!(most < MAX + MAX / 2, "{most} bytes resident for max_bytes {MAX}; counted {}", memory.total_bytes);
}
