-- Adding a certificate shows nothing of its key: whoever named somebody else's fingerprint kept them from logging in by it. It can be of
-- several accounts now, each of which says so for itself.
drop index certificates_user_id;
alter table certificates drop constraint certificates_pkey;
alter table certificates add primary key (user_id, fingerprint);
-- What sessions that it opens came of: another one each time that it is added. Null: its fingerprint.
alter table certificates add column grant_id text;
create index certificates_fingerprint on certificates (fingerprint);
