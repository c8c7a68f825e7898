package io.coatcheck.session.codec;

import java.lang.reflect.RecordComponent;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
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
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.Currency;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import java.util.UUID;

/**
 * The types whose values never change: those of the JDK, enums, and records of nothing else.
 *
 * <p>The class of a value is compared exactly. So {@code BigDecimal} is here and a subclass of it,
 * which may change, is not. For the component of a record only its declared type is known, and that
 * must therefore be final as well.
 *
 * <p>An enum constant may have mutable fields; but as decoding gives the same constant to everyone,
 * nothing is shared by calling it immutable that was not shared already.
 */
final class ImmutableTypes {

  private static final Set<Class<?>> FINAL =
      Set.of(
          String.class,
          Boolean.class,
          Character.class,
          Byte.class,
          Short.class,
          Integer.class,
          Long.class,
          Float.class,
          Double.class,
          UUID.class,
          Currency.class,
          Locale.class,
          URI.class,
          Instant.class,
          Duration.class,
          Period.class,
          Year.class,
          YearMonth.class,
          MonthDay.class,
          LocalDate.class,
          LocalTime.class,
          LocalDateTime.class,
          OffsetTime.class,
          OffsetDateTime.class,
          ZonedDateTime.class,
          ZoneOffset.class);

  private static final Set<Class<?>> OPEN_TO_SUBCLASSES =
      Set.of(BigDecimal.class, BigInteger.class);

  /** Holds nothing that refers back to the class, so it keeps no class loader alive. */
  private static final ClassValue<Boolean> RECORDS =
      new ClassValue<>() {
        @Override
        protected Boolean computeValue(Class<?> type) {
          return hasImmutableComponents(type, new HashSet<>());
        }
      };

  private ImmutableTypes() {}

  static boolean contains(Class<?> type) {
    return FINAL.contains(type)
        || OPEN_TO_SUBCLASSES.contains(type)
        || Enum.class.isAssignableFrom(type)
        || (type.isRecord() && RECORDS.get(type));
  }

  /** Takes a record that it is asked about already for immutable: the others decide. */
  private static boolean hasImmutableComponents(Class<?> type, Set<Class<?>> asked) {
    if (!asked.add(type)) {
      return true;
    }
    for (RecordComponent component : type.getRecordComponents()) {
      Class<?> declared = component.getType();
      boolean immutable =
          declared.isPrimitive()
              || declared.isEnum()
              || FINAL.contains(declared)
              || (declared.isRecord() && hasImmutableComponents(declared, asked));
      if (!immutable) {
        return false;
      }
    }
    return true;
  }
}
