-- What accounts are called that joined a channel: masks name them, and an erasure names only the user. One row an account.
create table account_names (
    user_id text primary key,
    name text not null
);
