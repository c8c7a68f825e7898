package io.coatcheck.history;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.store.SessionStoreException;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * One node, as the clients of a {@link CopiesHistory} use it. Every method throws a {@link
 * SessionStoreException} if the node does not answer or reports a failure: whether the change
 * happened is then not known. Thread-safe.
 */
public interface HistoryNode {

  /** Returns a node of this process. */
  static HistoryNode of(SessionManager manager) {
    return new ManagerNode(manager);
  }

  /**
   * Returns the number that is stored in the session of a token, 0 if none was; empty if the token
   * is refused.
   */
  OptionalInt read(String token);

  /**
   * Logs a user in, in the live session of a token or in a new one.
   *
   * @return the new token
   */
  String login(String user, @Nullable String token);

  /** Stores a number in the live session of a token. */
  void write(String token, int number);

  /** Ends the live session of a token. */
  void end(String token);

  /**
   * Ends all sessions of a user.
   *
   * @param token of one of them, which is live
   * @return how many there were, or empty if the node does not say so
   */
  OptionalInt endAllOf(String user, String token);
}
