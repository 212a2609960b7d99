-- Everybody who ever took part: integers for the hot tables.
create table users (
    n integer primary key autoincrement,
    id text not null unique
);

-- A person as they spoke: one row for each nick, version and session, so that an entry names them all by one integer.
-- Erasure takes the nick away, and with it the name from every entry.
create table speakers (
    n integer primary key autoincrement,
    person bigint not null,
    nick text,
    user_version bigint not null,
    session text not null default '',
    unique (person, nick, user_version, session)
);

create table conversations (
    n integer primary key autoincrement,
    id text not null unique,
    -- A channel's name; null in direct conversations.
    name text,
    -- The two of a direct conversation, the lower number first.
    party_a bigint,
    party_b bigint,
    -- The lowest seq that retention has left, and the time of the one below it.
    first_seq bigint not null default 1,
    floor_at bigint not null default 0,
    -- A channel's retention as last heard, and when it was heard.
    retention_days bigint,
    policy_at bigint not null default 0,
    unique (party_a, party_b)
);
create index conversations_party_b on conversations (party_b);

-- The position of the latest entry of all. Its row is taken last in a transaction and held to the commit: entries
-- become visible in the order of their positions, with several writers too.
create table log_head (
    only_row integer primary key check (only_row = 1),
    n bigint not null
);
insert into log_head (only_row, n) values (1, 0);

-- The hot table, in the order of time.
create table entries (
    n integer primary key,
    conversation bigint not null,
    seq bigint not null,
    author bigint not null,
    recipient bigint,
    at bigint not null,
    channel_version bigint,
    reply_to bigint,
    of_seq bigint,
    edited_at bigint,
    kind smallint not null,
    redacted boolean not null,
    text text not null
);
create unique index entries_conversation_seq on entries (conversation, seq);
-- Redactions, edits and reactions of an entry; what is merely said is not in it.
create index entries_of on entries (conversation, of_seq) where of_seq is not null;

-- Idempotency keys, the key first: most are made in the order of time.
create table keys (
    key text not null,
    author bigint not null,
    conversation bigint not null,
    seq bigint not null,
    at bigint not null,
    hash blob not null,
    primary key (key, author, conversation)
) without rowid;

-- When somebody last spoke in a channel with slow mode.
create table slowed (
    conversation bigint not null,
    person bigint not null,
    at bigint not null,
    primary key (conversation, person)
) without rowid;

create table read_markers (
    person bigint not null,
    conversation bigint not null,
    seq bigint not null,
    primary key (person, conversation)
) without rowid;

-- Erasures under way and how far they have come, so that they go on after a crash.
create table erasures (
    person bigint primary key,
    entries_done bigint not null default 0,
    keys_done text not null default ''
);
