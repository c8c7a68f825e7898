package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;

import org.jspecify.annotations.Nullable;

/** What a start that failed says. */
final class StartFailure {

  private StartFailure() {}

  /** Returns the messages of a failure and of its causes. */
  static String messagesOf(@Nullable Throwable failure) {
    assertThat(failure).as("failure of the start").isNotNull();
    StringBuilder messages = new StringBuilder();
    for (Throwable each = failure; each != null; each = each.getCause()) {
      messages.append(each.getMessage()).append('\n');
    }
    return messages.toString();
  }
}
