//! How is an analysis told to a reader with a small context window?
//!
//! A tool fills a [`Report`] with what it found; this module writes both channels from that one value: lean text, and
//! the same facts as `structuredContent`. The budget is applied once, so both carry the same rows; what was left out is
//! counted and said.
//!
//! ```text
//! 3 groups of 40 events                              the answer
//! span=18.7ms rate=2100/s                            facts
//! filters: event_type=function_exit
//! t0=-576460751564576952: the oldest event           what times count from
//! [groups] by=function                               a section: facts, lines, a table
//! constants: node=nonode@nohost
//! function        calls   total
//! Bank.pay/2      12      1.234ms
//! ... 4 more
//! note: ...
//! next: profile {"by":"function"} - where the time went
//! ```

pub(super) mod cell;
mod fit;
pub(super) mod labels;
mod reply;
mod table;

pub(super) use cell::Cell;
pub(super) use reply::ReportReply;
pub(super) use table::{Column, Section};

use std::fmt::Write;

use serde_json::{Map, Value};

use super::answer::Answer;
use super::args::filter::applied_to;
use super::args::filter::filter_line;
use super::gap::{self, GapReply};
use super::page::cell::{escaped, quoted};
use super::suggested::as_called;
use crate::Filter;
use crate::analysis::losses::Loss;
use crate::query::{Gap, Visit};
use fit::{Measured, shorten};
use reply::{NextReply, SectionReply};
use table::Shown;

/// An answer made of facts, before it is cut to a budget and written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    answer: String,
    values: Option<Value>,
    facts: Vec<(&'static str, Cell)>,
    filters: Option<Map<String, Value>>,
    anchor: Option<(i64, String)>,
    sections: Vec<Section>,
    notes: Vec<String>,
    gaps: Vec<GapReply>,
    next: Vec<NextReply>,
}

impl Report {
    /// A report that says this first. One sentence with the answer, not with what was asked.
    pub(crate) fn new(answer: impl Into<String>) -> Self {
        Self { answer: answer.into(), ..Self::default() }
    }

    /// What the answer says, as values for a program.
    pub(crate) fn values(&mut self, values: Value) -> &mut Self {
        self.values = Some(values);
        self
    }

    /// Adds a fact to the head.
    pub(crate) fn fact(&mut self, name: &'static str, value: impl Into<Cell>) -> &mut Self {
        self.facts.push((name, value.into()));
        self
    }

    /// Shows the filter as it was applied.
    pub(crate) fn filter(&mut self, filter: &Filter) -> &mut Self {
        self.filters = Some(applied_to(filter));
        self
    }

    /// Shows the filter a visit applied, its times on the events' clock, and the gaps it touched.
    pub(crate) fn visited(&mut self, visit: &Visit) -> &mut Self {
        let at = |bound: Option<i64>, asked| bound.map(crate::Time::At).or(asked);
        let filter = &visit.filter;
        let (since, until) = (at(visit.since, filter.since), at(visit.until, filter.until));
        self.filter(&Filter { since, until, ..filter.clone() }).gaps(&visit.gaps)
    }

    /// Times count from this timestamp; `what` says which moment it is: `the crash (evt-12)`.
    pub(crate) fn anchor(&mut self, t0: i64, what: impl Into<String>) -> &mut Self {
        self.anchor = Some((t0, what.into()));
        self
    }

    /// Adds a part.
    pub(crate) fn section(&mut self, section: Section) -> &mut Self {
        self.sections.push(section);
        self
    }

    /// Adds what a reader must know to draw the right conclusion.
    pub(crate) fn note(&mut self, note: impl Into<String>) -> &mut Self {
        self.notes.push(note.into());
        self
    }

    /// Tells spans whose events were pruned; one that is told already is not repeated.
    pub(crate) fn gaps(&mut self, gaps: &[Gap]) -> &mut Self {
        gaps.iter().map(GapReply::from).for_each(|gap| self.missing(gap));
        self
    }

    /// Tells spans whose events were dropped while recording.
    pub(crate) fn losses(&mut self, losses: &[Loss]) -> &mut Self {
        losses.iter().map(GapReply::from).for_each(|gap| self.missing(gap));
        self
    }

    fn missing(&mut self, gap: GapReply) {
        if !self.gaps.contains(&gap) {
            self.gaps.push(gap);
        }
    }

    fn gap_notes(&self) -> Vec<GapReply> {
        let mut notes = Vec::new();
        self.gaps.iter().cloned().for_each(|gap| gap::note(&mut notes, gap));
        notes
    }

    /// Suggests a call. `arguments` is a JSON object.
    pub(crate) fn next(&mut self, tool: &'static str, arguments: Value, why: impl Into<String>) -> &mut Self {
        let arguments = match arguments {
            Value::Object(arguments) => as_called(tool, arguments),
            _ => Map::new(),
        };
        self.next.push(NextReply { tool, arguments, why: why.into() });
        self
    }

