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
        "trace" | "default" => "trace",
        _ => return None,
    })
}

/// pino and bunyan count from 10 up.
pub(super) const fn counted(level: i64) -> &'static str {
    match level {
        ..20 => "trace",
        20..30 => "debug",
        30..40 => "info",
        40..50 => "warning",
        50..60 => "error",
        _ => "critical",
    }
}

/// GELF has the numbers of syslog.
pub(super) fn of_syslog(level: i64) -> Option<&'static str> {
    let names = ["emergency", "alert", "critical", "error", "warning", "notice", "info", "debug"];
    names.get(usize::try_from(level).ok()?).copied()
}
