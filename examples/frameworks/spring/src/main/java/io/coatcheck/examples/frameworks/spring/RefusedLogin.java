package io.coatcheck.examples.frameworks.spring;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.security.core.AuthenticationException;
import org.springframework.security.web.authentication.AuthenticationFailureHandler;

/**
 * Shows the login page again and keeps nothing in the session. What Spring Security does by default
 * is to keep the exception, which since version 6.5 has the password that was typed in; and after a
 * refused OAuth login it may have a cause that no store of bytes can keep.
 */
final class RefusedLogin implements AuthenticationFailureHandler {

  @Override
  public void onAuthenticationFailure(
      HttpServletRequest request, HttpServletResponse response, AuthenticationException refusal)
      throws IOException {
    response.sendRedirect("/login?error");
  }
}
