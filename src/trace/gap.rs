//! Messages the source dropped: what is told of them, and what lies across them?

use super::draft::Draft;
use super::object::number;
use super::process::Frame;
use super::recorder::Recorder;

/// Messages dropped since the last one that came through.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gap {
    since: Option<i64>,
    messages: u64,
}

impl Recorder {
    /// The source dropped so many messages here.
    pub fn dropped(&mut self, messages: u64) {
        self.settle();
        self.counters.dropped += messages;
        self.processes.lose();
        let since = self.now();
        self.lost_since = since;
        let gap = self.gap.get_or_insert(Gap { since, messages: 0 });
        gap.messages = gap.messages.saturating_add(messages);
    }

    /// The source was not heard for a while: what it sent then may be lost, and nobody counted it.
    pub fn interrupted(&mut self) {
        self.settle();
        self.ending = None;
        self.processes.lose();
        self.lost_since = self.now();
    }

    /// What was dropped before a message becomes an event.
    pub(super) fn close_gap(&mut self, until: Option<i64>) {
        let Some(Gap { since, messages }) = self.gap.take() else { return };
        self.counters.gaps += 1;
        let Self { out, prefix, counters, .. } = self;
        let event_id = out.span(|text| {
            text.push_str(prefix);
            text.push_str("gap");
            number(counters.gaps as i64, text);
        });
        let from = since.or(until);
        let duration_ns = from.zip(until).map(|(from, until)| until.saturating_sub(from).max(0));
        let draft = Draft { event_id, event_type: "gap", timestamp: from, duration_ns, ..Draft::default() };
        self.emit(draft, |object, _| {
            object.int("dropped", messages.min(i64::MAX as u64) as i64);
            if let Some(until) = until {
                object.int("until", until);
            }
        });
    }

    /// How many gaps there were before the message being worked on.
    pub(super) const fn gaps(&self) -> u64 {
        self.processes.gaps()
    }

    /// Whether messages were dropped while a call was open: its return may be another call's.
    pub(super) fn spans_gap(&self, frame: Option<&Frame>) -> bool {
        frame.is_some_and(|frame| frame.gaps != self.gaps())
    }
}
