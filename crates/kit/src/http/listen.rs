use std::{convert::Infallible, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::ConnectInfo};
use http::Request;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::Service;

use super::{accept::Acceptor, crowd::Crowd, handles::http_connections};
use crate::config::HttpLimits;

/// Connections that wait to be accepted: a burst of all clients of a restarted neighbour.
const BACKLOG: i32 = 4096;
/// How long what is in hand may take when the listener closes; the rest of the stop needs some time too.
const DRAIN: Duration = Duration::from_secs(7);
/// A half-open connection is noticed by its first unanswered probes, and given up some 20 s after its last sign of life: within
/// the 30 s in which everybody else must have seen its client leave.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(10);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
#[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
const UNACKNOWLEDGED: Duration = Duration::from_secs(20);

/// A listener could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    #[error("{addr} is taken by another process: choose another with {setting} (or --listen)")]
    Taken { addr: SocketAddr, setting: String },
    #[error("this user may not listen on {addr}: choose another with {setting} (or --listen)")]
    Forbidden { addr: SocketAddr, setting: String },
    #[error("could not listen on {addr}")]
    Other {
        addr: SocketAddr,
        #[source]
        source: io::Error,
    },
}

/// A listener with the backlog of all ours; `setting` is named to whoever finds the port taken.
pub fn bind(addr: SocketAddr, setting: &str) -> Result<TcpListener, ListenError> {
    let open = || {
        let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
        // Connections of the run before that linger must not keep the port; on Windows it would mean sharing it.
        #[cfg(unix)]
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&addr.into())?;
        socket.listen(BACKLOG)?;
        TcpListener::from_std(socket.into())
    };
    let setting = setting.to_owned();
    open().map_err(|source: io::Error| match source.kind() {
        io::ErrorKind::AddrInUse => ListenError::Taken { addr, setting },
        io::ErrorKind::PermissionDenied => ListenError::Forbidden { addr, setting },
        _ => ListenError::Other { addr, source },
    })
}

/// Has an accepted connection send at once, and end by itself when its peer has vanished.
///
/// # Errors
/// The connection is gone already.
pub fn tend(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE_IDLE);
    #[cfg(not(any(target_os = "openbsd", target_os = "haiku", target_os = "redox", target_os = "solaris")))]
    let keepalive = keepalive.with_interval(KEEPALIVE_INTERVAL);
    socket.set_tcp_keepalive(&keepalive)?;
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED))?;
    Ok(())
}

/// Accepts until told to drain, then finishes what is in hand.
pub(super) async fn run(
    mut listener: Acceptor,
    app: Router,
    limits: HttpLimits,
    draining: CancellationToken,
) {
    let mut protocol = http1::Builder::new();
    protocol.timer(TokioTimer::new()).header_read_timeout(limits.header_timeout.get());
    let connections = TaskTracker::new();
    let slots = Arc::new(Semaphore::new(http_connections(limits.connections, "http.connections")));
    let crowd = Crowd::new(limits.connections_per_address, limits.uncounted);
    loop {
        let accepted = async {
            let slot = slots.clone().acquire_owned().await;
            (listener.accept().await, slot)
        };
        let ((stream, peer), slot) = tokio::select! {
            accepted = accepted => accepted,
            () = draining.cancelled() => break,
        };
        let Some(visitor) = crowd.enter(peer.ip()) else { continue };
        let asked = CancellationToken::new();
        let answer = {
            let (app, visitor, asked) = (app.clone(), visitor.clone(), asked.clone());
            service_fn(move |request: Request<Incoming>| {
                asked.cancel();
                let mut request = request.map(Body::new);
                request.extensions_mut().insert(ConnectInfo(peer));
                request.extensions_mut().insert(visitor.clone());
                let answer = app.clone().call(request);
                async move { Ok::<_, Infallible>(answer.await.unwrap_or_else(|never| match never {})) }
            })
        };
        let connection = protocol.serve_connection(TokioIo::new(stream), answer).with_upgrades();
        let (draining, first_request) = (draining.clone(), limits.first_request.get());
        connections.spawn(async move {
            let mut connection = pin!(connection);
            // Whatever ends a connection is the client's business.
            tokio::select! {
                _ = &mut connection => {}
                () = silent(&asked, first_request) => {}
                () = draining.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    let _ = connection.await;
                }
            }
            drop((slot, visitor));
        });
    }
    drop(listener);
    connections.close();
    if tokio::time::timeout(DRAIN, connections.wait()).await.is_err() {
        tracing::warn!("some requests did not end in time");
    }
}

/// Returns if no request came in that time.
async fn silent(asked: &CancellationToken, within: Duration) {
    if tokio::time::timeout(within, asked.cancelled()).await.is_ok() {
        std::future::pending().await
    }
}
