package io.coatcheck.session.spring;

import java.util.List;

/** A property of Coatcheck, or a combination of several, was refused. */
final class InvalidSettingException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  InvalidSettingException(List<String> properties, String reason, Exception cause) {
    super(String.join(", ", properties) + ": " + reason, cause);
  }

  InvalidSettingException(String message) {
    super(message);
  }
}
