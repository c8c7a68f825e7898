package io.coatcheck.session.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.coatcheck.session.codec.shop.Shop;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("I12, F55: past a limit, decode and encode both refuse")
class CodecLimitsTest {

  private static final String SHOP = "io.coatcheck.session.codec.shop.**";
  private final AttributeCodec codec = JavaSerializationCodec.builder().allow(SHOP).build();
  private final AttributeCodec generous =
      JavaSerializationCodec.builder()
          .allow(SHOP)
          .maxDepth(1_000)
          .maxReferences(1_000_000_000)
          .maxArrayLength(1_000_000_000)
          .maxBytes(AttributeFrames.MAX_BYTES)
          .build();

  @Test
  void maxDepth_isTheLastLevelThatWorks() {
    assertThat(codec.decode(codec.encode(nested(63)))).isEqualTo(nested(63));
    assertRefusedBothWays(codec, nested(64), "nested deeper than maxDepth 64");
    assertRefusedBothWays(
        codec, new Shop.OwnFormat(1, nested(63)), "nested deeper than maxDepth 64");
    AttributeCodec flat = JavaSerializationCodec.builder().allow(SHOP).maxDepth(2).build();
    assertThat(flat.decode(flat.encode(nested(1)))).isEqualTo(nested(1));
    assertRefusedBothWays(flat, nested(2), "nested deeper than maxDepth 2");
  }

  @Test
  void encode_ofAGraphDeeperThanTheStack_isRefused() {
    Object[] chain = new Object[1];
    for (int level = 0; level < 200_000; level++) {
      chain = new Object[] {chain};
    }
    Object[] deep = chain;
    assertThatExceptionOfType(AttributeCodecException.class)
        .isThrownBy(() -> codec.encode(deep))
        .withMessageContaining("nested deeper than maxDepth 64");
  }

  @Test
  void maxReferences_boundsObjectsAndMentionsOfThem() {
    AttributeCodec few = JavaSerializationCodec.builder().allow(SHOP).maxReferences(20).build();
    Shop.Box box = new Shop.Box(null);
    assertThat(few.decode(few.encode(Collections.nCopies(10, box).toArray()))).isNotNull();
    assertRefusedBothWays(
        few, Collections.nCopies(20, box).toArray(), "more references than maxReferences 20");
    Object[] many = IntStream.range(0, 100_000).mapToObj(i -> box).toArray();
    assertRefusedBothWays(codec, many, "more references than maxReferences 100000");
  }

  @Test
  void maxArrayLength_boundsArraysAndCollections() {
    AttributeCodec few = JavaSerializationCodec.builder().maxArrayLength(100).build();
    List<Integer> hundred = IntStream.range(0, 100).boxed().toList();
    List<Integer> more = IntStream.range(0, 101).boxed().toList();
    assertThat(few.decode(few.encode(hundred))).isEqualTo(hundred);
    assertThat(few.decode(few.encode(new int[100]))).isNotNull();
    String message = "an array of 101, longer than maxArrayLength 100";
    assertRefusedBothWays(few, new int[101], message);
    assertRefusedBothWays(few, new Object[101], message);
    assertRefusedBothWays(few, more, message);
    assertRefusedBothWays(few, new ArrayList<>(more), message);
    assertRefusedBothWays(few, new ArrayDeque<>(hundred), message);
  }

  @Test
  void maxBytes_isTheLastSizeThatWorks() {
    AttributeCodec small = JavaSerializationCodec.builder().allow(SHOP).maxBytes(1_000).build();
    assertThat(small.encode(new byte[998])).hasSize(1_000);
    assertThat(small.encode("a".repeat(998))).hasSize(1_000);
    for (Object value :
        new Object[] {
          new byte[999],
          "a".repeat(999),
          "é€".repeat(300),
          new int[1_000],
          new Shop.Box("a".repeat(999))
        }) {
      assertThatExceptionOfType(AttributeCodecException.class)
          .isThrownBy(() -> small.encode(value))
          .withMessage(
              "cannot store a "
                  + value.getClass().getTypeName()
                  + ": it takes more than maxBytes 1000: raise that with"
                  + " JavaSerializationCodec.builder().maxBytes(...), to 7340032 at most");
      assertThatExceptionOfType(AttributeCodecException.class)
          .isThrownBy(() -> small.decode(generous.encode(value)))
          .withMessageContaining("larger than maxBytes 1000");
    }
    int[] fits = new int[200];
    int overhead = small.encode(fits).length - 800;
    int[] full = new int[(1_000 - overhead) / 4];
    assertThat(small.decode(small.encode(full))).isEqualTo(full);
  }

