//! How is told that a process waits?

use super::times;
use super::words::duration;
use crate::analysis::story::line::{Held, HeldBy, Until, Waits, WaitsFor, Whom};

/// For the sentence that says how its process is.
pub(super) fn head(Held { waits_for, waited_ns, until }: &Held) -> String {
    let (what, waited) = (waits_for_what(waits_for), duration(*waited_ns));
    let circle = match until {
        Until::ItsEnd => return format!(", having waited {waited} for {what}"),
        Until::End { circle } => circle,
    };
    let deadlock = match circle.as_slice() {
        [] => String::new(),
        [one] => format!("; {one} waits for itself: a deadlock"),
        all => {
            let names: Vec<String> = all.iter().map(ToString::to_string).collect();
            format!("; {} wait for each other: a deadlock", names.join(" and "))
        }
    };
    format!(", waiting for {what}, for {waited} to the end of the recording{deadlock}")
}

/// What it waits for.
pub(super) fn held_by(held: &HeldBy, anchor: i64) -> String {
    let (what, at, place) = match held {
        HeldBy::Call { asked, of, at, place } => (format!("{asked} sent to {}", whom(of, "?")), at, place),
        HeldBy::Stop { of, at, place } => (format!("{} asked to stop", whom(of, "?")), at, place),
        HeldBy::Start { started, at, place } => (format!("{started} started"), at, place),
    };
    let place = place.as_ref().map(|place| format!(", {place}")).unwrap_or_default();
    format!("{what} at {}{place}", times::at(at, anchor))
}

/// Of a callee.
pub(super) fn itself(Waits { waits_for, since }: &Waits, anchor: i64) -> String {
    format!("it was itself waiting for {}, since {}", waits_for_what(waits_for), times::at(since, anchor))
}

/// `Boss <0.1.0> to answer :total`.
pub(super) fn waits_for_what(waits: &WaitsFor) -> String {
    match waits {
        WaitsFor::Answer { of, asked } => format!("{} to answer {asked}", whom(of, "a process that is not known")),
        WaitsFor::End { of } => {
            format!("the end of {}, which it asked to stop", whom(of, "a process that is not known"))
        }
        WaitsFor::Start { of } => format!("the init/1 of {of}, which it starts"),
    }
}

/// A process, as far as it is known.
pub(super) fn whom(whom: &Whom, unknown: &str) -> String {
    match whom {
        Whom::Process(process) => process.to_string(),
        Whom::Named(name) => name.clone(),
        Whom::Unknown => unknown.to_owned(),
    }
}
