//! How does a source end, whatever it is waiting for?

use std::collections::HashMap;
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

/// Ends what waits: pauses, and reads of sockets.
#[derive(Debug, Default)]
pub(super) struct Quit {
    held: Mutex<Held>,
    told: Condvar,
}

#[derive(Debug, Default)]
struct Held {
    is_set: bool,
    last: u64,
    streams: HashMap<u64, Arc<TcpStream>>,
}

/// A socket that ends with the source, for as long as this lives.
#[derive(Debug)]
pub(super) struct Hold<'q> {
    quit: &'q Quit,
    number: u64,
}

impl Quit {
    pub(super) fn is_set(&self) -> bool {
        self.held.lock().is_set
    }

    /// Ends every wait, now and later. What a socket has received can still be read.
    pub(super) fn set(&self) {
        let mut held = self.held.lock();
        held.is_set = true;
        for stream in held.streams.values() {
            let _closed_already = stream.shutdown(Shutdown::Both);
        }
        self.told.notify_all();
    }

    /// Waits so long, or until the end; whether it is the end.
    pub(super) fn wait(&self, longest: Duration) -> bool {
        let mut held = self.held.lock();
        if !held.is_set {
            self.told.wait_for(&mut held, longest);
        }
        held.is_set
    }

    /// Ends the socket with the source.
    pub(super) fn hold(&self, stream: &Arc<TcpStream>) -> Hold<'_> {
        let mut held = self.held.lock();
        if held.is_set {
            let _closed_already = stream.shutdown(Shutdown::Both);
        }
        held.last += 1;
        let number = held.last;
        held.streams.insert(number, Arc::clone(stream));
        Hold { quit: self, number }
    }
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        self.quit.held.lock().streams.remove(&self.number);
    }
}
