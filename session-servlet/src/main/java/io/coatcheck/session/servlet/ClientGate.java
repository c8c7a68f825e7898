package io.coatcheck.session.servlet;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.Resolution;
import io.coatcheck.session.Session;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.log.LimitedLog;
import io.coatcheck.session.servlet.ClientCheck.Client;
import io.coatcheck.session.servlet.ClientCheck.Verdict;
import jakarta.servlet.http.HttpServletRequest;
import org.jspecify.annotations.Nullable;

/**
 * Admits a resolved session to the request, or not, as the {@link ClientCheck} decides. The check
 * is called without a lock; its outcome is kept here. Thread-safe.
 */
final class ClientGate {

  private final ClientCheck check;
  private final LimitedLog problems;

  // The client at the beginning of the request, which may have ended when this is needed.
  private final String address;
  private final @Nullable String userAgent;

  /** A live session that this request does not see until a login. */
  private volatile @Nullable Session withheld;

  ClientGate(ClientCheck check, LimitedLog problems, HttpServletRequest request) {
    this.check = check;
    this.problems = problems;
    address = request.getRemoteAddr();
    userAgent = request.getHeader("User-Agent");
  }

  /**
   * Checks a resolved session, without a lock.
   *
   * @return the resolution of the token for this request
   * @throws io.coatcheck.session.store.SessionStoreException if the session was to be ended, and
   *     the store failed
   */
  Resolution admit(Resolution.Live resolved, SessionManager manager) {
    Session live = resolved.session();
    boolean isRecorded = live.clientAddress().isPresent() || live.userAgent().isPresent();
    Verdict verdict = live.principal().isEmpty() || !isRecorded ? Verdict.ACCEPT : judge(live);
    // Not before: while the check decides, another thread of the request may log out.
    withheld = verdict == Verdict.REAUTHENTICATE ? live : null;
    return switch (verdict) {
      case ACCEPT -> resolved;
      // The client keeps its cookie.
      case REAUTHENTICATE -> new Resolution.Mismatched(live.id(), true);
      case END -> {
        manager.adapter().revoke(live);
        yield new Resolution.Unknown(live.id());
      }
    };
  }

  private Verdict judge(Session live) {
    // Cleaned and truncated as when it was recorded, or the two would never be equal.
    LoginOptions client = LoginOptions.builder().client(address, userAgent).build();
    try {
      return check.judge(
          new Client(live.clientAddress(), live.userAgent()),
          new Client(client.clientAddress(), client.userAgent()));
    } catch (Exception e) {
      problems.error(
          "client check",
          "The client check failed, and the session " + live.id() + " is withheld",
          e);
      return Verdict.REAUTHENTICATE;
    }
  }

  /** Returns the withheld session; null if there is none. */
  @Nullable Session withheld() {
    Session known = withheld;
    return known == null || known.isEnded() ? null : known;
  }

  /** Stops withholding: a login resumed the session, or it has ended. */
  void release() {
    withheld = null;
  }

  /** Shows nothing: the session holds the secret. */
  @Override
  public String toString() {
    return "ClientGate";
  }
}
