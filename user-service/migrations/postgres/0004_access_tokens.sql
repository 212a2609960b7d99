-- Access tokens that people were given over REST and that can be alive: network bans look at them. They go after 15 minutes.
create table access_tokens (
    -- What stands in the token as jti.
    id text not null primary key,
    user_id text not null,
    address text not null,
    host text not null,
    issued_at bigint not null
);
create index access_tokens_issued_at on access_tokens (issued_at);
