package io.coatcheck.session;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Refuses the users of other systems who cannot log in here, because of their names. A bridge meets
 * one with each request of that user, so that the reason is logged once a minute at most.
 */
final class ForeignPrincipals {

  private static final Logger LOG = LoggerFactory.getLogger(SessionManager.class);
  private static final long LOG_INTERVAL_NANOS = TimeUnit.MINUTES.toNanos(1);

  private final AtomicLong lastLogged = new AtomicLong(System.nanoTime() - LOG_INTERVAL_NANOS);

  boolean accepts(String principal) {
    try {
      Drafts.checkPrincipal(principal);
      return true;
    } catch (IllegalArgumentException e) {
      log(e);
      return false;
    }
  }

  private void log(IllegalArgumentException reason) {
    long now = System.nanoTime();
    long last = lastLogged.get();
    if (now - last >= LOG_INTERVAL_NANOS && lastLogged.compareAndSet(last, now)) {
      LOG.warn(
          "A user of another system cannot log in under that name, and the credential is refused:"
              + " {}",
          reason.getMessage());
    }
  }
}
