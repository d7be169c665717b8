//! How is a story told? One file for each file of values in `analysis/story/line`.

mod answer;
mod cause;
mod crash;
mod elsewhere;
mod ended_by;
mod onward;
mod sender;
mod sent;
mod supervision;
mod timer;
mod times;
mod unseen;
mod waiting;
mod words;

use crate::analysis::story::line::{Anchor, Head, Line, Moment, Note, Why};
use crate::tell::found::abandoned;

/// What a story comes to.
pub(crate) fn head(head: &Head, _anchor: i64) -> String {
    match head {
        Head::Crash(of) => crash::head(of),
        Head::Text(text) => text.clone(),
    }
}

/// A fact in a line; times count from the anchor.
pub(crate) fn line(line: &Line, anchor: i64) -> String {
    match line {
        Line::Answer(of) => answer::line(of, anchor),
        Line::AtWorkFor(of) => abandoned::at_work(of),
        Line::Cause(of) => cause::line(of, anchor),
        Line::Crash(of) => crash::line(of, anchor),
        Line::Elsewhere(of) => elsewhere::line(of),
        Line::EndedBy(of) => ended_by::line(of, anchor),
        Line::Offered(of) => abandoned::offered(of),
        Line::Onward(of) => onward::line(of, anchor),
        Line::Sender(of) => sender::line(of, anchor),
        Line::Supervision(of) => supervision::line(of, anchor),
        Line::Waiting(of) => waiting::line(of, anchor),
        Line::Text(text) => text.clone(),
    }
}

/// What a reader has to know beside the story.
pub(crate) fn note(note: &Note, _anchor: i64) -> String {
    match note {
        Note::Unseen(of) => unseen::note(of),
        Note::Text(text) => text.clone(),
    }
}

/// What a suggested call would tell.
pub(crate) fn why(why: &Why) -> String {
    match why {
        Why::StateChanges => "every change of its state".to_owned(),
        Why::StateChangesOf(path) => format!("every change of {path}"),
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
