package io.coatcheck.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.codec.AttributeCodec;
import io.coatcheck.session.codec.JavaSerializationCodec;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName(
    "A value whose decoded form is written differently is compared without decoding it again")
class RepeatedComparisonTest {

  private final AtomicInteger decoded = new AtomicInteger();
  private final AttributeCodec codec = new CountingCodec();
  private final TestClock clock = new TestClock();

  @Test
  void save_onACopyThatWasComparedBefore_decodesOnlyWhatTheRequestReads() {
    try (SessionManager manager =
        SessionManager.builder(
                NearCacheSessionStore.wrap(InMemorySessionStore.builder().copyOnRead(true).build()))
            .codec(codec)
            .clock(clock)
            .build()) {
      Session first = manager.adapter().create(manager.adapter().resolve(List.of()));
      first.setAttribute("cart", roomy());
      assertThat(manager.save(first)).isTrue();
      String token = EngineFixture.sent(first);
      assertThat(decodedBy(manager, token)).as("the first request compares").isEqualTo(2);

      assertThat(decodedBy(manager, token)).isEqualTo(1);
      assertThat(decodedBy(manager, token)).isEqualTo(1);
    }
  }

  /** Returns how often a request that reads the value and saves twice decodes. */
  private int decodedBy(SessionManager manager, String token) {
    int before = decoded.get();
    Resolution found = manager.adapter().resolve(List.of(token));
    Session session = ((Resolution.Live) found).session();
    assertThat(session.attribute("cart")).isEqualTo(roomy());
    assertThat(manager.save(session)).isTrue();
    assertThat(manager.save(session)).isTrue();
    return decoded.get() - before;
  }

  /** The stream contains the capacity of the map, which decoding sets anew. */
  private static Map<String, String> roomy() {
    Map<String, String> map = new HashMap<>(4096);
    map.put("book", "1");
    return map;
  }

  private final class CountingCodec implements AttributeCodec {

    private final AttributeCodec actual = JavaSerializationCodec.builder().build();

    @Override
    public byte[] encode(Object value) {
      return actual.encode(value);
    }

    @Override
    public byte[] encodeAgain(Object value, byte[] before) {
      return actual.encodeAgain(value, before);
    }

    @Override
    public Object decode(byte[] bytes) {
      decoded.incrementAndGet();
      return actual.decode(bytes);
    }
  }
}
