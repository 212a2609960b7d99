//! Places for requests at work. A request whose body is still to come holds none: it costs nothing to begin one and leave it.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};
use parking_lot::Mutex;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, Sleep, sleep},
};

/// All places of one listener.
#[derive(Clone)]
pub(super) struct Slots {
    everybody: Arc<Semaphore>,
    /// Which strangers cannot take.
    services: Arc<Semaphore>,
}

/// One request's place.
#[derive(Clone)]
pub(super) struct Slot(Arc<Mutex<Held>>);

struct Held {
    slots: Slots,
    of_service: bool,
    permit: Option<OwnedSemaphorePermit>,
    trouble: Option<Trouble>,
}

/// Why a body was not read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// All places were taken when the body had come.
    Overloaded,
    /// Nothing of it came for too long.
    Stalled,
}

impl Slots {
    pub(super) fn new(everybody: usize, services: usize) -> Self {
        let semaphore = |places: usize| Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS)));
        Self { everybody: semaphore(everybody), services: semaphore(services) }
    }

    /// A place, or `None` if all are taken.
    pub(super) fn take(&self, of_service: bool) -> Option<Slot> {
        let permit = Some(self.permit(of_service)?);
        Some(Slot(Arc::new(Mutex::new(Held { slots: self.clone(), of_service, permit, trouble: None }))))
    }

    fn permit(&self, of_service: bool) -> Option<OwnedSemaphorePermit> {
        let ours = || if of_service { self.services.clone().try_acquire_owned().ok() } else { None };
        self.everybody.clone().try_acquire_owned().ok().or_else(ours)
    }
}

impl Slot {
    pub(super) fn trouble(&self) -> Option<Trouble> {
        self.0.lock().trouble
    }

    /// While the body is waited for, others work.
    fn lend(&self) {
        self.0.lock().permit = None;
    }

    fn take_again(&self) -> io::Result<()> {
        let mut held = self.0.lock();
        if held.permit.is_none() {
            held.permit = held.slots.permit(held.of_service);
        }
        if held.permit.is_none() {
            held.trouble = Some(Trouble::Overloaded);
            return Err(io::ErrorKind::ResourceBusy.into());
        }
        Ok(())
    }

    fn stalled(&self) -> io::Error {
        self.0.lock().trouble = Some(Trouble::Stalled);
        io::ErrorKind::TimedOut.into()
    }
}

/// A request's body, which gives the place back while it has to be waited for, and is not waited for for long.
pub(super) struct Awaited {
    body: Body,
    slot: Slot,
    patience: Duration,
    silence: Option<Pin<Box<Sleep>>>,
}

impl Awaited {
    pub(super) fn new(body: Body, slot: Slot, patience: Duration) -> Self {
        Self { body, slot, patience, silence: None }
    }
}

impl HttpBody for Awaited {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        let this = &mut *self;
        match Pin::new(&mut this.body).poll_frame(context) {
            Poll::Pending => {
                this.slot.lend();
                let patience = this.patience;
                let silence = this.silence.get_or_insert_with(|| Box::pin(sleep(patience)));
                ready!(silence.as_mut().poll(context));
                Poll::Ready(Some(Err(this.slot.stalled().into())))
            }
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(silence) = &mut this.silence {
                    silence.as_mut().reset(Instant::now() + this.patience);
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(error.into()))),
            Poll::Ready(None) => match this.slot.take_again() {
                Ok(()) => Poll::Ready(None),
                Err(error) => Poll::Ready(Some(Err(error.into()))),
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
