package io.coatcheck.session.spring;

import jakarta.servlet.http.HttpSession;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.context.SecurityContext;
import org.springframework.security.web.context.HttpSessionSecurityContextRepository;

/** Returns the user whom Spring Security has logged in by an old session. */
final class ContextUsers implements Function<HttpSession, Optional<String>> {

  /** Null where the session keeps the whole context. */
  private final @Nullable MovedUsers users;

  ContextUsers(@Nullable MovedUsers users) {
    this.users = users;
  }

  @Override
  public Optional<String> apply(HttpSession session) {
    Object stored =
        session.getAttribute(HttpSessionSecurityContextRepository.SPRING_SECURITY_CONTEXT_KEY);
    return users == null ? nameIn(stored) : users.loggedInBy(stored);
  }

  private static Optional<String> nameIn(@Nullable Object stored) {
    Authentication authentication =
        stored instanceof SecurityContext context ? context.getAuthentication() : null;
    // The session of a switched user is the administrator's.
    return authentication != null && SecurityLogin.isUser(authentication)
        ? Optional.of(SecurityLogin.administratorOf(authentication).orElse(authentication))
            .map(Authentication::getName)
        : Optional.empty();
  }
}
