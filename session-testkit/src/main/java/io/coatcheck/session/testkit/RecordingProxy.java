package io.coatcheck.session.testkit;

import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.CleanUp;
import io.coatcheck.session.store.NearCopies;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** A store with every capability, which only records its calls. */
final class RecordingProxy {

  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

  private final boolean hasCapabilities;
  private final List<Method> calls = new CopyOnWriteArrayList<>();
  private final List<Object> arguments = new CopyOnWriteArrayList<>();
  private final Map<Class<?>, Object> capabilities = new HashMap<>();
  private final SessionStore store = (SessionStore) proxy(SessionStore.class);

  RecordingProxy() {
    this(true);
  }

  private RecordingProxy(boolean hasCapabilities) {
    this.hasCapabilities = hasCapabilities;
  }

  static RecordingProxy withoutCapabilities() {
    return new RecordingProxy(false);
  }

  SessionStore store() {
    return store;
  }

  /** Returns the methods that were called, of the store and of its capabilities. */
  List<Method> calls() {
    return List.copyOf(calls);
  }

  /** Returns the arguments of all calls, in order. */
  List<Object> arguments() {
    return List.copyOf(arguments);
  }

  void forget() {
    calls.clear();
    arguments.clear();
  }

  /** Returns the interface of the capability that a method of {@link SessionStore} returns. */
  static Class<?> typeOf(Method capability) {
    ParameterizedType optional = (ParameterizedType) capability.getGenericReturnType();
    return (Class<?>) optional.getActualTypeArguments()[0];
  }

  private Object proxy(Class<?> type) {
    return Proxy.newProxyInstance(
        type.getClassLoader(),
        new Class<?>[] {type},
        (proxy, method, arguments) -> {
          if (method.getDeclaringClass() == Object.class) {
            return answerAsObject(proxy, method, arguments);
          }
          calls.add(method);
          if (arguments != null) {
            this.arguments.addAll(Arrays.asList(arguments));
          }
          if (method.getReturnType() == Optional.class && method.getParameterCount() == 0) {
            return hasCapabilities ? Optional.of(capability(typeOf(method))) : Optional.empty();
          }
          return answerOf(method);
        });
  }

  private synchronized Object capability(Class<?> type) {
    Object known = capabilities.get(type);
    if (known == null) {
      known = proxy(type);
      capabilities.put(type, known);
    }
    return known;
  }

  private static Object answerAsObject(Object proxy, Method method, Object @Nullable [] arguments) {
    return switch (method.getName()) {
      case "equals" -> arguments != null && proxy == arguments[0];
      case "hashCode" -> System.identityHashCode(proxy);
      default -> "a recording store";
    };
  }

  /**
   * Returns the answer of a recorded method, which differs from the defaults of {@link
   * SessionStore}.
   */
  static @Nullable Object answerOf(Method method) {
    return switch (method.getReturnType().getSimpleName()) {
      case "boolean" -> true;
      case "int" -> 3;
      case "long" -> 5L;
      case "Duration" -> Duration.ofSeconds(17);
      case "Optional" -> Optional.empty();
      case "List" -> new ArrayList<>();
      case "Set" -> new HashSet<>();
      case "Map" -> new HashMap<>();
      case "CleanUp" -> new CleanUp(3, false);
      case "Admission" -> new Admission(Admission.Outcome.CONFLICT, List.of());
      case "Lookup" -> new NearCopies.Lookup(Optional.empty(), true);
      default -> null;
    };
  }

  /** Returns arguments with which a method can be called. */
  static Object[] argumentsFor(Method method) {
    return Arrays.stream(method.getParameterTypes()).map(RecordingProxy::argument).toArray();
  }

  private static Object argument(Class<?> type) {
    if (type == SessionId.class) {
      return SessionId.of(1, 2);
    }
    if (type == StoredSession.class) {
      return SampleSessions.complete(NOW).build();
    }
    if (type.isEnum()) {
      return type.getEnumConstants()[0];
    }
    return switch (type.getSimpleName()) {
      case "boolean" -> true;
      case "int" -> 7;
      case "long" -> 11L;
      case "String", "Object" -> "alice";
      case "Instant" -> NOW;
      case "Duration" -> Duration.ofSeconds(19);
      case "Set" -> Set.of(SessionId.of(3, 4));
      case "Map" -> Map.of(SessionId.of(3, 4), NOW);
      default -> new RecordingProxy().proxy(type);
    };
  }
}
