-- Who changed their nick lately: access tokens issued before say an old one. One row for each person, gone when such tokens are.
create table renames (
    user_id text not null primary key,
    -- Of the same numbers as revocations, so that one question is about both.
    cursor bigint not null,
    at bigint not null
);
create index renames_cursor on renames (cursor);
create index renames_at on renames (at);
