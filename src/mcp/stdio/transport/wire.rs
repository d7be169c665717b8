//! What a connection by two byte streams holds.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use parking_lot::Mutex;
use rmcp::model::{ClientNotification, ClientRequest, RequestId};
use tokio::sync::oneshot;

use crate::mcp::stdio::gate::Gate;
use crate::mcp::stdio::intake::Intake;
use crate::mcp::stdio::options::Options;
use crate::mcp::stdio::pipes::{Input, Output};
use crate::mcp::stdio::refusal::Refusal;
use crate::mcp::stdio::said::{Asked, Unread};
use crate::mcp::stdio::signals::Heard;

/// Requests read ahead, so that a cancellation behind them is heard.
pub(super) const QUEUED: usize = 64;
/// Bytes of lines read ahead; one line more may come on top.
pub(super) const QUEUED_BYTES: usize = 4 << 20;
/// Bytes of replies nobody has read above which no further request is begun.
pub(super) const UNREAD_BYTES: usize = 1 << 20;

/// What was read and is still to be done, in order.
#[derive(Debug)]
pub(super) enum Step {
    Request(Box<Asked>),
    Storing(Box<Unread>),
    Refuse(Refusal),
    OpenArray,
    CloseArray,
}

/// Why nothing more is read.
#[derive(Debug)]
pub(super) enum End {
    Eof,
    Signal,
    Failed(io::Error),
}

/// MCP on a pair of byte streams.
pub(crate) struct Wire {
    pub(super) input: Input,
    pub(super) output: Output,
    /// Bytes were given to `output` since it was flushed.
    pub(super) is_unflushed: bool,
    /// The first signal and the second.
    pub(super) signals: Option<(Heard, Heard)>,
    pub(super) options: Options,
    pub(super) intake: Intake,
    /// Steps with the bytes of the line they came with.
    pub(super) steps: VecDeque<(Step, usize)>,
    pub(super) queued_bytes: usize,
    /// Notifications overtake requests.
    pub(super) notices: VecDeque<ClientNotification>,
    /// So do pings: whoever sends one asks whether anybody is there.
    pub(super) pings: VecDeque<(RequestId, ClientRequest)>,
    pub(super) gate: Arc<Mutex<Gate>>,
    /// A request was handed on just now, and its handler had no time to begin yet.
    pub(super) is_handing_on: bool,
    pub(super) is_initialized: bool,
    pub(super) end: Option<End>,
    /// Told when the connection is of no more use, however much there is to do.
    pub(super) broken: Option<oneshot::Sender<io::Error>>,
}
