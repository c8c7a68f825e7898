package io.coatcheck.session.redis;

import io.coatcheck.session.log.LimitedLog;
import io.coatcheck.session.store.DamagedSessionException;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Logs records that cannot be read: once a minute, since a client may present the token of such a
 * session with each request.
 */
final class DamagedRecords {

  private static final Logger LOG = LoggerFactory.getLogger(RedisSessionStore.class);
  private static final LimitedLog LIMITED = new LimitedLog(LOG, Duration.ofMinutes(1));

  private DamagedRecords() {}

  /** Logs that a session counts as absent. */
  static void log(SessionId id, DamagedSessionException damaged) {
    LIMITED.warn("", "Session " + id + " counts as absent: " + damaged.getMessage());
  }
}
