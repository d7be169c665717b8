//! Who is told how far a call is.

use std::borrow::Cow;

use rmcp::model::{ProgressNotificationParam, ProgressToken};
use rmcp::service::{Peer, RoleServer};
use tokio_util::sync::CancellationToken;

/// How far a piece of work is: so many of so many steps.
pub(crate) type Report = (u64, u64);

/// A client that asked to be told how far its call is.
pub(super) struct Listener {
    pub(super) peer: Peer<RoleServer>,
    pub(super) token: ProgressToken,
    /// The tool's name.
    pub(super) tool: Cow<'static, str>,
    pub(super) wanted: CancellationToken,
}

impl Listener {
    /// Tells it. It is waited for, because no progress may follow the reply; but not longer than the call itself is
    /// wanted, because nobody takes it once the connection is being closed.
    pub(super) async fn tell(&self, (done, total): Report) {
        let percent = done.saturating_mul(100).checked_div(total).unwrap_or_default();
        let message = format!("{}: {percent} %", self.tool);
        let params = ProgressNotificationParam::new(self.token.clone(), done as f64);
        let params = params.with_total(total as f64).with_message(message);
        tokio::select! {
            _told_or_not = self.peer.notify_progress(params) => {}
            () = self.wanted.cancelled() => {}
        }
    }
}
