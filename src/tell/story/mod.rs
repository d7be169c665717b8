//! How is a story told? One file for each file of values in `analysis/story/line`.

mod callers;
mod held;
mod process;
mod state;
mod trouble;
mod words;

use crate::analysis::story::line::{Anchor, Head, Line, Moment, Note, Why};

/// What a story comes to.
pub(crate) fn head(head: &Head, _anchor: i64) -> String {
    match head {
        Head::Text(text) => text.clone(),
        Head::Process(head) => process::head(head),
    }
}

/// A fact in a line; times count from the anchor.
pub(crate) fn line(line: &Line, anchor: i64) -> String {
    match line {
        Line::Text(text) => text.clone(),
        Line::Trouble(it) => trouble::told(it, anchor),
        Line::Lives(it) => process::lives(it, anchor),
        Line::Handled(it) => process::handled(it),
        Line::State(it) => state::told(it, anchor),
        Line::AskedBy(it) => process::asked_by(it),
        Line::Held(it) => held::held_by(it, anchor),
        Line::Waits(it) => held::itself(it, anchor),
        Line::Affected(it) => callers::told(it, anchor),
    }
}

/// What a reader has to know beside the story.
pub(crate) fn note(note: &Note, _anchor: i64) -> String {
    match note {
        Note::Text(text) => text.clone(),
        Note::RacesUnlooked { events } => {
            format!("lost updates were not looked for among its {events} events; find_anomalies does")
        }
    }
}

/// What a suggested call would tell.
pub(crate) fn why(why: &Why) -> String {
    match why {
        Why::Text(text) => text.clone(),
        Why::StateChanges => "every change of its state".to_owned(),
    }
}

/// `the exit (e7)`.
pub(crate) fn anchor(anchor: &Anchor) -> String {
    let moment = match anchor.moment {
        Moment::Exception => "the exception",
        Moment::Exit => "the exit",
        Moment::End => "its end",
        Moment::LastEvent => "its last event",
        Moment::Event => "the event",
    };
    format!("{moment} ({})", anchor.event)
}