  @Test
  void encode_looksAtDepthWithoutMakingObjects() {
    Shop.Failing.failWith(() -> new IllegalStateException("read while writing"));
    Object[] value = {new Shop.Failing(), new int[9], "long enough to be looked at".repeat(100)};
    assertThat(codec.encode(value)).hasSizeGreaterThan(2_000);
    Shop.Failing.failWith(() -> null);
  }

  @Test
  void encode_ofAValueWithoutEnd_stopsAtTheLimit() {
    byte[] block = new byte[100_000];
    List<Object> blocks = new ArrayList<>();
    for (int index = 0; index < 100; index++) {
      blocks.add(block.clone());
    }
    assertThatExceptionOfType(AttributeCodecException.class)
        .isThrownBy(() -> codec.encode(blocks))
        .withMessageContaining("more than maxBytes 4194304");
  }

  @Test
  @DisplayName("F55: a megabyte of objects is within the default limits")
  void encode_ofAMegabyteOfObjects_works() {
    List<Object> items = new ArrayList<>();
    Map<String, Object> index = new HashMap<>();
    for (int number = 0; number < 20_000; number++) {
      Shop.Money money = new Shop.Money("currency-of-some-length-" + number, number);
      items.add(money);
      index.put("key" + number, money);
    }
    byte[] bytes = codec.encode(new Shop.Box(items));
    assertThat(bytes).hasSizeGreaterThan(700_000);
    assertThat(codec.decode(bytes)).isEqualTo(new Shop.Box(items));
    assertThat(codec.decode(codec.encode(index))).isEqualTo(index);
    assertThat(codec.decode(codec.encode(new Shop.Box(new byte[1 << 20])))).isNotNull();
  }

  @Test
  @SuppressWarnings("JdkObsolete")
  void hashTables_ofEverySizeAndLoadFactor_areWithinTheirBytes() {
    for (int size = 0; size < 70; size++) {
      Map<Object, Object> map = new HashMap<>(1, 0.1f);
      HashSet<Object> set = new HashSet<>(1 << 12, 0.01f);
      Hashtable<Object, Object> table = new Hashtable<>(1 << 12, 0.01f);
      for (int key = 0; key < size; key++) {
        String shortest = String.valueOf((char) ('0' + key));
        map.put(shortest, null);
        set.add(shortest);
        table.put(shortest, "");
      }
      for (Object value : List.of(map, set, table, new ArrayList<>(set))) {
        assertThat(codec.decode(codec.encode(value))).isEqualTo(value);
      }
      ArrayDeque<Object> queue = new ArrayDeque<>(set);
      assertThat(codec.decode(codec.encode(queue))).hasToString(queue.toString());
    }
    List<Map<String, String>> empty = new ArrayList<>();
    for (int number = 0; number < 5_000; number++) {
      empty.add(new HashMap<>());
    }
    assertThat(codec.decode(codec.encode(empty))).isEqualTo(empty);
  }

  @Test
  void builder_outOfRange_namesSettingRuleAndValue() {
    JavaSerializationCodec.Builder builder = JavaSerializationCodec.builder();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.maxDepth(0))
        .withMessage("maxDepth must be 1 to 1000: 0");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.maxReferences(-1))
        .withMessage("maxReferences must be 1 to 1000000000: -1");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.maxArrayLength(0))
        .withMessage("maxArrayLength must be 1 to 1000000000: 0");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.maxBytes(AttributeFrames.MAX_BYTES + 1))
        .withMessage("maxBytes must be 1 to 7340032: 7340033");
  }

  @Test
  void builder_changedAfterBuild_changesNothing() {
    JavaSerializationCodec.Builder builder = JavaSerializationCodec.builder();
    AttributeCodec before = builder.build();
    builder.allow(SHOP).maxBytes(1);
    assertThat(before.decode(before.encode("long enough"))).isEqualTo("long enough");
    assertThatExceptionOfType(AttributeCodecException.class)
        .isThrownBy(() -> before.encode(new Shop.Box(1)));
  }

  private void assertRefusedBothWays(AttributeCodec limited, Object value, String message) {
    assertThatExceptionOfType(AttributeCodecException.class)
        .isThrownBy(() -> limited.decode(generous.encode(value)))
        .withMessageContaining(message);
    assertThatExceptionOfType(AttributeCodecException.class)
        .isThrownBy(() -> limited.encode(value))
        .withMessageContaining(message);
  }

  private static Object nested(int levels) {
    Object value = new Shop.Box(null);
    for (int level = 0; level < levels; level++) {
      value = new Shop.Box(value);
    }
    return value;
  }
}
