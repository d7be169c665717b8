//! The shape of the code, held: which layer sees which, what a file starts with, how long it gets.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may stop at the first surprise")]

use std::path::{Path, PathBuf};

/// Modules of the library, and those each may use besides itself.
const LAYERS: [(&str, &[&str]); 23] = [
    ("error", &[]),
    ("budget", &["error"]),
    ("clock", &[]),
    ("watch", &["error"]),
    ("etf", &[]),
    ("redact", &["etf"]),
    ("event", &["redact", "error"]),
    ("trace", &["redact", "etf", "event", "error"]),
    ("settings", &["redact"]),
    ("slab", &[]),
    ("visible", &[]),
    ("index", &["slab", "event", "settings", "error"]),
    // A segment is its rows and the indexes over them in one value.
    ("segment", &["index", "slab", "event", "settings", "error"]),
    ("hot", &["segment", "index", "event", "settings", "watch", "error"]),
    ("query", &["segment", "index", "event", "settings", "watch", "error"]),
    // Pure, but what it decides is the hot tier's own word for a removal.
    ("pruner", &["hot::remove::Old", "event", "settings", "error"]),
    (
        "store",
        &["redact", "pruner", "query", "hot", "segment", "index", "event", "settings", "clock", "watch", "error"],
    ),
    ("ingest", &["redact", "trace", "etf", "store", "query", "event", "settings", "clock", "watch", "error"]),
    (
        "capture",
        &[
            "redact", "visible", "budget", "ingest", "trace", "etf", "store", "event", "settings", "clock", "watch",
            "error",
        ],
    ),
    ("analysis", &["store", "query", "event", "watch", "error"]),
    ("tell", &["analysis", "query", "event", "error"]),
    (
        "mcp",
        &[
            "visible", "budget", "tell", "analysis", "capture", "ingest", "store", "pruner", "query", "index", "event",
            "settings", "clock", "watch", "error",
        ],
    ),
    // The crate's front door re-exports.
    ("lib", &[]),
];

/// Longest file, its tests aside.
const MAX_LINES: usize = 500;

struct Source {
    /// Path below `src/`.
    name: String,
    /// Without the unit tests at its end.
    code: String,
    whole: String,
}

fn sources() -> Vec<Source> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![src.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let whole = std::fs::read_to_string(&path).unwrap();
                let code = whole.split("#[cfg(test)]\nmod tests").next().unwrap().to_owned();
                let name = path.strip_prefix(&src).unwrap().to_string_lossy().replace('\\', "/");
                found.push(Source { name, code, whole });
            }
        }
    }
    assert!(found.len() > 30);
    found
}

impl Source {
    /// The module of the library it belongs to; the binary's files have none.
    fn module(&self) -> &str {
        self.name.split(['/', '.']).next().unwrap()
    }

    fn is_binary(&self) -> bool {
        matches!(self.module(), "main" | "cli")
    }

    /// Every `crate::` path it names, comments aside.
    fn crate_paths(&self) -> impl Iterator<Item = &str> {
        let code = self.code.lines().filter(|line| !line.trim_start().starts_with("//"));
        code.flat_map(|line| line.split("crate::").skip(1)).flat_map(|rest| match rest.strip_prefix('{') {
            Some(group) => group.split('}').next().unwrap_or_default().split(',').map(path_at).collect(),
            None => vec![path_at(rest)],
        })
    }
}

/// The path a text starts with.
fn path_at(text: &str) -> &str {
    let text = text.trim_start();
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(text.len());
    &text[..end]
}

#[test]
fn arrows_point_down() {
    for source in sources().iter().filter(|source| !source.is_binary() && source.module() != "lib") {
        let module = source.module();
        let layer = LAYERS.iter().find(|(name, _)| *name == module);
        let (_, below) = layer.unwrap_or_else(|| panic!("{}: give {module} a layer here", source.name));
        for path in source.crate_paths() {
            // Names without a module are the front door's (`Error`, `EventStore`) and macros.
            let first = path.split("::").next().unwrap();
            let may = first == module
                || below.iter().any(|allowed| path == *allowed || path.starts_with(&format!("{allowed}::")))
                || (matches!(module, "ingest" | "mcp") && first.starts_with(char::is_uppercase));
            assert!(may, "src/{}: crate::{path} is not below {module}", source.name);
        }
    }
}

#[test]
fn the_binary_uses_the_library_from_outside() {
    for source in sources().iter().filter(|source| source.is_binary()) {
        assert_eq!(source.crate_paths().next(), None, "src/{}", source.name);
    }
}

#[test]
fn only_the_edge_knows_the_protocol_and_the_runtime() {
    for source in sources() {
        for name in ["rmcp", "tokio", "tokio_util", "axum", "schemars"] {
            if source.is_binary() && name == "tokio" || source.module() == "mcp" {
                continue;
            }
            let used = source.code.lines().any(|line| {
                let line = line.trim_start();
                !line.starts_with("//")
                    && (line.contains(&format!("{name}::")) || line.contains(&format!("use {name}")))
            });
            assert!(!used, "src/{} names {name}", source.name);
        }
    }
}

#[test]
fn only_the_binary_wraps_errors_and_reads_the_environment() {
    for source in sources().iter().filter(|source| !source.is_binary()) {
        for name in ["anyhow::", "env::var", "indicatif::", "clap::"] {
            assert!(!source.code.contains(name), "src/{} names {name}", source.name);
        }
    }
}

#[test]
fn every_file_says_what_it_answers() {
    for source in sources() {
        assert!(source.whole.starts_with("//! "), "src/{} does not start with //!", source.name);
    }
}

#[test]
fn nothing_is_left_for_later() {
    let words = ["todo!", "unimplemented!", "#[ignore", "dbg!", "FIXME"];
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let of_tests = std::fs::read_dir(tests).unwrap().map(|entry| entry.unwrap().path());
    let of_tests = of_tests.filter(|path| path.is_file() && path.file_name().unwrap() != "tidy.rs");
    let of_tests = of_tests.map(|path| (path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
    let of_src = sources().into_iter().map(|source| (source.name, source.whole));
    for (name, text) in of_src.chain(of_tests) {
        for word in words {
            assert!(!text.contains(word), "{name} says {word}");
        }
    }
}

#[test]
fn no_file_is_long() {
    for source in sources() {
        let lines = source.code.lines().count();
        assert!(lines <= MAX_LINES, "src/{}: {lines} lines without its tests", source.name);
    }
}

#[test]
fn every_test_the_matrix_names_is_there() {
    let matrix = include_str!("../docs/testing.md");
    let named: Vec<&str> = matrix.split('`').skip(1).step_by(2).filter(|name| name.contains("::")).collect();
    for name in named.iter().filter(|name| **name != "file::test") {
        let (file, test) = name.split_once("::").unwrap();
        let written: String = match file {
            "lib" => sources().into_iter().map(|source| source.whole).collect(),
            _ => std::fs::read_to_string(format!("tests/{file}.rs")).unwrap(),
        };
        assert!(written.contains(&format!("fn {test}(")), "{name}");
    }
    assert!(named.len() > 30, "{}", named.len());
}
