//! Which names say that their value is a secret?

/// How surely a name tells a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Secrecy {
    /// Whatever the value: `password: 1234`.
    Any,
    /// Unless the value is a number: `token: 12` counts or numbers something.
    Texts,
}

/// Names whose values are hidden whatever they are. Words apart by `_`; found as whole words in any spelling.
const ANY: [&str; 32] = [
    "password",
    "passwords",
    "passwd",
    "pwd",
    "passphrase",
    "passcode",
    "secret",
    "secrets",
    "credential",
    "credentials",
    "client_secret",
    "secret_key_base",
    "api_key",
    "apikey",
    "api_keys",
    "private_key",
    "privatekey",
    "access_key",
    "accesskey",
    "signing_key",
    "encryption_key",
    "master_key",
    "auth_key",
    "signing_salt",
    "encryption_salt",
    "card_number",
    "cardnumber",
    "cc_number",
    "credit_card",
    "cvv",
    "cvc",
    "userinfo",
];

/// Names whose values are hidden unless they are numbers.
const TEXTS: [&str; 9] =
    ["token", "tokens", "authorization", "cookie", "cookies", "jwt", "basic_auth", "bearer", "session_key"];

/// Names that tell a secret only when they stand alone: as a word among others they are too common.
const ALONE: [&str; 9] =
    ["pass", "auth", "user_pass", "default_pass", "db_pass", "login_pass", "auth_pass", "smtp_pass", "admin_pass"];

/// Words that also tell a secret as the end of a longer one: `accesstoken`, `userpassword`.
const ENDS: [&str; 8] = ["password", "passwd", "passphrase", "secret", "token", "cookie", "apikey", "credentials"];

/// A name that ends so tells of a secret without being one: `token_count`, `password_changed_at`.
const ABOUT: [&str; 47] = [
    "at",
    "attempts",
    "algorithm",
    "alg",
    "bytes",
    "changed",
    "count",
    "counter",
    "enabled",
    "endpoint",
    "expires",
    "expiry",
    "expired",
    "expiration",
    "field",
    "file",
    "id",
    "in",
    "length",
    "len",
    "limit",
    "max",
    "max_age",
    "min",
    "module",
    "name",
    "names",
    "param",
    "path",
    "policy",
    "pos",
    "position",
    "required",
    "seconds",
    "size",
    "strength",
    "ttl",
    "type",
    "types",
    "updated",
    "uri",
    "url",
    "usage",
    "used",
    "valid",
    "version",
    "line",
];

/// Longest name looked at, in bytes.
const MAX_NAME: usize = 128;

/// The names of secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Words {
    any: Vec<Vec<String>>,
    texts: Vec<Vec<String>>,
    /// Whether these are the names of the default list, or more.
    has_defaults: bool,
}

impl Words {
    /// The default names, or none of them, and others.
    pub(super) fn new(has_defaults: bool, more: &[String]) -> Self {
        let entries = |names: &[&str]| names.iter().map(|name| split(name.as_bytes())).collect::<Vec<_>>();
        let (mut any, texts) = if has_defaults { (entries(&ANY), entries(&TEXTS)) } else { (Vec::new(), Vec::new()) };
        any.extend(more.iter().map(|name| split(name.as_bytes())).filter(|words| !words.is_empty()));
        Self { any, texts, has_defaults }
    }

    /// Starts of names that must be in a text for one of them to be there, in the cases they are written in.
    pub(super) fn stems(&self) -> Vec<String> {
        let mut stems: Vec<String> = Vec::new();
        if self.has_defaults {
            let parts = ["pass", "secr", "toke", "cook", "auth", "cred", "jwt", "cvv", "cvc", "pwd", "userinfo"];
            stems.extend(parts.iter().flat_map(|part| cases(part)));
            stems.extend(
                ["_key", "-key", "-Key", "_KEY", "Key", "ikey", "IKEY", "sskey", "tekey", "_salt", "Salt"]
                    .map(str::to_owned),
            );
            stems.extend(["card", "cc_num", "ccNum"].iter().flat_map(|part| cases(part)));
        }
        let defaults = if self.has_defaults { ANY.len() } else { 0 };
        stems.extend(self.any[defaults..].iter().filter_map(|words| words.first()).flat_map(|word| cases(word)));
        stems.sort();
        stems.dedup();
        stems
    }

