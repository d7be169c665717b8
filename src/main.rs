//! The program: arguments and environment to settings, recordings into the store, then the protocol on stdio and, if asked for, HTTP.
//!
//! stdout carries the protocol, or what a subcommand was asked for; everything else goes to stderr.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests may stop at the first surprise"))]

mod cli;

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// Memory that a burst took goes back to the system.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    cli::run()
}
