//! A WebSocket as a stream of lines: one message, one line without its end, both ways.

use std::{
    future::poll_fn,
    io::{self, IoSlice},
    task::{Context, Poll, Waker, ready},
};

use axum::extract::ws::{Message, Utf8Bytes, WebSocket};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use parking_lot::Mutex;

/// Bytes of a message. A line that is too long is to get its answer rather than a closed socket, within reason.
pub(crate) const MAX_MESSAGE: usize = 64 * 1024;

/// What our lines are sent as. Lines that come may be either.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Messages {
    Text,
    Binary,
}

/// Never contended: one task reads and writes.
pub(crate) struct Web(Mutex<Inner>);

struct Inner {
    socket: WebSocket,
    messages: Messages,
    /// What came and is not read yet; at most one message.
    came: Vec<u8>,
    /// How much of it is read.
    read: usize,
    has_ended: bool,
}

impl Web {
    pub(crate) fn new(socket: WebSocket, messages: Messages) -> Self {
        Self(Mutex::new(Inner { socket, messages, came: Vec::new(), read: 0, has_ended: false }))
    }

    pub(super) async fn readable(&self) -> io::Result<()> {
        poll_fn(|context| self.0.lock().poll_message(context)).await
    }

    pub(super) fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut inner = self.0.lock();
        let rest = &inner.came[inner.read..];
        if rest.is_empty() && !inner.has_ended {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        inner.read += count;
        if inner.read == inner.came.len() {
            // An idle connection holds no buffer.
            (inner.came, inner.read) = (Vec::new(), 0);
        }
        Ok(count)
    }

    /// When what was taken has left.
    pub(super) async fn writable(&self) -> io::Result<()> {
        poll_fn(|context| self.0.lock().socket.poll_flush_unpin(context)).await.map_err(io::Error::other)
    }

    pub(super) fn try_write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut inner = self.0.lock();
        inner.try_flush()?;
        let mut taken = 0;
        for slice in slices {
            for line in slice.split_inclusive(|&byte| byte == b'\n') {
                inner.send(line)?;
            }
            taken += slice.len();
        }
        Ok(taken)
    }

    pub(super) fn try_flush(&self) -> io::Result<()> {
        self.0.lock().try_flush()
    }

    pub(super) fn finish(&self) {
        let mut inner = self.0.lock();
        let context = &mut Context::from_waker(Waker::noop());
        let _ = inner.socket.poll_close_unpin(context);
    }
}

impl Inner {
    fn poll_message(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.came.is_empty() && !self.has_ended {
            match ready!(self.socket.poll_next_unpin(context)) {
                Some(Ok(Message::Text(text))) => self.take(text.as_bytes()),
                Some(Ok(Message::Binary(bytes))) => self.take(&bytes),
                // A ping is answered by the library.
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(_))) | None => self.has_ended = true,
                Some(Err(error)) => return Poll::Ready(Err(io::Error::other(error))),
            }
        }
        Poll::Ready(Ok(()))
    }

    fn take(&mut self, message: &[u8]) {
        self.came.extend_from_slice(message);
        self.came.push(b'\n');
    }

    fn try_flush(&mut self) -> io::Result<()> {
        let context = &mut Context::from_waker(Waker::noop());
        match self.socket.poll_flush_unpin(context) {
            Poll::Ready(flushed) => flushed.map_err(io::Error::other),
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// Hands a line to the library, which holds it until it is flushed.
    fn send(&mut self, line: &[u8]) -> io::Result<()> {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let line = Bytes::copy_from_slice(line);
        let message = match self.messages {
            Messages::Text => Message::Text(Utf8Bytes::try_from(line).map_err(io::Error::other)?),
            Messages::Binary => Message::Binary(line),
        };
        self.socket.start_send_unpin(message).map_err(io::Error::other)
    }
}
