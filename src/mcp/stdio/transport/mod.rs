//! In what order do requests reach their handlers, and replies the pipe?
//!
//! Everything happens in [`Wire::poll_receive`], which keeps all of its state in the transport: the protocol layer
//! drops and repeats the call as it likes.

mod queue;
mod wire;

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rmcp::model::{
    ClientRequest, GetExtensions, GetMeta, JsonRpcMessage, ProtocolVersion, ServerResult, SubscriptionsListenResult,
};
use rmcp::service::{RoleServer, RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use tokio::io::ReadBuf;
use tokio::sync::oneshot;

use super::called;
use super::gate::Gate;
use super::intake::Intake;
use super::options::Options;
use super::pipes::{Input, Output};
use super::refusal::{INVALID_PARAMS, Refusal};
use super::said::{Asked, Said, Unread};
use super::signals::{Ends, Heard};

use crate::budget::Budget;
use crate::mcp::about::about;
use queue::cancelled;
pub(crate) use wire::Wire;
use wire::{End, QUEUED, QUEUED_BYTES, Step, UNREAD_BYTES};

impl Wire {
    /// A connection, and the error that ends it before its time.
    pub(crate) fn new(
        input: Input,
        output: Output,
        ends: Option<&Ends>,
        options: Options,
        budget: &Budget,
    ) -> (Self, oneshot::Receiver<io::Error>) {
        let (broken, on_broken) = oneshot::channel();
        let wire = Self {
            input,
            output,
            is_unflushed: false,
            signals: ends.map(|ends| (Heard::of(ends.asked()), Heard::of(ends.insisted()))),
            options,
            intake: Intake::new(options.max_line, budget),
            steps: VecDeque::new(),
            queued_bytes: 0,
            notices: VecDeque::new(),
            pings: VecDeque::new(),
            gate: Arc::default(),
            is_handing_on: false,
            is_initialized: false,
            end: None,
            broken: Some(broken),
        };
        (wire, on_broken)
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Option<RxJsonRpcMessage<RoleServer>>> {
        self.gate.lock().wake_with(cx.waker());
        self.heed_signals(cx);
        loop {
            if let Some(notice) = self.notices.pop_front() {
                return Poll::Ready(Some(JsonRpcMessage::notification(notice)));
            }
            if let Some((id, ping)) = self.pings.pop_front() {
                self.gate.lock().enter_beside(id.clone());
                return Poll::Ready(Some(JsonRpcMessage::request(ping, id)));
            }
            if self.broken.is_none() {
                return Poll::Ready(None);
            }
            if self.is_next_allowed(cx) {
                match self.steps.pop_front() {
                    Some((step, bytes)) => {
                        self.queued_bytes -= bytes;
                        if let Some(request) = self.take(step) {
                            self.is_handing_on = true;
                            return Poll::Ready(Some(request));
                        }
                        continue;
                    }
                    None if self.end.is_some() && self.notices.is_empty() && !self.intake.is_reading() => {
                        if self.end_subscriptions() {
                            continue;
                        }
                        ready!(self.poll_write(cx));
                        if let Some(End::Failed(error)) = self.end.take() {
                            self.fail(error);
                        }
                        return Poll::Ready(None);
                    }
                    None => {}
                }
            }
            if self.read_ahead(cx).is_ready() {
                continue;
            }
            if std::mem::take(&mut self.is_handing_on) {
                // The handler first: what is long goes to a thread, beside which the next batch is read.
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            if self.parse_ahead(cx) {
                continue;
            }
            // Nothing else to do: a good time to write.
            let _written_or_not = self.poll_write(cx);
            return Poll::Pending;
        }
    }

    /// Whether the next step may be done now: no request is under way, and the client reads what it gets.
    fn is_next_allowed(&mut self, cx: &mut Context<'_>) -> bool {
        let (is_free, is_due) = {
            let gate = self.gate.lock();
            (gate.is_free(), gate.outbox.is_due())
        };
        if is_due {
            let _written_or_not = self.poll_write(cx);
        }
        is_free && self.gate.lock().outbox.len() < UNREAD_BYTES
    }

    /// Does a step. A request is handed on; everything else is done here.
    fn take(&mut self, step: Step) -> Option<RxJsonRpcMessage<RoleServer>> {
        let asked = match step {
            Step::Request(asked) => asked,
            Step::Storing(unread) => return self.take(parsed(*unread)?),
            Step::Refuse(refusal) => {
                self.gate.lock().outbox.reply_json(refusal.to_json().as_bytes());
                return None;
            }
            Step::OpenArray => {
                self.gate.lock().outbox.open_array();
                return None;
            }
            Step::CloseArray => {
                self.gate.lock().outbox.close_array();
                return None;
            }
        };
        let Asked { id, mut request } = *asked;
        if let Some(missing) = self.missing(&request) {
            let id = id.into_json_value().to_string();
            self.gate.lock().outbox.reply_json(Refusal::of(Some(&id), INVALID_PARAMS, missing).to_json().as_bytes());
            return None;
        }
        self.is_initialized |= matches!(request, ClientRequest::InitializeRequest(_));
        let stays_open = matches!(request, ClientRequest::SubscriptionsListenRequest(_));
        let ticket = Gate::enter(&self.gate, id.clone(), stays_open);
        request.extensions_mut().insert(ticket);
        if let (ClientRequest::CallToolRequest(call), Some(slot)) = (&mut request, self.gate.lock().slot()) {
            call.extensions.insert(slot.clone());
        }
        Some(JsonRpcMessage::request(request, id))
    }

    /// Reads the events of the next request while the one before it is under way, and of no more than that one: as
    /// events they may take far more memory than as a line. Whether there were any to read.
    fn parse_ahead(&mut self, cx: &mut Context<'_>) -> bool {
        let is_unread = |(step, _): &mut (Step, usize)| matches!(step, Step::Storing(_));
        let Some((Step::Storing(unread), bytes)) = self.steps.pop_front_if(is_unread) else { return false };
        let _written_or_not = self.poll_write(cx);
        match parsed(*unread) {
            Some(step) => self.steps.push_front((step, bytes)),
            None => self.queued_bytes -= bytes,
        }
        true
    }

    /// What a request lacks that comes neither after `initialize` nor with its own protocol version.
    fn missing(&self, request: &ClientRequest) -> Option<String> {
        let needs_nothing = matches!(request, ClientRequest::InitializeRequest(_) | ClientRequest::PingRequest(_));
        if self.options.script || self.is_initialized || needs_nothing {
            return None;
        }
        let missing = request.get_meta().missing_required_keys(&ProtocolVersion::V_2026_07_28);
        (!missing.is_empty()).then(|| {
            format!(
                "request _meta is missing or has malformed required fields: {}. Send initialize first, or these \
                 fields with every request, or start the server with --script to ask without either",
                missing.join(", ")
            )
        })
    }

    /// Reads until a line is there or the queue is full. Pending: nothing new came.
    fn read_ahead(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.steps.len() >= QUEUED || self.queued_bytes >= QUEUED_BYTES {
            return Poll::Pending;
        }
        loop {
            if let Some(taken) = ready!(self.intake.poll_next(cx)) {
                self.queue(taken);
                return Poll::Ready(());
            }
            if self.end.is_some() {
                return Poll::Pending;
            }
            let mut room = ReadBuf::new(self.intake.room());
            match self.input.as_mut().poll_read(cx, &mut room) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(())) => {
                    let bytes = room.filled().len();
                    self.intake.filled(bytes);
                    if bytes == 0 {
                        self.end = Some(End::Eof);
                        if let Some(taken) = self.intake.end() {
                            self.queue(taken);
                        }
                        return Poll::Ready(());
                    }
                }
                Poll::Ready(Err(error)) => {
                    // What was asked before is still answered.
                    self.end = Some(End::Failed(error));
                    return Poll::Ready(());
                }
            }
        }
    }

    /// Ends what would stay open for ever, with the result that says it ended well. Whether there was any.
    fn end_subscriptions(&mut self) -> bool {
        let mut gate = self.gate.lock();
        let open = gate.take_open();
        for id in &open {
            let mut result = SubscriptionsListenResult::complete(id.clone());
            result.meta.set_server_info(about());
            let result = ServerResult::SubscriptionsListenResult(result);
            let reply: TxJsonRpcMessage<RoleServer> = JsonRpcMessage::response(result, id.clone());
            gate.outbox.reply(&reply);
            self.notices.push_back(cancelled(id.clone()));
        }
        !open.is_empty()
    }

    fn heed_signals(&mut self, cx: &mut Context<'_>) {
        let Some((asked, insisted)) = &mut self.signals else { return };
        if asked.poll(cx).is_ready() {
            self.end = Some(End::Signal);
        }
        if insisted.poll(cx).is_ready() {
            self.fail(io::Error::new(io::ErrorKind::Interrupted, "asked twice to end; replies may be missing"));
        }
    }

    /// Writes what waits. Ready: all of it is written, or nobody can be written to.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.broken.is_none() {
            return Poll::Ready(());
        }
        let mut gate = self.gate.lock();
        while gate.outbox.len() > 0 {
            match ready!(self.output.as_mut().poll_write(cx, gate.outbox.unwritten())) {
                Ok(bytes) if bytes > 0 => {
                    gate.outbox.wrote(bytes);
                    self.is_unflushed = true;
                }
                other => {
                    drop(gate);
                    self.fail(other.err().unwrap_or_else(|| io::ErrorKind::WriteZero.into()));
                    return Poll::Ready(());
                }
            }
        }
        drop(gate);
        if self.is_unflushed {
            let flushed = ready!(self.output.as_mut().poll_flush(cx));
            self.is_unflushed = false;
            if let Err(error) = flushed {
                self.fail(error);
            }
        }
        Poll::Ready(())
    }

    fn fail(&mut self, error: io::Error) {
        if let Some(broken) = self.broken.take() {
            // Nobody listens: the connection is being closed already.
            let _told_or_not = broken.send(error);
        }
    }
}

