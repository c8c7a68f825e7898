package io.coatcheck.examples.fromjwt;

import java.util.List;

/** The orders that both applications show. As JSON, {@code orders} is a list of texts. */
record Orders(List<String> orders) {

  private static final List<String> ALL =
      List.of("alice: a tea pot", "alice: a pocket watch", "bob: a spirit level");

  static Orders all() {
    return new Orders(ALL);
  }

  static Orders of(String customer) {
    return new Orders(ALL.stream().filter(order -> order.startsWith(customer + ":")).toList());
  }
}
