//! Where did an exception go from the call it was raised in: which line does the stack that went with it name, and
//! which call caught it?

use super::line::{At, Caught, OnwardLine};
use crate::analysis::ask::{Ask, inside};
use crate::analysis::exceptions::{Class, Origin, Reading};
use crate::analysis::fact::Fact;
use crate::analysis::value::brief::brief;
use crate::error::Result;

/// Ends of calls that are followed.
const MAX_ENDS: usize = 200;

/// What became of an exception.
#[derive(Debug, Default)]
pub(super) struct Onward {
    /// By the stack it was wrapped with.
    pub(super) origin: Option<Origin>,
    /// The end of the call that caught it, or a function below it that was not recorded.
    caught: Option<Fact>,
}

impl Onward {
    /// Follows an exception from the end of the call it was raised in.
    pub(super) fn of(ask: &Ask<'_>, raised: &Fact) -> Result<Self> {
        let mut found = Self::default();
        let Some(mut reading) = read(raised) else { return Ok(found) };
        found.origin.clone_from(&reading.origin);
        let mut around = raised.event.parent_id().map(str::to_owned);
        let ends = ask.oldest(inside(raised.pid(), &["function_exit"]), (raised.at(), i64::MAX), MAX_ENDS)?;
        for end in ends.into_iter().filter(|end| end.key() > raised.key()) {
            let is_around = around.is_some() && end.event.call_id() == around.as_deref();
            let next = read(&end).filter(|next| next.continues(&reading) && (is_around || next.is_wrapped));
            match next {
                Some(next) => {
                    found.origin = found.origin.take().or_else(|| next.origin.clone());
                    reading = next;
                }
                None if is_around => {
                    found.caught = Some(end);
                    return Ok(found);
                }
                None => continue,
            }
            if is_around {
                around = end.event.parent_id().map(str::to_owned);
            }
        }
        Ok(found)
    }

    /// What is told of it.
    pub(super) fn lines(&self) -> impl Iterator<Item = OnwardLine> {
        let origin = self
            .origin
            .as_ref()
            .map(|Origin { function, line }| OnwardLine::Origin { line: line.clone(), function: function.clone() });
        let caught = self.caught.as_ref().map(|end| OnwardLine::Caught {
            function: end.mfa().unwrap_or_default(),
            at: At::of(end),
            and: match end.text("result") {
                Some(result) => Caught::Returned { result: brief(result, 120) },
                None => Caught::Failed { reason: brief(end.text("reason").unwrap_or("?"), 120) },
            },
        });
        origin.into_iter().chain(caught)
    }
}

fn read(end: &Fact) -> Option<Reading> {
    let class = Class::named(end.text("exit_reason")?)?;
    Some(Reading::of(class, end.text("reason").unwrap_or_default()))
}
