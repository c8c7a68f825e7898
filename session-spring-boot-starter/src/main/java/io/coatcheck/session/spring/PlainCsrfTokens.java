package io.coatcheck.session.spring;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.security.SecureRandom;
import java.util.Base64;
import org.jspecify.annotations.Nullable;
import org.springframework.security.web.csrf.CsrfToken;
import org.springframework.security.web.csrf.CsrfTokenRepository;
import org.springframework.security.web.csrf.DefaultCsrfToken;

/** Keeps the CSRF token of a session as text, so that no class of Spring Security is stored. */
final class PlainCsrfTokens implements CsrfTokenRepository {

  private static final SecureRandom RANDOM = new SecureRandom();
  private static final String ATTRIBUTE = PlainCsrfTokens.class.getName();

  /** Where Spring Security keeps its token by default. */
  private static final String FORMER =
      "org.springframework.security.web.csrf.HttpSessionCsrfTokenRepository.CSRF_TOKEN";

  @Override
  public CsrfToken generateToken(HttpServletRequest request) {
    byte[] secret = new byte[32];
    RANDOM.nextBytes(secret);
    return token(Base64.getUrlEncoder().withoutPadding().encodeToString(secret));
  }

  @Override
  public void saveToken(
      @Nullable CsrfToken token, HttpServletRequest request, HttpServletResponse response) {
    if (token != null) {
      request.getSession().setAttribute(ATTRIBUTE, token.getToken());
      return;
    }
    HttpSession session = request.getSession(false);
    if (session != null) {
      session.removeAttribute(ATTRIBUTE);
      session.removeAttribute(FORMER);
    }
  }

  @Override
  public @Nullable CsrfToken loadToken(HttpServletRequest request) {
    HttpSession session = request.getSession(false);
    if (session == null) {
      return null;
    }
    return session.getAttribute(ATTRIBUTE) instanceof String value ? token(value) : former(session);
  }

  /**
   * Returns the token of a session from before names were kept, or of another library, so that the
   * forms which users have open stay good; from then on it is kept as text.
   */
  private static @Nullable CsrfToken former(HttpSession session) {
    if (!(session.getAttribute(FORMER) instanceof CsrfToken former)) {
      return null;
    }
    session.setAttribute(ATTRIBUTE, former.getToken());
    session.removeAttribute(FORMER);
    return token(former.getToken());
  }

  private static CsrfToken token(String value) {
    return new DefaultCsrfToken("X-CSRF-TOKEN", "_csrf", value);
  }
}
