package io.coatcheck.session.spring;

import static io.coatcheck.session.spring.StartFailure.messagesOf;
import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.SessionStore;
import org.springframework.boot.test.context.runner.WebApplicationContextRunner;

/** What becomes of an application that starts. */
final class Starting {

  private Starting() {}

  /** Starts it, and checks in which kind of store its sessions are. */
  static void assertStore(
      Class<? extends SessionStore> expected, WebApplicationContextRunner application) {
    application.run(
        context -> assertThat(context.getBean(SessionStore.class)).isInstanceOf(expected));
  }

  /** Starts it, and checks that this fails with all of these texts in the messages. */
  static void assertFails(WebApplicationContextRunner application, String... texts) {
    application.run(context -> assertThat(messagesOf(context.getStartupFailure())).contains(texts));
  }
}
