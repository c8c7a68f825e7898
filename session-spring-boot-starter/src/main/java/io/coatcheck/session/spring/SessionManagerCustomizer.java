package io.coatcheck.session.spring;

import io.coatcheck.session.SessionManagerBuilder;

/**
 * Changes the manager before it is built, for settings that are code and not properties, such as
 * {@link SessionManagerBuilder#encryption}. Beans of this type are called in their order, after the
 * properties were applied.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface SessionManagerCustomizer {

  /** Changes the builder. An exception fails startup. */
  void customize(SessionManagerBuilder builder);
}
