package io.coatcheck.examples.faces;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;
import java.util.concurrent.atomic.AtomicInteger;

/** How many users have a session now. */
@Named
@ApplicationScoped
public class Visitors {

  private final AtomicInteger number = new AtomicInteger();

  public int getNumber() {
    return number.get();
  }

  void came() {
    number.incrementAndGet();
  }

  void left() {
    number.decrementAndGet();
  }
}
