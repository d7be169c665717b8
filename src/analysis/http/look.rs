//! What does the beginning or the end of one call say of a web request?

use std::hash::BuildHasher;

use foldhash::fast::FixedState;

use super::conn::{Conn, status};
use crate::analysis::exceptions::again::is_raise;
use crate::analysis::ledger::payload::{Payload, text, texts};
use crate::analysis::ledger::{Ledger, Outcome, Sign};
use crate::analysis::value::fields::named;
use crate::analysis::value::{Value, fields};

/// How sure a status is, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Shown {
    /// It was set in the request.
    Set,
    /// It was given to a function that sends, or told by an event.
    Told,
    /// The request says it was sent with it.
    Sent,
}

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Look {
    pub(super) conn: Option<Conn>,
    pub(super) status: Option<(u16, Shown)>,
    pub(super) route: Option<String>,
    /// The telemetry event it is.
    pub(super) report: Option<String>,
    /// Whether it tells that the request ended by an exception.
    pub(super) failed: bool,
    /// Whether it gives the answer.
    pub(super) answers: bool,
    /// A number for what was raised, if it is an exception that shows the request.
    pub(super) raised: Option<u64>,
}

impl Look {
    /// Cost: a look-up of the event, and a pass over the values that hold a request.
    pub(super) fn at(ledger: &Ledger, sign: Sign) -> Option<Self> {
        let call = ledger.call(sign.call);
        let event = ledger.event(if sign.is_end { call.exit? } else { call.event })?;
        let payload = Payload::read(event.data());
        let mut look = if sign.is_end {
            let has_returned = call.outcome == Outcome::Returned;
            let value = text(if has_returned { payload.result } else { payload.reason })?;
            let look = Self::of_conn(Conn::within(&value));
            Self { raised: (!has_returned).then(|| hash(&value)), ..look }
        } else {
            let args = texts(payload.args);
            let module = event.module().unwrap_or_default().trim_start_matches(':');
            match (module, event.function()?) {
                ("telemetry", "execute") => Self::of_report(&args)?,
                ("cowboy_req", "reply" | "stream_reply") => Self::of_reply(&args),
                (_, "send_resp") => Self::of_function(&args, Shown::Told),
                (_, "send_chunked" | "send_file") if has_conn(&args) => Self::of_function(&args, Shown::Told),
                (_, "resp" | "put_status") if has_conn(&args) => Self::of_function(&args, Shown::Set),
                _ => {
                    let found = args.iter().find_map(|arg| Some((Conn::within(arg)?, arg)));
                    let raised = found.as_ref().filter(|_| is_raise(ledger, sign.call)).map(|(_, arg)| hash(arg));
                    Self { raised, ..Self::of_conn(found.map(|(conn, _)| conn)) }
                }
            }
        };
        // A send that failed has sent nothing, such as a second one.
        if look.answers && matches!(call.outcome, Outcome::Error | Outcome::Exit | Outcome::Throw) {
            look.status = None;
        }
        (look.conn.is_some() || look.status.is_some() || look.failed).then_some(look)
    }

    fn of_conn(conn: Option<Conn>) -> Self {
        let status = conn.as_ref().and_then(|conn| {
            let shown = if conn.is_sent { Shown::Sent } else { Shown::Set };
            Some((conn.status?, shown))
        });
        Self { conn, status, ..Self::default() }
    }

    /// `send_resp(conn, 500, body)`, or one without a request.
    fn of_function(args: &[String], shown: Shown) -> Self {
        let mut look = Self::of_conn(args.iter().find_map(|arg| Conn::within(arg)));
        let given = args.iter().take(2).find_map(|arg| status(arg));
        look.answers = given.is_some();
        look.status = given.map(|status| (status, shown)).or(look.status);
        look
    }

    /// `:cowboy_req.reply(500, headers, body, req)`.
    fn of_reply(args: &[String]) -> Self {
        let req = args.last().and_then(|req| Some(named(req)?.1));
        let string = |name: &str| Some(super::conn::unquoted(req.as_ref()?.get(name)?)?.to_owned());
        let conn = Conn { method: string("method"), path: string("path"), ..Conn::default() };
        let status = args.first().and_then(|first| status(first)).map(|status| (status, Shown::Told));
        Self { conn: Some(conn), status, answers: true, ..Self::default() }
    }

    /// `:telemetry.execute([:phoenix, :endpoint, :stop], measurements, %{conn: conn})`.
    fn of_report(args: &[String]) -> Option<Self> {
        let [event, measurements, meta, ..] = args else { return None };
        let event = Value::read(event);
        let names: Vec<&str> = event.list()?.iter().filter_map(Value::atom).collect();
        let last = *names.last()?;
        let meta = named(meta).map(|(_, fields)| fields).unwrap_or_default();
        let conn = meta.get("conn").or_else(|| meta.unfinished("conn")).and_then(Conn::within);
        let is_http = conn.is_some() || names.contains(&"request");
        if !is_http {
            return None;
        }
        let mut look = Self::of_conn(conn);
        look.route = meta.get("route").and_then(super::conn::unquoted).map(str::to_owned);
        let has_ended = matches!(last, "stop" | "exception");
        let told =
            |fields: &fields::Fields<'_>| fields.get("status").or_else(|| fields.get("resp_status")).and_then(status);
        if has_ended {
            let measured = named(measurements).map(|(_, fields)| fields).unwrap_or_default();
            let told = told(&meta).or_else(|| told(&measured));
            look.status = look.status.map(|(status, shown)| (status, shown.max(Shown::Told)));
            look.status = look.status.or(told.map(|status| (status, Shown::Told)));
            look.failed = last == "exception";
            look.report = Some(names.join("."));
        }
        Some(look)
    }

    /// Whether it shows a request that no answer was given to yet.
    pub(super) fn is_fresh(&self) -> bool {
        self.conn.as_ref().is_some_and(|conn| conn.is_fresh)
    }

    /// Whether it tells of an answer that was given before.
    pub(super) fn is_after(&self) -> bool {
        self.report.is_some() || self.conn.as_ref().is_some_and(|conn| conn.is_sent)
    }
}

fn hash(text: &str) -> u64 {
    FixedState::default().hash_one(text)
}

/// Whether a request is among the arguments: other programs have functions of these names too.
fn has_conn(args: &[String]) -> bool {
    args.iter().any(|arg| Conn::within(arg).is_some())
}
