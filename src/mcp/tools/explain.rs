//! The story behind a crash, a process or an event.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::findings::Findings;
use crate::analysis::anomalies::{Finding, Glance, Kind, touching};
use crate::analysis::ask::Ask;
use crate::analysis::story::{Story, explain};
use crate::mcp::answer::Answer;
use crate::mcp::args::NodeArg;
use crate::mcp::args::view::BYTES_PER_TOKEN;
use crate::mcp::cost::{ANALYSIS_BYTES, Cost};
use crate::mcp::report::{Report, ReportReply, Section};
use crate::mcp::tool::{Effect, Tool};
use crate::query::MAX_LIMIT;
use crate::tell::finding::{lines, values};
use crate::tell::story;
use crate::watch::Watch;
use crate::{Error, EventStore};

/// Budget of a story unless asked otherwise: what the story of one crash takes.
const USUAL_TOKENS: usize = 800;

pub(crate) struct Explain;

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Args {
    /// last_crash, a pid, a registered name or an event id.
    target: String,
    #[serde(flatten)]
    whose: NodeArg,
    /// Default 800.
    #[schemars(range(min = 50))]
    max_tokens: Option<usize>,
}

impl Tool for Explain {
    const NAME: &'static str = "explain";
    const TITLE: &'static str = "Explain";
    const DESCRIPTION: &'static str = "The story backwards from a symptom. A crash: error, source line, message and \
        its sender, the bad part of the state and what made it so, who was affected. A process: what it handled, its \
        state and troubles. An event: what led to it and followed.";
    const EXAMPLE: &'static str = r#"{"target":"<0.125.0>"}"#;
    const EFFECT: Effect = Effect::Reads;
    const COST: Cost = Cost::All(ANALYSIS_BYTES);

    type Args = Args;
    type Reply = ReportReply;

    fn run(store: &EventStore, args: Args, watch: &dyn Watch) -> Result<Answer<ReportReply>, Error> {
        let ask = Ask::new(store, watch);
        let (told, meant) = explain(&ask, &args.target, args.whose.node.as_deref())?;
        let Story { head, anchor, parts, notes, next } = told;
        let has_race = parts.iter().any(|part| part.name == "lost update");
        let t0 = anchor.at;
        let mut report = Report::new(story::head(&head));
        report.anchor(t0, story::anchor(&anchor)).values(json!({ "head": head, "anchor": anchor, "notes": notes }));
        for part in parts {
            let mut section = Section::new(part.name);
            section.keep(part.keep);
            for line in &part.lines {
                section.told(story::line(line, t0), json!(line));
            }
            if let Some(Glance { ledger, found }) = &part.found {
                found.iter().flat_map(|finding| lines(ledger, finding)).for_each(|line| _ = section.line(line));
                section.keep(part.keep.min(section.len()));
                section.values(json!({ "findings": found.iter().map(|one| values(ledger, one)).collect::<Vec<_>>() }));
            }
            report.section(section);
        }
        for note in &notes {
            report.note(story::note(note));
        }
        // What seems absent may have happened there.
        report.gaps(&ask.gaps()).losses(&store.losses(i64::MIN, i64::MAX, None, MAX_LIMIT)?.first);
        let glance = touching(store, &meant.pids, meant.event.as_deref(), watch)?;
        // What the story tells itself.
        let is_told = |kind| match kind {
            Kind::Crash => meant.is_failure,
            Kind::LostUpdate => has_race,
            _ => false,
        };
        let is_new = |finding: &Finding| !is_told(finding.kind);
        let findings = Findings::new(glance.as_ref(), is_new);
        if let Some(section) = findings.section() {
            report.section(section);
        }
        for (tool, arguments, why) in next {
            report.next(tool, arguments, story::why(&why));
        }
        findings.next(&mut report, "whether it is part of a known pattern of trouble");
        Ok(report.answer(args.max_tokens.unwrap_or(USUAL_TOKENS).saturating_mul(BYTES_PER_TOKEN)))
    }
}
