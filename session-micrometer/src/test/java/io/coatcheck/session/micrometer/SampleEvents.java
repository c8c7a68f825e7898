package io.coatcheck.session.micrometer;

import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoreOperation;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.testkit.SampleSessions;
import java.lang.reflect.Constructor;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** Every event that there is, with every reason, of a session whose parts are easily recognised. */
final class SampleEvents {

  static final String PRINCIPAL = "a-principal@example.com";
  static final String ADDRESS = "203.0.113.77";
  static final String USER_AGENT = "a-user-agent/1.0";
  static final String ATTRIBUTE = "an-attribute-name";
  static final String PROBLEM = "a-problem-text";

  private static final Instant NOW = Instant.parse("2026-11-28T12:00:00Z");

  static final StoredSession SESSION =
      SampleSessions.complete(NOW.minusSeconds(90))
          .principal(PRINCIPAL)
          .clientAddress(ADDRESS)
          .userAgent(USER_AGENT)
          .attribute(ATTRIBUTE, AttributeValue.encoded(new byte[] {1}))
          .build();

  private SampleEvents() {}

  /** Returns the classes of all events. */
  static List<Class<?>> kinds() {
    return kinds(SessionEvent.class).toList();
  }

  private static Stream<Class<?>> kinds(Class<?> type) {
    return type.isSealed()
        ? Arrays.stream(type.getPermittedSubclasses()).flatMap(SampleEvents::kinds)
        : Stream.of(type);
  }

  /** Returns an event of each kind, several of a kind that has reasons or operations. */
  static List<SessionEvent> all() {
    return kinds().stream().flatMap(kind -> samples(kind).stream()).toList();
  }

  private static List<SessionEvent> samples(Class<?> kind) {
    List<List<Object>> arguments = new ArrayList<>(List.of(List.of()));
    for (RecordComponent component : kind.getRecordComponents()) {
      List<List<Object>> longer = new ArrayList<>();
      for (List<Object> begun : arguments) {
        for (Object value : values(component)) {
          List<Object> next = new ArrayList<>(begun);
          next.add(value);
          longer.add(next);
        }
      }
      arguments = longer;
    }
    return arguments.stream().map(values -> event(kind, values)).toList();
  }

  private static SessionEvent event(Class<?> kind, List<Object> values) {
    try {
      Class<?>[] types =
          Arrays.stream(kind.getRecordComponents())
              .map(RecordComponent::getType)
              .toArray(Class<?>[]::new);
      Constructor<?> constructor = kind.getDeclaredConstructor(types);
      return (SessionEvent) constructor.newInstance(values.toArray());
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  private static List<?> values(RecordComponent component) {
    Class<?> type = component.getType();
    if (type.isEnum()) {
      return List.of(type.getEnumConstants());
    } else if (type == Instant.class) {
      return List.of(NOW);
    } else if (type == StoredSession.class) {
      return List.of(SESSION);
    } else if (type == int.class) {
      return List.of(3);
    } else if (type == Set.class) {
      return List.of(Set.of(ATTRIBUTE));
    } else if (type == SessionStoreException.class) {
      return List.of(new SessionStoreException(PROBLEM));
    } else if (type == Optional.class) {
      boolean isText =
          ((ParameterizedType) component.getGenericType()).getActualTypeArguments()[0]
              == String.class;
      return List.of(Optional.of(isText ? PRINCIPAL : SESSION.id()));
    }
    return switch (component.getName()) {
      case "operation" ->
          Arrays.stream(StoreOperation.values()).map(StoreOperation::methodName).toList();
      case "attribute" -> List.of(ATTRIBUTE);
      case "problem" -> List.of(PROBLEM);
      default -> throw new IllegalStateException("no value for " + component);
    };
  }
}
