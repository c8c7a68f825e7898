package io.coatcheck.session.testkit;

import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SecretHash;
import io.coatcheck.session.token.SessionId;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/** Stores that lose or change a part of a session. */
final class WrongParts {

  private static final String KINDS =
      "insert_everyCombinationOfOptionalParts_isFoundWithAllItsParts";
  private static final String SPECIMENS = "insert_anySession_isFoundWithAllItsParts";
  private static final String UPDATED = "update_betweenCombinationsOfOptionalParts_storesAllParts";

  static final List<WrongStore> ALL =
      List.of(
          writing(
              "Takes a previous hash to have its moment",
              session -> {
                if (session.previousSecretHash().isPresent()) {
                  Instant until = session.previousReadableUntil().orElseThrow();
                  return session.toBuilder().previousReadableUntil(until).build();
                }
                return session;
              },
              KINDS,
              UPDATED),
          writing(
              "Loses a previous hash that has no moment",
              session ->
                  session.previousReadableUntil().isPresent()
                      ? session
                      : session.toBuilder().previousSecretHash(null).build(),
              KINDS,
              UPDATED),
          writing(
              "Reads an absent moment as 1970",
              session ->
                  session.previousSecretHash().isEmpty()
                          || session.previousReadableUntil().isPresent()
                      ? session
                      : session.toBuilder().previousReadableUntil(Instant.EPOCH).build(),
              KINDS),
          writing(
              "Keeps the client only if both parts are there",
              session ->
                  session.clientAddress().isPresent() && session.userAgent().isPresent()
                      ? session
                      : session.toBuilder().clientAddress(null).userAgent(null).build(),
              KINDS,
              UPDATED,
              "findByPrincipal_everyCombinationOfOptionalParts_returnsAllOtherParts",
              "deleteByPrincipal_everyCombinationOfOptionalParts_handsOverAllParts",
              "deleteExpired_everyCombinationOfOptionalParts_handsOverAllParts",
              "delete_everyCombinationOfOptionalParts_returnsAllParts"),
          writing(
              "Remembers only who is logged in",
              session ->
                  session.principal().isPresent()
                      ? session
                      : session.toBuilder().remembered(false).build(),
              KINDS),
          writing(
              "Takes no idle timeout for the usual one",
              session ->
                  session.idleTimeout().isPresent()
                      ? session
                      : session.toBuilder().idleTimeout(Duration.ofMinutes(30)).build(),
              KINDS,
              SPECIMENS),
          writing(
              "Takes an empty text for none",
              session ->
                  session.userAgent().filter(String::isEmpty).isPresent()
                      ? session.toBuilder().userAgent(null).build()
                      : session,
              SPECIMENS),
          writing(
              "Writes the client in Latin-1",
              session ->
                  session.userAgent().isEmpty()
                      ? session
                      : session.toBuilder()
                          .userAgent(
                              new String(
                                  session
                                      .userAgent()
                                      .orElseThrow()
                                      .getBytes(StandardCharsets.ISO_8859_1),
                                  StandardCharsets.ISO_8859_1))
                          .build(),
              SPECIMENS),
          writing(
              "Trims values",
              session ->
                  with(
                      session,
                      attributes ->
                          attributes.replaceAll(
                              (name, value) ->
                                  SampleSessions.text(
                                      new String(value.bytes(), StandardCharsets.ISO_8859_1)
                                          .strip()))),
              SPECIMENS),
          writing(
              "Cuts zeros off values",
              session ->
                  with(
                      session,
                      attributes ->
                          attributes.replaceAll(
                              (name, value) -> {
                                byte[] bytes = value.bytes();
                                int end = bytes.length;
                                while (end > 0 && bytes[end - 1] == 0) {
                                  end--;
                                }
                                return AttributeValue.encoded(Arrays.copyOf(bytes, end));
                              })),
              SPECIMENS),
          writing(
              "Changes the bytes that it is given",
              session -> {
                session.attributes().values().stream()
                    .map(AttributeValue::bytes)
                    .filter(bytes -> bytes.length > 0)
                    .forEach(bytes -> bytes[0] ^= 1);
                return session.toBuilder()
                    .attributes(
                        session.attributes().entrySet().stream()
                            .collect(
                                Collectors.toMap(
                                    Map.Entry::getKey,
                                    entry -> {
                                      byte[] bytes = entry.getValue().bytes().clone();
                                      if (bytes.length > 0) {
                                        bytes[0] ^= 1;
                                      }
                                      return AttributeValue.encoded(bytes);
                                    })))
                    .build();
              },
              SPECIMENS),
          writing(
              "Keeps hashes as numbers",
              session -> {
                byte[] number = new BigInteger(session.secretHash().toBytes()).toByteArray();
                return session.toBuilder()
                    .secretHash(SecretHash.of(Arrays.copyOf(number, SecretHash.LENGTH)))
                    .build();
              },
              SPECIMENS),
          writing(
              "Trims the client",
              session ->
                  session.toBuilder()
                      .clientAddress(session.clientAddress().map(String::strip).orElse(null))
                      .userAgent(session.userAgent().map(String::strip).orElse(null))
                      .build(),
              SPECIMENS),
          writing(
              "Loses the fence",
              session -> session.toBuilder().fence(0).build(),
              KINDS,
              SPECIMENS,
              "update_toAnySession_storesAllItsParts"),
          writing(
              "Keeps the generation in 32 bits",
              session ->
                  session.toBuilder()
                      .fence((int) session.fence() & Integer.MAX_VALUE)
                      .generation((int) session.generation() & Integer.MAX_VALUE)
                      .build(),
              SPECIMENS),
          writing(
              "Takes the rotation for the creation",
              session -> session.toBuilder().rotatedAt(session.createdAt()).build(),
              SPECIMENS),
          writing(
              "Takes the login for the creation",
              session ->
                  session.principal().isEmpty()
                      ? session
                      : session.toBuilder().authenticatedAt(session.createdAt()).build(),
              SPECIMENS),
          writing(
              "Cuts off a principal by UTF-16",
              session ->
                  session.principal().filter(name -> name.length() > 255).isEmpty()
                      ? session
                      : session.toBuilder()
                          .principal(session.principal().orElseThrow().substring(0, 254))
                          .build(),
              SPECIMENS),
          writing(
              "Takes the text null for none",
              session ->
                  session.userAgent().filter("null"::equals).isEmpty()
                      ? session
                      : session.toBuilder().userAgent(null).build(),
              SPECIMENS),
          writing(
              "Keeps attributes beside parts of its own",
              session -> with(session, attributes -> attributes.remove("_id")),
              SPECIMENS),
          writing(
              "Takes a dollar in a name for an operator",
              session -> with(session, attributes -> attributes.remove("$set")),
              SPECIMENS),
          writing(
              "Loses empty values",
              session ->
                  with(
                      session,
                      attributes -> attributes.values().removeIf(v -> v.bytes().length == 0)),
              SPECIMENS),
          writing(
              "Loses values of a megabyte",
              session ->
                  with(
                      session,
                      attributes -> attributes.values().removeIf(v -> v.bytes().length >= 1 << 20)),
              SPECIMENS),
          writing(
              "Writes names with lone surrogates as question marks",
              session ->
                  with(
                      session,
                      attributes -> {
                        Map<String, AttributeValue> copy = Map.copyOf(attributes);
                        attributes.clear();
                        copy.forEach(
                            (name, value) ->
                                attributes.put(
                                    new String(
                                        name.getBytes(StandardCharsets.UTF_8),
                                        StandardCharsets.UTF_8),
                                    value));
                      }),
              SPECIMENS),
          WrongStore.of(
              "Keeps the version as a double",
              () ->
                  new BrokenStore() {
                    @Override
                    public void insert(StoredSession session) {
                      long version = (long) (double) session.version();
                      super.insert(session.toBuilder().version(version).build());
                    }
                  },
              SPECIMENS,
              "update_versionBeyondDoubles_isComparedExactly"),
          updating(
              "Merges attributes",
              (stored, session) ->
                  with(session, attributes -> stored.attributes().forEach(attributes::putIfAbsent)),
              UPDATED,
              "update_toAnySession_storesAllItsParts"),
          updating(
              "Leaves what is absent in the new session",
              (stored, session) ->
                  session.userAgent().isPresent()
                      ? session
                      : session.toBuilder().userAgent(stored.userAgent().orElse(null)).build(),
              UPDATED),
          updating(
              "Keeps the idle timeout of the insert",
              (stored, session) ->
                  session.toBuilder().idleTimeout(stored.idleTimeout().orElse(null)).build(),
              UPDATED,
              "update_shorterIdleTimeout_expiresEarlier",
              "update_longerIdleTimeout_expiresLater",
              "update_withoutIdleTimeout_expiresAtTheDeadline"),
          updating(
              "Keeps the deadline of the insert",
              (stored, session) ->
                  session.toBuilder().absoluteDeadline(stored.absoluteDeadline()).build(),
              "update_earlierDeadline_expiresEarlier"));

