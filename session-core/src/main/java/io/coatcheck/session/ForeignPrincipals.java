package io.coatcheck.session;

import io.coatcheck.session.log.LogThrottle;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Refuses the users of other systems who cannot log in here, because of their names. A bridge meets
 * one with each request of that user, so the reason is logged at most once a minute.
 */
final class ForeignPrincipals {

  private static final Logger LOG = LoggerFactory.getLogger(SessionManager.class);

  private final LogThrottle throttle = new LogThrottle(Duration.ofMinutes(1));

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
    if (throttle.admits()) {
      LOG.warn(
          "A user of another system cannot log in under that name, and the credential is refused:"
              + " {}",
          reason.getMessage());
    }
  }
}
