//! How long did it take, how much memory is held, and how is it told to the parent process?
//!
//! Other programs may share the machine. The kernel counts how long a thread was ready to run but had no core
//! (`schedstat`); every time is given without that.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

/// A query is asked at most so often.
const MAX_RUNS: usize = 2_000;

/// ... and at least so often, however slow.
const MIN_RUNS: usize = 11;

/// A query is measured for about so long.
const RUN_FOR: Duration = Duration::from_millis(800);

/// Measures one thread.
#[derive(Debug)]
pub struct Stopwatch {
    /// `None` where the kernel does not tell.
    schedstat: Option<File>,
}

impl Stopwatch {
    /// For the calling thread only.
    pub fn new() -> Self {
        Self { schedstat: File::open("/proc/thread-self/schedstat").ok() }
    }

    /// Nanoseconds spent ready but without a core since the thread began.
    fn waited(&self) -> u64 {
        let mut text = [0; 64];
        let read = self.schedstat.as_ref().and_then(|file| file.read_at(&mut text, 0).ok()).unwrap_or(0);
        let text = std::str::from_utf8(&text[..read]).unwrap_or_default();
        text.split_ascii_whitespace().nth(1).and_then(|ns| ns.parse().ok()).unwrap_or(0)
    }

    /// Runs `work` once. Waiting for locks and for other threads counts, waiting for a core does not.
    pub fn time<T>(&self, work: impl FnOnce() -> T) -> (T, Duration) {
        let waited = self.waited();
        let started = Instant::now();
        let result = work();
        let wall = started.elapsed();
        let waited = Duration::from_nanos(self.waited() - waited);
        (result, wall.saturating_sub(waited))
    }
}

/// Many measurements of one thing.
#[derive(Clone, Debug, Default)]
pub struct Laps(Vec<Duration>);

impl Laps {
    /// Asks until [`RUN_FOR`] has passed.
    pub fn of<T>(watch: &Stopwatch, mut work: impl FnMut(usize) -> T) -> Self {
        for run in 0..3 {
            std::hint::black_box(work(run));
        }
        let started = Instant::now();
        let mut laps = Self::default();
        for run in 0..MAX_RUNS {
            if run >= MIN_RUNS && started.elapsed() > RUN_FOR {
                break;
            }
            let (result, lap) = watch.time(|| work(run));
            std::hint::black_box(result);
            laps.push(lap);
        }
        laps
    }

    pub fn push(&mut self, lap: Duration) {
        self.0.push(lap);
    }

    fn quantile(&self, share: f64) -> Duration {
        let mut all = self.0.clone();
        all.sort_unstable();
        let at = (all.len() as f64 * share) as usize;
        all.get(at.min(all.len().saturating_sub(1))).copied().unwrap_or_default()
    }

    pub fn median_us(&self) -> f64 {
        us(self.quantile(0.5))
    }

    pub fn p99_us(&self) -> f64 {
        us(self.quantile(0.99))
    }

    /// Keeps only the longest of another's.
    pub fn push_longest(&mut self, other: &Self) {
        self.0.extend(other.0.iter().max());
    }

    pub fn median_ms(&self) -> f64 {
        us(self.quantile(0.5)) / 1e3
    }

    pub fn longest_ms(&self) -> f64 {
        us(self.quantile(1.0)) / 1e3
    }

    /// Splits the laps into a few runs and takes the median of their averages: noise that comes in bursts goes, rare
    /// slow batches stay in.
    pub fn per_event_us(&self, events_per_lap: usize) -> f64 {
        const PARTS: usize = 9;
        let part = self.0.len().div_ceil(PARTS).max(1);
        let mut averages: Vec<f64> =
            self.0.chunks(part).map(|laps| us(laps.iter().sum()) / (laps.len() * events_per_lap) as f64).collect();
        averages.sort_by(f64::total_cmp);
        averages.get(averages.len() / 2).copied().unwrap_or_default()
    }
}

pub fn us(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

/// Bytes of this process that are in memory now, and the most there ever were.
pub fn resident() -> (u64, u64) {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name))?;
        line.split_ascii_whitespace().nth(1)?.parse::<u64>().ok()
    };
    (field("VmRSS:").unwrap_or(0) << 10, field("VmHWM:").unwrap_or(0) << 10)
}

/// Figures by name; a child process prints them, one `name value` a line.
#[derive(Clone, Debug, Default)]
pub struct Figures(BTreeMap<String, f64>);

impl Figures {
    /// Keeps a figure and prints it at once.
    pub fn tell(&mut self, name: impl Into<String>, value: f64) {
        let name = name.into();
        println!("{name} {value}");
        let _flushed = std::io::stdout().flush();
        self.0.insert(name, value);
    }

    /// Median and p99 of a query.
    pub fn tell_query(&mut self, name: &str, laps: &Laps) {
        self.tell(format!("q.{name}.p50_us"), laps.median_us());
        self.tell(format!("q.{name}.p99_us"), laps.p99_us());
        self.tell(format!("q.{name}.runs"), laps.0.len() as f64);
    }

    /// What was found: how many match, how many came, and which, in their order.
    pub fn tell_answer<'i>(&mut self, name: &str, total: u64, ids: impl Iterator<Item = &'i str>) {
        let (mut returned, mut digest) = (0_u64, 0xcbf2_9ce4_8422_2325_u64);
        for id in ids {
            returned += 1;
            digest = id.bytes().fold(digest, |digest, byte| (digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        }
        self.tell(format!("q.{name}.total"), total as f64);
        self.tell(format!("q.{name}.returned"), returned as f64);
        // 52 bits fit an f64.
        self.tell(format!("q.{name}.digest"), (digest >> 12) as f64);
    }

    /// Reads what a child printed.
    pub fn read(text: &str) -> Self {
        let figure = |line: &str| {
            let (name, value) = line.split_once(' ')?;
            Some((name.to_owned(), value.trim().parse().ok()?))
        };
        Self(text.lines().filter_map(figure).collect())
    }

    pub fn get(&self, name: &str) -> Option<f64> {
        self.0.get(name).copied()
    }

    /// Takes every figure of another variant that is better than ours; all figures are better when smaller.
    pub fn take_better(&mut self, other: &Self) {
        for (name, value) in &other.0 {
            let ours = self.0.entry(name.clone()).or_insert(*value);
            if *value < *ours {
                *ours = *value;
            }
        }
    }
}
