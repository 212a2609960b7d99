-- What clients say to clients with a message, and where its lines were cut for IRC, both as JSON; null for nearly all.
alter table entries add column tags text;
alter table entries add column splits text;
