//! What an import did and what the store holds, for people.

use std::fmt::Write;
use std::time::Duration;

use bytesize::ByteSize;
use elixir_scope_storage::EventStore;
use elixir_scope_storage::ingest::Recording;
use elixir_scope_storage::visible::visible;

use super::load::Import;

/// Bytes of a key that are shown.
const LONGEST_KEY: usize = 200;

/// One import on one line.
pub(super) fn line(import: &Import) -> String {
    let Import { path, report, elapsed } = import;
    let mut parts = vec![format!("{} read", events(report.events)), format!("{} stored", grouped(report.stored))];
    for (count, what) in [
        (report.replaced, "replaced"),
        (report.duplicates, "duplicate"),
        (report.rejected, "rejected"),
        (report.timestamps_assigned, "stamped on arrival"),
        (report.far_times, "with a time far from its source's clock"),
        (report.redacted, if report.redacted == 1 { "secret hidden" } else { "secrets hidden" }),
        (report.pruned, "pruned"),
    ] {
        if count > 0 {
            parts.push(format!("{} {what}", grouped(count)));
        }
    }
    if !report.broken.is_empty() {
        parts.push("broken off".to_owned());
    }
    let millis = humantime::format_duration(Duration::from_millis(elapsed.as_millis() as u64));
    format!("{}: {} ({} in {millis})", visible(&path.display().to_string()), parts.join(", "), ByteSize(report.bytes))
}

/// The imports, and everything the store now holds.
pub(super) fn contents(imports: &[Import], store: &EventStore) -> String {
    let mut text = String::new();
    write_contents(&mut text, imports, store).map_or_else(|_| String::new(), |()| text)
}

fn write_contents(text: &mut String, imports: &[Import], store: &EventStore) -> std::fmt::Result {
    for import in imports {
        writeln!(text, "{}", line(import))?;
        write_recordings(text, import)?;
    }
    let stats = store.get_stats();
    write!(text, "\n{} kept", events(stats.total_events))?;
    match (stats.oldest_timestamp, stats.newest_timestamp) {
        (Some(oldest), Some(newest)) => {
            let span = Duration::from_nanos(newest.abs_diff(oldest));
            writeln!(text, ", from {oldest} to {newest} ({})", humantime::format_duration(span))?;
        }
        _ => writeln!(text)?,
    }
    writeln!(text, "{} of memory", ByteSize(stats.memory.total_bytes))?;
    for (title, top) in [
        ("event types", &stats.top_event_types),
        ("pids, in any role", &stats.top_pids),
        ("functions", &stats.top_functions),
    ] {
        if !top.is_empty() {
            writeln!(text, "\nMost frequent {title}:")?;
        }
        let width = top.iter().map(|(_, count)| grouped(*count).len()).max().unwrap_or_default();
        for (name, count) in top {
            writeln!(text, "  {:>width$}  {}", grouped(*count), short(name))?;
        }
    }
    Ok(())
}

/// What an import's files are, and what their traces say of themselves.
fn write_recordings(text: &mut String, Import { path, report, .. }: &Import) -> std::fmt::Result {
    for Recording { format, session_id, files, .. } in &report.recordings {
        write!(text, "  {format}")?;
        if let Some(session_id) = session_id {
            write!(text, ", session {}", short(session_id))?;
        }
        match files.as_slice() {
            [file] if file == path => writeln!(text)?,
            [file] => writeln!(text, ": {}", visible(&file.display().to_string()))?,
            [first, .., last] => {
                writeln!(
                    text,
                    ", {} files from {} to {}",
                    files.len(),
                    visible(&first.display().to_string()),
                    visible(&last.display().to_string())
                )?;
            }
            [] => writeln!(text)?,
        }
    }
    if report.records > 0 || report.dropped > 0 {
        let (records, dropped) = (grouped(report.records), grouped(report.dropped));
        let gaps = if report.gaps == 1 { "1 gap".to_owned() } else { format!("{} gaps", grouped(report.gaps)) };
        let unknown = grouped(report.unknown);
        writeln!(text, "  {records} trace messages, {unknown} of unknown kind; {dropped} dropped, in {gaps}")?;
        if report.cut > 0 {
            writeln!(text, "  {} values longer than --max-value-bytes, cut", grouped(report.cut))?;
        }
    }
    if let Some((first, last)) = report.span {
        let span = humantime::format_duration(Duration::from_nanos(last.abs_diff(first)));
        writeln!(text, "  {span} long, from {first} to {last}")?;
    }
    Ok(())
}

/// A key as a screen shows it: on one line, and not longer than it.
fn short(key: &str) -> String {
    let mut shown = visible(key).into_owned();
    if shown.len() > LONGEST_KEY {
        let bytes = shown.len();
        shown.truncate(shown.floor_char_boundary(LONGEST_KEY));
        let rest = bytes - shown.len();
        _ = write!(shown, "\u{2026}+{rest}B");
    }
    shown
}

fn events(count: u64) -> String {
    let noun = if count == 1 { "event" } else { "events" };
    format!("{} {noun}", grouped(count))
}

/// Thousands apart: `1,234,567`.
fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        for (count, shown) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(count), shown);
        }
        assert_eq!((events(0), events(1)), ("0 events".to_owned(), "1 event".to_owned()));
    }
}
