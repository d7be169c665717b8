//! The program as its users run it: options, exit codes, what goes to stdout and what to stderr.

#![allow(clippy::unwrap_used, reason = "tests may stop at the first surprise")]

use std::io::Read as _;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use tempfile::TempDir;

const RECORDING: &str = "examples/recordings/bank.ndjson.gz";

const VARIABLES: [&str; 12] = [
    "ELIXIR_SCOPE_MAX_EVENTS",
    "ELIXIR_SCOPE_MAX_BYTES",
    "ELIXIR_SCOPE_MAX_AGE",
    "ELIXIR_SCOPE_CLEANUP_INTERVAL",
    "ELIXIR_SCOPE_IMPORT",
    "ELIXIR_SCOPE_READ_ONLY",
    "ELIXIR_SCOPE_HTTP",
    "ELIXIR_SCOPE_HTTP_TOKEN",
    "ELIXIR_SCOPE_SCRIPT",
    "ELIXIR_SCOPE_MAX_LINE",
    "ELIXIR_SCOPE_MAX_VALUE_BYTES",
    "ELIXIR_SCOPE_REDACT",
];

/// The program in the project's folder, with none of its variables set and nothing on stdin.
fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_elixir-scope-storage"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments).write_stdin("");
    for variable in VARIABLES {
        command.env_remove(variable);
    }
    command
}

