//! What does an event's payload say, key by key, whoever wrote it?

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

type Raw<'a> = Option<&'a RawValue>;

/// The keys analyses look at; values stay raw until one is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Payload<'a> {
    #[serde(borrow)]
    pub(crate) args: Raw<'a>,
    #[serde(borrow)]
    pub(crate) caller: Raw<'a>,
    #[serde(borrow)]
    pub(crate) extra: Raw<'a>,
    #[serde(borrow)]
    pub(crate) parent_unknown: Raw<'a>,
    #[serde(borrow)]
    pub(crate) call_site: Raw<'a>,
    #[serde(borrow)]
    pub(crate) result: Raw<'a>,
    #[serde(borrow)]
    pub(crate) exit_reason: Raw<'a>,
    #[serde(borrow)]
    pub(crate) reason: Raw<'a>,
    #[serde(borrow)]
    pub(crate) error: Raw<'a>,
    #[serde(borrow)]
    pub(crate) ended_by_unknown: Raw<'a>,
    #[serde(borrow)]
    pub(crate) crash_site: Raw<'a>,
    #[serde(borrow)]
    pub(crate) message: Raw<'a>,
    #[serde(borrow)]
    pub(crate) message_id: Raw<'a>,
    #[serde(borrow)]
    pub(crate) send_type: Raw<'a>,
    #[serde(borrow)]
    pub(crate) receive_type: Raw<'a>,
    #[serde(borrow)]
    pub(crate) receiver_name: Raw<'a>,
    #[serde(borrow)]
    pub(crate) undeliverable: Raw<'a>,
    #[serde(borrow)]
    pub(crate) sent_from: Raw<'a>,
    #[serde(borrow)]
    pub(crate) registered_name: Raw<'a>,
    #[serde(borrow)]
    pub(crate) callback_module: Raw<'a>,
    #[serde(borrow)]
    pub(crate) spawn_module: Raw<'a>,
    #[serde(borrow)]
    pub(crate) spawn_function: Raw<'a>,
    #[serde(borrow)]
    pub(crate) spawn_args: Raw<'a>,
    #[serde(borrow)]
    pub(crate) state_diff: Raw<'a>,
    #[serde(borrow)]
    pub(crate) new_state: Raw<'a>,
    #[serde(borrow)]
    pub(crate) spans_gap: Raw<'a>,
    #[serde(borrow)]
    pub(crate) end_unknown: Raw<'a>,
    #[serde(borrow)]
    pub(crate) closed_by: Raw<'a>,
    #[serde(borrow)]
    pub(crate) message_queue_len: Raw<'a>,
    #[serde(borrow)]
    pub(crate) within_ns: Raw<'a>,
}

impl<'a> Payload<'a> {
    /// Reads a payload; what is no JSON object has no keys. Cost: one pass, nothing copied.
    pub(crate) fn read(data: &'a str) -> Self {
        serde_json::from_str(data).unwrap_or_default()
    }
}

/// A value as text: a string's content, anything else as JSON writes it; null is nothing.
pub(crate) fn text(raw: Raw<'_>) -> Option<Cow<'_, str>> {
    let json = raw?.get();
    match json.as_bytes().first()? {
        b'n' => None,
        b'"' => {
            let inner = &json[1..json.len() - 1];
            if inner.contains('\\') {
                serde_json::from_str(json).ok().map(Cow::Owned)
            } else {
                Some(Cow::Borrowed(inner))
            }
        }
        _ => Some(Cow::Borrowed(json)),
    }
}

/// A value as an integer.
pub(crate) fn int(raw: Raw<'_>) -> Option<i64> {
    text(raw)?.parse().ok()
}

/// One difference between two states, in Elixir syntax.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Difference {
    /// Empty: the whole state.
    #[serde(default)]
    pub(crate) path: String,
    /// `None`: it was not there.
    pub(crate) old: Option<String>,
    pub(crate) new: Option<String>,
    /// Whether it was cut: then neither is known.
    #[serde(default)]
    pub(crate) unknown: bool,
}

/// The differences of a `state_diff` that are known.
pub(crate) fn differences(raw: Raw<'_>) -> Vec<Difference> {
    let items: Vec<&RawValue> = raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
    let read = items.into_iter().filter_map(|item| serde_json::from_str::<Difference>(item.get()).ok());
    read.filter(|one| !one.unknown).collect()
}

/// A list of texts; a text alone is a list of one.
pub(crate) fn texts(raw: Raw<'_>) -> Vec<String> {
    let Some(json) = raw.map(RawValue::get) else { return Vec::new() };
    if let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(json) {
        return items.into_iter().filter_map(|item| text(Some(item))).map(Cow::into_owned).collect();
    }
    text(raw).map(Cow::into_owned).into_iter().collect()
}
