package io.coatcheck.session.migration;

import java.io.ObjectInputStream;
import java.io.Serializable;
import java.util.concurrent.atomic.AtomicInteger;

/** A class that does something when it is deserialized, as the classes of attacks do. */
final class Gadget implements Serializable {

  private static final long serialVersionUID = 1L;

  static final AtomicInteger RUNS = new AtomicInteger();

  private void readObject(ObjectInputStream in) {
    RUNS.incrementAndGet();
  }
}
