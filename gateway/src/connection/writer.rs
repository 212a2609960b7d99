//! What a connection's queue holds, to its socket: as much in one write as there is.

use std::{future::poll_fn, io};

use super::Stop;
use crate::{
    sendq::{Closed, SendQueue, Taken, WRITE_PIECES},
    stream::Stream,
};
use bytes::Buf;

/// What is being written. Kept between tries, so that a write can be left and taken up again anywhere.
#[derive(Default)]
pub(crate) struct Writer {
    hand: Option<Taken>,
}

impl Writer {
    /// Writes whatever comes, until the connection cannot or must not be written to.
    pub(crate) async fn write(&mut self, stream: &Stream, queue: &SendQueue) -> Stop {
        loop {
            tokio::select! {
                biased;
                written = self.write_hand(stream, queue) => {
                    if let Err(error) = written {
                        return error.into();
                    }
                }
                // It takes nothing, and will not be waited for.
                () = poll_fn(|context| queue.poll_overflow(context)) => return Stop::Closed(Closed::Overflow),
            }
            match poll_fn(|context| queue.poll_take(context)).await {
                Ok(taken) => self.hand = Some(taken),
                Err(closed) => return Stop::Closed(closed),
            }
        }
    }

    /// Writes what is there.
    pub(crate) async fn flush(&mut self, stream: &Stream, queue: &SendQueue) -> io::Result<()> {
        self.write_hand(stream, queue).await?;
        while let Some(taken) = queue.take() {
            self.hand = Some(taken);
            self.write_hand(stream, queue).await?;
        }
        Ok(())
    }

    async fn write_hand(&mut self, stream: &Stream, queue: &SendQueue) -> io::Result<()> {
        loop {
            let step = match &mut self.hand {
                Some(taken) if !taken.pieces.is_empty() => write_some(stream, taken),
                _ => match stream.try_flush() {
                    Ok(()) => break,
                    blocked => blocked,
                },
            };
            match step {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => stream.writable().await?,
                step => step?,
            }
        }
        if let Some(taken) = self.hand.take() {
            queue.written(&taken);
        }
        Ok(())
    }
}

/// One write of as much as the socket takes.
fn write_some(stream: &Stream, taken: &mut Taken) -> io::Result<()> {
    let mut slices = [io::IoSlice::new(&[]); WRITE_PIECES];
    let mut count = 0;
    for (slice, piece) in slices.iter_mut().zip(&taken.pieces) {
        *slice = io::IoSlice::new(piece);
        count += 1;
    }
    let mut written = stream.try_write(&slices[..count])?;
    while let Some(piece) = taken.pieces.front_mut() {
        if piece.len() > written {
            piece.advance(written);
            break;
        }
        written -= piece.len();
        taken.pieces.pop_front();
    }
    Ok(())
}
