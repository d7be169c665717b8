//! Lines on stderr: never waited for, few at a time.
//!
//! A thread of its own writes them, so that a host that does not read stderr stops nobody: lines that find no room are
//! counted, and the count is told when there is room again. No line carries a value of an event, or a character that
//! would act on a terminal.

use std::io::Write;
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, channel, sync_channel};
use std::time::{Duration, Instant};

use std::sync::atomic::{AtomicU64, Ordering};

use elixir_scope_storage::visible::visible;

/// Lines that wait to be written.
const ROOM: usize = 256;

/// Lines of what goes wrong again and again that are written at once.
const BURST: f64 = 40.0;

/// Such lines a second, in the long run.
const PER_SECOND: f64 = 4.0;

/// How long the end of the program waits for somebody to read its last lines.
const LAST: Duration = Duration::from_millis(500);

/// Longest line, in bytes; what is longer is cut.
const MAX_LINE: usize = 2_000;

enum Said {
    /// A line that is said once: of the program itself.
    Once(String),
    /// A line of a kind that may be said again and again.
    Often(String),
    /// Everything before has been written.
    End(std::sync::mpsc::Sender<()>),
}

struct Voice {
    lines: SyncSender<Said>,
}

/// Lines that found no room, or were too many.
static LEFT_OUT: AtomicU64 = AtomicU64::new(0);

fn voice() -> Option<&'static Voice> {
    static VOICE: OnceLock<Option<Voice>> = OnceLock::new();
    VOICE
        .get_or_init(|| {
            let (lines, heard) = sync_channel(ROOM);
            let writer = std::thread::Builder::new().name("stderr".to_owned()).spawn(move || write(&heard));
            writer.is_ok().then_some(Voice { lines })
        })
        .as_ref()
}

/// Says a line of the program itself: what it does, why it ends.
pub(super) fn say(line: &str) {
    send(Said::Once(shown(line)));
}

/// Says a line that others may cause, again and again: beyond a few a second such lines are only counted.
pub(super) fn report(line: &str) {
    send(Said::Often(shown(line)));
}

/// Waits until everything is written, if somebody reads it.
pub(super) fn finish() {
    let (told, done) = channel();
    if let Some(voice) = voice() {
        let until = Instant::now() + LAST;
        let mut end = Said::End(told);
        // A full queue is being written, or it is not.
        loop {
            match voice.lines.try_send(end) {
                Ok(()) => break,
                Err(TrySendError::Full(again)) if Instant::now() < until => {
                    end = again;
                    std::thread::sleep(Duration::from_millis(1));
                }
                Err(_) => return,
            }
        }
        let _nobody_reads = done.recv_timeout(until.saturating_duration_since(Instant::now()));
    }
}

fn send(said: Said) {
    let is_sent = voice().is_some_and(|voice| voice.lines.try_send(said).is_ok());
    if !is_sent {
        LEFT_OUT.fetch_add(1, Ordering::Relaxed);
    }
}

/// A line as it is written.
fn shown(line: &str) -> String {
    let mut line = visible(line).into_owned();
    if line.len() > MAX_LINE {
        line.truncate(line.floor_char_boundary(MAX_LINE));
        line.push('\u{2026}');
    }
    line
}

/// How many lines of the kind that may be said again and again there is room for.
#[derive(Debug)]
struct Allowance {
    lines: f64,
    at: Instant,
}

impl Allowance {
    fn take(&mut self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.lines = (self.lines + passed * PER_SECOND).min(BURST);
        self.at = now;
        let is_free = self.lines >= 1.0;
        if is_free {
            self.lines -= 1.0;
        }
        is_free
    }
}

fn write(heard: &Receiver<Said>) {
    let mut allowance = Allowance { lines: BURST, at: Instant::now() };
    let mut stderr = std::io::stderr();
    // That nobody reads a line is no reason to end.
    let mut put = |line: &str| drop(stderr.write_all(format!("{line}\n").as_bytes()));
    let tell_left_out = |put: &mut dyn FnMut(&str)| match LEFT_OUT.swap(0, Ordering::Relaxed) {
        0 => {}
        1 => put("1 more line was left out"),
        more => put(&format!("{more} more lines were left out")),
    };
    while let Ok(said) = heard.recv() {
        match said {
            Said::Once(line) => {
                tell_left_out(&mut put);
                put(&line);
            }
            Said::Often(line) if allowance.take(Instant::now()) => {
                tell_left_out(&mut put);
                put(&line);
            }
            Said::Often(_) => _ = LEFT_OUT.fetch_add(1, Ordering::Relaxed),
            Said::End(done) => {
                tell_left_out(&mut put);
                let _gave_up = done.send(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_said_and_then_a_few_a_second() {
        let start = Instant::now();
        let mut allowance = Allowance { lines: BURST, at: start };
        let mut said = |seconds: f64, tries: usize| {
            (0..tries).filter(|_| allowance.take(start + Duration::from_secs_f64(seconds))).count()
        };
        assert_eq!(said(0.0, 1000), BURST as usize);
        assert_eq!(said(0.5, 1000), 2);
        assert_eq!(said(10.5, 1000), BURST as usize);
    }

    #[test]
    fn lines_are_one_line_and_bounded() {
        assert_eq!(shown("a\nb\u{1b}[2J"), "a\\nb\\u{1b}[2J");
        assert!(shown(&"é".repeat(5000)).len() <= MAX_LINE + 3);
    }
}
