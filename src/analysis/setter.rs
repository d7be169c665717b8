//! Which functions set a timer?

/// By module and function.
pub(crate) const SETTERS: [(&str, &str); 5] = [
    (":erlang", "send_after"),
    (":erlang", "start_timer"),
    ("Process", "send_after"),
    (":timer", "send_after"),
    (":timer", "send_interval"),
];

/// Whether a function, as `Process.send_after/3`, is one of them.
pub(crate) fn is_setter(mfa: &str) -> bool {
    let is = |(module, function): &(&str, &str)| {
        let rest = mfa.strip_prefix(module).and_then(|rest| rest.strip_prefix('.')?.strip_prefix(function));
        rest.is_some_and(|rest| rest.starts_with('/'))
    };
    SETTERS.iter().any(is)
}

#[cfg(test)]
mod tests {
    use super::is_setter;

    #[test]
    fn a_setter_is_told_by_module_and_function() {
        assert!(is_setter("Process.send_after/3") && is_setter(":timer.send_interval/2"));
        for other in ["Process.send/2", "My.Process.send_after/3", ":erlang.send_after_all/1", "send_after/3", ""] {
            assert!(!is_setter(other), "{other}");
        }
    }
}
