package io.coatcheck.session.codec;

import static java.io.ObjectStreamConstants.SC_SERIALIZABLE;
import static java.io.ObjectStreamConstants.SC_WRITE_METHOD;
import static java.io.ObjectStreamConstants.TC_BLOCKDATA;
import static java.io.ObjectStreamConstants.TC_NULL;
import static java.io.ObjectStreamConstants.TC_OBJECT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.codec.shop.Shop;
import java.io.ObjectStreamClass;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("I12: bytes that fail while they are decoded")
class FailingDecodeTest {

  private final AttributeCodec codec =
      JavaSerializationCodec.builder().allow("io.coatcheck.session.codec.shop.**").build();

  @AfterEach
  void forget() {
    Shop.Failing.failWith(() -> null);
  }

  @Test
  @DisplayName(
      "I12, F62: a class that is gone or has changed loses only its attribute, with a message")
  void decode_ofAnAllowedClassThatIsGone_namesIt() {
    assertRefused(
        Streams.of(
            out -> {
              out.writeByte(TC_OBJECT);
              Streams.describe(out, "io.coatcheck.session.codec.shop.Gone", 1, SC_SERIALIZABLE);
            }),
        "class io.coatcheck.session.codec.shop.Gone does not exist");
    assertRefused(
        Streams.of(
            out -> {
              out.writeByte(TC_OBJECT);
              Streams.describe(
                  out, "io.coatcheck.session.codec.shop.Shop$Box", 99, SC_SERIALIZABLE);
            }),
        "class io.coatcheck.session.codec.shop.Shop$Box has changed");
  }

  @Test
  void decode_ofAFieldThatWasRemovedWithItsClass_stillWorks() {
    byte[] bytes =
        Streams.of(
            out -> {
              out.writeByte(TC_OBJECT);
              out.writeByte(0x72);
              out.writeUTF("io.coatcheck.session.codec.shop.Shop$Box");
              out.writeLong(1);
              out.writeByte(SC_SERIALIZABLE);
              out.writeShort(1);
              out.writeByte('L');
              out.writeUTF("coupon");
              out.writeByte(0x74);
              out.writeUTF("Lio/coatcheck/session/codec/shop/Gone;");
              out.writeByte(0x78);
              out.writeByte(TC_NULL);
              out.writeByte(TC_OBJECT);
              Streams.describe(out, "io.coatcheck.session.codec.shop.Gone", 1, SC_SERIALIZABLE);
            });
    assertThat(codec.decode(bytes)).isEqualTo(new Shop.Box(null));
  }

  @Test
  void decode_whenAnAllowedClassThrows_isRefused() {
    byte[] bytes = Streams.ofAnything(new Shop.Failing());
    for (Throwable thrown :
        List.of(
            new IllegalStateException("a"),
            new NegativeArraySizeException(),
            new StackOverflowError(),
            new ExceptionInInitializerError(),
            new NoClassDefFoundError("a"),
            new AssertionError())) {
      Shop.Failing.failWith(() -> thrown);
      assertThatExceptionOfType(AttributeCodecException.class)
          .isThrownBy(() -> codec.decode(bytes))
          .withMessageContaining(thrown.getClass().getName())
          .withCause(thrown);
    }
    Shop.Failing.failWith(() -> null);
    assertRefused(bytes, "InvalidObjectException");
  }

  @Test
  void decode_whenTheJvmIsInTrouble_saysSo() {
    byte[] bytes = Streams.ofAnything(new Shop.Failing());
    OutOfMemoryError trouble = new OutOfMemoryError("real");
    Shop.Failing.failWith(() -> trouble);
    assertThatThrownBy(() -> codec.decode(bytes)).isSameAs(trouble);
  }

  @Test
  void decode_ofAGraphWithoutEnd_isRefused() {
    Object[] chain = new Object[1];
    Object[] last = chain;
    for (int level = 0; level < 500; level++) {
      Object[] next = new Object[1];
      last[0] = next;
      last = next;
    }
    assertRefused(Streams.ofAnything(chain), "nested deeper than maxDepth 64");
  }

  @Test
  void decode_ofASelfContainingList_isRefusedOnlyWhereItOverflows() {
    List<Object> list = new ArrayList<>();
    list.add(list);
    assertThat(codec.decode(Streams.ofAnything(list))).isInstanceOf(ArrayList.class);
    // Hashed while it was empty; hashing it again does not end.
    List<Object> key = new ArrayList<>();
    Set<Object> set = new HashSet<>();
    set.add(key);
    key.add(key);
    assertRefused(Streams.ofAnything(set), "StackOverflowError");
  }

  @Test
  void decode_ofNull_isRefused() {
    assertRefused(Streams.of(out -> out.writeByte(TC_NULL)), "holds no value");
  }

  @Test
  void decode_withBytesAfterTheValue_isRefused() {
    for (Object value : List.of(List.of(1), new Shop.Box(1), Shop.Colour.RED, new int[1])) {
      byte[] bytes = codec.encode(value);
      for (int more : new int[] {0, TC_NULL, TC_BLOCKDATA, 0x78, 0xff}) {
        byte[] longer = Arrays.copyOf(bytes, bytes.length + 1);
        longer[bytes.length] = (byte) more;
        assertRefused(longer, "1 bytes follow the value");
      }
    }
  }

  @Test
  void decode_ofEachTruncation_isRefused() {
    byte[] bytes = codec.encode(new Shop.Box(new ArrayList<>(List.of(1, "a", Map.of(1, 2)))));
    for (int length = 0; length < bytes.length; length++) {
      assertRefused(Arrays.copyOf(bytes, length), "");
    }
  }

  @Test
  void decode_ofDataWithoutItsFields_isRefused() {
    assertRefused(
        Streams.of(
            out -> {
              out.writeByte(TC_OBJECT);
              Streams.describe(
                  out,
                  "java.util.EnumMap",
                  ObjectStreamClass.lookup(java.util.EnumMap.class).getSerialVersionUID(),
                  SC_SERIALIZABLE | SC_WRITE_METHOD);
              out.writeByte(TC_BLOCKDATA);
              out.writeByte(4);
              out.writeInt(5);
            }),
        "cannot be decoded");
  }

  private void assertRefused(byte[] bytes, String message) {
    Streams.assertRefused(codec, bytes, message);
  }
}
