package io.coatcheck.session.spring;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.context.SecurityContext;
import org.springframework.security.web.authentication.session.SessionAuthenticationException;

/** Moves those who could also log in to a session that keeps their name only. */
final class MovedByName implements MovedUsers {

  private static final Logger LOG = LoggerFactory.getLogger(MovedByName.class);

  private final PrincipalUsers users;

  MovedByName(PrincipalUsers users) {
    this.users = users;
  }

  @Override
  public boolean isKnown(String principal) {
    return users.find(principal).isPresent();
  }

  @Override
  public Optional<String> loggedInBy(@Nullable Object context) {
    Authentication login =
        context instanceof SecurityContext known ? known.getAuthentication() : null;
    if (login == null || !SecurityLogin.isUser(login)) {
      return Optional.empty();
    }
    try {
      users.require(login);
    } catch (SessionAuthenticationException e) {
      LOG.info("The user of an old session has to log in again: {}", e.getMessage());
      return Optional.empty();
    }
    return Optional.of(login.getName());
  }
}
