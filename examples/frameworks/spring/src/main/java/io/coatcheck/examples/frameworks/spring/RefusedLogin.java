package io.coatcheck.examples.frameworks.spring;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.security.core.AuthenticationException;
import org.springframework.security.web.authentication.AuthenticationFailureHandler;

/**
 * Shows the login page again and keeps nothing in the session. By default Spring Security keeps the
 * exception, which since version 6.5 contains the password that was typed in. After a refused OAuth
 * login, the exception may have a cause that no store of bytes can keep.
 */
final class RefusedLogin implements AuthenticationFailureHandler {

  @Override
  public void onAuthenticationFailure(
      HttpServletRequest request, HttpServletResponse response, AuthenticationException refusal)
      throws IOException {
    response.sendRedirect("/login?error");
  }
}
