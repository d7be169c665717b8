//! What has retention taken?

use super::clocks::REACH_NS;
use super::remove::Span;

/// Most spans told apart; beyond that the nearest are told as one.
const MAX_SPANS: usize = 64;

/// What retention has taken since the store was opened or cleared: spans of times, sorted and apart, so that what went
/// on one clock is no gap on another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pruned {
    spans: Vec<Span>,
}

impl Pruned {
    pub(crate) fn spans(&self) -> &[Span] {
        &self.spans
    }

    pub(super) fn add(&mut self, span: Span) {
        let at = self.spans.partition_point(|known| known.since <= span.since);
        self.spans.insert(at, span);
        let gap = |pair: &[Span]| i128::from(pair[1].since) - i128::from(pair[0].until);
        while let Some(at) = self.spans.windows(2).position(|pair| gap(pair) <= i128::from(REACH_NS)) {
            self.join(at);
        }
        while self.spans.len() > MAX_SPANS {
            let nearest = self.spans.windows(2).enumerate().min_by_key(|(_, pair)| gap(pair));
            let Some((at, _)) = nearest else { return };
            self.join(at);
        }
    }

    fn join(&mut self, at: usize) {
        let gone = self.spans.remove(at + 1);
        let kept = &mut self.spans[at];
        kept.until = kept.until.max(gone.until);
        kept.events += gone.events;
    }
}
