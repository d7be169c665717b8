//! Where does a value that was written out end?

use std::ops::Range;

/// What is between quotes that begin here, if they do. Quotes of a text within a text are escaped (`\"`), each level
/// more: those that open with so many backslashes close with as many, or with those of an escaped backslash besides.
/// The second value is where the text goes on.
pub(super) fn between_quotes(text: &[u8], at: usize) -> Option<(Range<usize>, usize)> {
    let level = text[at..].iter().take_while(|byte| **byte == b'\\').count();
    let quote = *text.get(at + level).filter(|byte| matches!(byte, b'"' | b'\'' | b'`'))?;
    let start = at + level + 1;
    let mut place = start;
    loop {
        let Some(next) = memchr::memchr(quote, &text[place..]) else { return Some((start..text.len(), text.len())) };
        let end = place + next;
        let slashes = text[start..end].iter().rev().take_while(|byte| **byte == b'\\').count();
        if slashes % (2 * (level + 1)) == level {
            return Some((start..end - level.min(slashes), end + 1));
        }
        place = end + 1;
    }
}

/// Where brackets that begin here are closed, behind them; the end of the text, if they are not.
pub(super) fn after_brackets(text: &[u8], start: usize) -> usize {
    let mut open = 0_usize;
    let mut at = start;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'"' => {
                let slashes = text[start..at].iter().rev().take_while(|byte| **byte == b'\\').count();
                // Quotes of any level are passed over whole.
                match between_quotes(text, at - slashes) {
                    Some((_, after)) => at = after,
                    None => at += 1,
                }
                continue;
            }
            b'[' | b'{' | b'(' => open += 1,
            b'<' if text.get(at + 1) == Some(&b'<') => {
                open += 1;
                at += 1;
            }
            b'>' if text.get(at + 1) == Some(&b'>') => {
                open = open.saturating_sub(1);
                at += 1;
            }
            b']' | b'}' | b')' => open = open.saturating_sub(1),
            _ => {}
        }
        at += 1;
        if open == 0 {
            return at;
        }
    }
    text.len()
}

/// The end of the line, whether its end is a character or written out (`\r\n`).
pub(super) fn line_end(text: &[u8], start: usize) -> usize {
    let is_end = |at: &usize| {
        matches!(text[*at], b'\r' | b'\n') || text[*at] == b'\\' && matches!(text.get(at + 1), Some(b'r' | b'n'))
    };
    (start..text.len()).find(is_end).map_or(text.len(), |end| {
        // A text within a text has its line ends escaped more than once.
        end - text[start..end].iter().rev().take_while(|byte| **byte == b'\\').count()
    })
}

/// The next byte of some, or the end.
pub(super) fn until(text: &[u8], start: usize, stops: &[u8]) -> usize {
    text[start..].iter().position(|byte| stops.contains(byte)).map_or(text.len(), |len| start + len)
}

/// Behind spaces.
pub(super) fn after_spaces(text: &[u8], start: usize) -> usize {
    start + text[start..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
}
