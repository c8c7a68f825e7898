package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.Resolution;
import io.coatcheck.session.Session;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.codec.AllowListPreset;
import io.coatcheck.session.codec.AttributeCodecException;
import io.coatcheck.session.codec.JavaSerializationCodec;
import io.coatcheck.session.memory.InMemorySessionStore;
import java.io.File;
import java.io.Serializable;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("F9: one test run names every class that the allow-list lacks")
class AllowListRecorderTest {

  private record Money(int cents) implements Serializable {}

  private record Line(String article, Money price) implements Serializable {}

  private record Cart(List<Line> lines, Size size) implements Serializable {}

  private enum Size {
    SMALL
  }

  private static final Object CART =
      new Cart(new ArrayList<>(List.of(new Line("coat", new Money(100)))), Size.SMALL);

  private final AllowListRecorder recorder =
      AllowListRecorder.of(JavaSerializationCodec.builder().allow(Line.class));

  @Test
  void encode_recordsAllMissingClassesAtOnce_andDecodes() {
    assertThat(recorder.decode(recorder.encode(CART))).isEqualTo(CART);
    assertThat(recorder.missing())
        .containsExactly(Cart.class.getName(), Money.class.getName(), Size.class.getName());
    assertThat(recorder.lines())
        .isEqualTo(
            ".allow(\"%s\")%n.allow(\"%s\")%n.allow(\"%s\")%n"
                .formatted(Cart.class.getName(), Money.class.getName(), Size.class.getName())
                .replace("\r\n", "\n"));
    assertThatThrownBy(recorder::requireComplete)
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("lacks 3 classes")
        .hasMessageEndingWith(recorder.lines());
  }

  @Test
  void requireComplete_passesWithTheLinesAdded() {
    AllowListRecorder complete =
        AllowListRecorder.of(
            JavaSerializationCodec.builder()
                .allow(Cart.class)
                .allow(Line.class)
                .allow(Money.class)
                .allow(Size.class));
    complete.encode(CART);
    assertThatCode(complete::requireComplete).doesNotThrowAnyException();
  }

  @Test
  void encode_ofWhatCanNeverBeAllowed_isRefused() {
    assertThatThrownBy(() -> recorder.encode(new File("a")))
        .isInstanceOf(AttributeCodecException.class)
        .hasMessageContaining("java.io.File is never stored");
    assertThatThrownBy(() -> recorder.encode(new Object()))
        .isInstanceOf(AttributeCodecException.class);
    assertThat(recorder.missing()).isEmpty();
  }

  private enum Coin {
    ONE {
      @Override
      public String toString() {
        return "one";
      }
    }
  }

  private static final class Trouble extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Trouble() {
      super("trouble", null, false, false);
    }
  }

  @Test
  @DisplayName("classes of arrays, constants with a body and exceptions are named by what to allow")
  void encode_ofEveryKindOfClass_decodesWithTheLines() {
    List<Object> values =
        List.of(
            new Money[] {new Money(1)}, new Money[][] {{new Money(2)}}, Coin.ONE, new Trouble());
    values.forEach(recorder::encode);
    assertThat(recorder.missing())
        .contains(Money.class.getName(), Coin.class.getName(), Trouble.class.getName());

    JavaSerializationCodec.Builder complete = JavaSerializationCodec.builder();
    recorder.missing().forEach(complete::allow);
    JavaSerializationCodec codec = complete.build();
    assertThat(values)
        .allSatisfy(value -> assertThat(codec.decode(codec.encode(value))).hasSameClassAs(value));
  }

  @Test
  void encode_ofAProxy_isRefused_andNamesNothing() {
    Object proxy =
        Proxy.newProxyInstance(
            getClass().getClassLoader(),
            new Class<?>[] {Comparable.class, Serializable.class},
            (self, method, arguments) -> null);
    assertThatThrownBy(() -> recorder.encode(proxy)).isInstanceOf(AttributeCodecException.class);
    assertThat(recorder.missing()).isEmpty();
  }

  @Test
  @DisplayName("F8: a value that outgrows the list after it was set is recorded when it is saved")
  void save_ofAValueThatGrew_recordsIt() {
    try (SessionManager manager =
        SessionManager.builder(InMemorySessionStore.builder().copyOnRead(true).build())
            .codec(recorder)
            .cleanUpInterval(Duration.ZERO)
            .build()) {
      Session session = manager.adapter().create(manager.adapter().resolve(List.of()));
      List<Object> list = new ArrayList<>();
      session.setAttribute("list", list);
      list.add(new Money(1));
      manager.save(session);
      assertThat(recorder.missing()).containsExactly(Money.class.getName());
      list.add(Size.SMALL);
      manager.save(session);
      assertThat(recorder.missing()).containsExactly(Money.class.getName(), Size.class.getName());
      String token = session.unsentToken().orElseThrow().value();
      Session read = ((Resolution.Live) manager.adapter().resolve(List.of(token))).session();
      assertThat(read.attribute("list")).isEqualTo(List.of(new Money(1), Size.SMALL));
    }
  }

  @Test
  void recorders_ofSeveralCodecs_recordTheirOwn() {
    AllowListRecorder other = AllowListRecorder.of(JavaSerializationCodec.builder());
    recorder.encode(Size.SMALL);
    other.encode(new Money(1));
    assertThat(recorder.missing()).containsExactly(Size.class.getName());
    assertThat(other.missing()).containsExactly(Money.class.getName());
  }

  @Test
  @DisplayName("classes of a framework take one line, for the preset that has most of them")
  void lines_nameThePreset() {
    Set<String> missing = new TreeSet<>(AllowListPreset.SPRING_SECURITY_OIDC_LOGIN.classNames());
    missing.addAll(AllowListPreset.SPRING_MVC_FLASH.classNames());
    missing.add("com.example.Cart");
    assertThat(AllowListRecorder.linesFor(missing))
        .isEqualTo(
            """
            .allow(AllowListPreset.SPRING_SECURITY_OIDC_LOGIN)
            .allow(AllowListPreset.SPRING_MVC_FLASH)
            .allow("com.example.Cart")
            """);
    assertThat(AllowListRecorder.linesFor(Set.of())).isEmpty();
  }

  @Test
  @DisplayName("a class of the JDK alone does not indicate a framework")
  void lines_ofTheJdk_nameNoPreset() {
    String reference = "java.util.concurrent.atomic.AtomicReference";
    assertThat(AllowListRecorder.linesFor(Set.of(reference)))
        .isEqualTo(".allow(\"" + reference + "\")\n");
    assertThat(
            AllowListRecorder.linesFor(
                Set.of(reference, "org.apache.wicket.protocol.http.WebSession")))
        .isEqualTo(".allow(AllowListPreset.WICKET)\n");
  }

  @Test
  void encode_byManyThreads_recordsEachClassOnce() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      List<Future<byte[]>> encodings = new ArrayList<>();
      for (int i = 0; i < 64; i++) {
        encodings.add(threads.submit(() -> recorder.encode(CART)));
      }
      for (Future<byte[]> encoding : encodings) {
        assertThat(recorder.decode(encoding.get())).isEqualTo(CART);
      }
    } finally {
      threads.shutdownNow();
    }
    assertThat(recorder.missing()).hasSize(3);
  }
}