/// What a run left: exit code, stdout, stderr.
fn run(mut command: Command) -> (i32, String, String) {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn file(folder: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn shown(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn help_names_every_option_variable_and_exit_code() {
    let (code, help, errors) = run(program(&["--help"]));
    assert_eq!((code, errors.as_str()), (0, ""));
    for name in [
        "--import",
        "--read-only",
        "--http",
        "--http-token",
        "--max-events",
        "--max-bytes",
        "--max-age",
        "--cleanup-interval",
        "--script",
        "--max-line",
        "--max-value-bytes",
        "Examples:",
    ] {
        assert!(help.contains(name), "{name}");
    }
    for variable in VARIABLES {
        assert!(help.contains(variable), "{variable}");
    }
    for code in 0..=3 {
        assert!(help.contains(&format!("\n  {code}  ")), "{code}");
    }
}

#[test]
fn the_version_is_the_packages() {
    let expected = format!("elixir-scope-storage {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(run(program(&["--version"])), (0, expected, String::new()));
}

#[test]
fn a_wrong_option_is_a_usage_error_with_a_hint() {
    for (arguments, hint) in [
        (&["--max-event", "5"][..], "--max-events"),
        (&["--max-events", "many"], "1_000_000"),
        (&["--max-events", "0"], "at least 1"),
        (&["--max-bytes", "big"], "512MiB"),
        (&["--max-bytes", "10kB"], "1 MiB"),
        (&["--max-age", "60"], "90s"),
        (&["--cleanup-interval", "0s"], "none"),
        (&["--http", "4040"], "127.0.0.1:4040"),
        (&["--http", "0.0.0.0:0"], "ELIXIR_SCOPE_HTTP_TOKEN"),
        (&["--max-line", "1kB"], "64MiB"),
        (&["--max-value-bytes", "1"], "16KiB"),
        (&["imprt", "x"], "import"),
        (&["import"], "<PATH>"),
        (&["completions", "tcl"], "bash"),
    ] {
        let (code, output, errors) = run(program(arguments));
        assert_eq!((code, output.as_str()), (2, ""), "{arguments:?}: {errors}");
        assert!(errors.contains(hint), "{arguments:?}: {errors}");
    }
}

#[test]
fn a_wrong_variable_is_a_usage_error_too() {
    let mut command = program(&[]);
    command.env("ELIXIR_SCOPE_MAX_BYTES", "big");
    let (code, _, errors) = run(command);
    assert_eq!(code, 2);
    assert!(errors.contains("--max-bytes"), "{errors}");
}

#[test]
fn a_recording_that_is_not_there_is_a_failure_and_nothing_is_served() {
    for arguments in [&["--import", "no/such.ndjson"][..], &["import", "no/such.ndjson"]] {
        let (code, output, errors) = run(program(arguments));
        assert_eq!((code, output.as_str()), (1, ""));
        assert_eq!(errors, "error: no/such.ndjson: no such file or folder\n");
    }
}

#[test]
fn a_folder_that_is_no_session_is_a_failure() {
    let (code, _, errors) = run(program(&["import", "src"]));
    assert_eq!(code, 1);
    assert!(errors.contains("events.json"), "{errors}");
}

#[test]
fn import_says_what_is_in_a_recording() {
    let (code, output, errors) = run(program(&["import", RECORDING]));
    assert_eq!((code, errors.as_str()), (0, ""));
    for line in [
        "10,000 events read, 10,000 stored",
        "10,000 events kept, from -576460751564576952 to -576460751545177815",
        "\n  3,057  function_entry\n",
        "\n     86  process_exit\n",
        "  GenServer.call/2\n",
    ] {
        assert!(output.contains(line), "{line:?} in\n{output}");
    }
}

#[test]
fn import_says_what_is_in_a_trace_and_how_long_it_spans() {
    let (code, output, errors) = run(program(&["import", "examples/recordings/s3_badstate.trace.gz"]));
    assert_eq!((code, errors.as_str()), (0, ""));
    for line in [
        "961 events read, 961 stored",
        "\n  dbg trace, session s3_badstate-da22e3\n",
        "\n  922 trace messages, 0 of unknown kind; 0 dropped, in 0 gaps\n",
        "\n  87ms 794us 128ns long, from -576460751668528710 to -576460751580734582\n",
        "  state_change\n",
    ] {
        assert!(output.contains(line), "{line:?} in\n{output}");
    }
}

#[test]
fn the_files_of_a_wrap_set_given_one_by_one_are_read_once() {
    let folder = TempDir::new().unwrap();
    let mut trace = Vec::new();
    let packed = std::fs::File::open("examples/recordings/s1_race.trace.gz").unwrap();
    flate2::read::GzDecoder::new(packed).read_to_end(&mut trace).unwrap();
    let (mut end, mut records) = (0, 0);
    while end < trace.len() / 2 {
        end += 5 + u32::from_be_bytes(trace[end + 1..end + 5].try_into().unwrap()) as usize;
        records += 1;
    }
    assert!(records > 100, "{records}");
    let files = [folder.path().join("app0.wrap"), folder.path().join("app1.wrap")];
    std::fs::write(&files[0], &trace[..end]).unwrap();
    std::fs::write(&files[1], &trace[end..]).unwrap();
    let (code, output, errors) = run(program(&["import", shown(&files[0]), shown(&files[1])]));
    assert_eq!(code, 0, "{errors}");
    assert!(errors.contains("app1.wrap: read already, with the wrap set it belongs to"), "{errors}");
    assert!(output.contains("693 trace messages") && !output.contains("duplicate"), "{output}");
    let (_, whole, _) = run(program(&["import", "--max-value-bytes", "64", shown(&folder.path().join("app"))]));
    assert!(whole.contains("693 trace messages") && whole.contains("longer than --max-value-bytes, cut"), "{whole}");
}

#[test]
fn a_damaged_trace_is_told_by_its_byte_and_the_exit_code() {
    let folder = TempDir::new().unwrap();
    let path = file(&folder, "app.trace", "\u{1}\0\0\0\u{7}\u{1}\0\0\0\u{7}\u{2}no record");
    let (code, output, errors) = run(program(&["import", shown(&path)]));
    assert_eq!(code, 3, "{errors}");
    assert!(errors.contains("app.trace, byte 5: counts dropped messages, but no record follows"), "{errors}");
    assert!(output.contains("broken off"), "{output}");
}

#[test]
fn a_recording_given_twice_is_stored_once() {
    let (code, output, _) = run(program(&["--import", RECORDING, "import", RECORDING]));
    assert_eq!(code, 0);
    assert!(output.contains("10,000 events read, 0 stored, 10,000 duplicate"), "{output}");
    assert!(output.contains("\n10,000 events kept"), "{output}");
}

#[test]
fn limits_come_from_the_environment_and_options_win() {
    let mut command = program(&["import", RECORDING]);
    command.env("ELIXIR_SCOPE_MAX_EVENTS", "10");
    let (code, output, _) = run(command);
    assert_eq!(code, 0);
    assert!(output.contains("9,990 pruned") && output.contains("\n10 events kept"), "{output}");

    let mut command = program(&["import", RECORDING, "--max-events", "1_000"]);
    command.env("ELIXIR_SCOPE_MAX_EVENTS", "10");
    let (_, output, _) = run(command);
    assert!(output.contains("\n1,000 events kept"), "{output}");

    let mut command = program(&["--max-events", "none", "import", RECORDING]);
    // Time passes for a recording too: by the end of the import its newest event is older than that.
    command.env("ELIXIR_SCOPE_MAX_AGE", "1ns");
    let (_, output, _) = run(command);
    assert!(output.contains("\n0 events kept"), "{output}");
}

#[test]
fn bad_lines_are_shown_and_told_by_the_exit_code() {
    let folder = TempDir::new().unwrap();
    let good = r#"{"ts": 1, "type": "call"}"#;
    let path = file(&folder, "some-bad.ndjson", &format!("{good}\nnonsense\n{good}\n{}", "[]\n".repeat(20)));
    let (code, output, errors) = run(program(&["import", shown(&path)]));
    assert_eq!(code, 3);
    assert!(output.contains("23 events read, 2 stored, 21 rejected"), "{output}");
    assert!(errors.contains("some-bad.ndjson, line 2: expected a JSON object"), "{errors}");
    assert!(errors.contains("11 more events rejected"), "{errors}");

    let (code, output, errors) = run(program(&["--import", shown(&path)]));
    assert_eq!((code, output.as_str()), (3, ""), "served to the end of stdin: {errors}");
    assert!(errors.contains("23 events read, 2 stored, 21 rejected"), "{errors}");
}

#[test]
fn a_server_reports_its_imports_on_stderr_only() {
    let folder = TempDir::new().unwrap();
    let one = file(&folder, "one.ndjson", r#"{"ts": 1}"#);
    let two = file(&folder, "two.json", r#"[{"ts": 2}, {"ts": 3}]"#);
    let expected =
        |errors: &str| errors.contains("1 event read, 1 stored") && errors.contains("2 events read, 2 stored");

    let (code, output, errors) = run(program(&["--import", shown(&one), "--import", shown(&two)]));
    assert_eq!((code, output.as_str(), errors.lines().count()), (0, "", 2));
    assert!(expected(&errors), "{errors}");

    let mut command = program(&[]);
    command.env("ELIXIR_SCOPE_IMPORT", std::env::join_paths([&one, &two]).unwrap());
    let (code, output, errors) = run(command);
    assert_eq!((code, output.as_str()), (0, ""));
    assert!(expected(&errors), "{errors}");
}

#[test]
fn a_server_without_a_client_ends_quietly() {
    assert_eq!(run(program(&[])), (0, String::new(), String::new()));
}

#[test]
fn every_shell_gets_a_completion_script() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let (code, script, errors) = run(program(&["completions", shell]));
        assert_eq!((code, errors.as_str()), (0, ""));
        assert!(script.contains("max-events"), "{shell}");
    }
}

#[test]
fn the_manual_page_is_one() {
    let (code, page, errors) = run(program(&["man"]));
    assert_eq!((code, errors.as_str()), (0, ""));
    assert!(page.contains(".TH elixir-scope-storage 1"), "{page}");
    assert!(page.contains("Exit codes"), "{page}");
}

#[test]
fn the_tools_are_printed_as_json() {
    let (code, tools, errors) = run(program(&["tools"]));
    assert_eq!((code, errors.as_str()), (0, ""));
    let tools: serde_json::Value = serde_json::from_str(&tools).unwrap();
    assert!(tools["tools"].is_array());
}
