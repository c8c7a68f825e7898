-- Coatcheck sessions, schema version 1, H2 2.4 and later.
-- Plain SQL, run once: by any client, Flyway, Liquibase, or createSchema(true). For another table
-- name, replace http_session throughout. Later versions only add columns that have a default or may
-- be null, and come as a file of their own (h2-2.sql), so that two releases can share a table.
--
-- Moments are milliseconds since 1970, durations are milliseconds. expires_at is when the session
-- ends; sweep_at, never later, is when the clean-up looks at the row next. The principal is UTF-8
-- in a binary column, so that no IGNORECASE or COLLATION setting can make two of them equal: read
-- it with UTF8TOSTRING(principal). H2 has no advisory locks: logins under a limit lock a row of
-- http_session_lock.

CREATE TABLE IF NOT EXISTS http_session (
  id                      UUID               NOT NULL PRIMARY KEY,
  format                  SMALLINT           DEFAULT 1 NOT NULL,
  version                 BIGINT             NOT NULL,
  generation              BIGINT             NOT NULL,
  fence                   BIGINT             NOT NULL,
  secret_hash             VARBINARY(32)      NOT NULL,
  previous_secret_hash    VARBINARY(32),
  previous_readable_until BIGINT,
  principal               VARBINARY(1020),
  created_at              BIGINT             NOT NULL,
  authenticated_at        BIGINT,
  last_seen_at            BIGINT             NOT NULL,
  idle_timeout            BIGINT,
  absolute_deadline       BIGINT             NOT NULL,
  rotated_at              BIGINT             NOT NULL,
  expires_at              BIGINT             NOT NULL,
  sweep_at                BIGINT             NOT NULL,
  remembered              BOOLEAN            NOT NULL,
  client_address          VARCHAR(45),
  user_agent              VARCHAR(128),
  attributes              VARBINARY(8388608) NOT NULL
);

CREATE INDEX IF NOT EXISTS http_session_principal ON http_session (principal, id);

CREATE INDEX IF NOT EXISTS http_session_sweep_at ON http_session (sweep_at);

CREATE TABLE IF NOT EXISTS http_session_lock (
  slot INTEGER NOT NULL PRIMARY KEY
);

MERGE INTO http_session_lock (slot) SELECT * FROM SYSTEM_RANGE(0, 63);
