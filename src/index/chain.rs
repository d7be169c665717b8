//! Posting lists of a segment that still fills: per key a chain from its newest row to its oldest.
//!
//! Appending costs two writes and no allocation. Counts are of live rows, so they are exact cardinalities.

/// No earlier node.
const END: u32 = u32::MAX;

#[derive(Clone, Copy, Debug)]
struct Head {
    last: u32,
    live: u32,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    previous: u32,
    row: u16,
}

/// All posting lists of one index.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chains {
    heads: Vec<Head>,
    nodes: Vec<Node>,
}

impl Chains {
    /// Adds a row to a key's list. Rows arrive in ascending order.
    pub(crate) fn push(&mut self, code: u16, row: u16) {
        let node = self.nodes.len() as u32;
        let code = usize::from(code);
        if code >= self.heads.len() {
            self.heads.resize(code + 1, Head { last: END, live: 0 });
        }
        let head = &mut self.heads[code];
        self.nodes.push(Node { previous: head.last, row });
        head.last = node;
        head.live += 1;
    }

    /// One row of the key has died.
    pub(crate) fn forget(&mut self, code: u16) {
        if let Some(head) = self.heads.get_mut(usize::from(code)) {
            head.live -= 1;
        }
    }

    /// Live rows of the key.
    pub(crate) fn live(&self, code: u16) -> usize {
        self.heads.get(usize::from(code)).map_or(0, |head| head.live as usize)
    }

    /// Rows of the key, newest first, dead ones included.
    pub(crate) fn rows(&self, code: u16) -> impl Iterator<Item = u16> + '_ {
        let mut next = self.heads.get(usize::from(code)).map_or(END, |head| head.last);
        std::iter::from_fn(move || {
            let node = self.nodes.get(next as usize)?;
            next = node.previous;
            Some(node.row)
        })
    }

    /// Empties the lists and keeps their room.
    pub(crate) fn clear(&mut self) {
        self.heads.clear();
        self.nodes.clear();
    }

    /// Room kept for more postings.
    pub(crate) fn room_bytes(&self) -> usize {
        (self.heads.capacity() - self.heads.len()) * size_of::<Head>()
            + (self.nodes.capacity() - self.nodes.len()) * size_of::<Node>()
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.heads.len() * size_of::<Head>() + self.nodes.len() * size_of::<Node>()
    }
}
