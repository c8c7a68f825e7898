-- Coatcheck sessions, schema version 1, the log of changes, MariaDB 10.6 and later, InnoDB.
-- Only for stores with changeFeed(true): which sessions changed, so that other nodes can discard
-- their copies. Run once, like mariadb.sql. For another table name, replace http_session throughout. The
-- clean-up deletes rows after ten minutes.
--
-- The reader takes a number that is missing for a change that is not committed yet, so the numbers
-- must come one by one: auto_increment_increment must be 1.

CREATE TABLE IF NOT EXISTS http_session_change (
  seq        BIGINT     NOT NULL AUTO_INCREMENT,
  session_id BINARY(16) NOT NULL,
  changed_at BIGINT     NOT NULL,
  PRIMARY KEY (seq)
) ENGINE = InnoDB;
