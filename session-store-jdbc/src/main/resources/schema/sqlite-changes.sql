-- Coatcheck sessions, schema version 1, the log of changes, SQLite 3.43 and later.
-- Only for stores with changeFeed(true): which sessions changed, so that other processes can
-- discard their copies. Run once, like sqlite.sql. For another table name, replace http_session
-- throughout. The clean-up deletes rows after ten minutes.
--
-- AUTOINCREMENT: without it, numbers of deleted rows would be used again.

CREATE TABLE IF NOT EXISTS http_session_change (
  seq        INTEGER PRIMARY KEY AUTOINCREMENT,
  session_id BLOB    NOT NULL CHECK (length(session_id) = 16),
  changed_at INTEGER NOT NULL
) STRICT;
