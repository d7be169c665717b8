//! Which calls has a `return_to` ended?
//!
//! Functions traced without `return_trace` tell no return of their own. With the flag `return_to` the VM says to which
//! function a traced call came back, by return or by an exception that was caught there, and nothing else: calls that
//! ended together (by tail calls, by an exception) are told once. Who called each of them tells which they were. Where
//! that leaves two readings, the end is told without a duration.

use super::functions::{Functions, Kind};
use super::message::Mfa;
use super::process::{Caller, Frame, ProcessKey};
use super::recorder::{At, Recorder};
use crate::etf::Pid;

impl Recorder {
    pub(super) fn on_return_to(&mut self, at: At, pid: Option<Pid<'_>>, mfa: Option<Mfa<'_>>) -> Option<()> {
        let key = self.key(pid?)?;
        let to = mfa.map_or(Caller::Nobody, |mfa| Caller::Function(self.function_id(&mfa)));
        let process = self.processes.at(key, at.number);
        let is_told = std::mem::take(&mut process.has_returned);
        let raised = process.raised.take();
        let ended = if is_told { Vec::new() } else { self.ended(at, key, to, raised.is_some()) };
        if ended.is_empty() {
            let mut draft = self.draft(at, "function_return_to", Some(key));
            draft.function = match to {
                Caller::Function(function) => Some(function),
                _ => None,
            };
            self.emit(draft, |_, _| ());
        }
        for (place, frame) in ended.iter().enumerate() {
            let suffix = if place == 0 { String::new() } else { format!("x{place}") };
            let mut draft = self.draft_with(at, &suffix, "function_exit", Some(key));
            self.end(at, frame, &mut draft);
            let spans_gap = self.spans_gap(Some(frame));
            self.emit(draft, |object, _| {
                object.str("closed_by", "return_to");
                // Else whether it returned or raised is not told.
                if let Some(raised) = raised.as_ref().filter(|_| !frame.is_doubtful) {
                    object.str("exit_reason", raised.class);
                    object.term("reason", raised.reason());
                }
                if let Caller::Function(function) = to {
                    object.str("returned_to", &object.context.functions.function(function).shown);
                }
                if spans_gap {
                    object.bool("spans_gap", true);
                }
                if frame.is_doubtful {
                    object.bool("end_unknown", true);
                }
            });
        }
        Some(())
    }

    /// Takes the calls off the stack that have ended now that their process is back in `to`; the innermost `is_raise` if
    /// it is the call that raised.
    fn ended(&mut self, at: At, key: ProcessKey, to: Caller, is_raise: bool) -> Vec<Frame> {
        let functions = &self.functions;
        let stack = &mut self.processes.at(key, at.number).stack;
        let mut ended = Vec::new();
        if to == Caller::Nobody {
            ended.extend(stack.drain(..).rev());
            return ended;
        }
        let is_of = |frame: &Frame| Caller::Function(frame.function) == to;
        // The innermost call is over. If it came back to another function than its caller, an exception was caught
        // there, and those it passed on its way are over too.
        // What made way for another by a tail call is not there to be come back to.
        let is_gone =
            |stack: &[Frame], at: usize| stack.get(at + 1).is_some_and(|next| made_way(functions, &stack[at], next));
        let lands = |at: usize| stack[at].caller == to || at > 0 && is_of(&stack[at - 1]) && !is_gone(stack, at - 1);
        let Some(landing) = (0..stack.len()).rev().find(|at| lands(*at)) else {
            if functions.is_traced(None) {
                // It runs since before the trace began: whatever was called since is over.
                ended.extend(stack.drain(..).rev());
                return ended;
            }
            // It was caught by somebody who is not traced, within one of the other calls or outside of them all.
            ended.extend(stack.pop_if(|frame| !frame.is_doubtful));
            doubt(stack);
            return ended;
        };
        // Those that called each other down to the innermost are over with it. Of a function that is not traced, another
        // run than the one that called them may have caught it: what is below may live on.
        let is_seen = matches!(to, Caller::Function(function) if functions.is_traced(Some(function)));
        let calls_next = |at: usize| stack[at].caller == Caller::Function(stack[at - 1].function);
        let chain = (1..stack.len()).rev().find(|at| !calls_next(*at)).unwrap_or(0);
        let sure = if is_seen { landing } else { landing.max(chain) };
        ended.extend(stack.drain(sure..).rev());
        if !is_seen && (is_raise || sure > landing) {
            doubt(&mut stack[if is_raise { 0 } else { landing }..]);
        }
        // Those that made way for it by a tail call return to the same place; not, if another run of what is there may
        // stand between: it came back to that one.
        while let Some(above) = ended.last()
            && let Some(next) = stack.iter().rposition(|frame| !frame.is_doubtful)
            && made_way(functions, &stack[next], above)
            && !stack[next + 1..].iter().any(is_of)
        {
            ended.extend(stack.drain(next..).rev());
        }
        // Where else it could have come back to, by more tail calls or by an exception: calls above may be over.
        let last = stack.len().saturating_sub(1);
        let other = stack.iter().enumerate().find_map(|(at, frame)| {
            if frame.caller == to {
                Some(at)
            } else {
                (is_of(frame) && at < last && !is_gone(stack, at)).then_some(at + 1)
            }
        });
        if let Some(other) = other {
            doubt(&mut stack[other..]);
        }
        ended
    }
}

/// When these end is not known.
fn doubt(frames: &mut [Frame]) {
    for frame in frames {
        frame.is_doubtful = true;
    }
}

/// Takes the calls off the stack that made way for another as another did for them: the rounds of a loop but the first and
/// the last. What they were called by is kept.
pub(super) fn forget_rounds(functions: &Functions, stack: &mut Vec<Frame>) {
    let made_way = |at: usize| made_way(functions, &stack[at], &stack[at + 1]);
    let is_round: Vec<bool> =
        (0..stack.len()).map(|at| at > 0 && at + 1 < stack.len() && made_way(at - 1) && made_way(at)).collect();
    let mut is_round = is_round.into_iter();
    stack.retain(|_| !is_round.next().unwrap_or_default());
}

/// Whether `below` surely ended with a tail call that led to `above`. It did if both return to one place, unless what is
/// there was called again in between.
fn made_way(functions: &Functions, below: &Frame, above: &Frame) -> bool {
    let Caller::Function(caller) = below.caller else { return false };
    if below.caller != above.caller || below.site != above.site || below.function == caller {
        return false;
    }
    // From one line one function is called.
    let is_other = below.function != above.function && below.site.is_some_and(|site| functions.site(site).has_line());
    // A caller that is traced would stand between.
    let is_traced = functions.is_traced(Some(caller));
    match functions.function(caller).kind {
        Kind::Loop | Kind::Statem | Kind::Manager => true,
        Kind::Plain => is_traced || is_other,
        Kind::HigherOrder => is_traced,
    }
}
