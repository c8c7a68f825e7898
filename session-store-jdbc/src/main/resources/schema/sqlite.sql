-- Coatcheck sessions, schema version 1, SQLite 3.43 and later.
-- Plain SQL, run once: by the command line client, Flyway, Liquibase, or createSchema(true). For
-- another table name, replace http_session throughout. Later versions only add columns that have a
-- default or may be null, and come as a file of their own (sqlite-2.sql), so that two releases can
-- share a table.
--
-- Moments are milliseconds since 1970, durations are milliseconds. expires_at is when the session
-- ends; sweep_at, never later, is when the clean-up looks at the row next. The principal compares
-- byte by byte, as text does in SQLite unless a column says otherwise. The id is 16 bytes: read it
-- with HEX(id). The table is STRICT, so that no number becomes an inexact one.

CREATE TABLE IF NOT EXISTS http_session (
  id                      BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
  format                  INTEGER NOT NULL DEFAULT 1,
  version                 INTEGER NOT NULL,
  generation              INTEGER NOT NULL,
  fence                   INTEGER NOT NULL,
  secret_hash             BLOB    NOT NULL,
  previous_secret_hash    BLOB,
  previous_readable_until INTEGER,
  principal               TEXT,
  created_at              INTEGER NOT NULL,
  authenticated_at        INTEGER,
  last_seen_at            INTEGER NOT NULL,
  idle_timeout            INTEGER,
  absolute_deadline       INTEGER NOT NULL,
  rotated_at              INTEGER NOT NULL,
  expires_at              INTEGER NOT NULL,
  sweep_at                INTEGER NOT NULL,
  remembered              INTEGER NOT NULL,
  client_address          TEXT,
  user_agent              TEXT,
  attributes              BLOB    NOT NULL
) STRICT;

CREATE INDEX IF NOT EXISTS http_session_principal ON http_session (principal, id);

CREATE INDEX IF NOT EXISTS http_session_sweep_at ON http_session (sweep_at);
