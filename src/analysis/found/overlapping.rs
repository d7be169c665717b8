//! A job that is started again while its last run is still at it.

use serde::Serialize;

use super::facts::Facts;
use super::key::Key;
use super::process::Process;

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Overlapping {
    /// Who starts it.
    pub(crate) by: Process,
    /// What each run is: `Report.build/1`.
    pub(crate) job: String,
    /// What each is given, one text, where that is known.
    pub(crate) given: Option<String>,
    /// What it is told each time, and whether by a timer: else nobody was seen to send it.
    pub(crate) tick: String,
    pub(crate) is_timer: bool,
    /// How many were looked at, and whether these are the first of more.
    pub(crate) runs: usize,
    pub(crate) is_cut: bool,
    /// Of those, how many began while another was at it; without short ones, of less than half the time between starts.
    pub(crate) overlapped: usize,
    pub(crate) short: usize,
    pub(crate) most_at_once: usize,
    /// Whether more and more were, to the end.
    pub(crate) grows: bool,
    /// From one start to the next, as a rule.
    pub(crate) period_ns: i64,
    /// How long a run took, as a rule and at most; of those that go on, to the end of their capture.
    pub(crate) median_ns: i64,
    pub(crate) longest_ns: i64,
    /// Of those that go on, how long the longest was seen to.
    pub(crate) open_ns: Option<i64>,
    /// Runs that go on at the end of the recording.
    pub(crate) unfinished: usize,
}

impl Facts for Overlapping {
    fn subjects(&self) -> Vec<&Process> {
        vec![&self.by]
    }

    fn key(&self) -> Key {
        Key::default().with(self.by.family()).with(&self.job).like(&self.tick)
    }
}
