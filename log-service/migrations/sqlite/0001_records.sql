-- What was logged. Ids are given in the order of commits and have no hole above the oldest that is kept.
create table records (
    id integer primary key,
    -- microseconds since 1970, by the clock of the one who logged
    at bigint not null,
    -- the same by this service's clock: what retention goes by
    received bigint not null,
    service text not null,
    instance text not null,
    -- 0 trace, 1 debug, 2 info, 3 warn, 4 error
    level integer not null,
    message text not null,
    -- a JSON object
    fields text not null,
    trace_id text,
    -- what it counts for in retention by size
    bytes integer not null
);
create index records_at on records (at, id);
create index records_trace on records (trace_id, at, id) where trace_id is not null;

-- One row: the last id, and what is stored, so that nobody has to count.
create table totals (
    only_row integer primary key check (only_row = 1),
    last_id bigint not null,
    records bigint not null,
    bytes bigint not null
);
insert into totals (only_row, last_id, records, bytes) values (1, 0, 0, 0);

-- Erasures under way: a long one goes on where it was when it is asked for again.
create table erasures (
    user_id text primary key,
    done_to bigint not null,
    last_id bigint not null
);
