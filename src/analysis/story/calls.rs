//! How is a call written in a story, which calls are around it, and how did it end?

use super::line::{CameBack, Left};
use crate::analysis::ask::Ask;
use crate::analysis::fact::Fact;
use crate::analysis::value::brief::brief;
use crate::event::exit_reason::CallEnd;

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

/// How a call that failed was left.
pub(super) fn left(end: &Fact) -> Left {
    match CallEnd::read(end.text("exit_reason")) {
        CallEnd::Exit => Left::Exit,
        CallEnd::Throw => Left::Throw,
        CallEnd::Error | CallEnd::Returned => Left::Error,
    }
}

/// How a call ended.
pub(super) fn came_back(end: &Fact) -> CameBack {
    match (end.is_untold_end(), end.is_failed_exit()) {
        (true, _) => CameBack::Untold,
        (false, true) => CameBack::Failed(left(end)),
        (false, false) => CameBack::Returned,
    }
}
