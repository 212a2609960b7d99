-- What people say of themselves: their user and real name (IRC asks for both), and the letters of the modes that they have set.
alter table users add column username text not null default '~u';
alter table users add column realname text;
alter table users add column modes text not null default '';
alter table former_nicks add column username text not null default '~u';
alter table former_nicks add column realname text;
