//! An exception: what it was, where it was raised, who caught it.

use crate::analysis::found::{Became, Raised, RaisedAt, RaisedFate, RaisedHow};

/// Sorts of ends that are told.
const FATES: usize = 3;

/// `ArithmeticError (:badarith) raised at shop.ex:28 in Shop.gross/1`; the line its function was called at where no stack
/// tells its own.
pub(super) fn raised(of: &Raised) -> String {
    let Raised { how, name, reason, function, at } = of;
    let plain = reason.trim_start_matches('%');
    let is_named = plain.starts_with(name.as_str()) || reason == name;
    let reason = if is_named { plain.to_owned() } else { format!("{name} ({reason})") };
    let verb = match how {
        RaisedHow::Error => "raised",
        RaisedHow::Exit => "exited with",
        RaisedHow::Throw => "thrown",
    };
    match at {
        RaisedAt::Line(line) => format!("{reason} {verb} at {line} in {function}"),
        RaisedAt::CalledAt(None) => format!("{reason} {verb} in {function}"),
        RaisedAt::CalledAt(Some(site)) => format!("{reason} {verb} in {function}, called at {site}"),
    }
}

/// `caught in Web.Server.serve/1`, for each that caught some.
pub(super) fn fates(of: &[Became]) -> String {
    let told = of.iter().take(FATES).map(|Became { fate, times }| {
        let fate = match fate {
            RaisedFate::CaughtIn { function } => format!("caught in {function}"),
            RaisedFate::CaughtOutside => "caught outside the recorded functions, the process went on".to_owned(),
            RaisedFate::NotCaught => "not caught, its process ended of it".to_owned(),
            RaisedFate::Unknown => "the recording does not show whether it was caught".to_owned(),
        };
        if of.len() == 1 { fate } else { format!("{times} {fate}") }
    });
    told.collect::<Vec<_>>().join("; ")
}
