-- TLS client certificates that log in to an account, by their SHA-256 in lower-case hexadecimal digits. One is of one account, so that
-- it says by itself of which.
create table certificates (
    fingerprint text not null primary key,
    user_id text not null,
    created_at bigint not null
);
create index certificates_user_id on certificates (user_id, fingerprint);
