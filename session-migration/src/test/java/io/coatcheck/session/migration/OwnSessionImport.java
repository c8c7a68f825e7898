package io.coatcheck.session.migration;

import io.coatcheck.session.ImportResult;
import io.coatcheck.session.ImportSource;
import io.coatcheck.session.ImportedSession;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.event.CredentialKind;
import io.coatcheck.session.event.CredentialOutcome;
import io.coatcheck.session.servlet.BridgeRequest;
import io.coatcheck.session.servlet.WebSession;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpFilter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/** The bridge that docs/MIGRATING.md shows for sessions of an application's own making. */
final class OwnSessionImport extends HttpFilter {

  private static final long serialVersionUID = 1L;

  private final transient SessionManager sessions;
  private final transient OwnSessions old;

  OwnSessionImport(SessionManager sessions, OwnSessions old) {
    this.sessions = sessions;
    this.old = old;
  }

  @Override
  protected void doFilter(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    WebSession session = WebSession.of(request);
    Cookie[] cookies = request.getCookies();
    if (cookies != null) {
      for (Cookie cookie : cookies) {
        if (cookie.getName().equals("sid")) {
          present(session, cookie.getValue());
        }
      }
    }
    chain.doFilter(request, response);
  }

  private void present(WebSession session, String id) {
    BridgeRequest bridge = session.bridge();
    bridge.beforeLogout(
        () -> sessions.bridge().spendCredential("own:" + id, new Source(id), session.id()));
    if (!bridge.isTokenPresented() && !bridge.isTokenWithheld() && session.id().isEmpty()) {
      importInto(session, id);
    }
  }

  private void importInto(WebSession session, String id) {
    ImportResult result = sessions.bridge().importSession("own:" + id, new Source(id));
    result.token().ifPresent(session.bridge()::present);
    if (result.status() == ImportResult.Status.IMPORTED) {
      sessions
          .bridge()
          .reportCredential(
              CredentialKind.OTHER, CredentialOutcome.ACCEPTED, session.id(), session.principal());
    }
  }

  private final class Source implements ImportSource {

    private final String id;

    Source(String id) {
      this.id = id;
    }

    @Override
    public Optional<ImportedSession> load() {
      return old.find(id)
          .map(
              row ->
                  new ImportedSession(
                      Optional.of(row.user()),
                      row.createdAt(),
                      row.createdAt().plus(Duration.ofDays(30)),
                      Map.of(),
                      Map.of()));
    }

    @Override
    public boolean isStillLive() {
      return old.find(id).isPresent();
    }
  }
}
