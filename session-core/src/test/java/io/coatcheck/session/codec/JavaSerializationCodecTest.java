package io.coatcheck.session.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.codec.shop.Shop;
import io.coatcheck.session.codec.shop.Shop.Box;
import io.coatcheck.session.codec.shop.Shop.Colour;
import io.coatcheck.session.codec.shop.Shop.Money;
import java.io.File;
import java.io.IOException;
import java.io.ObjectStreamClass;
import java.io.Serializable;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.net.URI;
import java.sql.Timestamp;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.MonthDay;
import java.time.OffsetDateTime;
import java.time.OffsetTime;
import java.time.Period;
import java.time.Year;
import java.time.YearMonth;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.temporal.ChronoUnit;
import java.util.AbstractMap.SimpleEntry;
import java.util.AbstractMap.SimpleImmutableEntry;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.Comparator;
import java.util.Currency;
import java.util.Date;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.GregorianCalendar;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Hashtable;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.LinkedList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Properties;
import java.util.Set;
import java.util.SimpleTimeZone;
import java.util.TimeZone;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.Vector;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@SuppressWarnings({"JavaUtilDate", "JdkObsolete"})
class JavaSerializationCodecTest {

  private final AttributeCodec plain = JavaSerializationCodec.builder().build();
  private final AttributeCodec codec =
      JavaSerializationCodec.builder().allow("io.coatcheck.session.codec.shop.**").build();

  static Stream<Object> jdkValues() {
    EnumMap<DayOfWeek, String> enumMap = new EnumMap<>(DayOfWeek.class);
    enumMap.put(DayOfWeek.MONDAY, "a");
    BitSet bits = new BitSet();
    bits.set(70);
    Properties properties = new Properties();
    properties.setProperty("a", "b");
    Map<String, Integer> map = new HashMap<>(Map.of("a", 1, "b", 2));
    return Stream.of(
        new BigDecimal("12.50"),
        new BigInteger("123456789012345678901234567890"),
        MathContext.DECIMAL128,
        RoundingMode.UP,
        URI.create("https://example.com/a?b"),
        new Timestamp(5),
        new Date(5),
        UUID.fromString("00000000-0000-0000-0000-000000000001"),
        Locale.GERMANY,
        Currency.getInstance("EUR"),
        bits,
        new GregorianCalendar(TimeZone.getTimeZone("Europe/Berlin")),
        new SimpleTimeZone(3600, "x"),
        TimeUnit.DAYS,
        DayOfWeek.MONDAY,
        Duration.ofSeconds(1, 2),
        Instant.ofEpochSecond(1, 2),
        LocalDate.EPOCH,
        LocalTime.NOON,
        LocalDateTime.of(2020, 1, 2, 3, 4),
        MonthDay.of(2, 29),
        OffsetTime.MAX,
        OffsetDateTime.MAX,
        Period.ofDays(3),
        Year.of(2020),
        YearMonth.of(2020, 2),
        ZoneOffset.UTC,
        ZoneId.of("Europe/Berlin"),
        ZonedDateTime.of(LocalDateTime.of(2020, 1, 2, 3, 4), ZoneId.of("Europe/Berlin")),
        ChronoUnit.DAYS,
        new ArrayList<>(List.of(1, "a", 2.0)),
        new LinkedList<>(List.of(1)),
        map,
        new LinkedHashMap<>(map),
        new TreeMap<>(map),
        new Hashtable<>(map),
        properties,
        new ConcurrentHashMap<>(map),
        new HashSet<>(List.of(1, 2)),
        new LinkedHashSet<>(List.of(1, 2)),
        new TreeSet<>(List.of(1, 2)),
        new Vector<>(List.of(1)),
        new CopyOnWriteArrayList<>(List.of(1)),
        EnumSet.of(DayOfWeek.FRIDAY),
        EnumSet.noneOf(RoundingMode.class),
        enumMap,
        Arrays.asList("a", null),
        new SimpleEntry<>("a", 1),
        new SimpleImmutableEntry<>("a", 1),
        List.of(),
        List.of(1),
        List.of(1, 2, 3),
        Stream.of(1, 2).toList(),
        Set.of(),
        Set.of(1),
        Set.of(1, 2, 3),
        Map.of(),
        Map.of("a", 1),
        Map.of("a", 1, "b", 2),
        Collections.emptyList(),
        Collections.emptyMap(),
        Collections.emptySet(),
        Collections.emptySortedMap(),
        Collections.emptySortedSet(),
        Collections.singleton(1),
        Collections.singletonList(1),
        Collections.singletonMap("a", 1),
        Collections.unmodifiableList(new ArrayList<>(List.of(1))),
        Collections.unmodifiableList(new LinkedList<>(List.of(1))),
        Collections.unmodifiableSet(new HashSet<>(List.of(1))),
        Collections.unmodifiableSortedSet(new TreeSet<>(List.of(1))),
        Collections.unmodifiableNavigableSet(new TreeSet<>(List.of(1))),
        Collections.unmodifiableMap(map),
        Collections.unmodifiableSortedMap(new TreeMap<>(map)),
        Collections.unmodifiableNavigableMap(new TreeMap<>(map)),
        Collections.synchronizedList(new ArrayList<>(List.of(1))),
        Collections.synchronizedSet(new HashSet<>(List.of(1))),
        Collections.synchronizedMap(map),
        setFromMap(),
        keySet());
  }

