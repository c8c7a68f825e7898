package io.coatcheck.session.migration;

import io.coatcheck.session.ImportResult;
import io.coatcheck.session.ImportSource;
import io.coatcheck.session.ImportedSession;
import io.coatcheck.session.SessionBridge;
import io.coatcheck.session.servlet.WebSession;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BiPredicate;

/**
 * The application's condition on the login of an old session, as {@code validIf} of a bridge sets
 * it. An anonymous session has no login, and meets every condition.
 */
final class LoginCondition {

  /** Every login meets it. */
  static final LoginCondition NONE = new LoginCondition((user, loginAt) -> true);

  private final BiPredicate<String, Instant> login;
  private final ApplicationCode code = new ApplicationCode();

  private LoginCondition(BiPredicate<String, Instant> login) {
    this.login = login;
  }

  /**
   * Returns a condition.
   *
   * @param login tests the name of a user, and when the old session was created
   */
  static LoginCondition validIf(BiPredicate<String, Instant> login) {
    return new LoginCondition(Objects.requireNonNull(login, "validIf must not be null"));
  }

  /**
   * Returns an old session that is imported only if it meets the condition, when it is read and
   * again after the import is stored. A user who cannot log in is refused before: the application
   * may be unable to look such a name up. For one request.
   */
  ImportSource on(ImportSource source, SessionBridge bridge) {
    return new Conditional(source, bridge);
  }

  /**
   * Opens the session that an old one has become, as a token that the request presents. A session
   * that another request imports is stored before that request tests the condition again; so it is
   * tested here too, and the session ends if it is not met.
   *
   * @param session of this request
   * @return whether the request may use it
   */
  boolean opens(ImportResult result, WebSession session) {
    return result.token().map(session.bridge()::present).orElse(false) && admits(result, session);
  }

  private boolean admits(ImportResult result, WebSession session) {
    boolean isMet =
        result.status() != ImportResult.Status.FOUND
            || session
                .principal()
                .map(user -> isMet(user, session.authenticatedAt().orElseThrow()))
                .orElse(true);
    if (!isMet) {
      session.logout();
    }
    return isMet;
  }

  private boolean isMet(ImportedSession session) {
    return session
        .principal()
        .map(principal -> isMet(principal, session.authenticatedAt()))
        .orElse(true);
  }

  private boolean isMet(String user, Instant loginAt) {
    return code.call("validIf of a bridge", "", () -> login.test(user, loginAt));
  }

  /** An old session whose login must meet the condition. */
  private final class Conditional implements ImportSource {

    private final ImportSource source;
    private final SessionBridge bridge;

    private Optional<ImportedSession> loaded = Optional.empty();

    Conditional(ImportSource source, SessionBridge bridge) {
      this.source = source;
      this.bridge = bridge;
    }

    @Override
    public Optional<ImportedSession> load() {
      loaded = code.call("reading an old session", "", source::load).filter(this::canLogIn);
      return loaded.filter(LoginCondition.this::isMet);
    }

    private boolean canLogIn(ImportedSession session) {
      return session.principal().map(bridge::acceptsPrincipal).orElse(true);
    }

    @Override
    public boolean isStillLive() {
      return source.isStillLive() && loaded.map(LoginCondition.this::isMet).orElse(true);
    }

    @Override
    public boolean isEndedByImport() {
      return source.isEndedByImport();
    }

    /** Shows no id: it is what the client presents. */
    @Override
    public String toString() {
      return "Conditional";
    }
  }
}
