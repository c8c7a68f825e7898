package io.coatcheck.session.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class EncodingCostTest {

  private static final int ENCODINGS = 200;

  private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private final JavaSerializationCodec codec = JavaSerializationCodec.builder().build();

  /** A read value that can change is encoded at the end of each request, deep in a framework. */
  @Test
  @DisplayName("A value of many classes takes as much memory to encode deep in the stack as not")
  void encode_allocatesTheSame_howeverDeepTheStackIs() {
    List<Object> value = ofManyClasses();
    assertThat(codec.encode(value)).hasSizeGreaterThan(500);
    allocated(value, 0);

    long shallow = allocated(value, 0);
    long deep = allocated(value, 200);

    assertThat(deep).isLessThan(shallow * 5 / 4);
  }

  @Test
  @DisplayName("A value that is as it was takes half the memory to encode again, or less")
  void encodeAgain_unchanged_allocatesLess() {
    List<Object> value = ofManyClasses();
    byte[] before = codec.encode(value);
    allocated(value, 0);
    allocatedAgain(value, before);

    assertThat(allocatedAgain(value, before)).isLessThan(allocated(value, 0) / 2);
  }

  @Test
  @DisplayName("A value that was changed is encoded again with every check")
  void encodeAgain_changed_encodes() {
    List<Object> value = ofManyClasses();
    byte[] before = codec.encode(value);
    assertThat(codec.encodeAgain(value, before)).isSameAs(before);

    value.add("more");
    byte[] now = codec.encodeAgain(value, before);
    assertThat(now).isEqualTo(codec.encode(value)).isNotEqualTo(before);

    value.add(new Thread());
    assertThatThrownBy(() -> codec.encodeAgain(value, now))
        .isInstanceOf(AttributeCodecException.class);

    Object deep = "bottom";
    for (int i = 0; i < 100; i++) {
      deep = new ArrayList<>(List.of(deep));
    }
    List<Object> nested = new ArrayList<>(List.of(deep));
    assertThatThrownBy(() -> codec.encodeAgain(nested, before))
        .isInstanceOf(AttributeCodecException.class);
    assertThat(codec.encodeAgain("text", codec.encode("text"))).isEqualTo(codec.encode("text"));
  }

  private long allocatedAgain(Object value, byte[] encoded) {
    long before = threads.getCurrentThreadAllocatedBytes();
    for (int i = 0; i < ENCODINGS; i++) {
      codec.encodeAgain(value, encoded);
    }
    return threads.getCurrentThreadAllocatedBytes() - before;
  }

  @SuppressWarnings("JavaUtilDate") // Applications keep such dates in sessions.
  private static List<Object> ofManyClasses() {
    return new ArrayList<>(
        Arrays.asList(
            new BigDecimal("1.5"),
            new BigInteger("7"),
            Instant.EPOCH,
            LocalDate.EPOCH,
            Duration.ZERO,
            Locale.ROOT,
            new TreeMap<>(),
            new UUID(1, 2),
            List.of("a", "b", "c")));
  }

  private long allocated(Object value, int depth) {
    if (depth > 0) {
      return allocated(value, depth - 1);
    }
    long before = threads.getCurrentThreadAllocatedBytes();
    for (int i = 0; i < ENCODINGS; i++) {
      codec.encode(value);
    }
    return threads.getCurrentThreadAllocatedBytes() - before;
  }
}
