-- Mode C: no commands for clients among what is said.
alter table channels add column no_ctcp boolean not null default false;
