//! What can be said on the command line and in the environment?

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::builder::BoolishValueParser;
use clap::{Parser, Subcommand};
use clap_complete::Shell;
use elixir_scope_storage::capture::{Reach, Target};
use elixir_scope_storage::ingest::{Access, ImportOptions};
use elixir_scope_storage::mcp::{HttpOptions, ImportRoots, StdioOptions};
use elixir_scope_storage::{Rules, Settings};

use super::written::{Limit, address, count, duration, interval, line_size, memory_size, size, value_size};

/// Variable with the recordings of a server that was given none by `--import`.
const IMPORT_VARIABLE: &str = "ELIXIR_SCOPE_IMPORT";

/// Variable with the trace ports of a server that was given none by `--dbg`.
const DBG_VARIABLE: &str = "ELIXIR_SCOPE_DBG";

/// Variable with the addresses of a server that was given none by `--listen`.
const LISTEN_VARIABLE: &str = "ELIXIR_SCOPE_LISTEN";

/// Variable with the folders of a server that was given none by `--import-root`.
const IMPORT_ROOT_VARIABLE: &str = "ELIXIR_SCOPE_IMPORT_ROOT";

const EXAMPLES: &str = "\
Examples:
  elixir-scope-storage                                   serve an empty store to one MCP client
  elixir-scope-storage --import bank.ndjson.gz           load a recording, then serve
  elixir-scope-storage --dbg 127.0.0.1:4711              read the trace port of a running node
  elixir-scope-storage --max-events 200000 --max-age 1h  keep less
  elixir-scope-storage --http 127.0.0.1:4040             serve HTTP clients beside it
  elixir-scope-storage --script <requests.jsonl          answer a file of requests
  elixir-scope-storage import bank.ndjson.gz             say what is in a recording, and end
  elixir-scope-storage import app.trace traces/          a dbg trace, and a folder of recordings
  claude mcp add elixir-scope -- elixir-scope-storage    add it to Claude Code

Exit codes:
  0  done
  1  failed: a path cannot be read, stdin or stdout broke, or a second signal came
  2  usage: an option or its value is not understood
  3  done, but a recording holds events that could not be stored (stderr names the first of them)";

/// Flight recorder of a running Elixir/Erlang system.
///
/// Keeps the events of a BEAM system (calls, messages, process life, state changes, errors) in memory, in a store with
/// an index per question, and serves it over MCP: JSON-RPC on stdin and stdout, and over HTTP.
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLES, max_term_width = 100)]
pub(super) struct Args {
    /// Recording to load before serving, or a folder of them; repeatable.
    ///
    /// Read are events as JSON (one per line, or an array), session folders, binary traces of dbg and ttb (wrap sets,
    /// too), OTLP/JSON traces and Chrome traces, each also as gzip or zstd; what a file is, its content tells.
    /// Without it, the paths in `ELIXIR_SCOPE_IMPORT`, separated as in `PATH`.
    #[arg(long, value_name = "PATH")]
    pub(super) import: Vec<PathBuf>,

    /// Let no call store or remove anything: only tools that read are offered. Limits still apply.
    #[arg(
        long,
        global = true,
        env = "ELIXIR_SCOPE_READ_ONLY",
        hide_env_values = true,
        value_parser = BoolishValueParser::new()
    )]
    pub(super) read_only: bool,

    #[command(flatten)]
    pub(super) live: Live,

    #[command(flatten)]
    pub(super) http: Http,

    #[command(flatten)]
    pub(super) reading: Reading,

    #[command(flatten)]
    pub(super) retention: Retention,

    /// Most memory that everything beside the stored events may hold at once: analyses, answers that are being read,
    /// requests that are arriving. What finds no room is told to ask again. Default a quarter of the machine's memory,
    /// at least 512MiB.
    #[arg(
        long,
        value_name = "SIZE",
        env = "ELIXIR_SCOPE_MAX_MEMORY",
        hide_env_values = true,
        value_parser = memory_size
    )]
    pub(super) max_memory: Option<u64>,

    #[command(flatten)]
    pub(super) protocol: Protocol,

    #[command(subcommand)]
    pub(super) task: Option<Task>,
}

/// Sources that run while the server does.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Live sources")]
pub(super) struct Live {
    /// Trace port of a running node (`dbg:trace_port(ip, 4711)`) to read, for as long as the server runs; repeatable.
    ///
    /// Without it, the ports in `ELIXIR_SCOPE_DBG`, separated by commas.
    #[arg(long, value_name = "HOST:PORT")]
    dbg: Vec<String>,

    /// Address producers connect to, on loopback: JSON events, one a line, or terms with {packet, 4}; port 0 takes a free
    /// one; repeatable.
    ///
    /// Without it, the addresses in `ELIXIR_SCOPE_LISTEN`, separated by commas.
    #[arg(long, value_name = "[ADDRESS:]PORT")]
    listen: Vec<String>,

