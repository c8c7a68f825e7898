package io.coatcheck.benchmarks.lines.springsession;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.springframework.security.authentication.AccountStatusException;
import org.springframework.security.authentication.AccountStatusUserDetailsChecker;
import org.springframework.security.authentication.AnonymousAuthenticationToken;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.context.SecurityContext;
import org.springframework.security.core.context.SecurityContextHolder;
import org.springframework.security.core.userdetails.UserDetails;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.core.userdetails.UsernameNotFoundException;
import org.springframework.security.web.authentication.logout.SecurityContextLogoutHandler;
import org.springframework.web.filter.OncePerRequestFilter;

/** Gives each request the user as the application has it now, and logs out who may not log in. */
class CurrentUserFilter extends OncePerRequestFilter {

  private final UserDetailsService users;

  CurrentUserFilter(UserDetailsService users) {
    this.users = users;
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    Authentication stored = SecurityContextHolder.getContext().getAuthentication();
    if (stored != null && !(stored instanceof AnonymousAuthenticationToken)) {
      UserDetails user = find(stored.getName());
      if (user == null) {
        new SecurityContextLogoutHandler().logout(request, response, stored);
        response.sendRedirect("/login");
        return;
      }
      SecurityContext context = SecurityContextHolder.createEmptyContext();
      context.setAuthentication(
          UsernamePasswordAuthenticationToken.authenticated(user, null, user.getAuthorities()));
      SecurityContextHolder.setContext(context);
    }
    chain.doFilter(request, response);
  }

  private @Nullable UserDetails find(String name) {
    try {
      UserDetails user = users.loadUserByUsername(name);
      new AccountStatusUserDetailsChecker().check(user);
      return user;
    } catch (UsernameNotFoundException | AccountStatusException e) {
      return null;
    }
  }
}
