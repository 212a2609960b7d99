-- What operators say of channels, for programs to show: pairs of a key and a value, and who set them.
create table metadata (
    channel text not null references channels (id) on delete cascade,
    key text not null,
    value text not null,
    by_id text not null,
    constraint metadata_pkey primary key (channel, key)
);
create index metadata_by_id on metadata (by_id);
