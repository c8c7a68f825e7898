package io.coatcheck.session.migration;

import io.coatcheck.session.UndecidedException;
import io.coatcheck.session.log.LimitedLog;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.text.QuotedText;
import java.time.Duration;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Calls the application's code that decides on credentials, such as its verifier. If that throws,
 * it has decided nothing: the answer is 503, as if the store had failed. Clients can repeat this,
 * so at most one line of each kind is logged a second. Thread-safe.
 */
final class ApplicationCode {

  private static final Logger LOG = LoggerFactory.getLogger(ApplicationCode.class);
  private static final int MAX_DEPTH = 16;
  private static final int MAX_LENGTH = 1_000;

  private final LimitedLog limited = new LimitedLog(LOG, Duration.ofSeconds(1));

  /**
   * Returns what the code returns.
   *
   * @param name of the code, for the log
   * @param credential what the code was given, which the log must not show: it can be used later
   * @throws SessionStoreException if the code throws it, or anything else but an error of the
   *     virtual machine
   */
  <T> T call(String name, String credential, Supplier<T> code) {
    try {
      return Objects.requireNonNull(code.get(), "the application's code returned null");
    } catch (SessionStoreException e) {
      throw e;
    } catch (Exception | StackOverflowError | LinkageError e) {
      // Also a checked exception that is not declared: code in Kotlin, for one, may throw any.
      log(name, credential, e);
      throw new UndecidedException(name + " failed", e);
    }
  }

  /**
   * Ends a session in the old application. A failure does not change the answer to the request: it
   * is logged as a warning, at most once a second for each kind. An error of the JVM other than a
   * {@code StackOverflowError} or a {@code LinkageError} is thrown.
   *
   * @param credential the id of the session, which the log must not show
   * @param ending ends it; may block, and may throw
   * @return whether it has ended
   */
  boolean tryToEnd(String credential, Runnable ending) {
    try {
      ending.run();
      return true;
    } catch (Exception | StackOverflowError | LinkageError e) {
      Throwable root = rootOf(e);
      limited.warn(
          "the end of an old session " + root.getClass().getName(),
          "An old session could not be ended in the old application: "
              + withoutCredential(reasonOf(e, root), credential));
      debug(e, credential);
      return false;
    }
  }

  private static void debug(Throwable failure, String credential) {
    if (!reveals(failure, credential)) {
      LOG.debug("The application's code failed", failure);
    }
  }

  private void log(String name, String credential, Throwable failure) {
    Throwable root = rootOf(failure);
    String kind = name + " " + root.getClass().getName();
    String reason = name + ": " + withoutCredential(reasonOf(failure, root), credential);
    boolean isShown = !reveals(failure, credential);
    if (isFaultOfTheCode(root)) {
      limited.error(
          kind,
          "The application's code is at fault, and a credential is answered with 503: " + reason,
          isShown ? failure : null);
    } else {
      limited.warn(
          kind,
          "The application's code could not decide on a credential, and the answer is 503: "
              + reason);
    }
    debug(failure, credential);
  }

  /**
   * Returns whether a cause is a fault of the code itself, such as a {@code NullPointerException}:
   * an exception of the language or its collections. Those of a network, a database or a library
   * have other packages.
   */
  private static boolean isFaultOfTheCode(Throwable root) {
    String home = root.getClass().getPackageName();
    return root instanceof Error
        || (root instanceof RuntimeException
            && (home.equals("java.lang") || home.equals("java.util")));
  }

  private static Throwable rootOf(Throwable failure) {
    Throwable root = failure;
    for (int depth = 0; root.getCause() != null && depth < MAX_DEPTH; depth++) {
      root = root.getCause();
    }
    return root;
  }

  private static String reasonOf(Throwable failure, Throwable root) {
    return root == failure ? String.valueOf(failure) : failure + "; caused by " + root;
  }

  /** Some libraries put the token into their messages. */
  private static String withoutCredential(String reason, String credential) {
    String without = credential.isEmpty() ? reason : reason.replace(credential, "(credential)");
    return QuotedText.unquoted(without, MAX_LENGTH);
  }

  /** Returns whether the credential is in a message that would be logged with a stack trace. */
  private static boolean reveals(Throwable failure, String credential) {
    return !credential.isEmpty() && reveals(failure, credential, new HashSet<>());
  }

  private static boolean reveals(Throwable failure, String credential, Set<Throwable> seen) {
    if (seen.size() > MAX_DEPTH || !seen.add(failure)) {
      return seen.size() > MAX_DEPTH;
    }
    if (String.valueOf(failure).contains(credential)
        || (failure.getCause() != null && reveals(failure.getCause(), credential, seen))) {
      return true;
    }
    for (Throwable suppressed : failure.getSuppressed()) {
      if (reveals(suppressed, credential, seen)) {
        return true;
      }
    }
    return false;
  }
}
