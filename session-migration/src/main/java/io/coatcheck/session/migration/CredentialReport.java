package io.coatcheck.session.migration;

import io.coatcheck.session.ImportResult;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.event.CredentialKind;
import io.coatcheck.session.event.CredentialOutcome;
import io.coatcheck.session.servlet.WebSession;
import io.coatcheck.session.token.SessionId;
import java.util.Optional;

/** Counts what one bridge does with credentials, and notifies the listeners of the manager. */
final class CredentialReport {

  private final SessionManager manager;
  private final CredentialKind kind;
  private final CredentialCounts counts = new CredentialCounts();

  CredentialReport(SessionManager manager, CredentialKind kind) {
    this.manager = manager;
    this.kind = kind;
  }

  CredentialCounts counts() {
    return counts;
  }

  void report(CredentialOutcome outcome, Optional<SessionId> session, Optional<String> principal) {
    counts.count(outcome);
    manager.bridge().reportCredential(kind, outcome, session, principal);
  }

  /** Reports an exception, which the caller rethrows. */
  void failed() {
    report(CredentialOutcome.FAILED, Optional.empty(), Optional.empty());
  }

  /**
   * Reports the result of an import. Requests that find a session which another one has imported a
   * moment ago are not reported.
   *
   * @param opens whether the old credential has opened the session
   */
  void imported(ImportResult.Status status, boolean opens, WebSession session) {
    switch (status) {
      case IMPORTED -> report(CredentialOutcome.ACCEPTED, session.id(), session.principal());
      case FOUND -> {
        if (!opens) {
          report(CredentialOutcome.SPENT, Optional.empty(), Optional.empty());
        }
      }
      case SPENT -> report(CredentialOutcome.SPENT, Optional.empty(), Optional.empty());
      case REFUSED, LIMIT_REACHED ->
          report(CredentialOutcome.REFUSED, Optional.empty(), Optional.empty());
    }
  }
}
