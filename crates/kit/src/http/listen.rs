use std::{convert::Infallible, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::ConnectInfo};
use http::Request;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::Service;

use crate::config::HttpLimits;

/// Connections that wait to be accepted: a burst of all clients of a restarted neighbour.
const BACKLOG: i32 = 4096;
/// Connections at once on one listener: some 10 KiB each.
const CONNECTIONS: usize = 16_384;
/// How long what is in hand may take when the listener closes; the rest of the stop needs some time too.
const DRAIN: Duration = Duration::from_secs(7);
/// Out of file handles: a moment for some to be freed.
const BREATH: Duration = Duration::from_millis(50);

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

/// Accepts until told to drain, then finishes what is in hand.
pub(super) async fn run(listener: TcpListener, app: Router, limits: HttpLimits, draining: CancellationToken) {
    let mut protocol = http1::Builder::new();
    protocol.timer(TokioTimer::new()).header_read_timeout(limits.header_timeout.get());
    let connections = TaskTracker::new();
    let slots = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &slots) => accepted,
            () = draining.cancelled() => break,
        };
        let Some((stream, peer, slot)) = accepted else { continue };
        let app = app.clone();
        let answer = service_fn(move |request: Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            let answer = app.clone().call(request);
            async move { Ok::<_, Infallible>(answer.await.unwrap_or_else(|never| match never {})) }
        });
        let connection = protocol.serve_connection(TokioIo::new(stream), answer).with_upgrades();
        let draining = draining.clone();
        connections.spawn(async move {
            let mut connection = pin!(connection);
            // Whatever ends a connection is the client's business.
            tokio::select! {
                _ = &mut connection => {}
                () = draining.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    let _ = connection.await;
                }
            }
            drop(slot);
        });
    }
    drop(listener);
    connections.close();
    if tokio::time::timeout(DRAIN, connections.wait()).await.is_err() {
        tracing::warn!("some requests did not end in time");
    }
}

async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    let slot = slots.clone().acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => {
            // Fails only on a socket that is gone already.
            let _ = stream.set_nodelay(true);
            Some((stream, peer, slot))
        }
        Err(error) => {
            tracing::warn!(cause = %error, "could not accept a connection");
            tokio::time::sleep(BREATH).await;
            None
        }
    }
}
