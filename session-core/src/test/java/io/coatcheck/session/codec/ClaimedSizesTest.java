package io.coatcheck.session.codec;

import static java.io.ObjectStreamConstants.SC_SERIALIZABLE;
import static java.io.ObjectStreamConstants.TC_ARRAY;
import static java.io.ObjectStreamConstants.TC_BLOCKDATA;
import static java.io.ObjectStreamConstants.TC_CLASS;
import static java.io.ObjectStreamConstants.TC_LONGSTRING;
import static java.io.ObjectStreamConstants.TC_REFERENCE;
import static java.io.ObjectStreamConstants.baseWireHandle;

import java.io.ObjectStreamClass;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("I12, I14: no allocation out of proportion to the bytes")
class ClaimedSizesTest {

  private final AttributeCodec codec =
      JavaSerializationCodec.builder().allow("io.coatcheck.session.codec.shop.**").build();

  @Test
  void decode_ofAnArrayThatIsNotThere_isRefused() {
    for (String type : List.of("[I", "[Ljava.lang.Object;", "[[J", "[B")) {
      long id = ObjectStreamClass.lookupAny(classOf(type)).getSerialVersionUID();
      assertRefused(arrayOf(type, id, Integer.MAX_VALUE), "longer than maxArrayLength 4194304");
      assertRefused(arrayOf(type, id, 1_000_000), "claimed by");
      assertRefused(arrayOf(type, id, -1), "");
    }
  }

  @Test
  void decode_ofArraysInsideEachOther_isRefused() {
    long id = ObjectStreamClass.lookupAny(Object[].class).getSerialVersionUID();
    assertRefused(
        Streams.of(
            out -> {
              out.writeByte(TC_ARRAY);
              Streams.describe(out, "[Ljava.lang.Object;", id, SC_SERIALIZABLE);
              out.writeInt(900);
              for (int level = 0; level < 60; level++) {
                out.writeByte(TC_ARRAY);
                out.writeByte(TC_REFERENCE);
                out.writeInt(baseWireHandle);
                out.writeInt(900);
              }
              out.write(new byte[100]);
            }),
        "arrays of 1800 elements claimed by");
  }

  @Test
  void decode_ofCollectionsThatAreNotThere_isRefused() throws Exception {
    assertRefused(withSizeField(new ArrayList<>(List.of(1)), 50_000_000), "maxArrayLength");
    assertRefused(withSizeField(new ArrayList<>(List.of(1)), 4_000_000), "claimed by");
    HashMap<Integer, Integer> map = new HashMap<>(Map.of(77, 77));
    assertRefused(withSize(map, 1_000_000_000), "claimed by");
    HashSet<Integer> set = new HashSet<>(List.of(77));
    set.remove(77);
    byte[] bytes = Streams.ofAnything(set);
    // Capacity, load factor and size stand in the one block of data.
    int block = indexOf(bytes, TC_BLOCKDATA, 12);
    writeInt(bytes, block + 10, 500_000_000);
    assertRefused(bytes, "claimed by");
  }

  @Test
  void decode_ofATextThatIsNotThere_isRefused() {
    assertRefused(
        Streams.of(
            out -> {
              out.writeByte(TC_LONGSTRING);
              out.writeLong(Long.MAX_VALUE);
              out.writeUTF("short");
            }),
        "cannot be decoded");
  }

  @Test
  void decode_ofAClassWithMoreFieldsThanBytes_isRefused() {
    assertRefused(
        Streams.of(
            out -> {
              out.writeByte(TC_CLASS);
              out.writeByte(0x72);
              out.writeUTF("java.util.ArrayList");
              out.writeLong(0);
              out.writeByte(SC_SERIALIZABLE);
              out.writeShort(-1);
            }),
        "cannot be decoded");
  }

  private byte[] arrayOf(String type, long id, int length) {
    return Streams.of(
        out -> {
          out.writeByte(TC_ARRAY);
          Streams.describe(out, type, id, SC_SERIALIZABLE);
          out.writeInt(length);
        });
  }

  private static Class<?> classOf(String name) {
    try {
      return Class.forName(name);
    } catch (ClassNotFoundException impossible) {
      throw new AssertionError(impossible);
    }
  }

  /** Writes another size into the field of a list, before the block with its capacity. */
  private byte[] withSizeField(Object list, int size) {
    byte[] bytes = Streams.ofAnything(list);
    writeInt(bytes, indexOf(bytes, TC_BLOCKDATA, 4) - 4, size);
    return bytes;
  }

  /** Writes another number of entries into the block of a map, after the capacity. */
  private byte[] withSize(Object map, int size) {
    byte[] bytes = Streams.ofAnything(map);
    writeInt(bytes, indexOf(bytes, TC_BLOCKDATA, 8) + 6, size);
    return bytes;
  }

  private void assertRefused(byte[] bytes, String message) {
    Streams.assertRefused(codec, bytes, message);
  }

  private static int indexOf(byte[] bytes, int first, int second) {
    for (int index = 0; index < bytes.length - 1; index++) {
      if (bytes[index] == first && bytes[index + 1] == second) {
        return index;
      }
    }
    throw new AssertionError("not there");
  }

  private static void writeInt(byte[] bytes, int at, int number) {
    ByteBuffer.wrap(bytes).putInt(at, number);
  }
}
