-- Coatcheck sessions, schema version 1, the log of changes, H2 2.4 and later.
-- Only for stores with changeFeed(true): which sessions changed, so that other nodes can discard
-- their copies. Run once, like h2.sql. For another table name, replace http_session throughout. The
-- clean-up deletes rows after ten minutes.

CREATE TABLE IF NOT EXISTS http_session_change (
  seq        BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  session_id UUID   NOT NULL,
  changed_at BIGINT NOT NULL
);
