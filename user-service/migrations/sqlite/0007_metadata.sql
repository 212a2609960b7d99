-- What people say of themselves, for programs to show: pairs of a key and a value.
create table metadata (
    user_id text not null,
    key text not null,
    value text not null,
    constraint metadata_pkey primary key (user_id, key)
);