  private static Set<String> setFromMap() {
    Set<String> set = Collections.newSetFromMap(new HashMap<>());
    set.add("a");
    return set;
  }

  private static Set<String> keySet() {
    Set<String> set = ConcurrentHashMap.newKeySet();
    set.add("a");
    return set;
  }

  @ParameterizedTest
  @MethodSource("jdkValues")
  @DisplayName("I12: the value and collection types of the JDK round-trip, with no line to add")
  void decode_ofJdkValue_isEqual(Object value) {
    Object decoded = plain.decode(plain.encode(value));
    assertThat(decoded).isEqualTo(value);
    assertThat(decoded.getClass().getName()).isEqualTo(value.getClass().getName());
  }

  @Test
  void decode_ofJdkValuesWithoutEquals_hasTheContent() {
    assertThat(again(new ArrayDeque<>(List.of(1, 2)))).hasToString("[1, 2]");
    assertThat(again(new PriorityQueue<>(List.of(2, 1)))).hasToString("[1, 2]");
    TreeSet<String> sorted = new TreeSet<>(String.CASE_INSENSITIVE_ORDER.reversed());
    sorted.addAll(List.of("a", "B"));
    assertThat((TreeSet<?>) again(sorted)).map(Object::toString).containsExactly("B", "a");
    TreeMap<String, String> map = new TreeMap<>(Comparator.<String>naturalOrder().reversed());
    map.put("a", "b");
    assertThat(again(map)).isEqualTo(map);
  }

  @Test
  void decode_ofArrays_isEqual() {
    Object[] arrays = {
      new int[] {1},
      new long[][] {{1}, {2}},
      new boolean[0],
      new String[] {"a", null},
      new Object[] {1, "b"},
      new Integer[] {1},
      new Instant[] {Instant.EPOCH},
      new List<?>[] {List.of()},
      new DayOfWeek[] {DayOfWeek.MONDAY},
      new byte[][] {{1}}
    };
    assertThat(Arrays.deepEquals((Object[]) again(arrays), arrays)).isTrue();
  }

