-- The trace that an entry came with, 16 bytes: operators go from a log record to the row and back. Without an index: it is asked
-- for seldom, and of a time that is known, and random bytes would make every insert touch a page of their own.
alter table entries add column trace bytea;
