-- The moment up to which somebody has read, beside the entry: clients that count in time know no other. 0: never said.
alter table read_markers add column at bigint not null default 0;
