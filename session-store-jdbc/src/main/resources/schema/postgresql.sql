-- Coatcheck sessions, schema version 1, PostgreSQL 12 and later, database encoding UTF8.
-- Plain SQL, run once: by psql, Flyway, Liquibase, or createSchema(true). For another table name,
-- replace http_session throughout. Later versions only add columns that have a default or may be
-- null, and come as a file of their own (postgresql-2.sql), so that two releases can share a table.
--
-- Moments are milliseconds since 1970, durations are milliseconds. expires_at is when the session
-- ends; sweep_at, never later, is when the clean-up looks at the row next. Only sweep_at is indexed,
-- and requests leave it alone, so that their updates are heap-only (HOT) as long as the page has
-- room: hence the fill factor.

CREATE TABLE IF NOT EXISTS http_session (
  id                      uuid         NOT NULL PRIMARY KEY,
  format                  smallint     NOT NULL DEFAULT 1,
  version                 bigint       NOT NULL,
  generation              bigint       NOT NULL,
  fence                   bigint       NOT NULL,
  secret_hash             bytea        NOT NULL,
  previous_secret_hash    bytea,
  previous_readable_until bigint,
  principal               varchar(255) COLLATE "C",
  created_at              bigint       NOT NULL,
  authenticated_at        bigint,
  last_seen_at            bigint       NOT NULL,
  idle_timeout            bigint,
  absolute_deadline       bigint       NOT NULL,
  rotated_at              bigint       NOT NULL,
  expires_at              bigint       NOT NULL,
  sweep_at                bigint       NOT NULL,
  remembered              boolean      NOT NULL,
  client_address          varchar(45),
  user_agent              varchar(128),
  attributes              bytea        NOT NULL
) WITH (fillfactor = 85);

CREATE INDEX IF NOT EXISTS http_session_principal ON http_session (principal, id) WHERE principal IS NOT NULL;

CREATE INDEX IF NOT EXISTS http_session_sweep_at ON http_session (sweep_at);
