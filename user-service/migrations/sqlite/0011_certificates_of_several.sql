-- Adding a certificate shows nothing of its key: whoever named somebody else's fingerprint kept them from logging in by it. It can be of
-- several accounts now, each of which says so for itself.
create table certificates_of_several (
    fingerprint text not null,
    user_id text not null,
    created_at bigint not null,
    -- What sessions that it opens came of: another one each time that it is added. Null: its fingerprint.
    grant_id text,
    primary key (user_id, fingerprint)
);
insert into certificates_of_several (fingerprint, user_id, created_at)
    select fingerprint, user_id, created_at from certificates;
drop table certificates;
alter table certificates_of_several rename to certificates;
create index certificates_fingerprint on certificates (fingerprint);
