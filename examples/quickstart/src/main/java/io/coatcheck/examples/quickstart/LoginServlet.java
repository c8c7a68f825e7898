package io.coatcheck.examples.quickstart;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.LoginResult;
import io.coatcheck.session.password.PasswordHasherBusyException;
import io.coatcheck.session.servlet.WebSession;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;

/** Checks the password, and gives the session a new secret, a principal and a cookie. */
final class LoginServlet extends HttpServlet {

  private static final long serialVersionUID = 1L;

  private final transient Users users;

  LoginServlet(Users users) {
    this.users = users;
  }

  @Override
  protected void doPost(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    String name = request.getParameter("username");
    String password = request.getParameter("password");
    try {
      if (users.isPassword(name, password) && logIn(request, name)) {
        Answers.backToPage(response);
      } else {
        // The same answer, as fast, whether the user exists or not.
        response.setHeader("WWW-Authenticate", "Session");
        refuse(request, response, 401, "Wrong user name or password.");
      }
    } catch (PasswordHasherBusyException e) {
      response.setHeader("Retry-After", "5");
      refuse(request, response, 503, "Too many people are logging in. Please try again.");
    }
  }

  private static void refuse(
      HttpServletRequest request, HttpServletResponse response, int status, String alert)
      throws IOException {
    Answers.html(response, status, Page.of(request, alert));
  }

  private static boolean logIn(HttpServletRequest request, String name) {
    LoginOptions options =
        LoginOptions.builder().remembered(request.getParameter("remember") != null).build();
    return WebSession.of(request).login(name, options) == LoginResult.LOGGED_IN;
  }
}