    /// Writes both channels, the text in at most `budget` bytes if its head leaves room for anything.
    pub(crate) fn answer(self, budget: usize) -> Answer<ReportReply> {
        let measure =
            |section: &Section| Measured { lengths: self.lengths(section), keep: section.keep, shown: section.len() };
        let mut measured: Vec<Measured> = self.sections.iter().map(measure).collect();
        let rows: usize = measured.iter().flat_map(|section| &section.lengths).sum();
        // A first cut by measure; then by what was really written, until it fits.
        let room = budget.saturating_sub(self.text(&[]).len());
        if rows > room {
            shorten(&mut measured, rows - room);
        }
        loop {
            let shown: Vec<Shown> =
                self.sections.iter().zip(&measured).map(|(section, one)| Shown::of(section, one.shown)).collect();
            let text = self.text(&shown);
            let excess = text.len().saturating_sub(budget);
            if excess == 0 || !shorten(&mut measured, excess) {
                let structured = self.structured(&shown);
                return Answer { text, structured };
            }
        }
    }

    fn t0(&self) -> Option<i64> {
        self.anchor.as_ref().map(|(t0, _)| *t0)
    }

    /// Bytes of each line and row of a section when all are shown.
    fn lengths(&self, section: &Section) -> Vec<usize> {
        let kept = Shown::of(section, section.len()).kept;
        let row = |row: &Vec<Cell>| kept.iter().map(|at| row[*at].shown(self.t0()).len() + 1).sum();
        section.lines.iter().map(|line| line.len() + 1).chain(section.rows.iter().map(row)).collect()
    }

    /// The text channel; without `shown`, its head and foot alone.
    fn text(&self, shown: &[Shown]) -> String {
        let t0 = self.t0();
        let mut out = self.answer.clone();
        if !self.facts.is_empty() {
            _ = write!(out, "\n{}", pairs(&self.facts, t0));
        }
        if let Some(filters) = self.filters.as_ref().filter(|filters| !filters.is_empty()) {
            _ = write!(out, "\nfilters: {}", filter_line(filters));
        }
        if let Some((t0, what)) = &self.anchor {
            _ = write!(out, "\nt0={t0}: {what}");
        }
        for gap in &self.gap_notes() {
            _ = write!(out, "\ngap: {}", gap.line(|at| Cell::At(at).shown(t0)));
        }
        for (section, shown) in self.sections.iter().zip(shown) {
            self.write_section(&mut out, section, shown);
        }
        for note in &self.notes {
            _ = write!(out, "\nnote: {note}");
        }
        for NextReply { tool, arguments, why } in &self.next {
            _ = write!(out, "\nnext: {tool} {} - {why}", Value::Object(arguments.clone()));
        }
        out
    }

    fn write_section(&self, out: &mut String, section: &Section, shown: &Shown) {
        let t0 = self.t0();
        _ = write!(out, "\n[{}]", section.name);
        if !section.facts.is_empty() {
            _ = write!(out, " {}", pairs(&section.facts, t0));
        }
        for line in &section.lines[..shown.lines] {
            _ = write!(out, "\n{}", escaped(line));
        }
        if !shown.constant.is_empty() {
            out.push_str("\nconstants:");
            for at in &shown.constant {
                let value = quoted(&section.rows[0][*at].shown(t0));
                _ = write!(out, " {}={value}", section.columns[*at].name());
            }
        }
        if shown.rows > 0 {
            let names: Vec<&str> = shown.kept.iter().map(|at| section.columns[*at].name()).collect();
            _ = write!(out, "\n{}", names.join("\t"));
        }
        for row in &section.rows[..shown.rows] {
            let cells: Vec<String> = shown.kept.iter().map(|at| row[*at].shown(t0)).collect();
            _ = write!(out, "\n{}", cells.join("\t"));
        }
        match (section.beyond, shown.left_out(section)) {
            (0, 0) => {}
            (beyond, 0) => _ = write!(out, "\n... {beyond} more"),
            (beyond, cut) => _ = write!(out, "\n... {} more, {cut} of them cut by max_tokens", beyond + cut as u64),
        }
    }

    fn structured(self, shown: &[Shown]) -> ReportReply {
        let t0 = self.t0();
        let truncated = self.sections.iter().zip(shown).any(|(section, shown)| shown.left_out(section) > 0);
        let sections = self.sections.iter().zip(shown).map(|(section, shown)| {
            let named = |at: &usize| section.columns[*at].with_unit();
            let cell = |row: &Vec<Cell>, at: &usize| row[*at].value(t0);
            SectionReply {
                name: section.name,
                facts: facts(&section.facts, t0),
                lines: section.lines[..shown.lines].to_vec(),
                values: section.values_of(shown.lines),
                constants: shown.constant.iter().map(|at| (named(at), cell(&section.rows[0], at))).collect(),
                columns: if shown.rows == 0 { Vec::new() } else { shown.kept.iter().map(named).collect() },
                rows: section.rows[..shown.rows]
                    .iter()
                    .map(|row| shown.kept.iter().map(|at| cell(row, at)).collect())
                    .collect(),
                left_out: section.beyond + shown.left_out(section) as u64,
            }
        });
        let gaps = self.gap_notes();
        ReportReply {
            sections: sections.collect(),
            answer: self.answer,
            values: self.values,
            facts: facts(&self.facts, t0),
            filters: self.filters,
            t0,
            t0_is: self.anchor.map(|(_, what)| what),
            notes: self.notes,
            gaps,
            next: self.next,
            truncated,
        }
    }
}

