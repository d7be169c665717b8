//! ETS, driven by `benches/ets.escript`; skipped where there is no Erlang.

use std::path::Path;
use std::process::{Command, Stdio};

use super::measure::Figures;

/// How the script lays out its tables; see there.
const VARIANTS: [&str; 3] = ["ordered_id", "ordered_seq", "bag"];

/// The best of every variant for each figure: kinder than any one design can be.
pub fn run(events: usize) -> Option<(Figures, String)> {
    let mut best: Option<Figures> = None;
    let mut notes = Vec::new();
    for variant in VARIANTS {
        eprintln!("ets, {variant}, {events} events");
        let figures = run_variant(variant, events)?;
        let figure = |name: &str| figures.get(name).unwrap_or(f64::NAN);
        notes.push(format!(
            "`{variant}` {:.1} µs and {:.0} B an event",
            figure("insert_batch_us"),
            figure("bytes_per_event")
        ));
        match &mut best {
            None => best = Some(figures),
            Some(best) => best.take_better(&figures),
        }
    }
    Some((best?, notes.join(", ")))
}

fn run_variant(variant: &str, events: usize) -> Option<Figures> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/ets.escript");
    let output =
        Command::new("escript").arg(script).arg(variant).arg(events.to_string()).stderr(Stdio::inherit()).output();
    let output = output.ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "ets.escript failed:\n{text}");
    Some(Figures::read(&text))
}

/// The release of OTP on this machine.
pub fn version() -> Option<String> {
    let say = "io:put_chars(erlang:system_info(otp_release)), halt().";
    let output = Command::new("erl").args(["-noshell", "-eval", say]).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
