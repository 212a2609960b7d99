-- Names people are known by. One row for each look (UTS 39 skeleton), so that neither the same name nor a look-alike has two holders;
-- an account's name is held for good, a nick while it is worn.
create table names (
    skeleton text not null primary key,
    user_id text not null,
    account boolean not null
);
create index names_user_id on names (user_id);

-- People: the one user of an account, or a guest.
create table users (
    id text not null primary key,
    nick text not null,
    version bigint not null,
    away text,
    -- The cloak that they were seen with last.
    host text not null,
    -- Since when they are online; null while they are not.
    since bigint,
    -- Guests: until when a token holds the nick.
    held_until bigint,
    -- Guests and erased accounts: since when nothing holds the nick. A day later the row goes.
    freed_at bigint,
    created_at bigint not null,
    account_id text,
    account text,
    operator boolean not null,
    suspended boolean not null,
    -- Tokens issued earlier are refused.
    valid_from bigint not null
);
create unique index users_account_id on users (account_id);
create index users_held_until on users (held_until) where held_until is not null;
create index users_freed_at on users (freed_at) where freed_at is not null;

create table accounts (
    id text not null primary key,
    user_id text not null,
    password text not null,
    display_name text,
    created_at bigint not null
);
create unique index accounts_user_id on accounts (user_id);

-- Guests who logged in to the account on the same connection: erased with it.
create table earlier_selves (
    user_id text not null,
    guest_id text not null,
    primary key (user_id, guest_id)
);

create table user_events (
    user_id text not null,
    version bigint not null,
    at bigint not null,
    event text not null,
    primary key (user_id, version)
);
create index user_events_at on user_events (at);

create table former_nicks (
    user_id text not null,
    nick_key text not null,
    nick text not null,
    account text,
    host text not null,
    until bigint not null
);
create index former_nicks_nick_key on former_nicks (nick_key, until);
create index former_nicks_user_id on former_nicks (user_id);
create index former_nicks_until on former_nicks (until);

create table sessions (
    id text not null primary key,
    user_id text not null,
    gateway text not null,
    host text not null,
    -- Only while it is open: network bans look at it.
    address text,
    scopes text not null,
    -- The personal API token it was opened with.
    api_token text,
    -- The gateway's term that it was opened in: when that lapses, it ends.
    term bigint not null,
    opened_at bigint not null,
    ended_at bigint,
    -- closed, forced, lapsed or replaced.
    ended_how text
);
create index sessions_user_id on sessions (user_id) where ended_at is null;
create index sessions_gateway on sessions (gateway, term) where ended_at is null;
create index sessions_ended_at on sessions (ended_at) where ended_at is not null;

-- Leases. Their times are the database's clock's.
create table gateways (
    id text not null primary key,
    -- One more each time that the lease had lapsed.
    term bigint not null,
    renewed_at bigint not null,
    draining_since bigint,
    lapsed_at bigint
);

create table refresh_tokens (
    hash text not null primary key,
    family text not null,
    user_id text not null,
    scopes text not null,
    issued_at bigint not null,
    expires_at bigint not null,
    used_at bigint
);
create index refresh_tokens_family on refresh_tokens (family);
create index refresh_tokens_user_id on refresh_tokens (user_id);
create index refresh_tokens_expires_at on refresh_tokens (expires_at);

create table api_tokens (
    id text not null primary key,
    user_id text not null,
    label text not null,
    scopes text not null,
    hash text not null,
    created_at bigint not null,
    last_used_at bigint
);
create index api_tokens_user_id on api_tokens (user_id, id);

create table revocations (
    cursor bigint not null primary key,
    user_id text not null,
    -- Tokens issued earlier are refused.
    not_before bigint not null,
    -- Only those of this grant, if one is named.
    grant_id text
);
create index revocations_not_before on revocations (not_before);

create table signing_keys (
    id text not null primary key,
    secret text not null,
    use_from bigint not null
);

-- Secrets that every replica must share: the keys of cloaks and of session secrets.
create table secrets (
    name text not null primary key,
    value text not null
);

-- Small numbers of the whole service: counters that are raised in a transaction, moments that replicas agree on.
create table marks (
    name text not null primary key,
    value bigint not null
);
insert into marks (name, value) values ('revocations', 0), ('signing-keys', 0), ('accepting-since', 0), ('accepting-at', 0);

create table network_bans (
    id text not null primary key,
    target text not null,
    reason text not null,
    created_at bigint not null,
    expires_at bigint
);

create table invites (
    hash text not null primary key,
    expires_at bigint not null
);

-- What must be done elsewhere, tried until it is.
create table tasks (
    id text not null primary key,
    kind text not null,
    user_id text,
    payload text not null,
    not_before bigint not null,
    attempts bigint not null
);
create index tasks_not_before on tasks (not_before);
create index tasks_user_id on tasks (user_id) where user_id is not null;
