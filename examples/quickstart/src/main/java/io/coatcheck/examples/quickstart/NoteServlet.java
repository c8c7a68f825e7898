package io.coatcheck.examples.quickstart;

import io.coatcheck.session.servlet.WebSession;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.io.IOException;

/** A note in the session, with nothing but the Servlet API. No login is needed. */
final class NoteServlet extends HttpServlet {

  static final int MAX_LENGTH = 2_000;

  private static final long serialVersionUID = 1L;
  private static final String ATTRIBUTE = "note";
  private static final String NOTICE = "notice";

  static String noteOf(HttpServletRequest request) {
    HttpSession session = request.getSession(false);
    Object note = session == null ? null : session.getAttribute(ATTRIBUTE);
    return note == null ? "" : note.toString();
  }

  /**
   * Returns a notice that is shown once: of two pages that ask at the same time, only one gets it.
   */
  static String takeNotice(HttpServletRequest request) {
    HttpSession session = request.getSession(false);
    // If there is no notice, a take costs a look into the store. So look at the attribute first.
    return session == null || session.getAttribute(NOTICE) == null
        ? ""
        : WebSession.of(request).take(NOTICE, String.class).orElse("");
  }

  @Override
  protected void doGet(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    Answers.text(response, noteOf(request));
  }

  @Override
  protected void doPost(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    String text = request.getParameter("text");
    if (text == null || text.length() > MAX_LENGTH) {
      String alert = "A note has at most " + MAX_LENGTH + " characters.";
      Answers.html(response, HttpServletResponse.SC_BAD_REQUEST, Page.of(request, alert));
      return;
    }
    HttpSession session = request.getSession();
    session.setAttribute(ATTRIBUTE, text);
    session.setAttribute(NOTICE, "The note is saved.");
    Answers.backToPage(response);
  }
}
