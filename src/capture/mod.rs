//! How do events arrive from systems that run now?
//!
//! A [`Capture`] holds sources: trace ports it connects to, and addresses producers connect to. Each is read by threads
//! of its own, which hand events to the store batch by batch: when enough are there, or when nothing more comes at once.
//! A source that cannot be stored fast enough is not read; it then drops and counts, and the count becomes an event of
//! type `gap`.
//!
//! `frames` finds records in bytes, `incarnation` says who speaks, `timeline` puts clocks on one, `live` takes one process
//! into the store, `records` and `lines` read a connection, `dbg` and `listen` make connections, `status` keeps what is
//! known.

mod address;
mod dbg;
mod frames;
mod incarnation;
mod lines;
mod listen;
mod live;
mod quit;
mod reader;
mod records;
mod status;
mod timeline;
mod waiting;

use std::fmt;
use std::net::{SocketAddr, TcpListener};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use parking_lot::Mutex;

use crate::budget::Budget;
use crate::clock::{Clock, SystemClock};
use crate::error::{Error, Result};
use crate::ingest::ImportOptions;
use crate::redact::Rules;
use crate::store::EventStore;
use crate::visible::without_values;
pub use address::Reach;
use address::{Peer, listen_address};
use quit::Quit;
use status::Ledger;
pub use status::{Counts, Interruption, Kind, SessionStatus, SourceStatus, State};
use timeline::Timeline;

/// Sources that run at once.
const MAX_RUNNING: usize = 32;

/// Sources remembered, those that stopped included.
const MAX_SOURCES: usize = 128;

/// Bytes that all records and lines together may hold which have not come whole.
const UNFINISHED_BYTES: u64 = 512 << 20;

/// Told, in one line each, what goes wrong with sources.
pub type Tell = Arc<dyn Fn(&str) + Send + Sync>;

/// Where a source is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// `HOST:PORT` of a trace port of `dbg`.
    Dbg(String),
    /// `[ADDRESS:]PORT` to listen on.
    Listen(String),
}

impl Target {
    /// Whether the address can be read and may be used by whoever starts the program.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid): what is expected, or what would have to be allowed.
    pub fn check(&self, reach: &Reach) -> Result<()> {
        match self {
            Self::Dbg(text) => Peer::read(text).map(drop),
            Self::Listen(text) => listen_address(text, reach).map(drop),
        }
    }
}

/// Who asks for a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Who started the program: any host may be meant.
    AtStart,
    /// A call: [`Reach`] says where it may lead.
    ByCall,
}

/// The live sources of one store. A handle: clones share them; they end with the last.
#[derive(Clone)]
pub struct Capture {
    shared: Arc<Shared>,
}

struct Shared {
    hub: Arc<Hub>,
    reach: Reach,
    sources: Mutex<Vec<Source>>,
}

/// What all connections need.
struct Hub {
    store: EventStore,
    clock: Arc<dyn Clock>,
    max_value_bytes: usize,
    redact: Rules,
    timeline: Mutex<Timeline>,
    /// Sessions begun.
    sessions: AtomicU64,
    tell: Tell,
    /// Bytes that records and lines may hold which have not come whole.
    budget: Budget,
}

struct Source {
    ledger: Arc<Ledger>,
    quit: Arc<Quit>,
    /// Where it listens.
    listens: Option<SocketAddr>,
    thread: Option<JoinHandle<()>>,
}

/// What a new source is kept in, or the one of its name that runs.
type Place = std::result::Result<(Arc<Ledger>, Arc<Quit>), SourceStatus>;

impl fmt::Debug for Capture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Capture").field("sources", &self.status()).finish_non_exhaustive()
    }
}

