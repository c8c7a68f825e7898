-- Coatcheck sessions, schema version 1, the log of changes, PostgreSQL 12 and later.
-- Only for stores with changeFeed(true): which sessions changed, so that other nodes can discard
-- their copies. Run once, like postgresql.sql. For another table name, replace http_session
-- throughout. The clean-up deletes rows after ten minutes.
--
-- The reader takes a number that is missing for a change that is not committed yet, so the numbers
-- must come one by one: no CACHE and no INCREMENT for the sequence.

CREATE TABLE IF NOT EXISTS http_session_change (
  seq        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  session_id uuid   NOT NULL,
  changed_at bigint NOT NULL
);
