package io.coatcheck.session.redis;

import io.coatcheck.session.token.SessionId;
import org.jspecify.annotations.Nullable;

/**
 * The operation in progress, as it is named in exceptions and logs.
 *
 * @param name the method of the SPI
 * @param id the session, if it concerns a single one
 */
record Operation(String name, @Nullable SessionId id) {

  Operation(String name) {
    this(name, null);
  }

  @Override
  public String toString() {
    return id == null ? name : name + " of session " + id;
  }
}
