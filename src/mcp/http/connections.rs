//! Which connections are kept, and for how long?
//!
//! So many at once; for one more, the one that has been idle longest is closed. A request's head has a time to come, and
//! so has the next request of a connection. That the system is out of descriptors is told, and waited out.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use parking_lot::Mutex;
use rmcp::transport::common::http_header::HEADER_MCP_METHOD;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::held::Held;

/// Connections at once.
const MAX_CONNECTIONS: usize = 512;

/// How long a request's head may take to come, and a connection may wait for its next request.
const HEAD: Duration = Duration::from_secs(10);

/// Pause after a connection that could not be accepted: the system is out of something.
const PAUSE: Duration = Duration::from_millis(100);

/// How often it is looked whether there is room again.
const LOOK: Duration = Duration::from_millis(10);

/// Told what goes wrong, in one line each.
pub(in crate::mcp) type Tell = Arc<dyn Fn(&str) + Send + Sync>;

/// One connection, for who may have to close it.
#[derive(Debug)]
struct Connection {
    /// When it last asked or was answered, in steps of what all connections did.
    last: AtomicU64,
    /// Requests being worked on.
    asks: AtomicU64,
    close: CancellationToken,
}

/// All connections.
#[derive(Clone, Debug, Default)]
struct Connections {
    open: Arc<Mutex<HashMap<u64, Arc<Connection>>>>,
    steps: Arc<AtomicU64>,
}

impl Connections {
    fn step(&self) -> u64 {
        self.steps.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn begin(&self) -> (u64, Arc<Connection>) {
        let number = self.step();
        let one = Connection { last: AtomicU64::new(number), asks: AtomicU64::new(0), close: CancellationToken::new() };
        let one = Arc::new(one);
        self.open.lock().insert(number, Arc::clone(&one));
        (number, one)
    }

    fn end(&self, number: u64) {
        self.open.lock().remove(&number);
    }

    fn is_full(&self) -> bool {
        self.open.lock().len() >= MAX_CONNECTIONS
    }

    /// Ready when there is room for one more. It is made when somebody comes, who is no candidate: the connection idle
    /// longest goes. While all are being answered, who came waits, and those behind with the system.
    async fn room(&self) {
        while self.is_full() {
            self.make_room();
            if self.is_full() {
                tokio::time::sleep(LOOK).await;
            }
        }
    }

    /// Closes the connection that is idle longest, unless all are being answered.
    fn make_room(&self) {
        let mut open = self.open.lock();
        let idle = open.iter().filter(|(_, one)| one.asks.load(Ordering::Relaxed) == 0);
        let longest = idle.min_by_key(|(_, one)| one.last.load(Ordering::Relaxed)).map(|(number, _)| *number);
        if let Some(closed) = longest.and_then(|number| open.remove(&number)) {
            closed.close.cancel();
        }
    }
}

/// Answers the requests of one connection, and notes that it is used.
struct Used {
    inner: TowerToHyperService<Router>,
    connection: Arc<Connection>,
    connections: Connections,
}

/// A request being worked on, until its reply is sent; of one that only listens, until it begins.
struct Asking(Arc<Connection>, Connections);

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.asks.fetch_sub(1, Ordering::Relaxed);
        self.0.last.store(self.1.step(), Ordering::Relaxed);
    }
}

/// Whether what a request is answered goes on for ever: the stream of a session, or a subscription. The protocol layer
/// refuses a header that its body does not agree with.
fn only_listens<B>(request: &Request<B>) -> bool {
    let method = request.headers().get(HEADER_MCP_METHOD);
    request.method() == Method::GET || method.is_some_and(|method| method == "subscriptions/listen")
}

impl Service<Request<Incoming>> for Used {
    type Response = Response<Body>;
    type Error = std::convert::Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        self.connection.asks.fetch_add(1, Ordering::Relaxed);
        self.connection.last.store(self.connections.step(), Ordering::Relaxed);
        let asking = Asking(Arc::clone(&self.connection), self.connections.clone());
        let only_listens = only_listens(&request);
        let reply = self.inner.call(request);
        Box::pin(async move {
            let reply = reply.await;
            if only_listens {
                return reply;
            }
            reply.map(|reply| reply.map(|body| Held::body(body, asking)))
        })
    }
}

