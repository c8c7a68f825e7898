package io.coatcheck.session.servlet;

import io.coatcheck.session.token.SessionToken;
import jakarta.servlet.http.HttpServletResponse;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The one response header that carries our token. */
final class HeaderSlot extends CredentialSlot {

  private final String name;

  HeaderSlot(SessionHeader header, HttpServletResponse response) {
    super(response);
    name = header.responseName();
  }

  /** How long to keep it is the program's to decide: the session ends in the store. */
  @Override
  void put(SessionToken token, @Nullable Duration maxAge) {
    fill(token.value());
  }

  @Override
  void putDeletion() {
    fill("");
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
