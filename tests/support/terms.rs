//! Terms of the external term format, written by hand.

#![allow(dead_code, reason = "every test uses a part of it")]

/// Bytes of a term, without the version byte.
pub(crate) type Bytes = Vec<u8>;

pub(crate) fn atom(name: &str) -> Bytes {
    [&[119, name.len() as u8], name.as_bytes()].concat()
}

pub(crate) fn int(value: i64) -> Bytes {
    if let Ok(small) = i32::try_from(value) {
        return [&[98][..], &small.to_be_bytes()].concat();
    }
    let sign = u8::from(value < 0);
    [&[110, 8, sign][..], &value.unsigned_abs().to_le_bytes()].concat()
}

pub(crate) fn tuple(parts: &[Bytes]) -> Bytes {
    [vec![104, parts.len() as u8], parts.concat()].concat()
}

pub(crate) fn list(items: &[Bytes]) -> Bytes {
    if items.is_empty() {
        return vec![106];
    }
    [vec![108], (items.len() as u32).to_be_bytes().to_vec(), items.concat(), vec![106]].concat()
}

pub(crate) fn improper(head: Bytes, tail: Bytes) -> Bytes {
    [vec![108, 0, 0, 0, 1], head, tail].concat()
}

pub(crate) fn binary(text: &str) -> Bytes {
    [vec![109], (text.len() as u32).to_be_bytes().to_vec(), text.as_bytes().to_vec()].concat()
}

/// `'text'`.
pub(crate) fn charlist(text: &str) -> Bytes {
    [vec![107], (text.len() as u16).to_be_bytes().to_vec(), text.as_bytes().to_vec()].concat()
}

pub(crate) fn map(entries: &[(Bytes, Bytes)]) -> Bytes {
    let entries_bytes =
        entries.iter().flat_map(|(key, value)| [key.clone(), value.clone()]).collect::<Vec<_>>().concat();
    [vec![116], (entries.len() as u32).to_be_bytes().to_vec(), entries_bytes].concat()
}

/// `<0.id.0>` of the node `nonode@nohost`.
pub(crate) fn pid(id: u32) -> Bytes {
    pid_of("nonode@nohost", id)
}

pub(crate) fn pid_of(node: &str, id: u32) -> Bytes {
    [vec![88], atom(node), id.to_be_bytes().to_vec(), vec![0; 8]].concat()
}

/// `#Reference<0.1.2.id>`, as it is shown.
pub(crate) fn reference(id: u32) -> Bytes {
    let words = [id, 2, 1].map(u32::to_be_bytes).concat();
    [vec![90, 0, 3], atom("nonode@nohost"), vec![0; 4], words].concat()
}

/// `[alias | Ref]`.
pub(crate) fn alias(id: u32) -> Bytes {
    improper(atom("alias"), reference(id))
}

/// A trace message with a strict monotonic time stamp.
pub(crate) fn traced(process: u32, kind: &str, rest: &[Bytes], at: i64) -> Bytes {
    let stamp = tuple(&[int(at), int(at)]);
    tuple(&[&[atom("trace_ts"), pid(process), atom(kind)], rest, &[stamp]].concat())
}

/// `{Module, Function, Args}`.
pub(crate) fn mfa(module: &str, function: &str, args: &[Bytes]) -> Bytes {
    tuple(&[atom(module), atom(function), list(args)])
}

/// `{Module, Function, Arity}`.
pub(crate) fn mfa_arity(module: &str, function: &str, arity: i64) -> Bytes {
    tuple(&[atom(module), atom(function), int(arity)])
}

/// A call site: `{Module, Function, Arity, {File, Line}}`.
pub(crate) fn site(module: &str, function: &str, arity: i64, file: &str, line: i64) -> Bytes {
    tuple(&[atom(module), atom(function), int(arity), tuple(&[charlist(file), int(line)])])
}
