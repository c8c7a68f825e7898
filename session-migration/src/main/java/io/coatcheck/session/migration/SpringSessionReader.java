package io.coatcheck.session.migration;

import io.coatcheck.session.ImportedSession;
import io.coatcheck.session.Session;
import io.coatcheck.session.codec.AttributeCodecException;
import io.coatcheck.session.codec.JavaSerializationCodec;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.lang.reflect.Method;
import java.security.Principal;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Decodes a session of Spring Session, and decides whether it may be imported. */
final class SpringSessionReader {

  private static final String SECURITY_CONTEXT = "SPRING_SECURITY_CONTEXT";
  private static final SessionId ANY = SessionId.of(0, 0);

  private final JavaSerializationCodec codec;
  private final @Nullable Function<Map<String, Object>, Optional<String>> userOf;
  private final Predicate<String> kept;
  private final Duration maximumAge;

  /**
   * Creates it.
   *
   * @param userOf null for the name that Spring Session has indexed, or that of the context
   * @param kept which attributes are kept, by their names
   */
  SpringSessionReader(
      JavaSerializationCodec codec,
      @Nullable Function<Map<String, Object>, Optional<String>> userOf,
      Predicate<String> kept,
      Duration maximumAge) {
    this.codec = codec;
    this.userOf = userOf;
    this.kept = kept;
    this.maximumAge = maximumAge;
  }

  /** Returns what is imported; empty if it has expired, is too old, or holds nothing. */
  Optional<ImportedSession> read(SpringSession session, Instant now) {
    Instant usableUntil = session.createdAt().plus(maximumAge);
    if (!session.expiresAt().isAfter(now)
        || !usableUntil.isAfter(now)
        || session.createdAt().isAfter(now.plus(maximumAge))) {
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
            ? session.principal().or(() -> nameIn(attributes.get(SECURITY_CONTEXT)))
            : userOf.apply(Collections.unmodifiableMap(attributes));
    attributes.keySet().removeIf(name -> !kept.test(name));
    if (principal.isEmpty() && attributes.isEmpty()) {
      return Optional.empty();
    }
    if (principal.isPresent() && !isStorable(principal.get())) {
      return Optional.empty();
    }
    Instant loginAt = Limits.loginAt(session.createdAt(), now);
    return Optional.of(
        new ImportedSession(principal, loginAt, usableUntil, attributes, undecodable));
  }

  private static boolean isStorable(String principal) {
    try {
      return StoredSession.builder(ANY).principal(principal) != null;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  /**
   * Returns the name of the user in a security context of Spring Security, which the application
   * has and this library does not.
   */
  private static Optional<String> nameIn(@Nullable Object context) {
    if (context == null) {
      return Optional.empty();
    }
    try {
      Method getter = context.getClass().getMethod("getAuthentication");
      return getter.invoke(context) instanceof Principal user
          ? Optional.ofNullable(user.getName())
          : Optional.empty();
    } catch (ReflectiveOperationException e) {
      // An object of another kind under that name names no user.
      return Optional.empty();
    }
  }
}
