//! An address producers connect to: several at once, each heard for itself.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::Mutex;

use super::Hub;
use super::frames::Framing;
use super::incarnation::{Life, decide};
use super::lines::Lines;
use super::live::Live;
use super::quit::Quit;
use super::reader::{Filled, Patience, Reader};
use super::records::{Ended, Records};
use super::status::{Ledger, State};
use super::waiting::{Heard, Sign, make_room};

/// Producers heard at once. For one more, the one silent longest makes room; while none is silent it waits to be
/// accepted.
const MAX_PRODUCERS: usize = 512;

/// Silence after which a producer may have to make room, in nanoseconds.
const SILENT_NS: i64 = 1_000_000_000;

/// How often it is looked whether there is room again.
const LOOK: Duration = Duration::from_millis(10);

/// Processes remembered after their connection ended, should they come back.
const REMEMBERED: usize = 8;

/// Pause after a connection that could not be accepted: the system is out of something.
const PAUSE: Duration = Duration::from_millis(100);

/// What the connections of a listening source share.
struct Shared {
    hub: Arc<Hub>,
    ledger: Arc<Ledger>,
    quit: Arc<Quit>,
    /// Processes whose connection ended, oldest first.
    parted: Mutex<Vec<Live>>,
}

/// A producer being heard.
struct Producer {
    thread: JoinHandle<()>,
    heard: Heard,
    address: SocketAddr,
    /// It was told to make room, and is reading what it sent before.
    is_parting: bool,
}

/// Hears producers until told to stop.
pub(super) fn run(hub: &Arc<Hub>, ledger: &Arc<Ledger>, quit: &Arc<Quit>, listener: &TcpListener) {
    let (hub, ledger, quit) = (Arc::clone(hub), Arc::clone(ledger), Arc::clone(quit));
    let shared = Arc::new(Shared { hub, ledger, quit, parted: Mutex::default() });
    let (hub, ledger) = (Arc::clone(&shared.hub), Arc::clone(&shared.ledger));
    let mut producers: Vec<Producer> = Vec::new();
    loop {
        producers.retain(|producer| !producer.thread.is_finished());
        if producers.len() >= MAX_PRODUCERS {
            // Who comes next waits with the system: nobody is turned away.
            shared.make_room(&mut producers);
            if shared.quit.wait(LOOK) {
                break;
            }
            continue;
        }
        let accepted = listener.accept();
        if shared.quit.is_set() {
            break;
        }
        let heard = accepted.map_err(|error| format!("cannot accept a connection: {error}"));
        let heard = heard.and_then(|(stream, address)| {
            shared.begin(stream, address).map_err(|error| format!("cannot hear {address}: {error}"))
        });
        match heard {
            Ok(producer) => producers.push(producer),
            Err(error) => {
                // The system is out of something: descriptors, threads, memory.
                hub.complain(&ledger, &error);
                shared.make_room(&mut producers);
                shared.quit.wait(PAUSE);
            }
        }
    }
    for producer in producers {
        let _told_by_itself = producer.thread.join();
    }
    for live in shared.parted.lock().drain(..) {
        live.finish(&shared.hub, &shared.ledger);
    }
    shared.ledger.set_state(State::Stopped);
}

/// Ends the wait for the next connection.
pub(super) fn wake(address: SocketAddr) {
    let mut address = address;
    if address.ip().is_unspecified() {
        // What listens everywhere listens here.
        address.set_ip(if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() });
    }
    let _listens_no_more = TcpStream::connect_timeout(&address, PAUSE);
}

impl Shared {
    /// Starts to hear a producer.
    fn begin(self: &Arc<Self>, stream: TcpStream, address: SocketAddr) -> std::io::Result<Producer> {
        let (shared, stream) = (Arc::clone(self), Arc::new(stream));
        let sign = Arc::new(Sign::new(Arc::clone(&self.hub.clock)));
        // Who accepts looks at a producer no earlier than at the next one: the connection is not kept for that.
        let heard = Heard { stream: Arc::downgrade(&stream), sign: Arc::clone(&sign) };
        let hear = move || shared.hear(stream, sign, address);
        let thread = std::thread::Builder::new().name(format!("capture {address}")).spawn(hear)?;
        Ok(Producer { thread, heard, address, is_parting: false })
    }

