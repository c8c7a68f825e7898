package io.coatcheck.session.codec;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The classes of the JDK that are decoded by default, one by one, and the classes that never are.
 *
 * <p>Listed by name, because many are private and some exist only in later versions than the one
 * that compiles this. Where the JDK writes a stand-in ({@code Ser}, {@code CollSer}, a
 * serialization proxy), both the stand-in and the class it becomes are listed: the filter checks
 * both.
 */
final class JdkTypes {

  private static final Set<String> VALUE_TYPES =
      Stream.of(
              in(
                  "java.lang",
                  "Boolean Byte Character Double Enum Float Integer Long Number Short String"
                      + " String$CaseInsensitiveComparator"),
              // Only as elements of arrays: there is nothing to instantiate.
              in("java.lang", "CharSequence Comparable Object"),
              in("java.io", "Serializable"),
              in("java.util", "Collection Comparator List Map Map$Entry Set"),
              // The superclasses of an application's exceptions.
              in("java.lang", "Exception RuntimeException StackTraceElement Throwable"),
              in("java.math", "BigDecimal BigInteger MathContext RoundingMode"),
              in("java.net", "URI"),
              in("java.sql", "Date Time Timestamp"),
              in(
                  "java.time",
                  "DayOfWeek Duration Instant LocalDate LocalDateTime LocalTime Month MonthDay"
                      + " OffsetDateTime OffsetTime Period Ser Year YearMonth ZoneId ZoneOffset"
                      + " ZoneRegion ZonedDateTime"),
              in("java.time.temporal", "ChronoField ChronoUnit"),
              in(
                  "java.util",
                  "BitSet Calendar Currency Date GregorianCalendar Locale SimpleTimeZone TimeZone"
                      + " UUID"),
              in("sun.util.calendar", "ZoneInfo"),
              // The stand-in for a java.net.URL.
              in("io.coatcheck.session.codec", "UrlText"),
              in(
                  "java.util",
                  "AbstractMap$SimpleEntry AbstractMap$SimpleImmutableEntry ArrayDeque ArrayList"
                      + " Arrays$ArrayList HashMap HashSet Hashtable LinkedHashMap LinkedHashSet"
                      + " LinkedList PriorityQueue Properties Stack TreeMap TreeSet Vector"),
              in(
                  "java.util",
                  "EnumMap EnumSet EnumSet$SerializationProxy JumboEnumSet RegularEnumSet"),
              in(
                  "java.util",
                  "CollSer ImmutableCollections$List12 ImmutableCollections$ListN"
                      + " ImmutableCollections$Map1 ImmutableCollections$MapN"
                      + " ImmutableCollections$Set12 ImmutableCollections$SetN"),
              collections(
                  "EmptyList EmptyMap EmptySet ReverseComparator ReverseComparator2 SetFromMap"
                      + " SingletonList SingletonMap SingletonSet"),
              collections(
                  "SynchronizedCollection SynchronizedList SynchronizedMap"
                      + " SynchronizedNavigableMap SynchronizedNavigableSet"
                      + " SynchronizedRandomAccessList SynchronizedSet SynchronizedSortedMap"
                      + " SynchronizedSortedSet"),
              collections(
                  "UnmodifiableCollection UnmodifiableList UnmodifiableMap"
                      + " UnmodifiableMap$UnmodifiableEntrySet UnmodifiableNavigableMap"
                      + " UnmodifiableNavigableMap$EmptyNavigableMap UnmodifiableNavigableSet"
                      + " UnmodifiableNavigableSet$EmptyNavigableSet"
                      + " UnmodifiableRandomAccessList UnmodifiableSequencedCollection"
                      + " UnmodifiableSequencedMap UnmodifiableSequencedSet UnmodifiableSet"
                      + " UnmodifiableSortedMap UnmodifiableSortedSet"),
              in(
                  "java.util.concurrent",
                  "ConcurrentHashMap ConcurrentHashMap$CollectionView"
                      + " ConcurrentHashMap$KeySetView ConcurrentHashMap$Segment"
                      + " CopyOnWriteArrayList TimeUnit"),
              // The parts of a Segment, which ConcurrentHashMap still writes.
              in("java.util.concurrent.locks", "AbstractOwnableSynchronizer"),
              in("java.util.concurrent.locks", "AbstractQueuedSynchronizer ReentrantLock"),
              in("java.util.concurrent.locks", "ReentrantLock$NonfairSync ReentrantLock$Sync"),
              in("java.util.concurrent.atomic", "AtomicBoolean AtomicInteger AtomicLong"))
          .flatMap(names -> names)
          .collect(Collectors.toUnmodifiableSet());

  private static final Set<String> NEVER =
      Set.of(
          "java.io.File",
          "java.io.ObjectStreamClass",
          "java.lang.Class",
          "java.net.URL",
          "java.security.SignedObject",
          "javax.crypto.SealedObject",
          // Spring's: at the end of the session the adapter calls a method by name.
          "org.springframework.beans.factory.support.DisposableBeanAdapter",
          "org.springframework.web.context.request.DestructionCallbackBindingListener");

  private static final List<String> NEVER_IN =
      List.of(
          "com.sun.org.apache.xalan.",
          "java.lang.invoke.",
          "java.lang.reflect.",
          "java.rmi.",
          "javax.management.",
          "javax.naming.",
          "jdk.proxy",
          "sun.reflect.",
          "sun.rmi.");

  private JdkTypes() {}

  static boolean isValueType(String className) {
    return VALUE_TYPES.contains(className);
  }

  /**
   * Returns whether no pattern can allow a class. Such classes access the file system or the
   * network, call methods by name, or contain another serialized object.
   */
  static boolean isNeverAllowed(String className) {
    if (NEVER.contains(className)) {
      return true;
    }
    for (String start : NEVER_IN) {
      if (className.startsWith(start)) {
        return true;
      }
    }
    return false;
  }

  private static Stream<String> in(String packageName, String names) {
    return Stream.of(names.split(" ")).map(name -> packageName + "." + name);
  }

  private static Stream<String> collections(String names) {
    return Stream.of(names.split(" ")).map(name -> "java.util.Collections$" + name);
  }
}