/// Facts as `name=value` pairs.
fn pairs(facts: &[(&'static str, Cell)], t0: Option<i64>) -> String {
    let pair = |(name, cell): &(&'static str, Cell)| format!("{name}={}", quoted(&cell.shown(t0)));
    facts.iter().map(pair).collect::<Vec<_>>().join(" ")
}

/// Facts by name, with their units.
fn facts(facts: &[(&'static str, Cell)], t0: Option<i64>) -> Map<String, Value> {
    let named = |(name, cell): &(&'static str, Cell)| {
        let unit = match cell {
            Cell::Duration(_) | Cell::At(_) => "_ns",
            Cell::Rate(_) => "_per_s",
            _ => "",
        };
        (format!("{name}{unit}"), cell.value(t0))
    };
    facts.iter().map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn report(rows: i64) -> Report {
        let mut report = Report::new("it was slow");
        report.fact("calls", 7_usize).fact("span", Cell::Duration(1_500_000)).anchor(1_000, "the start");
        let mut section = Section::new("calls");
        section.fact("by", "function").line("first line").columns(&[
            Column::time("t"),
            Column::plain("event"),
            Column::plain("node"),
            Column::time("took"),
            Column::plain("note"),
        ]);
        for n in 0..rows {
            section.row(vec![
                Cell::At(1_000 + n * 1_000),
                Cell::Event(format!("evt-{n}")),
                "a@b".into(),
                Cell::Duration(n * 10),
                Cell::Empty,
            ]);
        }
        section.beyond(3);
        report.section(section).note("beware").next("profile", json!({"by": "function"}), "where the time went");
        report.gaps(&[Gap { since: 1, until: 2, events: 3 }, Gap { since: 1, until: 2, events: 3 }]);
        report
    }

    #[test]
    fn both_channels_carry_the_same_facts() {
        let Answer { text, structured } = report(2).answer(4_000);
        let expected = "it was slow\ncalls=7 span=1.5ms\nt0=1000: the start\n\
            gap: 3 events from -999ns to -998ns were pruned\n\
            [calls] by=function\nfirst line\nconstants: node=a@b\n\
            t\tevent\ttook\n0\tevt-0\t0ns\n+1us\tevt-1\t10ns\n... 3 more\n\
            note: beware\nnext: profile {\"by\":\"function\"} - where the time went";
        assert_eq!(text, expected);
        let structured = serde_json::to_value(structured).unwrap();
        assert_eq!(structured["facts"], json!({"calls": 7, "span_ns": 1_500_000}));
        let section = &structured["sections"][0];
        assert_eq!(section["constants"], json!({"node": "a@b"}));
        assert_eq!(section["columns"], json!(["t_ns", "event", "took_ns"]));
        assert_eq!(section["rows"], json!([[0, "evt-0", 0], [1_000, "evt-1", 10]]));
        assert_eq!((&section["left_out"], &structured["truncated"]), (&json!(3), &json!(false)));
        assert_eq!(structured["next"][0]["arguments"], json!({"by": "function"}));
    }

    #[test]
    fn what_a_budget_has_no_room_for_is_counted_and_missing_in_both_channels() {
        for budget in [250, 400, 1_000] {
            let Answer { text, structured } = report(200).answer(budget);
            assert!(text.len() <= budget, "{} of {budget}: {text}", text.len());
            let shown = text.matches("evt-").count();
            assert!(structured.truncated && shown < 200);
            assert_eq!(structured.sections[0].rows.len(), shown);
            let lines = structured.sections[0].lines.len();
            assert_eq!(structured.sections[0].left_out as usize, 200 + 1 - shown - lines + 3);
            assert!(text.contains("cut by max_tokens") && text.contains("note: beware"), "{text}");
            assert!(budget < 400 || text.len() > budget * 3 / 4, "room is used: {} of {budget}", text.len());
        }
    }

    #[test]
    fn many_gaps_are_one_note_in_both_channels() {
        let mut report = report(1);
        let gap = |n: i64| Gap { since: 10 * n, until: 10 * n + 5, events: 1 };
        report.gaps(&(1..10).map(gap).collect::<Vec<_>>());
        let Answer { text, structured } = report.answer(4_000);
        assert_eq!((text.matches("were pruned").count(), structured.gaps.len()), (1, 1));
        // And the one of three that it had.
        assert!(text.contains("gap: 12 events from") && text.contains("(10 spans)"), "{text}");
    }

    #[test]
    fn a_head_that_is_too_long_alone_is_still_told() {
        let Answer { text, structured } = report(5).answer(10);
        assert!(text.starts_with("it was slow") && text.contains("note: beware"));
        assert!(structured.sections[0].rows.is_empty() && structured.truncated);
    }
}
