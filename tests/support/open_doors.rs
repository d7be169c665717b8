//! The real server with every door open: stdio, HTTP, and an address that producers connect to.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::thread::JoinHandle;

use super::pipe;

pub(crate) struct OpenDoors {
    pub(crate) stdio: pipe::Server,
    /// `127.0.0.1:PORT`
    pub(crate) http: String,
    pub(crate) listening: String,
    said: JoinHandle<Vec<String>>,
}

impl OpenDoors {
    /// Takes bare requests on stdio.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut command = pipe::command(&["--script", "--http", "127.0.0.1:0", "--listen", "127.0.0.1:0"]);
        command.args(arguments).stderr(Stdio::piped());
        let mut stdio = pipe::Server::of(command);
        let mut lines = BufReader::new(stdio.take_stderr()).lines().map_while(Result::ok);
        let (mut http, mut listening) = (None, None);
        while http.is_none() || listening.is_none() {
            let line = lines.next().expect("it says where it listens");
            let address = line.strip_prefix("listening on ").unwrap_or_else(|| panic!("{line}"));
            match address.strip_prefix("http://") {
                Some(url) => http = Some(url.trim_end_matches("/mcp").to_owned()),
                None => listening = Some(address.to_owned()),
            }
        }
        let said = std::thread::spawn(move || lines.collect());
        Self { stdio, http: http.unwrap_or_default(), listening: listening.unwrap_or_default(), said }
    }

    /// Descriptors it holds.
    pub(crate) fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.stdio.pid())).expect("it runs").count()
    }

    /// Closes stdin and waits for the end; how that was, and every line it said on stderr.
    pub(crate) fn finish(self) -> (pipe::Run, Vec<String>) {
        let run = self.stdio.finish();
        (run, self.said.join().expect("its lines are text"))
    }
}
