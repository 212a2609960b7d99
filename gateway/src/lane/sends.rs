//! The lane of sends: nothing overtakes, nothing is lost silently, and the next batch leaves before the last is handed out.

mod admission;

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use api::{
    ErrorCode, Problem,
    auth::ServiceName,
    messages::{SendItem, SendResult},
    page::{Batch, MAX_BATCH},
};
use client::Messages;
use kit::{Tasks, trace};
use tokio::{sync::mpsc, task::JoinHandle};

pub(crate) use self::admission::Place;
use self::admission::{Admission, Watch};
use crate::{
    config::Limits,
    hub::{Done, Hub, Sent, Stored},
};

/// Bytes of one batch's body, estimated: services take 1 MiB.
const BATCH_BYTES: usize = 640 * 1024;
/// Bytes of an item beside its text.
const ITEM_BYTES: usize = 768;
/// Between two tries of a batch that was not answered, or held nothing but what the service is catching up to.
const PAUSE: Duration = Duration::from_millis(50);
const STALE_PAUSE: Duration = Duration::from_millis(5);

/// Where sends gather.
#[derive(Clone)]
pub(crate) struct Sends {
    /// As long as there are places.
    queue: mpsc::UnboundedSender<Send>,
    admission: Arc<Admission>,
}

struct Send {
    item: SendItem,
    sent: Sent,
    /// None: it goes again, and has its place.
    arrived: Option<Instant>,
}

type Answer = Result<Batch<SendResult>, client::Error>;

impl Sends {
    pub(crate) fn start(tasks: &Tasks, hub: Arc<Hub>, messages: Messages, limits: &Limits) -> Self {
        let (queue, arriving) = mpsc::unbounded_channel();
        let admission = Admission::new(limits.waiting_sends);
        let watch = Watch::new(admission.clone(), limits.waiting_sends, limits.send_wait.get());
        let lane = Lane { arriving, waiting: VecDeque::new(), watch, hub, messages };
        tasks.spawn("sends", lane.run());
        Self { queue, admission }
    }

    /// A place for a send. Without one it is `503 overloaded`, so that those accepted are answered in time.
    pub(crate) fn place(&self) -> Option<Place> {
        self.admission.place()
    }

    /// Takes a send that has a place; its reply will be given. It comes back refused when the gateway ends.
    pub(crate) fn put(&self, item: SendItem, sent: Sent) -> Option<Done> {
        metrics::counter!("gateway_sends_total").increment(1);
        let sent = self.queue.send(Send { item, sent, arrived: Some(Instant::now()) }).err()?.0.sent;
        Some(sent.refused(Problem::new(ErrorCode::Unavailable)))
    }
}

struct Lane {
    arriving: mpsc::UnboundedReceiver<Send>,
    /// In order; those that go again are put in front.
    waiting: VecDeque<Send>,
    watch: Watch,
    hub: Arc<Hub>,
    messages: Messages,
}

/// A batch on its way: the items go out as often as needed, unchanged.
struct Flight {
    items: Arc<Batch<SendItem>>,
    sents: Vec<Sent>,
    tries: u32,
}

impl Lane {
    async fn run(mut self) {
        while let Some(mut flight) = self.gather().await {
            let mut done = Vec::new();
            loop {
                let answer = self.fly(&mut flight, std::mem::take(&mut done)).await;
                match answer {
                    Ok(answer) if answer.items.len() == flight.sents.len() => {
                        done = self.land(flight, answer);
                        if done.is_empty() {
                            tokio::time::sleep(STALE_PAUSE).await;
                        }
                        done.extend(self.turn_away(done.len()));
                        // The next batch leaves before this one is handed out.
                        match self.load() {
                            Some(next) => flight = next,
                            None => break,
                        }
                    }
                    Ok(_) => {
                        tracing::error!("a batch of sends was answered in part");
                        self.go_again(&mut flight).await;
                    }
                    Err(error) if error.is_unknown() => self.go_again(&mut flight).await,
                    Err(error) => {
                        let problem = error.problem();
                        done = flight.sents.into_iter().map(|sent| sent.refused(problem.clone())).collect();
                        break;
                    }
                }
                if flight.sents.is_empty() {
                    break;
                }
            }
            self.hub.sent(done);
        }
    }

    /// The next batch, as soon as there is anything to send.
    async fn gather(&mut self) -> Option<Flight> {
        loop {
            if let Some(flight) = self.load() {
                return Some(flight);
            }
            let first = self.arriving.recv().await?;
            self.waiting.push_back(first);
        }
    }

    /// In overload: those who have waited for too long were never sent, and are told to come back.
    fn turn_away(&mut self, landed: usize) -> Vec<Done> {
        let first = self.waiting.iter().find_map(|send| send.arrived);
        let Some(too_early) = self.watch.landed(landed, first, Instant::now()) else { return Vec::new() };
        let is_late = |send: &Send| send.arrived.is_some_and(|arrived| arrived < too_early);
        let (late, in_time): (VecDeque<_>, _) = self.waiting.drain(..).partition(is_late);
        self.waiting = in_time;
        metrics::counter!("gateway_sends_turned_away_total").increment(late.len() as u64);
        late.into_iter().map(|send| send.sent.refused(Problem::new(ErrorCode::Overloaded))).collect()
    }

