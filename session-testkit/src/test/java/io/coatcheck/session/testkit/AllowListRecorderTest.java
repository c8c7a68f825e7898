package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.codec.AttributeCodecException;
import io.coatcheck.session.codec.JavaSerializationCodec;
import java.io.File;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
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
