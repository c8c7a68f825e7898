package io.coatcheck.session.codec;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class AttributeValueTest {

  private static final AttributeCodec CODEC = JavaSerializationCodec.builder().build();
  private static final AttributeCodec OTHER_CODEC = JavaSerializationCodec.builder().build();

  @Test
  void isSameAs_sameObjectAndCodec_isTrue() {
    List<String> value = new ArrayList<>(List.of("a"));
    AttributeValue one = AttributeValue.live(value, CODEC);
    assertThat(one.isSameAs(AttributeValue.live(value, CODEC))).isTrue();
    assertThat(one.isSameAs(AttributeValue.live(value, OTHER_CODEC))).isFalse();
    assertThat(one.isSameAs(AttributeValue.live(new ArrayList<>(List.of("a")), CODEC))).isFalse();
    assertThat(one.isSameAs(null)).isFalse();
  }

  @Test
  void isSameAs_equalObject_isFalse() {
    AttributeValue one = AttributeValue.live("a", CODEC);
    AttributeValue equal = AttributeValue.live(String.valueOf(new char[] {'a'}), CODEC);
    assertThat(one).isEqualTo(equal);
    assertThat(one.isSameAs(equal)).isFalse();
  }

  @Test
  void isSameAs_sameBytes_isTrue_andEqualBytesFalse() {
    byte[] bytes = {1};
    AttributeValue one = AttributeValue.encoded(bytes);
    assertThat(one.isSameAs(AttributeValue.encoded(bytes))).isTrue();
    assertThat(one.isSameAs(AttributeValue.encoded(bytes.clone()))).isFalse();
    assertThat(one.isSameAs(AttributeValue.live(bytes, CODEC))).isFalse();
  }

  @Test
  void liveCodec_isThatOfALiveValue() {
    assertThat(AttributeValue.live("a", CODEC).liveCodec()).isSameAs(CODEC);
    assertThat(AttributeValue.encoded(new byte[0]).liveCodec()).isNull();
  }
}
