package io.coatcheck.session.testkit;

import java.util.Set;
import java.util.function.Supplier;

/**
 * A store with one deliberate fault, and the tests that must fail.
 *
 * @param fault what is wrong with it
 */
record WrongStore(String fault, Supplier<BrokenStore> store, Set<String> tests) {

  static WrongStore of(String fault, Supplier<BrokenStore> store, String... tests) {
    return new WrongStore(fault, store, Set.of(tests));
  }

  @Override
  public String toString() {
    return fault;
  }
}
