//! A trace port of `dbg`: connect, read, and connect again for as long as it is wanted.
//!
//! What OTP's driver does (`trace_ip_drv.c`; tried on OTP 25): it serves one client and closes every other at once. While
//! nobody is connected it keeps messages up to the size of its queue and counts the rest, which it tells as one drop
//! where the queue ends. What it had written to a connection that broke is gone, and a record it was in the middle of is
//! gone on with on the next connection. The port goes with its process, and with `dbg:stop`.

use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use super::Hub;
use super::address::Peer;
use super::frames::Framing;
use super::incarnation::{Life, decide};
use super::live::Live;
use super::quit::Quit;
use super::reader::Reader;
use super::records::{Ended, Records};
use super::status::{Ledger, State};

/// Longest wait for one address to answer: short enough that a source ends within a second.
const CONNECT: Duration = Duration::from_millis(800);

/// Pause before the second attempt; each later one is twice as long, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// An application that comes back is heard at most this much later; its port keeps what happens until then.
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// Reads a trace port until told to stop.
pub(super) fn run(hub: &Arc<Hub>, ledger: &Ledger, quit: &Quit, peer: &Peer) {
    let mut live = None;
    let mut pause = FIRST_PAUSE;
    while !quit.is_set() {
        let error = match connect(peer) {
            Ok(stream) => {
                let before = ledger.status().counts.records;
                let ended = read(hub, ledger, quit, stream, &mut live);
                if ledger.status().counts.records > before {
                    pause = FIRST_PAUSE;
                }
                ended.unwrap_or_else(|| "the trace port closed the connection".to_owned())
            }
            Err(error) => format!("cannot connect: {error}"),
        };
        if quit.is_set() {
            break;
        }
        hub.complain(ledger, &error);
        quit.wait(pause);
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
    if let Some(live) = live {
        live.finish(hub, ledger);
    }
    ledger.set_state(State::Stopped);
}

fn connect(peer: &Peer) -> std::io::Result<TcpStream> {
    let mut failure = std::io::Error::new(std::io::ErrorKind::NotFound, "the name has no address");
    for address in peer.resolve()? {
        match TcpStream::connect_timeout(&address, CONNECT) {
            // A free port of this machine may be connected to itself.
            Ok(stream) if stream.local_addr().ok() == stream.peer_addr().ok() => {
                failure = std::io::ErrorKind::ConnectionRefused.into();
            }
            Ok(stream) => return Ok(stream),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// Reads one connection; what was wrong with it.
fn read(hub: &Arc<Hub>, ledger: &Ledger, quit: &Quit, stream: TcpStream, live: &mut Option<Live>) -> Option<String> {
    let stream = Arc::new(stream);
    let hold = quit.hold(&stream);
    ledger.connected();
    let records = Records::new(hub, ledger, Framing::Dbg, Reader::new(stream, quit, &hub.budget));
    let before = live.take();
    let mut unheard = None;
    let Ended { live: heard, error } = records.run(before, &mut unheard, |hub, ledger, before, seen| match before {
        Some(mut before) if decide(&before.seen, &seen) == Life::Same => {
            before.resume(hub, ledger, seen.stamp);
            before
        }
        Some(before) => {
            before.finish(hub, ledger);
            Live::begin(hub, ledger, seen, ledger.last_event())
        }
        None => Live::begin(hub, ledger, seen, ledger.last_event()),
    });
    *live = heard.or(unheard.flatten());
    if quit.is_set() {
        // That nobody listens any more is no interruption.
        ledger.set_state(State::Stopped);
    }
    ledger.disconnected();
    drop(hold);
    error
}
