//! What does every finding say of itself, whatever it is?

use super::key::Key;
use super::process::Process;

/// Whom a finding is about, where it is, and what makes two of them the same trouble.
pub(crate) trait Facts {
    /// The processes it is about, the one it is told of first.
    fn subjects(&self) -> Vec<&Process> {
        Vec::new()
    }

    /// The place in the source that is to blame or where it shows.
    fn site(&self) -> Option<&str> {
        None
    }

    /// What it has in common with findings that are the same trouble in other processes and at other times.
    fn key(&self) -> Key;
}
