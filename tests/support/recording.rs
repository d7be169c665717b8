//! The records of a dbg recording of `examples/recordings`.

use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;

/// A recording, unpacked.
pub(crate) struct Recording {
    bytes: Vec<u8>,
}

impl Recording {
    pub(crate) fn open(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("examples/recordings/{name}.trace.gz"));
        let mut bytes = Vec::new();
        GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_end(&mut bytes).unwrap();
        Self { bytes }
    }

    /// Each record's term, with its version byte. The recording drops none.
    pub(crate) fn records(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = &*self.bytes;
        std::iter::from_fn(move || {
            let (head, after) = rest.split_at_checked(5)?;
            assert_eq!(head[0], 0);
            let len = u32::from_be_bytes(head[1..].try_into().unwrap()) as usize;
            let (term, after) = after.split_at(len);
            rest = after;
            Some(term)
        })
    }
}
