//! What does a dump say of itself: when and why was it written?

use super::process::field;
use crate::event::time;

/// Bytes of a slogan that are kept: it may hold a whole state.
const MAX_SLOGAN: usize = 64 << 10;

/// The first lines of a dump.
#[derive(Clone, Debug, Default)]
pub(super) struct Header {
    /// The time of the dump as it is written: by the clock on the wall of that machine.
    pub(super) written: Option<String>,
    /// The same as nanoseconds, as if that clock showed UTC.
    pub(super) at_ns: Option<i64>,
    pub(super) slogan: Option<String>,
    pub(super) system_version: Option<String>,
    pub(super) compiled: Option<String>,
    pub(super) taints: Option<String>,
    pub(super) atoms: Option<i64>,
    /// The scheduler that wrote it.
    pub(super) scheduler: Option<String>,
}

impl Header {
    /// Reads a line.
    pub(super) fn line(&mut self, line: &str) {
        let once = |place: &mut Option<String>, value: &str| _ = place.get_or_insert_with(|| value.to_owned());
        match field(line) {
            Some(("Slogan", value)) if self.slogan.is_none() => self.slogan = Some(cut(value).to_owned()),
            Some(("System version", value)) => once(&mut self.system_version, value),
            Some(("Compiled", value)) => once(&mut self.compiled, value),
            Some(("Taints", value)) => once(&mut self.taints, value),
            Some(("Atoms", value)) => self.atoms = value.parse().ok(),
            Some(("Calling Thread", value)) => self.scheduler = value.strip_prefix("scheduler:").map(str::to_owned),
            _ => match &mut self.slogan {
                // A slogan may have several lines; nothing else has.
                Some(slogan) if self.system_version.is_none() => {
                    if slogan.len() + line.len() < MAX_SLOGAN {
                        slogan.push('\n');
                        slogan.push_str(line);
                    }
                }
                _ => {
                    self.at_ns = self.at_ns.or_else(|| date(line));
                    once(&mut self.written, line.trim());
                }
            },
        }
    }
}

fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(MAX_SLOGAN)).unwrap_or(text)
}

/// `Sun Nov 29 16:12:31 2026`.
fn date(line: &str) -> Option<i64> {
    let mut parts = line.split_ascii_whitespace();
    let (_, month, day, clock, year) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = months.iter().position(|name| *name == month)? + 1;
    let day: u8 = day.parse().ok()?;
    if parts.next().is_some() {
        return None;
    }
    time::rfc3339(&format!("{year}-{month:02}-{day:02}T{clock}Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_read() {
        let mut header = Header::default();
        for line in [
            "Thu Jan  1 00:00:01 1970",
            "Slogan: Kernel pid terminated",
            "a second line: of it",
            "System version: Erlang/OTP 25",
            "Calling Thread: scheduler:2",
        ] {
            header.line(line);
        }
        assert_eq!(header.at_ns, Some(1_000_000_000));
        assert_eq!(header.slogan.as_deref(), Some("Kernel pid terminated\na second line: of it"));
        assert_eq!(header.scheduler.as_deref(), Some("2"));
        assert_eq!(date("yesterday"), None);
    }
}
