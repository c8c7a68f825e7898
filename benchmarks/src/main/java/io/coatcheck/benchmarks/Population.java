package io.coatcheck.benchmarks;

import io.coatcheck.session.codec.AttributeCodec;
import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.StoredSessionBuilder;
import io.coatcheck.session.token.SessionId;
import io.coatcheck.session.token.SessionToken;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.function.Function;

/** Coatcheck's sessions at the beginning of a measurement, the same in each process. */
final class Population {

  static final Duration IDLE_TIMEOUT = Duration.ofDays(10);
  static final Duration ABSOLUTE_TIMEOUT = Duration.ofDays(30);

  private static final Instant FIRST = Instant.parse("2026-01-01T00:00:00Z");

  private final SessionToken[] tokens;

  Population(int sessions) {
    SeededRandom random = new SeededRandom();
    tokens = new SessionToken[sessions];
    for (int i = 0; i < sessions; i++) {
      tokens[i] = SessionToken.generate(SessionId.generate(FIRST.plusMillis(i), random), random);
    }
  }

  int size() {
    return tokens.length;
  }

  SessionToken token(int session) {
    return tokens[session];
  }

  /** Returns the {@code Cookie} line of each session. */
  String[] cookies(String name) {
    String[] cookies = new String[tokens.length];
    for (int i = 0; i < tokens.length; i++) {
      cookies[i] = Cookies.line(name, tokens[i].value());
    }
    return cookies;
  }

  /** Returns a line with a token that has the right form and names no session. */
  static String unknownCookie(String name) {
    SeededRandom random = new SeededRandom();
    return Cookies.line(
        name,
        SessionToken.generate(SessionId.generate(FIRST.minusSeconds(1), random), random).value());
  }

  /** Returns a session in the form that a store of bytes gets. */
  StoredSession encoded(int session, boolean isLoggedIn, AttributeCodec codec, Instant now) {
    return stored(session, isLoggedIn, now, value -> AttributeValue.encoded(codec.encode(value)));
  }

  /** Returns a session in the form that a store of shared objects gets. */
  StoredSession live(int session, boolean isLoggedIn, AttributeCodec codec, Instant now) {
    return stored(session, isLoggedIn, now, value -> AttributeValue.live(value, codec));
  }

  private StoredSession stored(
      int session, boolean isLoggedIn, Instant now, Function<String, AttributeValue> value) {
    StoredSessionBuilder stored =
        StoredSession.builder(tokens[session].id())
            .secretHash(tokens[session].secretHash())
            .createdAt(now)
            .idleTimeout(IDLE_TIMEOUT)
            .absoluteDeadline(now.plus(ABSOLUTE_TIMEOUT))
            .attributes(
                Map.of(
                    Workload.PRINCIPAL,
                    value.apply(Workload.principal(session)),
                    Workload.LOCALE,
                    value.apply(Workload.locale(session)),
                    Workload.CART,
                    value.apply(Workload.cart(session))));
    if (isLoggedIn) {
      stored
          .principal(Workload.principal(session))
          .authenticatedAt(now)
          // Separate texts, like those of requests.
          .clientAddress("192.0.2." + session % 256)
          .userAgent(
              "Mozilla/5.0 (X11; Linux x86_64; rv:"
                  + (100 + session % 100)
                  + ".0) Gecko/20100101 Firefox/145.0");
    }
    return stored.build();
  }
}