    /// All that waits now, as far as it fits.
    fn load(&mut self) -> Option<Flight> {
        while self.waiting.len() < MAX_BATCH
            && let Ok(send) = self.arriving.try_recv()
        {
            self.waiting.push_back(send);
        }
        let (mut items, mut sents, mut bytes) = (Vec::new(), Vec::new(), 0);
        while items.len() < MAX_BATCH
            && let Some(next) = self.waiting.front()
        {
            bytes += weight(&next.item);
            if bytes > BATCH_BYTES && !items.is_empty() {
                break;
            }
            if let Some(Send { item, sent, .. }) = self.waiting.pop_front() {
                items.push(item);
                sents.push(sent);
            }
        }
        (!items.is_empty()).then(|| Flight { items: Arc::new(Batch { items }), sents, tries: 0 })
    }

    /// Sends a batch; meanwhile hands out the one before, takes in what arrives, and gives up what has waited too long.
    async fn fly(&mut self, flight: &mut Flight, done: Vec<Done>) -> Answer {
        flight.tries += 1;
        let mut answer = self.post(flight.items.clone());
        if !done.is_empty() {
            self.hub.sent(done);
        }
        let mut deadline = self.next_deadline(flight);
        loop {
            tokio::select! {
                biased;
                // A panic there: what it asked may have been done.
                answer = &mut answer => return answer.unwrap_or_else(|panic| Err(client::Error::Unreadable {
                    service: ServiceName::Messages,
                    detail: panic.to_string(),
                })),
                () = tokio::time::sleep_until(deadline.into()) => {
                    self.give_up(flight);
                    deadline = self.next_deadline(flight);
                }
                Some(send) = self.arriving.recv() => {
                    deadline = deadline.min(send.sent.deadline);
                    self.waiting.push_back(send);
                }
            }
        }
    }

    fn post(&self, items: Arc<Batch<SendItem>>) -> JoinHandle<Answer> {
        let messages = self.messages.clone();
        let trace = items.items.first().and_then(|item| item.trace.as_ref()?.parse().ok());
        let trace = trace.unwrap_or_else(trace::TraceContext::random);
        tokio::spawn(trace::scope(trace, async move { messages.send(&items).await }))
    }

    fn next_deadline(&self, flight: &Flight) -> Instant {
        let open = flight.sents.iter().filter(|sent| sent.reply.is_some());
        // What waits arrived later, all but what goes again.
        let waiting = self.waiting.iter().map(|send| &send.sent).filter(|sent| sent.reply.is_some()).take(1);
        let far = Instant::now() + Duration::from_secs(60);
        open.chain(waiting).map(|sent| sent.deadline).min().unwrap_or(far)
    }

    fn give_up(&mut self, flight: &mut Flight) {
        let now = Instant::now();
        let waiting = self.waiting.iter_mut().map(|send| &mut send.sent);
        let is_overdue = |sent: &&mut Sent| sent.deadline <= now;
        let mut done: Vec<_> = flight.sents.iter_mut().filter(is_overdue).filter_map(Sent::give_up).collect();
        if !done.is_empty() {
            self.hub.doubts();
        }
        done.extend(waiting.filter(is_overdue).filter_map(Sent::give_up));
        // Nobody waits for these any more, and they were never sent.
        self.waiting.retain(|send| send.sent.reply.is_some());
        self.hub.sent(done);
    }

    /// An answered batch: what is stored or refused is done; what the service is catching up to goes again, in its order.
    fn land(&mut self, flight: Flight, answer: Batch<SendResult>) -> Vec<Done> {
        let Flight { items, sents, tries } = flight;
        let items = Arc::try_unwrap(items).unwrap_or_else(|shared| Batch::clone(&shared)).items;
        let mut done = Vec::with_capacity(sents.len());
        let mut again = Vec::new();
        for ((item, sent), result) in items.into_iter().zip(sents).zip(answer.items) {
            match result {
                SendResult::Stored { entry, replayed } => {
                    // After a lost answer nobody knows whether the client repeats or we did.
                    let dup = replayed && sent.own_key && tries == 1;
                    done.push(sent.stored(Stored { entry, dup }));
                }
                SendResult::Problem(problem) => done.push(sent.refused(problem)),
                SendResult::Stale if sent.reply.is_some() => again.push(Send { item, sent, arrived: None }),
                SendResult::Stale => {}
            }
        }
        for send in again.into_iter().rev() {
            self.waiting.push_front(send);
        }
        done
    }

    /// Nothing is known of a batch: the same goes again, without what has been given up.
    async fn go_again(&mut self, flight: &mut Flight) {
        tokio::time::sleep(PAUSE).await;
        self.give_up(flight);
        if flight.sents.iter().any(|sent| sent.reply.is_none()) {
            let items = Arc::make_mut(&mut flight.items);
            let mut open = flight.sents.iter().map(|sent| sent.reply.is_some());
            items.items.retain(|_| open.next().unwrap_or(false));
            flight.sents.retain(|sent| sent.reply.is_some());
        }
    }
}

/// About how many bytes an item takes as JSON.
fn weight(item: &SendItem) -> usize {
    let escaped = item.text.bytes().filter(|&byte| byte < b' ' || matches!(byte, b'"' | b'\\')).count();
    ITEM_BYTES + item.text.len() + 5 * escaped
}
