package io.coatcheck.session.migration;

import io.coatcheck.session.store.SessionStoreException;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * The hashes of Spring Session Redis, {@code spring:session:sessions:<id>}, as its versions 3 and 4
 * write them with their default serializer, which is Java serialization. Both of its repositories
 * are read, the plain and the indexed one. The application's own Redis client is used, of whatever
 * kind. Thread-safe, as {@link Commands} must be.
 *
 * @since 0.1.0
 */
public final class RedisSpringSessions extends SpringSessions {

  private static final String ATTRIBUTE = "sessionAttr:";
  private static final String PRINCIPAL = ATTRIBUTE + INDEXED_NAME;

  private final Commands commands;
  private final String prefix;

  /**
   * The two commands that are needed, of any client of Redis. Their exceptions count as failures of
   * Redis.
   */
  public interface Commands {

    /** Returns the fields of a hash by name, {@code HGETALL}; empty if there is no such key. */
    Map<String, byte[]> fieldsOf(String key);

    /** Deletes a key, {@code DEL}. */
    void delete(String key);
  }

  private RedisSpringSessions(Commands commands, String namespace) {
    this.commands = Objects.requireNonNull(commands, "commands must not be null");
    this.prefix = namespace + ":sessions:";
  }

  /** Describes sessions under the namespace {@code spring:session}, Spring Session's default. */
  public static RedisSpringSessions of(Commands commands) {
    return of(commands, "spring:session");
  }

  /**
   * Describes sessions under another namespace.
   *
   * @param namespace as {@code spring.session.redis.namespace} has it
   * @throws IllegalArgumentException if it is blank
   */
  public static RedisSpringSessions of(Commands commands, String namespace) {
    if (namespace.isBlank()) {
      throw new IllegalArgumentException("namespace must not be blank: \"" + namespace + "\"");
    }
    return new RedisSpringSessions(commands, namespace);
  }

  @Override
  Optional<SpringSession> find(String id) {
    Map<String, byte[]> fields = fields(id);
    Optional<Instant> createdAt = number(fields, "creationTime").map(Instant::ofEpochMilli);
    Optional<Instant> expiresAt = expiry(fields);
    if (createdAt.isEmpty() || expiresAt.isEmpty()) {
      return Optional.empty();
    }
    Map<String, byte[]> attributes = new HashMap<>();
    Set<String> tooLarge = new HashSet<>();
    int[] size = new int[1];
    fields.forEach(
        (field, value) -> {
          if (field.startsWith(ATTRIBUTE) && value.length > 0) {
            String name = field.substring(ATTRIBUTE.length());
            if (value.length > MAX_ATTRIBUTE_BYTES
                || value.length > MAX_SESSION_BYTES - size[0]
                || attributes.size() >= MAX_ATTRIBUTES) {
              tooLarge.add(name);
            } else {
              attributes.put(name, value);
              size[0] += value.length;
            }
          }
        });
    byte[] principal = fields.get(PRINCIPAL);
    return Optional.of(
        new SpringSession(
            createdAt.get(),
            expiresAt.get(),
            Optional.ofNullable(principal).flatMap(SerializedValues::text),
            attributes,
            tooLarge));
  }

  @Override
  boolean isLive(String id, Instant now) {
    return expiry(fields(id)).filter(expiry -> expiry.isAfter(now)).isPresent();
  }

  @Override
  void delete(String id) {
    call(
        () -> {
          commands.delete(prefix + id);
          commands.delete(prefix + "expires:" + id);
          return id;
        });
  }

  private Map<String, byte[]> fields(String id) {
    return call(() -> commands.fieldsOf(prefix + id));
  }

  /** A session that the indexed repository has deleted remains for some minutes, with 0 seconds. */
  private static Optional<Instant> expiry(Map<String, byte[]> fields) {
    Optional<Long> lastAccess = number(fields, "lastAccessedTime");
    Optional<Long> seconds = number(fields, "maxInactiveInterval");
    if (lastAccess.isEmpty() || seconds.isEmpty()) {
      return Optional.empty();
    }
    if (seconds.get() < 0) {
      return Optional.of(Instant.MAX);
    }
    return Optional.of(
        seconds.get() == 0
            ? Instant.MIN
            : Instant.ofEpochMilli(lastAccess.get())
                .plusSeconds(Math.min(seconds.get(), Integer.MAX_VALUE)));
  }

  private static Optional<Long> number(Map<String, byte[]> fields, String name) {
    return Optional.ofNullable(fields.get(name)).flatMap(SerializedValues::number);
  }

  /** Work with the client of Redis. */
  private interface Work<T> {
    T run();
  }

  private static <T> T call(Work<T> work) {
    try {
      return work.run();
    } catch (RuntimeException e) {
      throw new SessionStoreException("Redis failed for a hash of Spring Session", e);
    }
  }
}
