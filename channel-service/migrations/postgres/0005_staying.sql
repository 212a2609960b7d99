-- Accounts that are to stay in their channels without a session, and those that were: as of which version of their user. What comes
-- late says an older one. One row an account.
create table staying (
    user_id text not null primary key,
    version bigint not null,
    stays boolean not null
);
