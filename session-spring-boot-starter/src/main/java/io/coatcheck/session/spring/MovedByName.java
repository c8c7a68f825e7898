package io.coatcheck.session.spring;

import io.coatcheck.session.log.LogThrottle;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.context.SecurityContext;
import org.springframework.security.web.authentication.session.SessionAuthenticationException;

/** Moves only users who could log in now, to sessions that store just the user's name. */
final class MovedByName implements MovedUsers {

  private static final Logger LOG = LoggerFactory.getLogger(MovedByName.class);

  private final PrincipalUsers users;
  private final LogThrottle throttle = new LogThrottle(Duration.ofMinutes(1));

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
    // The name alone would make a user fully authenticated whom a cookie has logged in.
    if (login == null || !SecurityLogin.isUser(login) || SecurityLogin.isRemembered(login)) {
      return Optional.empty();
    }
    try {
      users.require(login);
    } catch (SessionAuthenticationException e) {
      log(e);
      return Optional.empty();
    }
    return Optional.of(login.getName());
  }

  /** A client can cause it with each request, so it is logged once a minute at most. */
  private void log(SessionAuthenticationException reason) {
    if (throttle.admits()) {
      LOG.info("The user of an old session has to log in again: {}", reason.getMessage());
    } else {
      LOG.debug("The user of an old session has to log in again", reason);
    }
  }
}
