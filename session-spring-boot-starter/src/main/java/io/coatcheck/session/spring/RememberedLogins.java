package io.coatcheck.session.spring;

import io.coatcheck.session.servlet.WebSession;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.util.List;
import java.util.function.Supplier;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.GrantedAuthority;
import org.springframework.security.core.context.SecurityContext;
import org.springframework.security.core.context.SecurityContextHolderStrategy;
import org.springframework.util.function.SingletonSupplier;

/**
 * Shows a request the user of a remembered session as remembered, and not as fully authenticated,
 * once any other session would have ended, and without factors of authentication. The stored
 * context stays as it is. A new login makes the user fully authenticated again.
 */
final class RememberedLogins implements Filter {

  private static final String FACTOR = "FACTOR_";

  private final SecurityContextHolderStrategy holder;
  private final AgedLogin aged;

  RememberedLogins(SecurityContextHolderStrategy holder, AgedLogin aged) {
    this.holder = holder;
    this.aged = aged;
  }

  @Override
  public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    if (request instanceof HttpServletRequest http) {
      Supplier<SecurityContext> stored = holder.getDeferredContext();
      // The session is not looked for until the context is.
      holder.setDeferredContext(SingletonSupplier.of(() -> shown(stored.get(), http)));
    }
    chain.doFilter(request, response);
  }

  private SecurityContext shown(SecurityContext stored, HttpServletRequest request) {
    Authentication login = stored.getAuthentication();
    if (login == null || !SecurityLogin.isUser(login) || SecurityLogin.isRemembered(login)) {
      return stored;
    }
    boolean isOld =
        WebSession.find(request).filter(WebSession::isRemembered).filter(aged::isIn).isPresent();
    if (!isOld) {
      return stored;
    }
    SecurityContext shown = holder.createEmptyContext();
    shown.setAuthentication(
        AgedLogin.asRemembered(login.getPrincipal(), withoutFactors(login), login.getDetails()));
    return shown;
  }

  /** Spring Security 7 grants them for each way in which a user has proved who they are. */
  private static List<GrantedAuthority> withoutFactors(Authentication login) {
    return login.getAuthorities().stream()
        .<GrantedAuthority>map(each -> each)
        .filter(each -> !String.valueOf(each.getAuthority()).startsWith(FACTOR))
        .toList();
  }
}
