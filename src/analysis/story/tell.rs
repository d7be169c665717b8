//! How are times, calls and places written in a story?

use super::line::Left;
use crate::analysis::ask::Ask;
use crate::analysis::change::entry_of;
pub(crate) use crate::analysis::duration::duration;
use crate::analysis::fact::Fact;
use crate::analysis::value::brief::brief;
use crate::event::exit_reason::CallEnd;

/// A time as its distance from the anchor: `-50.3ms`, `+1.2us`, `0`.
pub(crate) fn relative(at: i64, anchor: i64) -> String {
    match at.saturating_sub(anchor) {
        0 => "0".to_owned(),
        ns @ 1.. => format!("+{}", duration(ns)),
        ns => duration(ns),
    }
}

/// `Coupons.percent("SPRNG")`: a call with its arguments, each in the space there is.
pub(crate) fn call(entry: &Fact, max: usize) -> String {
    let args = entry.list("args");
    let function = entry.function().unwrap_or_else(|| entry.event_type().to_owned());
    if args.is_empty() && entry.event.arity() != Some(0) {
        return entry.mfa().unwrap_or(function);
    }
    let share = max / args.len().max(1);
    let args: Vec<String> = args.iter().map(|arg| brief(arg, share.max(12))).collect();
    format!("{function}({})", args.join(", "))
}

/// The calls a call or send was made in, innermost first: `Cart.total(:cart_4) < Checkout.pay(:cart_4)`; of one process.
pub(crate) fn enclosing(ask: &Ask<'_>, fact: &Fact, most: usize) -> Vec<Fact> {
    let mut found = Vec::new();
    let mut parent = ask.event(fact.event.parent_id());
    while let Some(entry) = parent.filter(|entry| entry.is("function_entry") && entry.pid() == fact.pid()) {
        if found.len() >= most {
            break;
        }
        parent = ask.event(entry.event.parent_id());
        found.push(entry);
    }
    found
}

/// `Coupons.percent("SPRNG") -> nil (s3_badstate.exs:13; e637, e639)`.
pub(crate) fn call_and_result(ask: &Ask<'_>, exit: &Fact) -> String {
    let result = exit.text("result").or_else(|| exit.text("reason")).unwrap_or("?");
    let arrow = match (exit.is_untold_end(), exit.is_failed_exit()) {
        (true, _) => "ended with",
        (false, true) => left_by(exit),
        (false, false) => "->",
    };
    let Some(entry) = entry_of(ask, exit) else {
        return format!("{} {arrow} {} ({})", exit.mfa().unwrap_or_default(), brief(result, 60), exit.id());
    };
    let site = entry.call_site().map(|site| format!("{site}; ")).unwrap_or_default();
    format!("{} {arrow} {} ({site}{}, {})", call(&entry, 60), brief(result, 60), entry.id(), exit.id())
}

/// How a call that failed was left.
pub(super) fn left(end: &Fact) -> Left {
    match CallEnd::read(end.text("exit_reason")) {
        CallEnd::Exit => Left::Exit,
        CallEnd::Throw => Left::Throw,
        CallEnd::Error | CallEnd::Returned => Left::Error,
    }
}

/// How a call that failed was left. An exit is its own, or a signal that ended its process.
pub(crate) fn left_by(end: &Fact) -> &'static str {
    match CallEnd::read(end.text("exit_reason")) {
        CallEnd::Exit => "was left by the exit",
        CallEnd::Throw => "threw",
        CallEnd::Error | CallEnd::Returned => "raised",
    }
}

/// `x2`, where there is more than one.
pub(crate) fn times(count: usize) -> String {
    if count > 1 { format!(" x{count}") } else { String::new() }
}

/// `1 message`, `2 messages`.
pub(crate) fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_their_distance() {
        assert_eq!(relative(5, 5), "0");
        assert_eq!(relative(-50_321_000, 0), "-50.3ms");
        assert_eq!(relative(2_000, 0), "+2us");
    }
}
