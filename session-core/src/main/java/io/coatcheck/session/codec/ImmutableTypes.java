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
 * The types whose values never change: those of the JDK, enums, and records made only of such
 * types.
 *
 * <p>The class of a value is compared exactly. So {@code BigDecimal} is included, and a subclass of
 * it, which may change, is not. For a record component only the declared type is known, so that
 * must also be final.
 *
 * <p>An enum constant may have mutable fields. But decoding always returns the same constant, so
 * treating it as immutable shares nothing that was not shared already.
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

  /** Contains no reference back to the class, so it keeps no class loader alive. */
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

  /** Treats a record that is already being examined as immutable: the other components decide. */
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
