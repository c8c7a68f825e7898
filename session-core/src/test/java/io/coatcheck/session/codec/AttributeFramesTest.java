package io.coatcheck.session.codec;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AttributeFramesTest {

  private static final byte[] SMALL =
      AttributeFrames.write(Map.of("user", value(7), "cart", value(1, 2), "n", value()));

  @Test
  void read_namesOfTwoSessions_areTheSameTexts() {
    Map<String, AttributeValue> first = AttributeFrames.read(SMALL);
    Map<String, AttributeValue> second = AttributeFrames.read(SMALL.clone());
    assertThat(second.keySet()).isEqualTo(first.keySet());
    for (String name : first.keySet()) {
      assertThat(second.keySet().stream().filter(name::equals).findFirst().orElseThrow())
          .isSameAs(name);
    }
  }

  @Test
  void read_namesThatPushEachOtherOut_areStillTheirOwn() {
    String[] names = {
      "caf\u00e9", "cafe", "cafe\u0301", "\u0000", "", "n".repeat(64), "n".repeat(65), "\ud800"
    };
    for (int round = 0; round < 3; round++) {
      for (String name : names) {
        assertThat(AttributeFrames.read(AttributeFrames.write(Map.of(name, value(1)))))
            .containsOnlyKeys(name);
      }
      for (int number = 0; number < 2_000; number++) {
        String name = "name-" + number;
        assertThat(AttributeFrames.read(AttributeFrames.write(Map.of(name, value(1)))))
            .containsOnlyKeys(name);
      }
    }
  }

  @Nested
  class Writing {

    @Test
    void write_threeSmallAttributes_costTwoBytesEachAndTwoForAll() {
      assertThat(SMALL)
          .isEqualTo(
              bytes(
                  1, 3, 8, "cart", 2, new byte[] {1, 2}, 2, "n", 0, 8, "user", 1, new byte[] {7}));
    }

    @Test
    void write_ofNone_isTwoBytes() {
      assertThat(AttributeFrames.write(Map.of())).containsExactly(1, 0);
      assertThat(AttributeFrames.read(new byte[] {1, 0})).isEmpty();
    }

    @Test
    void write_isTheSame_inWhateverOrderTheMapIs() {
      Map<String, AttributeValue> oneWay = new LinkedHashMap<>();
      Map<String, AttributeValue> otherWay = new LinkedHashMap<>();
      for (int index = 0; index < 50; index++) {
        oneWay.put("name" + index, value(index));
        otherWay.put("name" + (49 - index), value(49 - index));
      }
      assertThat(AttributeFrames.write(oneWay)).isEqualTo(AttributeFrames.write(otherWay));
    }

    @Test
    void write_asksEachLiveValueForItsBytesOnce() {
      int[] asked = new int[1];
      AttributeCodec counting =
          new AttributeCodec() {
            @Override
            public byte[] encode(Object value) {
              asked[0]++;
              return new byte[] {42};
            }

            @Override
            public Object decode(byte[] bytes) {
              throw new AssertionError("frames decode nothing");
            }
          };
      byte[] frames = AttributeFrames.write(Map.of("a", AttributeValue.live("any", counting)));
      assertThat(asked[0]).isEqualTo(1);
      assertThat(AttributeFrames.read(frames)).containsExactly(Map.entry("a", value(42)));
    }

    @Test
    @DisplayName("F55: past a limit, writing fails and names the limit")
    void write_pastACap_isRefused() {
      AttributeValue large = AttributeValue.encoded(new byte[AttributeFrames.MAX_BYTES / 2]);
      assertThatExceptionOfType(AttributeCodecException.class)
          .isThrownBy(() -> AttributeFrames.write(Map.of("a", large, "b", large)))
          .withMessageContaining("at most " + AttributeFrames.MAX_BYTES + " bytes");

      Map<String, AttributeValue> many = new HashMap<>();
      for (int index = 0; index <= AttributeFrames.MAX_ATTRIBUTES; index++) {
        many.put("a" + index, value());
      }
      assertThatExceptionOfType(AttributeCodecException.class)
          .isThrownBy(() -> AttributeFrames.write(many))
          .withMessageContaining("at most 10000 attributes: 10001");
      many.remove("a0");
      assertThat(AttributeFrames.read(AttributeFrames.write(many))).isEqualTo(many);
    }

    @Test
    void write_ofExactlyTheCap_isRead() {
      AttributeValue whole = AttributeValue.encoded(new byte[AttributeFrames.MAX_BYTES - 8]);
      byte[] frames = AttributeFrames.write(Map.of("a", whole));
      assertThat(frames).hasSize(AttributeFrames.MAX_BYTES);
      assertThat(AttributeFrames.read(frames)).containsEntry("a", whole);
    }
  }

  @Nested
  class RoundTrip {

    @ParameterizedTest
    @ValueSource(
        strings = {"", "a", "ä", "名前", "😀", "\ud800", "a\udc00b", "\udc00\ud800", "nul\0", "é"})
    void read_givesBackEveryName(String name) {
      Map<String, AttributeValue> attributes = Map.of(name, value(1), "other", value(2));
      assertThat(AttributeFrames.read(AttributeFrames.write(attributes))).isEqualTo(attributes);
    }

    @Test
    void read_givesBackLongNamesAndValues() {
      for (int size : new int[] {63, 64, 127, 128, 16_383, 16_384, 2_097_152}) {
        Map<String, AttributeValue> attributes =
            Map.of("n".repeat(size), AttributeValue.encoded(new byte[size]));
        assertThat(AttributeFrames.read(AttributeFrames.write(attributes))).isEqualTo(attributes);
      }
    }

    @Test
    void read_retainsNothingOfItsArgument() {
      byte[] frames = SMALL.clone();
      Map<String, AttributeValue> attributes = AttributeFrames.read(frames);
      Arrays.fill(frames, (byte) 0);
      assertThat(attributes).containsEntry("cart", value(1, 2));
    }

    @Test
    @DisplayName("I12: a value that does not decode loses only itself")
    void read_doesNotDecode() {
      Map<String, AttributeValue> attributes =
          AttributeFrames.read(AttributeFrames.write(Map.of("bad", value(255), "good", value(1))));
      assertThat(attributes.get("bad").bytes()).containsExactly(255);
      assertThat(attributes.get("good").bytes()).containsExactly(1);
    }
  }

  @Nested
  @DisplayName("I12: bytes that write never produces")
  class Corrupt {

    @Test
    void read_ofEachTruncation_isRefused() {
      for (int length = 0; length < SMALL.length; length++) {
        assertCorrupt(Arrays.copyOf(SMALL, length), "");
      }
      assertCorrupt(new byte[0], "no version byte");
      assertCorrupt(Arrays.copyOf(SMALL, SMALL.length - 1), "a value of 1 bytes is cut off");
    }

    @Test
    void read_namesWhatIsWrong() {
      assertCorrupt(bytes(2, 0), "version 2, known is 1");
      assertCorrupt(bytes(0xac, 0xed), "version 172");
      assertCorrupt(bytes(1, 0, 0), "1 bytes follow the last attribute");
      assertCorrupt(bytes(1, 2, 2, "a", 0, 2, "a", 0), "occurs twice");
      assertCorrupt(bytes(1, 2, 2, "b", 0, 2, "a", 0), "unsorted");
      assertCorrupt(bytes(1, 1, 2, 0xff, 0), "not what its header says");
      assertCorrupt(bytes(1, 1, 3, "a", 0), "not what its header says");
      assertCorrupt(bytes(1, 1, 5, 0, "a", 0), "not what its header says");
      assertCorrupt(bytes(1, 0x80, 0), "shortest form");
      assertCorrupt(bytes(1, 0xff, 0xff, 0xff, 0xff, 0xff), "shortest form");
    }

    @Test
    @DisplayName("I14: a claim of gigabytes allocates nothing")
    void read_ofALargeClaim_isRefused() {
      assertCorrupt(bytes(1, 0xff, 0xff, 0xff, 0xff, 7), "claim 2147483647");
      assertCorrupt(
          bytes(1, 1, 0xff, 0xff, 0xff, 0xff, 7), "a name of 1073741823 bytes is cut off");
      assertCorrupt(bytes(1, 1, 2, "a", 0xff, 0xff, 0xff, 0xff, 7), "a value of 2147483647 bytes");
      assertCorrupt(new byte[AttributeFrames.MAX_BYTES + 1], "at most");
    }

    @Test
    @DisplayName("any mutation is refused, or reads as attributes that write to the same bytes")
    void read_ofMutations_isRefusedOrCanonical() {
      Random random = new Random(20240607);
      int accepted = 0;
      int refusals = 0;
      for (int round = 0; round < 20_000; round++) {
        byte[] mutated = Arrays.copyOf(SMALL, SMALL.length + random.nextInt(3) - 1);
        for (int flips = random.nextInt(3); flips >= 0; flips--) {
          mutated[random.nextInt(mutated.length)] = (byte) random.nextInt(256);
        }
        try {
          Map<String, AttributeValue> attributes = AttributeFrames.read(mutated);
          if (!Arrays.equals(AttributeFrames.write(attributes), mutated)) {
            throw new AssertionError("read " + attributes + " from " + Arrays.toString(mutated));
          }
          accepted++;
        } catch (AttributeCodecException refused) {
          refusals++;
        }
      }
      assertThat(accepted).isPositive();
      assertThat(refusals).isPositive();
    }

    private static void assertCorrupt(byte[] frames, String message) {
      assertThatExceptionOfType(AttributeCodecException.class)
          .isThrownBy(() -> AttributeFrames.read(frames))
          .withMessageContaining(message);
    }
  }

  private static AttributeValue value(int... bytes) {
    byte[] content = new byte[bytes.length];
    for (int index = 0; index < bytes.length; index++) {
      content[index] = (byte) bytes[index];
    }
    return AttributeValue.encoded(content);
  }

  private static byte[] bytes(Object... parts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (Object part : parts) {
      if (part instanceof Integer number) {
        out.write(number);
      } else {
        out.writeBytes(part instanceof String text ? text.getBytes(UTF_8) : (byte[]) part);
      }
    }
    return out.toByteArray();
  }
}