    /// Let --listen and `start_capture` listen on any address. Producers are not authenticated: whoever reaches it can
    /// store events.
    #[arg(long, env = "ELIXIR_SCOPE_LISTEN_ANY", hide_env_values = true, value_parser = BoolishValueParser::new())]
    listen_any: bool,

    /// Host, besides this machine, that `start_capture` may connect to; repeatable.
    #[arg(long, value_name = "HOST", env = "ELIXIR_SCOPE_CAPTURE_HOST", hide_env_values = true, value_delimiter = ',')]
    capture_host: Vec<String>,

    /// Folder that `import_events` may read from, instead of the current one; repeatable.
    ///
    /// Without it, the folders in `ELIXIR_SCOPE_IMPORT_ROOT`, separated as in `PATH`.
    #[arg(long, value_name = "DIR")]
    import_root: Vec<PathBuf>,
}

impl Live {
    /// What is heard from the start.
    pub(super) fn targets(&self) -> Vec<Target> {
        let dbg = listed(&self.dbg, DBG_VARIABLE).into_iter().map(Target::Dbg);
        dbg.chain(listed(&self.listen, LISTEN_VARIABLE).into_iter().map(Target::Listen)).collect()
    }

    /// Where calls may lead.
    pub(super) fn reach(&self) -> Reach {
        Reach { hosts: self.capture_host.clone(), listen_any: self.listen_any }
    }

    /// What calls may import from; an error is one of usage.
    pub(super) fn import_roots(&self) -> Result<ImportRoots, String> {
        let mut folders = self.import_root.clone();
        if folders.is_empty() {
            folders = split_paths(IMPORT_ROOT_VARIABLE);
        }
        if folders.is_empty() {
            // A server started in a folder that is gone imports nothing, but serves.
            return Ok(ImportRoots::new([PathBuf::from(".")]).unwrap_or_default());
        }
        ImportRoots::new(folders)
    }
}

/// What was given, or what the variable lists, separated by commas.
fn listed(given: &[String], variable: &str) -> Vec<String> {
    if !given.is_empty() {
        return given.to_vec();
    }
    let text = std::env::var(variable).unwrap_or_default();
    text.split(',').map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect()
}

/// The paths a variable lists.
fn split_paths(variable: &str) -> Vec<PathBuf> {
    let paths = std::env::var_os(variable).unwrap_or_default();
    std::env::split_paths(&paths).filter(|path| !path.as_os_str().is_empty()).collect()
}

/// Streamable HTTP beside stdio.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "HTTP")]
pub(super) struct Http {
    /// Serve MCP over HTTP too, at /mcp of this address, until stdin ends or a signal comes; port 0 takes a free one. An
    /// address that is taken is told, and stdio served alone.
    #[arg(
        long = "http",
        value_name = "ADDRESS",
        env = "ELIXIR_SCOPE_HTTP",
        hide_env_values = true,
        value_parser = address
    )]
    address: Option<SocketAddr>,

    /// Ask every HTTP request for this bearer token; needed on any address but loopback. The variable keeps it out of
    /// the list of processes.
    #[arg(long = "http-token", value_name = "TOKEN", env = "ELIXIR_SCOPE_HTTP_TOKEN", hide_env_values = true)]
    token: Option<String>,

    /// With --http, go on serving it when stdin ends: for a server that is started by itself. Otherwise the program ends
    /// with its host.
    #[arg(long = "keep-running", env = "ELIXIR_SCOPE_KEEP_RUNNING", hide_env_values = true)]
    pub(super) keeps_running: bool,
}

impl Http {
    /// Where HTTP is served, if it is; an error is one of usage.
    pub(super) fn options(&self) -> Result<Option<HttpOptions>, String> {
        self.address.map(|address| HttpOptions::new(address, self.token.clone())).transpose()
    }
}

/// How traces are read.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Traces")]
pub(super) struct Reading {
    /// Longest text of one argument, message or state of a binary trace, such as 16KiB; longer ones are cut, and say so.
    #[arg(
        long,
        global = true,
        value_name = "SIZE",
        env = "ELIXIR_SCOPE_MAX_VALUE_BYTES",
        hide_env_values = true,
        default_value = "16KiB",
        value_parser = value_size
    )]
    pub(super) max_value_bytes: usize,

    /// Names whose values are secrets and are hidden before an event is stored: "default" (password, secret, token,
    /// cookie, authorization, API keys and the like, card numbers, SASL responses, connections), "+pin,+ssn" for these
    /// besides, "pin,ssn" in their place, or "none".
    ///
    /// Without it: the default for live sources and recordings, none for events that calls store. With it: for all of
    /// them.
    #[arg(
        long,
        global = true,
        value_name = "NAMES",
        env = "ELIXIR_SCOPE_REDACT",
        hide_env_values = true,
        value_parser = Rules::from_str
    )]
    pub(super) redact: Option<Rules>,
}

