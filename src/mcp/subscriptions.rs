//! Who is told that the statistics changed, and how often?
//!
//! While somebody listens, the counters are looked at twice a second; if they moved, one notification says that
//! `elixirscope://stats` is worth reading again. However many events arrive, that is two notifications a second.
//! A subscription never keeps the server from ending: it gives up when the server closes or the client is gone.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rmcp::model::{ErrorData, ResourceUpdatedNotificationParam, SubscriptionFilter};
use rmcp::service::{Peer, RoleServer, SubscriptionContext};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::resources::uri::Target;
use crate::EventStore;
use crate::store::CounterStats;

/// Shortest time between two notifications.
const EVERY: Duration = Duration::from_millis(500);

/// Waits for the statistics to change, no more often than [`EVERY`].
struct Changes {
    store: EventStore,
    seen: CounterStats,
    ticks: tokio::time::Interval,
}

impl Changes {
    /// Changes after `seen`.
    fn since(seen: CounterStats, store: &EventStore) -> Self {
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { store: store.clone(), seen, ticks }
    }

    async fn next(&mut self) {
        loop {
            self.ticks.tick().await;
            let now = told(&self.store);
            if now != self.seen {
                self.seen = now;
                return;
            }
        }
    }
}

/// The counters whose change is told. That somebody asked is no news.
fn told(store: &EventStore) -> CounterStats {
    let mut counters = store.counters();
    counters.queries = 0;
    counters
}

/// The part of a wish that is granted: updates of the statistics.
pub(crate) fn accepted(requested: &SubscriptionFilter) -> SubscriptionFilter {
    let stats = requested.resource_subscriptions.iter().flatten().filter(|uri| is_stats(uri));
    SubscriptionFilter::builder().resource_subscriptions(stats.cloned()).build()
}

fn is_stats(uri: &str) -> bool {
    Target::parse(uri) == Ok(Target::Stats)
}

/// Serves `subscriptions/listen` until the client cancels it or the server closes.
pub(crate) async fn listen(store: &EventStore, context: &SubscriptionContext, closing: &CancellationToken) {
    let uris: Vec<String> = context.accepted().resource_subscriptions.clone().unwrap_or_default();
    // What was stored between the acknowledgment and now is told too: the first update comes at once, unless nothing has
    // ever happened here.
    let mut changes = Changes::since(CounterStats::default(), store);
    let told = async {
        loop {
            changes.next().await;
            for uri in &uris {
                if context.sink().notify_resource_updated(uri.as_str()).await.is_err() {
                    return;
                }
            }
        }
    };
    tokio::select! {
        () = told => {}
        () = context.cancelled() => {}
        () = closing.cancelled() => {}
    }
}

/// The subscription that a client before 2026-07-28 made on one connection; it ends when the last clone is dropped.
#[derive(Clone, Debug, Default)]
pub(crate) struct Subscribed(Arc<Mutex<Option<DropGuard>>>);

impl Subscribed {
    /// `resources/subscribe`: again is as good as once.
    pub(crate) fn subscribe(&self, store: &EventStore, peer: Peer<RoleServer>, uri: String) -> Result<(), ErrorData> {
        only_stats(&uri)?;
        let end = CancellationToken::new();
        let guard = end.clone().drop_guard();
        *self.0.lock() = Some(guard);
        tokio::spawn(tell(Changes::since(told(store), store), peer, uri, end));
        Ok(())
    }

    /// `resources/unsubscribe`.
    pub(crate) fn unsubscribe(&self, uri: &str) -> Result<(), ErrorData> {
        only_stats(uri)?;
        *self.0.lock() = None;
        Ok(())
    }
}

/// Tells one client until it unsubscribes or its connection is gone.
async fn tell(mut changes: Changes, peer: Peer<RoleServer>, uri: String, end: CancellationToken) {
    let told = async {
        loop {
            changes.next().await;
            let update = ResourceUpdatedNotificationParam::new(uri.as_str());
            if peer.notify_resource_updated(update).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = told => {}
        () = end.cancelled() => {}
    }
}

fn only_stats(uri: &str) -> Result<(), ErrorData> {
    if is_stats(uri) {
        return Ok(());
    }
    let stats = Target::Stats.uri();
    let message = format!("uri: {uri:?} cannot be subscribed to; only {stats} can. Read the others when you need them");
    Err(ErrorData::invalid_params(message, None))
}
