use std::fmt;

use api::{
    Timestamp,
    auth::ServiceName,
    logs::{LogRecord, MAX_LOG_MESSAGE_BYTES},
};
use serde_json::{Map, Value};
use tokio::sync::mpsc;
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id},
};
use tracing_subscriber::{Layer, layer::Context, registry::LookupSpan};

use super::ship;

/// Records that wait to be shipped: some 8 MB at most. When it is full new ones are dropped and counted.
pub(super) const QUEUE: usize = 8192;
/// Fields of one record, its spans' among them.
const FIELDS: usize = 32;
/// Never shipped: each request that ships would make the next one necessary.
const OWN: [&str; 4] = ["access", "hyper", "reqwest", "kit::telemetry"];

/// Turns events into records for log-service and queues them; never waits.
pub struct LogLayer {
    queue: mpsc::Sender<LogRecord>,
}

impl LogLayer {
    /// Queues for [`super::ship`], which may start later.
    pub(super) fn new() -> Self {
        let (queue, records) = mpsc::channel(QUEUE);
        ship::take_over(records);
        Self { queue }
    }

    /// A layer with a queue of its own.
    pub fn with_queue(queue: mpsc::Sender<LogRecord>) -> Self {
        Self { queue }
    }
}

/// What a span says about all that happens in it.
struct SpanFields(Map<String, Value>);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for LogLayer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(SpanFields(fields.map));
        }
    }

    fn on_record(&self, id: &Id, values: &tracing::span::Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(SpanFields(map)) = span.extensions_mut().get_mut()
        {
            let mut fields = Fields::default();
            values.record(&mut fields);
            map.extend(fields.map);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let metadata = event.metadata();
        if OWN.iter().any(|own| metadata.target().starts_with(own)) {
            return;
        }
        let mut fields = Fields::default();
        event.record(&mut fields);
        // Inner spans know better than outer ones, the event best.
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(SpanFields(outer)) = span.extensions().get::<SpanFields>() {
                for (name, value) in outer {
                    if fields.map.len() < FIELDS && !fields.map.contains_key(name) {
                        fields.map.insert(name.clone(), value.clone());
                    }
                }
            }
        }
        if self.queue.try_send(record(metadata, fields)).is_err() {
            metrics::counter!("log_records_dropped_total").increment(1);
        }
    }
}

fn record(metadata: &Metadata<'_>, fields: Fields) -> LogRecord {
    let Fields { mut map, message } = fields;
    let mut word = |name: &str| match map.remove(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    };
    let (service, trace_id) = (word("service"), word("trace_id"));
    LogRecord {
        at: Timestamp::now(),
        service: service.unwrap_or_else(|| of_target(metadata.target())),
        instance: ship::instance().to_owned(),
        level: level(*metadata.level()),
        message,
        fields: map,
        trace_id,
    }
}

/// `user_service::routes` is of `users`, `gateway::hub` of `gateway`, anything else of the whole process.
fn of_target(target: &str) -> String {
    let package = target.split("::").next().unwrap_or_default();
    let stem = package.trim_end_matches("_service");
    let known = ServiceName::ALL.into_iter().find(|name| name.as_str().starts_with(stem) && stem.len() > 2);
    known.map_or("causerie", ServiceName::as_str).to_owned()
}

fn level(level: Level) -> api::logs::Level {
    match level {
        Level::TRACE => api::logs::Level::Trace,
        Level::DEBUG => api::logs::Level::Debug,
        Level::INFO => api::logs::Level::Info,
        Level::WARN => api::logs::Level::Warn,
        Level::ERROR => api::logs::Level::Error,
    }
}

/// Gathers an event's or a span's fields.
#[derive(Default)]
struct Fields {
    map: Map<String, Value>,
    message: String,
}

impl Fields {
    fn put(&mut self, field: &Field, value: Value) {
        if self.map.len() < FIELDS {
            self.map.insert(field.name().to_owned(), value);
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = cut(format!("{value:?}"));
        if field.name() == "message" {
            self.message = text;
        } else {
            self.put(field, text.into());
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.message = cut(value.to_owned());
        } else {
            self.put(field, cut(value.to_owned()).into());
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }
}

fn cut(mut text: String) -> String {
    if text.len() > MAX_LOG_MESSAGE_BYTES {
        text.truncate(text.floor_char_boundary(MAX_LOG_MESSAGE_BYTES));
    }
    text
}