  @Test
  void decode_ofApplicationClasses_isEqual() {
    List<Object> values =
        List.of(
            new Money("EUR", 1),
            Colour.RED,
            Colour.GREEN,
            EnumSet.of(Colour.GREEN),
            new Box(new Shop.LargeBox(List.of(new Money("EUR", 2)))),
            new Shop.Basket(List.of(1, 2)),
            new Shop.OwnFormat(5, "text"),
            new Shop.OwnFormat(5, "a text that takes more bytes than any limit ".repeat(40)),
            new Shop.External(3),
            new Shop.Owner("a", new Money("EUR", 1), Colour.RED, 3));
    for (Object value : values) {
      assertThat(codec.decode(codec.encode(value))).isEqualTo(value);
    }
    Money[] array = {new Money("EUR", 1)};
    assertThat((Money[]) codec.decode(codec.encode(array))).containsExactly(array);
    assertThat(codec.decode(codec.encode(new Shop.Replaced("instead")))).isEqualTo("instead");
    assertThat(codec.decode(codec.encode(new Shop.Resolved("java.util.ArrayList"))))
        .isEqualTo(new ArrayList<>());
  }

  @Test
  void decode_keepsSharedAndCyclicReferences() {
    Object[] cycle = new Object[2];
    cycle[0] = cycle;
    cycle[1] = new Box(cycle);
    Object[] decoded = (Object[]) codec.decode(codec.encode(cycle));
    assertThat(decoded[0]).isSameAs(decoded);
    assertThat(((Box) decoded[1]).content).isSameAs(decoded);
  }

  @Test
  void decode_sharesNothingBetweenCalls() {
    byte[] bytes = plain.encode(new ArrayList<>(List.of(new Date(1))));
    assertThat(plain.decode(bytes)).isNotSameAs(plain.decode(bytes));
    byte[] value = {1};
    byte[] encoded = plain.encode(value);
    assertThat(plain.decode(encoded)).isNotSameAs(value).isNotSameAs(plain.decode(encoded));
  }

  @Nested
  @DisplayName("I12, F64: what decode would refuse fails at encode, with the class and the line")
  class Refusal {

    @Test
    void encode_ofAClassThatIsNotAllowed_namesTheLine() {
      assertUnstorable(
          plain,
          new Money("EUR", 1),
          "Shop$Money is not on the allow-list",
          "JavaSerializationCodec.builder().allow(\"io.coatcheck.session.codec.shop.Shop$Money\")");
    }

    @Test
    void encode_ofAClassInside_namesBoth() {
      assertUnstorable(
          plain,
          new ArrayList<>(List.of(Map.of("a", new Box(1)))),
          "Shop$Box is not on the allow-list",
          "cannot store a java.util.ArrayList: ");
      assertUnstorable(plain, EnumSet.of(Colour.RED), "Shop$Colour is not on the allow-list");
      assertUnstorable(plain, new Money[0], "Shop$Money is not on the allow-list");
      assertUnstorable(plain, new Money[0][0], "Shop$Money is not on the allow-list");
    }

    @Test
    void encode_reportsTypesAsTheyAreWritten() {
      assertUnstorable(
          plain,
          new Money[0][0],
          "cannot store a io.coatcheck.session.codec.shop.Shop$Money[][]:"
              + " io.coatcheck.session.codec.shop.Shop$Money is not on the allow-list");
      assertUnstorable(
          plain,
          new Object[] {new Box(1)},
          "cannot store a java.lang.Object[]: io.coatcheck.session.codec.shop.Shop$Box is not on");
    }

    @Test
    void encode_ofASubclass_asksForItsSuperclassToo() {
      AttributeCodec half = JavaSerializationCodec.builder().allow(Shop.LargeBox.class).build();
      assertUnstorable(half, new Shop.LargeBox(1), "Shop$Box is not on the allow-list");
    }

    @Test
    void encode_ofWhatIsNotSerializable_saysSo() {
      assertUnstorable(
          codec,
          Optional.of(1),
          "cannot store a java.util.Optional: java.util.Optional does not implement Serializable:"
              + " store a value of a class that does, or make it do so");
      assertUnstorable(
          codec,
          new Box(new Shop.NotSerializable()),
          "Shop$NotSerializable does not implement Serializable",
          "cannot store a io.coatcheck.session.codec.shop.Shop$Box");
    }

