package io.coatcheck.session.spring;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.security.SecureRandom;
import java.util.Base64;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.context.SecurityContextHolderStrategy;
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

  private final SecurityContextHolderStrategy holder;
  private final boolean isUserAsked;

  /**
   * Creates the repository of a chain.
   *
   * @param holder has the context of a request
   * @param isUserAsked whether each request asks for its user, if not before, then at its end
   */
  PlainCsrfTokens(SecurityContextHolderStrategy holder, boolean isUserAsked) {
    this.holder = holder;
    this.isUserAsked = isUserAsked;
  }

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

  /**
   * Returns the token of the session. Asking for the user may end the session; a request for a page
   * asks before, or a login form on the page would have a token that is refused. A request that
   * sends a form does not, so that the token in the form is still good.
   */
  @Override
  public @Nullable CsrfToken loadToken(HttpServletRequest request) {
    if (isUserAsked
        && "GET".equals(request.getMethod())
        && PrincipalContexts.hasPrincipal(request)) {
      holder.getContext();
    }
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
