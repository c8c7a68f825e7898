package io.coatcheck.examples.quickstart;

import io.coatcheck.session.SessionInfo;
import io.coatcheck.session.servlet.OwnSession;
import io.coatcheck.session.servlet.WebSession;
import jakarta.servlet.http.HttpServletRequest;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Optional;

/** The only page, with and without a login. All user input is escaped. */
final class Page {

  /** The attribute of the application that says where the sessions are. */
  static final String STORE = "store";

  private static final DateTimeFormatter MOMENT =
      DateTimeFormatter.ofPattern("d MMM uuuu, HH:mm:ss 'UTC'", Locale.ENGLISH)
          .withZone(ZoneOffset.UTC);

  private Page() {}

  static String of(HttpServletRequest request) {
    return of(request, "");
  }

  /**
   * Writes the page.
   *
   * @param alert what went wrong; empty if nothing did
   */
  static String of(HttpServletRequest request, String alert) {
    WebSession session = WebSession.of(request);
    String alertBox =
        alert.isEmpty() ? "" : "<p class=\"alert\" role=\"alert\">" + escape(alert) + "</p>\n";
    String notice = NoteServlet.takeNotice(request);
    String noticeBox =
        notice.isEmpty() ? "" : "<p class=\"muted\" role=\"status\">" + escape(notice) + "</p>\n";
    String content =
        session
            .principal()
            .map(principal -> account(principal, session) + devices(session))
            .orElseGet(Page::loginForm);
    return """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Coatcheck quickstart</title>
        <link rel="stylesheet" href="/style.css">
        </head>
        <body>
        <header>
        <h1>Coatcheck quickstart</h1>
        <p class="muted">The browser holds a ticket, the server holds the coat.</p>
        </header>
        <main>
        """
        + alertBox
        + noticeBox
        + content
        + noteForm(NoteServlet.noteOf(request))
        + "</main>\n"
        + footer(request)
        + "</body>\n</html>\n";
  }

  private static String footer(HttpServletRequest request) {
    return """
        <footer>
        <p class="muted">Sessions are kept in %s. This page came from port %d.</p>
        </footer>
        """
        .formatted(
            escape(String.valueOf(request.getServletContext().getAttribute(STORE))),
            request.getLocalPort());
  }

  private static String loginForm() {
    return """
        <section aria-labelledby="login">
        <h2 id="login">Log in</h2>
        <p class="muted">Two users live here: <code>alice</code> with the password
        <code>wonderland-1</code>, and <code>bob</code> with <code>builder-1</code>. The server keeps
        bcrypt hashes of them.</p>
        <form method="post" action="/login">
        <label for="username">User name</label>
        <input id="username" name="username" type="text" autocomplete="username"
          autocapitalize="none" spellcheck="false" required>
        <label for="password">Password</label>
        <input id="password" name="password" type="password" autocomplete="current-password" required>
        <label class="check"><input name="remember" type="checkbox" value="yes">
        Remember me on this device</label>
        <button>Log in</button>
        </form>
        </section>
        """;
  }

  private static String account(String principal, WebSession session) {
    return """
        <section aria-labelledby="you">
        <h2 id="you">You are %s</h2>
        <dl>
        <dt>Session</dt><dd><code>%s</code></dd>
        <dt>Created</dt><dd>%s</dd>
        <dt>Logged in</dt><dd>%s</dd>
        <dt>Last seen</dt><dd>%s</dd>
        <dt>Expires</dt><dd>%s</dd>
        </dl>
        <form method="post" action="/logout" class="actions">
        <button>Log out</button>
        </form>
        </section>
        """
        .formatted(
            escape(principal),
            session.id().orElseThrow(),
            time(session.createdAt()),
            time(session.authenticatedAt()),
            time(session.lastSeenAt()),
            time(session.expiresAt()));
  }

  private static String devices(WebSession session) {
    StringBuilder items = new StringBuilder();
    session.sessions().forEach(each -> items.append(item(each)));
    return """
        <section aria-labelledby="devices">
        <h2 id="devices">Where you are logged in</h2>
        <ul class="devices">
        %s</ul>
        <div class="actions">
        <form method="post" action="/logout-others"><button class="quiet">Sign out others</button></form>
        <form method="post" action="/logout-everywhere"><button class="quiet">Sign out everywhere</button></form>
        </div>
        </section>
        """
        .formatted(items);
  }

  private static String item(OwnSession session) {
    SessionInfo info = session.info();
    String device = escape(DeviceNames.of(info.userAgent()));
    return """
        <li>
        <div>
        <p><span title="%s">%s</span>%s</p>
        <p class="muted">%s · last seen %s</p>
        </div>
        <form method="post" action="/devices/%s/revoke">
        <button class="quiet" aria-label="Sign out %s">Sign out</button>
        </form>
        </li>
        """
        .formatted(
            escape(info.userAgent().orElse("")),
            device,
            session.isCurrent() ? " <strong>(this one)</strong>" : "",
            escape(info.clientAddress().orElse("unknown address")),
            time(info.lastSeenAt()),
            info.id(),
            device);
  }

  private static String noteForm(String note) {
    return """
        <section aria-labelledby="note">
        <h2 id="note">Your note</h2>
        <form method="post" action="/note">
        <label for="text">Kept in a plain <code>HttpSession</code> attribute, also before you log in</label>
        <textarea id="text" name="text" rows="3" maxlength="%d">
        %s</textarea>
        <button>Save the note</button>
        </form>
        </section>
        """
        .formatted(NoteServlet.MAX_LENGTH, escape(note));
  }

  private static String time(Optional<Instant> moment) {
    return moment.map(Page::time).orElse("");
  }

  private static String time(Instant moment) {
    return "<time datetime=\"" + moment + "\">" + MOMENT.format(moment) + "</time>";
  }

  /** For text and for attribute values in quotation marks. */
  static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;")
        .replace("'", "&#39;");
  }
}
