package io.coatcheck.session.migration;

import io.coatcheck.session.ImportedSession;
import io.coatcheck.session.Session;
import io.coatcheck.session.codec.AttributeCodecException;
import io.coatcheck.session.codec.JavaSerializationCodec;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Decodes a session of Spring Session, and decides whether it may be imported. */
final class SpringSessionReader {

  static final String SECURITY_CONTEXT = "SPRING_SECURITY_CONTEXT";

  private final JavaSerializationCodec codec;
  private final @Nullable Function<Map<String, Object>, Optional<String>> userOf;
  private final Predicate<String> kept;
  private final Duration maximumAge;
  private final BiConsumer<String, AttributeCodecException> onRefusal;

  /**
   * Creates a reader.
   *
   * @param userOf null for the user of the context or, without a context, the name that Spring
   *     Session has indexed
   * @param kept which attributes are kept, by their names
   * @param onRefusal called with a security context because of which a session is refused
   */
  SpringSessionReader(
      JavaSerializationCodec codec,
      @Nullable Function<Map<String, Object>, Optional<String>> userOf,
      Predicate<String> kept,
      Duration maximumAge,
      BiConsumer<String, AttributeCodecException> onRefusal) {
    this.codec = codec;
    this.userOf = userOf;
    this.kept = kept;
    this.maximumAge = maximumAge;
    this.onRefusal = onRefusal;
  }

  /**
   * Returns what could be imported under other settings, or later: a session that has neither
   * expired nor is too old, without its user and its attributes.
   */
  Optional<ImportedSession> unread(SpringSession session, Instant now) {
    return isUsable(session, now)
        ? Optional.of(imported(session, now, Optional.empty(), Map.of(), Map.of()))
        : Optional.empty();
  }

  /**
   * Returns what is imported; empty if the session has expired, is too old, or holds nothing, or
   * has a login whose user cannot be determined: the next person at that browser must not get its
   * attributes.
   */
  Optional<ImportedSession> read(SpringSession session, Instant now) {
    if (!isUsable(session, now)) {
      return Optional.empty();
    }
    Map<String, Object> attributes = new HashMap<>();
    Map<String, AttributeCodecException> undecodable = new HashMap<>();
    session
        .attributes()
        .forEach(
            (name, stream) -> {
              if (name.isEmpty() || name.length() > Session.MAX_ATTRIBUTE_NAME_LENGTH) {
                undecodable.put(name, new AttributeCodecException("its name is too long or empty"));
                return;
              }
              try {
                attributes.put(name, codec.decodeStream(stream));
              } catch (AttributeCodecException e) {
                undecodable.put(name, e);
              }
            });
    for (String name : session.tooLarge()) {
      undecodable.put(
          name,
          new AttributeCodecException(
              "it is larger than "
                  + SpringSessions.MAX_ATTRIBUTE_BYTES
                  + " bytes, or all attributes together than "
                  + SpringSessions.MAX_SESSION_BYTES));
    }
    Optional<String> principal =
        userOf == null
            ? userIn(session, attributes)
            : userOf.apply(Collections.unmodifiableMap(attributes));
    if (principal.isEmpty() && hasLogin(session)) {
      AttributeCodecException problem = undecodable.get(SECURITY_CONTEXT);
      if (problem != null) {
        onRefusal.accept(SECURITY_CONTEXT, problem);
      }
      return Optional.empty();
    }
    attributes.keySet().removeIf(name -> !kept.test(name));
    if (principal.isEmpty() && attributes.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(imported(session, now, principal, attributes, undecodable));
  }

  private boolean isUsable(SpringSession session, Instant now) {
    return session.expiresAt().isAfter(now)
        && usableUntil(session).isAfter(now)
        && !session.createdAt().isAfter(now.plus(maximumAge));
  }

  private Instant usableUntil(SpringSession session) {
    return session.createdAt().plus(maximumAge);
  }

  private ImportedSession imported(
      SpringSession session,
      Instant now,
      Optional<String> principal,
      Map<String, Object> attributes,
      Map<String, AttributeCodecException> undecodable) {
    return new ImportedSession(
        principal,
        Limits.loginAt(session.createdAt(), now),
        usableUntil(session),
        attributes,
        undecodable);
  }

  /** Returns whether a user has logged in by a session, even if it cannot be read which. */
  private static boolean hasLogin(SpringSession session) {
    return session.principal().isPresent()
        || has(session, SpringSessions.INDEXED_NAME)
        || has(session, SECURITY_CONTEXT);
  }

  private static boolean has(SpringSession session, String attribute) {
    return session.attributes().containsKey(attribute) || session.tooLarge().contains(attribute);
  }

  /**
   * Returns the user of a session. A security context decides, and if it cannot be decoded, the
   * indexed name does not stand in for it: Spring Session indexes that of any context, even of one
   * whose user has not been authenticated yet.
   */
  private static Optional<String> userIn(SpringSession session, Map<String, Object> attributes) {
    return has(session, SECURITY_CONTEXT)
        ? OldContext.userOf(attributes.get(SECURITY_CONTEXT))
        : session.principal();
  }
}
