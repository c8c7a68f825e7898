package io.coatcheck.session.redis;

import io.coatcheck.session.background.Operation;
import io.coatcheck.session.store.SessionStoreException;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisCommandTimeoutException;
import io.lettuce.core.RedisException;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;

/**
 * Turns each error into a {@link SessionStoreException} that says what to do. A message of the
 * server is not repeated, since it may quote arguments.
 */
final class RedisFailure {

  /**
   * An error of the server.
   *
   * @param code what its message contains
   * @param advice what it means, and what to do
   */
  private record Kind(String code, String advice) {}

  private static final Kind NEWER =
      new Kind(
          "COATCHECK-LAYOUT", "a newer release of Coatcheck wrote the record, or it is damaged");

  /** Redis 7 and Valkey use a different message for a script. */
  private static final Kind NOT_PERMITTED =
      new Kind(
          "NOPERM",
          "the user may not run a command or touch a key: grant what docs/REDIS.md lists");

  private static final Kind READ_ONLY =
      new Kind(
          "READONLY", "the server is a replica, which takes no writes: connect to the primary");

  /** The answer to a WAIT. */
  private static final Kind UNBLOCKED =
      new Kind("UNBLOCKED", "the server became a replica meanwhile: connect to the primary");

  private static final Kind CLUSTER_DOWN =
      new Kind(
          "CLUSTERDOWN",
          "the cluster does not serve the slot: a primary is down, and no replica has replaced it");

  private static final Kind MASTER_DOWN =
      new Kind(
          "MASTERDOWN", "the replica has lost its primary: connect to the primary, or start it");

  private static final Kind NO_REPLICAS =
      new Kind(
          "NOREPLICAS",
          "too few replicas are connected for min-replicas-to-write: look why replicas are unreachable or lag");

  /** Messages differ in the name of the server, and in what comes after it. */
  private static final Kind UNKNOWN_COMMAND =
      new Kind(
          "unknown command",
          "the server does not have a command, or under another name: connect to a Redis or Valkey, not to a Sentinel or a proxy");

  /** Errors without a code of their own, by a part of their message that quotes nothing. */
  private static final List<Kind> WITHOUT_CODE =
      List.of(
          new Kind(
              "max number of clients reached",
              "the server takes no more connections: raise maxclients, or find out which program opens so many"),
          new Kind(
              "cluster support disabled",
              "the server is not part of a cluster: build the store with builder"),
          new Kind(
              "SELECT is not allowed in cluster mode",
              "a cluster has only database 0: leave the number out of the RedisURI"),
          new Kind(
              "DB index is out of range",
              "the server has no database of that number: correct it in the RedisURI"));

  private static final List<Kind> KINDS =
      List.of(
          NEWER,
          new Kind("NOAUTH", "the server requires a password: set it in the RedisURI"),
          new Kind(
              "WRONGPASS",
              "the server refuses the user name or the password: correct them in the RedisURI"),
          NOT_PERMITTED,
          READ_ONLY,
          UNBLOCKED,
          new Kind("LOADING", "the server is still loading its data: it answers when that is done"),
          new Kind(
              "MISCONF",
              "the server cannot save to disk and refuses writes: look at its log and its disk"),
          new Kind("OOM", "the server is out of memory and refuses writes: raise maxmemory"),
          CLUSTER_DOWN,
          MASTER_DOWN,
          NO_REPLICAS,
          new Kind(
              "MOVED",
              "the key is on another node: if the server is part of a cluster, build the store with clusterBuilder"),
          new Kind("ASK", "the slot is being moved to another node: try again when it has moved"),
          new Kind(
              "TRYAGAIN", "the slot is being moved to another node: try again when it has moved"),
          new Kind(
              "BUSY",
              "the server is busy with a script that does not end: end it with SCRIPT KILL"),
          new Kind(
              "WRONGTYPE", "a key has another type: something else writes keys with this prefix"),
          new Kind("EXECABORT", "the server refused the command"),
          new Kind(
              "non deterministic commands",
              "the server copies scripts to its replicas as text: set lua-replicate-commands to yes, the default of Redis 6"),
          new Kind(
              "DENIED",
              "the server is in protected mode, and takes connections of its own machine only: set a password there"));

  private static final Set<Kind> OF_REPLICA =
      Set.of(READ_ONLY, UNBLOCKED, MASTER_DOWN, CLUSTER_DOWN);

