//! What is found in the recordings of `tests/data/reports`.

#![allow(dead_code, reason = "every test uses a part of it")]

use serde_json::{Value, json};

use crate::answers::Recorded;

pub(crate) fn report(name: &str) -> Recorded {
    Recorded::data(&format!("reports/{name}"))
}

/// A finding: its confidence and all its lines.
pub(crate) struct Found {
    pub(crate) kind: String,
    pub(crate) confidence: String,
    pub(crate) text: String,
}

pub(crate) fn found(recorded: &mut Recorded) -> Vec<Found> {
    let answer = recorded.ask("find_anomalies", &json!({"max_tokens": 10_000}));
    let sections = answer.structured["sections"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let found = sections.iter().map(|section| Found {
        kind: text(&section["name"]),
        confidence: text(&section["facts"]["confidence"]),
        text: section["lines"].as_array().unwrap().iter().map(text).collect::<Vec<_>>().join("\n"),
    });
    found.collect()
}

pub(crate) fn kinds(recorded: &mut Recorded) -> Vec<String> {
    found(recorded).into_iter().map(|found| found.kind).collect()
}

impl Found {
    #[track_caller]
    pub(crate) fn says(&self, all: &[&str]) -> &Self {
        for one in all {
            assert!(self.text.contains(one), "{one:?} is not in:\n{}", self.text);
        }
        self
    }

    /// The event of a role in the evidence.
    #[track_caller]
    pub(crate) fn event(&self, recorded: &mut Recorded, role: &str) -> Value {
        let evidence = self.text.lines().find_map(|line| line.strip_prefix("evidence: ")).unwrap();
        let id = evidence.split(' ').find_map(|one| one.strip_prefix(&format!("{role}=")));
        let id = id.unwrap_or_else(|| panic!("no {role} in {evidence}"));
        recorded.ask("get_event_by_id", &json!({ "event_id": id })).structured
    }
}

/// The finding of a kind, which is the only one of it; besides it there are these kinds at most.
#[track_caller]
pub(crate) fn only(name: &str, kind: &str, others: &[&str]) -> (Recorded, Found) {
    let mut recorded = report(name);
    let (mut of_kind, rest): (Vec<Found>, Vec<Found>) =
        found(&mut recorded).into_iter().partition(|found| found.kind == kind);
    for one in &rest {
        assert!(others.contains(&&*one.kind), "{name}: {} {}", one.kind, one.text);
    }
    assert_eq!(of_kind.len(), 1, "{name}: findings of {kind}");
    (recorded, of_kind.remove(0))
}

#[track_caller]
pub(crate) fn silent(name: &str) {
    assert_eq!(kinds(&mut report(name)), [""; 0], "{name}");
}
