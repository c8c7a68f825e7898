package io.coatcheck.examples.quickstart;

import io.coatcheck.session.servlet.WebSession;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.function.Consumer;

/** Ends this session, the user's other sessions, or all of them, depending on its mapping. */
final class LogoutServlet extends HttpServlet {

  private static final long serialVersionUID = 1L;

  private final transient Consumer<WebSession> ending;

  LogoutServlet(Consumer<WebSession> ending) {
    this.ending = ending;
  }

  @Override
  protected void doPost(HttpServletRequest request, HttpServletResponse response) {
    ending.accept(WebSession.of(request));
    Answers.backToPage(response);
  }
}
