package io.coatcheck.session.servlet;

import jakarta.servlet.Filter;
import jakarta.servlet.FilterRegistration;
import jakarta.servlet.ServletContext;

/** Adds filters to an application, each under a name of its own. */
final class Registration {

  private Registration() {}

  /**
   * Adds a filter that supports asynchronous requests, which Jetty assumes of none.
   *
   * @return the registration, without a mapping
   * @throws IllegalStateException if there is a filter of this name already, or it is too late
   */
  static FilterRegistration.Dynamic addFilter(String name, Filter filter, ServletContext context) {
    FilterRegistration.Dynamic registration = context.addFilter(name, filter);
    if (registration == null) {
      throw new IllegalStateException(
          "a filter named " + name + " is registered already: call register once");
    }
    registration.setAsyncSupported(true);
    return registration;
  }
}