  private RedisFailure() {}

  /** Returns whether the server did not answer in time. */
  static boolean isTimeout(Throwable failure) {
    return failure instanceof RedisCommandTimeoutException;
  }

  /** Returns whether the server has answered, with an error. */
  static boolean isAnswer(Throwable failure) {
    return failure instanceof RedisCommandExecutionException;
  }

  /** Returns the message of a server that names another node for a slot, or null. */
  static @Nullable String moved(Throwable failure) {
    return message("MOVED ", failure);
  }

  /** Returns the message of a server that names another node for a key of its slot, or null. */
  static @Nullable String asked(Throwable failure) {
    return message("ASK ", failure);
  }

  /** Returns whether two nodes have the keys of a script, since their slot is being moved. */
  static boolean isDivided(Throwable failure) {
    return message("TRYAGAIN ", failure) != null;
  }

  private static @Nullable String message(String begin, Throwable failure) {
    String message = failure.getMessage();
    return isAnswer(failure) && message != null && message.startsWith(begin) ? message : null;
  }

  /** Returns whether the server is a replica, or knows of no node that serves the slot. */
  static boolean isOfReplica(Throwable failure) {
    if (!isAnswer(failure)) {
      return false;
    }
    Kind kind = kind(failure.getMessage());
    return kind != null && OF_REPLICA.contains(kind);
  }

  /**
   * Returns whether a write was refused in a way that only a primary refuses writes, so that reads
   * can be trusted.
   */
  static boolean isOfPrimary(Throwable failure) {
    return isAnswer(failure) && NO_REPLICAS.equals(kind(failure.getMessage()));
  }

  /** Returns the exception for a failure of an operation. */
  static SessionStoreException of(Operation operation, Throwable failure) {
    if (isAnswer(failure)) {
      Kind kind = kind(failure.getMessage());
      return kind == null
          ? new SessionStoreException(
              operation + " failed: Redis refused it, " + code(failure.getMessage()))
          : of(operation, kind);
    }
    if (isTimeout(failure)) {
      return new SessionStoreException(
          operation + " may have happened or not: Redis did not answer in time", failure);
    }
    if (failure instanceof RedisException || failure instanceof CancellationException) {
      return new SessionStoreException(
          operation + " failed, or its answer was lost: Redis is not connected", failure);
    }
    return new SessionStoreException(operation + " failed unexpectedly", failure);
  }

  /**
   * Returns the exception for an operation whose thread was interrupted before its command, or the
   * next one of several, was sent. The thread stays interrupted.
   */
  static SessionStoreException interrupted(Operation operation, InterruptedException interrupted) {
    Thread.currentThread().interrupt();
    return new SessionStoreException(
        operation + " failed: the thread was interrupted", interrupted);
  }

  /** Returns the exception for a record in a layout that is not known here. */
  static SessionStoreException newer(Operation operation) {
    return of(operation, NEWER);
  }

  private static SessionStoreException of(Operation operation, Kind kind) {
    return new SessionStoreException(operation + " failed: " + kind.code + ", " + kind.advice);
  }

  private static @Nullable Kind kind(@Nullable String message) {
    if (message == null) {
      return null;
    }
    if (message.contains("The user executing the script can't")
        || message.contains("ACL failure in script")) {
      return NOT_PERMITTED;
    }
    if (message.startsWith("ERR ")) {
      String lower = message.toLowerCase(Locale.ROOT);
      if (lower.contains("unknown command") || lower.contains("unknown redis command")) {
        return UNKNOWN_COMMAND;
      }
      for (Kind kind : WITHOUT_CODE) {
        if (message.endsWith(kind.code)) {
          return kind;
        }
      }
    }
    for (Kind kind : KINDS) {
      // Redis 6 puts a dash before the code of an error inside a script.
      if (message.startsWith(kind.code)
          || message.contains(" " + kind.code)
          || message.contains(" -" + kind.code)) {
        return kind;
      }
    }
    return null;
  }

  /**
   * Returns the first word of a message, which names the kind of error and is never an argument.
   */
  private static String code(@Nullable String message) {
    if (message == null) {
      return "without a message";
    }
    String code = message.split("[^A-Z]", 2)[0];
    return code.isEmpty() ? "without a code" : "with " + code;
  }
}
