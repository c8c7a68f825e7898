package io.coatcheck.examples.frameworks.wicket;

import java.io.Serializable;

/** Counts what was put into it. */
final class Cart implements Serializable {

  private static final long serialVersionUID = 1L;

  private int items;

  void add() {
    items++;
  }

  int items() {
    return items;
  }
}
