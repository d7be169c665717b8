//! How many sessions of older clients are kept? So many; for one more, the one that was idle longest is forgotten, and
//! its client shakes hands again.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_core::Stream;
use parking_lot::Mutex;
use rmcp::model::{ClientJsonRpcMessage, ServerJsonRpcMessage};
use rmcp::transport::common::server_side_http::{ServerSseMessage, SessionId};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::session::{RestoreOutcome, SessionManager};

/// Memory of a session, as rmcp keeps it; of a request without one, while it lasts.
pub(super) const SESSION_BYTES: u64 = 56 << 10;

/// Sessions at once: each holds some 55 KB.
const MAX_SESSIONS: usize = 256;

/// Sessions of older clients, a bounded number of them.
#[derive(Debug)]
pub(super) struct Sessions {
    local: LocalSessionManager,
    /// When each was last used, in steps of what all did.
    used: Mutex<HashMap<SessionId, u64>>,
    steps: AtomicU64,
}

impl Sessions {
    pub(super) fn new(local: LocalSessionManager) -> Self {
        Self { local, used: Mutex::default(), steps: AtomicU64::new(0) }
    }

    fn touch(&self, id: &SessionId) {
        let step = self.steps.fetch_add(1, Ordering::Relaxed);
        if let Some(last) = self.used.lock().get_mut(id) {
            *last = step;
        }
    }

    /// Forgets the sessions idle longest until there is room for one more.
    async fn make_room(&self) {
        // Sessions that ended by themselves are no longer there.
        let alive: Vec<SessionId> = self.local.sessions.read().await.keys().cloned().collect();
        let gone: Vec<SessionId> = {
            let mut used = self.used.lock();
            used.retain(|id, _| alive.contains(id));
            let mut by_use: Vec<(u64, SessionId)> = used.iter().map(|(id, last)| (*last, id.clone())).collect();
            by_use.sort_by_key(|(last, _)| *last);
            let excess = (by_use.len() + 1).saturating_sub(MAX_SESSIONS);
            by_use.into_iter().take(excess).map(|(_, id)| id).collect()
        };
        for id in gone {
            let _ended_already = self.local.close_session(&id).await;
            self.used.lock().remove(&id);
        }
    }
}

impl SessionManager for Sessions {
    type Error = <LocalSessionManager as SessionManager>::Error;
    type Transport = <LocalSessionManager as SessionManager>::Transport;

    async fn create_session(&self) -> Result<(SessionId, Self::Transport), Self::Error> {
        if self.used.lock().len() + 1 > MAX_SESSIONS {
            self.make_room().await;
        }
        let (id, transport) = self.local.create_session().await?;
        self.used.lock().insert(id.clone(), self.steps.fetch_add(1, Ordering::Relaxed));
        Ok((id, transport))
    }

    async fn initialize_session(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<ServerJsonRpcMessage, Self::Error> {
        self.touch(id);
        self.local.initialize_session(id, message).await
    }

    async fn has_session(&self, id: &SessionId) -> Result<bool, Self::Error> {
        self.touch(id);
        self.local.has_session(id).await
    }

    async fn close_session(&self, id: &SessionId) -> Result<(), Self::Error> {
        self.used.lock().remove(id);
        self.local.close_session(id).await
    }

    async fn create_stream(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        self.touch(id);
        self.local.create_stream(id, message).await
    }

    async fn accept_message(&self, id: &SessionId, message: ClientJsonRpcMessage) -> Result<(), Self::Error> {
        self.touch(id);
        self.local.accept_message(id, message).await
    }

    async fn create_standalone_stream(
        &self,
        id: &SessionId,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        self.touch(id);
        self.local.create_standalone_stream(id).await
    }

    async fn resume(
        &self,
        id: &SessionId,
        last_event_id: String,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        self.touch(id);
        self.local.resume(id, last_event_id).await
    }

    async fn restore_session(&self, id: SessionId) -> Result<RestoreOutcome<Self::Transport>, Self::Error> {
        self.local.restore_session(id).await
    }
}
