package io.coatcheck.session.spring;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import org.springframework.security.web.context.HttpSessionSecurityContextRepository;
import org.springframework.security.web.session.SessionManagementFilter;

/**
 * Passes on requests whose session has a principal. Spring Security's filter would take each of
 * them for a new login, since it looks for a stored context. It gets all other requests.
 */
final class ImplicitLogins extends SessionManagementFilter {

  private final SessionManagementFilter others;

  ImplicitLogins(SessionManagementFilter others) {
    super(new HttpSessionSecurityContextRepository());
    this.others = others;
  }

  @Override
  public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    if (request instanceof HttpServletRequest http && PrincipalContexts.hasPrincipal(http)) {
      chain.doFilter(request, response);
    } else {
      others.doFilter(request, response, chain);
    }
  }
}
