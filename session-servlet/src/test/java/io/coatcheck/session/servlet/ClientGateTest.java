package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.Mockito.mock;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.LoginOutcome;
import io.coatcheck.session.Resolution;
import io.coatcheck.session.Session;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.log.LimitedLog;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.servlet.ClientCheck.Verdict;
import jakarta.servlet.http.HttpServletRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class ClientGateTest {

  /** Another thread of the request may log out meanwhile, and must end it. */
  @Test
  void admit_asksTheCheckAgain_andWithholdsTheSessionMeanwhile() {
    try (SessionManager manager =
        SessionManager.builder(InMemorySessionStore.builder().build()).build()) {
      LoginOptions client = LoginOptions.builder().client("192.0.2.7", "agent").build();
      Session loggedIn =
          ((LoginOutcome.Granted) manager.authenticate(null, "alice", client)).session();
      String token = loggedIn.unsentToken().orElseThrow().value();
      Resolution.Live live = (Resolution.Live) manager.adapter().resolve(List.of(token));
      AtomicReference<Verdict> verdict = new AtomicReference<>(Verdict.REAUTHENTICATE);
      AtomicReference<ClientGate> gate = new AtomicReference<>();
      List<Boolean> meanwhile = new ArrayList<>();
      ClientCheck check =
          (atLogin, now) -> {
            meanwhile.add(gate.get().withheld() != null);
            return verdict.get();
          };
      gate.set(
          new ClientGate(
              check,
              new LimitedLog(FilterLog.LOG, Duration.ofMinutes(1)),
              mock(HttpServletRequest.class)));

      assertThat(gate.get().admit(live, manager)).isInstanceOf(Resolution.Mismatched.class);
      assertThat(gate.get().admit(live, manager)).isInstanceOf(Resolution.Mismatched.class);
      assertThat(meanwhile).containsExactly(false, true);
      verdict.set(Verdict.ACCEPT);
      assertThat(gate.get().admit(live, manager)).isEqualTo(live);
      assertThat(gate.get().withheld()).isNull();
    }
  }
}
