//! Which part of a list is asked for?
//!
//! Every list of today fits one page; the cursor is there for lists that grow.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rmcp::model::{ErrorData, PaginatedRequestParams};

/// Entries of a page: more than any of the lists has, few enough for one line that every client reads.
const PAGE: usize = 200;

/// What a cursor starts with, before it is encoded.
const MARK: &str = "es-list";

/// The page of a list that a request asks for, and the cursor of the next one; `list` is the request's method.
pub(crate) fn page<T>(
    list: &str,
    items: Vec<T>,
    request: Option<&PaginatedRequestParams>,
) -> Result<(Vec<T>, Option<String>), ErrorData> {
    page_of(PAGE, list, items, request.and_then(|request| request.cursor.as_deref()))
}

fn page_of<T>(
    size: usize,
    list: &str,
    items: Vec<T>,
    cursor: Option<&str>,
) -> Result<(Vec<T>, Option<String>), ErrorData> {
    let start = match cursor {
        None => 0,
        Some(cursor) => start_of(list, cursor).filter(|start| *start < items.len()).ok_or_else(|| {
            let message = format!(
                "cursor: {cursor:?} is not a cursor of {list}; pass the nextCursor of its page before unchanged, or \
                 leave cursor out for the first page"
            );
            ErrorData::invalid_params(message, None)
        })?,
    };
    let end = start.saturating_add(size);
    let next = (end < items.len()).then(|| BASE64_URL_SAFE_NO_PAD.encode(format!("{MARK} {list} {end}")));
    Ok((items.into_iter().skip(start).take(size).collect(), next))
}

fn start_of(list: &str, cursor: &str) -> Option<usize> {
    let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let start = text.strip_prefix(MARK)?.strip_prefix(' ')?.strip_prefix(list)?.strip_prefix(' ')?;
    start.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_put_together_are_the_list() {
        for size in 1..=6 {
            let mut seen = Vec::new();
            let mut cursor = None;
            loop {
                let (page, next) = page_of(size, "tools/list", vec![1, 2, 3, 4, 5], cursor.as_deref()).unwrap();
                assert!((1..=size).contains(&page.len()), "no page is empty or too long");
                seen.extend(page);
                cursor = next;
                if cursor.is_none() {
                    break;
                }
            }
            assert_eq!(seen, [1, 2, 3, 4, 5], "pages of {size}");
        }
    }

    #[test]
    fn an_empty_list_is_one_empty_page() {
        assert_eq!(page_of::<u8>(3, "tools/list", Vec::new(), None).unwrap(), (Vec::new(), None));
    }

    #[test]
    fn a_cursor_that_was_not_given_for_this_list_is_invalid_params() {
        let (_, next) = page_of(2, "tools/list", vec![1, 2, 3], None).unwrap();
        let of_tools = next.unwrap();
        let past_the_end = BASE64_URL_SAFE_NO_PAD.encode(format!("{MARK} prompts/list 3"));
        for wrong in ["", "nonsense", "bm9uc2Vuc2U", of_tools.as_str(), past_the_end.as_str()] {
            let error = page_of(2, "prompts/list", vec![1, 2, 3], Some(wrong)).unwrap_err();
            assert_eq!(error.code.0, -32602);
            assert!(error.message.contains("cursor:") && error.message.contains("first page"), "{}", error.message);
        }
    }
}
