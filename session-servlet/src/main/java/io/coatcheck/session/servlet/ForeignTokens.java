package io.coatcheck.session.servlet;

import io.coatcheck.session.Resolution;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.event.SessionListener;
import io.coatcheck.session.token.SessionId;
import jakarta.servlet.http.HttpServletRequest;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notices the tokens of another application that uses our cookie's name on the same host, maybe on
 * another port: well-formed, of sessions that are minutes old, and unknown here though nothing here
 * has ended them. A few of them within ten minutes are said in the log, at most once an hour. One
 * for each filter; thread-safe.
 */
final class ForeignTokens implements SessionListener {

  private static final Logger LOG = LoggerFactory.getLogger(SessionFilter.class);

  /** How old a session may be that its own application is not likely to have ended. */
  private static final Duration FRESH = Duration.ofMinutes(10);

  /** For how long one token counts once: a page asks for more than itself. */
  private static final Duration ONE_PAGE = Duration.ofSeconds(1);

  private static final Duration BETWEEN_WARNINGS = Duration.ofHours(1);
  private static final int ENOUGH = 3;
  private static final int MOST_ENDED = 1_000;

  private final String cookieName;
  private final InstantSource clock;
  private final Instant startedAt;

  // Guarded by this.

  /** The fresh sessions that have ended here, since their clients may not know. */
  private final Set<SessionId> ended =
      Collections.newSetFromMap(
          new LinkedHashMap<>() {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(Map.Entry<SessionId, Boolean> eldest) {
              return size() > MOST_ENDED;
            }
          });

  private @Nullable SessionId last;
  private Instant lastAt = Instant.EPOCH;
  private Instant firstAt = Instant.EPOCH;
  private Instant warnedAt = Instant.EPOCH;
  private int seen;

  ForeignTokens(String cookieName, InstantSource clock) {
    this.cookieName = cookieName;
    this.clock = clock;
    startedAt = clock.instant();
  }

  @Override
  public void onEvent(SessionEvent event) {
    boolean isEnd =
        event instanceof SessionEvent.Ended || event instanceof SessionEvent.EndedElsewhere;
    SessionId id = isEnd ? event.sessionId().orElse(null) : null;
    if (id != null && isFresh(id, clock.instant())) {
      synchronized (this) {
        ended.add(id);
      }
    }
  }

  @Override
  public boolean needsAttributes() {
    return false;
  }

  /**
   * Looks at a token that names no session. What a page asks for beside itself does not count: it
   * may have been sent before a logout on another node.
   */
  void refused(Resolution.Unknown unknown, HttpServletRequest request) {
    Instant now = clock.instant();
    SessionId id = unknown.sessionId();
    if (isFresh(id, now) && !Navigation.isMadeByPage(request) && isEnough(id, now)) {
      LOG.warn(
          "Clients present tokens in the cookie {} that have our form and are minutes old, but"
              + " open no session here. Another application of this host, on whatever port and"
              + " path, seems to use a cookie of the same name: a login in one logs the user out of"
              + " the other. Give each a name of its own:"
              + " SessionCookie.builder().name(\"__Host-...\"), or the init parameter cookieName."
              + " If it is another node of this application, the nodes do not share their store",
          cookieName);
    }
  }

  private boolean isFresh(SessionId id, Instant now) {
    Instant createdAt = Instant.ofEpochMilli(id.mostSignificantBits() >>> 16);
    return !createdAt.isBefore(startedAt)
        && createdAt.isAfter(now.minus(FRESH))
        && !createdAt.isAfter(now);
  }

  private synchronized boolean isEnough(SessionId id, Instant now) {
    boolean isOfOnePage = id.equals(last) && now.isBefore(lastAt.plus(ONE_PAGE));
    if (ended.contains(id) || isOfOnePage) {
      return false;
    }
    last = id;
    lastAt = now;
    if (seen == 0 || !now.isBefore(firstAt.plus(FRESH))) {
      seen = 0;
      firstAt = now;
    }
    seen++;
    if (seen < ENOUGH || now.isBefore(warnedAt.plus(BETWEEN_WARNINGS))) {
      return false;
    }
    seen = 0;
    warnedAt = now;
    return true;
  }
}
