//! Accepts connections on the TCP ports, in clear and over TLS.

use std::{sync::Arc, time::Duration};

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};

use crate::{
    certificate::Certificate,
    dialect::Dialect,
    reception::Reception,
    stream::{Stream, Tls},
};

/// A half-open connection is noticed by its first unanswered probes, and given up some 20 s after its last sign of life: within
/// the 30 s in which everybody else must have seen it leave.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(10);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
#[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
const UNACKNOWLEDGED: Duration = Duration::from_secs(20);
/// Out of file handles: a moment for some to be freed.
const BREATH: Duration = Duration::from_millis(50);

/// Accepts until told to drain, then waits for the connections to end.
pub(crate) async fn run(
    listener: TcpListener,
    certificate: Option<Arc<Certificate>>,
    reception: Arc<Reception>,
    dialect: Dialect,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = reception.draining.cancelled() => break,
        };
        let (socket, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(cause = %error, "could not accept a connection");
                tokio::time::sleep(BREATH).await;
                continue;
            }
        };
        // Fails only on a socket that is gone already.
        let _ = set_up(&socket);
        let stream = match &certificate {
            None => Stream::Tcp(socket),
            Some(certificate) => match Tls::new(socket, certificate.current()) {
                Ok(tls) => Stream::Tls(Box::new(tls)),
                Err(error) => {
                    tracing::error!(cause = %error, "could not begin TLS");
                    continue;
                }
            },
        };
        if let Some(visit) = reception.receive(stream, peer, dialect) {
            reception.connections.spawn(visit);
        }
    }
    drop(listener);
    reception.all_gone().await;
}

fn set_up(stream: &TcpStream) -> std::io::Result<()> {
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
