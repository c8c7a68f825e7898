package io.coatcheck.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import io.coatcheck.session.codec.AttributeCodec;
import io.coatcheck.session.codec.AttributeCodecException;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.test.log.RecordedLog;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("I12: a codec of the application that throws anything costs one value")
class FailingCodecTest {

  private final FailingCodec codec = new FailingCodec();
  @AutoClose private final RecordedLog log = RecordedLog.of(SessionManager.class);

  private final EngineFixture fixture =
      new EngineFixture(builder -> builder.codec(codec).dropAttributesAtLogin(true));

  @AfterEach
  void close() {
    fixture.close();
  }

  /** Encodes lists of texts, and fails as a test chooses. */
  private static final class FailingCodec implements AttributeCodec {

    private Supplier<? extends Throwable> thrown = () -> new IllegalStateException("a secret");
    private Predicate<Object> failsToEncode = value -> false;
    private Predicate<Object> failsToDecode = value -> false;

    @Override
    public byte[] encode(Object value) {
      failIf(failsToEncode.test(value));
      return EngineFixture.CODEC.encode(value);
    }

    @Override
    public Object decode(byte[] bytes) {
      Object value = EngineFixture.CODEC.decode(bytes);
      failIf(failsToDecode.test(value));
      return value;
    }

    private void failIf(boolean fails) {
      if (fails) {
        Throwable failure = thrown.get();
        if (failure instanceof Error error) {
          throw error;
        }
        throw (RuntimeException) failure;
      }
    }
  }

  static Stream<Throwable> failures() {
    return Stream.of(
        new IllegalStateException("a secret"),
        new IllegalArgumentException("a secret"),
        new UncheckedIOException(new java.io.IOException("a secret")),
        new StackOverflowError(),
        new NoClassDefFoundError("a secret"));
  }

  private static Predicate<Object> listWith(String text) {
    return value -> value instanceof List<?> list && list.contains(text);
  }

  /** Stores a session with two lists, of which the codec cannot decode one from now on. */
  private String stored() {
    Session session =
        fixture.manager.adapter().create(fixture.manager.adapter().resolve(List.of()));
    session.setAttribute("bad", new ArrayList<>(List.of("bad")));
    session.setAttribute("good", new ArrayList<>(List.of("good")));
    fixture.manager.save(session);
    codec.failsToDecode = listWith("bad");
    return EngineFixture.sent(session);
  }

  private void assertReported(Throwable failure) {
    assertThat(fixture.eventsOf(SessionEvent.AttributeUndecodable.class))
        .isNotEmpty()
        .allSatisfy(
            event -> {
              assertThat(event.attribute()).isEqualTo("bad");
              assertThat(event.problem())
                  .isEqualTo(
                      FailingCodec.class.getName() + " threw " + failure.getClass().getName());
            });
    assertThat(log.lines(Level.WARN))
        .singleElement()
        .asString()
        .startsWith("The attribute \"bad\" could not be read, and is absent: ")
        .contains(failure.getClass().getName())
        .doesNotContain("a secret");
  }

  @ParameterizedTest
  @MethodSource("failures")
  void attributesOf_leavesOutTheValue(Throwable failure) {
    codec.thrown = () -> failure;
    StoredSession session = fixture.stored(fixture.live(stored()));

    assertThat(fixture.manager.attributesOf(session))
        .isEqualTo(Map.of("good", new ArrayList<>(List.of("good"))));

    assertReported(failure);
  }

  @ParameterizedTest
  @MethodSource("failures")
  void attribute_isAbsent_andItsBytesStay(Throwable failure) {
    codec.thrown = () -> failure;
    String token = stored();
    Session session = fixture.live(token);

    assertThat(session.attributeNames()).containsExactly("good");
    assertThat(session.attribute("bad")).isNull();
    assertThat(fixture.manager.take(session, "bad")).isEmpty();
    session.setAttribute("more", "1");
    fixture.manager.save(session);

    assertReported(failure);
    codec.failsToDecode = value -> false;
    assertThat(fixture.live(token).attribute("bad")).isEqualTo(List.of("bad"));
  }

  @Test
  @DisplayName("a login that drops the attributes holds, whatever its caller decodes of them")
  void login_thatDrops() {
    Session session = fixture.live(stored());

    LoginOutcome outcome =
        fixture
            .manager
            .adapter()
            .authenticate(
                session,
                "alice",
                LoginOptions.defaults(),
                dropped ->
                    assertThat(fixture.manager.attributesOf(dropped)).containsOnlyKeys("good"));

    String token = EngineFixture.sent(EngineFixture.granted(outcome));
    assertThat(fixture.live(token).principal()).hasValue("alice");
  }

  @ParameterizedTest
  @MethodSource("failures")
  void save_ofAValueThatNoLongerEncodes_keepsItsBytes_andSavesTheOthers(Throwable failure) {
    codec.thrown = () -> failure;
    Session created =
        fixture.manager.adapter().create(fixture.manager.adapter().resolve(List.of()));
    created.setAttribute("list", new ArrayList<>(List.of("first")));
    fixture.manager.save(created);
    String token = EngineFixture.sent(created);
    Session session = fixture.live(token);
    @SuppressWarnings("unchecked")
    List<String> list = (List<String>) session.attribute("list");
    list.add("second");
    session.setAttribute("good", "1");
    codec.failsToEncode = listWith("second");

    assertThat(fixture.manager.save(session)).isTrue();

    Session read = fixture.live(token);
    assertThat(read.attribute("list")).isEqualTo(List.of("first"));
    assertThat(read.attribute("good")).isEqualTo("1");
    assertThat(fixture.eventsOf(SessionEvent.AttributeUnencodable.class))
        .isNotEmpty()
        .allSatisfy(event -> assertThat(event.problem()).doesNotContain("a secret"));
  }

  @ParameterizedTest
  @MethodSource("failures")
  void setAttribute_isRefused_andChangesNothing(Throwable failure) {
    codec.thrown = () -> failure;
    codec.failsToEncode = listWith("bad");
    Session session =
        fixture.manager.adapter().create(fixture.manager.adapter().resolve(List.of()));

    assertThatExceptionOfType(AttributeCodecException.class)
        .isThrownBy(() -> session.setAttribute("list", List.of("bad")))
        .withMessage(
            "attribute \"list\": "
                + FailingCodec.class.getName()
                + " threw "
                + failure.getClass().getName())
        .withRootCauseInstanceOf(Throwable.class);

    assertThat(session.attribute("list")).isNull();
    assertThat(fixture.eventsOf(SessionEvent.AttributeRefused.class)).hasSize(1);
  }

  @Test
  @DisplayName("an error of the JVM is not the value's")
  void outOfMemory_isRethrown() {
    OutOfMemoryError trouble = new OutOfMemoryError("real");
    codec.thrown = () -> trouble;
    Session session = fixture.live(stored());

    assertThatThrownBy(() -> session.attribute("bad")).isSameAs(trouble);
  }

  @Test
  void decode_toNull_isNoValue() {
    try (EngineFixture nulls =
        new EngineFixture(
            builder ->
                builder.codec(
                    new AttributeCodec() {
                      @Override
                      public byte[] encode(Object value) {
                        return new byte[] {1};
                      }

                      @Override
                      public Object decode(byte[] bytes) {
                        return Optional.empty().orElse(null);
                      }
                    }))) {
      Session session = nulls.live(nulls.anonymous());
      assertThat(session.attributeNames()).isEmpty();
      assertThat(session.attribute("cart")).isNull();
    }
  }
}
