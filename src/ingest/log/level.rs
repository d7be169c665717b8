//! How grave is an entry?

/// The name of a level in any of its writings, as Erlang's logger has it.
pub(super) fn named(text: &str) -> Option<&'static str> {
    // Longer than any: not worth folding.
    let text = text.get(..text.len().min(16))?.to_ascii_lowercase();
    Some(match &*text {
        "emergency" | "emerg" | "panic" => "emergency",
        "alert" => "alert",
        "critical" | "crit" | "fatal" => "critical",
        "error" | "err" => "error",
        "warning" | "warn" => "warning",
        "notice" => "notice",
        "info" | "information" | "informational" => "info",
        "debug" => "debug",
        "trace" => "trace",
        "default" => "default",
        _ => return None,
    })
}

/// pino and bunyan count in tens. Any other number is of a scale that is not known.
pub(super) const fn counted(level: i64) -> Option<&'static str> {
    Some(match level {
        10 => "trace",
        20 => "debug",
        30 => "info",
        40 => "warning",
        50 => "error",
        60 => "critical",
        _ => return None,
    })
}

/// GELF has the numbers of syslog.
pub(super) fn of_syslog(level: i64) -> Option<&'static str> {
    let names = ["emergency", "alert", "critical", "error", "warning", "notice", "info", "debug"];
    names.get(usize::try_from(level).ok()?).copied()
}
