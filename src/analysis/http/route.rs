//! Which requests are of one route?

/// A path without the parts that differ from request to request: `/items/17` is `/items/_`.
pub(super) fn masked(path: &str) -> String {
    let path = path.split(['?', '#']).next().unwrap_or(path);
    path.split('/').map(|part| if is_value(part) { "_" } else { part }).collect::<Vec<_>>().join("/")
}

/// Whether a part of a path is a number or an id: digits alone, or many with few letters as in a UUID.
fn is_value(part: &str) -> bool {
    let digits = part.bytes().filter(u8::is_ascii_digit).count();
    let is_hex = part.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    digits > 0 && (digits == part.len() || part.len() >= 8 && (is_hex || digits * 2 >= part.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_in_a_path_are_left_out() {
        let check = |path: &str, route: &str| assert_eq!(masked(path), route, "{path}");
        check("/items/17", "/items/_");
        check("/", "/");
        check("/api/v1/users/7/cart?x=1", "/api/v1/users/_/cart");
        check("/orders/3f2504e0-4f89-11d3-9a0c-0305e82c3301", "/orders/_");
        check("/feed/cafe", "/feed/cafe");
    }
}
