//! Instrumentation plans: what the producers were told to record, kept beside the events in versions.

use serde_json::Value;

use super::EventStore;
use crate::error::{Error, Result};

/// Versions kept; the oldest go first.
const KEPT: usize = 100;

/// One stored plan.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct InstrumentationPlan {
    /// The plan as it was stored: a JSON object.
    pub plan: Value,
    /// Counts up from 1.
    pub version: u64,
    /// Nanoseconds since the Unix epoch.
    pub stored_at: i64,
}

#[derive(Debug, Default)]
pub(super) struct Plans {
    last_version: u64,
    kept: Vec<InstrumentationPlan>,
}

impl EventStore {
    /// Stores a plan as the newest version and returns that version. The last 100 versions are kept.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) when the plan is not a JSON object.
    pub fn store_instrumentation_plan(&self, plan: Value) -> Result<u64> {
        if !plan.is_object() {
            return Err(Error::invalid("plan: expected a JSON object"));
        }
        let stored_at = self.shared.clock.now_ns();
        let mut plans = self.shared.plans.lock();
        plans.last_version += 1;
        let version = plans.last_version;
        plans.kept.push(InstrumentationPlan { plan, version, stored_at });
        let excess = plans.kept.len().saturating_sub(KEPT);
        plans.kept.drain(..excess);
        Ok(version)
    }

    /// A stored plan: the newest, or one version.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound) when there is none; the message names the versions there are.
    pub fn get_instrumentation_plan(&self, version: Option<u64>) -> Result<InstrumentationPlan> {
        let plans = self.shared.plans.lock();
        let found = match version {
            None => plans.kept.last(),
            Some(version) => plans.kept.iter().find(|plan| plan.version == version),
        };
        found.cloned().ok_or_else(|| match (plans.kept.first(), plans.kept.last()) {
            (Some(first), Some(last)) => Error::not_found(format!(
                "version: {} is not kept; versions {} to {} are",
                version.unwrap_or_default(),
                first.version,
                last.version
            )),
            _ => Error::not_found("no instrumentation plan is stored; store one with store_instrumentation_plan"),
        })
    }
}