/// What a line that looked like a call that stores turns out to be.
fn parsed(unread: Unread) -> Option<Step> {
    match unread.read() {
        Said::Request(asked) => Some(Step::Request(asked)),
        Said::Refused(refusal) => Some(Step::Refuse(refusal)),
        // It has an id: it is nothing else.
        _ => None,
    }
}

impl Transport<RoleServer> for Wire {
    type Error = io::Error;

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = Result<(), io::Error>> + Send + 'static {
        let mut gate = self.gate.lock();
        let id = match &message {
            JsonRpcMessage::Response(response) => Some(Some(&response.id)),
            JsonRpcMessage::Error(error) => Some(error.id.as_ref()),
            JsonRpcMessage::Request(_) | JsonRpcMessage::Notification(_) => None,
        };
        match id {
            Some(id) => {
                let answer = id.and_then(|id| gate.answer(id));
                if gate.answered(id) {
                    let is_written = answer.is_some_and(|answer| {
                        gate.outbox.reply_with(|reply| called::write(reply, &message, &answer.json).is_some())
                    });
                    if !is_written {
                        gate.outbox.reply(&message);
                    }
                }
            }
            None => {
                gate.outbox.notice(&message);
                gate.notified();
            }
        }
        // `receive` writes it: the protocol layer asks for the next message right after this.
        std::future::ready(Ok(()))
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        std::future::poll_fn(|cx| self.poll_receive(cx)).await
    }

    async fn close(&mut self) -> Result<(), io::Error> {
        std::future::poll_fn(|cx| self.poll_write(cx)).await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::Waker;

    use tokio::io::AsyncRead;

    use super::*;

    /// Bytes that come when they are sent.
    #[derive(Clone, Default)]
    struct Sent(Arc<parking_lot::Mutex<VecDeque<u8>>>);

    impl AsyncRead for Sent {
        fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            let mut bytes = self.0.lock();
            if bytes.is_empty() {
                return Poll::Pending;
            }
            let count = bytes.len().min(into.remaining());
            into.put_slice(&bytes.drain(..count).collect::<Vec<u8>>());
            Poll::Ready(Ok(()))
        }
    }

    #[test]
    fn a_batch_is_read_once_the_handler_before_it_began_and_can_still_be_cancelled() {
        let stdin = Sent::default();
        let send = |line: &str| stdin.0.lock().extend(format!("{line}\n").bytes());
        let options = Options { script: true, ..Options::default() };
        let (mut wire, _broken) =
            Wire::new(Box::pin(stdin.clone()), Box::pin(tokio::io::sink()), None, options, &Budget::default());
        let mut cx = Context::from_waker(Waker::noop());
        send(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#);
        send(
            r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"store_events","arguments":{"events":[{"ts":1}]}}}"#,
        );
        assert!(matches!(wire.poll_receive(&mut cx), Poll::Ready(Some(JsonRpcMessage::Request(_)))));
        assert!(wire.poll_receive(&mut cx).is_pending());
        assert!(matches!(wire.steps.front(), Some((Step::Storing(_), _))), "the handler comes first");
        assert!(wire.poll_receive(&mut cx).is_pending());
        assert!(matches!(wire.steps.front(), Some((Step::Request(_), _))), "it is read while the ping is answered");
        send(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}}"#);
        assert!(wire.poll_receive(&mut cx).is_pending());
        assert_eq!((wire.steps.len(), wire.queued_bytes), (0, 0));
    }
}