    @Test
    void encode_ofWhatIsNeverAllowed_offersNoLine() throws Exception {
      AttributeCodec wide =
          JavaSerializationCodec.builder().allow("io.coatcheck.session.codec.**").build();
      for (Object never : List.of(new File("a"), new Box(File.class))) {
        assertThatThrownBy(() -> wide.encode(never))
            .isInstanceOf(AttributeCodecException.class)
            .hasMessageContaining("is never stored")
            .hasMessageNotContaining("allow(");
      }
      assertUnstorable(wide, String.class, "never stored");
      assertUnstorable(wide, ObjectStreamClass.lookup(String.class), "never stored");
      assertUnstorable(wide, new Box(int.class), "int is never stored");
      assertUnstorable(
          wide, (Runnable & Serializable) () -> {}, "a lambda cannot be stored: use a named class");
      Object proxy =
          java.lang.reflect.Proxy.newProxyInstance(
              getClass().getClassLoader(),
              new Class<?>[] {Comparable.class, Serializable.class},
              (java.lang.reflect.InvocationHandler & Serializable) (self, method, args) -> null);
      assertUnstorable(wide, proxy, "a dynamic proxy cannot be stored");
    }

    @Test
    void encode_whenTheCodeOfAClassHidesIt_isRefusedAllTheSame() {
      assertUnstorable(codec, new Shop.Swallowing(new File("a")), "java.io.File is never stored");
      assertUnstorable(
          codec,
          new Shop.Swallowing(new java.io.FileNotFoundException()),
          "java.io.FileNotFoundException is not on the allow-list");
    }

    @Test
    void encode_ofWhatReadingCouldNotMake_isRefused() {
      assertUnstorable(
          codec,
          new Shop.ChildOfStubborn(),
          "Shop$Stubborn, which io.coatcheck.session.codec.shop.Shop$ChildOfStubborn extends, is"
              + " not Serializable and has no no-argument constructor");
      assertUnstorable(
          codec,
          new Shop.ChildOfSecretive(),
          "codec.Secretive, which io.coatcheck.session.codec.shop.Shop$ChildOfSecretive extends");
      assertUnstorable(
          codec,
          new Shop.ExternalWithoutConstructor(1),
          "is Externalizable without a public no-argument constructor");
      assertUnstorable(codec, new Shop.Replaced(null), "its writeReplace returns null");
      assertUnstorable(codec, new Shop.Resolved(null), "could not be read back: ");
      assertUnstorable(
          codec,
          new Shop.Resolved("io.coatcheck.session.codec.hostile.Gadget$Reading"),
          "could not be read back: ",
          "Gadget$Reading is not on the allow-list");
    }

    @Test
    void encode_whenWritingFails_keepsTheCause() {
      for (Exception cause : List.of(new IllegalStateException(), new IOException("closed"))) {
        assertThatExceptionOfType(AttributeCodecException.class)
            .isThrownBy(() -> codec.encode(new Shop.FailingToWrite(cause)))
            .withMessage(
                "cannot store a io.coatcheck.session.codec.shop.Shop$FailingToWrite: writing it"
                    + " failed")
            .withCause(cause);
      }
    }

    @Test
    void encode_ofJdkClassOutsideTheList_namesTheClassItself() {
      AtomicReference<String> value = new AtomicReference<>("a");
      assertUnstorable(plain, value, "allow(\"java.util.concurrent.atomic.AtomicReference\")");
      AttributeCodec more = JavaSerializationCodec.builder().allow(AtomicReference.class).build();
      assertThat(more.decode(more.encode(value))).hasToString("a");
    }

    @Test
    void encode_neverShowsTheValue() {
      assertThatThrownBy(() -> plain.encode(new Money("secret-value", 1)))
          .hasMessageNotContaining("secret-value");
    }

    private void assertUnstorable(AttributeCodec with, Object value, String... messages) {
      assertThatThrownBy(() -> with.encode(value))
          .isInstanceOf(AttributeCodecException.class)
          .hasMessageContainingAll(messages);
    }
  }

  private Object again(Object value) {
    return plain.decode(plain.encode(value));
  }
}
