package io.coatcheck.session.servlet;

import java.security.Principal;

/** Who is logged in, as {@code getUserPrincipal} shows it. */
record SessionPrincipal(String name) implements Principal {

  @Override
  public String getName() {
    return name;
  }

  @Override
  public String toString() {
    return name;
  }
}
