package io.coatcheck.session.spring;

import io.coatcheck.session.servlet.SessionFilterBuilder;

/**
 * Changes the filter before it is built, for settings that are code and not properties, such as
 * {@link SessionFilterBuilder#roles} and {@link SessionFilterBuilder#clientCheck}. Beans of this
 * type are called in their order, after the properties were applied.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface SessionFilterCustomizer {

  /** Changes the builder. An exception fails startup. */
  void customize(SessionFilterBuilder builder);
}
