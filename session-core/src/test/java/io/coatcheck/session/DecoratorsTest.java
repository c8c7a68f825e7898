package io.coatcheck.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.store.SessionStore;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("A decorator offers every capability of the store that it wraps")
class DecoratorsTest {

  static Stream<Method> capabilities() {
    List<Method> capabilities =
        Arrays.stream(SessionStore.class.getMethods())
            .filter(method -> method.getReturnType() == Optional.class)
            .filter(method -> method.getParameterCount() == 0)
            .toList();
    assertThat(capabilities).hasSizeGreaterThanOrEqualTo(6);
    return capabilities.stream();
  }

  @ParameterizedTest
  @MethodSource("capabilities")
  void reportingStore_offersIt(Method capability) throws Exception {
    SessionStore reporting =
        new ReportingStore(capable(), new Events(InstantSource.system(), List.of()));
    assertThat((Optional<?>) capability.invoke(reporting)).isPresent();
  }

  /** The near cache is for stores of bytes, which share no live sessions. */
  static Stream<Method> capabilitiesOfRemoteStores() {
    return capabilities().filter(method -> !method.getName().equals("liveSessions"));
  }

  @ParameterizedTest
  @MethodSource("capabilitiesOfRemoteStores")
  void nearCache_offersIt(Method capability) throws Exception {
    try (NearCacheSessionStore near =
        NearCacheSessionStore.builder(capable()).revalidate(false).build()) {
      assertThat((Optional<?>) capability.invoke(near)).isPresent();
    }
  }

  /** Returns a store that has every capability there is, and does nothing. */
  private static SessionStore capable() {
    return (SessionStore) inert(SessionStore.class);
  }

  private static Object inert(Class<?> type) {
    return Proxy.newProxyInstance(
        type.getClassLoader(),
        new Class<?>[] {type},
        (proxy, method, arguments) -> {
          Class<?> result = method.getReturnType();
          if (result == Optional.class) {
            ParameterizedType optional = (ParameterizedType) method.getGenericReturnType();
            return Optional.of(inert((Class<?>) optional.getActualTypeArguments()[0]));
          }
          if (result == boolean.class) {
            return false;
          }
          return result == Duration.class ? Duration.ofMillis(1) : null;
        });
  }
}
