//! What is said on a line: requests, notifications, and what is refused.

use std::ops::Range;
use std::sync::Arc;

use rmcp::model::{ClientNotification, ClientRequest, RequestId};

use super::refusal::Refusal;

/// One message.
#[derive(Debug)]
pub(crate) enum Said {
    Request(Box<Asked>),
    /// A request whose events are still to be read.
    Storing(Box<Unread>),
    /// Nobody waits for the reply to this request any more.
    Cancel(RequestId),
    Notification(Box<ClientNotification>),
    /// It has to be answered with this.
    Refused(Refusal),
    /// An answer, though this server asks nothing; or a notification nobody knows.
    Ignored,
}

/// A request.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) id: RequestId,
    pub(crate) request: ClientRequest,
}

/// A line that starts and ends as a call of a tool that takes events; they are still to be read.
#[derive(Debug)]
pub(crate) struct Unread {
    pub(super) asked: Asked,
    pub(super) line: Arc<String>,
    pub(super) message: Range<usize>,
    pub(super) arguments: Range<usize>,
}
