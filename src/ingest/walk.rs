//! How is a JSON document walked, its large parts one by one?

use super::input::Input;
use super::job::Stop;
use super::{MAX_EVENT_BYTES, cut_short, json};

/// What is done with a member: the input stands at its value, which must be taken.
type Each<'e> = &'e mut dyn FnMut(&mut Input, &str) -> Result<(), Stop>;

/// Walks an object.
pub(super) fn members(input: &mut Input, each: Each<'_>) -> Result<(), Stop> {
    if !json::take(input, b'{')? {
        return null_or(input, "an object");
    }
    let (mut text, mut is_first) = (Vec::new(), true);
    while json::more(input, b'}', &mut is_first)? {
        let name = json::name(input, &mut text)?;
        each(input, &name)?;
    }
    Ok(())
}

/// Walks an array.
pub(super) fn items(input: &mut Input, each: &mut dyn FnMut(&mut Input) -> Result<(), Stop>) -> Result<(), Stop> {
    if !json::take(input, b'[')? {
        return null_or(input, "an array");
    }
    let mut is_first = true;
    while json::more(input, b']', &mut is_first)? {
        each(input)?;
    }
    Ok(())
}

/// Walks an object of which the members `later` names are read after the one called `first`, wherever they stand.
pub(super) fn ordered(
    input: &mut Input,
    first: impl Fn(&str) -> bool,
    later: impl Fn(&str) -> bool,
    each: Each<'_>,
) -> Result<(), Stop> {
    let (mut came, mut text) = (false, Vec::new());
    let mut waiting: Vec<(String, u64, Vec<u8>)> = Vec::new();
    members(input, &mut |input, name| {
        if came || !later(name) {
            came |= first(name);
            return each(input, name);
        }
        let found = json::value(input, &mut text)?;
        if found.bytes > MAX_EVENT_BYTES as u64 {
            return Err(Stop::Here(format!(
                "{name}: {} bytes before what they are of; at most {MAX_EVENT_BYTES} are kept so long",
                found.bytes
            )));
        }
        waiting.push((name.to_owned(), found.line, std::mem::take(&mut text)));
        Ok(())
    })?;
    for (name, line, text) in waiting {
        each(&mut input.within(text, line), &name)?;
    }
    Ok(())
}

/// Nothing may be written where a list or an object is expected.
fn null_or(input: &mut Input, expected: &str) -> Result<(), Stop> {
    if input.peek_byte().map_err(cut_short)? == Some(b'n') {
        json::skip(input)?;
        return Ok(());
    }
    Err(Stop::Here(format!("expected {expected}")))
}
