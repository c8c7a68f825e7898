package io.coatcheck.benchmarks;

/** Several resources that end in this order. */
final class Closing {

  private Closing() {}

  static AutoCloseable of(AutoCloseable... resources) {
    return () -> {
      for (AutoCloseable resource : resources) {
        resource.close();
      }
    };
  }
}
