package io.coatcheck.session;

import java.util.Optional;

/**
 * Reads one session of another library, for {@link SessionBridge#importSession}. Called on the
 * thread of the request. A source whose library fails should throw an {@link UndecidedException},
 * so that the old credential is neither accepted nor refused, and the answer is 503.
 *
 * @since 0.1.0
 */
public interface ImportSource {

  /** Reads the session; empty if there is none, or it has expired, or must not be imported. */
  Optional<ImportedSession> load();

  /**
   * Returns whether the other library still has the session. Called again after the import is
   * stored, so that a logout there is not overtaken, and for each later request that presents only
   * the old credential, unless the {@linkplain #isEndedByImport import ends} the old session and
   * has succeeded.
   */
  boolean isStillLive();

  /**
   * Returns whether the caller ends the other library's session as soon as it is imported, so that
   * its absence says nothing from then on. Default: {@code false}.
   */
  default boolean isEndedByImport() {
    return false;
  }
}
