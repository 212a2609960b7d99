-- What verifies a login by SCRAM-SHA-256, and the hash of the same password: the keys of another one are void. A release that knows
-- nothing of them sets passwords without them; then they are made when the password is seen next.
alter table accounts add column scram text;
alter table accounts add column scram_of text;
