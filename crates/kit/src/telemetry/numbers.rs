//! All numbers that Causerie counts, with what `/metrics` says of them (HELP). A name that is counted and not here fails a test.

use metrics::Unit;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// Name, kind, unit, meaning. Labels in brackets.
pub const NUMBERS: &[(&str, Kind, Unit, &str)] = {
    use Kind::{Counter, Gauge, Histogram};
    use Unit::{Count, Seconds};
    &[
        (
            "bus_dropped_total",
            Counter,
            Count,
            "Frames that could not be published; readers find the gap and heal it",
        ),
        ("bus_lagged_total", Counter, Count, "Times a reader of the bus was too slow and has to heal"),
        ("bus_published_total", Counter, Count, "Frames published to the bus"),
        (
            "client_repeats_total",
            Counter,
            Count,
            "Requests sent again, to another instance of a service [service]",
        ),
        ("gateway_channels", Gauge, Count, "Channels that somebody here is in"),
        ("gateway_commands_total", Counter, Count, "Commands answered [command, code]"),
        ("gateway_connections", Gauge, Count, "Connections open now"),
        ("gateway_connections_closed_total", Counter, Count, "Connections that have ended"),
        ("gateway_connections_refused_total", Counter, Count, "Connections turned away by a limit"),
        ("gateway_deliveries_total", Counter, Count, "Events put into send queues"),
        ("gateway_heals_total", Counter, Count, "Gaps in what was heard, filled by asking the owner [what]"),
        ("gateway_people", Gauge, Count, "People that this gateway knows of"),
        ("gateway_sends_total", Counter, Count, "Messages taken from clients"),
        (
            "gateway_sends_turned_away_total",
            Counter,
            Count,
            "Messages refused because more come than the disk takes",
        ),
        ("gateway_sendq_overflows_total", Counter, Count, "Clients closed because they did not read"),
        ("gateway_sessions", Gauge, Count, "Sessions open now"),
        (
            "http_request_duration_seconds",
            Histogram,
            Seconds,
            "From a request's head to its answer's [service, route, method]",
        ),
        ("http_requests_total", Counter, Count, "Requests answered [service, route, method, status]"),
        ("log_records_dropped_total", Counter, Count, "Log records that were not shipped"),
        ("logins_total", Counter, Count, "Logins with a password [outcome]"),
        ("messages_commit_size", Histogram, Count, "Acts in one transaction"),
        ("messages_queued_total", Counter, Count, "Acts taken to be stored"),
        ("messages_stored_total", Counter, Count, "Entries committed"),
        ("sessions_ended_total", Counter, Count, "Sessions ended"),
        ("sessions_opened_total", Counter, Count, "Sessions opened"),
        ("task_panics_total", Counter, Count, "Background work that panicked and was started again [task]"),
        ("tasks_failed_total", Counter, Count, "Tries of durable tasks that failed and come again [task]"),
    ]
};

/// Says what each means to the recorder of this process.
pub(super) fn describe() {
    for &(name, kind, unit, help) in NUMBERS {
        match kind {
            Kind::Counter => metrics::describe_counter!(name, unit, help),
            Kind::Gauge => metrics::describe_gauge!(name, unit, help),
            Kind::Histogram => metrics::describe_histogram!(name, unit, help),
        }
    }
}
