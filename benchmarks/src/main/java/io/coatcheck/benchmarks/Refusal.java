package io.coatcheck.benchmarks;

import java.lang.reflect.Proxy;

/** What stands behind a stub: whoever calls it needs more than the stub gives. */
final class Refusal {

  private Refusal() {}

  static <T> T of(Class<T> type) {
    return type.cast(
        Proxy.newProxyInstance(
            Refusal.class.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> {
              throw new UnsupportedOperationException(method.toString());
            }));
  }
}
