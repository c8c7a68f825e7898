package io.coatcheck.session.migration;

import io.coatcheck.session.ImportResult;
import io.coatcheck.session.ImportSource;
import io.coatcheck.session.ImportedSession;
import io.coatcheck.session.servlet.WebSession;
import java.time.Instant;
import java.util.Optional;
import java.util.function.BiPredicate;

/**
 * An old session whose login must meet a condition of the application, when it is read and again
 * after the import is stored. Used for one request.
 */
final class ConditionalSource implements ImportSource {

  private final ImportSource source;
  private final BiPredicate<String, Instant> condition;

  private Optional<ImportedSession> loaded = Optional.empty();

  ConditionalSource(ImportSource source, BiPredicate<String, Instant> condition) {
    this.source = source;
    this.condition = condition;
  }

  @Override
  public Optional<ImportedSession> load() {
    loaded = source.load();
    return loaded.filter(this::isMet);
  }

  @Override
  public boolean isStillLive() {
    return source.isStillLive() && loaded.map(this::isMet).orElse(true);
  }

  /**
   * Returns whether a request may use the session that the old one has become. One that another
   * request imports is stored before that request tests the condition again; so it is tested here
   * too, and the session ends if it is not met.
   *
   * @param session of this request
   */
  static boolean admits(
      ImportResult result, WebSession session, BiPredicate<String, Instant> condition) {
    boolean isMet =
        result.status() != ImportResult.Status.FOUND
            || session
                .principal()
                .map(user -> condition.test(user, session.authenticatedAt().orElseThrow()))
                .orElse(true);
    if (!isMet) {
      session.logout();
    }
    return isMet;
  }

  /** An anonymous session has no login, and meets every condition. */
  private boolean isMet(ImportedSession session) {
    return session
        .principal()
        .map(principal -> condition.test(principal, session.authenticatedAt()))
        .orElse(true);
  }

  @Override
  public boolean isEndedByImport() {
    return source.isEndedByImport();
  }

  /** Shows no id: it is what the client presents. */
  @Override
  public String toString() {
    return "ConditionalSource";
  }
}
