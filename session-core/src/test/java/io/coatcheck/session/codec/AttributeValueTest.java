package io.coatcheck.session.codec;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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

  @Test
  void bytesIfChanged_asDecoded_isNull_andChangedIsTheNewEncoding() {
    AttributeValue value = AttributeValue.encoded(CODEC.encode(new ArrayList<>(List.of("a"))));
    Object object = value.object(CODEC);
    assertThat(value.bytesIfChanged(object, CODEC)).isNull();

    List<String> changed = new ArrayList<>(List.of("a", "b"));
    assertThat(value.bytesIfChanged(changed, CODEC)).isEqualTo(CODEC.encode(changed));
  }

  @Test
  void bytesIfChanged_otherBytesOfTheSameContent_isNull_andIsFoundOutOnce() {
    AttributeValue value = AttributeValue.encoded(CODEC.encode(roomy("a")));
    DecodingOnce once = new DecodingOnce();
    Object object = CODEC.decode(value.bytes());

    assertThat(value.bytesIfChanged(object, once)).isNull();
    assertThat(value.bytesIfChanged(object, once)).isNull();
    assertThat(value.bytesIfChanged(CODEC.decode(value.bytes()), once)).isNull();
    assertThat(once.decoded).isEqualTo(1);
    assertThat(value.sharedObject()).isNull();
    assertThat(value.object(CODEC)).isEqualTo(object).isNotSameAs(object);
  }

  @Test
  void bytesIfChanged_changedAfterItWasFoundOut_isTheNewEncoding() {
    AttributeValue value = AttributeValue.encoded(CODEC.encode(roomy("a")));
    assertThat(value.bytesIfChanged(CODEC.decode(value.bytes()), CODEC)).isNull();

    assertThat(value.bytesIfChanged(roomy("a"), CODEC)).as("as it is stored").isNull();
    Map<String, String> changed = Map.of("a", "b");
    assertThat(value.bytesIfChanged(changed, CODEC)).isEqualTo(CODEC.encode(changed));
    assertThat(value.bytesIfChanged(roomy("b"), CODEC)).isEqualTo(CODEC.encode(roomy("b")));
  }

  /** A stream contains the capacity of a hash map, which decoding sets anew. */
  private static Map<String, String> roomy(String key) {
    Map<String, String> map = new HashMap<>(4096);
    map.put(key, key);
    return map;
  }

  private static final class DecodingOnce implements AttributeCodec {

    private int decoded;

    @Override
    public byte[] encode(Object value) {
      return CODEC.encode(value);
    }

    @Override
    public byte[] encodeAgain(Object value, byte[] before) {
      return CODEC.encodeAgain(value, before);
    }

    @Override
    public Object decode(byte[] bytes) {
      decoded++;
      return CODEC.decode(bytes);
    }
  }
}
