package io.coatcheck.session.servlet;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.Session;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.servlet.ClientCheck.Client;
import io.coatcheck.session.servlet.ClientCheck.Verdict;
import io.coatcheck.session.token.SessionId;
import jakarta.servlet.http.HttpServletRequest;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets a session that was resolved into the request, or not, as the {@link ClientCheck} says.
 * Guarded by the lock of the {@link SessionExchange} that it belongs to.
 */
final class ClientGate {

  private static final Logger LOG = LoggerFactory.getLogger(SessionFilter.class);

  private final ClientCheck check;
  private final SessionManager manager;
  private final HttpServletRequest request;

  /** A session that is live, and that this request does not see until somebody logs in. */
  private @Nullable Session withheld;

  ClientGate(ClientCheck check, SessionManager manager, HttpServletRequest request) {
    this.check = check;
    this.manager = manager;
    this.request = request;
  }

  /**
   * Judges a session that was resolved.
   *
   * @return whether the request may see it
   * @throws io.coatcheck.session.store.SessionStoreException if it was to end, and the store failed
   */
  boolean letsIn(Session live) {
    withheld = null;
    boolean isRecorded = live.clientAddress().isPresent() || live.userAgent().isPresent();
    if (live.principal().isEmpty() || !isRecorded) {
      return true;
    }
    return switch (judge(live)) {
      case ACCEPT -> true;
      case REAUTHENTICATE -> {
        withheld = live;
        yield false;
      }
      case END -> {
        manager.revoke(live.id());
        yield false;
      }
    };
  }

  private Verdict judge(Session live) {
    // Cleaned and cut off as it was when it was recorded, or the two would never be equal.
    LoginOptions now =
        LoginOptions.builder()
            .client(request.getRemoteAddr(), request.getHeader("User-Agent"))
            .build();
    try {
      return check.judge(
          new Client(live.clientAddress(), live.userAgent()),
          new Client(now.clientAddress(), now.userAgent()));
    } catch (RuntimeException e) {
      LOG.error("The client check failed, and the session {} is withheld", live.id(), e);
      return Verdict.REAUTHENTICATE;
    }
  }

  boolean isWithholding() {
    return withheld != null;
  }

  boolean isWithholding(SessionId id) {
    return withheld != null && withheld.id().equals(id);
  }

  /** Takes a session back that was handed over for a login, which did not succeed. */
  void withhold(Session live) {
    withheld = live;
  }

  /** Hands over the session that was withheld: for a login, or to be ended. */
  @Nullable Session take() {
    Session taken = withheld;
    withheld = null;
    return taken;
  }

  /** Tells nothing: the session holds the secret. */
  @Override
  public String toString() {
    return "ClientGate";
  }
}
