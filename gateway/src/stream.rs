//! A client's bytes, whatever carries them. Used by the readiness of its socket and by one task, which reads and writes at once.

mod tls;
mod web;

use std::io::{self, IoSlice};

use api::users::Fingerprint;
use tokio::net::TcpStream;

pub(crate) use self::{
    tls::Tls,
    web::{MAX_MESSAGE, Messages, Web},
};

pub(crate) enum Stream {
    Tcp(TcpStream),
    Tls(Box<Tls>),
    Web(Box<Web>),
}

impl Stream {
    /// Ready when [`try_read`](Self::try_read) is worth a try.
    pub(crate) async fn readable(&self) -> io::Result<()> {
        match self {
            Self::Tcp(socket) => socket.readable().await,
            Self::Tls(tls) => tls.readable().await,
            Self::Web(web) => web.readable().await,
        }
    }

    /// Reads once; 0: they have closed their half.
    pub(crate) fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(socket) => socket.try_read(buffer),
            Self::Tls(tls) => tls.try_read(buffer),
            Self::Web(web) => web.try_read(buffer),
        }
    }

    /// Ready when [`try_write`](Self::try_write) or [`try_flush`](Self::try_flush) is worth a try.
    pub(crate) async fn writable(&self) -> io::Result<()> {
        match self {
            Self::Tcp(socket) => socket.writable().await,
            Self::Tls(tls) => tls.writable().await,
            Self::Web(web) => web.writable().await,
        }
    }

    /// Writes once, whole lines in each slice; gives how many bytes were taken, never 0.
    pub(crate) fn try_write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Self::Tcp(socket) => socket.try_write_vectored(slices),
            Self::Tls(tls) => tls.try_write(slices),
            Self::Web(web) => web.try_write(slices),
        }
    }

    /// What was taken has left for the socket when this succeeds.
    pub(crate) fn try_flush(&self) -> io::Result<()> {
        match self {
            Self::Tcp(_) => Ok(()),
            Self::Tls(tls) => tls.try_flush(),
            Self::Web(web) => web.try_flush(),
        }
    }

    /// Writes a last line to a connection that was never read from, and says that there is no more.
    pub(crate) async fn write_last(&self, line: &[u8]) -> io::Result<()> {
        // Less than any socket's buffer: it is taken whole, as soon as anything is.
        while let Err(error) = self.try_write(&[IoSlice::new(line)]).and_then(|_| self.try_flush()) {
            if error.kind() != io::ErrorKind::WouldBlock {
                return Err(error);
            }
            // A handshake is done by reading.
            tokio::select! {
                writable = self.writable() => writable?,
                readable = self.readable() => {
                    readable?;
                    match self.try_read(&mut [0; 1024]) {
                        Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                        Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
                        _ => {}
                    }
                }
            }
        }
        self.finish();
        Ok(())
    }

    /// Says that no more bytes come from us. Fails only on a connection that is gone already.
    pub(crate) fn finish(&self) {
        match self {
            Self::Tcp(socket) => half_close(socket),
            Self::Tls(tls) => tls.finish(),
            Self::Web(web) => web.finish(),
        }
    }

    /// The certificate that the client has shown, and has the key of.
    pub(crate) fn certificate(&self) -> Option<Fingerprint> {
        match self {
            Self::Tls(tls) => tls.certificate(),
            Self::Tcp(_) | Self::Web(_) => None,
        }
    }

    /// Nobody on the way can read it.
    pub(crate) fn is_private(&self) -> bool {
        matches!(self, Self::Tls(_))
    }
}

fn half_close(socket: &TcpStream) {
    let _ = socket2::SockRef::from(socket).shutdown(std::net::Shutdown::Write);
}
