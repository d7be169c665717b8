//! How is a story told? One file for each file of values in `analysis/story/line`.

use crate::analysis::story::line::{Anchor, Head, Line, Moment, Note, Why};

/// What a story comes to.
pub(crate) fn head(head: &Head, _anchor: i64) -> String {
    match head {
        Head::Text(text) => text.clone(),
    }
}

/// A fact in a line; times count from the anchor.
pub(crate) fn line(line: &Line, _anchor: i64) -> String {
    match line {
        Line::Text(text) => text.clone(),
    }
}

/// What a reader has to know beside the story.
pub(crate) fn note(note: &Note, _anchor: i64) -> String {
    match note {
        Note::Text(text) => text.clone(),
    }
}

/// What a suggested call would tell.
pub(crate) fn why(why: &Why) -> String {
    match why {
        Why::Text(text) => text.clone(),
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
