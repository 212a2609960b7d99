-- Accounts that stay in their channels without a connection; since when they do so, which is when their last session ended.
alter table users add column always_on boolean not null default false;
alter table users add column left_at bigint;
create index users_left_at on users (left_at) where left_at is not null;
-- Since when somebody who came back had been there without a session.
alter table sessions add column missed_since bigint;
