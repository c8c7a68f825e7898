package io.coatcheck.session.spring;

import jakarta.servlet.http.HttpSession;
import java.util.Optional;
import java.util.function.Function;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.context.SecurityContext;
import org.springframework.security.web.context.HttpSessionSecurityContextRepository;

/** Returns the user whom Spring Security has logged in by a session of the container. */
final class ContextUsers implements Function<HttpSession, Optional<String>> {

  @Override
  public Optional<String> apply(HttpSession session) {
    Object stored =
        session.getAttribute(HttpSessionSecurityContextRepository.SPRING_SECURITY_CONTEXT_KEY);
    Authentication authentication =
        stored instanceof SecurityContext context ? context.getAuthentication() : null;
    return SecurityLogin.isUser(authentication)
        ? Optional.ofNullable(authentication).map(Authentication::getName)
        : Optional.empty();
  }
}
