//! Whom is a finding about?

use std::fmt;

use serde::Serialize;

use crate::analysis::ledger::{Ledger, ProcessId, bare};

/// A process, as answers tell it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Process {
    pub(crate) pid: String,
    /// Its registered name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    /// Its callback module.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) module: Option<String>,
    /// Whether another process of its recording had the same name.
    #[serde(skip)]
    pub(crate) shares_name: bool,
}

impl Process {
    pub(crate) fn of(ledger: &Ledger, id: ProcessId) -> Self {
        let process = ledger.process(id);
        Self {
            pid: ledger.text(process.pid).to_owned(),
            name: process.name.map(|name| bare(ledger.text(name)).to_owned()),
            module: process.module.map(|module| ledger.text(module).to_owned()),
            shares_name: process.name.is_some_and(|name| ledger.shared_names.contains(&(process.session, name))),
        }
    }

    /// What it is called where it was told before: by its name alone, if no other has it.
    pub(crate) fn short(&self) -> String {
        match &self.name {
            Some(_) if self.shares_name => self.to_string(),
            Some(name) => name.clone(),
            None => self.pid.clone(),
        }
    }

    /// What it is called whichever it is: its name without a number at the end, or its module.
    pub(crate) fn family(&self) -> &str {
        let name = self.name.as_deref().map(|name| name.trim_end_matches(|c: char| c.is_ascii_digit()));
        name.or(self.module.as_deref()).unwrap_or_default()
    }
}

/// `Account <0.117.0>`, `<0.120.0> (Cart)`.
impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.name, &self.module) {
            (Some(name), _) => write!(f, "{name} {}", self.pid),
            (None, Some(module)) => write!(f, "{} ({module})", self.pid),
            (None, None) => f.write_str(&self.pid),
        }
    }
}
