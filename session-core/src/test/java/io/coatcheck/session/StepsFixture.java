package io.coatcheck.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.codec.AttributeValue;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** A stored session with a cart that is "a book", and what other requests do to its attributes. */
final class StepsFixture implements AutoCloseable {

  final EngineFixture engine =
      new EngineFixture(
          builder ->
              builder
                  .maxAttributeBytes(4_000)
                  .maxSessionBytes(4_000)
                  .renewInterval(Duration.ofMinutes(5)));
  final String token = engine.anonymous();

  @Override
  public void close() {
    engine.close();
  }

  /** Sets an attribute as another request does. */
  void set(String name, Object value) {
    Session other = engine.live(token);
    other.setAttribute(name, value);
    assertThat(engine.manager.save(other)).isTrue();
  }

  /** Returns an attribute as the store has it. */
  @Nullable Object stored(String name) {
    AttributeValue value =
        engine.store.inner().find(engine.live(token).id()).orElseThrow().attributes().get(name);
    return value == null ? null : value.object(EngineFixture.CODEC);
  }

  /** Begins a request, and forgets what the store was asked before. */
  Session live() {
    Session session = engine.live(token);
    engine.store.calls.clear();
    return session;
  }

  /** Adds one to the attribute {@code n}. */
  int increment(Session session) {
    return engine.manager.update(session, "n", Integer.class, n -> n.orElse(0) + 1).orElseThrow();
  }
}
