package io.coatcheck.session.spring;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.SessionPolicy;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.springframework.security.oauth2.client.oidc.authentication.logout.OidcLogoutToken;
import org.springframework.security.oauth2.client.oidc.session.InMemoryOidcSessionRegistry;
import org.springframework.security.oauth2.client.oidc.session.OidcSessionInformation;
import org.springframework.security.oauth2.client.oidc.session.OidcSessionRegistry;

/**
 * The logins of this node by OpenID Connect, for {@code oidcLogout} of Spring Security. Its handler
 * sends the application a request with a session's id as the cookie, which opens no session here,
 * and reports the logout as done. So the sessions that a logout token names are ended in the store
 * when the handler asks for them, and it is given those of the container only.
 *
 * <p>A session is known by the part of its id that stays. Its login is forgotten, if nothing did so
 * before, when it is older than a session lives. Safe for use by many threads.
 */
final class ProviderSessions implements OidcSessionRegistry {

  private final OidcSessionRegistry sessions = new InMemoryOidcSessionRegistry();
  private final SessionManager manager;

  private final LongSupplier nanoTime;

  /** When each session was saved last. Its lock holds for the logins too. */
  private final Map<SessionId, Saved> saved = new HashMap<>();

  private final NavigableSet<Saved> oldest = new TreeSet<>();

  /**
   * When a session was saved. The clock of the sessions may have been wrong then, or may be now.
   *
   * @param at by the clock of the sessions
   * @param nanos by that of the machine, which is never set
   */
  private record Saved(Instant at, SessionId id, long nanos) implements Comparable<Saved> {

    private static final Comparator<Saved> ORDER =
        Comparator.comparing(Saved::at).thenComparing(Saved::id);

    @Override
    public int compareTo(Saved other) {
      return ORDER.compare(this, other);
    }
  }

  ProviderSessions(SessionManager manager) {
    this(manager, System::nanoTime);
  }

  /** Creates it with another source of ages in nanoseconds, for tests. */
  ProviderSessions(SessionManager manager, LongSupplier nanoTime) {
    this.manager = manager;
    this.nanoTime = nanoTime;
  }

  @Override
  public void saveSessionInformation(OidcSessionInformation session) {
    String id = lasting(session.getSessionId());
    synchronized (saved) {
      forgetEnded();
      forgetTime(id);
      SessionId.parse(id).ifPresent(this::record);
      sessions.saveSessionInformation(session.withSessionId(id));
    }
  }

  private void record(SessionId id) {
    Saved now = new Saved(manager.clock().instant(), id, nanoTime.getAsLong());
    saved.put(id, now);
    oldest.add(now);
  }

  /**
   * Otherwise each login would stay in memory whose session ends on another node. A session has
   * ended for good when it is too old by both clocks: if the one of the sessions is ahead for a
   * while, most of them are live again once it is right.
   */
  private void forgetEnded() {
    SessionPolicy policy = manager.policy();
    Duration longest =
        Collections.max(List.of(policy.absoluteTimeout(), policy.rememberedAbsoluteTimeout()));
    Instant firstLive = manager.clock().instant().minus(longest);
    long now = nanoTime.getAsLong();
    while (!oldest.isEmpty()) {
      Saved one = oldest.first();
      if (!one.at().isBefore(firstLive) || now - one.nanos() <= longest.toNanos()) {
        return;
      }
      String id = one.id().toString();
      forgetTime(id);
      sessions.removeSessionInformation(id);
    }
  }

  private void forgetTime(String id) {
    SessionId.parse(id).map(saved::remove).ifPresent(oldest::remove);
  }

  @Override
  public @Nullable OidcSessionInformation removeSessionInformation(String sessionId) {
    String id = lasting(sessionId);
    synchronized (saved) {
      forgetTime(id);
      return sessions.removeSessionInformation(id);
    }
  }

  /**
   * Ends the sessions that a logout token names.
   *
   * @return those of the container
   * @throws io.coatcheck.session.store.SessionStoreException if the store failed: those that have
   *     not ended are found again
   */
  @Override
  public Iterable<OidcSessionInformation> removeSessionInformation(OidcLogoutToken token) {
    List<OidcSessionInformation> left = new ArrayList<>();
    synchronized (saved) {
      sessions.removeSessionInformation(token).forEach(left::add);
      left.forEach(session -> forgetTime(session.getSessionId()));
    }
    List<OidcSessionInformation> others = new ArrayList<>();
    try {
      while (!left.isEmpty()) {
        OidcSessionInformation session = left.get(left.size() - 1);
        Optional<SessionId> id = SessionId.parse(session.getSessionId());
        id.ifPresentOrElse(manager::revoke, () -> others.add(session));
        left.remove(left.size() - 1);
      }
    } catch (RuntimeException | Error failure) {
      left.forEach(this::saveSessionInformation);
      others.forEach(this::saveSessionInformation);
      throw failure;
    }
    return others;
  }

  /** Returns of how many sessions there is a login, without those of the container. */
  int kept() {
    synchronized (saved) {
      return saved.size();
    }
  }

  private static String lasting(String sessionId) {
    int end = sessionId.indexOf('~');
    return end < 0 ? sessionId : sessionId.substring(0, end);
  }
}
