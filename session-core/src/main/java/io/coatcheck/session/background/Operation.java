package io.coatcheck.session.background;

import io.coatcheck.session.token.SessionId;
import org.jspecify.annotations.Nullable;

/**
 * The operation of a store that is in progress, as it is named in exceptions and logs.
 *
 * @param name the method of the SPI
 * @param id the session, if it concerns a single one
 */
public record Operation(String name, @Nullable SessionId id) {

  /** Names an operation that concerns no single session. */
  public Operation(String name) {
    this(name, null);
  }

  @Override
  public String toString() {
    return id == null ? name : name + " of session " + id;
  }
}
