-- The operator by whose password a session of somebody else has their scope: it ends when they lose it.
alter table sessions add column granted_by text;
create index sessions_granted_by on sessions (granted_by) where granted_by is not null and ended_at is null;
