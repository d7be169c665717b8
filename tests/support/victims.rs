//! Clients that are cut: anywhere in what they send, before or in what they are answered, in the middle of a call.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::io::Write;
use std::net::TcpStream;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::dice::Dice;
use super::pipe;
use super::steady::Batch;
use super::wire::{Cut, Request, Wire, cut, shake_hands};

/// Long enough for the slowest machine; it only keeps a hang from lasting for ever.
const HANG: Duration = Duration::from_mins(2);

/// What may have become of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Its reply was read.
    Stored,
    /// It was sent whole; nobody knows more.
    Doubtful,
    /// It was not sent whole.
    Lost,
}

/// Lines a producer sent, and how it ended.
#[derive(Debug)]
pub(crate) struct Produced {
    /// Its whole lines.
    pub(crate) lines: Batch,
    pub(crate) how: Cut,
    pub(crate) is_cut_in_a_line: bool,
}

/// What the victims sent.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) batches: Mutex<Vec<(Batch, Fate)>>,
    pub(crate) produced: Mutex<Vec<Produced>>,
}

impl Ledger {
    fn note(&self, batch: &Batch, fate: Fate) {
        self.batches.lock().expect("nobody failed").push((batch.clone(), fate));
    }
}

/// One of them.
pub(crate) struct Victim<'a> {
    pub(crate) number: usize,
    pub(crate) dice: Dice,
    pub(crate) http: &'a str,
    pub(crate) listening: &'a str,
    pub(crate) ledger: &'a Ledger,
    pub(crate) batches: usize,
}

/// Calls that look at much.
const READS: [&str; 4] = ["query_events", "aggregate", "overview", "get_stats"];

