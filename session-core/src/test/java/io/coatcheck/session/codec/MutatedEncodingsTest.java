package io.coatcheck.session.codec;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.codec.hostile.Gadget;
import io.coatcheck.session.codec.shop.Shop;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.time.DayOfWeek;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.Currency;
import java.util.Date;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.GregorianCalendar;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.LinkedList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("I12, F61: any bytes decode to a value or to one kind of exception")
@SuppressWarnings({"JavaUtilDate", "JdkObsolete"})
class MutatedEncodingsTest {

  private static final int ROUNDS = 20_000;

  private final AttributeCodec codec =
      JavaSerializationCodec.builder().allow("io.coatcheck.session.codec.shop.**").build();

  @Test
  void decode_ofMutations_loadsAndRunsNothingThatIsNotAllowed() {
    byte[][] corpus = corpus();
    Gadget.Trace.RAN.clear();
    List<String> asked = new ArrayList<>();
    Random random = new Random(4711);
    int[] outcomes = new int[2];
    HostileBytesTest.withContextLoader(
        new HostileBytesTest.SpyLoader(asked),
        () -> {
          for (int round = 0; round < ROUNDS; round++) {
            byte[] mutated = mutate(corpus, random);
            try {
              Object unused = codec.decode(mutated);
              outcomes[0]++;
            } catch (AttributeCodecException refused) {
              outcomes[1]++;
            }
          }
        });
    assertThat(Gadget.Trace.RAN).isEmpty();
    AllowList allowed =
        new AllowList(List.of(AllowPattern.parse("io.coatcheck.session.codec.shop.**")));
    assertThat(asked).isNotEmpty().allMatch(name -> allowed.allows(name) || isOfTheJdk(name));
    assertThat(outcomes[0]).isGreaterThan(ROUNDS / 100);
    assertThat(outcomes[1]).isGreaterThan(ROUNDS / 10);
  }

  /** Code of allowed classes loads others in its turn, by the loader that it was called with. */
  private static boolean isOfTheJdk(String name) {
    return name.startsWith("sun.util.") || name.startsWith("java.util.");
  }

  private byte[][] corpus() {
    EnumMap<DayOfWeek, Object> enumMap = new EnumMap<>(DayOfWeek.class);
    enumMap.put(DayOfWeek.MONDAY, 1);
    Stream<byte[]> allowed =
        Stream.<Object>of(
                "text",
                "\ud800",
                5,
                7L,
                new byte[] {1, 2},
                new int[] {1, 2, 3},
                new Object[] {1, "a", new String[] {"b"}},
                new ArrayList<>(List.of(1, "a")),
                new LinkedList<>(List.of(1, 2)),
                new ArrayDeque<>(List.of(1, 2)),
                new PriorityQueue<>(List.of(2, 1)),
                new HashMap<>(Map.of("a", 1, "b", List.of())),
                new ConcurrentHashMap<>(Map.of("a", 1)),
                new TreeMap<>(Map.of("a", 1)),
                new TreeSet<>(Set.of(1, 2)),
                new HashSet<>(Set.of("a", "b")),
                new LinkedHashSet<>(Set.of(1)),
                EnumSet.of(DayOfWeek.FRIDAY),
                enumMap,
                List.of(1, 2, 3),
                Map.of(1, 2),
                Set.of(1, 2, 3),
                Collections.unmodifiableMap(new HashMap<>(Map.of("a", "b"))),
                new BigDecimal("12.50"),
                Instant.EPOCH,
                ZonedDateTime.parse("2020-01-02T03:04:05+01:00[Europe/Berlin]"),
                new Date(1),
                new GregorianCalendar(2020, 1, 1),
                BitSet.valueOf(new long[] {5}),
                Locale.GERMANY,
                Currency.getInstance("EUR"),
                UUID.fromString("00000000-0000-0000-0000-000000000001"),
                new Shop.Money("EUR", 5),
                Shop.Colour.GREEN,
                new Shop.Box(new Shop.LargeBox(List.of(new Shop.Money("EUR", 1)))),
                new Shop.OwnFormat(1, "a"),
                new Shop.External(2),
                new RuntimeException("a"))
            .map(codec::encode);
    Stream<byte[]> refused =
        Stream.of(new Gadget.Reading(), new Gadget.Resolving(), new Gadget.External())
            .map(Streams::ofAnything);
    return Stream.concat(allowed, refused).toArray(byte[][]::new);
  }

  private static byte[] mutate(byte[][] corpus, Random random) {
    byte[] bytes = corpus[random.nextInt(corpus.length)].clone();
    int changes = 1 + random.nextInt(3);
    for (int change = 0; change < changes; change++) {
      int at = random.nextInt(bytes.length);
      switch (random.nextInt(8)) {
        case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
        case 1 -> bytes[at] = (byte) random.nextInt(256);
        case 2 -> bytes[at] = (byte) (0x70 + random.nextInt(16));
        case 3 -> bytes = Arrays.copyOf(bytes, Math.max(2, at));
        case 4 -> {
          if (at + Integer.BYTES <= bytes.length) {
            int[] numbers = {Integer.MAX_VALUE, -1, 0, 1 << 20, 0x7e0000 + random.nextInt(20)};
            ByteBuffer.wrap(bytes).putInt(at, numbers[random.nextInt(numbers.length)]);
          }
        }
        case 5 -> bytes[1] = (byte) (0x10 | random.nextInt(16));
        case 6 -> bytes = splice(bytes, at, corpus[random.nextInt(corpus.length)], random);
        default -> bytes = splice(bytes, at, bytes, random);
      }
    }
    return bytes;
  }

  /** Puts a piece of one encoding into another. */
  private static byte[] splice(byte[] into, int at, byte[] from, Random random) {
    int start = random.nextInt(from.length);
    int length = random.nextInt(from.length - start + 1);
    byte[] joined = Arrays.copyOf(into, into.length + length);
    System.arraycopy(into, at, joined, at + length, into.length - at);
    System.arraycopy(from, start, joined, at, length);
    return joined;
  }
}
