package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.store.ForwardingSessionStore;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.InstantSource;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class StoreHealthTest {

  @Test
  @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  @DisplayName("a failure whose causes form a cycle is named all the same")
  void cycleOfCauses_ends() {
    IllegalStateException inner = new IllegalStateException("inner");
    SessionStoreException outer = new SessionStoreException("outer", inner);
    inner.initCause(outer);
    SessionStore failing =
        new ForwardingSessionStore(InMemorySessionStore.builder().build()) {
          @Override
          public Optional<StoredSession> find(SessionId id) {
            throw outer;
          }
        };

    String failure =
        new StoreHealth(failing, new StoreHealth.Name(), InstantSource.system()).failure();

    assertThat(failure)
        .isIn(IllegalStateException.class.getName(), SessionStoreException.class.getName());
  }
}
