//! Who waits for long work? Somebody who may give it up, and who wants to hear how far it is.

use crate::error::Result;

/// Asked and told by long work on the thread that does it: answer at once.
pub trait Watch: Sync {
    /// Whether nobody wants the result any more. Asked every millisecond or so; after `true` the work ends with
    /// [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled) and has changed nothing.
    fn is_cancelled(&self) -> bool {
        false
    }

    /// So many bytes more are about to be held until the work ends.
    ///
    /// # Errors
    /// [`Busy`](crate::ErrorKind::Busy) or [`LimitExceeded`](crate::ErrorKind::LimitExceeded) when there is no room for
    /// them; the work then ends with this error.
    fn takes(&self, _bytes: u64) -> Result<()> {
        Ok(())
    }

    /// So many of so many steps are done. `done` never falls within one piece of work.
    fn progressed(&self, _done: u64, _total: u64) {}
}

/// Nobody watches: the work is done to its end.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwatched;

impl Watch for Unwatched {}
