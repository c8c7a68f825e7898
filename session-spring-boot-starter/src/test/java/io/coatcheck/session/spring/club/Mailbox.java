package io.coatcheck.session.spring.club;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.springframework.security.authentication.ott.OneTimeToken;
import org.springframework.security.web.authentication.ott.OneTimeTokenGenerationSuccessHandler;
import org.springframework.stereotype.Component;

/** Stands for the mail server: keeps the last one-time token that was sent to each user. */
@Component
public class Mailbox implements OneTimeTokenGenerationSuccessHandler {

  private final Map<String, String> tokens = new ConcurrentHashMap<>();

  @Override
  public void handle(
      HttpServletRequest request, HttpServletResponse response, OneTimeToken oneTimeToken)
      throws IOException {
    tokens.put(oneTimeToken.getUsername(), oneTimeToken.getTokenValue());
    response.sendRedirect("/login/ott");
  }

  /** Returns the token that was sent to a user, and forgets it. */
  public String take(String user) {
    String token = tokens.remove(user);
    if (token == null) {
      throw new IllegalStateException("no one-time token was sent to " + user);
    }
    return token;
  }
}
