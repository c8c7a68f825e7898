package io.coatcheck.examples.frameworks.shiro;

import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Optional;
import org.apache.shiro.SecurityUtils;
import org.apache.shiro.authc.UsernamePasswordToken;
import org.apache.shiro.subject.SimplePrincipalCollection;
import org.apache.shiro.subject.Subject;
import org.apache.shiro.web.filter.authc.FormAuthenticationFilter;

/** Every page shows who uses it; some do something before. */
public final class PageServlet extends HttpServlet {

  private static final long serialVersionUID = 1L;
  private static final String NOTE = "note";

  @Override
  protected void service(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    Subject subject = SecurityUtils.getSubject();
    String text = request.getParameter("text");
    switch (request.getRequestURI()) {
      case "/note" -> request.getSession().setAttribute(NOTE, text);
      case "/help/begin" ->
          subject.runAs(new SimplePrincipalCollection(request.getParameter("user"), "help"));
      case "/switch" ->
          subject.login(new UsernamePasswordToken(request.getParameter("user"), "ticket"));
      case "/help/end" -> subject.releaseRunAs();
      default -> {}
    }
    response.setContentType("text/plain;charset=UTF-8");
    Object failure =
        request.getAttribute(FormAuthenticationFilter.DEFAULT_ERROR_KEY_ATTRIBUTE_NAME);
    response
        .getWriter()
        .println(
            request.getRequestURI()
                + " who="
                + subject.getPrincipal()
                + " authenticated="
                + subject.isAuthenticated()
                + " remembered="
                + subject.isRemembered()
                + " staff="
                + subject.hasRole("staff")
                + " note="
                + Optional.ofNullable(request.getSession(false))
                    .map(session -> session.getAttribute(NOTE))
                    .orElse("")
                + " failure="
                + failure);
  }
}
