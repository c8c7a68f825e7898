package io.coatcheck.session.spring;

import io.coatcheck.session.servlet.WebSession;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpSession;
import java.lang.reflect.Method;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.GrantedAuthority;
import org.springframework.util.ClassUtils;
import org.springframework.util.ReflectionUtils;

/**
 * The factors by which the user of a session has logged in, such as {@code FACTOR_PASSWORD}, where
 * the session keeps the user's name and no context. Spring Security 7 grants them as authorities of
 * the login, so the {@code UserDetailsService} does not know them. They are kept as text, in an
 * attribute of the session.
 */
final class LoginFactors {

  private static final String ATTRIBUTE = LoginFactors.class.getName();

  /** The attribute of a request with the factors that its context was built with. */
  private static final String BUILT = LoginFactors.class.getName() + ".built";

  /** Null before Spring Security 7. */
  private static final @Nullable Factors FACTORS = Factors.find();

  private LoginFactors() {}

  /** Sets the factors of a login in place of those that the session has. */
  static void keep(WebSession session, Authentication login) {
    if (FACTORS != null) {
      keep(session, FACTORS.textOf(login));
    }
  }

  /**
   * Sets the factors of a context that is stored for the session's own user, unless they are those
   * that this request began with. Some applications store that context again at the end of each
   * request, and another request, or this one, may have added a factor since.
   *
   * @param request null if it is not known; then nothing is set
   */
  static void keepChanged(@Nullable HttpServletRequest request, Authentication login) {
    if (FACTORS == null || request == null || SecurityLogin.isTransient(login)) {
      return;
    }
    String text = FACTORS.textOf(login);
    if (!text.equals(request.getAttribute(BUILT))) {
      WebSession.find(request).ifPresent(session -> keep(session, text));
    }
  }

  private static void keep(WebSession session, String text) {
    HttpSession kept = session.bridge().session(false);
    if (kept == null || text.equals(textIn(kept))) {
      return;
    }
    if (text.isEmpty()) {
      kept.removeAttribute(ATTRIBUTE);
    } else {
      kept.setAttribute(ATTRIBUTE, text);
    }
  }

  /**
   * Returns the factors of the session of a request; none before Spring Security 7.
   *
   * @param isAged whether the login is too old for them to count
   */
  static List<GrantedAuthority> of(HttpServletRequest request, boolean isAged) {
    HttpSession session = FACTORS == null ? null : request.getSession(false);
    if (FACTORS == null || session == null) {
      return List.of();
    }
    String text = isAged ? "" : textIn(session);
    request.setAttribute(BUILT, text);
    return text.lines().flatMap(FACTORS::parse).toList();
  }

  private static String textIn(HttpSession session) {
    return session.getAttribute(ATTRIBUTE) instanceof String text ? text : "";
  }

  /**
   * The type of these authorities, which the version that the starter is compiled with lacks, as
   * lines of text: the second at which the user proved the factor, and its authority.
   */
  private record Factors(
      Class<?> type, Method withAuthority, Method issuedAt, Method build, Method getIssuedAt) {

    private static final String TYPE =
        "org.springframework.security.core.authority.FactorGrantedAuthority";

    private static final Pattern LINE = Pattern.compile("(-?\\d{1,17}) (\\S.*)");

    static @Nullable Factors find() {
      ClassLoader loader = LoginFactors.class.getClassLoader();
      if (!ClassUtils.isPresent(TYPE, loader)) {
        return null;
      }
      Class<?> type = ClassUtils.resolveClassName(TYPE, loader);
      Method withAuthority = ClassUtils.getMethod(type, "withAuthority", String.class);
      Class<?> builder = withAuthority.getReturnType();
      return new Factors(
          type,
          withAuthority,
          ClassUtils.getMethod(builder, "issuedAt", Instant.class),
          ClassUtils.getMethod(builder, "build"),
          ClassUtils.getMethod(type, "getIssuedAt"));
    }

    String textOf(Authentication login) {
      return login.getAuthorities().stream()
          .filter(type::isInstance)
          .map(factor -> secondOf(factor) + " " + factor.getAuthority())
          .filter(line -> LINE.matcher(line).matches())
          .sorted()
          .collect(Collectors.joining("\n"));
    }

    private long secondOf(GrantedAuthority factor) {
      Object moment = ReflectionUtils.invokeMethod(getIssuedAt, factor);
      return ((Instant) Objects.requireNonNull(moment, "issuedAt")).getEpochSecond();
    }

    /** Returns the factor of a line; none if the line is not of this form. */
    Stream<GrantedAuthority> parse(String line) {
      Matcher parts = LINE.matcher(line);
      if (!parts.matches()) {
        return Stream.empty();
      }
      Instant moment = Instant.ofEpochSecond(Long.parseLong(parts.group(1)));
      Object builder = ReflectionUtils.invokeMethod(withAuthority, null, parts.group(2));
      Object factor =
          ReflectionUtils.invokeMethod(
              build, ReflectionUtils.invokeMethod(issuedAt, builder, moment));
      return Stream.of((GrantedAuthority) Objects.requireNonNull(factor, "factor"));
    }
  }
}
