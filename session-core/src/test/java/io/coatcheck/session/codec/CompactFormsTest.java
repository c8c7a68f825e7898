package io.coatcheck.session.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class CompactFormsTest {

  private final AttributeCodec codec = JavaSerializationCodec.builder().build();

  static Stream<Arguments> compactValues() {
    return Stream.of(
        Arguments.of("", 0),
        Arguments.of("abc", 3),
        Arguments.of("\0äÿ", 3),
        Arguments.of("a€", 4),
        Arguments.of("😀", 4),
        Arguments.of("漢字漢字", 8),
        Arguments.of("\ud800", 2),
        Arguments.of("a\udc00\ud800", 6),
        Arguments.of("€\ud83d", 4),
        Arguments.of(true, 0),
        Arguments.of(false, 0),
        Arguments.of((byte) -128, 1),
        Arguments.of(Short.MIN_VALUE, 2),
        Arguments.of('a', 1),
        Arguments.of('\0', 1),
        Arguments.of('\uffff', 3),
        Arguments.of(0, 1),
        Arguments.of(127, 1),
        Arguments.of(128, 2),
        Arguments.of(-128, 1),
        Arguments.of(-129, 2),
        Arguments.of(Integer.MIN_VALUE, 4),
        Arguments.of(Integer.MAX_VALUE, 4),
        Arguments.of(0L, 1),
        Arguments.of(-1L, 1),
        Arguments.of(1L << 40, 6),
        Arguments.of(Long.MIN_VALUE, 8),
        Arguments.of(Long.MAX_VALUE, 8),
        Arguments.of(1.5f, 4),
        Arguments.of(Float.intBitsToFloat(0x7fc00001), 4),
        Arguments.of(-0.0f, 4),
        Arguments.of(-0.0, 8),
        Arguments.of(Double.NaN, 8),
        Arguments.of(Double.MIN_VALUE, 8));
  }

  @ParameterizedTest
  @MethodSource("compactValues")
  void encode_takesTwoBytesAndTheContent(Object value, int content) {
    byte[] bytes = codec.encode(value);
    assertThat(bytes).hasSize(2 + content);
    assertThat(bytes[0]).isEqualTo((byte) 'J');
    assertThat(bytes[1] >>> 4).isEqualTo(1);
    Object decoded = codec.decode(bytes);
    assertThat(decoded).isEqualTo(value).hasSameClassAs(value);
  }

  @Test
  void encode_ofFloatingNumbers_keepsEveryBit() {
    float payload = Float.intBitsToFloat(0x7fc00123);
    assertThat(Float.floatToRawIntBits((Float) codec.decode(codec.encode(payload))))
        .isEqualTo(0x7fc00123);
    double quiet = Double.longBitsToDouble(0x7ff8000000000123L);
    assertThat(Double.doubleToRawLongBits((Double) codec.decode(codec.encode(quiet))))
        .isEqualTo(0x7ff8000000000123L);
  }

  @Test
  void encode_ofBytes_isTheBytes() {
    byte[] bytes = {1, 2, -1};
    assertThat((byte[]) codec.decode(codec.encode(bytes))).isEqualTo(bytes);
    assertThat(codec.encode(bytes)).hasSize(5);
  }

  @Test
  void encode_everyCharacterAlone_survives() {
    for (int unit = 0; unit <= 0xffff; unit++) {
      String text = String.valueOf((char) unit);
      if (!text.equals(codec.decode(codec.encode(text)))) {
        throw new AssertionError("lost " + unit);
      }
    }
  }

  @Test
  @DisplayName("F55: a megabyte of text, and of bytes, is within the default limit")
  void encode_ofAMegabyte_works() {
    for (String text :
        new String[] {"a".repeat(1 << 20), "漢".repeat(1 << 20), "aé€".repeat(1 << 19)}) {
      assertThat(codec.decode(codec.encode(text))).isEqualTo(text);
    }
    byte[] bytes = new byte[1 << 20];
    assertThat((byte[]) codec.decode(codec.encode(bytes))).isEqualTo(bytes);
  }

  @Test
  @DisplayName("I12, F61: another codec, version or form is refused")
  void decode_ofForeignBytes_isRefused() {
    assertRefused("0 bytes are too few");
    assertRefused("1 bytes are too few", 'J');
    assertRefused("codec id is 172", 0xac, 0xed, 0, 5);
    assertRefused("another version of JavaSerializationCodec: 0, not 1", 'J', 0x01);
    assertRefused("another version of JavaSerializationCodec: 15, not 1", 'J', 0xf1);
    assertRefused("form 14 is unknown", 'J', 0x1e);
    assertRefused("form 15 is unknown", 'J', 0x1f, 1);
  }

  @Test
  void decode_ofCorruptContent_isRefused() {
    assertRefused("malformed UTF-8", 'J', 0x12, 0xff);
    assertRefused("malformed UTF-16", 'J', 0x13, 0);
    assertRefused("bytes where", 'J', 0x16, 1);
    assertRefused("bytes where", 'J', 0x1a);
    assertRefused("bytes where", 'J', 0x1b, 1, 2, 3, 4, 5, 6, 7, 8, 9);
    assertRefused("out of range", 'J', 0x17, 1, 0);
    assertRefused("out of range", 'J', 0x18, 1, 0, 0);
    assertRefused("out of range", 'J', 0x19, 0xff);
    assertRefused("out of range", 'J', 0x1a, 1, 0, 0, 0, 0);
    assertRefused("bytes where", 'J', 0x1c, 1, 2, 3);
    assertRefused("bytes where", 'J', 0x1d, 1, 2, 3, 4);
  }

  private void assertRefused(String message, int... content) {
    byte[] bytes = new byte[content.length];
    for (int index = 0; index < content.length; index++) {
      bytes[index] = (byte) content[index];
    }
    assertThatExceptionOfType(AttributeCodecException.class)
        .isThrownBy(() -> codec.decode(bytes))
        .withMessageContaining(message);
  }
}
