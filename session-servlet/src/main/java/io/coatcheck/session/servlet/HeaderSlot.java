package io.coatcheck.session.servlet;

import jakarta.servlet.http.HttpServletResponse;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The one response header that carries the token or the hint. */
final class HeaderSlot extends ResponseCarrier {

  private final String name;

  HeaderSlot(String name, HttpServletResponse response) {
    super(response);
    this.name = name;
  }

  /** The program decides how long to keep the value: the session ends in the store. */
  @Override
  void put(String value, @Nullable Duration maxAge) {
    fill(value, true);
  }

  @Override
  void putDeletion() {
    fill("", false);
  }

  @Override
  boolean isIntact(String value) {
    return List.of(value).equals(List.copyOf(response().getHeaders(name)));
  }

  @Override
  void write(String value) {
    response().setHeader(name, value);
  }
}
