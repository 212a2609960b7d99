-- The login that a session or a personal API token came of, if it was by a token: revoked, it takes them along.
alter table sessions add column grant_id text;
update sessions set grant_id = api_token where api_token is not null;
create index sessions_grant_id on sessions (grant_id) where grant_id is not null;
alter table api_tokens add column grant_id text;
create index api_tokens_grant_id on api_tokens (grant_id) where grant_id is not null;
create index revocations_grant_id on revocations (grant_id) where grant_id is not null;
