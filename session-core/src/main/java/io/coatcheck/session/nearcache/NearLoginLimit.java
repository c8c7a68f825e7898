package io.coatcheck.session.nearcache;

import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import java.time.Instant;

/** The store's limit; the copies of sessions that a login ends are discarded here. */
final class NearLoginLimit implements LoginLimit {

  private final LoginLimit limit;
  private final CopyTable copies;

  NearLoginLimit(LoginLimit limit, CopyTable copies) {
    this.limit = limit;
    this.copies = copies;
  }

  @Override
  public Admission admit(
      StoredSession session, boolean isNew, int number, WhenFull whenFull, Instant now) {
    try {
      Admission admission = limit.admit(session, isNew, number, whenFull, now);
      admission.evicted().forEach(evicted -> copies.forget(evicted.id()));
      return admission;
    } finally {
      copies.forget(session.id());
      // If it threw, it is not known which other sessions it ended; nor, in any case, which had
      // ended elsewhere before.
      session.principal().ifPresent(copies::forgetAllOf);
    }
  }
}
