package io.coatcheck.session;

import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Groups of sessions that end together, such as those that one login at an identity provider began.
 *
 * <p>Both a membership and the end of a group are records in the store, in the form of {@link
 * Claims claims}, and are found by their principal, a hash of the group's name. {@link Memberships}
 * keeps those of the members.
 *
 * <p>An end is recorded before the members are read, and a member joins before it looks for an end.
 * If a login and an end overlap, at least one of them therefore notices the other.
 */
final class SessionGroups {

  private static final Logger LOG = LoggerFactory.getLogger(SessionManager.class);

  private static final String MEMBER = "group-member:";
  private static final String END = "group-end:";

  private final EngineContext engine;
  private final Claims claims;
  private final Memberships memberships;
  private final SessionEnder endings;

  SessionGroups(
      EngineContext engine, Claims claims, Memberships memberships, SessionEnder endings) {
    this.engine = engine;
    this.claims = claims;
    this.memberships = memberships;
    this.endings = endings;
  }

  boolean use() {
    if (engine.index().isEmpty()) {
      return false;
    }
    memberships.use();
    return true;
  }

  boolean join(SessionId id, String group) {
    index();
    return memberships.join(id, principalOf(MEMBER + group));
  }

  int end(String group, Instant at, Instant until) {
    index();
    String text = END + group;
    SessionId id = Claims.id(Claims.digest(text + ":" + at.toEpochMilli()));
    StoredSession record = claims.record(id, principalOf(text), at, until);
    if (!claims.insert(record)) {
      // The call that recorded it may have failed, because no replica confirmed it.
      claims.confirm(id);
      LOG.debug("The end of this group at {} was recorded before", at);
    }
    AtomicInteger ended = new AtomicInteger();
    forEach(
        principalOf(MEMBER + group),
        member -> {
          SessionId session = Memberships.sessionOf(member);
          if (endings.revoke(session)) {
            ended.incrementAndGet();
          } else {
            // It had ended before, and its record was left.
            memberships.remove(session);
          }
        });
    return ended.get();
  }

  int endUngrouped(String principal) {
    if (Claims.isReserved(principal)) {
      return 0;
    }
    AtomicInteger ended = new AtomicInteger();
    forEach(
        principal,
        session -> {
          if (!memberships.contains(session.id()) && endings.revoke(session.id())) {
            ended.incrementAndGet();
          }
        });
    return ended.get();
  }

  Optional<Instant> endedAt(String group) {
    AtomicReference<@Nullable Instant> latest = new AtomicReference<>();
    forEach(
        principalOf(END + group),
        end -> {
          Instant known = latest.get();
          if (known == null || end.createdAt().isAfter(known)) {
            latest.set(end.createdAt());
          }
        });
    return Optional.ofNullable(latest.get());
  }

  private void forEach(String principal, Consumer<StoredSession> action) {
    List<StoredSession> page = index().findByPrincipal(principal, null, PrincipalIndex.MAX_PAGE);
    while (!page.isEmpty()) {
      page.forEach(action);
      if (page.size() < PrincipalIndex.MAX_PAGE) {
        return;
      }
      SessionId last = page.get(page.size() - 1).id();
      page = index().findByPrincipal(principal, last, PrincipalIndex.MAX_PAGE);
    }
  }

  private static String principalOf(String text) {
    return Claims.principal(Claims.digest(text));
  }

  private PrincipalIndex index() {
    return engine.requiredIndex("a group of sessions");
  }
}