    /// Whether a name tells a secret.
    pub(super) fn secrecy(&self, name: &[u8]) -> Option<Secrecy> {
        if name.len() < 2 || name.len() > MAX_NAME {
            return None;
        }
        let words = split(name);
        let last = words.last()?;
        if words.len() > 1 && ABOUT.contains(&last.as_str()) {
            return None;
        }
        let has = |entries: &[Vec<String>]| {
            entries.iter().any(|entry| words.windows(entry.len()).any(|part| part == entry.as_slice()))
        };
        if has(&self.any) {
            return Some(Secrecy::Any);
        }
        if has(&self.texts) {
            return Some(Secrecy::Texts);
        }
        if !self.has_defaults {
            return None;
        }
        if ALONE.contains(&words.join("_").as_str()) {
            return Some(Secrecy::Texts);
        }
        let ends = words.iter().find_map(|word| ENDS.iter().find(|end| word.ends_with(**end)));
        ends.map(|end| if matches!(*end, "token" | "cookie") { Secrecy::Texts } else { Secrecy::Any })
    }

    /// Whether the name of a function says that it works on secrets: its texts, in and out, are hidden.
    /// `check_password/4`, `hash_pwd_salt/1`, `get_password_s/2`.
    pub(super) fn is_about_secrets(&self, function: &[u8]) -> bool {
        const WORDS: [&str; 9] =
            ["password", "passwd", "pwd", "pass", "passphrase", "secret", "credentials", "token", "cookie"];
        if !self.has_defaults || function.len() > MAX_NAME {
            return false;
        }
        split(function).iter().any(|word| WORDS.contains(&word.as_str()) || word.ends_with("password"))
    }
}

/// The words of a name, in lower case: `db-password`, `DB_PASSWORD` and `dbPassword` are `db` and `password`.
fn split(name: &[u8]) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    for (at, &byte) in name.iter().enumerate() {
        if !byte.is_ascii_alphanumeric() && byte.is_ascii() {
            if !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
            continue;
        }
        let before = at.checked_sub(1).map(|at| name[at]);
        let after = name.get(at + 1).copied();
        let begins = byte.is_ascii_uppercase()
            && (before.is_some_and(|before| before.is_ascii_lowercase() || before.is_ascii_digit())
                || before.is_some_and(|before| before.is_ascii_uppercase())
                    && after.is_some_and(|after| after.is_ascii_lowercase()));
        // `password2` is a password.
        let is_number = byte.is_ascii_digit() && before.is_some_and(|before| before.is_ascii_alphabetic());
        if (begins || is_number) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        word.push(char::from(byte.to_ascii_lowercase()));
    }
    if !word.is_empty() {
        words.push(word);
    }
    if words.len() > 1 && words.last().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit())) {
        words.pop();
    }
    words
}

/// `pass`, `Pass`, `PASS`.
fn cases(word: &str) -> [String; 3] {
    let mut title = word.to_owned();
    if let Some(first) = title.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    [word.to_owned(), title, word.to_ascii_uppercase()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_known_in_every_spelling_and_words_like_them_are_not() {
        let words = Words::new(true, &["ssn".to_owned()]);
        for name in [
            "password",
            "user_password",
            "db-password",
            "passwordHash",
            "PASSWORD",
            "Password2",
            "csrf_token",
            "_csrf_token",
            "secret_key_base",
            "SECRET_KEY_BASE",
            "x-api-key",
            "apiKey",
            "apikey",
            "X-Api-Key",
            "accesstoken",
            "accessToken",
            "access_token",
            "set-cookie",
            "Cookie",
            "cookies",
            "req_cookies",
            "Authorization",
            "proxy-authorization",
            "http.request.header.authorization",
            "clientSecret",
            "pass",
            "auth",
            "basic_auth",
            "private_key",
            "refresh_token",
            "credentials",
            "ssn",
            "user_ssn",
            "msg_password",
            "card_number",
            "userinfo",
            "password_hash",
            "HTTPToken",
            "newpassword",
            "passphrase",
            "pwd",
        ] {
            assert!(words.secrecy(name.as_bytes()).is_some(), "{name}");
        }
        for name in [
            "passed",
            "pass_rate",
            "bypass",
            "compass",
            "passenger",
            "secretary",
            "tokenizer",
            "tokenize",
            "authors",
            "key",
            "authorize",
            "cookiecutter",
            "token_count",
            "token_type",
            "password_changed_at",
            "password_length",
            "first_pass",
            "keyboard",
            "primary_key",
            "name",
            "auth_state",
            "author",
            "",
            "p",
            "cookie_name",
            "secret_id",
            "monkey",
        ] {
            assert_eq!(words.secrecy(name.as_bytes()), None, "{name}");
        }
        assert_eq!(words.secrecy(b"max_tokens"), Some(Secrecy::Texts));
        assert_eq!(words.secrecy(b"pin_password"), Some(Secrecy::Any));
    }

    #[test]
    fn a_list_of_ones_own_takes_the_place_of_the_defaults() {
        let words = Words::new(false, &["ssn".to_owned(), "tax-id".to_owned()]);
        assert!(words.secrecy(b"userSSN").is_some() && words.secrecy(b"tax_id_number").is_some());
        assert_eq!((words.secrecy(b"password"), words.secrecy(b"accesstoken")), (None, None));
    }
}
