//! How a query would be answered, and what it costs.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::analysis::named::narrowed;
use crate::mcp::answer::Answer;
use crate::mcp::args::QueryArgs;
use crate::mcp::args::filter::{applied_to, effective_schema, filter_line};
use crate::mcp::tool::{Effect, Tool};
use crate::query::Analysis;
use crate::watch::Watch;
use crate::{AccessPath, Error, EventStore, Index, Query};

pub(crate) struct ExplainQuery;

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Args {
    #[serde(flatten)]
    query: QueryArgs,
    /// Run it, count its work.
    analyze: Option<bool>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Reply {
    /// What is walked: an index, or "temporal" for the time range.
    #[schemars(schema_with = "path_schema")]
    driver: &'static str,
    /// Events on the driver: exact.
    cardinality: u64,
    /// Indexes whose posting lists are intersected with the driver's.
    intersected: Vec<&'static str>,
    /// Filters checked on each candidate.
    residual: Vec<&'static str>,
    /// Every path the filters allow, with its exact cardinality within the time range.
    candidates: Vec<Candidate>,
    /// Events in the store.
    events: u64,
    /// Segments in the store.
    segments: usize,
    /// Segments that can hold no match and are not read.
    segments_skipped: usize,
    /// The filters as they are applied; only those set.
    #[schemars(schema_with = "effective_schema")]
    filters: Map<String, Value>,
    /// With analyze: the measured work.
    #[serde(skip_serializing_if = "Option::is_none")]
    analysis: Option<AnalysisReply>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Candidate {
    /// Index, or "temporal".
    #[schemars(schema_with = "path_schema")]
    path: &'static str,
    /// Events on it.
    cardinality: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
struct AnalysisReply {
    /// Candidates whose columns were looked at.
    rows_examined: u64,
    /// Entries of posting lists that were read.
    postings_read: u64,
    /// Events whose payload was read.
    payloads_decoded: u64,
    /// Events on the page.
    returned: usize,
    /// Events that match.
    total_matched: u64,
    /// Nanoseconds it took.
    elapsed_ns: u64,
}

fn path_schema(_: &mut SchemaGenerator) -> Schema {
    let mut names = vec![AccessPath::Temporal.name()];
    names.extend(Index::ALL.iter().map(|index| index.name()));
    schemars::json_schema!({ "type": "string", "enum": names })
}

impl From<Analysis> for AnalysisReply {
    fn from(analysis: Analysis) -> Self {
        let Analysis { work, returned, total_matched, elapsed, .. } = analysis;
        Self {
            rows_examined: work.rows_examined,
            postings_read: work.postings_read,
            payloads_decoded: work.payloads_decoded,
            returned,
            total_matched,
            elapsed_ns: u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX),
        }
    }
}

impl AnalysisReply {
    fn line(&self) -> String {
        format!(
            "\nanalyzed: returned={} total_matched={} rows_examined={} postings_read={} payloads_decoded={} elapsed_ns={}",
            self.returned,
            self.total_matched,
            self.rows_examined,
            self.postings_read,
            self.payloads_decoded,
            self.elapsed_ns
        )
    }
}

impl Tool for ExplainQuery {
    const NAME: &'static str = "explain_query";
    const TITLE: &'static str = "Explain a query";
    const DESCRIPTION: &'static str = "How query_events would answer: which index drives, its exact count, what is \
        intersected, what checked event by event.";
    const EXAMPLE: &'static str = r#"{"pid":"<0.120.0>","module":"Bank.Account","analyze":true}"#;
    const EFFECT: Effect = Effect::Reads;

    type Args = Args;
    type Reply = Reply;

    fn run(store: &EventStore, Args { query, analyze }: Args, watch: &dyn Watch) -> Result<Answer<Reply>, Error> {
        let query = query.read()?;
        let query = Query { filter: narrowed(store, &query.filter, watch)?, ..query };
        let explanation = store.explain_watched(&query, analyze.unwrap_or(false), watch)?;
        let (plan, filters) = (explanation.plan, applied_to(&explanation.filter));
        let analysis = explanation.analysis.map(AnalysisReply::from);
        let candidates: Vec<Candidate> = plan
            .candidates
            .iter()
            .map(|(path, cardinality)| Candidate { path: path.name(), cardinality: *cardinality })
            .collect();
        let listed: Vec<String> = candidates.iter().map(|one| format!("{}={}", one.path, one.cardinality)).collect();
        let text = format!(
            "{plan}\ncandidates: {}\nfilters: {}{}",
            listed.join(" "),
            filter_line(&filters),
            analysis.as_ref().map_or_else(String::new, AnalysisReply::line)
        );
        let structured = Reply {
            driver: plan.driver.name(),
            cardinality: plan.cardinality,
            intersected: plan.intersected.iter().map(|index| index.name()).collect(),
            residual: plan.residual,
            candidates,
            events: plan.events,
            segments: plan.segments,
            segments_skipped: plan.segments_skipped,
            filters,
            analysis,
        };
        Ok(Answer { text, structured })
    }
}
