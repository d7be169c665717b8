//! What was raised explicitly?
//!
//! Where results do not travel, `scope.exs` traces the functions of `erlang` that raise, with their arguments. None of
//! them returns: the next `return_to` of the process says where the exception was caught, and the calls that end with it
//! were left by the exception.

use super::message::Mfa;
use crate::etf::Term;

/// An exception on its way.
#[derive(Debug)]
pub(super) struct Raised {
    /// `error`, `exit` or `throw`.
    pub(super) class: &'static str,
    /// What was raised, as sent.
    reason: Box<[u8]>,
}

impl Raised {
    /// Whether a call raises, and what.
    pub(super) fn read(mfa: &Mfa<'_>) -> Option<Self> {
        let args = mfa.args.filter(|_| mfa.module.is("erlang"))?;
        let (class, place) = match (mfa.function.bytes(), mfa.arity) {
            (b"error", 1..=3) => ("error", 0),
            (b"exit", 1) => ("exit", 0),
            (b"throw", 1) => ("throw", 0),
            (b"raise", 3) => {
                let class = args.element(0)?.atom()?;
                let class = ["error", "exit", "throw"].into_iter().find(|name| class.is(name))?;
                (class, 1)
            }
            _ => return None,
        };
        Some(Self { class, reason: args.element(place)?.as_bytes().into() })
    }

    /// What was raised.
    pub(super) fn reason(&self) -> Term<'_> {
        Term::checked(&self.reason)
    }
}
