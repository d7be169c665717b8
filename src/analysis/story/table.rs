//! Did something fail because a table was not there, and whose end took the table along?
//!
//! OTP says so with a `badarg` of `:ets`: its `error_info` has the cause `id`. A table ends with its owner. Who made it
//! is seldom traced; but the last that the failed function went well for, and those that ended since, are.

use super::failure::Failure;
use super::line::{At, Bound, CauseLine, TableEnd};
use super::part::Cx;
use super::reason::operands;
use crate::analysis::ask::types;
use crate::analysis::ends;
use crate::analysis::fact::Fact;
use crate::analysis::value::brief::brief;
use crate::analysis::who::exit_of;
use crate::error::Result;
use crate::event::home;
use crate::query::Filter;

/// What OTP writes into the frame of a function of `:ets` that found no such table.
const NO_TABLE: &str = "error_info: %{cause: :id,";

/// Calls of the failed function looked back over for one that went well.
const MAX_CALLS: usize = 200;

/// Ends of processes since then that are told.
const MAX_ENDS: usize = 3;

/// Ends looked back over.
const MAX_EXITS: usize = 200;

/// A table that was not there.
pub(super) struct Table {
    /// As it was called: a name, or a reference.
    pub(super) name: String,
    lines: Vec<CauseLine>,
}

impl Table {
    pub(super) fn lines(&self) -> Vec<CauseLine> {
        self.lines.clone()
    }
}

/// The table a failure found missing, if that is what it failed of.
pub(super) fn missing(cx: &Cx<'_>, failure: &Failure) -> Result<Option<Table>> {
    let is_said = |fact: &Option<Fact>| fact.as_ref().is_some_and(|fact| fact.event.data().contains(NO_TABLE));
    let frame = failure.stack.first().map(String::as_str).filter(|frame| frame.starts_with(":ets."));
    let (Some(frame), Some(raised)) = (frame, &failure.raised) else { return Ok(None) };
    if !is_said(&failure.exit) && !is_said(&failure.raised) {
        return Ok(None);
    }
    let Some(name) = operands(failure.text(), Some(frame)).into_iter().next() else { return Ok(None) };
    Ok(Some(Table { name: brief(&name, 40), lines: lines(cx, raised)? }))
}

/// Until when the function that failed went well, and who ended since.
fn lines(cx: &Cx<'_>, raised: &Fact) -> Result<Vec<CauseLine>> {
    let function = raised.mfa().unwrap_or_default();
    let node = home::node_of(raised.pid()).map(str::to_owned);
    let calls = Filter {
        module: raised.event.module().map(str::to_owned),
        function: raised.event.function().map(str::to_owned),
        arity: raised.event.arity(),
        node: node.clone(),
        ..types(&["function_exit"])
    };
    let before = (i64::MIN, raised.at().saturating_sub(1));
    let ends = cx.ask.newest(calls, before, MAX_CALLS)?;
    let Some(good) = ends.iter().find(|end| !end.is_failed_exit() && !end.is_untold_end()) else {
        let of_newest = (ends.len() == MAX_CALLS).then_some(MAX_CALLS);
        return Ok(vec![CauseLine::NeverWell { function, of_newest }]);
    };
    let exits = Filter { node, ..types(&["process_exit"]) };
    let exits = cx.ask.newest(exits, (good.at(), raised.at()), MAX_EXITS)?;
    let is_whole = exits.len() < MAX_EXITS;
    let mut user = exits.iter().find(|exit| exited(exit) == good.pid()).cloned();
    if user.is_none() && !is_whole {
        user = exit_of(cx.ask, good.pid())?.filter(|exit| (good.at()..=raised.at()).contains(&exit.at()));
    }
    let mut told = vec![CauseLine::WentWell {
        function,
        at: At::of(good),
        by: cx.names.who(good.pid())?.process(),
        ended: user.as_ref().map(|exit| end(cx, exit)).transpose()?.map(Box::new),
    }];
    // Who used it last and ended is the likeliest owner.
    if user.is_none() {
        let ends: Result<Vec<TableEnd>> = exits.iter().take(MAX_ENDS).map(|exit| end(cx, exit)).collect();
        let bound = if is_whole { Bound::Exact } else { Bound::AtLeast };
        told.push(CauseLine::EndedSince { ends: ends?, beyond: exits.len().saturating_sub(MAX_ENDS), bound });
    }
    Ok(told)
}

fn exited(exit: &Fact) -> &str {
    exit.text("exited_pid").unwrap_or_else(|| exit.pid())
}

fn end(cx: &Cx<'_>, exit: &Fact) -> Result<TableEnd> {
    Ok(TableEnd { process: cx.names.who(exited(exit))?.process(), at: At::of(exit), reason: ends::error(exit, 60) })
}
