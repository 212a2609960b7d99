//! Accepts connections on the TCP ports, in clear and over TLS.

use std::sync::Arc;

use crate::{
    certificate::Certificate,
    dialect::Dialect,
    reception::Reception,
    stream::{Stream, Tls},
};
use kit::http::Acceptor;

/// Accepts until told to drain, then waits for the connections to end.
pub(crate) async fn run(
    mut listener: Acceptor,
    certificate: Option<Arc<Certificate>>,
    reception: Arc<Reception>,
    dialect: Dialect,
) {
    loop {
        let (socket, peer) = tokio::select! {
            accepted = listener.accept() => accepted,
            () = reception.draining.cancelled() => break,
        };
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
