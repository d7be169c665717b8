//! What waits for its turn: what came on each line, what goes before it, and what is given up.

use rmcp::model::{CancelledNotification, CancelledNotificationParam, ClientNotification, ClientRequest, RequestId};

use super::wire::{QUEUED, Step, Wire};
use crate::mcp::stdio::envelope::Line;
use crate::mcp::stdio::intake::Taken;
use crate::mcp::stdio::refusal::{INTERNAL_ERROR, INVALID_REQUEST, Refusal};
use crate::mcp::stdio::said::{Asked, Said};

impl Wire {
    pub(super) fn queue(&mut self, taken: Taken) {
        let refusal = match taken {
            Taken::Line(line, bytes) => return self.queue_line(line, bytes),
            Taken::NoRoom(busy) => Refusal::of(None, INTERNAL_ERROR, format!("{busy}. The line was not read")),
            Taken::TooLong => {
                let longest = self.options.max_line;
                let what = format!(
                    "Invalid Request: a line longer than {longest} bytes; split the batch, or start the \
                     server with a larger --max-line"
                );
                Refusal::of(None, INVALID_REQUEST, what)
            }
        };
        self.push(Step::Refuse(refusal), 0);
    }

    fn queue_line(&mut self, line: Line, bytes: usize) {
        match line {
            Line::Blank => {}
            Line::One(Said::Request(asked)) if self.overtakes(&asked) => {
                self.pings.push_back((asked.id, asked.request));
            }
            Line::One(said) => self.queue_said(said, bytes),
            Line::Batch(all) => {
                self.push(Step::OpenArray, bytes);
                for said in all {
                    self.queue_said(said, 0);
                }
                self.push(Step::CloseArray, 0);
            }
        }
    }

    fn queue_said(&mut self, said: Said, bytes: usize) {
        match said {
            Said::Request(asked) => self.push(Step::Request(asked), bytes),
            Said::Storing(unread) => self.push(Step::Storing(unread), bytes),
            Said::Refused(refusal) => self.push(Step::Refuse(refusal), bytes),
            Said::Cancel(id) => self.cancel(&id),
            Said::Notification(notification) => self.notices.push_back(*notification),
            Said::Ignored => {}
        }
    }

    /// Whether a request need not wait for those before it. In a script replies keep the order of the requests; and where
    /// another of its id is waited for, nobody could tell the replies apart.
    fn overtakes(&self, asked: &Asked) -> bool {
        if self.options.script || self.pings.len() >= QUEUED || !matches!(asked.request, ClientRequest::PingRequest(_))
        {
            return false;
        }
        let gate = self.gate.lock();
        let is_asked = |step: &Step| matches!(step, Step::Request(_) | Step::Storing(_));
        let waits = !gate.is_free() || self.steps.iter().any(|(step, _)| is_asked(step));
        let is_same = |step: &Step| match step {
            Step::Request(other) => other.id == asked.id,
            Step::Storing(unread) => *unread.id() == asked.id,
            // Refusals keep their order, and replies to a batch are one array: none comes between them.
            Step::Refuse(_) | Step::OpenArray | Step::CloseArray => true,
        };
        waits
            && !gate.is_under_way(&asked.id)
            && !gate.outbox.is_in_array()
            && !self.steps.iter().any(|(step, _)| is_same(step))
    }

    fn push(&mut self, step: Step, bytes: usize) {
        self.queued_bytes += bytes;
        self.steps.push_back((step, bytes));
    }

    /// Gives a request up: the one under way, or else the first of that id that waits.
    fn cancel(&mut self, id: &RequestId) {
        let mut gate = self.gate.lock();
        if gate.is_under_way(id) {
            gate.cancel(id);
            // To the front: it must reach the handler before any request of the same id starts.
            self.notices.push_front(cancelled(id.clone()));
            return;
        }
        let is_it = |step: &Step| match step {
            Step::Request(asked) => asked.id == *id && !matches!(asked.request, ClientRequest::InitializeRequest(_)),
            Step::Storing(unread) => unread.id() == id,
            _ => false,
        };
        if let Some(at) = self.steps.iter().position(|(step, _)| is_it(step)) {
            if let Some((_, bytes)) = self.steps.remove(at) {
                self.queued_bytes -= bytes;
            }
        }
    }
}

pub(super) fn cancelled(id: RequestId) -> ClientNotification {
    let params = CancelledNotificationParam::new(Some(id), None);
    ClientNotification::CancelledNotification(CancelledNotification::new(params))
}
