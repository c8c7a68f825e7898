package io.coatcheck.session.testkit;

import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SecretHash;
import io.coatcheck.session.token.SessionId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Reports the parts in which sessions differ. The text of a session omits most of them. */
final class SessionDifferences {

  private static final int MAX_TEXT_LENGTH = 80;

  private static final Map<String, Function<StoredSession, @Nullable Object>> PARTS = parts();

  private SessionDifferences() {}

  private static Map<String, Function<StoredSession, @Nullable Object>> parts() {
    Map<String, Function<StoredSession, @Nullable Object>> parts = new LinkedHashMap<>();
    parts.put("id", StoredSession::id);
    parts.put("version", StoredSession::version);
    parts.put("lastSeenAt", StoredSession::lastSeenAt);
    parts.put("secretHash", StoredSession::secretHash);
    parts.put("previousSecretHash", session -> session.previousSecretHash().orElse(null));
    parts.put("previousReadableUntil", session -> session.previousReadableUntil().orElse(null));
    parts.put("principal", session -> session.principal().orElse(null));
    parts.put("authenticatedAt", session -> session.authenticatedAt().orElse(null));
    parts.put("createdAt", StoredSession::createdAt);
    parts.put("idleTimeout", session -> session.idleTimeout().orElse(null));
    parts.put("absoluteDeadline", StoredSession::absoluteDeadline);
    parts.put("rotatedAt", StoredSession::rotatedAt);
    parts.put("generation", StoredSession::generation);
    parts.put("fence", StoredSession::fence);
    parts.put("remembered", StoredSession::remembered);
    parts.put("clientAddress", session -> session.clientAddress().orElse(null));
    parts.put("userAgent", session -> session.userAgent().orElse(null));
    return parts;
  }

  /** Returns a line for each part in which two sessions differ; none if they are equal. */
  static List<String> between(StoredSession expected, StoredSession actual) {
    List<String> lines = new ArrayList<>();
    PARTS.forEach(
        (name, part) -> {
          Object wanted = part.apply(expected);
          Object found = part.apply(actual);
          if (wanted == null ? found != null : !wanted.equals(found)) {
            lines.add(name + ": expected " + text(wanted) + " but was " + text(found));
          }
        });
    addAttributes(lines, expected.attributes(), actual.attributes());
    if (lines.isEmpty() && !expected.equals(actual)) {
      lines.add("a part that has no name here");
    }
    return lines;
  }

  /**
   * Returns a line for each session that is missing or was not expected, and for each part in which
   * a session differs; no line if both have the same sessions in any order.
   */
  static List<String> between(
      Collection<StoredSession> expected, Collection<StoredSession> actual) {
    List<String> lines = new ArrayList<>();
    Map<SessionId, StoredSession> found = new LinkedHashMap<>();
    for (StoredSession session : actual) {
      if (found.put(session.id(), session) != null) {
        lines.add("twice: " + session);
      }
    }
    for (StoredSession session : expected) {
      StoredSession same = found.remove(session.id());
      if (same == null) {
        lines.add("missing: " + session);
      } else {
        between(session, same).forEach(line -> lines.add("session " + session.id() + ", " + line));
      }
    }
    found.values().forEach(session -> lines.add("not expected: " + session));
    return lines;
  }

  /**
   * Fails, naming the parts that differ, unless a session is present and equals the expected one.
   */
  static void assertSame(String what, Optional<StoredSession> actual, StoredSession expected) {
    if (actual.isEmpty()) {
      throw new AssertionError(what + ": absent, expected " + expected);
    }
    fail(what + ": " + expected + " differs", between(expected, actual.get()));
  }

  /** Fails, naming the differences, unless the sessions are the expected ones in any order. */
  static void assertSame(
      String what, Collection<StoredSession> actual, Collection<StoredSession> expected) {
    fail(
        what + ": " + actual.size() + " sessions, expected " + expected.size(),
        between(expected, actual));
  }

  private static void fail(String what, List<String> differences) {
    if (!differences.isEmpty()) {
      int shown = Math.min(differences.size(), 20);
      String more =
          differences.size() > shown ? "\n  and " + (differences.size() - shown) + " more" : "";
      throw new AssertionError(
          what + "\n  " + String.join("\n  ", differences.subList(0, shown)) + more);
    }
  }

  private static void addAttributes(
      List<String> lines,
      Map<String, AttributeValue> expected,
      Map<String, AttributeValue> actual) {
    TreeSet<String> names = new TreeSet<>(expected.keySet());
    names.addAll(actual.keySet());
    for (String name : names) {
      AttributeValue wanted = expected.get(name);
      AttributeValue found = actual.get(name);
      if (wanted == null || !wanted.equals(found)) {
        lines.add(
            "attribute " + text(name) + ": expected " + size(wanted) + " but was " + size(found));
      }
    }
  }

  private static String size(@Nullable AttributeValue value) {
    if (value == null) {
      return "absent";
    }
    if (value.isLive()) {
      return "a live value";
    }
    byte[] bytes = value.bytes();
    return bytes.length > MAX_TEXT_LENGTH / 2
        ? bytes.length + " bytes"
        : bytes.length + " bytes " + HexFormat.of().formatHex(bytes);
  }

  private static String text(@Nullable Object value) {
    if (value == null) {
      return "absent";
    }
    if (value instanceof SecretHash hash) {
      // The hash of a secret that was generated for the test.
      return HexFormat.of().formatHex(hash.toBytes());
    }
    if (value instanceof String string) {
      int length = string.length();
      return length > MAX_TEXT_LENGTH
          ? "'" + string.substring(0, MAX_TEXT_LENGTH) + "...' of " + length + " characters"
          : "'" + string + "'";
    }
    return value.toString();
  }
}
