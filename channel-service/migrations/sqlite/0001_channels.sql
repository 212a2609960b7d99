-- Text is compared byte by byte, as the service sorts it when it pages.
create table channels (
    id text primary key,
    name text not null,
    -- The name as it is compared: folded.
    name_key text not null,
    version bigint not null,
    created_at bigint not null,
    -- The account that registered it and that account's user; null: goes dormant when the last member leaves.
    founder text,
    founder_user text,
    -- JSON of api::channels::Topic.
    topic text,
    topic_by text,
    invite_only boolean not null,
    moderated boolean not null,
    no_external boolean not null,
    topic_locked boolean not null,
    secret boolean not null,
    registered_only boolean not null,
    entry_key text,
    member_limit bigint,
    slow_seconds bigint,
    retention_days bigint,
    lines_on_join bigint not null,
    member_count bigint not null,
    -- Entries up to it are not readable.
    floor bigint not null,
    -- It was closed to some since it was woken: its floor rises when it goes dormant.
    closed boolean not null,
    -- The floor is to rise to the conversation's end, which has not been asked for yet.
    floor_pending boolean not null,
    dormant_since bigint
);
create unique index channels_name_key on channels (name_key);
create index channels_founder_user on channels (founder_user) where founder_user is not null;
create index channels_topic_by on channels (topic_by) where topic_by is not null;
create index channels_dormant_since on channels (dormant_since) where dormant_since is not null;

create table members (
    channel text not null references channels (id) on delete cascade,
    user_id text not null,
    nick text not null,
    user_version bigint not null,
    account text,
    roles smallint not null,
    username text not null,
    host text not null,
    joined_at bigint not null,
    constraint members_pkey primary key (channel, user_id)
);
create index members_user_id on members (user_id);

-- What keeps a member in: sessions, and `account` for a join over REST.
create table holders (
    channel text not null,
    user_id text not null,
    holder text not null,
    constraint holders_pkey primary key (channel, user_id, holder),
    foreign key (channel, user_id) references members (channel, user_id) on delete cascade
);
create index holders_holder on holders (holder);

-- Sessions that ended within the hour: a late join that names one is refused.
create table ended_sessions (
    session text primary key,
    at bigint not null
);
create index ended_sessions_at on ended_sessions (at);

create table list_entries (
    id text primary key,
    channel text not null references channels (id) on delete cascade,
    -- bans, excepts or invite-masks
    list text not null,
    mask text not null,
    -- The mask as it is compared.
    mask_key text not null,
    reason text,
    by_id text not null,
    by_nick text not null,
    by_version bigint not null,
    at bigint not null,
    expires_at bigint
);
create unique index list_entries_channel_list_mask_key on list_entries (channel, list, mask_key);
create index list_entries_by_id on list_entries (by_id);
create index list_entries_expires_at on list_entries (expires_at) where expires_at is not null;

create table invitations (
    channel text not null references channels (id) on delete cascade,
    user_id text not null,
    expires_at bigint not null,
    constraint invitations_pkey primary key (channel, user_id)
);
create index invitations_user_id on invitations (user_id);
create index invitations_expires_at on invitations (expires_at);

-- What happened, one row a version, kept for a day. JSON of api::event::ChannelEvent.
create table events (
    channel text not null references channels (id) on delete cascade,
    version bigint not null,
    at bigint not null,
    event text not null,
    constraint events_pkey primary key (channel, version)
);
create index events_at on events (at);

-- What has to be done elsewhere, until it is done.
create table tasks (
    id integer primary key,
    kind text not null,
    payload text not null,
    not_before bigint not null,
    attempts bigint not null
);
create index tasks_not_before on tasks (not_before);