    /// Ends the producer that was silent longest, if one was silent for a while, and tells it.
    fn make_room(&self, producers: &mut [Producer]) {
        let mut there: Vec<&mut Producer> = producers.iter_mut().filter(|producer| !producer.is_parting).collect();
        let room = make_room(there.iter().map(|producer| &producer.heard), self.hub.clock.now_ns(), SILENT_NS);
        let Some(producer) = room.and_then(|at| there.get_mut(at)) else { return };
        producer.is_parting = true;
        let address = producer.address;
        self.hub.complain(&self.ledger, &format!("{address} was silent longest and made room for another producer"));
    }

    /// Hears one producer to its end, whatever happens.
    fn hear(&self, stream: Arc<TcpStream>, sign: Arc<Sign>, address: SocketAddr) {
        self.ledger.connected();
        let closing = Arc::clone(&stream);
        let heard = catch_unwind(AssertUnwindSafe(|| self.read(stream, sign)));
        let error = heard.unwrap_or_else(|_| Some("the server failed on this connection; please report it".to_owned()));
        if let Some(error) = error {
            self.hub.complain(&self.ledger, &format!("{address}: {error}"));
        }
        // What was wrong is told before the producer sees that it is over.
        let _closed_by_it = closing.shutdown(std::net::Shutdown::Both);
        drop(closing);
        self.ledger.disconnected();
    }

    /// What was wrong with the connection, if something was.
    fn read(&self, stream: Arc<TcpStream>, sign: Arc<Sign>) -> Option<String> {
        let _hold = self.quit.hold(&stream);
        let mut reader = Reader::new(stream, &self.quit, &self.hub.budget);
        reader.signs(sign);
        let mut lines = 0;
        match first_byte(&mut reader, &mut lines) {
            Ok(Some(b'{')) => Lines::new(&self.hub, &self.ledger, reader, lines).run(),
            Ok(Some(b'[')) => Some(
                "byte 0: a JSON array: a stream carries one event a line ({...}, then a line feed); an array is for \
                 import_events or store_events"
                    .to_owned(),
            ),
            Ok(Some(0..=3)) => self.read_records(reader),
            Ok(Some(other)) => {
                let shown = std::ascii::escape_default(other);
                Some(format!(
                    "byte {}: {shown}: expected JSON events, one a line, or terms with {{packet, 4}} of less than 64 MiB",
                    reader.offset()
                ))
            }
            Ok(None) => None,
            Err(error) => Some(error),
        }
    }

    fn read_records(&self, reader: Reader<'_>) -> Option<String> {
        let records = Records::new(&self.hub, &self.ledger, Framing::Packet4, reader);
        let Ended { live, error } = records.run((), &mut None, |hub, ledger, (), seen| {
            let mut parted = self.parted.lock();
            let known = parted.iter().position(|live| seen.is_exact && decide(&live.seen, &seen) == Life::Same);
            let Some(known) = known else {
                drop(parted);
                return Live::begin(hub, ledger, seen, None);
            };
            let mut live = parted.remove(known);
            drop(parted);
            live.resume(hub, ledger, seen.stamp);
            live
        });
        if let Some(live) = live {
            live.part(&self.ledger);
            let mut parted = self.parted.lock();
            parted.push(live);
            if parted.len() > REMEMBERED {
                let oldest = parted.remove(0);
                drop(parted);
                oldest.finish(&self.hub, &self.ledger);
            }
        }
        error
    }
}

/// The first byte that is neither whitespace nor a byte order mark; those are taken, and their line feeds counted.
fn first_byte(reader: &mut Reader<'_>, lines: &mut u64) -> Result<Option<u8>, String> {
    const BYTE_ORDER_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];
    loop {
        let spaces = reader.bytes().iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count();
        *lines += memchr::memchr_iter(b'\n', &reader.bytes()[..spaces]).count() as u64;
        reader.take(spaces);
        match reader.bytes() {
            [0xef, 0xbb, 0xbf, ..] => reader.take(BYTE_ORDER_MARK.len()),
            // The rest of the mark is on its way.
            mark if BYTE_ORDER_MARK.starts_with(mark) => match reader.fill(Patience::Endless) {
                Filled::Bytes | Filled::Quiet => {}
                Filled::End => return Ok(reader.bytes().first().copied()),
                Filled::Failed(error) | Filled::Full(error) => return Err(error),
            },
            [first, ..] => return Ok(Some(*first)),
            [] => {}
        }
    }
}
