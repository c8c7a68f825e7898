package io.coatcheck.session.testkit;

import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.Admission.Outcome;
import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.BeforeEach;

/** The state that the parts of the contract of a limit share. */
abstract class LimitPart extends IndexPart {

  /** Ids whose order changes if their halves are compared as signed, or as numbers. */
  static final List<SessionId> AWKWARD_IDS =
      List.of(
          SessionId.of(0, 0),
          SessionId.of(0, 1),
          SessionId.of(0, -1),
          SessionId.of(1, 0),
          SessionId.of(Long.MAX_VALUE, 5),
          SessionId.of(Long.MIN_VALUE, 0),
          SessionId.of(-1, -1));

  static final Admission CROWDED = new Admission(Outcome.CROWDED, List.of());
  static final Admission REFUSED = new Admission(Outcome.REFUSED, List.of());
  static final Admission CONFLICT = new Admission(Outcome.CONFLICT, List.of());

  LimitPart(Supplier<Nodes> nodes) {
    super(nodes);
  }

  @BeforeEach
  final void needsLoginLimit() {
    assumeHas(store().loginLimit(), LoginLimit.class);
  }

  static StoredSession login(StoredSession session, int seconds) {
    return session.toBuilder().principal("alice").authenticatedAt(NOW.plusSeconds(seconds)).build();
  }

  static Admission stored(StoredSession... evicted) {
    return new Admission(Outcome.STORED, List.of(evicted));
  }
}
