package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.StoredSession;
import java.util.List;
import java.util.function.Supplier;

/** What the parts of the contract of an index share. */
abstract class IndexPart extends ContractPart {

  IndexPart(Supplier<Nodes> nodes) {
    super(nodes);
  }

  PrincipalIndex index() {
    return store().principalIndex().orElseThrow();
  }

  PrincipalIndex otherIndex() {
    return otherNode().principalIndex().orElseThrow();
  }

  void assertSessionsOf(String principal, StoredSession... sessions) {
    assertSessionsOf(principal, List.of(sessions));
  }

  void assertSessionsOf(String principal, List<StoredSession> sessions) {
    assertThat(index().findByPrincipal(principal))
        .as("sessions of %s", principal)
        .containsExactlyInAnyOrderElementsOf(sessions);
    assertThat(otherIndex().findByPrincipal(principal))
        .as("sessions of %s on the other node", principal)
        .containsExactlyInAnyOrderElementsOf(sessions);
  }

  static StoredSession successor(StoredSession session) {
    return session.toBuilder().version(session.version() + 1).build();
  }
}
