//! How a page is shown: where it starts, which columns, in which format, how large.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::mcp::page::column::Column;
use crate::{Error, Order, Result};

/// Bytes a token stands for in budgets.
pub(crate) const BYTES_PER_TOKEN: usize = 4;

/// Budget of a table unless asked otherwise.
const TABLE_TOKENS: usize = 1_500;

/// Budget of a table of so many events as were asked for: half of what the strictest host shows.
const ASKED_TOKENS: usize = 5_000;

/// Bound of a JSON page unless asked otherwise: with both channels it stays below the 10 MiB a client reads.
const JSON_BYTES: usize = 4 << 20;

/// Direction of the total order.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OrderArg {
    #[default]
    Asc,
    Desc,
}

impl From<OrderArg> for Order {
    fn from(order: OrderArg) -> Self {
        match order {
            OrderArg::Asc => Self::Asc,
            OrderArg::Desc => Self::Desc,
        }
    }
}

/// What a page looks like.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Format {
    #[default]
    Table,
    Json,
}

/// How to show a page.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct ViewArgs {
    /// next_cursor, unchanged. With the same filters and order.
    cursor: Option<String>,
    /// Columns. Members for json. mfa: Module.function/arity; t_us: microseconds after t0; seq, timestamp, wall_time:
    /// only when asked for.
    #[serde(default)]
    #[schemars(schema_with = "fields_schema")]
    fields: Option<Vec<String>>,
    /// Default table. Short rows, payloads cut with a mark; json: whole events.
    format: Option<Format>,
    /// Default 1500, with a limit 5000. Answer size, 4 bytes a token; json: 4 MiB unless given.
    #[schemars(range(min = 1))]
    max_tokens: Option<usize>,
}

fn fields_schema(_: &mut SchemaGenerator) -> Schema {
    let names: Vec<&str> = Column::ALL.iter().map(|column| column.name()).collect();
    json_schema!({ "type": "array", "items": { "type": "string", "enum": names } })
}

/// How a page is written.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    /// The columns asked for; `None`: the usual ones.
    pub(crate) columns: Option<Vec<Column>>,
    pub(crate) format: Format,
    /// Most bytes of text.
    pub(crate) budget: usize,
    /// Rows stand in the opposite of the order they were found in.
    pub(crate) reversed: bool,
}

impl ViewArgs {
    /// The cursor, and how to write the page. `is_counted`: so many events were asked for.
    pub(crate) fn read(self, is_counted: bool) -> Result<(Option<String>, Shape)> {
        let format = self.format.unwrap_or_default();
        let column = |name: String| {
            let unknown = || Error::invalid(format!("fields: unknown column {name:?}"));
            Column::named(&name).ok_or_else(unknown)
        };
        let mut columns = match self.fields {
            Some(names) => Some(names.into_iter().map(column).collect::<Result<Vec<_>>>()?),
            None => None,
        };
        if let Some(columns) = &mut columns {
            if columns.is_empty() {
                return Err(Error::invalid("fields: got []; name at least one column, or leave it out"));
            }
            let mut seen = Vec::new();
            columns.retain(|column| {
                !seen.contains(column) && {
                    seen.push(*column);
                    true
                }
            });
        }
        let usual = match format {
            Format::Table if is_counted => ASKED_TOKENS * BYTES_PER_TOKEN,
            Format::Table => TABLE_TOKENS * BYTES_PER_TOKEN,
            Format::Json => JSON_BYTES,
        };
        let budget = self.max_tokens.map_or(usual, |tokens| tokens.saturating_mul(BYTES_PER_TOKEN));
        Ok((self.cursor, Shape { columns, format, budget, reversed: false }))
    }
}
