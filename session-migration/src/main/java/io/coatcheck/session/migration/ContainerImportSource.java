package io.coatcheck.session.migration;

import io.coatcheck.session.ImportSource;
import io.coatcheck.session.ImportedSession;
import io.coatcheck.session.Session;
import jakarta.servlet.http.HttpSession;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** One session of the container, for the engine. Serves one request, on its thread. */
final class ContainerImportSource implements ImportSource {

  /** Null if the container has no session for the request. */
  private final @Nullable HttpSession session;

  /** Null if neither the user nor the attributes are read, since it is only used up. */
  private final @Nullable Function<HttpSession, Optional<String>> principal;

  private final Predicate<String> attributes;
  private final Duration maximumAge;
  private final InstantSource clock;

  ContainerImportSource(
      @Nullable HttpSession session,
      @Nullable Function<HttpSession, Optional<String>> principal,
      Predicate<String> attributes,
      Duration maximumAge,
      InstantSource clock) {
    this.session = session;
    this.principal = principal;
    this.attributes = attributes;
    this.maximumAge = maximumAge;
    this.clock = clock;
  }

  @Override
  public Optional<ImportedSession> load() {
    if (session == null) {
      return Optional.empty();
    }
    try {
      return read(session);
    } catch (IllegalStateException e) {
      if (isValid(session)) {
        throw e;
      }
      // It has ended, for example by a logout.
      return Optional.empty();
    }
  }

  private Optional<ImportedSession> read(HttpSession known) {
    Instant now = clock.instant();
    Instant createdAt = Instant.ofEpochMilli(known.getCreationTime());
    Instant usableUntil = createdAt.plus(maximumAge);
    if (!usableUntil.isAfter(now)) {
      return Optional.empty();
    }
    Instant loginAt = Limits.loginAt(createdAt, now);
    if (principal == null) {
      return Optional.of(
          new ImportedSession(Optional.empty(), loginAt, usableUntil, Map.of(), Map.of()));
    }
    Optional<String> user = principal.apply(known);
    if (user.isEmpty() && known.getAttribute(SpringSessionReader.SECURITY_CONTEXT) != null) {
      // The next person at that browser must not get the attributes of its user.
      return Optional.empty();
    }
    Map<String, Object> kept = new HashMap<>();
    for (String name : Collections.list(known.getAttributeNames())) {
      if (!name.isEmpty()
          && name.length() <= Session.MAX_ATTRIBUTE_NAME_LENGTH
          && attributes.test(name)) {
        Object value = known.getAttribute(name);
        if (value != null) {
          kept.put(name, value);
        }
      }
    }
    if (user.isEmpty() && kept.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(new ImportedSession(user, loginAt, usableUntil, kept, Map.of()));
  }

  @Override
  public boolean isStillLive() {
    return session != null && isValid(session);
  }

  @Override
  public boolean isEndedByImport() {
    return true;
  }

  static boolean isValid(HttpSession session) {
    try {
      return session.getCreationTime() > Long.MIN_VALUE;
    } catch (IllegalStateException e) {
      // That is how a container says that it has ended.
      return false;
    }
  }

  /** Shows no id: it is what the client presents. */
  @Override
  public String toString() {
    return "ContainerImportSource";
  }
}