impl Victim<'_> {
    /// Is cut in one of the ways.
    pub(crate) fn suffer(mut self) {
        let ways = [
            Self::in_a_request,
            Self::before_its_replies,
            Self::in_an_answer,
            Self::in_a_stream,
            Self::in_a_session_that_is_deleted,
            Self::by_cancelling,
            Self::in_a_line,
            Self::with_its_server,
        ];
        ways[self.number % ways.len()](&mut self);
    }

    fn how(&mut self) -> Cut {
        self.dice.pick(&[Cut::Fin, Cut::Reset])
    }

    /// Small enough to be stored at once, or so large that a thread does it.
    fn batch(&mut self) -> Batch {
        self.batches += 1;
        let name = format!("v{}-{}", self.number, self.batches);
        let events = if self.dice.is_one_in(4) { self.dice.within(300, 600) } else { self.dice.within(1, 20) };
        Batch { name, source: "victims".to_owned(), events: events as u64, padding: self.dice.below(200) }
    }

    fn read(&mut self) -> Value {
        let arguments = match self.dice.pick(&READS) {
            "query_events" if self.dice.is_one_in(2) => json!({"text": "no such text", "limit": 0}),
            "query_events" => json!({"format": "json", "limit": 2_000}),
            "aggregate" => json!({"group_by": ["pid"]}),
            _ => json!({}),
        };
        let tool = if arguments.get("group_by").is_some() { "aggregate" } else { "query_events" };
        let tool = if arguments == json!({}) { self.dice.pick(&["overview", "get_stats"]) } else { tool };
        json!({"name": tool, "arguments": arguments})
    }

    /// In its head or in its body.
    fn in_a_request(&mut self) {
        let batch = self.batch();
        let request = Request::call(None, 1, "store_events", batch.arguments());
        let (head, whole) = (request.head.len(), request.bytes());
        let end = if self.dice.is_one_in(2) { self.dice.below(head) } else { self.dice.within(head, whole.len()) };
        self.ledger.note(&batch, Fate::Lost);
        let mut wire = Wire::connect(self.http);
        wire.send(&whole[..end]).expect("it is read");
        wire.cut(self.how());
    }

    /// Several requests were sent, some of their replies are read.
    fn before_its_replies(&mut self) {
        let batches: Vec<Batch> = (0..self.dice.within(1, 4)).map(|_| self.batch()).collect();
        let mut wire = Wire::connect(self.http);
        for (id, batch) in (0..).zip(&batches) {
            let request = Request::call(None, id, "store_events", batch.arguments());
            wire.send(&request.bytes()).expect("it is read");
        }
        let read = self.dice.below(batches.len() + 1);
        for (id, batch) in (0..).zip(&batches) {
            let is_read = id < read as u64;
            if is_read {
                let message = wire.reply().expect("a reply").message().expect("a message");
                assert_eq!((&message["id"], &message["result"]["isError"]), (&json!(id), &json!(false)), "{message}");
            }
            self.ledger.note(batch, if is_read { Fate::Stored } else { Fate::Doubtful });
        }
        wire.cut(self.how());
    }

    /// While it is made, or while it is read.
    fn in_an_answer(&mut self) {
        let mut wire = Wire::connect(self.http);
        let call = Request::new(None, 1, "tools/call", self.read());
        wire.send(&call.bytes()).expect("it is read");
        if self.dice.is_one_in(2) {
            wire.skim(self.dice.within(1, 400));
        }
        wire.cut(self.how());
    }

    /// One of a session, or one that listens without.
    fn in_a_stream(&mut self) {
        let mut wire = Wire::connect(self.http);
        let uri = "elixirscope://stats";
        let session = self.dice.is_one_in(2).then(|| shake_hands(&mut wire));
        let request = if let Some(session) = &session {
            let subscribe = Request::new(Some(session), 1, "resources/subscribe", json!({"uri": uri}));
            assert_eq!(subscribe.ask(&mut wire).expect("a reply").status, 200);
            Request::of_session("GET", session)
        } else {
            let filter = json!({"notifications": {"resourceSubscriptions": [uri]}});
            Request::new(None, 1, "subscriptions/listen", filter)
        };
        wire.send(&request.bytes()).expect("it is read");
        if self.dice.is_one_in(2) {
            let head = wire.head().expect("a head");
            assert!(head.contains("200 OK"), "{head}");
            wire.skim(self.dice.below(200));
        }
        wire.cut(self.how());
        self.forget(session);
    }

    /// Ends a session, if there is one.
    fn forget(&self, session: Option<String>) {
        let Some(session) = session else { return };
        let reply = Request::of_session("DELETE", &session).ask(&mut Wire::connect(self.http)).expect("a reply");
        assert!((200..300).contains(&reply.status), "{reply:?}");
    }

    /// While its call is carried out.
    fn in_a_session_that_is_deleted(&mut self) {
        let mut wire = Wire::connect(self.http);
        let session = shake_hands(&mut wire);
        let batch = self.batch();
        let is_long = self.dice.is_one_in(3);
        let call = if is_long {
            Request::new(Some(&session), 1, "tools/call", self.read())
        } else {
            Request::call(Some(&session), 1, "store_events", batch.arguments())
        };
        wire.send(&call.bytes()).expect("it is read");
        self.forget(Some(session));
        // It is answered, told that there is no such session, or ends without.
        let fate = match wire.reply().ok().filter(|reply| reply.status == 200).and_then(|reply| reply.message()) {
            Some(message) => {
                assert_eq!((&message["id"], &message["result"]["isError"]), (&json!(1), &json!(false)), "{message}");
                Fate::Stored
            }
            None => Fate::Doubtful,
        };
        if !is_long {
            self.ledger.note(&batch, fate);
        }
        wire.cut(self.how());
    }

    /// In a session: nobody waits for the reply any more.
    fn by_cancelling(&mut self) {
        let (mut wire, mut other) = (Wire::connect(self.http), Wire::connect(self.http));
        let session = shake_hands(&mut wire);
        let batch = self.batch();
        let call = Request::call(Some(&session), 7, "store_events", batch.arguments());
        wire.send(&call.bytes()).expect("it is read");
        let cancel = Request::notify(&session, "notifications/cancelled", json!({"requestId": 7}));
        assert_eq!(cancel.ask(&mut other).expect("a reply").status, 202);
        // The stream of a call that is not answered ends.
        let fate = match wire.reply().expect("a reply").message() {
            Some(message) => {
                assert_eq!((&message["id"], &message["result"]["isError"]), (&json!(7), &json!(false)), "{message}");
                Fate::Stored
            }
            None => Fate::Doubtful,
        };
        self.ledger.note(&batch, fate);
        // The session goes on.
        let ping = Request::new(Some(&session), 8, "ping", json!({})).ask(&mut other).expect("a reply");
        assert_eq!(ping.message().expect("a message")["id"], 8);
        self.forget(Some(session));
    }

    /// Of a producer.
    fn in_a_line(&mut self) {
        self.batches += 1;
        let name = format!("p{}", self.number);
        let events = self.dice.within(0, 30) as u64;
        let lines = Batch { name, source: "producers".to_owned(), events, padding: self.dice.below(200) };
        let mut text = pipe::lines(&(0..events).map(|at| lines.event(at)).collect::<Vec<_>>());
        let last = lines.event(events).to_string();
        let is_cut_in_a_line = self.dice.is_one_in(2);
        if is_cut_in_a_line {
            text.push_str(&last[..self.dice.within(1, last.len())]);
        }
        let mut stream = TcpStream::connect(self.listening).expect("the server accepts");
        let middle = self.dice.below(text.len() + 1);
        for part in [&text[..middle], &text[middle..]] {
            stream.write_all(part.as_bytes()).expect("it is read");
        }
        let how = self.how();
        self.ledger.produced.lock().expect("nobody failed").push(Produced { lines, how, is_cut_in_a_line });
        cut(stream, how);
    }

    /// A client over stdio has a server of its own, which ends with it.
    fn with_its_server(&mut self) {
        let mut server = pipe::Server::script();
        let asked = self.dice.within(1, 30);
        let calls: Vec<Value> = (0..asked)
            .map(|id| match self.dice.below(3) {
                0 => json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": self.read()}),
                _ => pipe::call(id, "store_events", &self.batch().arguments()),
            })
            .collect();
        server.write(pipe::lines(&calls).as_bytes());
        let read = self.dice.below(asked + 1);
        for id in 0..read {
            let reply = server.next();
            assert_eq!((&reply["id"], &reply["result"]["isError"]), (&json!(id), &json!(false)), "{reply}");
        }
        let nobody_reads = self.dice.is_one_in(2);
        let in_a_line = self.dice.is_one_in(2);
        if nobody_reads {
            server.close_stdout();
        } else if in_a_line {
            server.write(&calls[0].to_string().as_bytes()[..20]);
        }
        server.close_stdin();
        let started = Instant::now();
        if nobody_reads {
            while server.status().is_none() {
                assert!(started.elapsed() < HANG, "it does not end with its client");
                std::thread::yield_now();
            }
        }
        let run = server.end();
        assert_eq!(run.status.code(), Some(0));
        let rest: Vec<Value> = run.replies.iter().map(|reply| reply["id"].clone()).collect();
        let mut expected: Vec<Value> = (read..asked).map(Value::from).collect();
        if in_a_line {
            expected.push(Value::Null);
        }
        assert_eq!(rest, if nobody_reads { Vec::new() } else { expected });
    }
}
