//! Where a page ended, as an opaque text.
//!
//! A cursor names the last event's place in the total order, not a row: it stays right while events arrive or
//! are pruned. It is bound to its filter, its order and the run of the store that made it, and carries a checksum: one
//! that was cut or changed on its way is refused, and does not start a page somewhere else.

use std::hash::BuildHasher;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use foldhash::fast::FixedState;

use super::{Filter, Order};
use crate::error::{Error, Result};
use crate::segment::rows::EventKey;

const LENGTH: usize = 4 + 4 + 4 + 8 + 8 + 9;

/// A page's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// Key of the last event returned.
    pub(crate) after: EventKey,
    /// What relative times were measured from on the first page.
    pub(crate) newest: Option<i64>,
}

impl Cursor {
    /// The text form. `run` is the store's own number.
    pub(crate) fn encode(self, run: u32, filter: &Filter, order: Order) -> String {
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.extend_from_slice(&run.to_le_bytes());
        bytes.extend_from_slice(&fingerprint(filter, order).to_le_bytes());
        bytes.extend_from_slice(&self.checksum(run).to_le_bytes());
        bytes.extend_from_slice(&self.after.0.to_le_bytes());
        bytes.extend_from_slice(&self.after.1.to_le_bytes());
        bytes.push(u8::from(self.newest.is_some()));
        bytes.extend_from_slice(&self.newest.unwrap_or(0).to_le_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a cursor made for the same filter and order by the same run.
    pub(crate) fn decode(text: &str, run: u32, filter: &Filter, order: Order) -> Result<Self> {
        let again = "leave cursor out to start again";
        let broken =
            || Error::invalid(format!("cursor: not a cursor of this server; pass next_cursor unchanged, or {again}"));
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| broken())?;
        let bytes: [u8; LENGTH] = bytes.try_into().map_err(|_| broken())?;
        let word = |at: usize| -> [u8; 8] { std::array::from_fn(|byte| bytes[at + byte]) };
        if bytes[..4] != run.to_le_bytes() {
            return Err(Error::invalid(format!("cursor: made by another run of the server; {again}")));
        }
        if bytes[4..8] != fingerprint(filter, order).to_le_bytes() {
            return Err(Error::invalid(format!(
                "cursor: made for other filters or another order; repeat those of the first page, or {again}"
            )));
        }
        let newest = i64::from_le_bytes(word(29));
        let cursor = Self {
            after: (i64::from_le_bytes(word(12)), u64::from_le_bytes(word(20))),
            newest: (bytes[28] == 1).then_some(newest),
        };
        // Written again, so that bytes without a meaning count too.
        if cursor.encode(run, filter, order) == text { Ok(cursor) } else { Err(broken()) }
    }

    fn checksum(self, run: u32) -> u32 {
        FixedState::default().hash_one((run, self.after, self.newest)) as u32
    }
}

fn fingerprint(filter: &Filter, order: Order) -> u32 {
    // A name goes on to mean its process when that is restarted between two pages.
    let filter = Filter { named: Vec::new(), ..filter.clone() };
    FixedState::default().hash_one(format!("{filter:?} {order:?}")) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_and_refuses_other_filters_runs_garbage_and_any_flipped_bit() {
        let cursor = Cursor { after: (-5, 7), newest: Some(i64::MIN) };
        let filter = Filter { pid: Some("<0.1.0>".into()), ..Filter::default() };
        let text = cursor.encode(1, &filter, Order::Asc);
        assert_eq!(Cursor::decode(&text, 1, &filter, Order::Asc), Ok(cursor));
        let refused =
            |text: &str, run, filter: &Filter, order| assert!(Cursor::decode(text, run, filter, order).is_err());
        refused(&text, 2, &filter, Order::Asc);
        refused(&text, 1, &Filter::default(), Order::Asc);
        refused(&text, 1, &filter, Order::Desc);
        refused(&text[1..], 1, &filter, Order::Asc);
        let named = Filter { named: vec!["<0.2.0>".into()], ..filter.clone() };
        assert_eq!(Cursor::decode(&text, 1, &named, Order::Asc), Ok(cursor));
        let bytes = URL_SAFE_NO_PAD.decode(&text).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut bytes = bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            refused(&URL_SAFE_NO_PAD.encode(bytes), 1, &filter, Order::Asc);
        }
        refused("", 1, &filter, Order::Asc);
        refused("\u{1F980}", 1, &filter, Order::Asc);
    }
}
