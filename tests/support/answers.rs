//! What tools answer about recordings, asked over a pipe.

#![allow(dead_code, reason = "every test uses a part of it")]

use serde_json::{Value, json};

use crate::pipe::Server;

/// A server that holds a recording.
pub(crate) struct Recorded(pub(crate) Server);

/// What a tool answered.
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) structured: Value,
    pub(crate) is_error: bool,
}

impl Recorded {
    /// A recording of `tests/data`.
    pub(crate) fn data(name: &str) -> Self {
        Self::open(&format!("tests/data/{name}.trace.gz"))
    }

    /// A recording of `examples/recordings`.
    pub(crate) fn example(name: &str) -> Self {
        Self::open(&format!("examples/recordings/{name}"))
    }

    pub(crate) fn open(path: &str) -> Self {
        let path = format!("{}/{path}", env!("CARGO_MANIFEST_DIR"));
        Self(Server::start(&["--script", "--import", &path]))
    }

    pub(crate) fn ask(&mut self, tool: &str, arguments: &Value) -> Answer {
        let reply = self.0.call(tool, arguments);
        let result = &reply["result"];
        let text = result["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{tool} {arguments}: {reply}"));
        Answer {
            text: text.to_owned(),
            structured: result["structuredContent"].clone(),
            is_error: result["isError"] == json!(true),
        }
    }

    pub(crate) fn explain(&mut self, target: &str) -> Answer {
        self.ask("explain", &json!({ "target": target }))
    }
}

impl Answer {
    #[track_caller]
    pub(crate) fn says(&self, all: &[&str]) {
        for one in all {
            assert!(self.text.contains(one), "{one:?} is not in:\n{}", self.text);
        }
    }

    /// The lines of a section.
    #[track_caller]
    pub(crate) fn section(&self, name: &str) -> String {
        let sections = self.structured["sections"].as_array().unwrap();
        let section = sections.iter().find(|section| section["name"] == name);
        let section = section.unwrap_or_else(|| panic!("no section {name} in:\n{}", self.text));
        let lines = section["lines"].as_array().into_iter().flatten().filter_map(Value::as_str);
        lines.collect::<Vec<_>>().join("\n")
    }

    /// The rows of a section, its constant cells put back.
    pub(crate) fn rows(&self, name: &str) -> Vec<Value> {
        let sections = self.structured["sections"].as_array().unwrap();
        let Some(section) = sections.iter().find(|section| section["name"] == name) else { return Vec::new() };
        let row = |cells: &Value| {
            let mut row = section["constants"].as_object().cloned().unwrap_or_default();
            for (column, cell) in section["columns"].as_array().unwrap().iter().zip(cells.as_array().unwrap()) {
                row.insert(column.as_str().unwrap().to_owned(), cell.clone());
            }
            Value::Object(row)
        };
        section["rows"].as_array().into_iter().flatten().map(row).collect()
    }

    /// Every event id in the text, as the recording spells them.
    pub(crate) fn event_ids(&self) -> Vec<String> {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let is_id = |word: &&str| {
            word.split_once('-').is_some_and(|(prefix, number)| {
                prefix.len() == 6
                    && prefix.chars().all(|c| c.is_ascii_hexdigit())
                    && number.trim_end_matches('s').parse::<u64>().is_ok()
            })
        };
        self.text.split(|c| !is_part(c)).filter(is_id).map(str::to_owned).collect()
    }
}
