//! Which event is an entry of a log?

use super::crash::Crash;
use super::when::When;
use crate::ingest::erlang;
use crate::ingest::object::Object;

/// An entry, as far as it was read.
#[derive(Clone, Debug, Default)]
pub(super) struct Entry {
    pub(super) when: Option<When>,
    pub(super) level: String,
    pub(super) message: String,
    pub(super) pid: Option<String>,
    pub(super) node: Option<String>,
    pub(super) module: Option<String>,
    pub(super) function: Option<String>,
    pub(super) arity: Option<u8>,
    pub(super) file: Option<String>,
    pub(super) line: Option<i64>,
    /// What kind of report it is, where it is one: `CRASH REPORT`.
    pub(super) report: Option<String>,
    /// What else it says, each as JSON.
    pub(super) rest: Vec<(String, String)>,
    /// What is said of an error besides the message.
    pub(super) error: Option<String>,
    /// Lines that were too many to be kept.
    pub(super) lines_left_out: i64,
}

impl Entry {
    /// Takes one piece of metadata by its name; false: the name means nothing here.
    pub(super) fn metadata(&mut self, key: &str, value: &str) -> bool {
        match key {
            "pid" => match pid(value) {
                Some(pid) => self.pid = Some(pid),
                None => return false,
            },
            "node" => self.node = Some(erlang::bare(value).to_owned()),
            "module" => self.module = Some(module(value)),
            "function" | "mfa" => return self.mfa(value),
            "file" => self.file = Some(value.to_owned()),
            "line" => match value.parse() {
                Ok(line) => self.line = Some(line),
                Err(_) => return false,
            },
            _ => return false,
        }
        true
    }

    /// `handle_call/3`, `Shop.Cart.handle_call/3`, `shop_cart:handle_call/3`.
    fn mfa(&mut self, value: &str) -> bool {
        if let Some((module, function, arity)) = erlang::parts(value) {
            (self.module, self.function, self.arity) = (Some(module), Some(function), arity.or(self.arity));
            return true;
        }
        let (name, arity) = match value.rsplit_once('/') {
            Some((name, arity)) => (name, arity.parse().ok()),
            None => (value, None),
        };
        if name.is_empty() || name.contains(char::is_whitespace) {
            return false;
        }
        (self.function, self.arity) = (Some(name.to_owned()), arity);
        true
    }

    /// Its time on the clock of the recording. `days`: midnights since the first entry, where no day is told.
    fn time(&self, days: i64) -> Option<(i64, bool)> {
        Some(match self.when? {
            When::Wall(ns) | When::Local(ns) => (ns, true),
            When::OfDay(ns) => (days.checked_mul(86_400_000_000_000)?.checked_add(ns)?, false),
        })
    }

    /// Its event. `days`: midnights since the first entry, where no day is told.
    pub(super) fn log(&self, (mark, number, days): (&str, u64, i64)) -> String {
        let id = format!("{mark}-{number}");
        let mut event = self.event(&id, "log", days);
        event.texts([
            ("pid", self.pid.as_deref()),
            ("module", self.module.as_deref()),
            ("function", self.function.as_deref()),
        ]);
        if let Some(arity) = self.arity.filter(|_| self.function.is_some()) {
            event.number("arity", arity.into());
        }
        if let (Some(module), Some(function), Some(arity), Some(line)) =
            (&self.module, &self.function, self.arity, self.line)
        {
            event.text("ast_node_id", &format!("{module}.{function}/{arity}:line_{line}"));
        }
        let mut data = Object::new();
        data.text("level", &self.level);
        data.text("message", self.message.trim());
        data.texts([("report", self.report.as_deref()), ("file", self.file.as_deref())]);
        if let Some(line) = self.line {
            data.number("line", line);
        }
        match self.when {
            Some(When::OfDay(_)) => data.raw("date_unknown", "true"),
            Some(When::Local(_)) => data.raw("time_zone_unknown", "true"),
            _ => {}
        }
        if !self.rest.is_empty() {
            // By themselves: a name there is none of an event.
            let mut fields = Object::new();
            for (name, json) in &self.rest {
                fields.raw(name, json);
            }
            data.raw("fields", &fields.close());
        }
        if self.lines_left_out > 0 {
            data.number("lines_left_out", self.lines_left_out);
        }
        event.raw("data", &data.close());
        event.close()
    }

    /// The end of a process it tells.
    pub(super) fn exit(&self, (mark, number, days): (&str, u64, i64), crash: &Crash) -> String {
        let id = format!("{mark}-{number}");
        let mut event = self.event(&format!("{id}-exit"), "process_exit", days);
        // A process whose pid is not told is known by its name.
        let who = crash.pid.as_ref().or(crash.name.as_ref()).map(String::as_str).unwrap_or_default();
        event.text("pid", who);
        event.text("parent_id", &id);
        event.raw("data", &crash.data(who));
        event.close()
    }

    fn event(&self, id: &str, event_type: &str, days: i64) -> Object {
        let mut event = Object::new();
        event.text("event_id", id);
        event.text("event_type", event_type);
        if let Some((ns, is_wall)) = self.time(days) {
            event.number("timestamp", ns);
            if is_wall {
                event.number("wall_time", ns);
            }
        }
        event.texts([("node", self.node.as_deref())]);
        event
    }
}

/// A pid of the BEAM: `<0.1.0>` or `#PID<0.1.0>`.
pub(super) fn pid(text: &str) -> Option<String> {
    let text = text.trim();
    let pid = text.strip_prefix("#PID").unwrap_or(text);
    let inner = pid.strip_prefix('<')?.strip_suffix('>')?;
    let is_pid = inner.split('.').count() == 3
        && inner
            .split('.')
            .all(|part| !part.is_empty() && part.len() <= 10 && part.bytes().all(|c| c.is_ascii_digit()));
    is_pid.then(|| pid.to_owned())
}

/// A module as events write it: `Shop.Cart`, `:shop_cart`.
pub(super) fn module(text: &str) -> String {
    let name = erlang::bare(text.trim());
    let name = name.strip_prefix("Elixir.").unwrap_or(name);
    if name.starts_with(|c: char| c.is_ascii_lowercase()) { format!(":{name}") } else { name.to_owned() }
}
