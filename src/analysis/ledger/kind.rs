//! What is a message for?

use std::borrow::Cow;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Call,
    Cast,
    Reply,
    System,
    /// A message of the runtime: an exit or a monitor's.
    Signal,
    Info,
}

impl Kind {
    /// Whether a server gives it to a callback; replies, exits and such are taken elsewhere.
    pub(crate) const fn is_for_callback(self) -> bool {
        matches!(self, Self::Call | Self::Cast | Self::Info)
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Cast => "cast",
            Self::Reply => "reply",
            Self::System => "system",
            Self::Signal => "signal",
            Self::Info => "info",
        }
    }

    /// The kind a source told, or what the message's shape says.
    pub(crate) fn read<'a>(told: Option<&str>, content: impl FnOnce() -> Cow<'a, str>) -> Self {
        match told {
            Some("call") => Self::Call,
            Some("cast") => Self::Cast,
            Some("reply") => Self::Reply,
            Some("system") => Self::System,
            Some("down" | "exit") => Self::Signal,
            Some(_) => Self::Info,
            None => {
                let content = content();
                if content.starts_with("{:\"$gen_call\"") {
                    Self::Call
                } else if content.starts_with("{:\"$gen_cast\"") {
                    Self::Cast
                } else if content.starts_with("{[:alias | #Ref") || content.starts_with("{#Reference<") {
                    Self::Reply
                } else if content.starts_with("{:DOWN,") || content.starts_with("{:EXIT,") {
                    Self::Signal
                } else {
                    Self::Info
                }
            }
        }
    }
}

/// The first reference in a text.
pub(crate) fn reference_in(text: &str) -> Option<&str> {
    let rest = &text[text.find("#Reference<")?..];
    Some(&rest[..=rest.find('>')?])
}
