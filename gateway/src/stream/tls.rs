//! TLS over a socket's readiness: rustls keeps the records, this moves their bytes.

use std::{
    io::{self, IoSlice, Read, Write},
    sync::Arc,
};

use api::users::Fingerprint;
use parking_lot::Mutex;
use rustls::{ServerConfig, ServerConnection};
use sha2::{Digest, Sha256};
use tokio::net::TcpStream;

use super::half_close;

pub(crate) struct Tls {
    socket: TcpStream,
    /// Never contended: one task reads and writes.
    session: Mutex<ServerConnection>,
}

impl Tls {
    pub(crate) fn new(socket: TcpStream, config: Arc<ServerConfig>) -> Result<Self, rustls::Error> {
        Ok(Self { socket, session: Mutex::new(ServerConnection::new(config)?) })
    }

    pub(super) async fn readable(&self) -> io::Result<()> {
        // One record may hold more than was asked for, and the socket says nothing of the rest.
        let rest = self.session.lock().process_new_packets();
        if rest.is_ok_and(|state| state.plaintext_bytes_to_read() > 0) {
            return Ok(());
        }
        self.socket.readable().await
    }

    pub(super) fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut session = self.session.lock();
        loop {
            match session.reader().read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                read => return read,
            }
            session.read_tls(&mut Socket(&self.socket))?;
            let processed = session.process_new_packets();
            // Our half of the handshake, or the alert that says what was wrong with theirs.
            self.flush_what_fits(&mut session)?;
            processed.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        }
    }

    pub(super) async fn writable(&self) -> io::Result<()> {
        // Before the handshake is done nothing can be written, and it is done by reading.
        if self.is_shaking_hands() {
            std::future::pending().await
        }
        self.socket.writable().await
    }

    pub(super) fn try_write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut session = self.session.lock();
        if session.is_handshaking() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        // What is held here is bounded: nothing is taken before what was taken has left.
        self.flush(&mut session)?;
        session.writer().write_vectored(slices)
    }

    pub(super) fn try_flush(&self) -> io::Result<()> {
        let mut session = self.session.lock();
        if session.is_handshaking() { Ok(()) } else { self.flush(&mut session) }
    }

    pub(super) fn finish(&self) {
        let mut session = self.session.lock();
        session.send_close_notify();
        let _ = self.flush(&mut session);
        half_close(&self.socket);
    }

    /// None before the handshake is done.
    pub(super) fn certificate(&self) -> Option<Fingerprint> {
        let session = self.session.lock();
        let shown = session.peer_certificates()?.first()?;
        Some(Fingerprint::of(Sha256::digest(shown).into()))
    }

    fn is_shaking_hands(&self) -> bool {
        self.session.lock().is_handshaking()
    }

    fn flush(&self, session: &mut ServerConnection) -> io::Result<()> {
        while session.wants_write() {
            session.write_tls(&mut Socket(&self.socket))?;
        }
        Ok(())
    }

    fn flush_what_fits(&self, session: &mut ServerConnection) -> io::Result<()> {
        match self.flush(session) {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
            _ => Ok(()),
        }
    }
}

/// The socket as rustls wants it.
struct Socket<'a>(&'a TcpStream);

impl Read for Socket<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.try_read(buffer)
    }
}

impl Write for Socket<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_write_vectored(slices)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
