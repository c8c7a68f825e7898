package io.coatcheck.session.servlet;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.Resolution;
import io.coatcheck.session.Session;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.servlet.ClientCheck.Client;
import io.coatcheck.session.servlet.ClientCheck.Verdict;
import jakarta.servlet.http.HttpServletRequest;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Admits a session that was resolved to the request, or not, as the {@link ClientCheck} says. The
 * check is asked without a lock; what became of it is kept here. Thread-safe.
 */
final class ClientGate {

  private static final Logger LOG = LoggerFactory.getLogger(SessionFilter.class);

  private final ClientCheck check;

  // The client as the request came: the request may have ended when it is asked for.
  private final String address;
  private final @Nullable String userAgent;

  /** A session that is live, and that this request does not see until somebody logs in. */
  private volatile @Nullable Session withheld;

  ClientGate(ClientCheck check, HttpServletRequest request) {
    this.check = check;
    address = request.getRemoteAddr();
    userAgent = request.getHeader("User-Agent");
  }

  /**
   * Judges a session that was resolved, without a lock.
   *
   * @return what the token is worth to this request
   * @throws io.coatcheck.session.store.SessionStoreException if it was to end, and the store failed
   */
  Resolution admit(Resolution.Live resolved, SessionManager manager) {
    Session live = resolved.session();
    withheld = null;
    boolean isRecorded = live.clientAddress().isPresent() || live.userAgent().isPresent();
    if (live.principal().isEmpty() || !isRecorded) {
      return resolved;
    }
    switch (judge(live)) {
      case REAUTHENTICATE -> {
        withheld = live;
        // The client is to keep its cookie.
        return new Resolution.Mismatched(live.id(), true);
      }
      case END -> {
        manager.revoke(live);
        return new Resolution.Unknown(live.id());
      }
      case ACCEPT -> {}
    }
    return resolved;
  }

  private Verdict judge(Session live) {
    // Cleaned and cut off as it was when it was recorded, or the two would never be equal.
    LoginOptions client = LoginOptions.builder().client(address, userAgent).build();
    try {
      return check.judge(
          new Client(live.clientAddress(), live.userAgent()),
          new Client(client.clientAddress(), client.userAgent()));
    } catch (RuntimeException e) {
      LOG.error("The client check failed, and the session {} is withheld", live.id(), e);
      return Verdict.REAUTHENTICATE;
    }
  }

  boolean isWithholding() {
    return withheld() != null;
  }

  /** Returns the session that is withheld; null if there is none. */
  @Nullable Session withheld() {
    Session known = withheld;
    return known == null || known.isEnded() ? null : known;
  }

  /** Withholds nothing any more: a login took the session up, or it has ended. */
  void release() {
    withheld = null;
  }

  /** Tells nothing: the session holds the secret. */
  @Override
  public String toString() {
    return "ClientGate";
  }
}