impl Hub {
    fn next_prefix(&self) -> String {
        format!("l{}-", self.sessions.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Takes down what went wrong with a source, and tells it if it is news.
    fn complain(&self, ledger: &Ledger, error: &str) {
        // What is wrong may be told with the value that is.
        let hidden = self.redact.text(error);
        let error = hidden.as_ref().map_or(error, |(hidden, _)| hidden);
        if ledger.complain(error) {
            (self.tell)(&format!("{} {}: {}", ledger.kind.name(), ledger.source, without_values(error)));
        }
    }
}

impl Capture {
    /// No sources yet, on the machine's clock. `tell` hears, a line at a time, what goes wrong with them.
    /// How values (arguments, messages, states) are read, and what is hidden of them, is as of recordings.
    pub fn new(store: EventStore, reach: Reach, reading: &ImportOptions, tell: Tell) -> Self {
        Self::with_clock(store, reach, reading, tell, Arc::new(SystemClock))
    }

    /// No sources yet, on another clock.
    pub fn with_clock(
        store: EventStore,
        reach: Reach,
        reading: &ImportOptions,
        tell: Tell,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let ImportOptions { max_value_bytes, redact, .. } = reading.clone();
        let (timeline, sessions) = (Mutex::default(), AtomicU64::new(0));
        let hub = Hub {
            store,
            clock,
            max_value_bytes,
            redact,
            timeline,
            sessions,
            tell,
            budget: Budget::new(UNFINISHED_BYTES),
        };
        Self { shared: Arc::new(Shared { hub: Arc::new(hub), reach, sources: Mutex::default() }) }
    }

    /// Starts a source. One that runs already goes on; the flag says whether it was started now.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) when the address cannot be read or may not be used,
    /// [`NotFound`](crate::ErrorKind::NotFound) when it cannot be listened on,
    /// [`LimitExceeded`](crate::ErrorKind::LimitExceeded) when 32 sources run.
    pub fn start(&self, target: &Target, asked: Asked) -> Result<(SourceStatus, bool)> {
        match target {
            Target::Dbg(text) => self.start_dbg(text, asked),
            Target::Listen(text) => self.start_listen(text),
        }
    }

    fn start_dbg(&self, text: &str, asked: Asked) -> Result<(SourceStatus, bool)> {
        let peer = Peer::read(text)?;
        if asked == Asked::ByCall {
            peer.admit(&self.shared.reach)?;
        }
        let mut sources = self.shared.sources.lock();
        let (ledger, quit) = match self.place(&mut sources, peer.name(), Kind::Dbg)? {
            Ok(place) => place,
            Err(running) => return Ok((running, false)),
        };
        ledger.set_state(State::Connecting);
        let work = {
            let (hub, ledger, quit) = (Arc::clone(&self.shared.hub), Arc::clone(&ledger), Arc::clone(&quit));
            move || dbg::run(&hub, &ledger, &quit, &peer)
        };
        self.spawn(&mut sources, ledger, quit, None, work)
    }

    fn start_listen(&self, text: &str) -> Result<(SourceStatus, bool)> {
        let address = listen_address(text, &self.shared.reach)?;
        let mut sources = self.shared.sources.lock();
        if address.port() != 0 {
            let running = |source: &&Source| source.listens == Some(address) && source.is_running();
            if let Some(running) = sources.iter().find(running) {
                return Ok((running.ledger.status(), false));
            }
        }
        let cannot = |error: std::io::Error| Error::not_found(format!("listen: cannot listen on {address}: {error}"));
        let listener = TcpListener::bind(address).map_err(cannot)?;
        let address = listener.local_addr().map_err(cannot)?;
        let (ledger, quit) = match self.place(&mut sources, address.to_string(), Kind::Listen)? {
            Ok(place) => place,
            Err(running) => return Ok((running, false)),
        };
        ledger.set_state(State::Listening);
        let work = {
            let (hub, ledger, quit) = (Arc::clone(&self.shared.hub), Arc::clone(&ledger), Arc::clone(&quit));
            move || listen::run(&hub, &ledger, &quit, &listener)
        };
        self.spawn(&mut sources, ledger, quit, Some(address), work)
    }

    /// What a source of this name is kept in; one that stopped is taken up again. The inner error is one that runs.
    fn place(&self, sources: &mut Vec<Source>, name: String, kind: Kind) -> Result<Place> {
        let known = sources.iter().position(|source| source.ledger.source == name && source.ledger.kind == kind);
        if let Some(running) = known.and_then(|known| sources.get(known)).filter(|source| source.is_running()) {
            return Ok(Err(running.ledger.status()));
        }
        if sources.iter().filter(|source| source.is_running()).count() >= MAX_RUNNING {
            return Err(Error::limit_exceeded(format!("{MAX_RUNNING} sources run; stop one first (stop_capture)")));
        }
        let ledger = match known {
            Some(known) => sources.remove(known).ledger,
            None => {
                let clock = Arc::clone(&self.shared.hub.clock);
                Arc::new(Ledger::new(name, kind, State::Connecting, clock))
            }
        };
        if sources.len() >= MAX_SOURCES {
            if let Some(oldest) = sources.iter().position(|source| !source.is_running()) {
                sources.remove(oldest);
            }
        }
        Ok(Ok((ledger, Arc::new(Quit::default()))))
    }

    fn spawn(
        &self,
        sources: &mut Vec<Source>,
        ledger: Arc<Ledger>,
        quit: Arc<Quit>,
        listens: Option<SocketAddr>,
        work: impl FnOnce() + Send + 'static,
    ) -> Result<(SourceStatus, bool)> {
        let (hub, kept) = (Arc::clone(&self.shared.hub), Arc::clone(&ledger));
        let guarded = move || {
            if catch_unwind(AssertUnwindSafe(work)).is_err() {
                kept.set_state(State::Failed);
                hub.complain(&kept, "the server failed on this source; others work; please report it");
            }
        };
        let thread = std::thread::Builder::new().name(format!("capture {}", ledger.source)).spawn(guarded);
        let thread = thread.map_err(|error| Error::limit_exceeded(format!("no thread for the source: {error}")))?;
        let status = ledger.status();
        sources.push(Source { ledger, quit, listens, thread: Some(thread) });
        Ok((status, true))
    }

    /// Stops a source, or all: what was received is stored, then its threads end, within a second.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound) when no source has this name.
    pub fn stop(&self, source: Option<&str>) -> Result<Vec<SourceStatus>> {
        let mut sources = self.shared.sources.lock();
        let named = |one: &&mut Source| source.is_none_or(|name| one.ledger.source == name);
        let mut stopped: Vec<&mut Source> = sources.iter_mut().filter(named).collect();
        if let (true, Some(name)) = (stopped.is_empty(), source) {
            drop(stopped);
            let known: Vec<&str> = sources.iter().map(|source| &*source.ledger.source).collect();
            let known = if known.is_empty() { "there is none".to_owned() } else { known.join(", ") };
            return Err(Error::not_found(format!("source: no source is named {name:?}; sources: {known}")));
        }
        for source in &stopped {
            source.tell_to_stop();
        }
        for source in &mut stopped {
            source.join();
        }
        Ok(stopped.iter().map(|source| source.ledger.status()).collect())
    }

    /// Every source, in the order started.
    pub fn status(&self) -> Vec<SourceStatus> {
        self.shared.sources.lock().iter().map(|source| source.ledger.status()).collect()
    }
}

impl Source {
    fn is_running(&self) -> bool {
        !matches!(self.ledger.state(), State::Stopped | State::Failed)
    }

    fn tell_to_stop(&self) {
        self.quit.set();
        if let Some(address) = self.listens.filter(|_| self.thread.is_some()) {
            listen::wake(address);
        }
    }

    fn join(&mut self) {
        if let Some(thread) = self.thread.take() {
            let _told_by_itself = thread.join();
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let sources = self.sources.get_mut();
        for source in &*sources {
            source.tell_to_stop();
        }
        for source in sources {
            source.join();
        }
    }
}
