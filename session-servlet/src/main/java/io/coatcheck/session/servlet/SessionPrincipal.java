package io.coatcheck.session.servlet;

import java.security.Principal;

/** The logged-in user, as {@code getUserPrincipal} shows it. */
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
