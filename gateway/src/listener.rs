//! Accepts connections on the TCP ports, in clear and over TLS.

use std::{sync::Arc, time::Duration};

use tokio::net::TcpListener;

use crate::{
    certificate::Certificate,
    dialect::Dialect,
    reception::Reception,
    stream::{Stream, Tls},
};

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
        let _ = kit::http::tend(&socket);
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