impl Reading {
    pub(super) fn options(&self) -> ImportOptions {
        let mut options = ImportOptions::default();
        options.max_value_bytes = self.max_value_bytes;
        options.redact = self.redact.clone().unwrap_or_default();
        // Who starts the program may hand it a pipe: `--import /dev/stdin`, `--import <(command)`.
        options.access = Access::default().with_streams();
        options
    }
}

/// How much history is kept.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Retention")]
pub(super) struct Retention {
    /// Most events kept, or "none"; the oldest go first.
    #[arg(
        long,
        global = true,
        value_name = "N",
        env = "ELIXIR_SCOPE_MAX_EVENTS",
        hide_env_values = true,
        default_value = "1_000_000",
        value_parser = count
    )]
    max_events: Limit<u64>,

    /// Most memory that events and their indexes may hold, such as 512MiB or 2GB, or "none".
    #[arg(
        long,
        global = true,
        value_name = "SIZE",
        env = "ELIXIR_SCOPE_MAX_BYTES",
        hide_env_values = true,
        default_value = "2GiB",
        value_parser = size
    )]
    max_bytes: Limit<u64>,

    /// Longest an event is kept, on the events' own clock, such as 90s or 1h30m, or "none".
    #[arg(
        long,
        global = true,
        value_name = "DURATION",
        env = "ELIXIR_SCOPE_MAX_AGE",
        hide_env_values = true,
        default_value = "none",
        value_parser = duration
    )]
    max_age: Limit<Duration>,

    /// How often --max-age is enforced while no event arrives, or "none".
    #[arg(
        long,
        global = true,
        value_name = "DURATION",
        env = "ELIXIR_SCOPE_CLEANUP_INTERVAL",
        hide_env_values = true,
        default_value = "60s",
        value_parser = interval
    )]
    cleanup_interval: Limit<Duration>,
}

/// How MCP is spoken.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Protocol")]
pub(super) struct Protocol {
    /// Take requests without a handshake: no `initialize`, no protocol version in `_meta`.
    #[arg(long, env = "ELIXIR_SCOPE_SCRIPT", hide_env_values = true, value_parser = BoolishValueParser::new())]
    script: bool,

    /// Longest request line, such as 64MiB; a longer one is answered with an error and the next is read.
    #[arg(
        long,
        value_name = "SIZE",
        env = "ELIXIR_SCOPE_MAX_LINE",
        hide_env_values = true,
        default_value = "64MiB",
        value_parser = line_size
    )]
    max_line: usize,
}

impl Protocol {
    pub(super) fn options(&self) -> StdioOptions {
        let mut options = StdioOptions::default();
        options.script = self.script;
        options.max_line = self.max_line;
        options
    }
}

/// What to do instead of serving.
#[derive(Debug, Subcommand)]
pub(super) enum Task {
    /// Say what is in recordings, and end.
    Import {
        /// What `--import` takes; a wrap set by one of its files or by what they have in common.
        #[arg(value_name = "PATH", required = true)]
        paths: Vec<PathBuf>,
    },
    /// Print the tools as `tools/list` answers them.
    Tools,
    /// Print the completion script of a shell.
    Completions {
        /// Which shell.
        shell: Shell,
    },
    /// Print the manual page (`| man -l -`).
    Man,
}

impl Args {
    /// What a server loads: the command line wins over the environment.
    pub(super) fn imports_to_serve(&self) -> Vec<PathBuf> {
        if !self.import.is_empty() {
            return self.import.clone();
        }
        split_paths(IMPORT_VARIABLE)
    }
}

impl Args {
    /// How the store is opened.
    pub(super) fn settings(&self) -> Settings {
        Settings { redact: self.reading.redact.clone().unwrap_or(Rules::NONE), ..self.retention.settings() }
    }
}

impl Retention {
    fn settings(&self) -> Settings {
        Settings {
            max_events: self.max_events.0,
            max_bytes: self.max_bytes.0,
            max_age: self.max_age.0,
            cleanup_interval: self.cleanup_interval.0,
            ..Settings::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_holds_together() {
        Args::command().debug_assert();
    }

    #[test]
    fn the_defaults_shown_are_the_stores_own() {
        let mut command = Args::command();
        let variables = [
            "max_events",
            "max_bytes",
            "max_age",
            "cleanup_interval",
            "read_only",
            "address",
            "token",
            "listen_any",
            "capture_host",
            "max_value_bytes",
            "redact",
            "max_memory",
        ];
        for argument in variables {
            command = command.mut_arg(argument, |argument| argument.env(None::<&str>));
        }
        let matches = command.get_matches_from(["elixir-scope-storage"]);
        let args = <Args as clap::FromArgMatches>::from_arg_matches(&matches).unwrap();
        assert_eq!(args.retention.settings(), Settings::default());
        let mut reading = ImportOptions::default();
        // Who starts the program may name a pipe; who calls a tool may not.
        reading.access = reading.access.with_streams();
        assert_eq!(args.reading.options(), reading);
    }
}
