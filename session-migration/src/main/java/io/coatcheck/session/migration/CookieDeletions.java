package io.coatcheck.session.migration;

import io.coatcheck.session.log.LimitedLog;
import io.coatcheck.session.servlet.WebSession;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides which answers delete an old cookie. If its path or its domain is not the right one, the
 * browser keeps it. Then a {@code Set-Cookie} in each answer would be of no use, and no cache could
 * keep any. So a client is asked for a minute, which is long enough for the requests in progress,
 * and again after an hour. Each node remembers some thousands of clients. Thread-safe.
 */
final class CookieDeletions {

  private static final Logger LOG = LoggerFactory.getLogger(CookieDeletions.class);
  private static final Duration IN_PROGRESS = Duration.ofMinutes(1);
  private static final Duration AGAIN = Duration.ofHours(1);
  private static final int MOST = 10_000;

  private final LimitedLog limited = new LimitedLog(LOG, AGAIN);
  private final String name;
  private final Map<String, Instant> asked =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Instant> eldest) {
          return size() > MOST;
        }
      };

  /**
   * Creates an empty memory.
   *
   * @param name of the cookie, for the log
   */
  CookieDeletions(String name) {
    this.name = name;
  }

  /**
   * Returns whether the answer to a client that has a session deletes the cookie.
   *
   * @param presented what is in the cookie: another value, which the old application has set since,
   *     is deleted at once
   */
  boolean isDue(WebSession session, String presented, Instant now) {
    return session.id().filter(id -> isDue(id + " " + presented, now)).isPresent();
  }

  /**
   * Returns whether an answer deletes the cookie.
   *
   * @param client what all requests of a client have in common
   */
  boolean isDue(String client, Instant now) {
    // A token may be long. Two that have one key share what is remembered.
    boolean isDue = isAsked(client.length() + ":" + client.hashCode(), now);
    if (!isDue) {
      limited.warn(
          name,
          "A client keeps the cookie "
              + name
              + ", which the answers delete. Its path or domain may differ from those of the"
              + " bridge, or the old application still sets it");
    }
    return isDue;
  }

  private synchronized boolean isAsked(String client, Instant now) {
    Instant first = asked.get(client);
    if (first == null || now.isBefore(first) || !now.isBefore(first.plus(AGAIN))) {
      asked.remove(client);
      asked.put(client, now);
      return true;
    }
    return now.isBefore(first.plus(IN_PROGRESS));
  }
}
