package io.coatcheck.benchmarks;

import java.lang.reflect.Proxy;
import java.util.Map;

/** The default of a stub: a call of it needs more than the stub provides. */
final class Refusal {

  private Refusal() {}

  static <T> T of(Class<T> type) {
    return of(type, Map.of());
  }

  /** As {@link #of(Class)}, with the answers of some methods by their names. */
  static <T> T of(Class<T> type, Map<String, Object> answers) {
    return type.cast(
        Proxy.newProxyInstance(
            Refusal.class.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> {
              Object answer = answers.get(method.getName());
              if (answer == null) {
                throw new UnsupportedOperationException(method.toString());
              }
              return answer;
            }));
  }
}