  private WrongParts() {}

  private static StoredSession with(
      StoredSession session, Consumer<Map<String, AttributeValue>> change) {
    Map<String, AttributeValue> attributes = new HashMap<>(session.attributes());
    change.accept(attributes);
    return session.toBuilder().attributes(attributes).build();
  }

  /** A store that changes what it is given. */
  private static WrongStore writing(
      String fault, UnaryOperator<StoredSession> change, String... tests) {
    return WrongStore.of(
        fault,
        () ->
            new BrokenStore() {
              @Override
              public void insert(StoredSession session) {
                super.insert(change.apply(session));
              }

              @Override
              public boolean update(StoredSession session, Instant now) {
                return super.update(change.apply(session), now);
              }
            },
        tests);
  }

  /** A store that changes what it is given by what it has. */
  private static WrongStore updating(String fault, Merge merge, String... tests) {
    return WrongStore.of(
        fault,
        () ->
            new BrokenStore() {
              @Override
              public boolean update(StoredSession session, Instant now) {
                SessionId id = session.id();
                Optional<StoredSession> stored = find(id);
                return super.update(stored.map(old -> merge.of(old, session)).orElse(session), now);
              }
            },
        tests);
  }

  private interface Merge {
    StoredSession of(StoredSession stored, StoredSession session);
  }
}
