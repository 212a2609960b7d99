//! What one does to a connection rather than on it.

use std::time::Duration;

use tokio::sync::mpsc;

use super::{Line, reader::Reader};

impl Line {
    /// Nothing more is sent; the server's half stays open.
    ///
    /// # Panics
    /// If the connection is gone.
    pub async fn half_closes(&mut self) {
        self.transcript.push("> (half-close)".into());
        let closed = socket2::SockRef::from(&*self.stream).shutdown(std::net::Shutdown::Write);
        closed.unwrap_or_else(|error| panic!("{}: {error}", self.name));
    }

    /// Stops reading, without closing: the server's queue for us fills.
    pub async fn stops_reading(&mut self) {
        self.reader.stop().await;
    }

    /// Reads again.
    ///
    /// # Panics
    /// If it did not stop.
    pub fn reads_again(&mut self) {
        let begun = self.reader.begun.take().expect("this one has stopped reading");
        self.gather();
        let (news, incoming) = mpsc::unbounded_channel();
        self.incoming = incoming;
        self.reader = Reader::start(self.stream.clone(), news, begun);
    }

    /// Pulls the plug: the other side gets a reset, without any goodbye.
    ///
    /// # Panics
    /// If the socket cannot be told.
    pub async fn resets(mut self) {
        let socket = socket2::SockRef::from(&*self.stream);
        socket.set_linger(Some(Duration::ZERO)).expect("a socket can linger");
        // The reader has let go of the socket then, which closes with this function's end.
        self.reader.stop().await;
    }
}
