package io.coatcheck.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.event.AuditListener;
import io.coatcheck.session.event.SessionListener;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The listeners of a manager")
class AddedListenersTest {

  @AutoClose private final EngineFixture fixture = new EngineFixture(builder -> builder);

  @Test
  void notifies_ofAType_isTrueWhileThereIsOne() {
    SessionListener audit = new AuditListener();
    assertThat(fixture.manager.adapter().hasListener(AuditListener.class)).isFalse();
    fixture.manager.addListener(audit);
    assertThat(fixture.manager.adapter().hasListener(AuditListener.class)).isTrue();
    assertThat(fixture.manager.adapter().hasListener(SessionListener.class)).isTrue();
    fixture.manager.removeListener(audit);
    assertThat(fixture.manager.adapter().hasListener(AuditListener.class)).isFalse();
  }
}