/// Serves until `stop`, then until every connection has been answered. `wrap` is what a connection is read and written
/// through.
pub(super) async fn serve<Io: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    listener: TcpListener,
    wrap: fn(TcpStream) -> Io,
    router: Router,
    stop: CancellationToken,
    tell: Tell,
) -> io::Result<()> {
    let connections = Connections::default();
    let tasks = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let _sent_at_once_or_not = stream.set_nodelay(true);
                tokio::select! {
                    () = stop.cancelled() => break,
                    () = connections.room() => {}
                }
                let (number, connection) = connections.begin();
                let (all, router, stop) = (connections.clone(), router.clone(), stop.clone());
                tasks.spawn(async move {
                    one(wrap(stream), router, &connection, &all, &stop).await;
                    all.end(number);
                });
            }
            // The client was quicker than we were.
            Err(error) if is_of_the_client(&error) => {}
            Err(error) => {
                tell(&format!("http: cannot accept a connection: {error}; those that are open go on"));
                connections.make_room();
                tokio::select! {
                    () = stop.cancelled() => break,
                    () = tokio::time::sleep(PAUSE) => {}
                }
            }
        }
    }
    drop(listener);
    tasks.close();
    tasks.wait().await;
    Ok(())
}

fn is_of_the_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

async fn one<Io: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    io: Io,
    router: Router,
    connection: &Arc<Connection>,
    connections: &Connections,
    stop: &CancellationToken,
) {
    let inner = TowerToHyperService::new(router);
    let used = Used { inner, connection: Arc::clone(connection), connections: connections.clone() };
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD);
    let serving = builder.serve_connection(TokioIo::new(io), used);
    tokio::pin!(serving);
    // What breaks a connection is the client's affair; whoever asked sees it.
    tokio::select! {
        _ended = serving.as_mut() => return,
        () = connection.close.cancelled() => return,
        () = stop.cancelled() => serving.as_mut().graceful_shutdown(),
    }
    let _ended = serving.await;
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
    use tokio::time::{Instant, sleep};

    use super::*;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";

    /// A client of a server that answers everything; time stands still but where everybody waits for it.
    fn client<T, Work: Future<Output = T>>(work: impl FnOnce(DuplexStream) -> Work) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let (ours, theirs) = tokio::io::duplex(1 << 10);
            tokio::spawn(async move {
                let connections = Connections::default();
                let (_, connection) = connections.begin();
                let router = Router::new().fallback(|| async { "answered" });
                one(ours, router, &connection, &connections, &CancellationToken::new()).await;
            });
            work(theirs).await
        })
    }

    /// What comes until the server closes, and how many seconds that takes.
    async fn rest(client: &mut DuplexStream) -> (String, u64) {
        let (mut rest, began) = (String::new(), Instant::now());
        client.read_to_string(&mut rest).await.unwrap();
        (rest, began.elapsed().as_secs())
    }

    #[test]
    fn a_head_that_does_not_come_or_comes_slowly_is_given_up_in_time() {
        for sent in [0, 1, REQUEST.len() - 1] {
            let ended = client(|mut client| async move {
                client.write_all(&REQUEST[..sent]).await.unwrap();
                rest(&mut client).await
            });
            assert_eq!(ended, (String::new(), HEAD.as_secs()), "after {sent} bytes");
        }
        let bytes = client(|mut client| async move {
            for (sent, byte) in (0..).zip(REQUEST.chunks(1)) {
                sleep(Duration::from_secs(1)).await;
                if client.write_all(byte).await.is_err() {
                    return sent;
                }
            }
            u64::MAX
        });
        assert!(bytes <= HEAD.as_secs() + 1, "it took {bytes} bytes, one a second");
    }

    #[test]
    fn a_head_that_comes_in_time_is_answered_and_so_is_the_next_but_not_for_ever() {
        let (replies, seconds) = client(|mut client| async move {
            for _ in 0..3 {
                let (first, last) = REQUEST.split_at(20);
                sleep(HEAD / 3).await;
                client.write_all(first).await.unwrap();
                sleep(HEAD / 2).await;
                client.write_all(last).await.unwrap();
            }
            rest(&mut client).await
        });
        assert_eq!((replies.matches("answered").count(), seconds), (3, HEAD.as_secs()), "{replies}");
    }

    #[test]
    fn the_connection_idle_longest_makes_room_and_one_that_is_answered_does_not() {
        let connections = Connections::default();
        let open: Vec<_> = (0..4).map(|_| connections.begin().1).collect();
        open[0].asks.fetch_add(1, Ordering::Relaxed);
        open[1].last.store(connections.step(), Ordering::Relaxed);
        for closed in [2, 3, 1] {
            connections.make_room();
            assert!(open[closed].close.is_cancelled(), "{closed}");
        }
        connections.make_room();
        assert!(!open[0].close.is_cancelled());
        assert_eq!(connections.open.lock().len(), 1);
    }

    #[test]
    fn a_connection_whose_answer_is_being_sent_is_not_idle() {
        let connections = Connections::default();
        let (_, connection) = connections.begin();
        connection.asks.fetch_add(1, Ordering::Relaxed);
        let sent = Held::body(Body::from("an answer"), Asking(Arc::clone(&connection), connections.clone()));
        connections.make_room();
        assert!(!connection.close.is_cancelled());
        drop(sent);
        connections.make_room();
        assert!(connection.close.is_cancelled());
    }
}
