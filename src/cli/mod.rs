//! What was the program asked to do, and how did it end?

mod args;
mod load;
mod memory;
mod report;
mod voice;
mod written;

use std::io::{ErrorKind, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::error::ErrorKind as UsageError;
use clap::{CommandFactory, Parser};
use elixir_scope_storage::EventStore;
use elixir_scope_storage::capture::{Asked, Capture, Kind};
use elixir_scope_storage::mcp::{self, HttpNews, ServeOptions};
use tokio::runtime::Runtime;

use args::{Args, Task};
use load::{Imports, Otherwise};
use voice::say;

/// Everything was done.
const DONE: u8 = 0;
/// It could not be done, or was given up at a signal; stderr says why.
const FAILED: u8 = 1;
/// It was done, but a recording holds events that could not be stored; stderr names the first. (2 is clap's, for
/// arguments it does not understand.)
const INCOMPLETE: u8 = 3;

/// A thread without work goes, and gives its memory back.
const IDLE_THREAD: Duration = Duration::from_millis(200);

/// Runs the program on its arguments.
pub(crate) fn run() -> ExitCode {
    // What failed may be told with the value that did: the place is enough to find it.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, |place| format!(" at {place}"));
        voice::report(&format!("the program failed{place}; please report it"));
    }));
    let code = match carry_out(&Args::parse()) {
        Ok(code) => code,
        Err(error) if is_closed_pipe(&error) => DONE,
        Err(error) => {
            say(&format!("error: {error:#}"));
            FAILED
        }
    };
    voice::finish();
    ExitCode::from(code)
}

fn carry_out(args: &Args) -> Result<u8> {
    match &args.task {
        Some(Task::Tools) => print(mcp::tools_json(args.read_only).as_bytes()),
        Some(Task::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Args::command(), env!("CARGO_PKG_NAME"), &mut script);
            print(&script)
        }
        Some(Task::Man) => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Args::command()).render(&mut page)?;
            print(&page)
        }
        Some(Task::Import { paths }) => {
            warn(args);
            let store = open(args);
            let mut everything = args.import.clone();
            everything.extend_from_slice(paths);
            let ends = listen()?;
            let Imports { imports, refused } =
                load::all(&store, &everything, &args.reading.options(), &ends, Otherwise::GoOn)?;
            if refused < everything.len() {
                print(report::contents(&imports, &store).as_bytes())?;
            }
            Ok(if ends.is_asked() || refused > 0 { FAILED } else { code(&imports) })
        }
        None => {
            let mut options = serving(args);
            warn(args);
            let store = open(args);
            let ends = listen()?;
            let paths = args.imports_to_serve();
            let imports = load::all(&store, &paths, &args.reading.options(), &ends, Otherwise::Stop)?.imports;
            for import in &imports {
                voice::report(&report::line(import));
            }
            if ends.is_asked() {
                return Ok(DONE);
            }
            // One thread: requests take effect in the order they were sent.
            let mut builder = tokio::runtime::Builder::new_current_thread();
            let runtime =
                builder.enable_all().thread_keep_alive(IDLE_THREAD).build().context("starting the runtime")?;
            let capture = hear(args, &store, &options)?;
            options.capture = Some(capture.clone());
            let served = serve(runtime, store, options, ends);
            // What was received is stored before the program ends.
            capture.stop(None)?;
            served?;
            Ok(code(&imports))
        }
    }
}

/// Hears signals from now on: whoever reads a line of stderr may send one next. The second ends the process, whatever
/// it is doing.
fn listen() -> Result<mcp::Ends> {
    let at_once = || {
        say("error: asked twice to end; replies may be missing");
        voice::finish();
        std::process::exit(i32::from(FAILED));
    };
    mcp::Ends::listen_or(at_once).context("listening for signals")
}

/// Opens the store, or ends the program with the usage error its settings are.
fn open(args: &Args) -> EventStore {
    EventStore::open(args.settings())
        .unwrap_or_else(|error| Args::command().error(UsageError::ValueValidation, error).exit())
}

/// Says what whoever started the program should know of what they asked for.
fn warn(args: &Args) {
    if args.reading.redact.as_ref().is_some_and(|rules| !rules.is_on()) {
        say("--redact none: passwords, tokens and cookies are stored as they come");
    }
}

/// How the store is served, or the end of the program with the usage error that it is.
fn serving(args: &Args) -> ServeOptions {
    let mut options = ServeOptions::default();
    options.is_read_only = args.read_only;
    options.stdio = args.protocol.options();
    options.budget = memory::budget(args.max_memory);
    let usage = |problem: String| -> ! { Args::command().error(UsageError::ValueValidation, problem).exit() };
    options.http = args.http.options().unwrap_or_else(|problem| usage(format!("--http: {problem}")));
    options.import_roots =
        args.live.import_roots().unwrap_or_else(|problem| usage(format!("--import-root: {problem}")));
    options.keeps_running = args.http.keeps_running;
    options.import = args.reading.options();
    for target in args.live.targets() {
        target.check(&args.live.reach()).unwrap_or_else(|problem| usage(format!("--{problem}")));
    }
    options
}

/// Starts the live sources asked for.
fn hear(args: &Args, store: &EventStore, options: &ServeOptions) -> Result<Capture> {
    let (reach, budget) = (args.live.reach(), options.budget.clone());
    let capture = Capture::within(store.clone(), reach, &options.import, Arc::new(voice::report), budget);
    for target in args.live.targets() {
        let (status, _) = capture.start(&target, Asked::AtStart)?;
        let verb = if status.kind == Kind::Listen { "listening on" } else { "connecting to" };
        say(&format!("{verb} {}", status.source));
    }
    Ok(capture)
}

fn serve(runtime: Runtime, store: EventStore, options: ServeOptions, ends: mcp::Ends) -> Result<()> {
    let heard = |news| match news {
        HttpNews::Listening(address) => say(&format!("listening on http://{address}/mcp")),
        HttpNews::Trouble(trouble) => voice::report(&trouble),
    };
    let ended = runtime.block_on(mcp::serve(store, options, ends, heard)).context("serving MCP");
    // A thread may still wait for the next byte of a terminal, or work on a call nobody can be told the end of.
    runtime.shutdown_background();
    ended
}

fn code(imports: &[load::Import]) -> u8 {
    if imports.iter().all(|import| import.report.is_clean()) { DONE } else { INCOMPLETE }
}

fn print(text: &[u8]) -> Result<u8> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text).and_then(|()| stdout.flush()).context("writing to stdout")?;
    Ok(DONE)
}

/// Whether the reader of stdout went away: `| head` wanted no more.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}
