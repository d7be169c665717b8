//! Asks the program the questions of `questions.jsonl` about the recorded bank, and prints question and answer as
//! people read them: `cargo run --example ask`.

use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

fn main() -> Result<(), Box<dyn Error>> {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let questions = examples.join("questions.jsonl");

    // As a client does it: start the program, write requests to its stdin, read replies from its stdout.
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR")).args(["run", "--quiet"]);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    cargo.args(["--", "--import"]).arg(examples.join("recordings/bank.ndjson.gz"));
    let mut program = cargo.stdin(File::open(&questions)?).stdout(Stdio::piped()).spawn()?;
    let replies = BufReader::new(program.stdout.take().ok_or("no stdout")?);

    // Every request with an id has one reply; replies come in the order of the requests.
    let mut asked = Vec::new();
    for line in BufReader::new(File::open(&questions)?).lines() {
        let request: Value = serde_json::from_str(&line?)?;
        if request.get("id").is_some() {
            asked.push(request);
        }
    }
    let mut out = std::io::stdout().lock();
    for (request, reply) in asked.iter().zip(replies.lines()) {
        let reply: Value = serde_json::from_str(&reply?)?;
        if reply["id"] != request["id"] {
            return Err(format!("a reply out of order: {reply}").into());
        }
        let Some(tool) = request["params"]["name"].as_str() else { continue };
        writeln!(out, "## {tool} {}\n", request["params"]["arguments"])?;
        match reply["result"]["content"][0]["text"].as_str() {
            Some(answer) => writeln!(out, "{}\n", answer.trim_end())?,
            None => return Err(format!("not an answer: {reply}").into()),
        }
    }
    program.wait()?;
    Ok(())
}
