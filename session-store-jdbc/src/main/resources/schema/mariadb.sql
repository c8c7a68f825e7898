-- Coatcheck sessions, schema version 1, MariaDB 10.6 and later, InnoDB.
-- Plain SQL, run once: by the command line client, Flyway, Liquibase, or createSchema(true). For
-- another table name, replace http_session throughout. Later versions only add columns that have a
-- default or may be null, and come as a file of their own (mariadb-2.sql), so that two releases can
-- share a table.
--
-- Moments are milliseconds since 1970, durations are milliseconds. expires_at is when the session
-- ends; sweep_at, never later, is when the clean-up looks at the row next. The principal is UTF-8
-- in a binary column, so that neither a collation nor the character set of a connection can make
-- two of them equal: read it with CONVERT(principal USING utf8mb4).

CREATE TABLE IF NOT EXISTS http_session (
  id                      BINARY(16)      NOT NULL,
  format                  SMALLINT        NOT NULL DEFAULT 1,
  version                 BIGINT          NOT NULL,
  generation              BIGINT          NOT NULL,
  fence                   BIGINT          NOT NULL,
  secret_hash             BINARY(32)      NOT NULL,
  previous_secret_hash    BINARY(32),
  previous_readable_until BIGINT,
  principal               VARBINARY(1020),
  created_at              BIGINT          NOT NULL,
  authenticated_at        BIGINT,
  last_seen_at            BIGINT          NOT NULL,
  idle_timeout            BIGINT,
  absolute_deadline       BIGINT          NOT NULL,
  rotated_at              BIGINT          NOT NULL,
  expires_at              BIGINT          NOT NULL,
  sweep_at                BIGINT          NOT NULL,
  remembered              BOOLEAN         NOT NULL,
  client_address          VARCHAR(45),
  user_agent              VARCHAR(128),
  attributes              LONGBLOB        NOT NULL,
  PRIMARY KEY (id),
  KEY http_session_principal (principal, id),
  KEY http_session_sweep_at (sweep_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET = utf8mb4 COLLATE = utf8mb4_bin;
