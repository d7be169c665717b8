//! Who still waits for an answer when the recording ends?

use super::life::Life;
use super::noted::{KEPT, Trouble};
use crate::analysis::ask::{Ask, EVER, inside, types};
use crate::analysis::replied::is_replied;
use crate::analysis::seam::is_between;
use crate::analysis::waits::Waits;
use crate::error::Result;
use crate::query::Visit;

/// So long waits stand out: a call that was just made is in order.
const LONG_NS: i64 = 100_000_000;

/// The sends of calls that were not answered to the end of the recording, where that is known: messages that are received
/// were traced, and nothing is missing since. Of several recordings none: one may have ended long before another.
pub(super) fn held(ask: &Ask<'_>, lives: &[Life], waits: &Waits, visit: &Visit, sessions: u32) -> Result<Trouble> {
    let mut trouble = Trouble::default();
    let receives = ask.first(types(&["message_receive"]), EVER)?;
    let Some((_, newest)) = visit.span.filter(|_| sessions <= 1 && receives.is_some()) else { return Ok(trouble) };
    let newest = visit.until.map_or(newest, |until| until.min(newest));
    let waiting = lives.iter().zip(0..).filter(|(life, _)| life.exit.is_none());
    let mut waiting: Vec<(i64, &Life)> =
        waiting.filter_map(|(life, number)| Some((waits.asks_since(number)?, life))).collect();
    waiting.retain(|(since, _)| newest.saturating_sub(*since) >= LONG_NS);
    waiting.sort_by_key(|(since, _)| *since);
    for (since, life) in waiting {
        let Some(send) = ask.last(inside(&life.pid, &["message_send"]), (i64::MIN, since))? else { continue };
        // A capture that ends with the recording breaks nothing.
        let is_broken = is_between(ask, &send, newest.saturating_sub(1))?;
        if is_broken || is_replied(ask, &send, i64::MAX)? {
            continue;
        }
        trouble.count += 1;
        if trouble.events.len() < KEPT {
            trouble.events.push(send);
        }
    }
    Ok(trouble)
}
