package io.coatcheck.session.spring;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.LoginResult;
import io.coatcheck.session.servlet.WebSession;
import org.springframework.security.core.Authentication;

/** Logs the session in when Spring Security has authenticated a user. */
@FunctionalInterface
interface SessionLogins {

  /** Needs nothing but the user's name. */
  SessionLogins BY_NAME =
      (session, authentication, options) ->
          session.login(authentication.getName(), LoginMoment.in(options, authentication));

  LoginResult logIn(WebSession session, Authentication authentication, LoginOptions options);
}
