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
 * Decides which answers delete an old cookie. If the path or the domain of the deletion is not that
 * of the cookie, the browser keeps it. Then a {@code Set-Cookie} in every answer would have no
 * effect, except that no cache could store the answers. So the answers to a client delete the
 * cookie for a minute, which is long enough for the requests in progress, and again after an hour.
 * Each node remembers the last 10,000 clients. Thread-safe.
 */
final class CookieDeletions {

  private static final Logger LOG = LoggerFactory.getLogger(CookieDeletions.class);
  private static final Duration IN_PROGRESS = Duration.ofMinutes(1);
  private static final Duration AGAIN = Duration.ofHours(1);
  private static final int MAX_CLIENTS = 10_000;

  private final LimitedLog limited = new LimitedLog(LOG, AGAIN);
  private final String name;
  private final Map<String, Instant> asked =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Instant> eldest) {
          return size() > MAX_CLIENTS;
        }
      };

  /**
   * Creates one that remembers no client.
   *
   * @param name of the cookie, for the log
   */
  CookieDeletions(String name) {
    this.name = name;
  }

  /**
   * Returns whether the answer to a client that has a session deletes the cookie, and remembers the
   * client. Returns false for a session that is not stored.
   *
   * @param presented what is in the cookie: another value, which the old application has set since,
   *     is deleted at once
   */
  boolean isDue(WebSession session, String presented, Instant now) {
    return session.id().filter(id -> isDue(id + " " + presented, now)).isPresent();
  }

  /**
   * Returns whether an answer deletes the cookie, and remembers the client. Otherwise logs a
   * warning, at most once an hour.
   *
   * @param client what all requests of a client have in common
   */
  boolean isDue(String client, Instant now) {
    // Short, since a token may be long. Two clients with the same key count as one.
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
